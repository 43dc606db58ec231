#!/usr/bin/python
# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation and arguments of the action verdict, which runs on the controller only."""

DOCUMENTATION = r"""
module: verdict
short_description: Pass or fail on what a filter found
version_added: 0.1.0
description:
  - Shows the message of a verdict in one line that starts with C(PASS) or C(FAIL) and the host, and its table below, if it has one.
  - Fails the host where the verdict does not pass.
  - Needs no connection to the host.
options:
  verdict:
    description:
      - A dictionary with at least C(passes) and C(message), as the filter P(linux_net.socket_memory.prove#filter) returns it, and possibly C(table).
    type: dict
    required: true
  report_only:
    description: Whether to say C(FAIL) without failing.
    type: bool
    default: false
extends_documentation_fragment:
  - linux_net.socket_memory.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Changes nothing.
  platform:
    support: full
    platforms: all
"""

EXAMPLES = r"""
- name: Hold now and after the next boot
  linux_net.socket_memory.verdict:
    verdict: "{{ ansible_facts['socket_memory'] | linux_net.socket_memory.prove('/etc/sysctl.d/99-tcp-memory.conf') }}"
  register: proof
"""

RETURN = r"""
msg:
  description: The line that is shown, and the lines of the table.
  type: str
  returned: always
  sample: "PASS: web1: 6 settings hold now and after the next boot."
verdict:
  description: O(verdict), for machines. Terminals show it below RV(msg).
  type: dict
  returned: when it does not pass, or passes with C(remarks)
  sample: {passes: false, message: "", table: [], drift: [], remarks: [], unavailable: [], not_judged: {}}
"""

ARGUMENTS = {
    "argument_spec": {
        "verdict": {"type": "dict", "required": True},
        "report_only": {"type": "bool", "default": False},
    },
}
