# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of TCP and UDP memory, from the kernel's flag first and the numbers second.

The kernel sets its flag when a charge finds the usage above "pressure" and clears it when a charge finds it at or below
"low", or when memory is freed below "low" (net/core/sock.c __sk_mem_raise_allocated and __sk_mem_reduce_allocated), so
between the two the numbers alone cannot show the state.

What /proc/net/sockstat prints is the very number that the kernel compares (net/ipv4/proc.c sockstat_seq_show and
include/net/proto_memory.h sk_memory_allocated, both proto_memory_allocated). What processors keep uncounted makes the
true memory differ from it, not what the kernel decides. So states compare plain numbers.
"""

TCP_STATES = ("normal", "soft", "imminent", "pressure", "recovering", "stale", "critical")
UDP_STATES = ("normal", "critical")
UNDER_PRESSURE = ("pressure", "recovering", "critical")

# bytes; the largest datagram, 65,507 bytes, with the overhead of its skb. It is charged in one step (net/ipv4/udp.c
# __udp_enqueue_schedule_skb), so the usage stops below the limit by up to that much.
LARGEST_DATAGRAM = 68 * 1024


def tcp_state(used, thresholds, kernel_flag):
    """Return one of TCP_STATES, or None where nothing is known.

    used: pages, or None. thresholds: (low, pressure, high) in pages, each None where absent. kernel_flag: True, False,
    or None where unreadable.
    """
    if used is None or None in thresholds:
        return "pressure" if kernel_flag else None
    low, pressure, high = thresholds
    if used > high:
        return "critical"
    if kernel_flag:
        return "pressure" if used > pressure else "recovering" if used >= low else "stale"
    if used > pressure:
        return "imminent" if kernel_flag is False else "pressure"
    return "soft" if used >= low else "normal"


def udp_state(used, limit, page_size):
    """Return "normal" or "critical", or None where nothing is known. used, limit (udp_mem[0]): pages, or None.
    page_size: bytes, None where it is not known.

    UDP has no flag. It is critical where the next datagram may not fit: the kernel refuses what would bring the usage
    above udp_mem[0]; the other two limits have no effect (net/core/sock.c __sk_mem_raise_allocated for a protocol
    without .memory_pressure).
    """
    if used is None or limit is None:
        return None
    datagram = -(-LARGEST_DATAGRAM // page_size) if page_size else 1  # no charge is smaller than a page
    return "critical" if used + datagram > limit else "normal"


def under_pressure(state, kernel_flag):
    """Return whether TCP is under memory pressure by its *state* and the kernel's flag: True, False, or None where
    they do not say.
    """
    return kernel_flag if state is None else state in UNDER_PRESSURE


def under_memory_pressure(facts):
    """Return whether the facts of a host say that TCP is under memory pressure: True, False, or None where they do not
    say.

    facts: the value of ansible_facts.socket_memory.
    """
    return under_pressure(facts["tcp"]["state"], facts["tcp"]["kernel_flag"])
