# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of one host: what it says of itself, judged and sized.

Reading needs the host, judging does not: the fast lane reads there and judges on the controller.
"""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import first_of, quoted, within_bounds
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import threshold
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.registry import find
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.gather import read
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import checked_facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.window import (
    state_of_tcp,
    state_of_udp,
    window,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.control_groups import add_events_in_window
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.observation import deltas
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.capacity import capacity
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import doubts_about, recommend
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import check_workload
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import sentences

# subset: what has to be read for it (gather.READABLE).
SUBSETS = {
    "tcp": ("memory",),
    "udp": ("memory",),
    "limits": ("limits",),
    "counters": ("counters",),
    "boot": ("boot",),
    "managers": ("boot", "managers"),
    "recommended": ("memory",),
    "capacity": ("memory",),
    "findings": ("memory", "boot", "managers"),
}
# The same; but "all" leaves them out: few hosts are asked for them, and they cost more.
ON_REQUEST = {"cgroups": ("cgroups",), "kernel_log": ("kernel_log",)}
STANDS_STILL = "Leave it out: a captured tree stands still."
LONGEST_WINDOW = 3600  # seconds; a connection that is silent for longer does not survive every firewall

SIZED = {"recommended": recommend, "capacity": capacity}  # subset: what makes it of the other facts and the workload


def run(params):
    """Return {ansible_facts: {socket_memory: …}, warnings: [sentence, …], changed: False}.

    params: gather_subset (list of names of SUBSETS, "all", "!name"), root (directory), page_size (bytes or None),
    workload (dict or None), sysctl_dialect, window (seconds or None), since (the facts of an earlier reading, or
    None). Raises SocketMemoryError for wrong parameters, before anything is read.
    """
    return assemble(read(reading_params(params)), params)


def reading_params(params):
    """Return the params of gather.read for those of run, all of which are checked that can be checked without the
    host.
    """
    subsets = choose_subsets(params.get("gather_subset"))
    if subsets & set(SIZED):
        check_workload(params.get("workload"))
    names = {name for subset in subsets for name in SUBSETS.get(subset) or ON_REQUEST[subset]}
    wanted = {name: params.get(name) for name in ("root", "page_size", "sysctl_dialect", "window")}
    has_window = _check_window(params.get("window") or 0, params.get("root") or "/")
    if params.get("since"):
        wanted["since"], wanted["window"] = _earlier(params)["monotonic_seconds"], params.get("window") or 0
        names.update(("memory", "counters"))
    elif has_window:
        names.add("window")
    return dict(wanted, read=sorted(names))


def _earlier(params):
    """Return the facts of the earlier reading with which a window began. Raises SocketMemoryError where they do not
    do.
    """
    earlier = checked_facts(params["since"], "tcp", "udp", "counters")
    if earlier.get("monotonic_seconds") is None or os.path.abspath(params.get("root") or "/") != "/":
        raise refuse("since", "facts of a captured tree, or for one", "facts of a live host", STANDS_STILL)
    return earlier


def _check_window(seconds, root):
    """Return whether there is a window. Raises SocketMemoryError where it cannot be observed."""
    if not 0 <= seconds <= LONGEST_WINDOW:  # nor is "not a number"
        raise refuse(
            "window",
            quoted(seconds),
            "seconds from 0 to %d" % LONGEST_WINDOW,
            "Give the seconds to observe, 0 for one look.",
        )
    if seconds and os.path.abspath(root) != "/":
        raise refuse("window", quoted(seconds), "0 for a captured tree", STANDS_STILL)
    return seconds > 0


def assemble(answer, params):
    """Return what run returns, from what gather.read answered: with states, sizes and findings, and only with what
    was asked for.
    """
    subsets = choose_subsets(params.get("gather_subset"))
    facts = answer["facts"]
    if params.get("since"):
        _begin_window(facts, _earlier(params))
    if {"tcp", "udp"} <= set(facts):
        _add_states(facts)
    for name in (name for name in SIZED if name in subsets):
        known = facts["page_size"] and facts["memory_total"]
        facts[name] = SIZED[name](facts, params.get("workload")) if known else None
    if "findings" in subsets:
        facts["findings"], left_out = first_of(find(facts))
        if left_out:
            facts["findings_left_out"] = left_out
    for name in set(SUBSETS) - subsets:  # what was read only for another subset
        facts.pop(name, None)
        facts.pop(name + "_left_out", None)
    if not subsets & {"tcp", "udp"}:
        facts.pop("sockets_used", None)
    if "limits" not in subsets:
        facts.pop("limits_unreadable", None)
    if "boot" not in subsets:
        facts.pop("boot_by_others", None)
        facts.pop("boot_complete", None)
    facts["warnings"] = answer["warnings"]
    # What a host says is in bounds; what follows from it need not be.
    return {
        "changed": False,
        "ansible_facts": {"socket_memory": within_bounds(facts)},
        "warnings": answer["warnings"] + [sentences([one["message"], one["remedy"]]) for one in doubts_about(facts)],
    }


def _begin_window(facts, earlier):
    """Make the samples of the fact window of an *earlier* reading and of this one, which *facts* hold, as
    host.observation.observe() does within one visit.
    """
    if facts["monotonic_seconds"] is None:
        raise SocketMemoryError("The host left out its clock, so it is not known how long the window was.")
    seconds = round(max(0.0, facts["monotonic_seconds"] - earlier["monotonic_seconds"]), 3)
    samples = [{"seconds": at, "tcp": one["tcp"], "udp": one["udp"]} for at, one in ((0.0, earlier), (seconds, facts))]
    facts["window"] = {
        "seconds": seconds,
        "samples": samples,
        "counters": deltas(earlier["counters"], facts["counters"]),
    }
    if facts.get("cgroups") and earlier.get("cgroups"):
        add_events_in_window(facts["cgroups"]["groups"], earlier["cgroups"]["groups"])


def _add_states(facts):
    """Add to the facts tcp and udp what follows from their numbers and the kernel's flag, and make the fact window
    of its samples.
    """
    tcp, udp = facts["tcp"], facts["udp"]
    used, high = tcp["used"]["pages"], threshold(tcp, "high")
    tcp["percent_of_high"] = round(100.0 * used / high, 2) if used is not None and high else None
    tcp["state"], udp["state"] = state_of_tcp(tcp), state_of_udp(udp, facts["page_size"])
    if "window" in facts:
        facts["window"] = window(facts["window"], tcp["error_bound"]["pages"] or 0, facts["page_size"])


def choose_subsets(words):
    """Return the subsets that *words* ask for: names, "all" of SUBSETS, and "!name" to leave one out; all without
    words.
    """
    words = words or ["all"]
    for word in words:
        if (word[1:] if word.startswith("!") else word) not in list(SUBSETS) + list(ON_REQUEST) + ["all"]:
            expected = "one of all, %s, or one of them behind '!'" % ", ".join(list(SUBSETS) + list(ON_REQUEST))
            raise refuse("gather_subset", quoted(word), expected, "Correct it.")
    wanted = {word for word in words if not word.startswith("!")}
    if "all" in wanted or not wanted:
        wanted = wanted - {"all"} | set(SUBSETS)
    without = {word[1:] for word in words if word.startswith("!")}
    return set() if "all" in without else wanted - without
