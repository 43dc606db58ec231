# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of socket memory: the state of TCP and UDP, orphans, TIME-WAIT, control groups, the kernel log.

The data are the facts of a host, and "rules": see gate.RULES.
"""

import collections

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import Check
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import (
    describe_tcp,
    has_two_looks,
    held_since,
    is_held,
    is_still,
    pressure_bounds,
    rose,
    spans,
    threshold,
    unreadable_seconds,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import (
    TCP_DROPPED,
    TCP_LACKED,
    UDP_DROPPED,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import counts_in_pages
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import TCP_STATES, UNDER_PRESSURE
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes, sentences, times

# net/ipv4/tcp.c tcp_too_many_orphans: in timers an orphan whose peer does not answer counts twice, after a soft error
# four times. __tcp_close asks after it counted the orphan that it makes, and does not ask for unsent data.
ORPHAN_EFFECTS = (
    (
        1,
        "the kernel resets every connection that a program closes before the peer acknowledged all of it and its end "
        "(FIN), responses in flight included",
    ),
    (2, "the kernel resets those whose peer does not answer"),
    (4, "the kernel resets those whose peer does not answer and that met an error"),
)
FIND_ORPHANS = "Find who closes connections with unsent data to slow peers; do not lower tcp_max_orphans."
STALLED = 10  # percent of the time that a control group waits for memory; some of it is how memory.high works
FULL = (
    0.9  # of a limit of control groups version 1: the charge that does not fit is refused, so the usage stays below it
)
# state: severity, remedy
TCP_FINDINGS = {
    "normal": ("info", ""),  # only where a user chose it as a state that fails or warns
    "soft": ("warning", "Raise tcp_mem before the load grows: the peak should stay below low."),
    "imminent": ("warning", "Find the sockets that hold the memory (ss -tm) and raise tcp_mem if there is room."),
    "pressure": ("error", "Find the sockets that hold the memory (ss -tm); raise tcp_mem if there is room."),
    "recovering": ("error", "Wait until it is at low or below, or raise tcp_mem so that low is above it."),
    "stale": ("warning", "Observe it in a window while it works: that tells whether it lasts."),
    "critical": (
        "error",
        "Free memory now: restart the reader that fell behind (ss -tm), or raise tcp_mem if there is room.",
    ),
}


Sign = collections.namedtuple("Sign", "severity text remedy")
# What the window or the kernel says of a state beyond its numbers. None: the severity, the remedy of the state stay.
SIGNS = {
    # net/core/sock.c sk_page_frag_refill, net/ipv4/tcp.c tcp_stream_alloc_skb: they raise the flag whatever is used.
    "no-pages": Sign(
        "error",
        "It lasts while segments move, so page allocation fails: the host lacks memory, tcp_mem is not the cause.",
        "Look at the counter PFMemallocDrop, at allocstall in /proc/vmstat and for 'page allocation failure' in the "
        "kernel log; free memory or raise vm.min_free_kbytes. tcp_mem changes nothing here.",
    ),
    "not-charged": Sign(
        None,
        "Nobody was charged since the usage fell, or since tcp_mem was raised: the next charge clears the flag.",
        "Nothing, if the host is idle; any data that moves over TCP clears the flag.",
    ),
    "one-look": Sign(None, "The next charge clears the flag; if it does not, page allocation fails.", None),
    # net/core/sock.c sk_mem_uncharge before Linux 6.0: it gives back from SK_RECLAIM_THRESHOLD, 2 MiB, on. Measured on
    # 4.18: 3,018 pages and the flag outlast the load by minutes, a little traffic ends both in 2 seconds.
    "kept": Sign(
        "warning",
        "Nothing moved in the window and nothing was refused. This kernel keeps up to 2 MiB for each connection that "
        "had a burst, so the load seems to be over.",
        "A little traffic on those sockets, or closing them, frees the memory. If ss -tm shows data that nobody reads, "
        "find its readers.",
    ),
    "may-be-kept": Sign(
        None,
        "Numbers alone cannot tell whether the load goes on: this kernel keeps up to 2 MiB for each connection that "
        "had a burst.",
        None,
    ),
    None: Sign(None, "", None),
}


def _held_states(data):
    """Return the states among which the one that TCP is in is held: those that fail, or else those that warn. None
    where it is in neither.
    """
    for states in (data["rules"]["fail_states"], data["rules"]["warn_states"]):
        if data["tcp"]["state"] in states and is_held(data, "tcp", states, data["rules"]["sustained"]):
            return states
    return None


def _tcp_state(state):
    """Return the rule that TCP is in *state*."""

    def rule(data):
        tcp = data["tcp"]
        states = _held_states(data) if tcp["state"] == state else None
        if states:
            sign = _sign(data)
            severity = "error" if state in data["rules"]["fail_states"] else "warning"
            evidence = {name: tcp[name] for name in ("state", "used", "thresholds", "kernel_flag", "percent_of_high")}
            evidence.update(since=held_since(data, states), sign=sign, segments=rose(data, ("TcpInSegs", "TcpOutSegs")))
            yield None, evidence, SIGNS[sign].severity or severity

    return rule


def _sign(data):
    """Return the key of SIGNS for the state in which TCP is."""
    state = data["tcp"]["state"]
    if state == "stale":
        if is_still(data) is None:
            return "one-look"
        lasts = spans(data, "tcp")[0][0] == state and is_held(data, "tcp", (state,), data["rules"]["sustained"])
        return "no-pages" if lasts and not is_still(data) else "not-charged" if is_still(data) else "one-look"
    if state in UNDER_PRESSURE and counts_in_pages(data.get("kernel")) is False:
        if "window" not in data:
            return "may-be-kept"
        if is_still(data) and not rose(data, TCP_LACKED + TCP_DROPPED) and _is_unchanged(data["window"]["tcp"]["used"]):
            return "kept"
    return None


def _is_unchanged(used):
    """Return whether the usage of a window is the same at its beginning, at its end and at the most."""
    return used["first"]["pages"] == used["peak"]["pages"] == used["last"]["pages"]


def _tcp_unknown(data):
    if data["tcp"]["state"] is None and data["tcp"]["kernel_flag"] is None:
        yield None, {}


def _tcp_partly_unknown(data):
    seconds = unreadable_seconds(data, "tcp")
    if seconds and not (data["tcp"]["state"] is None and data["tcp"]["kernel_flag"] is None):
        yield None, {"unreadable_seconds": seconds, "seconds": data["window"]["seconds"]}


def _tcp_flag_unreadable(data):
    if data["tcp"]["kernel_flag"] is None and data["tcp"]["state"] is not None:
        yield None, {"state": data["tcp"]["state"]}


def _tcp_spike(data):
    """Yield failing states that were seen in the window but did not last, or were only counted by the kernel."""
    fails, seen = data["rules"]["fail_states"], spans(data, "tcp")
    if _held_states(data) == fails or data["tcp"]["state"] is None and data["tcp"]["kernel_flag"] is None:
        return
    states = [state for state in TCP_STATES if state in fails and state in [one for one, _seconds in seen]]
    entered = rose(data, ("TCPMemoryPressures",))
    explained = data["tcp"]["state"] == "stale" and _held_states(data)  # by a finding that tells of it too
    if states or entered and "pressure" in fails and not explained:
        held = sum(seconds for state, seconds in seen if state in states)
        severity = "warning" if data["rules"]["sustained"] else "error"
        yield (
            None,
            {
                "states": states,
                "held_seconds": None if has_two_looks(data) else held,
                "seconds": data["window"]["seconds"],
                "entered": entered,
                "is_over": seen[-1][0] not in states,
            },
            severity,
        )


def _spike_message(_subject, found):
    if not found["states"]:
        return "The kernel entered pressure %s within %.1f seconds, too briefly to be seen." % (
            times(found["entered"]),
            found["seconds"],
        )
    if found["held_seconds"] is None:
        states, seconds = " and ".join(found["states"]), found["seconds"]
        return (
            "It was in %s at the beginning of %.1f seconds, and is no longer." % (states, seconds)
            if found["is_over"]
            else "It is in %s at the end of %.1f seconds, and was not at their beginning." % (states, seconds)
        )
    over = ", and is no longer" if found["is_over"] else ""
    return "It was in %s for %.1f of %.1f seconds%s." % (
        " and ".join(found["states"]),
        found["held_seconds"],
        found["seconds"],
        over,
    )


def _udp_critical(data):
    if is_held(data, "udp", ("critical",), data["rules"]["sustained"]):
        drops = rose(data, UDP_DROPPED)
        evidence = dict({name: data["udp"][name] for name in ("used", "thresholds")}, drops=drops)
        severity = {"fail": "error" if drops else "warning", "warn": "warning", "ignore": "info"}
        yield None, evidence, severity[data["rules"]["udp"]]


def _udp_critical_message(_subject, found):
    used, limit = human_bytes(found["used"]["bytes"]), human_bytes(threshold(found, "low", "bytes"))
    said = "UDP memory is at its only limit, udp_mem[0]: %s of %s" % (used, limit)
    if found["drops"]:
        return "%s, and %d datagrams were dropped in the window." % (said, found["drops"])
    return "%s; a large datagram no longer fits and is dropped." % said


def _udp_unknown(data):
    seconds = unreadable_seconds(data, "udp")
    if seconds or data["udp"]["state"] is None and data.get("network_namespace") != "other":
        yield None, {"unreadable_seconds": seconds, "seconds": data["window"]["seconds"] if seconds else None}


def _udp_unknown_message(_subject, found):
    when = "For %.1f of %.1f seconds" % (found["unreadable_seconds"], found["seconds"]) if found["seconds"] else "Now"
    return "%s the memory of UDP or its limit could not be read, so its state is not known." % when


def _of_limit(name):
    """Return the rule that the count of *name*, "orphans" or "time_wait", reaches a part of its limit."""

    def rule(data):
        count, limit = data["tcp"][name]["count"], data["tcp"][name]["limit"]
        if None in (count, limit) or limit <= 0:
            return
        percent = 100.0 * count / limit
        for severity, word in (("error", "fail"), ("warning", "warn")):
            if 0 < data["rules"]["%s_%s_percent" % (name, word)] <= percent:
                yield None, {"count": count, "limit": limit, "percent": round(percent, 1)}, severity
                return

    return rule


def _orphans_message(_subject, found):
    # The next one that is closed makes one more of them.
    effect = next(
        (
            ": " + effect
            for weight, effect in ORPHAN_EFFECTS
            if found["count"] * weight > found["limit"] or weight == 1 and found["count"] == found["limit"]
        ),
        "",
    )
    return "%d orphaned connections are %.0f %% of tcp_max_orphans%s." % (found["count"], found["percent"], effect)


def _cgroup_pressure(data):
    for group in (data["cgroups"] or {}).get("groups", []):
        signs = [
            "%s %s" % (name, times(number))
            for name, number in sorted(group.get("events_in_window", {}).items())
            if number and name != "low"
        ]
        if (group["stalled_percent"] or 0) >= STALLED:
            signs.append("waiting for memory %.0f %% of the time" % group["stalled_percent"])
        if (
            group["memory_bytes"] is None
            and group["max_bytes"] is not None
            and group["socket_bytes"] >= FULL * group["max_bytes"]
        ):
            signs.append("its sockets are at their limit of %s" % human_bytes(group["max_bytes"]))
        if signs:
            yield group["path"], {"socket_bytes": group["socket_bytes"], "signs": signs}


def _is_unreadable(part):
    """Return the rule that *part* of the facts was asked for and could not be read."""

    def rule(data):
        if part in data and data[part] is None:
            yield None, {}

    return rule


def _kernel_log(data):
    for message in data["kernel_log"]:
        if message["last_age_seconds"] <= data["rules"]["kernel_log_seconds"]:
            yield None, message


CHECKS = tuple(
    Check(
        "tcp-" + state,
        severity,
        ("tcp",),
        _tcp_state(state),
        lambda _subject, found: sentences(
            [describe_tcp(found), found["since"], SIGNS[found["sign"]].text, pressure_bounds(found)]
        ),
        lambda _subject, found, remedy=remedy: SIGNS[found["sign"]].remedy or remedy,
    )
    for state, (severity, remedy) in TCP_FINDINGS.items()
) + (
    Check(
        "tcp-unknown",
        "error",
        ("tcp",),
        _tcp_unknown,
        "Neither the flag nor the usage can be read, so the state of the host is not known.",
        "Let /proc/net/protocols and /proc/net/sockstat be read.",
    ),
    Check(
        "tcp-partly-unknown",
        "warning",
        ("tcp",),
        _tcp_partly_unknown,
        lambda _subject, found: (
            "For %.1f of %.1f seconds neither the flag nor the usage could be read, so the state in that time is not "
            "known." % (found["unreadable_seconds"], found["seconds"])
        ),
        "Let /proc/net/protocols and /proc/net/sockstat be read, and observe it again.",
    ),
    Check(
        "tcp-spike",
        "warning",
        ("tcp", "window"),
        _tcp_spike,
        _spike_message,
        "Observe it for longer, and find the sockets that hold the memory (ss -tm) while it lasts.",
    ),
    Check(
        "tcp-flag-unreadable",
        "warning",
        ("tcp",),
        _tcp_flag_unreadable,
        lambda _subject, found: (
            "The kernel's pressure flag cannot be read; the state %r comes from numbers alone." % found["state"]
        ),
        "Let /proc/net/protocols be read: between low and pressure, numbers alone cannot show the state.",
    ),
    Check(
        "udp-critical",
        "warning",
        ("udp",),
        _udp_critical,
        _udp_critical_message,
        "Find the sockets whose readers fell behind (ss -um) and raise udp_mem.",
    ),
    Check(
        "udp-unknown",
        "warning",
        ("udp",),
        _udp_unknown,
        _udp_unknown_message,
        "Let /proc/net/sockstat and /proc/sys/net/ipv4/udp_mem be read.",
    ),
    Check("tcp-orphans", "warning", ("tcp",), _of_limit("orphans"), _orphans_message, FIND_ORPHANS),
    Check(
        "tcp-time-wait",
        "warning",
        ("tcp",),
        _of_limit("time_wait"),
        lambda _subject, found: (
            "%d connections in TIME-WAIT are %.0f %% of tcp_max_tw_buckets; past the limit they end without."
            % (found["count"], found["percent"])
        ),
        "Let clients keep their connections, or raise tcp_max_tw_buckets: each costs 256 bytes, none of it of tcp_mem.",
    ),
    Check(
        "cgroups-unreadable",
        "warning",
        (),
        _is_unreadable("cgroups"),
        "The control groups cannot be read.",
        "Run it as root, outside of containers.",
    ),
    Check(
        "cgroup-pressure",
        "warning",
        ("cgroups",),
        _cgroup_pressure,
        lambda path, found: (
            "The control group %s holds %s in sockets and is short of memory (%s): the kernel restricts them, "
            "whatever its flag says." % (path, human_bytes(found["socket_bytes"]), ", ".join(found["signs"]))
        ),
        lambda path, _found: "Raise the memory limit of %s or relieve it." % path,
    ),
    Check(
        "kernel-log-unreadable",
        "warning",
        (),
        _is_unreadable("kernel_log"),
        "The kernel log cannot be read.",
        "Run it as root, outside of containers.",
    ),
    Check(
        "kernel-log",
        "warning",
        ("kernel_log",),
        _kernel_log,
        lambda _subject, found: (
            'The kernel said "%s" %s, last %.0f seconds ago.'
            % (found["text"], times(found["count"]), found["last_age_seconds"])
        ),
        FIND_ORPHANS,
    ),
)
