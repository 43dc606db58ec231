# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recommendations for hosts of every size and kernel: all settings, all sentences, and some in full."""

from __future__ import annotations

import collections
import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

from ansible_collections.linux_net.socket_memory.tests.recorded.cases import (
    BACKLOG,
    FIN,
    GIB,
    KIB,
    MAX,
    MEM,
    MIB,
    ORPHANS,
    REUSE,
    RMEM,
    TIB,
    UDP_MEM,
    WAITING,
    WMAX,
    WMEM,
    changes,
    host_of,
    told,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    counts_in_pages,
    kernel_defaults,
    recommend,
)

MEMORY = {
    "512 MiB": 512 * MIB,
    "1 GiB": GIB,
    "2 GiB": 2 * GIB,
    "15.4 GiB": 16506716160,
    "64 GiB": 64 * GIB,
    "512 GiB": 512 * GIB,
    "4 TiB": 4 * TIB,
}
KERNELS = {
    "EL8": "4.18.0-553.66.1.el8_10.x86_64",
    "EL9.0": "5.14.0-70.13.1.el9_0.x86_64",
    "EL9.2": "5.14.0-284.11.1.el9_2.x86_64",
    "EL9.4": "5.14.0-427.13.1.el9_4.x86_64",
    "EL9.6": "5.14.0-570.32.1.el9_6.x86_64",
    "6.1": "6.1.0-28-amd64",
    "EL10": "6.12.0-55.24.1.el10_0.x86_64",
    "6.18": "6.18.1",
}
PROCESSORS = (1, 4, 64, 512)
PAGES = (4, 16, 64)  # KiB
LARGEST = 2**32 - 1

PROFILES = {
    name: {"profile": name}
    for name in ("balanced", "application_server", "many_connections", "bulk_transfer", "low_latency")
}
WORKLOADS: dict[str, dict[str, Any]] = {
    "2,000 connections": {"connections": 2000, "buffer_bytes": "128KiB"},
    "a million connections": {"connections": 10**6, "buffer_bytes": "1MiB"},
    "idle connections, closed often": {
        "profile": "many_connections",
        "connections": 200000,
        "active_fraction": "10%",
        "buffer_bytes": "64KiB",
        "churn": "2000/s",
    },
    "a long path": {"bandwidth_mbps": "10Gbit/s", "rtt_ms": "20ms"},
    "a short path": {"profile": "bulk_transfer", "bandwidth_mbps": 1, "rtt_ms": "250us"},
    "connections that share paths": {
        "profile": "bulk_transfer",
        "connections": 5000,
        "paths": [{"bandwidth_mbps": 10000, "rtt_ms": 80}, {"bandwidth_mbps": "40Gbit/s", "rtt_ms": 1}],
        "buffer_limit_bytes": "64MiB",
    },
    "a share": {"memory_fraction": 0.375},
    "a small share": {"profile": "application_server", "memory_fraction": "5%"},
    "an observed peak": {"observed_peak": "3GiB"},
    "datagrams": {"profile": "low_latency", "udp_sockets": 5000, "udp_buffer_bytes": "1MiB"},
    "in a container": {"connections": 10000, "buffer_bytes": "64KiB", "container_memory_bytes": "2GiB"},
    "one direction": {
        "profile": "low_latency",
        "connections": 100,
        "receive_buffer_bytes": "4MiB",
        "send_buffer_bytes": "16KiB",
        "udp_sockets": 10,
    },
    "one way": {
        "connections": 50000,
        "buffer_bytes": "64KiB",
        "direction": "send",
        "paths": [{"bandwidth_mbps": "10Gbit/s", "rtt_ms": 80}],
    },
    "overrides": {
        "profile": "application_server",
        "churn": 50,
        "overrides": {MEM: "100000 200000 300000", FIN: 15, BACKLOG: 1024},
        "silence": {"lowers": "moved to another host", "half-of-memory": "it does nothing else"},
    },
}
# Hosts whose recommendations are recorded in full: memory, kernel, processors and page; of OTHER for some workloads.
LIKE, OTHER = ("15.4 GiB", "EL8", 4, 4), ("64 GiB", "EL10", 64, 64)
OTHER_TITLES = ("idle connections, closed often", "connections that share paths", "datagrams")


def host_of_parts(memory_name: str, kernel_name: str, processors: int, page: int) -> dict[str, Any]:
    """Return what sizing looks at of a host that has just booted with its kernel's own defaults. page: KiB."""
    memory, kernel, page_size = MEMORY[memory_name], KERNELS[kernel_name], page * KIB
    in_pages = counts_in_pages(kernel)
    bound = processors * MIB // page_size if in_pages else 0
    pages = memory // page_size
    limits = {
        **kernel_defaults(kernel, page_size, pages),
        FIN: 60,
        REUSE: 2,
        "net.ipv4.tcp_notsent_lowat": LARGEST,
        "net.ipv4.tcp_adv_win_scale": 1,
        "net.ipv4.tcp_moderate_rcvbuf": 1,
    }
    return {
        "page_size": page_size,
        "memory_total": memory,
        "kernel": kernel,
        "limits": limits,
        "tcp": {
            "error_bound": {"pages": bound, "bytes": bound * page_size},
            "used": {"pages": pages // 100, "bytes": pages // 100 * page_size},
        },
    }


def name_of(memory: str, kernel: str, processors: int, page: int) -> str:
    """Return how a host is called."""
    return f"{memory}, {kernel}, {processors} CPU, {page} KiB"


def combinations() -> Iterator[tuple[str, str, int, int]]:
    """Yield each memory with each kernel; processors and page sizes take turns, so that each meets most others."""
    for (row, memory), (column, kernel) in itertools.product(enumerate(MEMORY), enumerate(KERNELS)):
        yield memory, kernel, PROCESSORS[(row + column + column // 4) % 4], PAGES[(row + column) % 3]


# Running values that change what is recommended, on a host of 15.4 GiB with EL8's kernel.
TUNED: dict[str, dict[str, Any]] = {
    "nothing known": {},
    "larger buffers": {RMEM: [8192, 87380, 64 * MIB], WMEM: [4096, 65536, 64 * MIB], MAX: 128 * MIB},
    "larger thresholds": {MEM: [900000, 1000000, 1100000], UDP_MEM: [900000, 1000000, 1100000]},
    "a little larger thresholds": {MEM: [383000, 512000, 768000]},
    "a little smaller thresholds": {MEM: [370000, 480000, 730000]},
    "thresholds smaller by less than a sixth": {MEM: [317500, 423000, 635000]},
    "thresholds smaller by more than a sixth": {MEM: [310000, 413000, 620000]},
    "thresholds in bytes": {MEM: [131072000, 262144000, 524288000]},
    "thresholds out of order": {MEM: [900000, 800000, 700000]},
    "what kernels clamp": {MAX: 2**31 - 1, WMAX: 2**31 - 1},
    "more orphans": {ORPHANS: 300000, WAITING: 300000},
    "the recipe": {
        MEM: [503744, 1007488, 2014976],
        RMEM: [4096, 262144, 8388608],
        WMEM: [4096, 262144, 8388608],
        MAX: 16777216,
        WMAX: 16777216,
        "net.core.optmem_max": 65536,
        ORPHANS: 131072,
        FIN: 30,
        REUSE: 1,
    },
    "another window scale": {"net.ipv4.tcp_adv_win_scale": -2},
    "no window scale that there is": {"net.ipv4.tcp_adv_win_scale": 99},
}


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}. Settings are what differs from those of the host that is recorded in full."""
    groups: dict[str, dict[str, Any]] = {}
    sentences: dict[str, collections.Counter[str]] = {}
    rules = collections.Counter()
    like = {
        title: [_texts(one) for one in _both(host_of_parts(*LIKE), workload)]
        for title, workload in {**PROFILES, **WORKLOADS}.items()
    }
    for number, parts in enumerate(combinations()):
        facts = host_of_parts(*parts)
        for title, workload in {**PROFILES, **(WORKLOADS if number % 5 == 0 else {})}.items():
            both = _both(facts, workload)
            raised, free = (changes(other, _texts(one)) for other, one in zip(like[title], both))
            case = {"digest": _digest(both), **raised}
            if free != raised:
                case["without only_raise"] = free
            groups.setdefault(f"settings: {title}", {})[name_of(*parts)] = case
            for one in both:
                for key, reason in one["reasons"].items():
                    sentences.setdefault(key, collections.Counter())[reason] += 1
                rules.update(f"{result['severity']} {result['id']} {result['subject']}" for result in one["lint"])
    return {
        **groups,
        "sentences": sentences,
        "rules": dict(rules),
        "all combinations": {
            f"{kernel}, {page} KiB": _digest(_all(kernel, page)) for kernel, page in itertools.product(KERNELS, PAGES)
        },
        "in full": dict(_in_full()),
        "running values": dict(_tuned()),
    }


def _both(facts: dict[str, Any], workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the recommendation with and without only_raise."""
    return [recommend(facts, dict(workload, only_raise=only_raise)) for only_raise in (True, False)]


def _texts(recommendation: dict[str, Any]) -> dict[str, str]:
    """Return the settings as text by the last part of their keys, which takes fewer lines."""
    return {
        key.rpartition(".")[2]: " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in recommendation["settings"].items()
    }


def _digest(value: Any) -> str:
    """Return what tells that a value is another one, reasons, budget and lint included."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:6]


def _all(kernel: str, page: int) -> list[Any]:
    """Return the recommendations for each memory, number of processors and workload, whatever runs."""
    return [
        recommend(host_of_parts(memory, kernel, processors, page), dict(workload, only_raise=False))
        for memory, processors in itertools.product(MEMORY, PROCESSORS)
        for workload in (*PROFILES.values(), *WORKLOADS.values())
    ]


def _in_full() -> Iterator[tuple[str, Any]]:
    """Yield a whole recommendation, what differs from it for each workload, and from these on another host."""
    first = recommend(host_of_parts(*LIKE), {})
    yield f"nothing said: {name_of(*LIKE)}", told(first)
    found = {title: _by_need(recommend(host_of_parts(*LIKE), one)) for title, one in {**PROFILES, **WORKLOADS}.items()}
    for title, recommendation in found.items():
        yield f"{title}: {name_of(*LIKE)}", changes(_by_need(first), recommendation)
    for title in OTHER_TITLES:
        other = recommend(host_of_parts(*OTHER), WORKLOADS[title])
        yield f"{title}: {name_of(*OTHER)}", changes(found[title], _by_need(other))


def _by_need(recommendation: dict[str, Any]) -> dict[str, Any]:
    """Return *recommendation* with its needs by their names, of which fewer differ then than of a list."""
    budget = recommendation["budget"]
    return recommendation | {"budget": budget | {"needs": {need["need"]: need for need in budget["needs"]}}}


def _tuned() -> Iterator[tuple[str, Any]]:
    """Yield what is recommended where other values run than the kernel's own."""
    plain = host_of_parts(*LIKE)
    for name, limits in TUNED.items():
        facts = dict(plain, limits=dict(plain["limits"], **limits) if limits else {})
        yield name, changes(recommend(plain), recommend(facts))
    small = dict(plain, limits=dict(plain["limits"], **TUNED["larger buffers"]))
    yield (
        "larger buffers, which a profile wants small",
        changes(*(recommend(facts, {"profile": "many_connections"}) for facts in (plain, small))),
    )
    for part in (0.7, 0.3, 0.1):
        facts = dict(plain, memory_usable=int(plain["memory_total"] * part))
        yield f"huge pages leave {part:.0%}", changes(recommend(plain), recommend(facts))
    largest = host_of_parts("4 TiB", "EL8", 512, 4)
    longest = {"bandwidth_mbps": "10Tbit/s", "rtt_ms": "60s"}
    yield "the longest path, on a large host", changes(recommend(largest), recommend(largest, longest))
    yield "an unknown release", changes(recommend(plain), recommend(dict(plain, kernel=None)))
    with host_of("container") as container:
        yield "a container", changes(recommend(plain), recommend(container.facts(gather_subset=["tcp", "limits"])))
