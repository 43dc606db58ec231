# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many connections hosts carry, and what lint says of good and of bad settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.linux_net.socket_memory.tests.recorded.areas.recommendations import WORKLOADS, host_of_parts
from ansible_collections.linux_net.socket_memory.tests.recorded.cases import (
    BACKLOG,
    FIN,
    GIB,
    MAX,
    MEM,
    MIB,
    ORPHANS,
    REUSE,
    RMEM,
    START,
    UDP_MEM,
    WAITING,
    WMAX,
    WMEM,
    outcome,
    told,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import capacity, lint

INT_MAX = 2**31 - 1
PAGES = 4194304  # of 4,096 bytes: 16 GiB
# memory, kernel, processors, page in KiB: (workload, sockets that are allocated)
CAPACITIES = {
    ("15.4 GiB", "EL8", 4, 4): (
        (None, 0),
        (None, 5000),
        ("2,000 connections", 5000),
        ("a million connections", 0),
        ("a long path", 1),
        ("one direction", 0),
    ),
    ("512 MiB", "EL9.0", 1, 4): ((None, 100), ("connections that share paths", 0)),
    ("64 GiB", "EL9.4", 64, 16): (("idle connections, closed often", 200000),),
    ("512 GiB", "EL10", 512, 64): ((None, 100000), ("in a container", 100)),
    ("4 TiB", "6.18", 64, 4): ((None, 100000), ("an observed peak", 0)),
}
# name: (settings, what else lint is told); a host of 16 GiB with pages of 4,096 bytes
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "the kernel's own": (
        {
            MEM: [196608, 262144, 393216],
            UDP_MEM: [393216, 524288, 786432],
            RMEM: [4096, 131072, 6 * MIB],
            WMEM: [4096, 16384, 4 * MIB],
            MAX: 212992,
            WMAX: 212992,
            START: 212992,
            FIN: 60,
            ORPHANS: 65536,
            WAITING: 65536,
            REUSE: 2,
        },
        {},
    ),
    "the recipe": (
        {
            MEM: [524288, 1048576, 2097152],
            RMEM: [4096, 262144, 8 * MIB],
            WMEM: [4096, 262144, 8 * MIB],
            MAX: 16 * MIB,
            WMAX: 16 * MIB,
        },
        {},
    ),
    "tcp_mem of zeros": ({MEM: [0, 1, 2]}, {}),
    "udp_mem of zeros": ({UDP_MEM: [0, 1, 2]}, {}),
    "low is pressure": ({MEM: [4000, 4000, 5000]}, {}),
    "pressure is high": ({MEM: [4000, 5000, 5000]}, {}),
    "udp_mem in reverse": ({UDP_MEM: [6000, 5000, 4000]}, {}),
    "a default below the least": ({RMEM: [4096, 4095, 8192]}, {}),
    "a maximum below the default": ({WMEM: [4096, 16384, 8192]}, {}),
    "a least of zero": ({RMEM: [0, 1, 2]}, {}),
    "high above memory": ({MEM: [4000, 5000, PAGES + 1]}, {}),
    "high at half of memory": ({MEM: [4000, 5000, PAGES // 2]}, {}),
    "high a page below half": ({MEM: [4000, 5000, PAGES // 2 - 1]}, {}),
    "udp high at memory": ({UDP_MEM: [4000, 5000, PAGES]}, {}),
    "thresholds in bytes": ({MEM: [262144000, 393216000, 524288000]}, {}),
    "thresholds in bytes on pages of 64 KiB": ({MEM: [262144000, 393216000, 524288000]}, {"page_size": 65536}),
    "more than there are bytes": ({MEM: [4000, 5000, INT_MAX]}, {"memory_total": GIB}),
    "a narrow band": ({MEM: [4000, 4512, 6000]}, {"error_bound": 512}),
    "a band that is wide enough": ({MEM: [4000, 4513, 6000]}, {"error_bound": 512}),
    "low below 4 MiB": ({MEM: [1023, 2000, 3000]}, {}),
    "low below four reserves": ({MEM: [2047, 3000, 4000]}, {"error_bound": 512}),
    "a cap above half of an int": ({MAX: INT_MAX // 2 + 1}, {}),
    "a buffer above an int": ({RMEM: [4096, 8192, INT_MAX + 1]}, {}),
    "the largest of all": (
        {
            MAX: INT_MAX // 2,
            WMAX: INT_MAX // 2,
            RMEM: [4096, 8192, INT_MAX],
            "net.ipv4.tcp_notsent_lowat": 2 * INT_MAX + 1,
        },
        {},
    ),
    "a fin_timeout of 0": ({FIN: 0}, {}),
    "a fin_timeout of 601": ({FIN: 601}, {}),
    "few orphans": ({ORPHANS: 1023}, {}),
    "few in TIME-WAIT": ({WAITING: 1023}, {}),
    "lower thresholds": ({MEM: [4000, 4999, 6000]}, {"running": {MEM: [4000, 5000, 6000]}}),
    "a lower cap under only_raise": ({MAX: 4095}, {"running": {MAX: 4096}, "only_raise": True}),
    "less of what gives no room": (
        {FIN: 30, "net.ipv4.tcp_moderate_rcvbuf": 0},
        {"running": {FIN: 60, "net.ipv4.tcp_moderate_rcvbuf": 1}, "only_raise": True},
    ),
    "a default above the running cap": ({START: 4097}, {"running": {MAX: 4096}}),
    "a send default above the cap": ({"net.core.wmem_default": 4097, WMAX: 4096}, {}),
    "a cap below autotuning": ({MAX: 4096, RMEM: [4096, 8192, 8192]}, {}),
    "a cap below running autotuning": ({WMAX: 4096}, {"running": {WMEM: [4096, 8192, 8192]}}),
    "half a cap": ({MAX: 4095, RMEM: [4096, 8192, 8192]}, {}),
    "errors before warnings": ({MAX: 4096, RMEM: [4096, 8192, 1], "vm.swappiness": "10"}, {"running": {MAX: 8192}}),
    "a silenced warning": (
        {MAX: 4096, RMEM: [4096, 8192, 8192]},
        {"running": {MAX: 8192}, "reasons": {"lowers": "moved to another host"}},
    ),
    "an error that is silenced": (
        {MAX: 4096},
        {"running": {MAX: 8192}, "only_raise": True, "reasons": {"lowers": "moved to another host"}},
    ),
    "without the size of a page": ({MEM: [3, 2, 1]}, {"page_size": None, "memory_total": None}),
    "without the size of the memory": ({MEM: [1, 2, INT_MAX]}, {"memory_total": None}),
    "a key of somebody else": ({"vm.swappiness": "10", BACKLOG: 0}, {}),
}


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}."""
    return {
        "capacity": dict(_capacity()),
        "lint": {
            name: told(lint(settings, **{"page_size": 4096, "memory_total": PAGES * 4096, **options}))
            for name, (settings, options) in SETTINGS.items()
        },
    }


def _capacity() -> Iterator[tuple[str, Any]]:
    """Yield the capacity of hosts, of facts that tell little, and of none that tell enough."""
    for parts, cases in CAPACITIES.items():
        for title, allocated in cases:
            facts = host_of_parts(*parts)
            facts["tcp"]["sockets"] = {"allocated": allocated}
            name = "{}, {}, {} CPU, {} KiB".format(*parts)
            yield f"{name}, {allocated} sockets: {title or 'nothing said'}", told(capacity(facts, WORKLOADS.get(title)))
    facts = dict(host_of_parts("2 GiB", "EL8", 4, 4), limits={}, tcp={})
    yield "no limits and no use", told(capacity(facts, {"connections": 10, "buffer_bytes": 4096}))
    yield "no size of a page", outcome(capacity, dict(facts, page_size=None))
    yield "no size of the memory", outcome(capacity, dict(facts, memory_total=None))
