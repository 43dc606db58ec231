# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The thresholds: tcp_mem, udp_mem, orphans, TIME-WAIT. The largest need wins, between the floor and the least ceiling.

Rounding: needs go up to whole pages, shares and ceilings down, and tcp_mem and udp_mem are 3, 4 and 6 times one whole
number of pages, the pattern of the kernel. Its quarter between low and pressure is the band in which the pressure flag
keeps its value.
"""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import RANGES, tcp_mem_floor
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import (
    DEFAULT_DIVISOR,
    UDP_DEFAULT_DIVISOR,
    kernel_default_orphans,
    kernel_default_tcp_mem,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ORPHANS,
    TIME_WAIT,
    UDP_MEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import (
    HEADROOM,
    ORPHAN_PENALTY,
    ORPHAN_SECONDS,
    TIME_WAIT_SECONDS,
    bytes_of,
    udp_demand,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal, larger, smaller

PATTERN = (3, 4, 6)
CEILING_FRACTION = 0.25  # of memory for "high": socket memory cannot be swapped
HARD_FRACTION = 0.5
SHARE, DEFAULT, DEMAND, PEAK = NEEDS = ("share", "kernel default", "demand", "observed peak")


def ceiling(host, workload):
    """Return the Proposal of the most pages that tcp_mem high may be."""
    fraction = max(workload["memory_fraction"] or 0, CEILING_FRACTION)
    most = Proposal(int(host.memory_pages * fraction), "ceiling", measured=True, ceiling=fraction)
    if not workload["container_memory_bytes"]:
        return most
    container = workload["container_memory_bytes"]
    return smaller(most, Proposal(container // host.page_size, "container", container=container))


def tcp_needs(host, workload, demand, share):
    """Return {need: Proposal of the pages that tcp_mem low must be at least}, by the names of NEEDS.

    demand: of tcp_demand(). share: part of memory that the profile gives "high" without any other need, None for none.
    """
    needs = {}
    if share:
        share = workload["memory_fraction"] or share
        low = int(host.memory_pages * share) // 6 * 3
        needs[SHARE] = Proposal(low, SHARE, measured=True, share=share, memory=host.memory_total)
    low = -(-kernel_default_tcp_mem(host.memory_pages)[1] // 4) * 3
    needs[DEFAULT] = Proposal(low, DEFAULT, measured=True, divisor=DEFAULT_DIVISOR, memory=host.memory_total)
    if demand:
        # The pages that processors may keep uncounted come on top.
        pages = host.pages_of(bytes_of(demand)) + host.error_bound
        needs[DEMAND] = Proposal(
            int(math.ceil(pages * HEADROOM)), DEMAND, demand=demand, uncounted=host.error_bound * host.page_size
        )
    if workload["observed_peak"]:
        peak = workload["observed_peak"]
        needs[PEAK] = Proposal(int(math.ceil(host.pages_of(peak) * HEADROOM)), PEAK, measured=True, peak=peak)
    return needs


def largest_need(host, workload, known):
    """Return tcp_mem by the largest of the needs among *known*. A rule of a profile, see profiles.PROFILES."""
    largest, most = larger(*(known[name] for name in NEEDS if name in known)), ceiling(host, workload)
    unit = largest.with_value(-(-largest.value // 3)).at_most(most.with_value(most.value // 6))
    # Only the limit of a container can be below the kernel's default.
    unit = unit.at_least(Proposal(known[DEFAULT].value // 3, "not below default", measured=True))
    half = min(int(host.memory_pages * HARD_FRACTION), INT_MAX)
    unit = larger(unit, Proposal(_floor(host), "floor")).at_most(Proposal(half // 6, "half of memory", measured=True))
    return _in_pattern(unit)


def parts_of_memory(parts, host, workload, _known):
    """Return tcp_mem as *parts* of memory, whatever is needed. A rule of a profile, see profiles.PROFILES.

    A stated fraction of memory takes the place of the last part, and the others keep their proportion to it.
    """
    fraction = workload["memory_fraction"]
    high = min(int(host.memory_pages * (fraction or parts[2])), INT_MAX)
    sizes, floor = [int(high * part / parts[2]) for part in parts], [_floor(host) * times for times in PATTERN]
    if sizes[0] < floor[0]:
        return Proposal([max(pair) for pair in zip(sizes, floor)], "floor", measured=True)
    reason = "parts of a fraction" if fraction else "parts of memory"
    return Proposal(sizes, reason, measured=True, parts=parts, fraction=fraction)


def _floor(host):
    """Return a third of the smallest sound tcp_mem[0] in pages, rounded up."""
    return -(-tcp_mem_floor(host.page_size, host.error_bound) // 3)


def _in_pattern(unit):
    return unit.with_value([unit.value * times for times in PATTERN])


def udp_thresholds(host, workload):
    """Return {UDP_MEM: Proposal} for the UDP demand of *workload*, {} without one. Its first number is the limit."""
    demand = udp_demand(workload)
    if not demand:
        return {}
    default = -(-kernel_default_tcp_mem(host.memory_pages, UDP_DEFAULT_DIVISOR)[1] // 4)
    needed = int(math.ceil((host.pages_of(demand.value) + host.error_bound) * HEADROOM / 3))
    most = (min(int(host.memory_pages * CEILING_FRACTION), INT_MAX // 2) - 1) // 3
    unit = larger(
        Proposal(default, "default is enough", *demand.reasons, measured=True, **demand.numbers),
        Proposal(needed, *demand.reasons + ("udp demand",), demand=demand.value, **demand.numbers),
    )
    return {UDP_MEM: _in_pattern(unit.at_most(Proposal(most, "udp ceiling", measured=True, ceiling=CEILING_FRACTION)))}


def closing_limits(host, workload):
    """Return {key: Proposal} of tcp_max_orphans and tcp_max_tw_buckets for connections that close, {} without any."""
    limits, churn, connections = {}, workload["churn"], workload["connections"]
    for key, seconds, times, reason in (
        (ORPHANS, ORPHAN_SECONDS, ORPHAN_PENALTY, "closed orphans"),
        (TIME_WAIT, TIME_WAIT_SECONDS, HEADROOM, "time-wait"),
    ):
        needs = [Proposal(int(math.ceil(churn * seconds * times)), reason, churn=churn)] if churn else []
        if connections and workload["profile"] == "many_connections":
            needs.insert(0, Proposal(connections, "all at once", connections=connections))
        if needs:
            need, default = larger(*needs), max(kernel_default_orphans(host.memory_total), RANGES[key][0])
            limits[key] = larger(Proposal(default, "default is enough", *need.reasons, **need.numbers), need)
    return limits
