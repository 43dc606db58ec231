# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action verdict; its documentation is in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.linux_net.socket_memory.plugins.module_utils.drift import prove
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts_shape import checked_facts, usable_facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.gate import RULES, SEVERITIES, judge, judge_fleet
from ansible_collections.linux_net.socket_memory.plugins.module_utils.rollout import must_hold, unavailable, why_failed
from ansible_collections.linux_net.socket_memory.plugins.module_utils.states import TCP_STATES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.verdicts import grade, joined
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.arguments import checked_arguments

STATES = {"type": "list", "elements": "str", "choices": list(TCP_STATES)}
SEVERITY = {"type": "str", "choices": list(SEVERITIES)}
NUMBER = {"type": "float"}
ARGUMENTS = ArgumentSpecValidator(
    argument_spec={
        "facts": {"type": "dict"},
        "prove": {"type": "dict", "options": {
            "dropin": {"type": "str", "required": True},
            "settings": {"type": "dict"},
            "exceptions": {"type": "raw", "default": []},
            "strict": {"type": "bool", "default": False},
            "report_only": {"type": "bool", "default": False},
        }},
        "gate": {"type": "bool", "default": False},
        "fleet_budget": {"type": "str"},
        "rules": {"type": "dict", "options": {
            "fail_states": STATES, "warn_states": STATES, "sustained": NUMBER, "udp": SEVERITY, "orphans_warn_percent": NUMBER, "orphans_fail_percent": NUMBER,
            "time_wait_warn_percent": NUMBER, "time_wait_fail_percent": NUMBER, "cgroups": SEVERITY, "kernel_log": SEVERITY, "kernel_log_seconds": NUMBER,
            "report_only": {"type": "bool"},
        }},
        "rules_prefix": {"type": "str"},
        "tuned": {"type": "bool", "default": False},
        "report_only": {"type": "bool", "default": False},
    },
    mutually_exclusive=[("rules", "rules_prefix")],
)


class ActionModule(ActionBase):
    """Passes or fails on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the verdict as the result of the task."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        subject = task_vars.get("inventory_hostname")
        try:
            params = checked_arguments(ARGUMENTS, self._task.args, "linux_net.socket_memory.verdict")
            subject = "fleet" if params["fleet_budget"] is not None else subject
            verdicts = self._verdicts(params, task_vars)
        except SocketMemoryError as error:
            return wrap_var(dict(result, failed=True, msg=f"{subject}: {error}"))
        if not verdicts:
            return dict(result, skipped=True, msg="Nothing was asked for.")
        verdict = joined(verdicts)
        lines = [verdict.pop("message"), *(verdict.pop("table", None) or ())]
        if verdict["verdict"] != "pass" or verdict.get("remarks"):  # one line is enough where all is well
            result["verdict"] = verdict
        result["msg"] = "%s: %s: %s" % (verdict["verdict"].upper(), subject, "\n".join(lines))
        result["failed"] = not verdict["passes"] and not params["report_only"]
        result["changed"] = False
        result["_ansible_verbose_always"] = True
        return wrap_var(result)  # some of its text is the host's

    def _verdicts(self, params: dict[str, Any], task_vars: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what was asked for. Raises SocketMemoryError for what cannot be meant."""
        facts = params["facts"]
        if facts is None:  # not by a template: that would look for templates in each of the facts
            facts = (task_vars.get("ansible_facts") or {}).get("socket_memory")
        facts = checked_facts(facts) if facts else None
        if params["tuned"]:
            missing = ["tune_tcp_" + name for name in ("result", "after", "batch", "dropin", "shadowed", "gate") if "tune_tcp_" + name not in task_vars]
            if missing:
                raise refuse("tuned", "no variable " + ", ".join(missing), "what the role tune_tcp leaves", "Run that role from its first task on.")
            left = {name: task_vars["tune_tcp_" + name] for name in ("result", "after", "batch")}
            reason = why_failed(**left)
            if reason:
                return [{"passes": False, "message": reason}]
            params.update(self._tuned(left["result"], task_vars))
        verdicts = []
        if params["prove"]:
            options = dict(params["prove"])
            report_only = options.pop("report_only")
            proof = prove(facts, **options)
            verdicts.append(_reported(proof) if report_only else proof)
        rules = self._rules(params, task_vars)
        report_only = boolean(rules.pop("report_only", None), strict=False)  # null is no, as everywhere in Ansible
        if params["gate"]:
            found = judge(facts, rules)
            verdicts.append(_reported(found) if report_only else found)
        if params["fleet_budget"] is not None:
            facts_of = {name: task_vars["hostvars"][name].get("ansible_facts") or {} for name in task_vars["ansible_play_hosts_all"]}
            hosts = {name: usable_facts(found.get("socket_memory")) for name, found in facts_of.items()}
            found = judge_fleet(hosts, params["fleet_budget"], task_vars["ansible_play_hosts"], task_vars["ansible_play_batch"], rules)
            verdicts.append(_reported(found) if report_only else found)
        return verdicts

    def _tuned(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return what to ask of a host that was tuned with *result*."""
        option = {name: self._templar.template(task_vars["tune_tcp_" + name]) for name in ("dropin", "shadowed", "gate")}
        asked: dict[str, Any] = {"gate": boolean(option["gate"], strict=False)}
        if must_hold(result, self._task.check_mode):
            strict = boolean(self._templar.template(task_vars.get("verify_tcp_strict")), strict=False)
            asked["prove"] = {"dropin": option["dropin"], "settings": None, "exceptions": unavailable(result), "strict": strict,
                              "report_only": option["shadowed"] == "warn"}
        return asked

    def _rules(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return what differs from the rules of the gate."""
        prefix = params["rules_prefix"]
        if prefix is None:
            return {name: value for name, value in (params["rules"] or {}).items() if value is not None}
        return {name: self._templar.template(task_vars[prefix + name]) for name in [*RULES, "report_only"] if prefix + name in task_vars}


def _reported(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return *verdict* as one that says what it is without failing."""
    return dict(verdict, passes=True, verdict=grade(verdict))
