# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words for what sizing arrived at; everything before is numbers and the names of reasons."""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import throughput_mbps
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import format_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import (
    HEADROOM,
    ORPHAN_PENALTY,
    ORPHAN_SECONDS,
    TIME_WAIT_SECONDS,
    UNUSED_DIVISOR,
    bytes_of,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

WITH_HEADROOM = "with %d %% headroom" % (100 * HEADROOM - 100)

# reason: its words, or a function of the numbers of a proposal that returns them.
REASONS = {
    # Why tcp_mem is what it is, and what bounds it.
    "share": lambda numbers: "high is %s of usable memory" % _percent(numbers["share"]),
    "most guessed": lambda numbers: (
        ", capped at %s without a stated demand or an observed peak" % human_bytes(numbers["guessed"])
    ),
    "kernel default": "the kernel's own default",
    "demand": lambda numbers: (
        "%s of demand %s below low, where send autotuning stops: %s"
        % (human_bytes(bytes_of(numbers["demand"])), WITH_HEADROOM, _sum(numbers["demand"]))
    ),
    "observed peak": "the observed peak %s below low" % WITH_HEADROOM,
    "parts of memory": lambda numbers: (
        "low, pressure and high at 1/%d, 1/%d and 1/%d of usable memory" % tuple(1 / part for part in numbers["parts"])
    ),
    "parts of a fraction": lambda numbers: (
        "low, pressure and high at 1/4, 1/2 and all of %s of usable memory" % _percent(numbers["fraction"])
    ),
    "floor": "the smallest that lets the pressure flag clear on this number of CPUs",
    "floor of parts": ", but not below the smallest that lets the pressure flag clear on this number of CPUs",
    "ceiling": lambda numbers: ", capped: high at %s of usable memory" % _percent(numbers["ceiling"]),
    "not below default": ", but not below the kernel's own default",
    # What a demand is made of.
    "connections": lambda numbers: (
        "%d connections%s x (%s receive + %s send)"
        % (numbers["active"], _active(numbers), _side(numbers, "receive"), _side(numbers, "send"))
    ),
    "paths": lambda numbers: (
        "what is in flight, with packet overhead, %s receive + %s send"
        % (human_bytes(numbers["receive"]), human_bytes(numbers["send"]))
    ),
    "orphans": lambda numbers: "%d orphans x %s" % (numbers["orphans"], human_bytes(numbers["held"])),
    "udp sockets": lambda numbers: "%d UDP sockets x %s" % (numbers["sockets"], human_bytes(numbers["held"])),
    # udp_mem, tcp_max_orphans, tcp_max_tw_buckets
    "default is enough": "the kernel's own default is enough for ",
    "udp demand": lambda numbers: (
        " = %s %s below the first, the only one that works" % (human_bytes(numbers["demand"]), WITH_HEADROOM)
    ),
    "udp ceiling": lambda numbers: ", capped: the first at %s of usable memory" % _percent(numbers["ceiling"]),
    "closed orphans": lambda numbers: (
        "%g closed a second x %d s until a lost FIN is sent again x %d, as the kernel counts the worst"
        % (numbers["churn"], ORPHAN_SECONDS, ORPHAN_PENALTY)
    ),
    "time-wait": lambda numbers: (
        "%g closed a second x %d s of TIME-WAIT %s" % (numbers["churn"], TIME_WAIT_SECONDS, WITH_HEADROOM)
    ),
    "all at once": lambda numbers: "all %d connections at once, as when their process ends" % numbers["connections"],
    # Buffers
    "one slow peer": "one slow peer holds no more",
    "without a path": "the most that is given without a stated path",
    "little memory": "the kernel's default maximum for a host of little memory",
    "receive autotuning": "start and limit of receive autotuning",
    "send autotuning": "start and limit of send autotuning",
    "path": lambda numbers: (
        "%s in flight (%g Mbit/s x %g ms%s) times %.3g%s"
        % (
            human_bytes(numbers["in_flight"]),
            numbers["bandwidth"],
            numbers["rtt"],
            "" if numbers["flows"] == 1 else ", shared by %d connections" % numbers["flows"],
            numbers["overhead"],
            " for packet overhead" if numbers["side"] == "receive" else ", which BBR keeps; others take 2",
        )
    ),
    "largest window": ", capped by the largest window TCP can announce",
    "low of tcp_mem": ", capped at low of tcp_mem: one connection must not need more",
    "part of low": lambda numbers: (
        ", capped at 1/%d of low of tcp_mem; buffer_limit_bytes may state more" % numbers["parts"]
    ),
    "buffer limit": lambda numbers: ", capped at %s (buffer_limit_bytes)" % human_bytes(numbers["limit"]),
    "throughput": lambda numbers: "; " + throughput(numbers["window"], numbers["rtt"]),
    # What an application may ask for
    "half of autotuning": "half of what autotuning gives: the kernel doubles what an application asks for",
    "asked for": "what applications of this workload ask for",
    "receive asked": "receive buffer an application may ask for",
    "send asked": "send buffer an application may ask for",
    "raised": lambda numbers: (
        "; raised to %s, half of what autotuning gives, or what the workload asks for" % human_bytes(numbers["largest"])
    ),
    # Single settings of profiles
    "moderate": "receive buffers follow the need of each connection",
    "unsent waits": "what is not yet sent waits in the application, not in each socket",
    "unsent ages": "data that is not yet sent ages in the application, which can still replace it",
    "accept queue": "connections that wait for accept(); EL8 starts at 128",
    "accept queue of a second": "connections that wait for accept(): those of one second, as many come as are closed",
    "output limit": "as kernels since 4.20 have it: the 256 KiB of EL8 let a fast interface run dry",
    "burst": (
        "a burst of datagrams survives until a reader is scheduled: 212992 bytes are some 90 of 1000 bytes; "
        "raw, packet and netlink sockets get it too"
    ),
    "unsent orphans": "closed connections that may still hold unsent data",
    "fin timeout": "orphans in FIN-WAIT-2 go after 30 s; TIME-WAIT stays 60 s whatever is set here",
    "ports again": "outgoing connections may reuse TIME-WAIT ports, also beyond loopback; both ends need timestamps",
    "ancillary data": "ancillary data of one socket, not a total",
    # What goes over a profile
    "never lowered": "never lowered: beyond the limit the kernel resets orphans",
    "only raised": "never below what the host ran with (only_raise)",
    "profile alone": lambda numbers: "; the profile alone gives %s" % format_value(numbers["alone"]),
    "overrides": "set by overrides",
}
# need of TCP: how it comes about, with all its numbers.
FORMULAS = {
    "share": lambda numbers: "%s of %s for high" % (_percent(numbers["share"]), human_bytes(numbers["memory"])),
    "kernel default": lambda numbers: "1/%d of %s for pressure" % (numbers["divisor"], human_bytes(numbers["memory"])),
    "demand": lambda numbers: (
        "(%s + %s of processors) x %g" % (_sum(numbers["demand"]), human_bytes(numbers["uncounted"]), HEADROOM)
    ),
    "observed peak": lambda numbers: "%s x %g" % (human_bytes(numbers["peak"]), HEADROOM),
}


def sentence(proposal):
    """Return why *proposal* is what it is: the words of its reasons, one behind the other."""
    words = (REASONS[reason] for reason in proposal.reasons)
    return "".join(text(proposal.numbers) if callable(text) else str(text) for text in words)


def full_buffers(pressure_bytes, buffer_bytes):
    """Return, to be put behind a sentence, how many full buffers of *buffer_bytes* bring TCP to pressure."""
    return "; %d full buffers reach pressure" % max(1, pressure_bytes // max(1, buffer_bytes))


def throughput(window_bytes, rtt_ms):
    """Return "a window of 64 KiB at 80 ms: 6.5 Mbit/s", the rate rounded down: no path is faster than that."""
    rate = math.floor(throughput_mbps(window_bytes, rtt_ms) * 10) / 10
    return "a window of %s at %g ms: %.1f Mbit/s" % (human_bytes(window_bytes).replace(".0 ", " "), rtt_ms, rate)


def _percent(part):
    return "%.4g %%" % (100 * part)


def _sum(demand):
    return " + ".join(sentence(part) for part in demand.values())


def _side(numbers, side):
    """Return the bytes of *side* ("receive", "send") of a connection, and which part of them counts."""
    part = "" if numbers["direction"] in ("both", side) else "1/%d of " % UNUSED_DIVISOR
    return part + human_bytes(numbers[side])


def _active(numbers):
    share = numbers["share"]
    return "" if share == 1 else " (%g %% of %d, active at once)" % (100 * share, numbers["connections"])
