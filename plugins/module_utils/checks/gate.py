# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host, or a fleet, may pass: errors fail, warnings warn. One paragraph for the person who must act on it."""

import re

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import bounded, quoted
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import (
    SEVERITIES,
    finding,
    run_checks,
    with_severities,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.memory import CHECKS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import describe_tcp, elsewhere
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import TRAFFIC
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import TCP_STATES, UNDER_PRESSURE
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes, sentences

# What the variables of the role say. "fail", "warn" and "ignore" are short forms of severities of the findings below;
# of states and of UDP they are the worst that a finding may be, see checks.memory.
RULES = {
    "severities": {},  # {id of a finding: severity}, over all others
    "fail_states": list(UNDER_PRESSURE),
    "warn_states": ["soft", "imminent", "stale"],
    "sustained": 0.5,  # share of the window
    "udp": "fail",
    "orphans_warn_percent": 25,  # of the limit; 0: never
    "orphans_fail_percent": 100,
    "time_wait_warn_percent": 100,
    "time_wait_fail_percent": 0,
    "cgroups": "ignore",
    "kernel_log": "ignore",
    "kernel_log_seconds": 600,
}
WORDS = {"fail": "error", "warn": "warning", "ignore": "info"}
# rule: (the finding that has this severity, None where its check goes by the rule itself; the one that says that this
# could not be looked at)
SHORT_FORMS = {
    "udp": (None, "udp-unknown"),
    "cgroups": ("cgroup-pressure", "cgroups-unreadable"),
    "kernel_log": ("kernel-log", "kernel-log-unreadable"),
}
NOT_READ = "The host was not read, so its state is not known."
NAMES_TOLD = 10  # hosts of a kind in the message about a fleet; all of them are in its result


def judge(facts, rules=None):
    """Return {passes, verdict, state, message, findings}: verdict "pass", "warn" or "fail", message one paragraph.

    facts: the value of ansible_facts.socket_memory with the subset "tcp", or None for a host that was not read;
    whatever else was gathered is judged too. rules: what differs from RULES. findings: those of checks.memory, the
    worst first; info is in neither verdict nor message. Raises SocketMemoryError for wrong rules.

    Of a window, a state counts that is held at the end and was for the share "sustained" of the time that could be
    read. Time that could not be read is in no share, and any of it is a warning. Where the end cannot be read, the host
    fails.
    """
    rules = check_rules(rules or {})
    if not facts or not facts.get("tcp"):
        found = [finding("not-read", "error", None, NOT_READ, {}, "Read it with the subset tcp.")]
        return {"passes": False, "verdict": "fail", "state": None, "message": NOT_READ, "findings": found}
    found = with_severities(run_checks(CHECKS, dict(facts, rules=rules)), _severities(rules))
    counts = [one for one in found if one["severity"] != "info"]
    texts = [one["message"] for one in counts]
    if not any(one["id"] == "tcp-%s" % facts["tcp"]["state"] for one in counts):
        texts.insert(0, describe_tcp(facts["tcp"]))
    if "window" in facts and elsewhere(facts):
        text = "%d of %d TCP sockets are in other network namespaces, whose counters are not read here."
        texts.append(text % (elsewhere(facts), facts["tcp"]["sockets"]["allocated"]))
    if counts:
        remedies = [one["remedy"] for one in counts]
        texts += [_counted(facts), _holder(facts)] + sorted(set(remedies), key=remedies.index)
    verdict = {"error": "fail", "warning": "warn"}[counts[0]["severity"]] if counts else "pass"
    return {
        "passes": verdict != "fail",
        "verdict": verdict,
        "state": facts["tcp"]["state"],
        "message": sentences(texts),
        "findings": found,
    }


def _severities(rules):
    """Return {id: severity} for *rules*: the short forms, and over them what a user says of an id."""
    severities = {}
    for name, (identifier, not_looked_at) in SHORT_FORMS.items():
        if identifier:
            severities[identifier] = WORDS[rules[name]]
        severities[not_looked_at] = "info" if rules[name] == "ignore" else "warning"
    severities.update(rules["severities"])
    return severities


def judge_fleet(facts_of_hosts, budget, active, batch, rules=None):
    """Return {passes, verdict, message, findings, tolerated, judged, not_well} for {name: facts or None} of all hosts
    of a play.

    budget: how many of them may fail, such as 3 or "5 %" (rounded down). active: names of those that have not failed.
    batch: names of those that are active and have been read by now; others without facts are still to come. not_well:
    {name: id of its worst finding}. Raises SocketMemoryError for a wrong budget or wrong rules.
    """
    tolerated = _tolerated(budget, len(facts_of_hosts))
    not_well, judged = {}, 0
    for host, facts in sorted(facts_of_hosts.items()):
        lost = host not in active  # unreachable or failed: what was read of it before may no longer be true
        if lost or facts or host in batch:
            judged += 1
            verdict = judge(None if lost else facts, rules)
            if not verdict["passes"]:
                not_well[host] = verdict["findings"][0]["id"]
    kinds = []
    for kind in sorted(set(not_well.values())):
        hosts = [host for host in sorted(not_well) if not_well[host] == kind]
        more = len(hosts) - NAMES_TOLD
        kinds.append("%s: %s%s" % (kind, ", ".join(hosts[:NAMES_TOLD]), " and %d more" % more if more > 0 else ""))
    message = "%d of %d hosts do not pass, %d of %d are tolerated%s." % (
        len(not_well),
        judged,
        tolerated,
        len(facts_of_hosts),
        " (%s)" % "; ".join(kinds) if kinds else "",
    )
    passes = len(not_well) <= tolerated
    found = (
        []
        if passes
        else [
            finding(
                "fleet-budget",
                "error",
                None,
                message,
                {"failing": len(not_well), "judged": judged, "tolerated": tolerated},
                "Look at the hosts that are named, or raise the budget.",
            )
        ]
    )
    return {
        "passes": passes,
        "verdict": "pass" if passes else "fail",
        "message": message,
        "findings": found,
        "tolerated": tolerated,
        "judged": judged,
        "not_well": not_well,
    }


def _tolerated(budget, hosts):
    """Return how many of *hosts* a budget such as 3, "3" or "5 %" tolerates."""
    match = re.match(r"([0-9]{1,18}) *(%?)\Z", _written(budget).strip())
    if not match or match.group(2) and int(match.group(1)) > 100:
        raise refuse(
            "fleet budget",
            quoted(budget),
            "a number of hosts such as 3, or a share of them such as '5 %'",
            "Correct it.",
        )
    return int(match.group(1)) * hosts // 100 if match.group(2) else int(match.group(1))


def _written(number):
    """Return a *number* of a rule as text; "" for what is neither a number of 64 bits nor a text."""
    if isinstance(number, int) and not isinstance(number, bool):
        return "" if bounded(number) is None else str(number)
    return str(number) if isinstance(number, (str, float)) else ""


def check_rules(rules):
    """Return RULES with what *rules* says otherwise, numbers as numbers. Raises SocketMemoryError."""
    if not isinstance(rules, dict):
        raise refuse("rules", quoted(rules), "a dictionary of " + ", ".join(sorted(RULES)), "Correct it.")
    for name, value in rules.items():
        if name not in RULES:
            raise refuse("rule", quoted(name), "one of " + ", ".join(sorted(RULES)), "Correct it.")
        if isinstance(RULES[name], dict):
            _check_severities(name, value)
        elif isinstance(RULES[name], list):
            if not isinstance(value, (list, tuple)) or any(state not in TCP_STATES for state in value):
                raise refuse(name, quoted(value), "a list of " + ", ".join(TCP_STATES), "Correct it.")
        elif isinstance(RULES[name], str):
            if value not in tuple(WORDS):
                raise refuse(name, quoted(value), "one of " + ", ".join(WORDS), "Correct it.")
        elif (
            not re.match(r"[0-9]{1,18}(\.[0-9]{1,18})?\Z", _written(value)) or name == "sustained" and float(value) > 1
        ):
            raise refuse(
                name, quoted(value), "a share from 0 to 1" if name == "sustained" else "a number from 0", "Correct it."
            )
    return {
        name: float(rules.get(name, rule)) if isinstance(rule, (int, float)) else rules.get(name, rule)
        for name, rule in RULES.items()
    }


def _check_severities(name, severities):
    if not isinstance(severities, dict):
        raise refuse(name, quoted(severities), "a dictionary of ids and severities", "Correct it.")
    known = [check.identifier for check in CHECKS]
    for identifier, severity in severities.items():
        if identifier not in known:
            raise refuse(name, "the id %s" % quoted(identifier), "one of " + ", ".join(known), "Correct it.")
        if severity not in SEVERITIES:
            raise refuse(
                "%s.%s" % (name, identifier), quoted(severity), "one of " + ", ".join(SEVERITIES), "Correct it."
            )


def _counted(facts):
    """Return what the kernel counted in the window, as a sentence."""
    counters = facts["window"]["counters"] if "window" in facts else {}
    counted = [
        "%s %d" % (name, counters[name])
        for name in sorted(counters)
        if counters[name] and name not in TRAFFIC and not name.startswith("TCPMemoryPressures")
    ]
    return "The kernel counted in the window: %s." % ", ".join(counted) if counted else ""


def _holder(facts):
    """Return which control group holds most socket memory, as a sentence."""
    groups = (facts.get("cgroups") or {}).get("groups")
    return (
        "Of all control groups, %s holds most socket memory: %s."
        % (groups[0]["path"], human_bytes(groups[0]["socket_bytes"]))
        if groups
        else ""
    )
