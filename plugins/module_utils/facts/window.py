# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fact "window": what the samples of an observation say of usage, states and pressure."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import threshold
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import (
    tcp_state,
    udp_state,
    under_pressure,
)

TRENDS = ("steady", "rising", "falling")


def window(observed, error_bound, page_size):
    """Return the fact from what host.observation.observe() returned.

    error_bound: pages by which the true memory may differ from what the kernel counts; a trend is one of the true
    memory. page_size: bytes, or None. under_pressure: the share is of the time that could be read;
    unreadable_seconds is the rest, in which neither flag nor usage could be. With two samples, of which not both saw
    pressure, it is the time of the episodes that ended in the window.
    """
    samples, lasted = observed["samples"], observed["seconds"]
    # What a sample saw stands for the time until the next one.
    lengths = [
        max(0.0, after["seconds"] - before["seconds"]) for before, after in zip(samples, samples[1:] + samples[-1:])
    ]
    tcp, udp = [one["tcp"] for one in samples], [one["udp"] for one in samples]
    tcp_states = [state_of_tcp(one) for one in tcp]
    verdicts = list(zip(lengths, [under_pressure(state, one["kernel_flag"]) for state, one in zip(tcp_states, tcp)]))
    pressed = sum((length for length, under in verdicts if under), 0.0)
    readable = sum((length for length, under in verdicts if under is not None), 0.0)
    told = any(under is not None for _length, under in verdicts)
    if len(samples) == 2 and not all(under for _length, under in verdicts):
        # Nobody looked in between: what is known are the episodes that ended.
        pressed = min(readable, (observed["counters"].get("TCPMemoryPressuresChrono") or 0) / 1000.0)
    return {
        "seconds": round(lasted, 3),
        "samples": len(samples),
        "tcp": dict(
            _pool(tcp, tcp_states, lengths, error_bound),
            under_pressure={
                "seconds": round(pressed, 3) if told else None,
                "share": round(pressed / readable, 3) if readable else None,
                "unreadable_seconds": round(max(0.0, lasted - readable), 3),
            },
        ),
        "udp": _pool(udp, [state_of_udp(one, page_size) for one in udp], lengths, error_bound),
        "counters": observed["counters"],
    }


def state_of_tcp(tcp):
    """Return the state of the fact tcp."""
    return tcp_state(
        tcp["used"]["pages"], [threshold(tcp, name) for name in ("low", "pressure", "high")], tcp["kernel_flag"]
    )


def state_of_udp(udp, page_size):
    """Return the state of the fact udp on a host with *page_size* bytes, or None, in a page."""
    return udp_state(udp["used"]["pages"], threshold(udp, "low"), page_size)


def _pool(samples, states, lengths, error_bound):
    """Return usage and states of a pool over its *samples*, each of which lasted one of *lengths* seconds."""
    used = [one["used"] for one in samples]
    first, last = used[0], used[-1]
    change = {
        unit: None if None in (first[unit], last[unit]) else last[unit] - first[unit] for unit in ("pages", "bytes")
    }
    spans = []
    for length, state in zip(lengths, states):
        if not spans or spans[-1]["state"] != state:
            spans.append({"state": state, "seconds": 0.0})
        spans[-1]["seconds"] += length
    for one in spans:
        one["seconds"] = round(one["seconds"], 3)
    moved = change["pages"]
    return {
        "used": {
            "first": first,
            "peak": max(used, key=lambda one: -1 if one["pages"] is None else one["pages"]),
            "last": last,
            "change": change,
        },
        "trend": None
        if moved is None
        else "steady"
        if abs(moved) <= error_bound
        else "rising"
        if moved > 0
        else "falling",
        "states": spans,
    }
