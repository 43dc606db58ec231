# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shape of the facts, which stands here once: what a host answers is checked against it, and so is what a cache or
a file gives back.

Facts may be partial. A part that was not gathered is absent; inside of a part, what is not known is null.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import MOST_TOLD, SMALLEST
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import SEVERITIES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.window import TRENDS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.control_groups import MOST_GROUPS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.kernel_log import MESSAGES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.observation import INTERVALS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import COUNTER_NAMES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import TCP_STATES, UDP_STATES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, THRESHOLDS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import (
    checked,
    choice,
    either,
    flag,
    integer,
    items,
    mapping,
    nullable,
    number,
    record,
    text,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import PROFILE_NAMES

EVIDENCE_DEPTH = 4  # the evidence of a finding holds parts of the facts
LONGEST_NAME = 100  # characters, of what is a word and no sentence or path


def _all(shape, names):
    """Return the shape of a dictionary with all of *names*, each in the same *shape*."""
    return record({name: shape for name in names})


def _some(shape_of, names):
    """Return the shape of a dictionary with any of *names*."""
    return record(**{name: shape_of(name) for name in names})


def _setting(key):
    """Return the shape of a value of the managed *key*, as sysctl_keys.parse_value gives it."""
    return (
        items(integer(SMALLEST), len(KEYS[key].fields), len(KEYS[key].fields))
        if KEYS[key].fields
        else integer(SMALLEST)
    )


def _anything(depth):
    """Return the shape of any data that nests no deeper than *depth*."""
    plain = (text(), number(SMALLEST), flag(), {"type": ["null"]})
    return either(items(_anything(depth - 1)), mapping(_anything(depth - 1)), *plain) if depth else either(*plain)


COUNT = nullable(integer(SMALLEST))  # the kernel prints -1 for what it does not count
SIZE = record({"pages": nullable(integer(SMALLEST)), "bytes": nullable(integer(SMALLEST))})
POOL = {"used": SIZE, "thresholds": _all(nullable(SIZE), THRESHOLDS)}
TCP = record(
    dict(
        POOL,
        state=nullable(choice(*TCP_STATES)),
        kernel_flag=nullable(flag()),
        percent_of_high=nullable(number(SMALLEST)),
        error_bound=SIZE,
        sockets=_all(COUNT, ("in_use", "orphaned", "time_wait", "allocated")),
        orphans=_all(COUNT, ("count", "limit")),
        time_wait=_all(COUNT, ("count", "limit")),
    )
)
UDP = record(dict(POOL, state=nullable(choice(*UDP_STATES)), sockets=_all(COUNT, ("in_use",))))
LIMITS = _some(lambda key: nullable(_setting(key)), KEYS)
COUNTERS = _some(lambda name: nullable(integer()), COUNTER_NAMES)


def _lines(key):
    """Return the shape of what sysctl.d says of *key*: a value, or the text that the kernel refuses or takes in
    part, and where it stands.
    """
    line = {"value": either(_setting(key), text()), "file": text(), "line": integer(1)}
    programs = {"procps": record(line), "tuned": record(line)}
    return dict(line, overrides=items(record(line))), programs


def _boot(key):
    required, programs = _lines(key)
    return record(required, overrides_left_out=integer(), **programs)


def _window(states, **more):
    """Return the shape of what a window saw of a protocol."""
    span = record({"state": nullable(choice(*states)), "seconds": number()})
    return record(
        dict(
            {
                "used": _all(SIZE, ("first", "peak", "last", "change")),
                "trend": nullable(choice(*TRENDS)),
                "states": items(span, least=1),
            },
            **more,
        )
    )


WINDOW = record(
    {
        "seconds": number(),
        "samples": integer(),
        "counters": COUNTERS,
        "udp": _window(UDP_STATES),
        "tcp": _window(TCP_STATES, under_pressure=_all(nullable(number()), ("seconds", "share", "unreadable_seconds"))),
    }
)
# What a host answers instead: its samples, of which the window is made.
SAMPLE = record({"seconds": number(), "tcp": TCP, "udp": UDP})
OBSERVED = record({"seconds": number(), "samples": items(SAMPLE, INTERVALS + 1, 1), "counters": COUNTERS})
MANAGER = record(
    {
        "name": text(LONGEST_NAME),
        "active": nullable(flag()),
        "keys": items(choice(*KEYS), len(KEYS)),
        "evidence": text(),
    }
)
EVENTS = _some(
    lambda name: nullable(integer()),
    ("low", "high", "max", "oom", "oom_kill", "oom_group_kill", "sock_throttled", "failcnt"),
)
CGROUP = record(
    {
        "path": text(),
        "socket_bytes": integer(),
        "memory_bytes": nullable(integer()),
        "high_bytes": nullable(integer()),
        "max_bytes": nullable(integer()),
        "events": EVENTS,
        "stalled_percent": nullable(number()),
    },
    events_in_window=EVENTS,
)
MESSAGE = record(
    {"text": choice(*MESSAGES), "count": integer(), "first_age_seconds": number(), "last_age_seconds": number()}
)
FINDING = record(
    {
        "id": text(LONGEST_NAME),
        "severity": choice(*SEVERITIES),
        "subject": nullable(text()),
        "message": text(),
        "evidence": _anything(EVIDENCE_DEPTH),
        "remedy": text(),
    },
    silenced=text(),
)
BUDGET = record(
    {
        "memory": SIZE,
        "kernel_default": items(integer(), 3),
        "ceiling": SIZE,
        "demand": nullable(SIZE),
        "demand_bytes": nullable(_all(number(), ("connections", "orphans"))),
        "worst_case": nullable(SIZE),
        "needs": items(record({"need": text(LONGEST_NAME), "low": SIZE, "formula": text()})),
        "in_flight_bytes": nullable(number()),
        "paths": items(
            record(
                {
                    "bandwidth_mbps": number(),
                    "rtt_ms": number(),
                    "in_flight_bytes": number(),
                    "limit_mbps": number(),
                    "limit": text(),
                }
            )
        ),
        "shares": _all(SIZE, ("tcp", "udp", "structures", "rest")),
        "fits": _all(nullable(flag()), ("below_pressure", "below_pressure_with_headroom", "below_ceiling")),
    }
)
ASSIGNED = {"settings": _some(_setting, KEYS), "reasons": _some(lambda key: text(), KEYS)}  # what a drop-in is made of
RECOMMENDED = record(dict(ASSIGNED, profile=choice(*PROFILE_NAMES), budget=BUDGET, lint=items(FINDING)))
CASES = _all(nullable(integer()), ("worst_case", "default", "observed"))
CAPACITY = record(
    {
        "bytes_per_connection": _all(nullable(integer()), ("worst_case", "default", "observed", "structures")),
        "connections_until": record({"pressure": CASES, "critical": CASES, "memory_full": nullable(integer())}),
        "payload_that_fills_a_buffer": nullable(_all(integer(), ("full_segments", "one_byte_segments"))),
        "needs": nullable(
            record(
                {
                    "connections": integer(),
                    "tcp": SIZE,
                    "structures": SIZE,
                    "stays_below": nullable(choice("none", *THRESHOLDS)),
                }
            )
        ),
        "answers": items(text()),
    }
)
WARNINGS = items(text(), MOST_TOLD + 1)  # the last one says how many were left out


def _facts(window):
    """Return the shape of the facts with a *window* of this shape."""
    return record(
        {
            "monotonic_seconds": nullable(number()),
            "kernel": nullable(text(LONGEST_NAME)),
            "page_size": nullable(integer(512, 1 << 30)),
            "memory_total": nullable(integer(1)),
            "memory_usable": nullable(integer(1)),
            "network_namespace": nullable(choice("initial", "other")),
            "container": nullable(text(LONGEST_NAME)),
            "warnings": WARNINGS,
        },
        tcp=TCP,
        udp=UDP,
        sockets_used=COUNT,
        limits=LIMITS,
        limits_unreadable=_some(lambda key: text(), KEYS),
        counters=COUNTERS,
        boot=_some(_boot, KEYS),
        boot_by_others=_some(lambda key: record(**_lines(key)[1]), KEYS),
        boot_complete=flag(),
        managers=items(MANAGER),
        managers_left_out=integer(),
        recommended=nullable(RECOMMENDED),
        capacity=nullable(CAPACITY),
        findings=items(FINDING),
        findings_left_out=integer(),
        window=window,
        cgroups=nullable(
            record({"version": integer(1, 2), "groups": items(CGROUP, MOST_GROUPS)}, groups_left_out=integer())
        ),
        kernel_log=nullable(items(MESSAGE)),
    )


FACTS = _facts(WINDOW)
ANSWER = _facts(OBSERVED)  # of a host, before anything of it is judged


def checked_facts(facts, *parts):
    """Return *facts*, the value of ansible_facts.socket_memory, as FACTS describes them, with at least these *parts* of
    them.

    Raises SocketMemoryError for anything that is no such facts, without a word of it.
    """
    if not facts:
        raise refuse(
            "facts",
            "nothing",
            "the value of ansible_facts.socket_memory",
            "Gather it first: module socket_memory_facts.",
        )
    facts = checked(facts, FACTS, "facts")
    for part in parts:
        if part not in facts:
            raise refuse(
                "facts",
                "no part %s" % part,
                "the subset %s" % part,
                "Gather it too: gather_subset of the module socket_memory_facts.",
            )
    return facts


def usable_facts(facts):
    """Return *facts* as checked_facts does, None where there are none or they are no such facts: the host counts as
    not read.
    """
    try:
        return checked_facts(facts)
    except SocketMemoryError:
        return None
