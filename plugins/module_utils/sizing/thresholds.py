# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The thresholds: tcp_mem, udp_mem, orphans, TIME-WAIT. The largest need wins, between the floor and the ceiling.

Rounding: needs go up to whole pages, shares and ceilings down, and tcp_mem and udp_mem are 3, 4 and 6 times one whole
number of pages, the pattern of the kernel. Its quarter between low and pressure is the band in which the pressure flag
keeps its value.
"""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import RANGES, tcp_mem_floor
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import DEFAULT_DIVISOR
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ORPHANS,
    TCP_MEM,
    TIME_WAIT,
    UDP_MEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import (
    HEADROOM,
    ORPHAN_PENALTY,
    ORPHAN_SECONDS,
    TIME_WAIT_SECONDS,
    bytes_of,
    receive_default,
    udp_demand,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal, larger

PATTERN = (3, 4, 6)
CEILING_FRACTION = 0.25  # of usable memory for "high": socket memory cannot be swapped
HARD_FRACTION = 0.5
# Bytes for "high" without a need that is told or was seen: the share of a profile is a guess, and nobody has asked for
# hundreds of GiB that one stuck reader may take. A kernel that gives itself more keeps that.
MOST_GUESSED = 16 * 1024**3
SHARE, DEFAULT, DEMAND, PEAK = NEEDS = ("share", "kernel default", "demand", "observed peak")


def ceiling(host, workload):
    """Return the Proposal of the most pages that tcp_mem high may be."""
    fraction = max(workload["memory_fraction"] or 0, CEILING_FRACTION)
    return Proposal(min(int(host.usable_pages * fraction), INT_MAX), "ceiling", measured=True, ceiling=fraction)


def tcp_needs(host, workload, demand, share):
    """Return {need: Proposal of the pages that tcp_mem low must be at least}, by the names of NEEDS.

    demand: of tcp_demand(). share: part of usable memory that the profile gives "high" without any other need, None for
    none.
    """
    needs = {}
    if share:
        stated = workload["memory_fraction"]
        low = int(host.usable_pages * (stated or share)) // 6 * 3
        most = low if stated else MOST_GUESSED // host.page_size // 6 * 3
        limit = Proposal(most, "most guessed", measured=True, guessed=MOST_GUESSED)
        need = Proposal(low, SHARE, measured=True, share=stated or share, memory=host.usable_bytes)
        needs[SHARE] = need.at_most(limit)
    low = -(-host.defaults[TCP_MEM][1] // 4) * 3
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
    """Return tcp_mem by the largest of the needs among *known*. A rule of a profile, see profiles.PROFILES.

    Where the floor is above the ceiling, on a host of many processors for its memory, there is no floor and no guess:
    the kernel's own default stays, or what is needed, and lint says that it is below the floor. A ceiling that is not
    sound itself is none below the kernel's own default.
    """
    most = ceiling(host, workload)
    most, floor = most.with_value(max(most.value // 6, 1)), Proposal(_floor(host), "floor")
    fits = floor.value <= most.value
    need = larger(*(known[name] for name in NEEDS if name in known and (fits or name != SHARE)))
    unit = need.with_value(-(-need.value // 3))
    unit = (larger(unit, floor) if fits else unit).at_most(most)
    if unit.value < _floor(host, 1):
        unit = unit.at_least(Proposal(known[DEFAULT].value // 3, "not below default", measured=True))
    return _in_pattern(unit)


def parts_of_memory(parts, host, workload, _known):
    """Return tcp_mem as *parts* of usable memory, whatever is needed. A rule of a profile, see profiles.PROFILES.

    A stated fraction of memory takes the place of the last part, and the others keep their proportion to it.
    """
    fraction, most = workload["memory_fraction"], min(int(host.usable_pages * HARD_FRACTION), INT_MAX)
    high = min(int(host.usable_pages * (fraction or parts[2])), most)
    sizes = [int(high * part / parts[2]) for part in parts]
    reasons = ["parts of a fraction" if fraction else "parts of memory"]
    for reason, least in (
        ("floor of parts", [_floor(host) * times for times in PATTERN]),
        ("not below default", host.defaults[TCP_MEM]),
    ):
        unsound = reason == "not below default" and sizes[0] < 3 * _floor(host, 1)
        if (least[2] <= most or unsound) and any(size < number for size, number in zip(sizes, least)):
            sizes = list(map(max, sizes, least))
            reasons.append(reason)
    return Proposal(sizes, *reasons, measured=True, parts=parts, fraction=fraction)


def _floor(host, *reserves):
    """Return a third of the smallest sound tcp_mem[0] in pages, rounded up. reserves: as for tcp_mem_floor."""
    return -(-tcp_mem_floor(host.page_size, host.error_bound, *reserves) // 3)


def _in_pattern(unit):
    return unit.with_value([unit.value * times for times in PATTERN])


def udp_thresholds(host, workload, known):
    """Return {UDP_MEM: Proposal} for the UDP demand of *workload*, {} without one. Its first number is the limit."""
    demand = udp_demand(workload, receive_default(host, known))
    if not demand:
        return {}
    default = -(-host.defaults[UDP_MEM][1] // 4)
    needed = int(math.ceil((host.pages_of(demand.value) + host.error_bound) * HEADROOM / 3))
    most = max((min(int(host.usable_pages * CEILING_FRACTION), INT_MAX // 2) - 1) // 3, 1)
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
            need, default = larger(*needs), max(host.defaults[key], RANGES[key][0])
            limits[key] = larger(Proposal(default, "default is enough", *need.reasons, **need.numbers), need)
    return limits
