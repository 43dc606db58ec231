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
    fleet,
    fleet_table,
    recommend,
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
        "records": {"of two hosts": fleet({"b": None, "a": {"kernel": "x"}})},
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
    yield "captured hosts", fleet_table(fleet(captured))
    states = {
        f"{state or 'unknown'}.example": facts_of(state)
        for state in ("normal", "soft", "imminent", "pressure", "recovering", "critical", None)
    }
    states["unread.example"] = None
    states["other.example"] = {"kernel": "4.18.0", "limits": {}}
    states["no-flag.example"] = facts_of("normal", flag=None)
    states["udp.example"] = facts_of("normal", udp="critical")
    states["forged.example"] = dict(healthy(), findings=[{"id": "none\nweb9  normal"}, {"id": "two\x1b[2J"}])
    yield "every state", fleet_table(fleet(states))
    yield "one host", fleet_table(fleet({"a": healthy()}))
    yield "no host", fleet_table(fleet({}))


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
