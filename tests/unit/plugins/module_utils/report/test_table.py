# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One table for many hosts."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import TCP_STATES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import row
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.table import STATE_ORDER, table
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import sizes


def facts(state, flag=False, percent=10.0):
    return {
        "page_size": 4096,
        "tcp": {
            "state": state,
            "kernel_flag": flag,
            "percent_of_high": percent,
            "used": {"pages": 256, "bytes": 1048576},
            "thresholds": sizes(1, 2, 2560),
            "sockets": {"in_use": 7},
        },
        "udp": {"state": "normal"},
        "findings": [{"id": "tcp-%s" % state, "severity": "error", "message": "", "evidence": {}, "remedy": ""}]
        if state != "normal"
        else [],
    }


def test_the_worst_hosts_come_first_and_all_are_counted():
    rows = [
        row("c", facts("normal")),
        row("b", facts("critical", True)),
        row("a", facts("normal")),
        row("d", None),
        row("e", {"kernel": "x"}),
        row("f", facts("normal"), {"unreachable": True, "msg": "No route\nto host. " * 10}),
        row("g", facts("soft"), active=False),
    ]
    assert table(rows) == [
        "HOST  TCP          USED     HIGH      % OF HIGH  FLAG  SOCKETS  UDP     FINDINGS",
        "b     critical     1.0 MiB  10.0 MiB  10.0       yes   7        normal  tcp-critical",
        "f     unreachable  -        -         -          -     -        -       "
        + ("No route to host. " * 10)[:100]
        + "...",
        "d     failed       -        -         -          -     -        -       Nothing was read of this host.",
        "g     failed       1.0 MiB  10.0 MiB  10.0       no    7        normal  It failed or was unreachable "
        "earlier in the play.",
        "e     no facts     -        -         -          -     -        -       -",
        "a     normal       1.0 MiB  10.0 MiB  10.0       no    7        normal  none",
        "c     normal       1.0 MiB  10.0 MiB  10.0       no    7        normal  none",
        "7 hosts: 1 critical, 1 unreachable, 2 failed, 1 no facts, 2 normal",
    ]
    assert table([]) == ["HOST  TCP  USED  HIGH  % OF HIGH  FLAG  SOCKETS  UDP  FINDINGS", "0 hosts: none"]


def test_every_state_has_its_place_and_unknown_numbers_are_no_zeros():
    assert set(TCP_STATES) < set(STATE_ORDER)
    unknown = facts("normal")
    unknown["tcp"].update(
        state=None,
        kernel_flag=None,
        percent_of_high=None,
        used={"pages": None, "bytes": None},
        thresholds=sizes(None, None, None),
        sockets={"in_use": None},
    )
    del unknown["udp"]
    assert table([row("a", unknown)])[1:] == [
        "a     unknown  unknown  -     -          ?     -        unknown  none",
        "1 host: 1 unknown",
    ]
