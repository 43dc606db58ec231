# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action verdict, by what a task of it returns. Controller only."""

import pathlib
from unittest import mock

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.linux_net.socket_memory.plugins.action.verdict import ActionModule
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.gate import RULES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import recommend
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import sizes

DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"
HOLDS = "1 settings hold now and after the next boot."
NORMAL = "TCP memory is normal: 40.0 KiB of 1.2 MiB (3.3 % of high), kernel flag no."


def facts(state="normal", running=60):
    """Return what the verdict looks at."""
    pages = {"normal": 10, "pressure": 250}[state]
    return {
        "page_size": 4096,
        "tcp": {
            "state": state,
            "kernel_flag": state == "pressure",
            "used": {"pages": pages, "bytes": 4096 * pages},
            "percent_of_high": pages / 3,
            "thresholds": sizes(100, 200, 300),
            "error_bound": {"pages": 0, "bytes": 0},
            "orphans": {"count": 0, "limit": 10},
            "time_wait": {"count": 0, "limit": 10},
        },
        "limits": {"net.ipv4.tcp_fin_timeout": running},
        "boot": {"net.ipv4.tcp_fin_timeout": {"value": 60, "file": DROPIN, "line": 1, "overrides": []}},
    }


def run(arguments, state="normal", running=60, check_mode=False, **variables):
    """Return the result of the task verdict with *arguments* on the host web1."""
    task = mock.Mock(args=arguments, async_val=0, check_mode=check_mode, diff=False)
    templar = mock.Mock(template=lambda value: value)
    action = ActionModule(task, mock.Mock(), mock.Mock(), mock.Mock(), templar, mock.Mock())
    return action.run(
        task_vars=dict(
            {"inventory_hostname": "web1", "ansible_facts": {"socket_memory": facts(state, running)}}, **variables
        )
    )


def test_one_line_is_enough_where_all_is_well():
    result = run({"prove": {"dropin": DROPIN}, "gate": True})
    assert result["msg"] == "PASS: web1: " + HOLDS + " " + NORMAL
    assert (result["failed"], result["changed"]) == (False, False)
    assert result["verdict"] == {"passes": True, "verdict": "pass", "state": "normal", "findings": []}


def test_the_worst_is_told_first_and_the_table_last():
    result = run({"prove": {"dropin": DROPIN}, "gate": True}, "pressure", 30)
    lines = result["msg"].split("\n")
    assert lines[0].startswith("FAIL: web1: 0 of 1 settings hold now") and "TCP memory is under pressure" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["KEY", "net.ipv4.tcp_fin_timeout"]
    assert result["failed"]
    assert [one["id"] for one in result["verdict"]["findings"]] == ["drift", "tcp-pressure"]
    assert result["verdict"]["findings"][0]["evidence"]["running"] == 30
    assert run({"prove": {"dropin": DROPIN}, "gate": True}, "pressure")["msg"].startswith(
        "FAIL: web1: TCP memory is under pressure"
    )


@pytest.mark.parametrize(
    "arguments, state, running, failed",
    [
        ({"prove": {"dropin": DROPIN, "shadowed": "warn"}}, "normal", 30, False),
        ({"prove": {"dropin": DROPIN, "shadowed": "warn"}, "gate": True}, "normal", 30, False),
        ({"prove": {"dropin": DROPIN, "shadowed": "warn"}, "gate": True}, "pressure", 30, True),
        ({"prove": {"dropin": DROPIN}, "gate": True, "report_only": True}, "pressure", 30, False),
    ],
)
def test_what_is_only_reported_does_not_fail(arguments, state, running, failed):
    result = run(arguments, state, running)
    assert result["msg"].startswith("FAIL: web1: ")
    assert result["failed"] is failed


@pytest.mark.parametrize("way", [{"rules": {"report_only": True}}, {"variables": {"rules": "my_gate_*"}}])
def test_a_gate_that_only_reports_lets_a_proof_fail(way):
    gate = run(dict(way, gate=True), "pressure", my_gate_report_only="yes")
    assert gate["msg"].startswith("FAIL: web1: TCP memory is under pressure") and not gate["failed"]
    assert run(dict(way, gate=True, prove={"dropin": DROPIN}), "pressure", 30, my_gate_report_only="yes")["failed"]
    play = {
        "hostvars": {"web1": {}},
        "ansible_play_hosts_all": ["web1"],
        "ansible_play_hosts": [],
        "ansible_play_batch": [],
    }
    fleet = run(dict(way, fleet_budget="0"), my_gate_report_only="yes", **play)
    assert fleet["msg"].startswith("FAIL: fleet: 1 of 1") and not fleet["failed"]


def test_rules_are_given_or_found_in_the_variables_of_a_role():
    assert run({"gate": True, "rules": {"fail_states": ["normal"]}})["failed"]
    assert run({"gate": True, "variables": {"rules": "my_gate_*"}}, my_gate_fail_states=["normal"])["failed"]
    assert not run(
        {"gate": True, "variables": {"rules": "my_gate_*"}}, my_gate_fail_states=["critical"], my_gate_udp="ignore"
    )["failed"]
    assert "must be one of" in run({"gate": True, "rules": {"udp": "perhaps"}})["msg"]
    refused = run({"gate": True, "variables": {"rules": "my_gate_*"}}, my_gate_udp="perhaps")
    assert refused["failed"] and "must be one of: fail, warn, ignore, got: perhaps" in refused["msg"]


def test_other_facts_than_those_of_the_host_can_be_judged():
    assert run({"gate": True, "facts": facts("pressure")})["failed"]
    assert "not read" in run({"gate": True, "prove": {"dropin": DROPIN}}, ansible_facts={})["msg"]


def tuned(state="normal", running=60, check_mode=False, result=None, **variables):
    """Return the result of the task for a host that the role tune_tcp tuned, with its *variables* by their names
    behind tune_tcp_.
    """
    left = {
        "result": result or {"changed": True, "settings": []},
        "after": {"ansible_facts": {"socket_memory": facts()}},
        "batch": {},
        "dropin": DROPIN,
        "shadowed": "fail",
        "gate": True,
    }
    mine = {"tune_tcp_" + name: value for name, value in dict(left, **variables).items()}
    names = {
        "tune.applied": "result",
        "tune.read_again": "after",
        "tune.batch": "batch",
        "tune.read_before": "before",
        "prove.dropin": "dropin",
        "prove.shadowed": "shadowed",
        "gate": "gate",
    }
    return run(
        {"variables": {option: "tune_tcp_" + name for option, name in names.items()}},
        state,
        running,
        check_mode,
        **mine,
    )


def read_before(**silenced):
    """Return what a reading returned for a workload that does not fit the host."""
    lint = [
        dict(
            {
                "id": "overcommitted",
                "severity": "warning",
                "subject": "net.ipv4.tcp_mem",
                "message": "net.ipv4.tcp_mem: found 19 TiB",
                "evidence": {},
                "remedy": "Expect fewer connections.",
            },
            **silenced,
        )
    ]
    recommended = recommend(facts() | {"memory_total": 2**34, "page_size": 4096})
    return {"ansible_facts": {"socket_memory": dict(facts(), recommended=dict(recommended, lint=lint))}}


def test_a_workload_that_does_not_fit_the_host_is_a_warning():
    warned = tuned(before=read_before())
    assert warned["msg"].startswith("WARN: web1: net.ipv4.tcp_mem: found 19 TiB. Expect fewer connections. ")
    assert warned["verdict"]["findings"][0]["id"] == "overcommitted" and not warned["failed"]
    assert HOLDS in warned["msg"]
    assert tuned(before=read_before(silenced="we know"))["msg"].startswith("PASS: ")


def test_a_tuned_host_holds_its_settings_and_is_not_under_pressure():
    assert tuned()["msg"] == "PASS: web1: " + HOLDS + " " + NORMAL
    assert tuned(gate="no")["msg"] == tuned(gate=None)["msg"] == "PASS: web1: " + HOLDS
    assert tuned("pressure")["failed"] and not tuned("pressure", gate=False)["failed"]
    assert tuned(running=30)["failed"] and not tuned(running=30, shadowed="warn")["failed"]
    assert not tuned(running=30, result={"settings": [{"key": "net.ipv4.tcp_fin_timeout", "status": "skipped"}]})[
        "failed"
    ]


@pytest.mark.parametrize("result, check_mode", [({"skipped": True}, False), ({"changed": True, "settings": []}, True)])
def test_what_was_not_written_need_not_hold(result, check_mode):
    assert tuned(running=30, result=result, check_mode=check_mode)["msg"] == "PASS: web1: " + NORMAL
    assert tuned(running=30, result=result, check_mode=check_mode, gate=False)["skipped"]


def test_a_batch_that_stops_is_all_that_is_told():
    result = tuned("pressure", batch={"stop": True, "message": "web2 is worse off than before: lost"})
    assert (result["failed"], result["msg"]) == (True, "FAIL: web1: web2 is worse off than before: lost.")
    assert tuned(batch={"stop": False, "message": ""})["msg"].startswith("PASS: web1: ")


def test_a_drop_in_that_was_not_applied_fails_although_an_older_one_holds():
    """A play that ignores the errors of the role gets here with them."""
    result = tuned(result={"failed": True, "msg": "web1: another run is changing the files"})
    assert (result["failed"], result["msg"]) == (
        True,
        "FAIL: web1: the drop-in was not applied: web1: another run is changing the files.",
    )


@pytest.mark.parametrize("gate", [True, False])
def test_a_host_that_could_not_be_read_again_fails_whatever_is_asked(gate):
    """The facts it has are those from before."""
    result = tuned(gate=gate, after={"unreachable": True, "msg": "Connection timed out"})
    assert (result["failed"], result["msg"]) == (True, "FAIL: web1: it could not be read again: Connection timed out.")


def test_a_fleet_is_judged_by_its_budget():
    hosts = {
        "web1": {"ansible_facts": {"socket_memory": facts()}},
        "web2": {"ansible_facts": {"socket_memory": facts("pressure")}},
        "web3": {},
    }
    play = {
        "hostvars": hosts,
        "ansible_play_hosts_all": list(hosts),
        "ansible_play_hosts": ["web1", "web2"],
        "ansible_play_batch": ["web1", "web2"],
    }
    result = run({"fleet_budget": "1"}, **play)
    assert (
        result["msg"]
        == "FAIL: fleet: 2 of 3 hosts do not pass, 1 of 3 are tolerated (not-read: web3; tcp-pressure: web2)."
    )
    assert result["failed"] and result["verdict"]["not_well"] == {"web2": "tcp-pressure", "web3": "not-read"}
    assert not run({"fleet_budget": "70 %"}, **play)["failed"]


@pytest.mark.parametrize(
    "wrong", [{"tcp": 5}, {"tcp": {"state": "well"}}, "text", ["list"], {"limits": {"net.ipv4.tcp_mem": "{{ 1 }}"}}]
)
def test_facts_that_are_none_fail_with_their_place_and_without_their_text(wrong):
    hosts = {"web1": {"ansible_facts": {"socket_memory": facts()}}, "web2": {"ansible_facts": {"socket_memory": wrong}}}
    play = {
        "hostvars": hosts,
        "ansible_play_hosts_all": list(hosts),
        "ansible_play_hosts": list(hosts),
        "ansible_play_batch": list(hosts),
    }
    assert run({"fleet_budget": "0"}, **play)["verdict"]["not_well"] == {"web2": "not-read"}
    result = run({"gate": True}, ansible_facts={"socket_memory": wrong})
    assert (
        result["failed"]
        and result["msg"].startswith("web1: facts")
        and "well" not in result["msg"]
        and "{{" not in result["msg"]
    )


def test_a_task_that_starts_too_late_says_what_is_missing():
    result = run(
        {
            "variables": {
                "tune.applied": "tune_tcp_result",
                "tune.read_again": "tune_tcp_after",
                "tune.batch": "tune_tcp_batch",
            }
        }
    )
    assert result["failed"]
    assert result["msg"] == (
        "web1: tune: found no tune.applied, tune.read_again, tune.batch, expected what the tasks of a tune returned. "
        "Run the role from its first task on."
    )


def test_an_unsupported_option_is_named_with_host_and_module():
    result = run({"gat": True})
    assert result["failed"] and result["msg"].startswith(
        "web1: linux_net.socket_memory.verdict: unsupported option gat (did you mean gate?). Supported are "
    )


def test_where_nothing_is_asked_for_it_is_skipped():
    result = run({})
    assert result["skipped"] and not result.get("failed")


def test_the_role_and_its_documentation_have_the_rules_and_their_defaults():
    """Users read them there; they are decided in gate.RULES."""
    role = pathlib.Path(__file__).parents[4] / "roles" / "pressure_gate"
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    options = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    for name, value in RULES.items():
        assert defaults["pressure_gate_" + name] == options["pressure_gate_" + name]["default"] == value


def test_a_reading_that_was_let_go_on_counts_as_it_would_have():
    with pytest.raises(AnsibleConnectionFailure, match="^no route$"):
        run({"reading": {"unreachable": True, "msg": "Task failed: no route"}})
    assert run({"reading": {"failed": True, "msg": "Task failed: web1: No Python."}}) == {
        "failed": True,
        "msg": "web1: No Python.",
    }
    assert run({"reading": {"changed": False}})["skipped"]
