# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast lane of the module socket_memory_facts, which holds its documentation."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.assemble import assemble, reading_params
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.gather import GIVES, PARTS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import ANSWER, FACTS, WARNINGS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import record
from ansible_collections.linux_net.socket_memory.plugins.modules.socket_memory_facts import ARGUMENTS
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.fast_lane import FastLaneAction, prepare
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.host_answer import expected
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.host_script import Work

prepare("facts.gather", *(part for parts in PARTS.values() for part in parts))


def reading(params: dict[str, Any]) -> Work:
    """Return what a host has to read for the options *params* of the module, with the parts that are needed for
    that.
    """
    wanted = reading_params(params)
    return Work("facts.gather", "read", wanted, [part for name in wanted["read"] for part in PARTS.get(name, ())])


class ActionModule(FastLaneAction):
    """Runs gather.read on the host and judges here what it read."""

    module_name = "linux_net.socket_memory.socket_memory_facts"
    arguments = ArgumentSpecValidator(**ARGUMENTS)
    wanted = expected({"facts": ANSWER, "warnings": WARNINGS})
    untold = "since"
    wanted_of_module = expected({"ansible_facts": record({"socket_memory": FACTS})})

    def work(self, params: dict[str, Any]) -> Work:
        """Only reading is the host's."""
        return reading(params)

    def conclude(self, answer: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        """Judge it as the ordinary module does."""
        asked = [part for name in reading_params(params)["read"] for part in GIVES.get(name, (name,))]
        missing = [part for part in asked if part not in answer["facts"]]
        if missing:
            raise SocketMemoryError(
                "The host left out parts of its answer: %s. Nothing of it is used." % ", ".join(missing)
            )
        return assemble({name: answer[name] for name in ("facts", "warnings")}, params)
