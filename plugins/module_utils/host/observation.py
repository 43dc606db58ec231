# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A window of observation: socket memory sampled for some seconds, and what the kernel counted meanwhile.

Samples alone miss a short episode, and the kernel's counters alone miss one that goes on: TCPMemoryPressuresChrono is
added to only when pressure ends (net/ipv4/tcp.c tcp_leave_memory_pressure), and both counters belong to one network
namespace.
"""

import time

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import bounded

# Shares of time are told to 5 %. A sample takes 0.6 ms (measured, 6.18), so a window of any length costs the host 13
# ms.
INTERVALS = 20
SHORTEST_INTERVAL = 0.1  # seconds; so the shortest windows have fewer samples


def observe(seconds, read_memory, read_counters, clock=time.monotonic, sleep=time.sleep):
    """Sample for *seconds* and return {seconds, samples, counters}; nothing of it is judged here.

    samples: [{"seconds": since the start, "tcp", "udp"}, …]. counters: {name: by how much it rose}. read_memory:
    returns the facts tcp and udp as they are now. read_counters: returns {name: number or None}. To wait between the
    samples is what a window is; tests pass a clock and a sleep of their own.
    """
    intervals = max(1, min(INTERVALS, int(round(seconds / SHORTEST_INTERVAL, 6))))
    counters = read_counters()
    start = clock()
    samples = [dict(read_memory(), seconds=0.0)]
    for number in range(1, intervals + 1):
        sleep(max(0.0, start + seconds * number / intervals - clock()))
        at = round(clock() - start, 6)
        samples.append(dict(read_memory(), seconds=at))
    return {"seconds": samples[-1]["seconds"], "samples": samples, "counters": deltas(counters, read_counters())}


def deltas(before, after):
    """Return {name: by how much it rose, or None} for two readings {name: number or None} of the same counters."""
    return {name: _delta(before.get(name), after[name]) for name in after}


def _delta(before, after):
    """Return by how much a counter rose; None where it is missing or was set back.

    The kernel's counters are unsigned long (include/net/snmp.h): a smaller number is one that went past 32 or 64 bits.
    """
    if before is None or after is None:
        return None
    if after >= before:
        return bounded(after - before)
    for modulus in (1 << 32, 1 << 64):
        if before < modulus:
            rise = after - before + modulus
            return rise if rise < modulus // 2 else None
    return None
