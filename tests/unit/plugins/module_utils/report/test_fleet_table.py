# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One table for many hosts."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import TCP_STATES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.fleet_table import STATE_ORDER, fleet, fleet_table
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import sizes


def facts(state, flag=False, percent=10.0):
    return {
        "page_size": 4096,
        "tcp": {"state": state, "kernel_flag": flag, "percent_of_high": percent, "used": {"pages": 256, "bytes": 1048576},
                "thresholds": sizes(1, 2, 2560), "sockets": {"in_use": 7}},
        "udp": {"state": "normal"},
        "findings": [{"id": "tcp-%s" % state}] if state != "normal" else [],
    }


def test_the_worst_hosts_come_first_and_all_are_counted():
    lines = fleet_table(fleet({"c": facts("normal"), "b": facts("critical", True), "a": facts("normal"), "d": None, "e": {"kernel": "x"}}))
    assert lines == [
        "HOST  TCP       USED     HIGH      % OF HIGH  FLAG  SOCKETS  UDP     FINDINGS",
        "b     critical  1.0 MiB  10.0 MiB  10.0       yes   7        normal  tcp-critical",
        "d     no facts  -        -         -          -     -        -       -",
        "e     no facts  -        -         -          -     -        -       -",
        "a     normal    1.0 MiB  10.0 MiB  10.0       no    7        normal  none",
        "c     normal    1.0 MiB  10.0 MiB  10.0       no    7        normal  none",
        "5 hosts: 1 critical, 2 no facts, 2 normal",
    ]


def test_every_state_has_its_place_and_unknown_numbers_are_no_zeros():
    assert set(TCP_STATES) < set(STATE_ORDER)
    unknown = facts(None, None, None)
    unknown["tcp"].update(used={"pages": None, "bytes": None}, thresholds=sizes(None, None, None), sockets={"in_use": None})
    del unknown["udp"]
    assert fleet_table(fleet({"a": unknown}))[1:] == [
        "a     unknown  unknown  -     -          ?     -        unknown  tcp-None", "1 host: 1 unknown"]


def test_records_are_sorted_by_name():
    assert fleet({"b": None, "a": {}}) == [{"host": "a", "socket_memory": None}, {"host": "b", "socket_memory": None}]
