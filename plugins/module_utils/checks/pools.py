# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the facts say of the memory of TCP and UDP, in numbers and in a sentence."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import (
    TCP_DROPPED,
    TCP_LACKED,
    UDP_DROPPED,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import UNDER_PRESSURE
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes, times

# state: its effect
EFFECTS = {
    "soft": "the usage is at or above low, send buffers no longer grow, nor receive buffers where data does not fit",
    "imminent": "the usage is above pressure, the kernel raises its flag at the next charge",
    "pressure": "windows stop growing, queues are pruned, sockets above high / number of sockets lose data",
    "recovering": "the usage fell, but the kernel restricts TCP until it is at or below low",
    "stale": "the usage is below low, but the kernel still restricts TCP",
    "critical": "the usage is above high: charges are refused, data is dropped, writers wait, orphans are reset",
}
# Segments a second, in and out, that are no work. Keep-alives and acknowledgements move without a charge
# (net/ipv4/tcp_output.c tcp_xmit_probe_skb, __tcp_send_ack). One connection that is probed each second, the most often
# that TCP_KEEPINTVL allows, moves four over loopback and leaves the flag as it is (measured, 6.18); beside it there is
# room for the connection that reads the facts.
IDLE_SEGMENTS = 10
FEW_SOCKETS = 10  # that are closed, or not yet in use
REFUSALS = {"tcp": TCP_LACKED + TCP_DROPPED, "udp": UDP_DROPPED}
ROUNDING = 0.001  # seconds, to which the facts give the time in a state


def threshold(pool, name, unit="pages"):
    """Return a threshold of the fact tcp or udp in *unit*, None where it is absent or its size is not known."""
    return (pool["thresholds"][name] or {}).get(unit)


def describe_tcp(tcp):
    """Return what the fact tcp says in one sentence: "TCP memory is normal: 4.7 MiB of 1.4 GiB (0.3 % of high),
    kernel flag no.".
    """
    sizes = "%s in use" % human_bytes(tcp["used"]["bytes"])
    high = threshold(tcp, "high", "bytes")
    if None not in (tcp["percent_of_high"], high):
        sizes = "%s of %s (%.1f %% of high)" % (
            human_bytes(tcp["used"]["bytes"]),
            human_bytes(high),
            tcp["percent_of_high"],
        )
    words = {
        "pressure": "under pressure",
        None: "in an unknown state, because its thresholds or its usage cannot be read",
    }
    flag = {True: "yes", False: "no", None: "unreadable"}[tcp["kernel_flag"]]
    effect = "; %s" % EFFECTS[tcp["state"]] if tcp["state"] in EFFECTS else ""
    return "TCP memory is %s: %s, kernel flag %s%s." % (words.get(tcp["state"], tcp["state"]), sizes, flag, effect)


def spans(facts, name):
    """Return [(state, seconds), …] of the window, or the one state of a single look, of *name*: "tcp" or "udp"."""
    if "window" in facts:
        return [(one["state"], one["seconds"]) for one in facts["window"][name]["states"]]
    return [(facts[name]["state"], 0.0)]


def unreadable_seconds(facts, name):
    """Return for how many seconds of the window nothing could be read of *name*.

    A network namespace of its own has no thresholds, and so no state: there only the kernel's flag shows the state of
    TCP, and nothing shows that of UDP.
    """
    if "window" not in facts:
        return 0.0
    told = (facts["window"][name].get("under_pressure") or {}).get("unreadable_seconds")
    if told is None and facts.get("network_namespace") != "other":
        told = sum(seconds for state, seconds in spans(facts, name) if state is None)
    return told or 0.0


def has_two_looks(facts):
    """Return whether a window is seen at its two ends only: between them there is what the kernel counts."""
    return "window" in facts and facts["window"]["samples"] == 2


def is_held(facts, name, states, sustained):
    """Return whether *states* are held when they were read last, and for the share *sustained* of the time that could
    be read.

    Of the share 0, any moment is enough. Time that could not be read is in no share. With two looks a state is held
    that both see. One that only the second sees is held too where the kernel counted episodes of pressure that fill
    the share and have ended, or refused memory in that state.
    """
    seen = spans(facts, name)
    if not sustained:
        return any(state in states for state, _seconds in seen)
    readable = sum(seconds for _state, seconds in seen) - unreadable_seconds(facts, name)
    held = sum(seconds for state, seconds in seen if state in states)
    last = next((state for state, _seconds in reversed(seen) if state is not None), None)
    if has_two_looks(facts) and last in states and seen[0][0] not in states:
        if last == "critical":
            return bool(rose(facts, REFUSALS[name]))
        held = finished_seconds(facts) if name == "tcp" and last in UNDER_PRESSURE else held
    return last in states and held + ROUNDING >= sustained * readable


def finished_seconds(facts):
    """Return the seconds of episodes of pressure that ended in the window, no more than it has.

    TCPMemoryPressuresChrono is in milliseconds and grows when the flag is cleared (net/ipv4/tcp.c
    tcp_leave_memory_pressure), by a whole episode, wherever that began.
    """
    counted = rose(facts, ("TCPMemoryPressuresChrono",)) or 0
    return min(counted / 1000.0, facts["window"]["seconds"])


def elsewhere(facts):
    """Return how many TCP sockets are in other network namespaces, whose counters are not read; 0 where there are
    hardly any.

    net/ipv4/proc.c sockstat_seq_show: alloc counts all namespaces, inuse this one. Some sockets are in neither.
    """
    sockets = facts["tcp"]["sockets"]
    numbers = [sockets[name] for name in ("allocated", "in_use", "orphaned")]
    if None in numbers:
        return 0
    left = numbers[0] - numbers[1] - numbers[2]
    return left if left > max(FEW_SOCKETS, numbers[0] // 4) else 0


def rose(facts, names):
    """Return by how much the counters *names* rose in the window together; None without a window, and where nothing is
    known of any of them.
    """
    known = [facts["window"]["counters"].get(name) for name in names] if "window" in facts else []
    known = [number for number in known if number is not None]
    return sum(known) if known else None


def is_still(facts):
    """Return whether in the window no more moved than a connection that nobody uses: True, False, or None where that
    is not known.

    Counters belong to one network namespace, so another one may still work.
    """
    moved = rose(facts, ("TcpInSegs", "TcpOutSegs"))
    return None if moved is None else moved <= IDLE_SEGMENTS * facts["window"]["seconds"]


def held_since(facts, states):
    """Return since when TCP is in one of *states* in the window, and how often it entered pressure, as a sentence;
    "" without a window.
    """
    if "window" not in facts:
        return ""
    window, seen, seconds = facts["window"], spans(facts, "tcp"), 0.0
    for state, length in reversed(seen):
        if state not in states:
            break
        seconds += length
    since = "has been so for at least %.1f seconds, the whole window" % window["seconds"]
    if not all(state in states for state, _length in seen):
        since = "has been so for %.1f seconds, %.1f of %.1f in all" % (
            seconds,
            sum(length for state, length in seen if state in states),
            window["seconds"],
        )
    if has_two_looks(facts):
        since = "was so at both ends of %.1f seconds" % window["seconds"]
        if seen[0][0] not in states:
            since = "is so at the end of %.1f seconds, after %.1f seconds of pressure that had ended" % (
                window["seconds"],
                finished_seconds(facts),
            )
    entered, trend = window["counters"].get("TCPMemoryPressures"), window["tcp"]["trend"]
    return "It %s%s; %swith a peak of %s." % (
        since,
        ", entered %s" % times(entered) if entered else "",
        "%s, " % trend if trend else "",
        human_bytes(window["tcp"]["used"]["peak"]["bytes"]),
    )


def pressure_bounds(tcp):
    """Return where pressure begins and ends, as a sentence; "" where that is not known."""
    low, pressure = threshold(tcp, "low", "bytes"), threshold(tcp, "pressure", "bytes")
    if None in (low, pressure):
        return ""
    return "Pressure begins above %s and ends at %s or below." % (human_bytes(pressure), human_bytes(low))
