# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks of a host, and what they find in its facts. A new check is one entry in the file of its subject."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks import memory, running_and_boot
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import run_checks
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.gate import RULES

CHECKS = memory.CHECKS + running_and_boot.CHECKS


def find(facts):
    """Return the findings of a host, errors first.

    facts: the value of ansible_facts.socket_memory as far as it was gathered. What was not gathered is not checked.
    """
    return run_checks(CHECKS, dict(facts, rules=RULES))
