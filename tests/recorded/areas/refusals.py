# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words with which wrong workloads, contents, paths, rules and the like are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.linux_net.socket_memory.tests.recorded.areas.changed_facts import facts_of
from ansible_collections.linux_net.socket_memory.tests.recorded.cases import (
    BACKLOG,
    FIN,
    MAX,
    MEM,
    REUSE,
    RMEM,
    filtered,
    host_of,
    outcome,
    told,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    DROPIN,
    FilterModule,
    SocketMemoryError,
    check_workload,
    drift,
    judge,
    judge_fleet,
    prove,
    recommend,
    run_facts,
)

PATH = {"bandwidth_mbps": 1, "rtt_ms": 1}
WORKLOADS: tuple[Any, ...] = (
    "balanced",
    ["balanced"],
    {"profil": "balanced"},
    {"profile": "fast"},
    {"profile": ["balanced"]},
    {"only_raise": "no"},
    {"only_raise": 0},
    {"connections": 10},
    {"connections": 0, "buffer_bytes": 4096},
    {"connections": 1.5, "buffer_bytes": 4096},
    {"connections": True, "buffer_bytes": 4096},
    {"connections": "many", "buffer_bytes": 4096},
    {"connections": "10k", "buffer_bytes": 4096},
    {"connections": 10**12, "buffer_bytes": 4096},
    {"buffer_bytes": "16M"},
    {"buffer_bytes": 1023},
    {"buffer_bytes": 2**31 - 1},
    {"receive_buffer_bytes": 4096},
    {"send_buffer_bytes": 4096},
    {"active_fraction": 0.5},
    {"direction": "up"},
    {"bandwidth_mbps": 100},
    {"rtt_ms": 1},
    {"bandwidth_mbps": "10G", "rtt_ms": 1},
    {"bandwidth_mbps": "nan", "rtt_ms": 1},
    {"bandwidth_mbps": 1, "rtt_ms": "1m"},
    {"bandwidth_mbps": 1, "rtt_ms": 0},
    {"paths": {"rtt_ms": 1}},
    {"paths": ["fast"]},
    {"paths": [{"rtt_ms": 1}]},
    {"paths": [PATH, {"bandwidth_mbps": 1, "rtt_ms": 0}]},
    {"paths": [PATH], **PATH},
    {"buffer_limit_bytes": "1KiB"},
    {"memory_fraction": 0.6},
    {"memory_fraction": "60%"},
    {"memory_fraction": 25},
    {"observed_peak": "much"},
    {"churn": True},
    {"churn": "-1"},
    {"udp_buffer_bytes": 4096},
    {"udp_sockets": []},
    {"container_memory_bytes": "8G"},
    {"overrides": [1]},
    {"overrides": {"vm.swappiness": 1}},
    {"overrides": {MEM: "1 2"}},
    {"silence": ["lowers"]},
    {"silence": {"above-memory": "we know"}},
    {"silence": {"lowers": " "}},
)
CONTENTS = (
    "",
    "# nothing\n",
    f"{FIN} 30\n",
    f"-{FIN}\n",
    f"{RMEM} = 1 2\n",
    f"{MEM} = 1 2 3 4\n",
    f"{REUSE} = 16M\n",
    f"{REUSE} = 010\n",
    f"{REUSE} = 0x10\n",
    f"{REUSE} = -1\n",
    f"{REUSE} = true\n",
    f"{FIN} = 30 # why\n",
    f"{REUSE} =\n",
    "vm.swappiness =\n",
    f"{REUSE} = 1\x00\n",
    f"{FIN} = 30\u00a0\n",
    "vm.swappiness = caf\u00e9\n",
    f"{REUSE} = a = b\n",
    f"{FIN} = 30\n{FIN} = 31\n",
    f"{FIN} = 30\nnet/ipv4/tcp_fin_timeout = 31\n",
    "net.ipv4.tcp_*mem = 1 2 3\n",
    "net.ipv4.. = 1\n",
    "= 1\n",
    "[sysctl]\n",
)
PATHS = (
    "99-a.conf",
    "/etc/sysctl.conf",
    "/etc/sysctl.d/.a.conf",
    "/etc/sysctl.d//a.conf",
    "/etc/sysctl.d/a b.conf",
)
RULES: tuple[dict[str, Any], ...] = (
    {"fail_state": []},
    {"fail_states": ["presure"]},
    {"fail_states": "pressure"},
    {"warn_states": None},
    {"sustained": 1.5},
    {"sustained": "half"},
    {"sustained": True},
    {"udp": "no"},
    {"cgroups": "perhaps"},
    {"orphans_fail_percent": -1},
    {"kernel_log_seconds": "10 minutes"},
)
BUDGETS: tuple[Any, ...] = ("", "5.5", "-1", "101 %", "5 % of all", None, True)
EXCEPTIONS: tuple[Any, ...] = (MAX, {MAX: None}, [[MAX]], 5)
FACTS: tuple[dict[str, Any], ...] = (
    {"gather_subset": ["tpc"]},
    {"gather_subset": ["!tpc"]},
    {"gather_subset": ["tcp", ""]},
    {"root": "/no/such/tree"},
    {"workload": {"profile": "fast"}},
    {"window": -0.1},
    {"window": 3600.5},
    {"window": float("nan")},
    {"window": 1, "root": "/usr"},
    {"page_size": 0},
    {"page_size": 5000},
)
SETTINGS: tuple[dict[str, Any], ...] = (
    {MEM: "1 2"},
    {MEM: [1, 2, 3.5]},
    {"vm.swappiness": 10},
    {BACKLOG: "1k"},
    {BACKLOG: True},
    {BACKLOG: "1\n2"},
)


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}."""
    facts = facts_of()
    sizeless = [dict(facts, **{name: None}) for name in ("page_size", "memory_total")]
    return {
        "workloads": _refused(check_workload, WORKLOADS),
        "contents": dict(_contents()),
        "paths": dict(_paths()),
        "rules": _refused(lambda rules: judge(facts, rules), RULES),
        "budgets": _refused(lambda budget: judge_fleet({"a": None}, budget, ["a"], ["a"]), BUDGETS),
        "exceptions": _refused(lambda exceptions: prove(facts, DROPIN, exceptions=exceptions), EXCEPTIONS),
        "options of the facts": _refused(run_facts, FACTS),
        "settings": _refused(lambda settings: drift(settings, facts), SETTINGS),
        "facts that tell too little": {
            f"no {name}": outcome(recommend, one) for name, one in zip(("page_size", "memory_total"), sizeless)
        },
        "filters": dict(_filters()),
    }


def _refused(function: Callable[[Any], Any], cases: Iterable[Any]) -> dict[str, Any]:
    """Return {case as text: message}; what is not refused says so."""
    found = {}
    for case in cases:
        try:
            function(case)
            found[repr(case)] = "(taken)"
        except SocketMemoryError as error:
            found[repr(case)] = str(error)
    return found


def _contents() -> Iterator[tuple[str, Any]]:
    """Yield what is said of contents; check mode refuses alike and needs no host of its own for each."""
    with host_of() as host:
        yield from told(
            _refused(lambda content: host.run(content, state="present", check_mode=True), CONTENTS), host.root
        ).items()


def _paths() -> Iterator[tuple[str, Any]]:
    """Yield what is said of paths."""
    with host_of() as host:
        yield from told(
            _refused(lambda path: host.run(f"{FIN} = 30\n", path=path, check_mode=True), PATHS), host.root
        ).items()


def _filters() -> Iterator[tuple[str, Any]]:
    """Yield what the filters say to Ansible."""
    yield "names", sorted(FilterModule().filters())
    facts = facts_of()
    for case, (name, *arguments) in {
        "recommend, wrong workload": ("recommend", facts, {"profile": "fast"}),
        "recommend, no facts": ("recommend", {}, {}),
        "recommend, wrong facts": ("recommend", facts | {"page_size": "4k"}),
        "capacity, wrong workload": ("capacity", facts, {"connections": 10}),
        "drift, wrong settings": ("drift", {MEM: "1 2"}, facts),
        "drift, facts in part": ("drift", {MEM: "1 2 3"}, {"limits": {}}),
        "would_relieve, wrong facts": ("_would_relieve", facts | {"tcp": 5}),
    }.items():
        try:
            filtered(name, *arguments)
        except AnsibleFilterError as error:
            yield case, str(error)
