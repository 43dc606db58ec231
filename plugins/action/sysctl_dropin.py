# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast lane of the module sysctl_dropin, which holds its documentation."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import SMALLEST
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.content import check_path, parse_content
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import THRESHOLDS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import (
    choice,
    either,
    flag,
    integer,
    items,
    nullable,
    record,
    text,
)
from ansible_collections.linux_net.socket_memory.plugins.modules.sysctl_dropin import ARGUMENTS
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.fast_lane import FastLaneAction, prepare
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.host_answer import LONGEST_MESSAGE, expected
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.host_script import Work

prepare("dropin.transaction")

LONGEST_DIFFERENCE = 64 * 1024  # characters of a file or of running values
VALUE = nullable(either(items(integer(SMALLEST), len(THRESHOLDS)), integer(SMALLEST), text(LONGEST_MESSAGE, cut=True)))
SETTING = record(
    {
        "key": text(),
        "desired": VALUE,
        "runtime_before": VALUE,
        "runtime_after": VALUE,
        "boot_before": VALUE,
        "boot_after": VALUE,
        "status": choice("unchanged", "applied", "planned", "skipped", "shadowed", "restored", "failed"),
        "reason": text(LONGEST_MESSAGE, cut=True),
    }
)
SETTINGS = items(SETTING, 1000)  # a user's own template may set any key
DIFFERENCE = record(
    {name: text(LONGEST_DIFFERENCE, cut=True) for name in ("before_header", "after_header", "before", "after")}
)


class ActionModule(FastLaneAction):
    """Runs dropin.run on the host."""

    module_name = "linux_net.socket_memory.sysctl_dropin"
    arguments = ArgumentSpecValidator(**ARGUMENTS)
    wanted = wanted_of_module = expected(
        {"changed": flag(), "settings": SETTINGS}, diff=items(DIFFERENCE, 2), saved_state=nullable(text())
    )

    def work(self, params: dict[str, Any]) -> Work:
        """The whole transaction is the host's. What is wrong with any host is refused before."""
        path = check_path(params["path"])
        if params["state"] == "present":
            parse_content(params["content"], path)
        return Work("dropin.transaction", "run", params)
