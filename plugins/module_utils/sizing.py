# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizing: facts of a host and a workload in, settings with their reasons out. Pure functions of their arguments."""

import collections
import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.human import human_bytes
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel_generation import counts_in_pages
from ansible_collections.linux_net.socket_memory.plugins.module_utils.lint import lint, tcp_mem_floor
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import INT_MAX, KEYS, format_value, parse_value

MIB = 1024 * 1024

# net/ipv4/tcp.c tcp_init_mem: 1/16 of the free buffer pages is "pressure", in the pattern 3 : 4 : 6.
DEFAULT_DIVISOR = 16
DEFAULT_MINIMUM = 128  # pages, same function
CEILING_FRACTION = 0.25  # of memory for "high": socket memory cannot be swapped
# MemTotal differs a little from boot to boot and with every kernel. Thresholds that follow it stay where they are while
# they are this near, so that a second run, or one after an update, changes nothing.
STEADY = 1.0 / 8
HEADROOM = 1.5  # the demand of the workload must fit below "low" this many times
SOCKET_DOUBLING = 2  # net/core/sock.c sk_setsockopt: the kernel reserves twice what SO_SNDBUF or SO_RCVBUF asks
LARGEST_WINDOW = 1024 * MIB  # window scale 14 (RFC 7323), net/ipv4/tcp_output.c tcp_select_initial_window
# Buffer bytes per byte in flight: half of a buffer is window with tcp_adv_win_scale=1 (kernels before 6.6 and EL9.4),
# about a third where the kernel measures the ratio itself and frames are 1500 bytes in 4 KiB pages.
OVERHEAD_FIXED_RATIO = 2
OVERHEAD_MEASURED_RATIO = 3
TCP_RMEM_MAX = 6 * MIB  # kernel default, net/ipv4/tcp.c tcp_init (32 MiB from 6.16 on)
TCP_WMEM_MAX = 4 * MIB  # kernel default, same function

Option = collections.namedtuple("Option", "smallest largest whole")

NUMBERS = {
    "connections": Option(1, 10 ** 8, True),
    "bandwidth_mbps": Option(0.001, 10 ** 7, False),
    "rtt_ms": Option(0.001, 60000, False),
    "buffer_bytes": Option(1024, INT_MAX // 2, True),
    "memory_fraction": Option(0.001, 0.5, False),
}


def check_workload(workload=None):
    """Return *workload* with every option filled in. Raises SocketMemoryError that names the option, what it is and what it may be."""
    workload = workload or {}
    if not isinstance(workload, dict):
        raise refuse("workload", repr(workload), "options such as profile: balanced", "Write it as a dictionary.")
    known = ["profile", "only_raise", "overrides"] + list(NUMBERS)
    for name in workload:
        if name not in known:
            raise refuse("workload", "the option %r" % (name,), "one of " + ", ".join(known), "Correct or remove it.")
    checked = {name: _number(name, option, workload.get(name)) for name, option in NUMBERS.items()}
    checked["profile"] = workload.get("profile") or "balanced"
    if checked["profile"] not in list(PROFILES):
        raise refuse("workload.profile", repr(checked["profile"]), "one of " + ", ".join(PROFILES), "Choose a profile.")
    only_raise = workload.get("only_raise")
    if only_raise is not None and not isinstance(only_raise, bool):
        raise refuse("workload.only_raise", repr(only_raise), "true or false", "Correct it.")
    checked["only_raise"] = only_raise is not False
    if (checked["bandwidth_mbps"] is None) != (checked["rtt_ms"] is None):
        raise refuse("workload", "only one of bandwidth_mbps and rtt_ms", "both or none", "Their product is what is in flight: give both.")
    if checked["connections"] and checked["buffer_bytes"] is None and checked["rtt_ms"] is None:
        raise refuse("workload", "connections alone", "also buffer_bytes, or bandwidth_mbps and rtt_ms",
                     "A number of connections says nothing about memory until it is known what each can hold.")
    overrides = workload.get("overrides") or {}
    if not isinstance(overrides, dict):
        raise refuse("workload.overrides", repr(overrides), "a dictionary of sysctl keys and values", "Correct it.")
    for key in overrides:
        if key not in KEYS:
            raise refuse("workload.overrides", "the key %r" % (key,), "one of " + ", ".join(KEYS), "Put other keys into a sysctl.d file of their own.")
    checked["overrides"] = {key: parse_value(key, value) for key, value in overrides.items()}
    return checked


def _number(name, option, value):
    """Return *value* of the workload option *name* as a number in its range; None stays None."""
    if value is None:
        return None
    number = None
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            pass
    expected = "a %s from %s to %s" % ("whole number" if option.whole else "number", option.smallest, option.largest)
    # NaN fails every comparison, so the range is asked in the positive.
    if number is None or not option.smallest <= number <= option.largest or (option.whole and number != math.floor(number)):
        raise refuse("workload." + name, repr(value), expected, "Write a plain number: the unit is in the name.")
    return int(number) if option.whole else number


def kernel_default_tcp_mem(free_buffer_pages):
    """Return the tcp_mem that the kernel gives itself at boot with *free_buffer_pages* (nr_free_buffer_pages()): net/ipv4/tcp.c tcp_init_mem."""
    limit = max(free_buffer_pages // DEFAULT_DIVISOR, DEFAULT_MINIMUM)
    low = limit // 4 * 3
    return [low, limit, low * 2]


def bandwidth_delay_product(bandwidth_mbps, rtt_ms):
    """Return the bytes in flight on a path of *bandwidth_mbps* (10^6 bit/s) and *rtt_ms*."""
    return int(math.ceil(bandwidth_mbps * 1000000 / 8 * rtt_ms / 1000))


def connection_demand(connections, buffer_bytes):
    """Return the bytes that *connections* may hold at most when each asks for *buffer_bytes* both ways."""
    return connections * buffer_bytes * SOCKET_DOUBLING * 2


def recommend(facts, workload=None):
    """Return {profile, settings, reasons, budget, lint} for one host.

    facts: the value of ansible_facts.socket_memory. workload: see check_workload. settings: {key: int or list of int};
    reasons: {key: sentence}; budget: what the numbers rest on, sizes as {pages, bytes}; lint: as lint.lint() returns it.
    Raises SocketMemoryError for a workload that cannot be meant, and for facts without page size or memory size.
    """
    workload = check_workload(workload)
    for name in ("page_size", "memory_total"):
        if not facts.get(name):
            raise SocketMemoryError("No recommendation: the facts of this host do not tell %s. "
                                    "Gather them on the live host, or give page_size for a captured tree." % name)
    running = facts.get("limits") or {}
    host = _Host(facts)
    if workload["only_raise"]:
        host.keep = _worth_keeping(running, host)
    budget = _budget(host, workload)
    recommended = PROFILES[workload["profile"]](host, workload, budget)
    settings, reasons = {}, {}
    for key, (value, reason) in recommended.items():
        settings[key] = host.raised(key, value)
        reasons[key] = reason if host.near(key, settings[key], value) else host.why_raised(key, value)
    for key, value in workload["overrides"].items():
        settings[key], reasons[key] = value, "set by overrides"
    if "net.ipv4.tcp_mem" in settings:
        budget["fits"] = _fits(budget, settings["net.ipv4.tcp_mem"])
    return {
        "profile": workload["profile"],
        "settings": settings,
        "reasons": reasons,
        "budget": budget,
        "lint": lint(settings, host.page_size, host.memory_total, host.error_bound, running),
    }


class _Host:
    """What sizing needs to know of a host, from its facts."""

    def __init__(self, facts):
        self.keep = {}  # the running values that must not be lowered
        self.follow_memory = set()  # the keys whose value is a share of memory
        self.page_size = facts["page_size"]
        self.memory_total = facts["memory_total"]
        self.memory_pages = self.memory_total // self.page_size
        self.error_bound = (facts.get("tcp", {}).get("error_bound") or {}).get("pages") or 0
        # The kernels that measure the ratio are a part of those that count in pages; the larger factor is the safe one.
        self.buffer_overhead = OVERHEAD_MEASURED_RATIO if counts_in_pages(facts.get("kernel")) else OVERHEAD_FIXED_RATIO

    def size(self, pages):
        """Return *pages* as {pages, bytes}."""
        return {"pages": pages, "bytes": pages * self.page_size}

    def raised(self, key, value):
        """Return *value* for *key*, nowhere below what must be kept."""
        kept = self.keep.get(key)
        if kept is None or not KEYS[key].raisable:
            return value
        if key in self.follow_memory and all(old >= new * (1 - STEADY) for old, new in zip(kept, value)):
            return kept
        return [max(pair) for pair in zip(value, kept)] if KEYS[key].fields else max(value, kept)

    def near(self, key, chosen, value):
        """Return whether what was *chosen* for *key* is still what the profile gives, *value*."""
        if key in self.follow_memory:
            return all(abs(one - other) <= other * STEADY for one, other in zip(chosen, value))
        return chosen == value

    def why_raised(self, key, value):
        """Return the reason for a kept size, without numbers that another run would not find again: the file must stay the same."""
        text = "never below what the host ran with (only_raise)"
        return text if key in self.follow_memory else "%s; the profile alone gives %s" % (text, format_value(value))


def _worth_keeping(running, host):
    """Return those of the *running* values that are sound: tcp_mem written in bytes must not be kept for being large."""
    present = {key: value for key, value in running.items() if value is not None}
    results = lint(present, host.page_size, host.memory_total, host.error_bound)
    unsound = {result["key"] for result in results if result["severity"] == "error"}
    return {key: value for key, value in present.items() if key not in unsound}


def _budget(host, workload):
    """Return what is known of the memory and the demand, before any threshold is chosen."""
    budget = {
        "memory": host.size(host.memory_pages),
        "kernel_default": kernel_default_tcp_mem(host.memory_pages),
        "ceiling": host.size(int(host.memory_pages * CEILING_FRACTION)),
        "demand": None,
        "in_flight_bytes": None,
    }
    if workload["bandwidth_mbps"] is not None:
        budget["in_flight_bytes"] = bandwidth_delay_product(workload["bandwidth_mbps"], workload["rtt_ms"])
    buffer_bytes = workload["buffer_bytes"]
    if workload["connections"] and buffer_bytes is None and budget["in_flight_bytes"]:
        # The path is shared: all connections together have one bandwidth-delay product in flight, each way.
        demand = budget["in_flight_bytes"] * host.buffer_overhead * 2
    elif workload["connections"] and buffer_bytes:
        demand = connection_demand(workload["connections"], buffer_bytes)
    else:
        return budget
    budget["demand"] = host.size(-(-demand // host.page_size))
    return budget


def _fits(budget, tcp_mem):
    """Return whether the demand fits: below pressure, below pressure with headroom, and high below the ceiling. None without demand."""
    demand = budget["demand"] and budget["demand"]["pages"]
    return {
        "below_pressure": demand and demand < tcp_mem[1],
        "below_pressure_with_headroom": demand and demand * HEADROOM < tcp_mem[1],
        "below_ceiling": tcp_mem[2] <= budget["ceiling"]["pages"],
    }


def _thresholds(host, workload, budget, share):
    """Return (tcp_mem, reason): the largest need, below the ceiling, never below the floor, in the kernel's pattern 3 : 4 : 6.

    share: part of memory that "high" takes without any other need.
    """
    fraction = workload["memory_fraction"] or share
    # unit: a third of low. The memory of the host decides all needs but that of the workload, and the ceiling.
    unit, reason, follows_memory = max(
        (int(host.memory_pages * fraction) // 6, "high is %.4g %% of memory" % (100 * fraction), True),
        (-(-budget["kernel_default"][1] // 4), "the kernel's own default", True),
    )
    if budget["demand"]:
        need = int(math.ceil(budget["demand"]["pages"] * HEADROOM / 3))
        if need > unit:
            unit, follows_memory = need, False
            reason = "%s of demand with %d %% headroom below low, where send autotuning stops" % (
                human_bytes(budget["demand"]["bytes"]), 100 * HEADROOM - 100)
    ceiling = max(workload["memory_fraction"] or 0, CEILING_FRACTION)
    if unit * 6 > host.memory_pages * ceiling:
        unit, follows_memory = int(host.memory_pages * ceiling) // 6, True
        reason += ", capped: high at %.4g %% of memory" % (100 * ceiling)
    floor = -(-tcp_mem_floor(host.page_size, host.error_bound) // 3)
    if unit < floor:
        unit, follows_memory = floor, False
        reason = "the smallest that lets the pressure flag clear on this number of CPUs"
    if follows_memory:
        host.follow_memory.add("net.ipv4.tcp_mem")
    unit = min(unit, INT_MAX // 6)
    return [3 * unit, 4 * unit, 6 * unit], reason


def _balanced(host, workload, budget):
    """Twice the kernel's thresholds unless the workload asks for more; buffers as the kernel's, or for the given path."""
    tcp_mem, reason = _thresholds(host, workload, budget, 3.0 / 16)
    receive, send, buffer_reason = TCP_RMEM_MAX, TCP_WMEM_MAX, "the kernel's default maximum: no path was given"
    if budget["in_flight_bytes"]:
        needed = min(budget["in_flight_bytes"] * host.buffer_overhead, LARGEST_WINDOW - 1)
        receive, send = max(receive, needed), max(send, needed)
        buffer_reason = "%s in flight (%g Mbit/s x %g ms) times %d for packet overhead" % (
            human_bytes(budget["in_flight_bytes"]), workload["bandwidth_mbps"], workload["rtt_ms"], host.buffer_overhead)
    buffers = {"net.ipv4.tcp_rmem": [4096, 131072, receive], "net.ipv4.tcp_wmem": [4096, 16384, send]}
    largest = max([workload["buffer_bytes"] or 0] + [host.raised(key, buffers[key])[2] for key in buffers])
    largest = min(largest, KEYS["net.core.rmem_max"].largest)
    return {
        "net.ipv4.tcp_mem": (tcp_mem, reason),
        "net.ipv4.tcp_rmem": (buffers["net.ipv4.tcp_rmem"], buffer_reason),
        "net.ipv4.tcp_wmem": (buffers["net.ipv4.tcp_wmem"], buffer_reason),
        "net.core.rmem_max": (largest, "no less for an application that asks than autotuning gives"),
        "net.core.wmem_max": (largest, "no less for an application that asks than autotuning gives"),
        "net.ipv4.tcp_moderate_rcvbuf": (1, "receive buffers follow the need of each connection"),
    }


def _application_server(host, workload, budget):
    """A recipe found in many articles on application servers, exactly: 1/8, 1/4 and 1/2 of memory, fixed buffers."""
    shares = [host.memory_pages // 8, host.memory_pages // 4, host.memory_pages // 2]
    fraction = workload["memory_fraction"]
    if fraction:
        shares = [int(host.memory_pages * fraction) // part for part in (4, 2, 1)]
    shares = [min(share, INT_MAX) for share in shares]
    host.follow_memory.add("net.ipv4.tcp_mem")
    return {
        "net.core.rmem_max": (16 * MIB, "receive buffer an application may ask for"),
        "net.core.wmem_max": (16 * MIB, "send buffer an application may ask for"),
        "net.ipv4.tcp_rmem": ([4096, 256 * 1024, 8 * MIB], "start and limit of receive autotuning"),
        "net.ipv4.tcp_wmem": ([4096, 256 * 1024, 8 * MIB], "start and limit of send autotuning"),
        "net.ipv4.tcp_mem": (shares, "low, pressure and high at %s of memory" % (
            "1/4, 1/2 and all of %.4g %%" % (100 * fraction) if fraction else "1/8, 1/4 and 1/2")),
        "net.ipv4.tcp_moderate_rcvbuf": (1, "receive buffers follow the need of each connection"),
        "net.ipv4.tcp_max_orphans": (131072, "closed connections that may still hold unsent data"),
        "net.ipv4.tcp_fin_timeout": (30, "orphans in FIN-WAIT-2 go after 30 s; TIME-WAIT stays 60 s whatever is set here"),
        "net.ipv4.tcp_tw_reuse": (1, "outgoing connections may reuse TIME-WAIT ports, also beyond loopback"),
        "net.core.optmem_max": (64 * 1024, "ancillary data of one socket, not a total"),
    }


PROFILES = {
    "balanced": _balanced,
    "application_server": _application_server,
}
