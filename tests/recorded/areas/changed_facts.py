# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of one host, changed to be those of a host in any state. The only place here that knows how facts are built."""

from __future__ import annotations

import copy
import functools
from typing import Any

from ansible_collections.linux_net.socket_memory.tests.recorded.cases import host_of
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import sizes

LOW, PRESSURE, HIGH = 188886, 251851, 377772  # pages: tcp_mem of the fixture el8_x86_64
PAGES = {
    "normal": 1200,
    "soft": 200000,
    "imminent": 260000,
    "pressure": 260000,
    "recovering": 200000,
    "stale": 1200,
    "critical": 400000,
    None: 1200,
}
FLAG_UP = ("pressure", "recovering", "stale", "critical")


@functools.cache
def _healthy() -> dict[str, Any]:
    with host_of() as host:
        return host.facts()


def healthy() -> dict[str, Any]:
    """Return all facts of a host on which all is well."""
    return copy.deepcopy(_healthy())


def size(pages: int | None) -> dict[str, int | None]:
    """Return a size as facts have it."""
    return {"pages": pages, "bytes": pages if pages is None else 4096 * pages}


def facts_of(
    state: str | None = "normal",
    *,
    pages: int | None = -1,
    flag: bool | None | str = "as the state says",
    bound: int = 0,
    udp: str | None = "normal",
    tcp_mem: tuple[int | None, int | None, int | None] = (LOW, PRESSURE, HIGH),
    orphans: int | None = 0,
    waiting: tuple[int | None, int | None] = (45, 65536),
    counters: dict[str, int | None] | None = None,
    window: list[tuple[str | None, float]] | None = None,
    udp_window: list[tuple[str, float]] | None = None,
    counted: dict[str, int | None] | None = None,
    trend: str | None = "rising",
    **others: Any,
) -> dict[str, Any]:
    """Return the facts of a host in *state*.

    pages: in use; -1 for what goes with the state. counters: what differs. window, udp_window: the states that were
    seen, each with its seconds. counted: in the window. others: whole facts, such as cgroups.
    """
    facts = healthy()
    used = size(PAGES[state] if pages == -1 else pages)
    facts["tcp"].update(
        state=state,
        used=used,
        kernel_flag=state in FLAG_UP if flag == "as the state says" else flag,
        error_bound=size(bound),
        thresholds=sizes(*tcp_mem),
        percent_of_high=round(100.0 * used["pages"] / tcp_mem[2], 2) if used["pages"] and tcp_mem[2] else None,
        orphans={"count": orphans, "limit": 65536},
        time_wait={"count": waiting[0], "limit": waiting[1]},
    )
    facts["udp"]["state"] = udp
    if udp == "critical":
        facts["udp"]["used"] = size(380000)
    facts["counters"].update(counters or {})
    if window:
        facts["window"] = {
            "seconds": sum(seconds for _state, seconds in window),
            "samples": 21,
            "counters": {"TCPMemoryPressures": 0, "PruneCalled": None, **(counted or {})},
            "tcp": {
                "states": [{"state": one, "seconds": seconds} for one, seconds in window],
                "trend": trend,
                "used": {"first": used, "peak": used, "last": used},
            },
            "udp": {"states": [{"state": one, "seconds": seconds} for one, seconds in udp_window or [("normal", 5.0)]]},
        }
    facts.update(others)
    return facts


def control_group(path: str = "/web", **differs: Any) -> dict[str, Any]:
    """Return the fact cgroups with one group."""
    return {
        "version": 2,
        "groups": [
            {
                "path": path,
                "socket_bytes": 8192,
                "memory_bytes": 900,
                "high_bytes": None,
                "max_bytes": 1000,
                "events": {"max": 500},
                "stalled_percent": None,
                **differs,
            }
        ],
    }


def boot(value: Any, file: str, line: int = 1, **others: Any) -> dict[str, Any]:
    """Return what the fact boot says of one key."""
    return {"value": value, "file": file, "line": line, "overrides": [], **others}
