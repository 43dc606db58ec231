# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast lane of the module sysctl_dropin, which holds its documentation."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.linux_net.socket_memory.plugins.modules.sysctl_dropin import ARGUMENTS
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.fast_lane import FastLaneAction, Work, prepare

prepare("dropin")


class ActionModule(FastLaneAction):
    """Runs dropin.run on the host."""

    module_name = "linux_net.socket_memory.sysctl_dropin"
    arguments = ArgumentSpecValidator(**ARGUMENTS)
    returns = frozenset(("changed", "diff", "saved_state", "settings", "warnings"))

    def work(self, params: dict[str, Any]) -> Work:
        """The whole transaction is the host's."""
        return Work("dropin", "run", params)
