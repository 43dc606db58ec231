# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test for hosts whose TCP is under memory pressure."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.states import under_memory_pressure


class TestModule:
    """What Ansible asks for the tests in this file."""

    def tests(self):
        """Return {name: function}."""
        return {"under_memory_pressure": lambda facts: bool(under_memory_pressure(facts))}
