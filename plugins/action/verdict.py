# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action verdict; its documentation is in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.drift import prove
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import finding
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.gate import WORDS, judge, judge_fleet
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.verdicts import joined
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import checked_facts, usable_facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import TCP_STATES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import why
from ansible_collections.linux_net.socket_memory.plugins.module_utils.rollout.rollout import (
    facts_in,
    must_hold,
    unavailable,
    why_failed,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import doubts_about
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import sentences
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.arguments import checked_arguments
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.defects import describe_defect

STATES = {"type": "list", "elements": "str", "choices": list(TCP_STATES)}
SHORT_FORM = {"type": "str", "choices": list(WORDS)}
NUMBER = {"type": "float"}
OPTIONS: dict[str, Any] = {
    "facts": {"type": "dict"},
    "prove": {
        "type": "dict",
        "options": {
            "dropin": {"type": "str", "required": True},
            "settings": {"type": "dict"},
            "exceptions": {"type": "raw", "default": []},
            "strict": {"type": "bool", "default": False},
            "shadowed": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
        },
    },
    "gate": {"type": "bool", "default": False},
    "fleet_budget": {"type": "str"},
    "rules": {
        "type": "dict",
        "options": {
            "severities": {"type": "dict"},
            "fail_states": STATES,
            "warn_states": STATES,
            "sustained": NUMBER,
            "udp": SHORT_FORM,
            "orphans_warn_percent": NUMBER,
            "orphans_fail_percent": NUMBER,
            "time_wait_warn_percent": NUMBER,
            "time_wait_fail_percent": NUMBER,
            "cgroups": SHORT_FORM,
            "kernel_log": SHORT_FORM,
            "kernel_log_seconds": NUMBER,
            "report_only": {"type": "bool"},
        },
    },
    "reading": {"type": "dict"},
    "tune": {
        "type": "dict",
        "options": {name: {"type": "dict"} for name in ("applied", "read_again", "batch", "read_before")},
    },
    "variables": {"type": "dict"},
    "report_only": {"type": "bool", "default": False},
}
ARGUMENTS = ArgumentSpecValidator(argument_spec=OPTIONS)


class ActionModule(ActionBase):
    """Passes or fails on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the verdict as the result of the task. Some of its text is the host's, so it is marked as no
        template.
        """
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        subject = task_vars.get("inventory_hostname")
        try:
            arguments = self._with_variables(self._task.args, task_vars)
            params = checked_arguments(ARGUMENTS, arguments, "linux_net.socket_memory.verdict")
            subject = "fleet" if params["fleet_budget"] is not None else subject
            verdicts = self._verdicts(params, task_vars)
        except SocketMemoryError as error:
            return wrap_var(dict(result, failed=True, msg=f"{subject}: {error}"))
        except AnsibleError:  # such as a template that does not work
            raise
        except Exception as error:
            return dict(result, failed=True, msg=f"{subject}: {describe_defect(error)}")
        if not verdicts:
            return dict(result, skipped=True, msg="Nothing was asked for.")
        verdict = joined(verdicts)
        lines = [verdict.pop("message"), *(line for one in verdicts for line in one.get("table", ()))]
        result["verdict"] = dict(
            verdict,
            **{name: one[name] for one in verdicts for name in ("tolerated", "judged", "not_well") if name in one},
        )
        result["msg"] = "%s: %s: %s" % (verdict["verdict"].upper(), subject, "\n".join(lines))
        result["failed"] = not verdict["passes"] and not params["report_only"]
        result["changed"] = False
        result["_ansible_verbose_always"] = True
        return wrap_var(result)

    def _with_variables(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return *arguments* with what the option "variables" takes from variables of the host, which may be absent."""
        names = arguments.get("variables")
        if not isinstance(names, dict):
            return arguments
        found = dict(arguments)
        for option, name in names.items():
            group, _dot, last = str(option).rpartition(".")
            variables = {last: str(name)}
            if str(name).endswith("*"):
                group, variables = (
                    str(option),
                    {one: str(name)[:-1] + one for one in (OPTIONS.get(str(option)) or {}).get("options", ())},
                )
            values = {
                one: self._templar.template(task_vars[variable])
                for one, variable in variables.items()
                if task_vars.get(variable) is not None
            }
            if group:
                found[group] = dict(found.get(group) or {}, **values)
            else:
                found.update(values)
        return found

    def _verdicts(self, params: dict[str, Any], task_vars: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what was asked for. Raises SocketMemoryError for what cannot be meant."""
        host, reading = task_vars.get("inventory_hostname"), params["reading"] or {}
        if reading.get("unreachable"):
            raise AnsibleConnectionFailure(why(reading, host))  # counts as it would have where it was not ignored
        if reading.get("failed"):
            raise SocketMemoryError(why(reading, host))
        facts = params["facts"]
        if facts is None:  # not by a template: that would look for templates in each of the facts
            facts = (task_vars.get("ansible_facts") or {}).get("socket_memory")
        facts = checked_facts(facts) if facts else None
        proof, tune = params["prove"], params["tune"]
        if tune is not None:
            missing = [f"tune.{name}" for name in tune if name != "read_before" and tune[name] is None]
            if missing:
                raise refuse(
                    "tune",
                    "no " + ", ".join(missing),
                    "what the tasks of a tune returned",
                    "Run the role from its first task on.",
                )
            reason = why_failed(tune["applied"], tune["read_again"], tune["batch"])
            if reason:
                return [_failure(reason)]
            if proof and not must_hold(tune["applied"], self._task.check_mode):
                proof = None
            elif proof and not proof["exceptions"]:
                proof["exceptions"] = unavailable(tune["applied"])
        verdicts = []
        if tune is not None:
            verdicts += _doubts(facts_in(tune["read_before"]))
        if proof:
            options = {name: proof[name] for name in ("dropin", "settings", "exceptions", "strict")}
            verdicts.append(_reported(prove(facts, **options), proof["shadowed"] == "warn"))
        rules = {name: value for name, value in (params["rules"] or {}).items() if value is not None}
        report_only = boolean(rules.pop("report_only", None), strict=False)  # null is no, as everywhere in Ansible
        if params["gate"]:
            verdicts.append(_reported(judge(facts, rules), report_only))
        if params["fleet_budget"] is not None:
            facts_of = {
                name: task_vars["hostvars"][name].get("ansible_facts") or {}
                for name in task_vars["ansible_play_hosts_all"]
            }
            hosts = {name: usable_facts(found.get("socket_memory")) for name, found in facts_of.items()}
            found = judge_fleet(
                hosts, params["fleet_budget"], task_vars["ansible_play_hosts"], task_vars["ansible_play_batch"], rules
            )
            verdicts.append(_reported(found, report_only))
        return verdicts


def _failure(reason: str) -> dict[str, Any]:
    """Return the verdict over a host that failed whatever its facts say."""
    return {
        "passes": False,
        "verdict": "fail",
        "message": reason,
        "findings": [finding("not-tuned", "error", None, reason, {}, "Correct that and run again.")],
    }


def _doubts(facts: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the verdict that warns where the workload and the host do not fit, by the *facts* with the
    recommendation; none where they do.
    """
    found = doubts_about(checked_facts(facts)) if facts else []
    if not found:
        return []
    message = sentences([text for one in found for text in (one["message"], one["remedy"])])
    return [{"passes": True, "verdict": "warn", "message": message, "findings": found}]


def _reported(verdict: dict[str, Any], only: bool) -> dict[str, Any]:
    """Return *verdict*; where it is *only* reported, it passes and still says what it is."""
    return dict(verdict, passes=verdict["passes"] or only)
