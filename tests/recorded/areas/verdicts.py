# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of hosts, fleets and roll-outs: by the gate, the proof, and the comparison with before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ansible_collections.linux_net.socket_memory.tests.recorded.areas.changed_facts import (
    HIGH,
    LOW,
    PRESSURE,
    boot,
    control_group,
    facts_of,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.cases import BACKLOG, MAX, MEM, REUSE, filtered
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    drift,
    judge,
    judge_batch,
    judge_fleet,
    prove,
    regressions,
    sum_up,
    would_relieve,
)

STATES = ("normal", "soft", "imminent", "pressure", "recovering", "stale", "critical")
MOVING, STILL = {"TcpInSegs": 9000, "TcpOutSegs": 8000}, {"TcpInSegs": 1, "TcpOutSegs": 2, "PruneCalled": 0}
NEWER = "6.12.0-55.9.1.el10_0.x86_64"
MESSAGE = [{"text": "TCP: too many orphaned sockets", "count": 3, "first_age_seconds": 900.0, "last_age_seconds": 30.1}]


def gate_cases() -> dict[str, tuple[Any, ...]]:
    """Return {name: (facts, rules)}."""
    return {
        **{f"{state} at one look": (facts_of(state), None) for state in STATES},
        **{f"{state} for the whole window": (facts_of(state, window=[(state, 5.0)]), None) for state in STATES},
        **{
            f"{state} on a newer kernel, {name}": (
                facts_of(state, window=[(state, 5.0)] if counted else None, counted=counted, kernel=NEWER),
                None,
            )
            for state in ("recovering", "stale")
            for name, counted in (("at one look", None), ("moving", MOVING), ("still", STILL))
        },
        **{
            f"{state} and nothing moves": (facts_of(state, window=[(state, 5.0)], counted=STILL), None)
            for state in ("pressure", "recovering", "stale", "critical")
        },
        "stale while segments move": (facts_of("stale", window=[("stale", 5.0)], counted=MOVING), None),
        "stale at the end only, while segments move": (
            facts_of("stale", window=[("normal", 1.0), ("stale", 4.0)], counted=MOVING),
            None,
        ),
        "stale, which is to fail": (facts_of("stale"), {"fail_states": ["stale"]}),
        "pressure for half of the window": (facts_of("pressure", window=[("normal", 2.5), ("pressure", 2.5)]), None),
        "pressure for less than half": (facts_of("pressure", window=[("normal", 2.6), ("pressure", 2.4)]), None),
        "pressure at the last look": (facts_of("pressure", window=[("normal", 5.0), ("pressure", 0.0)]), None),
        "pressure at the last look, any moment fails": (
            facts_of("pressure", window=[("normal", 5.0), ("pressure", 0.0)]),
            {"sustained": 0},
        ),
        "pressure that is over": (facts_of("normal", window=[("pressure", 4.5), ("normal", 0.5)]), None),
        "pressure that is over, any moment fails": (
            facts_of("normal", window=[("pressure", 4.5), ("normal", 0.5)]),
            {"sustained": 0},
        ),
        "one failing state after the other": (
            facts_of("critical", window=[("pressure", 1.0), ("recovering", 1.5), ("critical", 2.5)]),
            {"sustained": 1},
        ),
        "a break within the window": (
            facts_of("recovering", window=[("pressure", 2.0), ("soft", 0.5), ("recovering", 2.5)]),
            {"sustained": 1},
        ),
        "a break that is tolerated": (
            facts_of("recovering", window=[("pressure", 2.0), ("soft", 0.5), ("recovering", 2.5)]),
            {"sustained": 0.9},
        ),
        "a share as text": (facts_of("pressure", window=[("normal", 4.0), ("pressure", 1.0)]), {"sustained": "0.2"}),
        "soft that ends": (facts_of("normal", window=[("soft", 4.5), ("normal", 0.5)]), None),
        "entered unseen": (facts_of("normal", window=[("normal", 5.0)], counted={"TCPMemoryPressures": 3}), None),
        "entered unseen, any moment fails": (
            facts_of("normal", window=[("normal", 5.0)], counted={"TCPMemoryPressures": 1}),
            {"sustained": 0},
        ),
        "entered unseen, pressure may be": (
            facts_of("normal", window=[("normal", 5.0)], counted={"TCPMemoryPressures": 1}),
            {"fail_states": ["critical"]},
        ),
        "no counter of entries": (
            facts_of("normal", window=[("normal", 5.0)], counted={"TCPMemoryPressures": None}),
            None,
        ),
        "all that can be said": (
            facts_of(
                "pressure",
                window=[("normal", 1.0), ("pressure", 1.0), ("recovering", 1.0), ("pressure", 2.0)],
                cgroups=control_group(socket_bytes=900 * 2**20),
                counted={"TCPMemoryPressures": 1, "PruneCalled": 7, "TCPMemoryPressuresChrono": 900},
                orphans=20000,
            ),
            None,
        ),
        "no trend": (facts_of("pressure", window=[("pressure", 5.0)], trend=None), None),
        "only critical fails, pressure warns": (
            facts_of("pressure"),
            {"fail_states": ["critical"], "warn_states": ["pressure"]},
        ),
        "recovering is nothing": (facts_of("recovering"), {"fail_states": ["critical"], "warn_states": ["pressure"]}),
        "normal fails": (facts_of("normal"), {"fail_states": ["normal"]}),
        "soft within what processors keep uncounted": (facts_of("soft", bound=11115), None),
        "not read": (None, None),
        "read in part": ({"kernel": "4.18.0"}, None),
        "a container": (facts_of(None, flag=False, tcp_mem=(None, None, None), udp=None), None),
        "a container under pressure": (facts_of("pressure", pages=1200, tcp_mem=(None, None, None), udp=None), None),
        "no flag": (facts_of("normal", flag=None), None),
        "neither flag nor usage": (facts_of(None, flag=None, pages=None), None),
        **{
            f"{count} orphans": (facts_of(orphans=count), None)
            for count in (16383, 16384, 16385, 32769, 65536, 65537, None)
        },
        "orphans that are not looked at": (
            facts_of(orphans=65537),
            {"orphans_warn_percent": 0, "orphans_fail_percent": 0},
        ),
        **{
            f"{count} of {limit} in TIME-WAIT": (facts_of(waiting=(count, limit)), None)
            for count, limit in ((65535, 65536), (65536, 65536), (None, 65536), (5, None), (5, 0))
        },
        "too many in TIME-WAIT": (facts_of(waiting=(40000, 65536)), {"time_wait_fail_percent": 50}),
        **{
            f"udp at its limit, which is to {rule}": (facts_of(udp="critical"), {"udp": rule})
            for rule in ("fail", "warn", "ignore")
        },
        **{
            f"udp at its limit and drops, which is to {rule}": (
                facts_of(
                    udp="critical",
                    window=[("normal", 5.0)],
                    udp_window=[("critical", 5.0)],
                    counted={"UdpMemErrors": 0, "UdpDrops": 386},
                ),
                {"udp": rule},
            )
            for rule in ("fail", "warn", "ignore")
        },
        "udp at its limit for the longer part": (
            facts_of(udp="critical", window=[("normal", 5.0)], udp_window=[("normal", 2.0), ("critical", 3.0)]),
            None,
        ),
        "udp at its limit for the shorter part": (
            facts_of(udp="critical", window=[("normal", 5.0)], udp_window=[("normal", 3.0), ("critical", 2.0)]),
            None,
        ),
        "a control group that meets its limit": (
            facts_of(cgroups=control_group(events_in_window={"low": 9, "high": 0, "max": 3})),
            {"cgroups": "warn"},
        ),
        "a control group that waits": (facts_of(cgroups=control_group(stalled_percent=12.5)), {"cgroups": "fail"}),
        "a control group of version 1 at its limit": (
            facts_of(cgroups=control_group(memory_bytes=None, max_bytes=8192)),
            {"cgroups": "warn"},
        ),
        "a control group that is well": (
            facts_of(cgroups=control_group(events_in_window={"low": 9, "max": 0}, stalled_percent=9.9)),
            {"cgroups": "fail"},
        ),
        "a control group that nobody asks for": (facts_of(cgroups=control_group(stalled_percent=99.0)), None),
        "no control groups": (facts_of(cgroups=None), {"cgroups": "fail"}),
        "a message of the kernel": (facts_of(kernel_log=MESSAGE), {"kernel_log": "fail"}),
        "an old message of the kernel": (
            facts_of(kernel_log=MESSAGE),
            {"kernel_log": "fail", "kernel_log_seconds": 30},
        ),
        "no kernel log": (facts_of(kernel_log=None), {"kernel_log": "fail"}),
        "several reasons, the worst first": (
            facts_of("soft", orphans=70000, kernel_log=MESSAGE),
            {"kernel_log": "warn"},
        ),
    }


def fleets() -> dict[str, tuple[Any, ...]]:
    """Return {name: (hosts, budget, active, batch, rules)}."""
    hosts = {f"host{number:02d}": facts_of() for number in range(20)}
    hosts.update(host03=facts_of("pressure"), host07=facts_of("critical"), host09=facts_of("pressure"), host12={})
    pressed = {f"host{number:03d}": facts_of("pressure") for number in range(15)}
    four = {"a": facts_of(), "b": facts_of(), "c": None, "d": None}
    return {
        **{
            f"4 of 20, budget {budget!r}": (hosts, budget, list(hosts), list(hosts), None)
            for budget in (0, 3, "3", "4", "5 %", "25%", " 50 % ", "100 %")
        },
        "only critical fails": (hosts, 1, list(hosts), list(hosts), {"fail_states": ["critical"]}),
        "many hosts": (pressed, 0, list(pressed), list(pressed), None),
        "lost hosts count, hosts to come do not": (four, 1, ["a", "c", "d"], ["a", "c"], None),
        "no host": ({}, "5 %", [], [], None),
    }


DROPIN, LATER = "/etc/sysctl.d/99-a.conf", "/etc/sysctl.d/99-b.conf"
SETTINGS = {MEM: [1, 2, 3], MAX: "4096", REUSE: 1}


def holding(
    running: dict[str, Any] | None = None, files: dict[str, Any] | None = None, **others: Any
) -> dict[str, Any]:
    """Return facts of a host that holds two keys, and a third that its namespace does not have.

    running, files: what differs from that; None takes the key out of the files.
    """
    limits = {MEM: [1, 2, 3], MAX: 4096, REUSE: None, **(running or {})}
    sets = {MEM: boot([1, 2, 3], DROPIN), MAX: boot(4096, DROPIN, 2), REUSE: boot(1, DROPIN, 3), **(files or {})}
    return {"limits": limits, "boot": {key: said for key, said in sets.items() if said}, **others}


def left(value: Any) -> dict[str, Any]:
    """Return what another program leaves."""
    return {"value": value, "file": "/etc/sysctl.conf", "line": 4}


def drifts() -> dict[str, tuple[Any, ...]]:
    """Return {name: (settings, facts)}."""
    return {
        "all is well": (SETTINGS, holding()),
        "another value runs": ({MEM: [1, 2, 3]}, holding({MEM: [1, 2, 4]})),
        "no file sets it": ({MEM: [1, 2, 3]}, holding(files={MEM: None})),
        "another file sets it": ({MEM: [1, 2, 3]}, holding(files={MEM: boot([1, 2, 4], LATER, 7)})),
        "both differ": (SETTINGS, holding({MEM: [1, 2, 4], MAX: 1}, {MEM: boot("text", LATER, 7), MAX: None})),
    }


def proofs() -> dict[str, tuple[Any, ...]]:
    """Return {name: (facts, what else prove is told)}."""
    return {
        "from the file alone": (holding(), {}),
        "a file that loses": (
            holding(files={MAX: boot(8192, LATER, 5, overrides=[{"value": 4096, "file": DROPIN, "line": 2}])}),
            {},
        ),
        "another value runs": (holding({MEM: [1, 2, 4]}), {}),
        "everything differs": (
            holding({MEM: [1, 2, 4], MAX: 8192}, {MAX: boot(8192, LATER, 5), REUSE: None}),
            {"settings": {MEM: [1, 2, 3], MAX: 4096, REUSE: 1, BACKLOG: "1k"}},
        ),
        "two reasons of one key": (
            holding({MEM: [1, 2, 4]}, {MEM: boot([5, 6, 7], LATER, 9)}),
            {"settings": {MEM: [1, 2, 3]}},
        ),
        "exceptions without reasons": (holding({MAX: 1}), {"exceptions": [MAX, REUSE]}),
        "exceptions with reasons": (holding({MAX: 1}), {"exceptions": {MAX: "owned by bpftune"}}),
        "everything is an exception": (holding({MAX: 1}), {"exceptions": [MEM, MAX, REUSE]}),
        "procps leaves another value": (holding(files={MEM: boot([1, 2, 3], DROPIN, procps=left([7, 8, 9]))}), {}),
        "procps leaves another value, strictly": (
            holding(files={MEM: boot([1, 2, 3], DROPIN, procps=left([7, 8, 9]))}),
            {"strict": True},
        ),
        "tuned leaves another value": (holding(files={MEM: boot([1, 2, 3], DROPIN, tuned=left([7, 8, 9]))}), {}),
        "tuned leaves what is wanted": (
            holding(files={MEM: boot([4, 4, 4], LATER, tuned=left([1, 2, 3]))}),
            {"settings": SETTINGS},
        ),
        "a key that another file excludes": (
            holding(
                files={MEM: None}, boot_by_others={MEM: {"procps": {"value": [1, 2, 3], "file": DROPIN, "line": 1}}}
            ),
            {},
        ),
        "not every file could be read": (holding(boot_complete=False), {}),
        "not every file could be read, strictly": (holding(boot_complete=False), {"strict": True}),
        "no such file": (holding(), {"dropin": "/etc/sysctl.d/98-none.conf"}),
        "no such file, but settings": (
            holding(),
            {"dropin": "/etc/sysctl.d/98-none.conf", "settings": {MEM: [1, 2, 3]}},
        ),
        "what the kernel would misread": (holding(files={MAX: boot("60s", DROPIN)}), {}),
        "not read": (None, {"settings": {MEM: [1, 2, 3]}}),
        "read in part": ({"limits": {}}, {}),
    }


LOST = {"unreachable": True, "msg": "timed out"}


RISEN = {
    "TCPMemoryPressures": 6,
    "TCPAbortOnMemory": 7,
    "UdpMemErrors": 8,
    "PruneCalled": 11,
    "OfoPruned": 10,
    "RcvPruned": 5,
    "TCPMemoryPressuresChrono": 5000,
    "ListenDrops": 50,
}


def comparisons() -> dict[str, tuple[Any, ...]]:
    """Return {name: (facts before, facts after)}; pairs of states are in a group of their own."""
    return {
        "nothing": (facts_of(), facts_of()),
        "lowered thresholds": (facts_of("pressure"), facts_of("critical", tcp_mem=(LOW, PRESSURE, HIGH - 1))),
        "raised thresholds": (facts_of("pressure"), facts_of("critical", tcp_mem=(LOW, PRESSURE, HIGH + 1))),
        "the flag alone": (facts_of(None, flag=False), facts_of(None, flag=True)),
        "no flag": (facts_of(None, flag=None), facts_of("pressure")),
        "no thresholds": (
            facts_of(None, flag=False, tcp_mem=(None, None, None)),
            facts_of("pressure", tcp_mem=(None, None, None)),
        ),
        "udp": (facts_of(), facts_of(udp="critical")),
        "udp as before": (facts_of(udp="critical"), facts_of(udp="critical")),
        "udp unknown before": (facts_of(udp=None), facts_of(udp="critical")),
        "every counter": (
            facts_of(counters=dict.fromkeys(RISEN, 5)),
            facts_of(counters=RISEN),
        ),
        "every counter, the pools nearly full": (
            facts_of("soft", counters=dict.fromkeys(RISEN, 5)),
            {**facts_of("soft", counters=RISEN), "udp": facts_of(udp="critical")["udp"] | {"state": "normal"}},
        ),
        "orphans that were reset": (
            facts_of(counters={"TCPAbortOnMemory": 0}),
            facts_of(counters={"TCPAbortOnMemory": 1}, orphans=16384),
        ),
        "a counter that is null": (
            facts_of(counters={"TCPMemoryPressures": None}),
            facts_of(counters={"TCPMemoryPressures": 1}),
        ),
        "a counter that went down": (
            facts_of(counters={"PruneCalled": 7, "TCPMemoryPressures": 0}),
            facts_of(counters={"PruneCalled": 0, "TCPMemoryPressures": 3}),
        ),
        "a host whose udp is in trouble": (
            facts_of(udp="critical", counters={"UdpMemErrors": 0}),
            facts_of(udp="critical", counters={"UdpMemErrors": 99}),
        ),
        "a host in trouble": (
            facts_of("pressure", counters={"TCPRcvQDrop": 0}),
            facts_of("pressure", counters={"TCPRcvQDrop": 99}),
        ),
        "several": (
            facts_of(counters={"TCPMemoryPressures": 0}),
            facts_of("critical", udp="critical", counters={"TCPMemoryPressures": 2}),
        ),
    }


# name: (state, pages in use, pages that may be miscounted, thresholds)
RELIEF = {
    "not under pressure": ("normal", 100, 0, (1, 2, 3)),
    "twice the thresholds": ("pressure", 260000, 0, (LOW * 2, PRESSURE * 2, HIGH * 2)),
    "out of pressure": ("pressure", 260000, 0, (250000, 300000, 400000)),
    "a larger high": ("pressure", 260000, 0, (LOW, PRESSURE, HIGH * 2)),
    "the same": ("pressure", 260000, 0, (LOW, PRESSURE, HIGH)),
    "a page more": ("recovering", 200000, 0, (LOW + 1, PRESSURE + 1, HIGH + 1)),
    "below low by now": ("recovering", 100, 0, (LOW + 1, PRESSURE + 1, HIGH + 1)),
    "out of critical": ("critical", 400000, 0, (300000, 390000, 410000)),
    "still critical": ("critical", 400000, 0, (200000, 260000, 390000)),
    "usage unknown": ("pressure", None, 0, (1, 2, 3)),
    "near the new low": ("recovering", 200000, 0, (199800, 266400, 399600)),
    "near the new low, as far as can be told": ("recovering", 200000, 512, (199800, 266400, 399600)),
}


def tuned(before: Any = None, after: Any = None, changed: bool = True, **differs: Any) -> dict[str, Any]:
    """Return what the role leaves of a host."""
    before = before or facts_of()
    return {
        "before": {"ansible_facts": {"socket_memory": before}},
        "result": {"changed": changed},
        "batch": None,
        "after": {"ansible_facts": {"socket_memory": after or before}},
        **differs,
    }


NOTHING = {"before": None, "result": None, "after": None, "batch": None}


def batches() -> dict[str, tuple[Any, ...]]:
    """Return {name: (hosts, active)}."""
    return {
        "all is well": ({"a": tuned()}, ["a"]),
        "one is worse off": (
            {"a": tuned(), "b": tuned(after=facts_of("pressure")), "c": tuned(changed=False)},
            ["a", "b", "c"],
        ),
        "worse off, but not changed": ({"a": tuned(after=facts_of("pressure"), changed=False)}, ["a"]),
        "lost while it was changed": ({"a": tuned(result=LOST), "b": tuned()}, ["b"]),
        "lost afterwards": ({"a": tuned() | {"after": LOST}}, ["a"]),
        "lost afterwards, not active": ({"a": tuned() | {"after": LOST}}, []),
        "lost afterwards, not changed": (
            {"a": tuned(changed=False) | {"after": {"failed": True, "msg": "killed"}}},
            ["a"],
        ),
        "the drop-in failed": ({"a": tuned(result={"failed": True}) | {"after": None}}, ["a"]),
        "not read before": ({"a": NOTHING | {"before": LOST}, "b": NOTHING}, []),
        "many": ({f"host{number:02d}": tuned(result=LOST) for number in range(12)}, []),
        "no host": ({}, []),
    }


STOP = {
    "stop": True,
    "message": "d is worse off than before: it is",
    "changed": ["d", "e"],
    "roll_back": ["d", "e"],
    "regressions": {"d": []},
}
GO_ON = {"stop": False, "message": "", "changed": ["a", "c"], "roll_back": ["a", "c"], "regressions": {}}


def summaries() -> dict[str, tuple[Any, ...]]:
    """Return {name: (hosts, active, check_mode)}."""
    return {
        "all kinds": (
            {
                "a": tuned(batch=GO_ON),
                "b": tuned(changed=False, batch=GO_ON),
                "c": tuned(batch=GO_ON),
                "d": tuned(batch=STOP),
                "e": tuned(result={"changed": False, "failed": True}, batch=STOP),
                "f": NOTHING,
            },
            ["a", "b", "f"],
            False,
        ),
        "one host": ({"a": tuned()}, ["a"], False),
        "check mode": ({"a": tuned(), "b": tuned(changed=False)}, ["a", "b"], True),
        "left as it was": ({"a": tuned(result={"changed": False, "skipped": True})}, [], False),
        "many that failed": ({f"host{number:02d}": tuned(batch=GO_ON) for number in range(12)}, [], False),
        "no host": ({}, [], False),
    }


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}."""
    return {
        "gate": {name: judge(facts, rules) for name, (facts, rules) in gate_cases().items()},
        "fleet": {name: judge_fleet(*arguments) for name, arguments in fleets().items()},
        "drift": {name: drift(*arguments) for name, arguments in drifts().items()},
        "prove": {name: prove(facts, **{"dropin": DROPIN, **options}) for name, (facts, options) in proofs().items()},
        "worse states": dict(_worse_states()),
        "regressions": {name: regressions(*facts) for name, facts in comparisons().items()},
        "would relieve": dict(_relief()),
        "batches": {name: judge_batch(*arguments) for name, arguments in batches().items()},
        "filters of a roll-out": dict(_filters()),
        "summaries": {name: sum_up(*arguments) for name, arguments in summaries().items()},
    }


def _worse_states() -> Iterator[tuple[str, Any]]:
    """Yield the message on each change of state that counts as worse."""
    for old, new in itertools.product(STATES, STATES):
        found = regressions(facts_of(old), facts_of(new))
        if found:
            yield f"{old} to {new}", found


def _filters() -> Iterator[tuple[str, Any]]:
    """Yield what the filters of the role tune_tcp say of the variables that it leaves."""
    hosts = {"a": tuned(), "b": tuned(after=facts_of("pressure"))}
    hostvars = {name: {f"tune_tcp_{short}": value for short, value in host.items()} for name, host in hosts.items()}
    yield "rollout_batch", filtered("_rollout_batch", ["a", "b"], hostvars, ["a", "b"], "tune_tcp_")
    yield "rollout_summary", filtered("_rollout_summary", ["a", "b"], hostvars, ["a", "b"], "tune_tcp_", True)


def _relief() -> Iterator[tuple[str, Any]]:
    """Yield whether thresholds are worth a try, given alone and as what the facts recommend."""
    for name, (state, pages, bound, tcp_mem) in RELIEF.items():
        facts, settings = facts_of(state, pages=pages, bound=bound), {MEM: list(tcp_mem)}
        yield name, [would_relieve(facts, settings), would_relieve(facts | {"recommended": {"settings": settings}})]
    facts = facts_of("pressure")
    yield "nothing recommended", [would_relieve(facts, {}), would_relieve(facts | {"recommended": None})]
