# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a roll-out made a host worse, and what became of all of them."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import finding
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import threshold
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import (
    TCP_DROPPED,
    TCP_LACKED,
    UDP_LACKED,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import under_memory_pressure
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

# How bad a state is. Soft restricts nothing that harms; in imminent the next charge raises the flag; stale is a flag
# that outlived its cause, as it does where the thresholds were just raised above the usage.
TCP_RANK = {"normal": 0, "soft": 0, "stale": 0, "imminent": 1, "recovering": 1, "pressure": 1, "critical": 2}
UDP_RANK = {"normal": 0, "critical": 1}

# No counter tells by itself that the host lacks socket memory. A control group at its own limit moves UdpMemErrors and
# TCP_DROPPED (net/core/sock.c __sk_mem_raise_allocated: a charge that mem_cgroup_sk_charge refuses fails in the same
# way), a failed page allocation moves TCPMemoryPressures and PFMemallocDrop, too many orphans move TCPAbortOnMemory. So
# a counter counts only beside a pool that is near its limit in the second reading, see _near. Of TCP_LACKED and
# UDP_LACKED any move counts there. TCP_DROPPED move for one slow reader too, so they must move more in the seconds
# between two readings than in all the time before. TCPMemoryPressuresChrono is in none: it moves when pressure ends.
NEAR = 0.75  # of udp_mem[0]. Of TCP it is low, two thirds to three quarters of pressure in the pattern of the kernel
MANY_ORPHANS = 0.25  # of tcp_max_orphans: net/ipv4/tcp.c tcp_too_many_orphans counts some of them four times
ROLL_BACK = "The batch is rolled back."
NAMES_SHOWN = 10  # of hosts in a sentence; the lists have all


def regressions(before, after):
    """Return in what a host is worse off than before as findings, none when in nothing. evidence: {before, after}.

    before, after: the value of ansible_facts.socket_memory with the subsets "tcp", "udp" and "counters". States are the
    main thing. A counter counts only beside a pool that is near its limit afterwards. Counters are of one network
    namespace, so a lower bound; they are not compared where one is null, where one went down (a reboot, another
    namespace), and on a host that was in trouble before: there they move anyway.
    """
    found = []
    tcp_before, tcp_after = _tcp_rank(before), _tcp_rank(after)
    high_before, high_after = threshold(before["tcp"], "high"), threshold(after["tcp"], "high")
    # Of a host under pressure that takes all it is given, thresholds that were not lowered are no cause to get worse.
    same_trouble = tcp_before and None not in (high_before, high_after) and high_after >= high_before
    if None not in (tcp_before, tcp_after) and tcp_after > tcp_before and not same_trouble:
        found.append(_regression("tcp-state", "TCP memory", before["tcp"], after["tcp"], "high"))
    udp_before, udp_after = (UDP_RANK.get(facts["udp"]["state"]) for facts in (before, after))
    if (udp_before, udp_after) == (0, 1):
        found.append(_regression("udp-state", "UDP memory", before["udp"], after["udp"], "low"))
    if tcp_before == 0 and udp_before != 1:
        near = _near(after)
        for name, old, new in _moved(before["counters"], after["counters"]):
            if name in near and (name not in TCP_DROPPED or new - old > old):
                found.append(_worse("counter-" + name, "%s went from %d to %d" % (name, old, new), old, new))
    return found


def _tcp_rank(facts):
    """Return how bad it is for TCP, None where that is not known."""
    if facts["tcp"]["state"] is not None:
        return TCP_RANK[facts["tcp"]["state"]]
    return {True: 1, False: 0, None: None}[facts["tcp"]["kernel_flag"]]


def _regression(identifier, subject, before, after, limit):
    """Return the regression from one state to another."""
    shown = []
    for one in (before, after):
        flag = {True: ", kernel flag yes", False: ", kernel flag no"}.get(one.get("kernel_flag"), "")
        shown.append(
            "%s (%s of %s%s)"
            % (
                one["state"] or "unknown",
                human_bytes(one["used"]["bytes"]),
                human_bytes(threshold(one, limit, "bytes")),
                flag,
            )
        )
    return _worse(identifier, "%s went from %s to %s" % (subject, shown[0], shown[1]), before["state"], after["state"])


def _worse(identifier, message, before, after):
    return finding(identifier, "error", None, message, {"before": before, "after": after}, ROLL_BACK)


def _moved(before, after):
    """Return [(name, old, new)] of the counters that moved, none where one of them was reset."""
    pairs = [(name, before.get(name), after.get(name)) for name in TCP_LACKED + UDP_LACKED + TCP_DROPPED]
    pairs = [pair for pair in pairs if None not in pair and pair[1] != pair[2]]
    return [] if any(new < old for _name, old, new in pairs) else pairs


def _near(facts):
    """Return the counters that count beside the pools and the orphans of *facts*: those of which the cause is there."""
    names = []
    used, low = facts["tcp"]["used"]["pages"], threshold(facts["tcp"], "low")
    if None not in (used, low) and used >= low:
        names += TCP_LACKED + TCP_DROPPED
    used, limit = facts["udp"]["used"]["pages"], threshold(facts["udp"], "low")
    if None not in (used, limit) and used >= NEAR * limit:
        names += UDP_LACKED
    count, limit = facts["tcp"]["orphans"]["count"], facts["tcp"]["orphans"]["limit"]
    if None not in (count, limit) and count >= MANY_ORPHANS * limit:
        names.append("TCPAbortOnMemory")
    return names


def would_relieve(facts, settings=None):
    """Return whether *settings* ({key: value}) are worth a try on a host: not under pressure it always is, under
    pressure only where its usage passes fewer of the new thresholds than of those it runs with, or none.

    facts: the value of ansible_facts.socket_memory with the subset "tcp", and "recommended" unless *settings* are
    given. What is not known is tried.
    """
    tcp = facts["tcp"]
    now = [threshold(tcp, name) for name in ("low", "pressure", "high")]
    if settings is None:
        settings = (facts.get("recommended") or {}).get("settings") or {}
    new = settings.get("net.ipv4.tcp_mem")
    used = tcp["used"]["pages"]
    if not under_memory_pressure(facts) or used is None or new is None or None in now:
        return True
    if all(threshold <= old for threshold, old in zip(new, now)):
        return False
    passed = sum(used >= threshold for threshold in new)
    return passed == 0 or passed < sum(used >= threshold for threshold in now)


def judge_batch(hosts, active):
    """Return {stop, message, regressions: {host: [regression, …]}, changed: [host, …], roll_back: [host, …]} after a
    batch was tuned and read again.

    hosts: {name: {"before", "result", "after"}}, what the tasks of the role tune_tcp returned, each None where it did
    not run, of the hosts of the batch and of those that failed. active: the names of the hosts that can be rolled back.
    A host that this run did not change cannot have been made worse by it. One that is lost while it is changed, or
    cannot be read afterwards, is worse off. changed: those that this run changed, or may have; roll_back: those of them
    that are active.
    """
    worse, changed = {}, []
    for name, host in sorted(hosts.items()):
        result, after = host["result"] or {}, host["after"] or {}
        if result.get("unreachable") or (after or result.get("changed")) and not facts_in(after):
            worse[name] = [_lost("it cannot be read any more")]
        elif result.get("changed"):
            found = (
                regressions(facts_in(host["before"]), facts_in(after))
                if facts_in(host["before"])
                else [_lost("it was not read before it was changed")]
            )
            if found:
                worse[name] = found
        if result.get("changed") or result.get("unreachable"):
            changed.append(name)
    message = "; ".join(
        "%s is worse off than before: %s" % (name, ", ".join(one["message"] for one in worse[name]))
        for name in sorted(worse)[:NAMES_SHOWN]
    )
    return {
        "stop": bool(worse),
        "message": message + _more(worse),
        "regressions": worse,
        "changed": changed,
        "roll_back": [name for name in changed if name in active],
    }


def facts_in(result):
    """Return the facts in what a task returned, None where it returned none."""
    return ((result or {}).get("ansible_facts") or {}).get("socket_memory")


def _lost(message):
    return _worse("lost", message, True, False)


def why_failed(result, after, batch):
    """Return why a tuned host fails whatever its facts say, None where they decide.

    result: what the drop-in module returned, after: what the second reading returned, batch: what judge_batch returned,
    empty where no batch was judged.
    """
    if batch.get("stop"):
        return batch["message"]
    if result.get("failed") or result.get("unreachable"):
        return "the drop-in was not applied: %s" % result.get("msg")
    if not facts_in(after):
        return "it could not be read again: %s" % after.get("msg")
    return None


def must_hold(result, check_mode):
    """Return whether a host must hold its settings after the drop-in module returned *result*: not where it was left
    as it was, or is to be changed.
    """
    return not (result.get("skipped") or check_mode and result.get("changed"))


def unavailable(result):
    """Return the keys that the drop-in module left out of the kernel, which has no such keys."""
    return [one["key"] for one in result["settings"] if one["status"] == "skipped"]


def sum_up(hosts, active, check_mode=False):
    """Return {tuned, unchanged, failed, rolled_back, not_reached: [host, …], stopped, message} for the hosts of a
    roll-out so far.

    hosts: as in judge_batch, and "batch", what that returned, for all hosts of the play. active: the names of those
    that did not fail.
    """
    outcomes = {"tuned": [], "unchanged": [], "failed": [], "rolled_back": [], "not_reached": []}
    left, stopped = [], {}
    for name, host in sorted(hosts.items()):
        result, batch = host["result"] or {}, host["batch"] or {}
        if host["before"] is None:
            outcome = "not_reached"
        elif (
            name in batch.get("roll_back", ())
            and batch["stop"]
            and not (result.get("failed") or result.get("unreachable"))
        ):
            outcome = "rolled_back"
        elif name not in active:
            outcome = "failed"
        else:
            outcome = "tuned" if result.get("changed") else "unchanged"
        outcomes[outcome].append(name)
        if result.get("skipped"):
            left.append(name)
        if batch.get("stop"):
            stopped = batch
    words = dict(zip(outcomes, ("tuned", "unchanged", "failed", "rolled back", "not reached")))
    if check_mode:
        words["tuned"] = "to be tuned"
    sentences = ["The roll-out stopped: %s." % stopped["message"]] if stopped else []
    sentences.append(
        "%d %s: %s."
        % (
            len(hosts),
            "host" if len(hosts) == 1 else "hosts",
            ", ".join("%d %s" % (len(names), words[outcome]) for outcome, names in outcomes.items() if names),
        )
    )
    sentences += [
        "%s: %s." % (words[outcome].capitalize(), _names(outcomes[outcome]))
        for outcome in ("failed", "rolled_back")
        if outcomes[outcome]
    ]
    if stopped and outcomes["not_reached"]:
        sentences.append("Not reached: %s." % _names(outcomes["not_reached"]))
    stuck = [name for name in outcomes["failed"] if stopped and name in stopped["changed"]]
    if stuck:
        sentences.append(
            "Could not be rolled back: %s. When they answer, run the playbook linux_net.socket_memory.rollback for "
            "them with tune_tcp_rollback_to=previous." % _names(stuck)
        )
    if left:
        sentences.append(
            "Left as it was, because the recommended thresholds would not relieve its pressure: %s." % _names(left)
        )
    return dict(outcomes, stopped=bool(stopped), message=" ".join(sentences))


def _names(names):
    """Return the first *names* as a text that says how many more there are."""
    return ", ".join(names[:NAMES_SHOWN]) + _more(names)


def _more(names):
    return " and %d more" % (len(names) - NAMES_SHOWN) if len(names) > NAMES_SHOWN else ""
