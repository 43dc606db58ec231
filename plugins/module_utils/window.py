# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A window of observation: socket memory sampled for some seconds, and what the kernel counted meanwhile.

Samples alone miss a short episode, and the kernel's counters alone miss one that goes on: TCPMemoryPressuresChrono is added
to only when pressure ends (net/ipv4/tcp.c tcp_leave_memory_pressure), and both counters belong to one network namespace.
"""

import time

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import bounded
from ansible_collections.linux_net.socket_memory.plugins.module_utils.states import under_memory_pressure

# Shares of time are told to 5 %. A sample takes 0.6 ms (measured, 6.18), so a window of any length costs the host 13 ms.
INTERVALS = 20
TRENDS = ("steady", "rising", "falling")
SHORTEST_INTERVAL = 0.1  # seconds; so the shortest windows have fewer samples


def observe(seconds, read_memory, read_counters, clock=time.monotonic, sleep=time.sleep):
    """Sample for *seconds* and return what was seen, in the shape of the facts' key "window".

    under_pressure: shares are of the time that could be read; unreadable_seconds is the rest, in which neither flag nor
    usage could be.

    read_memory: returns the facts tcp and udp as they are now. read_counters: returns {name: number or None}. To wait between the
    samples is what a window is; tests pass a clock and a sleep of their own.
    """
    intervals = max(1, min(INTERVALS, int(round(seconds / SHORTEST_INTERVAL, 6))))
    counters = read_counters()
    start = clock()
    samples = [(0.0, read_memory())]
    for number in range(1, intervals + 1):
        sleep(max(0.0, start + seconds * number / intervals - clock()))
        samples.append((clock() - start, read_memory()))
    lasted = samples[-1][0]
    # What a sample saw stands for the time until the next one.
    spans = [(after - before, memory) for (before, memory), (after, _next) in zip(samples, samples[1:] + samples[-1:])]
    verdicts = [(length, under_memory_pressure(memory)) for length, memory in spans]
    pressed = sum((length for length, under in verdicts if under), 0.0)
    readable = sum((length for length, under in verdicts if under is not None), 0.0)
    told = any(under is not None for _length, under in verdicts)
    return {
        "seconds": round(lasted, 3),
        "samples": len(samples),
        "tcp": dict(_protocol(spans, "tcp"), under_pressure={
            "seconds": round(pressed, 3) if told else None, "share": round(pressed / readable, 3) if readable else None,
            "unreadable_seconds": round(lasted - readable, 3)}),
        "udp": _protocol(spans, "udp"),
        "counters": deltas(counters, read_counters()),
    }


def _protocol(spans, name):
    """Return usage and states of *name* over *spans*, a list of (seconds, memory)."""
    used = [memory[name]["used"] for _length, memory in spans]
    first, last = used[0], used[-1]
    change = {unit: None if None in (first[unit], last[unit]) else last[unit] - first[unit] for unit in ("pages", "bytes")}
    states = []
    for length, memory in spans:
        if not states or states[-1]["state"] != memory[name]["state"]:
            states.append({"state": memory[name]["state"], "seconds": 0.0})
        states[-1]["seconds"] += length
    for one in states:
        one["seconds"] = round(one["seconds"], 3)
    bound = spans[-1][1]["tcp"]["error_bound"]["pages"] or 0  # TCP and UDP are counted alike
    return {
        "used": {"first": first, "peak": max(used, key=lambda one: -1 if one["pages"] is None else one["pages"]), "last": last, "change": change},
        "trend": None if change["pages"] is None else "steady" if abs(change["pages"]) <= bound else "rising" if change["pages"] > 0 else "falling",
        "states": states,
    }


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
