# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the numbers of a recommendation rest on, and whether TCP, UDP and the rest of the host fit into its memory."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import Check
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    SENT_OVERHEAD,
    window_of_buffer,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import (
    LARGEST_WINDOW,
    bandwidth_delay_product,
    throughput_mbps,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import (
    HEADROOM,
    PARTS,
    bytes_of,
    uses,
    worst_case,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.host_to_size import STEADY
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.reasons import FORMULAS, throughput
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.thresholds import (
    CEILING_FRACTION,
    DEFAULT,
    DEMAND,
    PEAK,
    ceiling,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes


def budget(host, workload, demand, needs, settings, udp_limit):
    """Return what the numbers of a recommendation rest on, sizes as {pages, bytes}.

    memory (that can hold socket memory), kernel_default (tcp_mem), ceiling (of high); demand, which sizing goes by, its
    parts demand_bytes, worst_case, which it cannot pass, and the needs it competes with; in_flight_bytes and paths
    where paths are stated; shares of memory, which add up to it; fits: whether the worst case and the thresholds stay
    in bounds. demand, needs: of tcp_demand() and tcp_needs(). udp_limit: pages that UDP may take at most.
    """
    needed, most, at_worst = bytes_of(demand), ceiling(host, workload).value, worst_case(demand)
    pages = at_worst and host.pages_of(at_worst)
    _low, pressure, high = settings[TCP_MEM]
    return {
        "memory": host.size(host.usable_pages),
        "kernel_default": host.defaults[TCP_MEM],
        "ceiling": host.size(most),
        "demand": needed and host.size_of(needed),
        "demand_bytes": needed and {name: demand[name].value if name in demand else 0 for name in PARTS},
        "worst_case": pages and host.size(pages),
        "needs": [
            {"need": name, "low": host.size(need.value), "formula": FORMULAS[name](need.numbers)}
            for name, need in needs.items()
        ],
        "in_flight_bytes": sum(bandwidth_delay_product(*path) for path in workload["paths"]) or None,
        "paths": describe_paths(host, workload, *[settings.get(key, host.now(key))[2] for key in (TCP_RMEM, TCP_WMEM)]),
        "shares": shares(host, workload, high, udp_limit),
        "fits": {
            "below_pressure": pages and pages < pressure,
            "below_pressure_with_headroom": pages and pages * HEADROOM < pressure,
            "below_ceiling": high <= most,
        },
    }


def describe_paths(host, workload, receive_buffer, send_buffer):
    """Return the stated paths as [{bandwidth_mbps, rtt_ms, in_flight_bytes, limit_mbps, limit}].

    limit_mbps, limit: what buffers of *receive_buffer* and *send_buffer* bytes let through for one connection in the
    directions that it uses, as a number and in words.
    """
    window = LARGEST_WINDOW
    if uses(workload, "receive"):
        window = min(window, window_of_buffer(receive_buffer, host.release, host.window_scale))
    if uses(workload, "send"):
        window = min(window, send_buffer // SENT_OVERHEAD)
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
    """Return how the usable memory divides: {tcp, udp, structures, rest}, each {pages, bytes}, together all of it.

    tcp_high, udp_limit: pages that TCP and UDP may take at most. structures: of the connections, which no threshold
    counts. What does not fit is cut, the structures first, and the check overcommitted says so.
    """
    left, parts, structures = host.usable_pages, {}, host.pages_of(host.structures(workload))
    for name, pages in (("tcp", tcp_high), ("udp", udp_limit), ("structures", structures)):
        parts[name] = host.size(min(pages, left))
        left -= parts[name]["pages"]
    parts["rest"] = host.size(left)
    return parts


def _recipe(data):
    if data["workload"]["profile"] == "application_server":
        yield TCP_MEM, {"high": data["host"].size(data["tcp_high"]), "low": data["host"].size(data["tcp_low"])}


def _container_too_small(data):
    host, limit, udp = data["host"], data["workload"]["container_memory_bytes"], data["udp_demand"]
    parts = {
        "tcp": bytes_of(data["demand"]) or 0,
        "udp": udp.value if udp else 0,
        "structures": host.structures(data["workload"]),
    }
    if limit and sum(parts.values()) > limit:
        yield TCP_MEM, dict(parts, needed=sum(parts.values()), limit=limit)


def _above_a_quarter(data):
    host, stated, high = data["host"], data["workload"]["memory_fraction"] or 0, data["tcp_high"]
    quarter = host.usable_pages * CEILING_FRACTION
    # What was kept is told only where it is far from a quarter: the memory of a host moves from boot to boot. But what
    # the kernel gave itself is told wherever huge pages leave so little that a quarter is less.
    kept = high > quarter * (1 + STEADY) or high > quarter and 2 * data["needs"][DEFAULT].value > quarter
    if data["workload"]["profile"] != "application_server" and (stated > CEILING_FRACTION or kept):
        yield TCP_MEM, {"high": host.size(high), "memory_usable": host.usable_bytes}


def _overcommitted(data):
    host, structures = data["host"], data["host"].structures(data["workload"])
    tcp, udp = (data[limit] * host.page_size for limit in ("tcp_high", "udp_limit"))
    if tcp + udp + structures > host.usable_bytes:
        room = max(0, host.usable_bytes - tcp - udp) // host.idle_bytes
        yield (
            TCP_MEM,
            {"tcp": tcp, "udp": udp, "structures": structures, "memory_usable": host.usable_bytes, "room": room},
        )


def _unmet_demand(data):
    need = max([data["needs"][name].value for name in (DEMAND, PEAK) if name in data["needs"]] or [0])
    if need > data["tcp_low"]:
        yield TCP_MEM, {"low": data["host"].size(data["tcp_low"]), "need": data["host"].size(need)}


# What is wrong between a workload and its host. The data of these checks: host, workload, demand (of tcp_demand()),
# udp_demand, needs (of tcp_needs()), and in pages tcp_low and tcp_high as they will be, udp_limit.
CHECKS = (
    Check(
        "application-server-recipe",
        "warning",
        (),
        _recipe,
        lambda key, found: (
            "%s: application_server is a recipe of many articles and measured nowhere: TCP may take %s, which is not "
            "swapped, and once the pressure flag is up it stays until the usage is down to %s"
            % (key, human_bytes(found["high"]["bytes"]), human_bytes(found["low"]["bytes"]))
        ),
        "Use the profile balanced or many_connections with your number of connections, "
        "unless it is this recipe that you need.",
    ),
    Check(
        "container-too-small",
        "warning",
        (),
        _container_too_small,
        lambda key, found: (
            "%s: the workload needs %s for TCP, %s for UDP and %s for the structures of connections, "
            "the limit of its container is %s"
            % (
                key,
                human_bytes(found["tcp"]),
                human_bytes(found["udp"]),
                human_bytes(found["structures"]),
                human_bytes(found["limit"]),
            )
        ),
        "Give the container more memory, or expect fewer connections: its limit counts its socket memory, "
        "whatever tcp_mem allows.",
    ),
    Check(
        "quarter-of-memory",
        "warning",
        (),
        _above_a_quarter,
        lambda key, found: (
            "%s: high %d pages = %s is more than a quarter of the %s of usable memory"
            % (key, found["high"]["pages"], human_bytes(found["high"]["bytes"]), human_bytes(found["memory_usable"]))
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
            "of usable memory of this host; beside the two limits there is room for %d connections"
            % (
                key,
                human_bytes(found["tcp"]),
                human_bytes(found["udp"]),
                human_bytes(found["structures"]),
                human_bytes(found["memory_usable"]),
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
