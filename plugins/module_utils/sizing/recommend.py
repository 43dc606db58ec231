# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizing: facts of a host and a workload in, settings with their reasons out. Pure functions of their arguments."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import counting, silence
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, format_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.budget import (
    HEADROOM,
    above_a_quarter,
    connection_demand,
    overcommitment,
    shares,
    tcp_demand,
    unmet_demand,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.host_to_size import SizedHost
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.path_buffers import bandwidth_delay_product, describe_paths
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.profiles import MEM, PROFILES, RMEM, UDP_MEM, recommended
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.thresholds import UDP_DEFAULT_DIVISOR, ceiling, kernel_default_tcp_mem
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import FACTS, check_workload
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

__all__ = ("PROFILES", "assignments", "bandwidth_delay_product", "check_workload", "connection_demand", "kernel_default_tcp_mem", "recommend")


def recommend(facts, workload=None):
    """Return {profile, settings, reasons, budget, lint} for one host.

    facts: the value of ansible_facts.socket_memory. workload: see check_workload. settings: {key: int or list of int};
    reasons: {key: sentence}; budget: what the numbers rest on, see _budget; lint: as lint.lint() returns it, with what is wrong
    between workload and host. Raises SocketMemoryError for a workload that cannot be meant, and for facts without page size or
    memory size.
    """
    workload = check_workload(workload)
    host = SizedHost(facts, workload["only_raise"])
    if workload["observed_peak"] == FACTS:
        workload = dict(workload, observed_peak=_observed(facts))
    given, needs = recommended(host, workload)
    settings, reasons = {}, {}
    for key, (value, reason) in given.items():
        settings[key] = host.raised(key, value)
        reasons[key] = host.reason(key, settings[key], value, reason)
    for key, value in workload["overrides"].items():
        settings[key], reasons[key] = value, "set by overrides"
    udp_mem = settings.get(UDP_MEM) or host.running.get(UDP_MEM) or kernel_default_tcp_mem(host.memory_pages, UDP_DEFAULT_DIVISOR)
    limits = settings[MEM][2], udp_mem[0]
    needed = max([need["low"]["pages"] for need in needs if need["need"] in ("demand", "observed peak")] or [0])
    beyond = above_a_quarter(host, given[MEM][0][2]) + overcommitment(host, workload, *limits) + unmet_demand(host, needed, settings[MEM][0])
    for one in counting(silence(beyond, workload["silence"]), "warning"):
        # lint of the drop-in cannot see these, so the file tells them; without numbers, which follow memory
        reasons[MEM] += "; %s: %s" % (one["id"], one["remedy"].rstrip("."))
    results = lint(settings, host.page_size, host.memory_total, host.error_bound, host.running) + beyond
    return {
        "profile": workload["profile"],
        "settings": settings,
        "reasons": reasons,
        "budget": _budget(host, workload, needs, settings, limits),
        "lint": silence(results, workload["silence"]),
    }


def assignments(recommendation, page_size):
    """Return the settings of what recommend returned as a drop-in has them, a list of {key, value, comment}.

    value: its numbers as text; comment: what they are in units that people read, and the reason. page_size: of the host, bytes.
    """
    settings, reasons = recommendation["settings"], recommendation["reasons"]
    return [{"key": key, "value": format_value(value), "comment": ": ".join(text for text in (human_value(key, value, page_size), reasons[key]) if text)}
            for key, value in settings.items()]


def human_value(key, value, page_size):
    """Return the human form of a setting: "2.0 GiB, 4.0 GiB, 8.0 GiB" for sizes, "30 seconds", "" where the number says it all."""
    unit = KEYS[key].unit if key in KEYS else None
    if unit == "pages" and page_size is None:
        return ""
    if unit in ("pages", "bytes"):
        numbers = value if isinstance(value, list) else [value]
        return ", ".join(human_bytes(number * (page_size if unit == "pages" else 1)) for number in numbers)
    return "%s %s" % (value, unit) if unit in ("seconds", "sockets", "packets") else ""


def _observed(facts):
    """Return the most bytes that TCP uses by *facts*: now, and in the window of observation where there was one; None where they do not tell."""
    used = (facts.get("tcp") or {}).get("used") or {}
    window = ((facts.get("window") or {}).get("tcp") or {}).get("used") or {}
    return max(used.get("bytes") or 0, (window.get("peak") or {}).get("bytes") or 0) or None


def _budget(host, workload, needs, settings, limits):
    """Return what the numbers rest on, sizes as {pages, bytes}.

    memory, kernel_default (tcp_mem), ceiling (of high); demand, its parts demand_bytes and the needs it competes with; in_flight_bytes
    and paths where paths are stated; shares of memory, which add up to it; fits: whether the demand and the thresholds stay in bounds.
    """
    demand = tcp_demand(host, workload)
    budget = {
        "memory": host.size(host.memory_pages),
        "kernel_default": kernel_default_tcp_mem(host.memory_pages),
        "ceiling": host.size(ceiling(host, workload)[0]),
        "demand": demand and host.size_of(demand["bytes"]),
        "demand_bytes": demand and {name: demand[name] for name in ("connections", "orphans")},
        "needs": [{name: need[name] for name in ("need", "low", "formula")} for need in needs],
        "in_flight_bytes": sum(bandwidth_delay_product(*path) for path in workload["paths"]) or None,
        "paths": describe_paths(host, workload, settings[RMEM][2]),
        "shares": shares(host, workload, *limits),
    }
    pages = demand and budget["demand"]["pages"]
    budget["fits"] = {
        "below_pressure": pages and pages < settings[MEM][1],
        "below_pressure_with_headroom": pages and pages * HEADROOM < settings[MEM][1],
        "below_ceiling": settings[MEM][2] <= budget["ceiling"]["pages"],
    }
    return budget
