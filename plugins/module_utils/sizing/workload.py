# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host is for, as people say it: checked, and every option filled in."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX, quoted
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import WARNINGS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import LARGEST_WINDOW
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, parse_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.quantities import Quantity, parse_quantity

PROFILE_NAMES = ("balanced", "application_server", "many_connections", "bulk_transfer", "low_latency")
LARGEST_MEMORY = 1 << 50  # bytes; x86_64 with five-level page tables addresses 4 PiB

_ASKED_BUFFER = Quantity("bytes", 1024, INT_MAX // 2, True)
_BANDWIDTH = Quantity("Mbit/s", 0.001, 10**7, False)
_RTT = Quantity("ms", 0.001, 60000, False)
FACTS = "facts"  # observed_peak: what the facts of the host say that TCP uses
QUANTITIES = {
    "connections": Quantity("count", 1, 10**8, True),
    "active_fraction": Quantity("fraction", 0.0001, 1, False),
    "buffer_bytes": _ASKED_BUFFER,
    "receive_buffer_bytes": _ASKED_BUFFER,
    "send_buffer_bytes": _ASKED_BUFFER,
    "bandwidth_mbps": _BANDWIDTH,
    "rtt_ms": _RTT,
    "buffer_limit_bytes": Quantity("bytes", 64 * 1024, LARGEST_WINDOW, True),
    "memory_fraction": Quantity("fraction", 0.001, 0.5, False),
    "observed_peak": Quantity("bytes", 1, LARGEST_MEMORY, True),
    "churn": Quantity("per second", 0.001, 10**7, False),
    "udp_sockets": Quantity("count", 1, 10**7, True),
    "udp_buffer_bytes": _ASKED_BUFFER,
    "container_memory_bytes": Quantity("bytes", 4 * 1024 * 1024, LARGEST_MEMORY, True),
}
DIRECTIONS = ("both", "receive", "send")  # of the data, seen from the host
OTHERS = ("profile", "direction", "paths", "only_raise", "overrides", "silence")


def check_workload(workload=None):
    """Return *workload* as a dictionary with every option filled in.

    Numbers are in the unit of their names, paths a list of (Mbit/s, ms), what is not said is None.
    Raises SocketMemoryError that names the option, what it is and what it may be.
    """
    workload = workload or {}
    if not isinstance(workload, dict):
        raise refuse("workload", quoted(workload), "options such as profile: balanced", "Write it as a dictionary.")
    for name in workload:
        if name not in QUANTITIES and name not in OTHERS:
            known = ", ".join(list(OTHERS) + list(QUANTITIES))
            raise refuse("workload", "the option %s" % quoted(name), "one of " + known, "Correct or remove it.")
    given = {name: value for name, value in workload.items() if value is not None}
    observed = given.get("observed_peak")
    if isinstance(observed, dict):  # as the facts hold it: {pages, bytes}
        given["observed_peak"] = observed.get("bytes") or None
    elif observed == FACTS:
        del given["observed_peak"]
    checked = {
        name: None if given.get(name) is None else parse_quantity(name, quantity, given[name])
        for name, quantity in QUANTITIES.items()
    }
    if observed == FACTS:
        checked["observed_peak"] = FACTS
    for name, words, advice in (
        ("profile", PROFILE_NAMES, "Choose a profile."),
        ("direction", DIRECTIONS, "Say which way the data goes, seen from the host."),
    ):
        checked[name] = given.get(name) or words[0]
        if checked[name] not in words:
            raise refuse("workload." + name, quoted(checked[name]), "one of " + ", ".join(words), advice)
    checked["only_raise"] = given.get("only_raise", True)
    if not isinstance(checked["only_raise"], bool):
        raise refuse("workload.only_raise", quoted(checked["only_raise"]), "true or false", "Correct it.")
    checked["paths"] = _paths(given, checked)
    for one, other in (("receive_buffer_bytes", "send_buffer_bytes"), ("send_buffer_bytes", "receive_buffer_bytes")):
        checked[one] = checked[one] or checked["buffer_bytes"]
        if checked[one] is None and checked[other] is not None:
            raise refuse(
                "workload", "only %s" % other, "both directions", "Give %s too, or buffer_bytes for both." % one
            )
    if checked["connections"] and checked["receive_buffer_bytes"] is None and not checked["paths"]:
        raise refuse(
            "workload",
            "connections alone",
            "also buffer_bytes, or bandwidth_mbps and rtt_ms",
            "A number of connections says nothing about memory until it is known what each can hold.",
        )
    for name, needed in (("active_fraction", "connections"), ("udp_buffer_bytes", "udp_sockets")):
        if checked[name] is not None and checked[needed] is None:
            raise refuse(
                "workload", "%s without %s" % (name, needed), "both or none", "Give %s, or remove %s." % (needed, name)
            )
    checked["overrides"] = _overrides(given.get("overrides") or {})
    checked["silence"] = _silence(given.get("silence") or {})
    return checked


def _paths(given, checked):
    """Return the paths as [(Mbit/s, ms), …], from the list or from the single pair."""
    if (checked["bandwidth_mbps"] is None) != (checked["rtt_ms"] is None):
        raise refuse(
            "workload",
            "only one of bandwidth_mbps and rtt_ms",
            "both or none",
            "Their product is what is in flight: give both.",
        )
    single = [] if checked["rtt_ms"] is None else [(checked["bandwidth_mbps"], checked["rtt_ms"])]
    paths = given.get("paths") or []
    if not isinstance(paths, (list, tuple)):
        raise refuse("workload.paths", quoted(paths), "a list of bandwidth_mbps and rtt_ms", "Correct it.")
    if paths and single:
        raise refuse(
            "workload", "paths beside bandwidth_mbps and rtt_ms", "one of the two", "Put the single path into the list."
        )
    for number, path in enumerate(paths):
        if not isinstance(path, dict) or set(path) != {"bandwidth_mbps", "rtt_ms"}:
            raise refuse(
                "workload.paths[%d]" % number, quoted(path), "bandwidth_mbps and rtt_ms", "Give both, and nothing else."
            )
        single.append(
            tuple(
                parse_quantity("paths[%d].%s" % (number, name), QUANTITIES[name], path[name])
                for name in ("bandwidth_mbps", "rtt_ms")
            )
        )
    return single


def _overrides(overrides):
    if not isinstance(overrides, dict):
        raise refuse("workload.overrides", quoted(overrides), "a dictionary of sysctl keys and values", "Correct it.")
    for key in overrides:
        if key not in KEYS:
            raise refuse(
                "workload.overrides",
                "the key %s" % quoted(key),
                "one of " + ", ".join(KEYS),
                "Put other keys into a sysctl.d file of their own.",
            )
    return {key: parse_value(key, value) for key, value in overrides.items()}


def _silence(silence):
    """Return the rules of lint that are not to be reported, with the reason of each. Errors cannot be silenced."""
    if not isinstance(silence, dict):
        raise refuse("workload.silence", quoted(silence), "a dictionary of rules and reasons", "Correct it.")
    for rule, reason in silence.items():
        if rule not in WARNINGS:
            raise refuse(
                "workload.silence",
                "the rule %s" % quoted(rule),
                "one of " + ", ".join(WARNINGS),
                "Only warnings can be silenced; correct the value.",
            )
        if not isinstance(reason, str) or not reason.strip():
            raise refuse(
                "workload.silence." + rule,
                quoted(reason),
                "the reason in words",
                "Say why it is right here: the next reader will ask.",
            )
    return dict(silence)
