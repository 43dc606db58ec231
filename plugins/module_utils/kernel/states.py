# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of TCP and UDP memory, from the kernel's flag first and the numbers second.

The kernel sets its flag when a charge finds the usage above "pressure" and clears it when memory is freed below "low"
(net/core/sock.c __sk_mem_raise_allocated and __sk_mem_reduce_allocated), so between the two the numbers alone cannot
show the state.
"""

TCP_STATES = ("normal", "soft", "imminent", "pressure", "recovering", "critical")
UDP_STATES = ("normal", "critical")
UNDER_PRESSURE = ("pressure", "recovering", "critical")


def tcp_state(used, thresholds, kernel_flag, error_bound=0):
    """Return one of TCP_STATES, or None where nothing is known.

    used: pages, or None. thresholds: (low, pressure, high) in pages, each None where absent.
    kernel_flag: True, False, or None where unreadable. error_bound: pages by which the kernel may miscount; "imminent"
    and "critical" are said only when the usage is past the threshold by more than that, and so is "pressure" where
    no flag can be read. "soft" restricts nothing that fails a host and follows the plain numbers.
    """
    if used is None or None in thresholds:
        return "pressure" if kernel_flag else None
    low, pressure, high = thresholds
    if used > high + error_bound:
        return "critical"
    if kernel_flag:
        return "pressure" if used > pressure else "recovering"
    if used > pressure + error_bound:
        return "imminent" if kernel_flag is False else "pressure"
    return "soft" if used >= low else "normal"


def udp_state(used, limit, error_bound=0):
    """Return "normal" or "critical", or None where nothing is known. used, limit (udp_mem[0]), error_bound: pages, or
    None.

    UDP has no flag; from udp_mem[0] on datagrams are dropped, the other two limits have no effect
    (__sk_mem_raise_allocated for a protocol without .memory_pressure).
    """
    if used is None or limit is None:
        return None
    return "critical" if used >= limit + error_bound else "normal"


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
