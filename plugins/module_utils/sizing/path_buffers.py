# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a buffer a path needs, and how fast a path is with a given buffer."""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import buffer_for_window, window_of_buffer
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import LARGEST_WINDOW
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

MIB = 1024 * 1024
SMALLEST_BUFFER = 64 * 1024
LARGEST_ASSUMED_BUFFER = 16 * MIB  # what a profile gives by itself; a path that is stated may need more, and gets it
# net/ipv4/tcp.c tcp_init: 6 MiB (32 MiB from 6.16 on) and 4 MiB, and no more than 1/128 of memory.
TCP_RMEM_MAX = 6 * MIB
TCP_WMEM_MAX = 4 * MIB
MEMORY_DIVISOR = 128
USUAL_LONG_RTT = 80  # ms, across a continent: for the sentence on a buffer where no path is known


def bandwidth_delay_product(bandwidth_mbps, rtt_ms):
    """Return the bytes in flight on a path of *bandwidth_mbps* (10^6 bit/s) and *rtt_ms*."""
    return int(math.ceil(bandwidth_mbps * 1000000 / 8 * rtt_ms / 1000))


def throughput_mbps(window_bytes, rtt_ms):
    """Return the Mbit/s that a window of *window_bytes* lets through, one window a round trip."""
    return window_bytes * 8 / 1000.0 / rtt_ms


def throughput_sentence(window_bytes, rtt_ms):
    """Return "64 KiB at 80 ms: 6.5 Mbit/s", the rate rounded down: no path is faster than that."""
    rate = math.floor(throughput_mbps(window_bytes, rtt_ms) * 10) / 10
    return "%s at %g ms: %.1f Mbit/s" % (human_bytes(window_bytes).replace(".0 ", " "), rtt_ms, rate)


def assumed_buffer(host, largest):
    """Return the bytes of the maximum that a profile gives by itself: *largest*, or what the kernel gives a host of little memory (tcp_init)."""
    limit = host.memory_pages // MEMORY_DIVISOR * host.page_size
    return largest if limit >= largest else max(limit, 2 * SMALLEST_BUFFER)


def path_buffer(host, workload, low):
    """Return (bytes, reason, measured) of the buffer that the longest of the stated paths needs.

    low: tcp_mem[0] in pages; a single connection shall not need more. measured: whether the size of the host's memory decided.
    """
    bandwidth, rtt = max(workload["paths"], key=lambda path: bandwidth_delay_product(*path))
    in_flight = bandwidth_delay_product(bandwidth, rtt)
    needed = buffer_for_window(in_flight, host.release, host.window_scale)
    reason = "%s in flight (%g Mbit/s x %g ms) times %.3g for packet overhead" % (human_bytes(in_flight), bandwidth, rtt, float(needed) / in_flight)
    if needed < SMALLEST_BUFFER:
        return SMALLEST_BUFFER, reason + ", but no less than 64 KiB", False
    limits = [
        (LARGEST_WINDOW - 1, "capped by the largest window TCP can announce", False),
        (low * host.page_size, "capped at low of tcp_mem: one connection must not need more", True),
    ]
    if workload["buffer_limit_bytes"]:
        limits.append((workload["buffer_limit_bytes"], "capped at %s (buffer_limit_bytes)" % human_bytes(workload["buffer_limit_bytes"]), False))
    limit, why, measured = min(limits)
    if needed <= limit:
        return needed, reason, False
    if not measured:  # a number that follows memory would change the file with every boot; budget.paths has it
        why += "; a window of " + throughput_sentence(window_of_buffer(limit, host.release, host.window_scale), rtt)
    return limit, "%s, %s" % (reason, why), measured


def describe_paths(host, workload, receive_buffer):
    """Return the stated paths as [{bandwidth_mbps, rtt_ms, in_flight_bytes, limit_mbps, limit}] at a buffer of *receive_buffer* bytes."""
    window = min(window_of_buffer(receive_buffer, host.release, host.window_scale), LARGEST_WINDOW - 1)
    return [{
        "bandwidth_mbps": bandwidth,
        "rtt_ms": rtt,
        "in_flight_bytes": bandwidth_delay_product(bandwidth, rtt),
        "limit_mbps": round(throughput_mbps(window, rtt), 1),
        "limit": "a window of " + throughput_sentence(window, rtt),
    } for bandwidth, rtt in workload["paths"]]
