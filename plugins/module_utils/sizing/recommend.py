# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizing: facts of a host and a workload in, settings with their reasons out. Pure functions of their arguments."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import (
    counting,
    run_checks,
    silence,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import OF_A_WORKLOAD
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    UDP_MEM,
    format_value,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.budget import CHECKS, budget
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import (
    receive_default,
    tcp_demand,
    udp_demand,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.host_to_size import host_to_size
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.profiles import PROFILES, proposals
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.reasons import full_buffers, sentence
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.thresholds import tcp_needs
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import FACTS, check_workload
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes


def recommend(facts, workload=None):
    """Return {profile, settings, reasons, budget, lint} for one host.

    facts: the value of ansible_facts.socket_memory. workload: see check_workload. settings: {key: int or list of int};
    reasons: {key: sentence}; budget: what the numbers rest on, see budget(); lint: as lint.lint() returns it, with
    what is wrong between workload and host. Raises SocketMemoryError for a workload that cannot be meant, and for
    facts without page size or memory size.
    """
    workload = check_workload(workload)
    profile = PROFILES[workload["profile"]]
    host = host_to_size(facts).keeping(workload["only_raise"], profile.small_buffers)
    if workload["observed_peak"] == FACTS:
        workload = dict(workload, observed_peak=_observed(facts))
    demand = tcp_demand(host, workload)
    needs = tcp_needs(host, workload, demand, profile.share)
    chosen = proposals(host, workload, profile, needs)
    settings = {key: proposal.value for key, proposal in chosen.items()}
    low, pressure, high = settings[TCP_MEM]
    udp_limit = settings.get(UDP_MEM, host.now(UDP_MEM))[0]
    beyond = silence(
        run_checks(
            CHECKS,
            {
                "host": host,
                "workload": workload,
                "demand": demand,
                "udp_demand": udp_demand(workload, receive_default(host, chosen)),
                "needs": needs,
                "tcp_low": low,
                "tcp_high": high,
                "udp_limit": udp_limit,
            },
        ),
        workload["silence"],
    )
    reasons = {key: sentence(proposal) for key, proposal in chosen.items()}
    for key in (TCP_RMEM, TCP_WMEM):
        if key in settings:
            reasons[key] += full_buffers(pressure * host.page_size, settings[key][2])
    for one in counting(beyond, "warning"):
        # lint of the drop-in cannot see these, so the file tells them; without numbers, which follow memory
        reasons[TCP_MEM] += "; %s: %s" % (one["id"], one["remedy"].rstrip("."))
    return {
        "profile": workload["profile"],
        "settings": settings,
        "reasons": reasons,
        "budget": budget(host, workload, demand, needs, settings, udp_limit),
        "lint": silence(host.lint(settings, host.running) + beyond, workload["silence"]),
    }


def _observed(facts):
    """Return the most bytes that TCP uses by *facts*, now or in the window of observation; None if they do not tell."""
    used = (facts.get("tcp") or {}).get("used") or {}
    window = ((facts.get("window") or {}).get("tcp") or {}).get("used") or {}
    return max(used.get("bytes") or 0, (window.get("peak") or {}).get("bytes") or 0) or None


def doubts_about(facts):
    """Return the warnings of a recommendation in *facts* that only it can give: the host and the workload do not fit.

    Those of its values are given where they are applied.
    """
    found = counting((facts.get("recommended") or {}).get("lint") or [], "warning")
    return [one for one in found if one["id"] in OF_A_WORKLOAD]


def assignments(recommendation, page_size):
    """Return the settings of what recommend returned as a drop-in has them, a list of {key, value, comment}.

    value: its numbers as text; comment: what they are in units that people read, and the reason. page_size: of the
    host, bytes.
    """
    settings, reasons = recommendation["settings"], recommendation["reasons"]
    comments = {key: (human_value(key, value, page_size), reasons[key]) for key, value in settings.items()}
    return [
        {"key": key, "value": format_value(value), "comment": ": ".join(filter(None, comments[key]))}
        for key, value in settings.items()
    ]


def human_value(key, value, page_size):
    """Return a setting as people read it: "2.0 GiB, 4.0 GiB, 8.0 GiB", "30 seconds", "" where the number is enough."""
    unit = KEYS[key].unit if key in KEYS else None
    if unit == "pages" and page_size is None:
        return ""
    if unit in ("pages", "bytes"):
        numbers = value if isinstance(value, list) else [value]
        return ", ".join(human_bytes(number * (page_size if unit == "pages" else 1)) for number in numbers)
    return "%s %s" % (value, unit) if unit in ("seconds", "sockets", "packets") else ""
