# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins say of wrong arguments, before any host is asked."""

from __future__ import annotations

import re
from typing import Any
from unittest import mock

from ansible_collections.linux_net.socket_memory.tests.recorded.areas.changed_facts import boot, facts_of
from ansible_collections.linux_net.socket_memory.tests.recorded.cases import FIN, MEM
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    DROPIN,
    DropinAction,
    FactsAction,
    VerdictAction,
)

FACTS: tuple[dict[str, Any], ...] = (
    {"gather_subsett": ["tcp"]},
    {"gather_subset": ["tpc"]},
    {"gather_subset": {"tcp": True}},
    {"page_size": "large"},
    {"page_size": 5000},
    {"window": "long"},
    {"window": -1},
    {"window": 5, "root": "/srv/sosreport"},
    {"workload": "balanced"},
    {"workload": {"profile": "fast"}},
    {"workload": {"connections": 10}},
    {"sysctl_dialect": "systemd-240"},
    {"window": 4000},
)
DROPINS: tuple[dict[str, Any], ...] = (
    {},
    {"path": DROPIN},
    {"path": DROPIN, "content": ""},
    {"path": DROPIN, "state": "gone"},
    {"path": DROPIN, "state": "absent", "shadowed": "ignore"},
    {"path": DROPIN, "state": "absent", "unavailable": "ignore"},
    {"path": DROPIN, "state": "absent", "runtime": "perhaps"},
    {"path": DROPIN, "state": "absent", "force": 2},
    {"path": DROPIN, "state": "absent", "silence": ["lowers"]},
    {"path": DROPIN, "state": "absent", "owner": "root"},
    {"dest": DROPIN, "content": "x = 1\n"},
)
VERDICTS: tuple[dict[str, Any], ...] = (
    {},
    {"gates": True},
    {"gate": "perhaps"},
    {"prove": {}},
    {"prove": {"dropin": DROPIN, "setting": {}}},
    {"prove": {"dropin": DROPIN, "settings": [MEM]}},
    {"prove": {"dropin": DROPIN, "settings": {MEM: "1 2"}}},
    {"prove": {"dropin": DROPIN, "exceptions": MEM}},
    {"gate": True, "rules": {"udp": "perhaps"}},
    {"gate": True, "rules": {"fail_states": ["presure"]}},
    {"gate": True, "rules": {"sustained": "half"}},
    {"gate": True, "rules": {"sustained": 2}},
    {"gate": True, "rules": {"orphans_percent": 5}},
    {"gate": True, "variables": {"rules": "wrong_*"}},
    {"fleet_budget": "some"},
    {"gate": True, "facts": "none"},
)
# name: (what differs of the variables of the role tune_tcp, whether the facts are those of a host that is not well)
TUNED: dict[str, tuple[dict[str, Any], bool]] = {
    "well": ({}, False),
    "not well": ({}, True),
    "not well, without the gate": ({"gate": False}, True),
    "not well, and may be shadowed": ({"shadowed": "warn", "gate": False}, True),
    "a key that the kernel has not": (
        {"result": {"settings": [{"key": FIN, "status": "skipped"}]}, "gate": False},
        True,
    ),
    "left as it was": ({"result": {"skipped": True}}, False),
    "left as it was, without the gate": ({"result": {"skipped": True}, "gate": False}, False),
    "its batch stops": ({"batch": {"stop": True, "message": "web2 is worse off than before: lost"}}, False),
    "not applied": ({"result": {"failed": True, "msg": "web1: another run is changing the files"}}, False),
    "not read again": ({"after": {"unreachable": True, "msg": "Connection timed out"}}, False),
}
CONVERSION = re.compile(r"(argument '\w+') is of type .* and we were unable to convert to (\w+): .*")


class AsksTheHost(Exception):
    """Raised where a connection is used."""


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}."""
    return {
        "socket_memory_facts": {repr(arguments): _result(FactsAction, arguments) for arguments in FACTS},
        "sysctl_dropin": {repr(arguments): _result(DropinAction, arguments) for arguments in DROPINS},
        "verdict": {repr(arguments): _result(VerdictAction, arguments) for arguments in VERDICTS},
        "verdicts": {name: _result(VerdictAction, arguments, facts) for name, (arguments, facts) in _judged().items()},
        "tuned hosts": {name: _tuned(*case) for name, case in TUNED.items()},
    }


def _result(
    action: Any, arguments: dict[str, Any], facts: dict[str, Any] | None = None, **variables: Any
) -> dict[str, Any]:
    """Return the result of a task on the host web1, without words that differ between versions of ansible-core."""
    connection = mock.Mock()
    type(connection).has_pipelining = mock.PropertyMock(side_effect=AsksTheHost)
    task = mock.Mock(args=arguments, async_val=0, check_mode=False, diff=False, delegate_to=None, environment=None)
    task_vars = {
        "inventory_hostname": "web1",
        "ansible_facts": {"socket_memory": facts or facts_of()},
        "wrong_udp": "perhaps",
        "hostvars": {"web1": {}, "web2": {}},
        "ansible_play_hosts_all": ["web1", "web2"],
        "ansible_play_hosts": ["web1", "web2"],
        "ansible_play_batch": ["web1", "web2"],
        **variables,
    }
    plugin = action(task, connection, mock.Mock(), mock.Mock(), mock.Mock(template=lambda value: value), mock.Mock())
    try:
        result = plugin.run(task_vars=task_vars)
    except AsksTheHost:
        return {"msg": "(the host is asked)"}
    return dict(result, msg=CONVERSION.sub(r"\1 cannot be converted to \2", result["msg"]))


def _tuned(differs: dict[str, Any], ill: bool) -> dict[str, Any]:
    """Return the verdict on a host that was tuned."""
    facts = _drifted() if ill else _holds()
    left = {
        "result": {"changed": True, "settings": []},
        "after": {"ansible_facts": {"socket_memory": facts}},
        "batch": {},
        "dropin": DROPIN,
        "shadowed": "fail",
        "gate": True,
    }
    variables = {f"tune_tcp_{name}": value for name, value in {**left, **differs}.items()}
    names = {
        "rules": "my_*",
        "tune.applied": "tune_tcp_result",
        "tune.read_again": "tune_tcp_after",
        "tune.batch": "tune_tcp_batch",
        "prove.dropin": "tune_tcp_dropin",
        "prove.shadowed": "tune_tcp_shadowed",
        "gate": "tune_tcp_gate",
    }
    return _result(VerdictAction, {"variables": names}, facts, **variables)


def _holds() -> dict[str, Any]:
    """Return the facts of a host that holds its only setting."""
    return facts_of(limits={FIN: 60}, boot={FIN: boot(60, DROPIN)})


def _drifted() -> dict[str, Any]:
    """Return the facts of a host on which nothing is well."""
    return facts_of("pressure", limits={FIN: 30}, boot={FIN: boot(60, DROPIN)})


def _judged() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return {name: (arguments, facts)} of verdicts without a mistake in them."""
    holds, drifted = _holds(), _drifted()
    both = {"prove": {"dropin": DROPIN}, "gate": True}
    return {
        "all is well": (both, holds),
        "nothing is well": (both, drifted),
        "the proof is reported only": ({"prove": {"dropin": DROPIN, "shadowed": "warn"}}, drifted),
        "the gate is reported only": ({"gate": True, "rules": {"report_only": True}}, drifted),
        "all is reported only": ({"gate": True, "report_only": True}, drifted),
        "a warning": ({"gate": True}, facts_of("soft")),
        "rules by a prefix": ({"gate": True, "variables": {"rules": "my_*"}}, holds),
        "a fleet": ({"fleet_budget": "1"}, holds),
        "a fleet, none tolerated": ({"fleet_budget": 0}, holds),
        "other facts": ({"gate": True, "facts": facts_of("critical")}, holds),
    }
