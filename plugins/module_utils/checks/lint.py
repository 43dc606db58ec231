# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that a set of sysctl values must pass before it is written. An error refuses, a warning is reported."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, format_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

# Every rule has a line in docs/lint-rules.md. Errors refuse and cannot be silenced; "lowers" is one where only_raise is asked.
ERRORS = ("above-memory", "below-floor", "default-above-max", "order", "range", "too-large", "zero")
WARNINGS = ("cap-below-autotuning", "demand-above-ceiling", "half-of-memory", "lowers", "narrow-band", "overcommitted", "quarter-of-memory")
DOCUMENTATION = "docs/lint-rules.md"

FLOOR_BYTES = 4 * 1024 * 1024
FLOOR_RESERVES = 4  # times what the CPUs keep uncounted: below that the pressure flag may never clear
# Autotuning may use tcp_rmem[2], setsockopt only rmem_max: an application that asks gets less than one that does not.
CAPS = (("net.core.rmem_max", "net.ipv4.tcp_rmem"), ("net.core.wmem_max", "net.ipv4.tcp_wmem"))
DEFAULTS = (("net.core.rmem_default", "net.core.rmem_max"), ("net.core.wmem_default", "net.core.wmem_max"))
RANGES = {  # outside of these the kernel takes the value and the host suffers
    "net.ipv4.tcp_fin_timeout": (1, 600, "0 and negative numbers mean 3.5 retransmission time-outs, long ones pile up orphans"),
    "net.ipv4.tcp_max_orphans": (1024, None, "beyond the limit live connections are reset"),
    "net.ipv4.tcp_max_tw_buckets": (1024, None, "beyond the limit TIME-WAIT is cut short and old segments reach new connections"),
}


def tcp_mem_floor(page_size, error_bound):
    """Return the smallest sound tcp_mem[0] in pages. error_bound: pages the CPUs keep uncounted (facts tcp.error_bound)."""
    return max(-(-FLOOR_BYTES // page_size), FLOOR_RESERVES * error_bound)


def finding(rule, severity, key, message, remedy):
    """Return one result of lint: {rule, severity, key, message, remedy, documentation}."""
    return {"rule": rule, "severity": severity, "key": key, "message": "%s: %s" % (key, message), "remedy": remedy,
            "documentation": "%s#%s" % (DOCUMENTATION, rule)}


def in_order(results, silence=None):
    """Return *results* with errors first. silence: {rule: reason}; its warnings get the severity "silenced" and the reason."""
    silence = silence or {}
    results = [dict(one, severity="silenced", reason=silence[one["rule"]]) if one["severity"] == "warning" and one["rule"] in silence else one
               for one in results]
    return sorted(results, key=lambda one: ("error", "warning", "silenced").index(one["severity"]))


def lint(settings, page_size=None, memory_total=None, error_bound=0, running=None, only_raise=False, silence=None):
    """Return what is wrong with *settings* as a list of finding(), in_order().

    settings: {key: value} as from sysctl_keys.parse_value. page_size, memory_total: bytes; None leaves out the rules that
    need them. error_bound: pages. running: {key: value} of the host now, for comparison. only_raise: lowering is an error.
    silence: {rule: reason} of the warnings that were judged to be right here.
    """
    running = running or {}
    results = []

    def report(*parts):
        results.append(finding(*parts))

    def effective(key):
        return settings.get(key, running.get(key))

    for key, value in settings.items():
        if key not in KEYS:
            continue
        numbers = value if KEYS[key].fields else [value]
        text = format_value(value)
        if max(numbers) > KEYS[key].largest:
            report("too-large", "error", key, "found %s, expected at most %d" % (text, KEYS[key].largest),
                   "Use a smaller number: the kernel holds it, or twice it, in a 32-bit integer.")
        if KEYS[key].unit == "pages" and KEYS[key].fields:
            _lint_thresholds(report, key, value, page_size, memory_total, error_bound)
        elif KEYS[key].fields:
            if not 0 < numbers[0] <= numbers[1] <= numbers[2]:
                report("order", "error", key, "found %s, expected 0 < min <= default <= max" % text, "Put the three sizes in order.")
        elif key in RANGES:
            smallest, largest, why = RANGES[key]
            if value < smallest or (largest is not None and value > largest):
                report("range", "error", key, "found %s, expected %s" % (
                    text, "at least %d" % smallest if largest is None else "%d to %d" % (smallest, largest)), "Stay in the range: %s." % why)
        before = running.get(key)
        if before is not None and KEYS[key].raisable:
            if any(new < old for new, old in zip(numbers, before if KEYS[key].fields else [before])):
                report("lowers", "error" if only_raise else "warning", key,
                       "found %s, below the %s this host runs with" % (text, format_value(before)),
                       "Keep the larger value, or set only_raise to false if less is meant.")
    for cap, vector in CAPS:
        if vector in settings or cap in settings:
            if effective(cap) is not None and effective(vector) is not None and effective(cap) < effective(vector)[2]:
                report("cap-below-autotuning", "warning", cap, "found %d, below %s max %d" % (effective(cap), vector, effective(vector)[2]),
                       "Raise it to the same size: setsockopt() is capped below what autotuning gives.")
    for default, cap in DEFAULTS:
        if default in settings or cap in settings:
            if effective(default) is not None and effective(cap) is not None and effective(default) > effective(cap):
                report("default-above-max", "error", default, "found %d, above %s %d" % (effective(default), cap, effective(cap)),
                       "Lower the default or raise the maximum.")
    return in_order(results, silence)


def _lint_thresholds(report, key, value, page_size, memory_total, error_bound):
    """Report what is wrong with *value*, the three pages thresholds of *key* (tcp_mem or udp_mem)."""
    low, pressure, high = value
    text = format_value(value)
    if low == 0:
        report("zero", "error", key, "found %s, expected low above 0" % text, "Use the kernel's default: with 0 every charge is over the limit.")
    if not low < pressure < high:
        report("order", "error", key, "found %s, expected low < pressure < high" % text, "Put the three thresholds in ascending order.")
    if page_size is None:
        return
    if memory_total is not None:
        memory = "%s of memory" % human_bytes(memory_total)
        if high * page_size > memory_total:
            hint = "Lower it."
            if high <= memory_total:
                hint = "These look like bytes: in pages of %d bytes they are %s." % (page_size, format_value([number // page_size for number in value]))
            report("above-memory", "error", key, "found high %d pages = %s, expected less than the %s of this host" % (
                high, human_bytes(high * page_size), memory), hint)
        elif 2 * (high + 1) * page_size > memory_total:  # half, rounded down to a page, is half
            report("half-of-memory", "warning", key, "high %d pages = %s is half or more of the %s" % (high, human_bytes(high * page_size), memory),
                   "Socket memory cannot be swapped: keep high at or below a quarter unless the host does nothing else.")
    if key == "net.ipv4.tcp_mem" and low < pressure <= low + error_bound:
        report("narrow-band", "warning", key, "found %d pages between low and pressure, the kernel may miscount by %d" % (pressure - low, error_bound),
               "Keep the kernel's own pattern 3 : 4 : 6, so that pressure does not come and go with every charge.")
    floor = tcp_mem_floor(page_size, error_bound)
    if key == "net.ipv4.tcp_mem" and 0 < low < floor:
        report("below-floor", "error", key, "found low %d pages, expected at least %d" % (low, floor),
               "Raise it: below that the pages CPUs keep in reserve can hold the pressure flag up for ever.")
