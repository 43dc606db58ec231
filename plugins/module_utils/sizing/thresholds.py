# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The thresholds: tcp_mem, udp_mem, orphans and TIME-WAIT. The largest need wins, under the smallest ceiling, above the floor.

Rounding: needs go up to whole pages, shares and ceilings down, and tcp_mem and udp_mem are 3, 4 and 6 times one whole number of
pages, the pattern of the kernel. Its quarter between low and pressure is the band in which the pressure flag keeps its value.
"""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import RANGES, tcp_mem_floor
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.budget import (
    HEADROOM,
    ORPHAN_PENALTY,
    ORPHAN_SECONDS,
    TIME_WAIT_SECONDS,
    tcp_demand,
    udp_demand,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

# net/ipv4/tcp.c tcp_init_mem: 1/16 of the free buffer pages is "pressure"; net/ipv4/udp.c udp_init: 1/8.
DEFAULT_DIVISOR = 16
UDP_DEFAULT_DIVISOR = 8
DEFAULT_MINIMUM = 128  # pages, same functions
CEILING_FRACTION = 0.25  # of memory for "high": socket memory cannot be swapped
HARD_FRACTION = 0.5
FLOOR_REASON = "the smallest that lets the pressure flag clear on this number of CPUs"
# net/ipv4/tcp.c tcp_init, mm/mm_init.c alloc_large_system_hash: one slot of the hash table for each 128 KiB of memory, up to a
# power of two and to 524288; half of them is the default of tcp_max_orphans and tcp_max_tw_buckets.
BYTES_A_SLOT = 128 * 1024
MOST_SLOTS = 524288


def kernel_default_tcp_mem(free_buffer_pages, divisor=DEFAULT_DIVISOR):
    """Return the tcp_mem that the kernel gives itself at boot with *free_buffer_pages* (nr_free_buffer_pages()): net/ipv4/tcp.c tcp_init_mem."""
    limit = max(free_buffer_pages // divisor, DEFAULT_MINIMUM)
    low = limit // 4 * 3
    return [low, limit, low * 2]


def kernel_default_orphans(memory_bytes):
    """Return the tcp_max_orphans, and tcp_max_tw_buckets, that the kernel gives itself on a host of *memory_bytes*."""
    slots = max(-(-memory_bytes // BYTES_A_SLOT), 2)
    return min(1 << (slots - 1).bit_length(), MOST_SLOTS) // 2


def ceiling(host, workload):
    """Return (pages, reason, measured) of the most that tcp_mem high may be. measured: whether it is a share of the host's memory."""
    fraction = max(workload["memory_fraction"] or 0, CEILING_FRACTION)
    limits = [(int(host.memory_pages * fraction), "high at %.4g %% of memory" % (100 * fraction), True)]
    if workload["container_memory_bytes"]:
        size = workload["container_memory_bytes"]
        limits.append((size // host.page_size, "high at the container's limit of %s" % human_bytes(size), False))
    return min(limits)


def tcp_needs(host, workload, share):
    """Return what tcp_mem has to give as a list of {need, low, formula, reason, measured}, in the order in which the first of equals wins.

    low: {pages, bytes} that tcp_mem low must be at least. formula: with all numbers. reason: without those that change by themselves.
    share: part of memory that "high" takes without any other need, None where shares are fixed.
    """
    default, needs = kernel_default_tcp_mem(host.memory_pages), []
    if share:
        needs.append(("share", int(host.memory_pages * share) // 6 * 3, "%.4g %% of %s for high" % (100 * share, human_bytes(host.memory_total)),
                      "high is %.4g %% of memory" % (100 * share), True))
    needs.append(("kernel default", -(-default[1] // 4) * 3, "1/16 of %s for pressure" % human_bytes(host.memory_total), "the kernel's own default", True))
    demand = tcp_demand(host, workload)
    if demand:
        # The pages that processors may keep uncounted come on top.
        pages = -(-demand["bytes"] // host.page_size) + host.error_bound
        reason = "%s of demand with %d %% headroom below low, where send autotuning stops: %s" % (
            human_bytes(demand["bytes"]), 100 * HEADROOM - 100, demand["formula"])
        needs.append(("demand", int(math.ceil(pages * HEADROOM)), "(%s + %s of processors) x %g" % (
            demand["formula"], human_bytes(host.error_bound * host.page_size), HEADROOM), reason, False))
    if workload["observed_peak"]:
        pages = -(-workload["observed_peak"] // host.page_size)
        needs.append(("observed peak", int(math.ceil(pages * HEADROOM)), "%s x %g" % (human_bytes(workload["observed_peak"]), HEADROOM),
                      "the observed peak with %d %% headroom below low" % (100 * HEADROOM - 100), True))
    return [{"need": name, "low": host.size(low), "formula": formula, "reason": reason, "measured": measured}
            for name, low, formula, reason, measured in needs]


def floor_unit(host):
    """Return a third of the smallest sound tcp_mem[0] in pages, rounded up."""
    return -(-tcp_mem_floor(host.page_size, host.error_bound) // 3)


def tcp_thresholds(host, workload, needs):
    """Return (tcp_mem, reason, measured) for the *needs* of tcp_needs()."""
    largest = max(needs, key=lambda need: need["low"]["pages"])
    unit, reason, measured = -(-largest["low"]["pages"] // 3), largest["reason"], largest["measured"]
    most, why, ceiling_measured = ceiling(host, workload)
    if unit * 6 > most:
        unit, reason, measured = most // 6, "%s, capped: %s" % (reason, why), ceiling_measured
    default = next(need for need in needs if need["need"] == "kernel default")
    if unit * 3 < default["low"]["pages"]:  # only a container's limit can be that low
        unit, reason, measured = default["low"]["pages"] // 3, "%s, but not below the kernel's own default" % reason, True
    floor = floor_unit(host)
    if unit < floor:
        unit, reason, measured = floor, FLOOR_REASON, False
    hard = min(int(host.memory_pages * HARD_FRACTION), INT_MAX) // 6
    if unit > hard:
        unit, reason, measured = hard, reason + ", capped: high at half of memory", True
    return [3 * unit, 4 * unit, 6 * unit], reason, measured


def udp_thresholds(host, workload):
    """Return (udp_mem, reason, measured) for the UDP demand of *workload*, or None without one. The first of the three is the limit."""
    demand = udp_demand(workload)
    if not demand:
        return None
    default = -(-kernel_default_tcp_mem(host.memory_pages, UDP_DEFAULT_DIVISOR)[1] // 4)
    needed = int(math.ceil((-(-demand[0] // host.page_size) + host.error_bound) * HEADROOM / 3))
    unit, reason, measured = default, "the kernel's own default is enough for %s" % demand[1], True
    if needed > unit:
        unit, measured = needed, False
        reason = "%s = %s with %d %% headroom below the first, the only one that works" % (demand[1], human_bytes(demand[0]), 100 * HEADROOM - 100)
    most = (min(int(host.memory_pages * CEILING_FRACTION), INT_MAX // 2) - 1) // 3
    if unit > most:
        unit, measured = most, True
        reason += ", capped: the first at %.4g %% of memory" % (100 * CEILING_FRACTION)
    return [3 * unit, 4 * unit, 6 * unit], reason, measured


def closing_limits(host, workload):
    """Return {key: (value, reason)} of what connections being closed need: tcp_max_orphans, tcp_max_tw_buckets. {} where nobody asked."""
    orphans, waiting = [], []
    if workload["churn"]:
        closed = "%g closed a second" % workload["churn"]
        orphans.append((int(math.ceil(workload["churn"] * ORPHAN_SECONDS * ORPHAN_PENALTY)), (
            "%s x %d s until a lost FIN is sent again x %d, as the kernel counts the worst" % (closed, ORPHAN_SECONDS, ORPHAN_PENALTY))))
        waiting.append((int(math.ceil(workload["churn"] * TIME_WAIT_SECONDS * HEADROOM)), (
            "%s x %d s of TIME-WAIT with %d %% headroom" % (closed, TIME_WAIT_SECONDS, 100 * HEADROOM - 100))))
    if workload["connections"] and workload["profile"] == "many_connections":
        at_once = (workload["connections"], "all %d connections at once, as when their process ends" % workload["connections"])
        orphans.append(at_once)
        waiting.append(at_once)
    limits = {}
    for key, needs in (("net.ipv4.tcp_max_orphans", orphans), ("net.ipv4.tcp_max_tw_buckets", waiting)):
        if needs:
            value, reason = max(needs)
            default = max(kernel_default_orphans(host.memory_total), RANGES[key][0])
            limits[key] = (value, reason) if value > default else (default, "the kernel's own default is enough for " + reason)
    return limits
