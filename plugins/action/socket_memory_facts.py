# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast lane of the module socket_memory_facts, which holds its documentation."""

from __future__ import annotations

from typing import Any

from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import PARTS, choose_subsets
from ansible_collections.linux_net.socket_memory.plugins.modules.socket_memory_facts import ARGUMENTS
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.fast_lane import FastLaneAction


class ActionModule(FastLaneAction):
    """Runs facts.run on the host."""

    module_name = "linux_net.socket_memory.socket_memory_facts"
    arguments = ARGUMENTS
    returns = frozenset(("ansible_facts", "changed", "warnings"))

    def core(self, params: dict[str, Any]) -> list[str]:
        """Only the parts that the subsets need; the host refuses a wrong subset itself."""
        try:
            subsets = choose_subsets(params["gather_subset"])
        except SocketMemoryError:
            subsets = set()
        return sorted({part for subset in subsets for part in PARTS.get(subset, ())}) + ["facts"]
