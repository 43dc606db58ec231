# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test for hosts whose TCP is under memory pressure."""

from ansible.errors import AnsibleFilterError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import checked_facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import under_memory_pressure


def is_under_memory_pressure(facts):
    """Return whether the *facts* of a host say so; what they cannot tell is no."""
    try:
        return bool(under_memory_pressure(checked_facts(facts, "tcp")))
    except SocketMemoryError as error:
        raise AnsibleFilterError(str(error)) from error


class TestModule:
    """What Ansible asks for the tests in this file."""

    def tests(self):
        """Return {name: function}."""
        return {"under_memory_pressure": is_under_memory_pressure}
