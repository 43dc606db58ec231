# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the numbers of a recommendation rest on, and whether TCP, UDP and the rest of the host fit into its memory."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import Check
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import window_of_buffer
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import kernel_default_tcp_mem
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import (
    LARGEST_WINDOW,
    bandwidth_delay_product,
    throughput_mbps,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import TCP_MEM, TCP_RMEM
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import HEADROOM, PARTS, bytes_of
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.reasons import FORMULAS, throughput
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.thresholds import DEMAND, PEAK, ceiling
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes


def budget(host, workload, demand, needs, settings, udp_limit):
    """Return what the numbers of a recommendation rest on, sizes as {pages, bytes}.

    memory, kernel_default (tcp_mem), ceiling (of high); demand, its parts demand_bytes and the needs it competes with;
    in_flight_bytes and paths where paths are stated; shares of memory, which add up to it; fits: whether the demand
    and the thresholds stay in bounds. demand, needs: of tcp_demand() and tcp_needs(). udp_limit: pages that UDP may
    take at most.
    """
    needed, most = bytes_of(demand), ceiling(host, workload).value
    pages = needed and host.pages_of(needed)
    _low, pressure, high = settings[TCP_MEM]
    return {
        "memory": host.size(host.memory_pages),
        "kernel_default": kernel_default_tcp_mem(host.memory_pages),
        "ceiling": host.size(most),
        "demand": needed and host.size(pages),
        "demand_bytes": needed and {name: demand[name].value if name in demand else 0 for name in PARTS},
        "needs": [
            {"need": name, "low": host.size(need.value), "formula": FORMULAS[name](need.numbers)}
            for name, need in needs.items()
        ],
        "in_flight_bytes": sum(bandwidth_delay_product(*path) for path in workload["paths"]) or None,
        "paths": describe_paths(host, workload, settings[TCP_RMEM][2]),
        "shares": shares(host, workload, high, udp_limit),
        "fits": {
            "below_pressure": pages and pages < pressure,
            "below_pressure_with_headroom": pages and pages * HEADROOM < pressure,
            "below_ceiling": high <= most,
        },
    }


def describe_paths(host, workload, receive_buffer):
    """Return the stated paths as [{bandwidth_mbps, rtt_ms, in_flight_bytes, limit_mbps, limit}].

    limit_mbps, limit: what a buffer of *receive_buffer* bytes lets through, as a number and in words.
    """
    window = min(window_of_buffer(receive_buffer, host.release, host.window_scale), LARGEST_WINDOW)
    return [
        {
            "bandwidth_mbps": bandwidth,
            "rtt_ms": rtt,
            "in_flight_bytes": bandwidth_delay_product(bandwidth, rtt),
            "limit_mbps": round(throughput_mbps(window, rtt), 1),
            "limit": throughput(window, rtt),
        }
        for bandwidth, rtt in workload["paths"]
    ]


def shares(host, workload, tcp_high, udp_limit):
    """Return how the memory of the host divides: {tcp, udp, structures, rest}, each {pages, bytes}, together all of it.

    tcp_high, udp_limit: pages that TCP and UDP may take at most. structures: of the connections, which no threshold
    counts. What does not fit is cut, the structures first, and the check overcommitted says so.
    """
    left, parts, structures = host.memory_pages, {}, host.pages_of(host.structures(workload))
    for name, pages in (("tcp", tcp_high), ("udp", udp_limit), ("structures", structures)):
        parts[name] = host.size(min(pages, left))
        left -= parts[name]["pages"]
    parts["rest"] = host.size(left)
    return parts


def _above_a_quarter(data):
    high, pages = data["proposed_high"], data["host"].memory_pages
    if 2 * (high + 1) <= pages < 4 * high:  # from half on lint warns
        yield TCP_MEM, {"high": data["host"].size(high), "memory_total": data["host"].memory_total}


def _overcommitted(data):
    host, structures = data["host"], data["host"].structures(data["workload"])
    tcp, udp = (data[limit] * host.page_size for limit in ("tcp_high", "udp_limit"))
    if tcp + udp + structures > host.memory_total:
        room = max(0, host.memory_total - tcp - udp) // host.idle_bytes
        yield (
            TCP_MEM,
            {"tcp": tcp, "udp": udp, "structures": structures, "memory_total": host.memory_total, "room": room},
        )


def _unmet_demand(data):
    need = max([data["needs"][name].value for name in (DEMAND, PEAK) if name in data["needs"]] or [0])
    if need > data["tcp_low"]:
        yield TCP_MEM, {"low": data["host"].size(data["tcp_low"]), "need": data["host"].size(need)}


# What is wrong between a workload and its host. The data of these checks: host, workload, needs (of tcp_needs()), and
# in pages proposed_high (of tcp_mem, before what must stay), tcp_low and tcp_high as they will be, udp_limit.
CHECKS = (
    Check(
        "quarter-of-memory",
        "warning",
        (),
        _above_a_quarter,
        lambda key, found: (
            "%s: high %d pages = %s is more than a quarter of the %s of memory"
            % (key, found["high"]["pages"], human_bytes(found["high"]["bytes"]), human_bytes(found["memory_total"]))
        ),
        "Socket memory cannot be swapped: make sure that the rest of the host can spare it.",
    ),
    Check(
        "overcommitted",
        "warning",
        (),
        _overcommitted,
        lambda key, found: (
            "%s: found %s for TCP, %s for UDP and %s for the structures of connections, expected no more than the %s "
            "of memory of this host; beside the two limits there is room for %d connections"
            % (
                key,
                human_bytes(found["tcp"]),
                human_bytes(found["udp"]),
                human_bytes(found["structures"]),
                human_bytes(found["memory_total"]),
                found["room"],
            )
        ),
        "Expect fewer connections, lower the limits, or add memory.",
    ),
    Check(
        "demand-above-ceiling",
        "warning",
        (),
        _unmet_demand,
        lambda key, found: (
            "%s: found low at %s, the workload needs %s with headroom"
            % (key, human_bytes(found["low"]["bytes"]), human_bytes(found["need"]["bytes"]))
        ),
        "At its peak TCP may come under pressure: use fewer connections or smaller buffers, add memory, "
        "or raise memory_fraction up to 0.5.",
    ),
)
