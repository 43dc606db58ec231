# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a fleet, and the drop-in that the template of the role tune_tcp gives."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

from ansible_collections.linux_net.socket_memory.tests.recorded.areas.changed_facts import facts_of, healthy
from ansible_collections.linux_net.socket_memory.tests.recorded.areas.recommendations import (
    LIKE,
    PROFILES,
    WORKLOADS,
    host_of_parts,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.cases import environment, host_of
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    assignments,
    audit,
    recommend,
    row,
    table,
)

ROOT = pathlib.Path(__file__).parents[3]
TEMPLATE = ROOT / "roles" / "tune_tcp" / "templates" / "tcp-memory.conf.j2"
HOSTS = (
    "el8_x86_64",
    "el9_4",
    "container",
    "debian12_6.18",
    "el8_4.18.0-147/idle",
    "el8_4.18.0-147/loaded",
    "el8_4.18.0-147/pressure",
    "el8_4.18.0-147/drained-still-charged",
)
TITLES = ("application_server", "many_connections", "connections that share paths", "datagrams")


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}."""
    return {
        "tables": dict(_tables()),
        "audits": dict(_audits()),
        "drop-ins": dict(_dropins()),
        "assignments": {
            "without a page size": assignments(recommend(host_of_parts(*LIKE), PROFILES["balanced"]), None)
        },
    }


def _tables() -> Iterator[tuple[str, list[str]]]:
    """Yield the lines of tables."""
    captured = {}
    for name in HOSTS:
        with host_of(name) as host:
            captured[name] = host.facts(page_size=4096)
    yield "captured hosts", _table(captured)
    states = {
        f"{state or 'unknown'}.example": facts_of(state)
        for state in ("normal", "soft", "imminent", "pressure", "recovering", "critical", None)
    }
    states["unread.example"] = None
    states["other.example"] = {"kernel": "4.18.0", "limits": {}}
    states["no-flag.example"] = facts_of("normal", flag=None)
    states["udp.example"] = facts_of("normal", udp="critical")
    states["forged.example"] = dict(healthy(), findings=[_finding("none\nweb9  normal"), _finding("two\x1b[2J")])
    yield "every state", _table(states)
    yield "one host", _table({"a": healthy()})
    yield "no host", _table({})
    yield "lost hosts", table(_lost())


def _audits() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what audit files hold, but for the facts."""
    for name, rows in {"no host": [], "lost hosts": _lost()}.items():
        made = audit(rows, "1.2.3", "2026-11-26T02:32:55Z", "2026-11-26T02:33:10Z")
        yield name, dict(made, hosts=[dict(one, socket_memory=bool(one["socket_memory"])) for one in made["hosts"]])


def _lost() -> list[dict[str, Any]]:
    """Return the rows of hosts that could not be read, for every reason, and of one that could."""
    unreachable = {"unreachable": True, "msg": "Task failed: ssh: connect to host web1 port 22: No route to host"}
    failed = {"failed": True, "msg": "web2: No Python on the host. " * 40}
    return [
        row("web1", healthy(), unreachable, active=False),
        row("web2", None, failed, active=False),
        row("web3", None, None, active=False),
        row("web4", facts_of("pressure"), {}, active=False),
        row("web5", None),
        row("web6", {"tcp": {"state": "odd"}}),
        row("web7", facts_of("soft"), {}),
    ]


def _table(facts: dict[str, Any]) -> list[str]:
    """Return the lines of the table of hosts by their *facts*."""
    return table([row(host, one) for host, one in facts.items()])


def _finding(name: str) -> dict[str, Any]:
    """Return a finding with this id."""
    return {"id": name, "severity": "info", "subject": None, "message": "", "evidence": {}, "remedy": ""}


def _dropins() -> Iterator[tuple[str, list[str]]]:
    """Yield the lines of drop-ins."""
    template = environment().from_string(TEMPLATE.read_text(encoding="utf-8"))
    plain = host_of_parts(*LIKE)
    cases = {title: (plain, recommend(plain, {**PROFILES, **WORKLOADS}[title])) for title in TITLES}
    with host_of("container") as host:
        facts = host.facts()
    cases["container"] = facts, facts["recommended"]
    for name, (facts, recommendation) in cases.items():
        yield (
            name,
            template.render(
                ansible_facts={"socket_memory": facts}, tune_tcp_recommendation=recommendation
            ).splitlines(),
        )
