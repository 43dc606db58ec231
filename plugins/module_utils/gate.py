# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host, or a fleet, may pass: a pure judgement of facts, with one paragraph for the person who must act on it."""

import re

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import bounded, quoted
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.findings import TCP_STATES as EXPLAINED
from ansible_collections.linux_net.socket_memory.plugins.module_utils.findings import certain, describe_tcp
from ansible_collections.linux_net.socket_memory.plugins.module_utils.human import human_bytes
from ansible_collections.linux_net.socket_memory.plugins.module_utils.states import TCP_STATES, UNDER_PRESSURE

RULES = {
    "fail_states": list(UNDER_PRESSURE),
    "warn_states": ["soft", "imminent"],
    "sustained": 0.5,  # share of the time of the window that could be read
    "udp": "fail",
    "orphans_warn_percent": 25,  # of the limit; 0: never
    "orphans_fail_percent": 100,
    "time_wait_warn_percent": 100,
    "time_wait_fail_percent": 0,
    "cgroups": "ignore",
    "kernel_log": "ignore",
    "kernel_log_seconds": 600,
}
SEVERITIES = ("fail", "warn", "ignore")
NUMBER = r"[0-9]{1,18}(\.[0-9]{1,18})?\Z"
# net/ipv4/tcp.c tcp_too_many_orphans: in timers an orphan whose peer does not answer counts twice, after a soft error four times.
ORPHAN_EFFECTS = ((1, "the kernel resets every connection that is closed with unsent data"), (2, "the kernel resets those whose peer does not answer"),
                  (4, "the kernel resets those whose peer does not answer and that met an error"))
STALLED = 10  # percent of the time that a control group waits for memory; some of it is how memory.high works
FULL = 0.9  # of a limit of control groups version 1: the charge that does not fit is refused, so the usage stays below it
ROUNDING = 0.001  # seconds, to which the facts tell the time in a state
NAMES_TOLD = 10  # hosts of a kind in the message about a fleet; all of them are in its result


def judge(facts, rules=None):
    """Return {passes, verdict, message, reasons}: verdict "pass", "warn" or "fail", message one paragraph.

    facts: the value of ansible_facts.socket_memory with the subset "tcp", or None for a host that was not read; whatever else
    was gathered is judged too. rules: what differs from RULES. reasons: [{id, severity ("fail" or "warn")}, …], the worst
    first. Raises SocketMemoryError for wrong rules.

    Of a window, a state counts that is held at the end and was for the share "sustained" of the time that could be
    read. Time that could not be read is not time that was well: it is in no share, and any of it is a warning. Where the
    end cannot be read, the host fails.
    """
    rules = check_rules(rules or {})
    if not facts or not facts.get("tcp"):
        return {"passes": False, "verdict": "fail", "message": "The host was not read, it is not known to be well.",
                "reasons": [{"id": "not-read", "severity": "fail"}]}
    found = []  # (id, severity, message, remedy)
    for look in (_tcp, _udp, _orphans, _time_wait, _cgroups, _kernel_log):
        found.extend(one for one in look(facts, rules) if one[1] != "ignore")
    found.sort(key=lambda one: one[1] != "fail")
    sentences = [describe_tcp(facts["tcp"], facts["page_size"])] + [one[2] for one in found]
    if found:
        sentences += [_counted(facts), _holder(facts)]
        sentences += [one[3] for number, one in enumerate(found) if one[3] not in [other[3] for other in found[:number]]]
    verdict = found[0][1] if found else "pass"
    return {"passes": verdict != "fail", "verdict": verdict, "message": " ".join(sentence for sentence in sentences if sentence),
            "reasons": [{"id": one[0], "severity": one[1]} for one in found]}


def judge_fleet(facts_of_hosts, budget, active, batch, rules=None):
    """Return {passes, message, tolerated, judged, not_well} for {name: facts or None} of all hosts of a play.

    budget: how many of them may fail, such as 3 or "5 %" (rounded down). active: names of those that have not failed. batch: names
    of those that are active and have been read by now; others without facts are still to come. not_well: {name: id of its
    worst reason}. Raises SocketMemoryError for a wrong budget or wrong rules.
    """
    tolerated = _tolerated(budget, len(facts_of_hosts))
    not_well, judged = {}, 0
    for host, facts in sorted(facts_of_hosts.items()):
        lost = host not in active  # unreachable or failed: whatever was read of it before, it is not known to be well
        if lost or facts or host in batch:
            judged += 1
            verdict = judge(None if lost else facts, rules)
            if not verdict["passes"]:
                not_well[host] = verdict["reasons"][0]["id"]
    kinds = []
    for kind in sorted(set(not_well.values())):
        hosts = [host for host in sorted(not_well) if not_well[host] == kind]
        more = len(hosts) - NAMES_TOLD
        kinds.append("%s: %s%s" % (kind, ", ".join(hosts[:NAMES_TOLD]), " and %d more" % more if more > 0 else ""))
    message = "%d of %d hosts may not pass, %d of %d are tolerated%s." % (
        len(not_well), judged, tolerated, len(facts_of_hosts), " (%s)" % "; ".join(kinds) if kinds else "")
    return {"passes": len(not_well) <= tolerated, "message": message, "tolerated": tolerated, "judged": judged, "not_well": not_well}


def _tolerated(budget, hosts):
    """Return how many of *hosts* a budget such as 3, "3" or "5 %" tolerates."""
    match = re.match(r"([0-9]{1,18}) *(%?)\Z", _written(budget).strip())
    if not match or match.group(2) and int(match.group(1)) > 100:
        raise refuse("fleet budget", quoted(budget), "a number of hosts such as 3, or a share of them such as '5 %'",
                     "Correct it.")
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
        if isinstance(RULES[name], list):
            if not isinstance(value, (list, tuple)) or any(state not in TCP_STATES for state in value):
                raise refuse(name, quoted(value), "a list of " + ", ".join(TCP_STATES), "Correct it.")
        elif isinstance(RULES[name], str):
            if value not in SEVERITIES:
                raise refuse(name, quoted(value), "one of " + ", ".join(SEVERITIES), "Correct it.")
        elif not re.match(NUMBER, _written(value)) or name == "sustained" and float(value) > 1:
            raise refuse(name, quoted(value), "a share from 0 to 1" if name == "sustained" else "a number from 0",
                         "Correct it.")
    return {name: float(rules.get(name, rule)) if isinstance(rule, (int, float)) else rules.get(name, rule) for name, rule in RULES.items()}


def _spans(facts, name):
    """Return [(state, seconds), …] of the window, or the one state of a single look."""
    if "window" in facts:
        return [(one["state"], one["seconds"]) for one in facts["window"][name]["states"]]
    return [(facts[name]["state"], 0.0)]


def _unreadable(facts, name):
    """Return for how many seconds of the window nothing could be read of *name*, "tcp" or "udp".

    A network namespace of its own has no thresholds, and so no state: there only the kernel's flag tells of TCP, and
    nothing of UDP.
    """
    if "window" not in facts:
        return 0.0
    told = (facts["window"][name].get("under_pressure") or {}).get("unreadable_seconds")
    if told is None and facts.get("network_namespace") != "other":
        told = sum(seconds for state, seconds in _spans(facts, name) if state is None)
    return told or 0.0


def _sits(spans, states, sustained, unreadable):
    """Return whether *states* are held when *spans* were read last, and were for a share of the time that could be read.

    sustained: that share; of 0, any moment is enough. unreadable: seconds of *spans* that are in no share.
    """
    readable = sum(seconds for _state, seconds in spans) - unreadable
    held = sum(seconds for state, seconds in spans if state in states)
    if not sustained:
        return any(state in states for state, _seconds in spans)
    last = next((state for state, _seconds in reversed(spans) if state is not None), None)
    return last in states and held + ROUNDING >= sustained * readable


def _tcp(facts, rules):
    """Yield what the state of TCP, now and in the window, is a reason for."""
    tcp = facts["tcp"]
    if tcp["state"] is None and tcp["kernel_flag"] is None:
        yield ("tcp-unknown", "fail", "Neither the flag nor the usage can be read, the host is not known to be well.",
               "Let /proc/net/protocols and /proc/net/sockstat be read.")
        return
    spans, window, unreadable = _spans(facts, "tcp"), facts.get("window"), _unreadable(facts, "tcp")
    if unreadable:
        message = "For %.1f of %.1f seconds neither the flag nor the usage could be read, what was then is not known."
        yield ("tcp-partly-unknown", "warn", message % (unreadable, window["seconds"]),
               "Let /proc/net/protocols and /proc/net/sockstat be read, and observe it again.")
    for severity, states in (("fail", rules["fail_states"]), ("warn", rules["warn_states"])):
        if tcp["state"] in states and _sits(spans, states, rules["sustained"], unreadable):
            if certain(tcp):
                message = " ".join(text for text in (window and _since(spans, states, window), _bounds(facts)) if text)
                yield "tcp-" + tcp["state"], severity, message, EXPLAINED.get(tcp["state"], ("", "", ""))[2]
            return
        if severity == "fail" and window:
            yield from _spike(spans, window, rules)


def _spike(spans, window, rules):
    """Yield what failing states are a reason for that were seen in the window but did not last, or only counted by the kernel."""
    severity = "warn" if rules["sustained"] else "fail"
    seen = [state for state in TCP_STATES if state in rules["fail_states"] and state in [one for one, _seconds in spans]]
    entered = window["counters"].get("TCPMemoryPressures")
    if seen:
        held = sum(seconds for state, seconds in spans if state in seen)
        over = "" if spans[-1][0] in seen else ", and is no longer"
        message = "It was in %s for %.1f of %.1f seconds%s." % (" and ".join(seen), held, window["seconds"], over)
    elif entered and "pressure" in rules["fail_states"]:
        message = "The kernel entered pressure %s within %.1f seconds, too briefly to be seen." % (_times(entered), window["seconds"])
    else:
        return
    yield "tcp-spike", severity, message, "Observe it for longer, and find the sockets that hold the memory (ss -tm) while it lasts."


def _since(spans, states, window):
    """Return since when it is so, and how often the kernel entered pressure, as a sentence."""
    seconds = 0.0
    for state, length in reversed(spans):
        if state not in states:
            break
        seconds += length
    whole = all(state in states for state, _length in spans)
    since = "at least %.1f seconds, the whole window" % window["seconds"] if whole else "%.1f seconds, %.1f of %.1f in all" % (
        seconds, sum(length for state, length in spans if state in states), window["seconds"])
    entered = window["counters"].get("TCPMemoryPressures")
    return "It has been so for %s%s; %swith a peak of %s." % (
        since, ", entered %s" % _times(entered) if entered else "", "%s, " % window["tcp"]["trend"] if window["tcp"]["trend"] else "",
        human_bytes(window["tcp"]["used"]["peak"]["bytes"]))


def _bounds(facts):
    """Return where pressure begins and ends, as a sentence."""
    low, pressure = facts["tcp"]["thresholds"]["low"], facts["tcp"]["thresholds"]["pressure"]
    if None in (low, pressure, facts["page_size"]):
        return ""
    return "Pressure begins above %s and ends below %s." % (human_bytes(pressure * facts["page_size"]), human_bytes(low * facts["page_size"]))


def _udp(facts, rules):
    """Yield what the state of UDP is a reason for."""
    udp = facts.get("udp")
    if not udp:
        return
    unreadable = _unreadable(facts, "udp")
    if _sits(_spans(facts, "udp"), ("critical",), rules["sustained"], unreadable):
        low = udp["thresholds"]["low"]
        limit = None if None in (low, facts["page_size"]) else low * facts["page_size"]
        yield ("udp-critical", rules["udp"], "UDP memory is at its only limit, udp_mem[0]: %s of %s, datagrams are dropped." % (
            human_bytes(udp["used"]["bytes"]), human_bytes(limit)), "Find the sockets whose readers fell behind (ss -um) and raise udp_mem.")
    if unreadable or udp["state"] is None and facts.get("network_namespace") != "other":
        when = "For %.1f of %.1f seconds" % (unreadable, facts["window"]["seconds"]) if unreadable else "Now"
        yield ("udp-unknown", _at_most_warn(rules["udp"]),
               "%s the memory of UDP or its limit could not be read, what it was is not known." % when,
               "Let /proc/net/sockstat and /proc/sys/net/ipv4/udp_mem be read.")


def _share(count, limit, rules, name):
    """Return (severity or None, percent) of *count* against *limit* by the two rules of *name*."""
    if None in (count, limit) or limit <= 0:
        return None, None
    percent = 100.0 * count / limit
    return next((severity for severity in ("fail", "warn") if 0 < rules["%s_%s_percent" % (name, severity)] <= percent), None), percent


def _orphans(facts, rules):
    """Yield what the number of orphans is a reason for."""
    count, limit = facts["tcp"]["orphans"]["count"], facts["tcp"]["orphans"]["limit"]
    severity, percent = _share(count, limit, rules, "orphans")
    if severity:
        effect = next((": " + effect for weight, effect in ORPHAN_EFFECTS if count * weight > limit), "")
        yield ("tcp-orphans", severity, "%d orphaned connections are %.0f %% of tcp_max_orphans%s." % (count, percent, effect),
               "Find who closes connections with unsent data to slow peers; do not lower tcp_max_orphans.")


def _time_wait(facts, rules):
    """Yield what the number of connections in TIME-WAIT is a reason for."""
    count, limit = facts["tcp"]["time_wait"]["count"], facts["tcp"]["time_wait"]["limit"]
    severity, percent = _share(count, limit, rules, "time_wait")
    if severity:
        yield ("tcp-time-wait", severity, "%d connections in TIME-WAIT are %.0f %% of tcp_max_tw_buckets; past the limit they end without." % (count, percent),
               "Let clients keep their connections, or raise tcp_max_tw_buckets: each costs 256 bytes, none of it of tcp_mem.")


def _cgroups(facts, rules):
    """Yield what control groups that hold sockets and are short of memory are a reason for."""
    if facts.get("cgroups", {}) is None:
        yield "cgroups-unreadable", _at_most_warn(rules["cgroups"]), "The control groups cannot be read.", "Run the gate as root, outside of containers."
    for group in (facts.get("cgroups") or {}).get("groups", []):
        signs = ["%s %s" % (name, _times(number)) for name, number in sorted(group.get("events_in_window", {}).items()) if number and name != "low"]
        if (group["stalled_percent"] or 0) >= STALLED:
            signs.append("waiting for memory %.0f %% of the time" % group["stalled_percent"])
        if group["memory_bytes"] is None and group["socket_bytes"] >= FULL * group["max_bytes"]:
            signs.append("its sockets are at their limit of %s" % human_bytes(group["max_bytes"]))
        if signs:
            message = "The control group %s holds %s in sockets and is short of memory (%s): the kernel restricts them, whatever its flag says." % (
                group["path"], human_bytes(group["socket_bytes"]), ", ".join(signs))
            yield "cgroup-pressure", rules["cgroups"], message, "Raise the memory limit of %s or relieve it." % group["path"]


def _kernel_log(facts, rules):
    """Yield what messages of the kernel are a reason for, while they are young enough."""
    if facts.get("kernel_log", []) is None:
        yield "kernel-log-unreadable", _at_most_warn(rules["kernel_log"]), "The kernel log cannot be read.", "Run the gate as root, outside of containers."
    for message in facts.get("kernel_log") or []:
        if message["last_age_seconds"] <= rules["kernel_log_seconds"]:
            yield ("kernel-log", rules["kernel_log"], 'The kernel said "%s" %s, last %.0f seconds ago.' % (
                message["text"], _times(message["count"]), message["last_age_seconds"]),
                "Find who closes connections with unsent data to slow peers; do not lower tcp_max_orphans.")


def _at_most_warn(severity):
    """Return the severity of what could not be looked at."""
    return "warn" if severity == "fail" else severity


def _counted(facts):
    """Return what the kernel counted in the window, as a sentence."""
    counters = facts["window"]["counters"] if "window" in facts else {}
    counted = ["%s %d" % (name, counters[name]) for name in sorted(counters) if counters[name] and not name.startswith("TCPMemoryPressures")]
    return "The kernel counted in the window: %s." % ", ".join(counted) if counted else ""


def _holder(facts):
    """Return which control group holds most socket memory, as a sentence."""
    groups = (facts.get("cgroups") or {}).get("groups")
    return "Of all control groups, %s holds most socket memory: %s." % (groups[0]["path"], human_bytes(groups[0]["socket_bytes"])) if groups else ""


def _times(number):
    return "once" if number == 1 else "%d times" % number
