# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that a set of sysctl values must pass before it is written. An error refuses, a warning is reported."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import Check, run_checks, silence
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    TCP_MEM,
    format_value,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

FLOOR_BYTES = 4 * 1024 * 1024
FLOOR_RESERVES = 4  # times what the CPUs keep uncounted: below that the pressure flag may never clear
CAPS = (("net.core.rmem_max", "net.ipv4.tcp_rmem"), ("net.core.wmem_max", "net.ipv4.tcp_wmem"))
DEFAULTS = (("net.core.rmem_default", "net.core.rmem_max"), ("net.core.wmem_default", "net.core.wmem_max"))
RANGES = {  # outside of these the kernel takes the value and the host suffers
    "net.ipv4.tcp_fin_timeout": (
        1,
        600,
        "0 and negative numbers mean 3.5 retransmission time-outs, long ones pile up orphans",
    ),
    "net.ipv4.tcp_max_orphans": (1024, None, "beyond the limit live connections are reset"),
    "net.ipv4.tcp_max_tw_buckets": (
        1024,
        None,
        "beyond the limit TIME-WAIT is cut short and old segments reach new connections",
    ),
}


def lint(settings, page_size=None, memory_total=None, error_bound=0, running=None, only_raise=False, reasons=None):
    """Return what is wrong with *settings* as findings, errors first.

    settings: {key: value} as from sysctl_keys.parse_value. page_size, memory_total: bytes; None leaves out the checks
    that need them. error_bound: pages. running: {key: value} of the host now, for comparison. only_raise: lowering is
    an error. reasons: {id: reason} of the warnings that were judged to be right here. The findings of a severity are in
    the order of the settings.
    """
    managed = {key: value for key, value in settings.items() if key in KEYS}
    data = {
        "settings": managed,
        "running": running or {},
        "page_size": page_size,
        "memory_total": memory_total,
        "error_bound": error_bound,
        "only_raise": only_raise,
    }
    places = {key: place for place, key in enumerate(list(data["running"]) + list(managed))}
    return silence(sorted(run_checks(CHECKS, data), key=lambda found: places[found["subject"]]), reasons or {})


def tcp_mem_floor(page_size, error_bound):
    """Return the smallest sound tcp_mem[0] in pages. error_bound: pages the CPUs keep uncounted (facts
    tcp.error_bound).
    """
    return max(-(-FLOOR_BYTES // page_size), FLOOR_RESERVES * error_bound)


def _numbers(key, value):
    return value if KEYS[key].fields else [value]


def _thresholds(data):
    """Yield (key, its three pages) of tcp_mem and udp_mem."""
    for key, value in data["settings"].items():
        if KEYS[key].unit == "pages" and KEYS[key].fields:
            yield key, value


def _effective(data, key):
    """Return the value of *key* with the settings in force, None where it is not known."""
    return data["settings"].get(key, data["running"].get(key))


def _pairs(data, pairs):
    """Yield (key, value, other key, its value) of *pairs*, of which one at least is to be set and both are known."""
    for key, other in pairs:
        values = _effective(data, key), _effective(data, other)
        if (key in data["settings"] or other in data["settings"]) and None not in values:
            yield key, values[0], other, values[1]


def _too_large(data):
    for key, value in data["settings"].items():
        if max(_numbers(key, value)) > KEYS[key].largest:
            yield key, {"value": value, "largest": KEYS[key].largest}


def _zero(data):
    for key, value in _thresholds(data):
        if value[0] == 0:
            yield key, {"value": value}


def _order(data):
    for key, value in data["settings"].items():
        if KEYS[key].fields:
            first, second, third = value
            if not (first < second < third if KEYS[key].unit == "pages" else 0 < first <= second <= third):
                yield key, {"value": value}


def _order_message(key, found):
    wanted = "low < pressure < high" if KEYS[key].unit == "pages" else "0 < min <= default <= max"
    return "%s: found %s, expected %s" % (key, format_value(found["value"]), wanted)


def _range(data):
    for key, value in data["settings"].items():
        if key in RANGES:
            smallest, largest, _why = RANGES[key]
            if value < smallest or largest is not None and value > largest:
                yield key, {"value": value, "smallest": smallest, "largest": largest}


def _range_message(key, found):
    wanted = (
        "at least %d" % found["smallest"]
        if found["largest"] is None
        else "%d to %d" % (found["smallest"], found["largest"])
    )
    return "%s: found %d, expected %s" % (key, found["value"], wanted)


def _of_memory(data, key, value):
    return {"value": value, "page_size": data["page_size"], "memory_total": data["memory_total"]}


def _above_memory(data):
    for key, value in _thresholds(data):
        if value[2] * data["page_size"] > data["memory_total"]:
            yield key, _of_memory(data, key, value)


def _above_memory_remedy(_key, found):
    if found["value"][2] > found["memory_total"]:  # not even bytes
        return "Lower it."
    pages = [number // found["page_size"] for number in found["value"]]
    return "These look like bytes: in pages of %d bytes they are %s." % (found["page_size"], format_value(pages))


def _half_of_memory(data):
    for key, value in _thresholds(data):
        half = 2 * (value[2] + 1) * data["page_size"] > data["memory_total"]  # half, rounded down to a page, is half
        if half and value[2] * data["page_size"] <= data["memory_total"]:
            yield key, _of_memory(data, key, value)


def _narrow_band(data):
    for key, (low, pressure, _high) in _thresholds(data):
        if key == TCP_MEM and low < pressure <= low + data["error_bound"]:
            yield key, {"band": pressure - low, "error_bound": data["error_bound"]}


def _below_floor(data):
    floor = tcp_mem_floor(data["page_size"], data["error_bound"])
    for key, value in _thresholds(data):
        if key == TCP_MEM and 0 < value[0] < floor:
            yield key, {"value": value, "floor": floor}


def _lowers(data):
    for key, value in data["settings"].items():
        before = data["running"].get(key)
        if (
            before is not None
            and KEYS[key].raisable
            and any(new < old for new, old in zip(_numbers(key, value), _numbers(key, before)))
        ):
            yield key, {"value": value, "running": before}, "error" if data["only_raise"] else "warning"


def _cap_below_autotuning(data):
    for key, value, vector, largest in _pairs(data, CAPS):
        if value < largest[2]:
            yield key, {"value": value, "vector": vector, "largest": largest[2]}


def _default_above_max(data):
    for key, value, cap, largest in _pairs(data, DEFAULTS):
        if value > largest:
            yield key, {"value": value, "cap": cap, "largest": largest}


CHECKS = (
    Check(
        "too-large",
        "error",
        (),
        _too_large,
        lambda key, found: "%s: found %s, expected at most %d" % (key, format_value(found["value"]), found["largest"]),
        "Use a smaller number: the kernel holds it, or twice it, in a 32-bit integer.",
    ),
    Check(
        "zero",
        "error",
        (),
        _zero,
        lambda key, found: "%s: found %s, expected low above 0" % (key, format_value(found["value"])),
        "Use the kernel's default: with 0 every charge is over the limit.",
    ),
    Check(
        "order",
        "error",
        (),
        _order,
        _order_message,
        lambda key, _found: (
            "Put the three %s." % ("thresholds in ascending order" if KEYS[key].unit == "pages" else "sizes in order")
        ),
    ),
    Check("range", "error", (), _range, _range_message, lambda key, _found: "Stay in the range: %s." % RANGES[key][2]),
    Check(
        "above-memory",
        "error",
        ("page_size", "memory_total"),
        _above_memory,
        lambda key, found: (
            "%s: found high %d pages = %s, expected less than the %s of memory of this host"
            % (
                key,
                found["value"][2],
                human_bytes(found["value"][2] * found["page_size"]),
                human_bytes(found["memory_total"]),
            )
        ),
        _above_memory_remedy,
    ),
    Check(
        "below-floor",
        "error",
        ("page_size",),
        _below_floor,
        lambda key, found: "%s: found low %d pages, expected at least %d" % (key, found["value"][0], found["floor"]),
        "Raise it: below that the pages CPUs keep in reserve can hold the pressure flag up for ever.",
    ),
    Check(
        "default-above-max",
        "error",
        (),
        _default_above_max,
        lambda key, found: "%s: found %d, above %s %d" % (key, found["value"], found["cap"], found["largest"]),
        "Lower the default or raise the maximum.",
    ),
    Check(
        "lowers",
        "warning",
        (),
        _lowers,
        lambda key, found: (
            "%s: found %s, below the %s this host runs with"
            % (key, format_value(found["value"]), format_value(found["running"]))
        ),
        "Keep the larger value, or set only_raise to false if less is meant.",
    ),
    Check(
        "half-of-memory",
        "warning",
        ("page_size", "memory_total"),
        _half_of_memory,
        lambda key, found: (
            "%s: high %d pages = %s is half or more of the %s of memory"
            % (
                key,
                found["value"][2],
                human_bytes(found["value"][2] * found["page_size"]),
                human_bytes(found["memory_total"]),
            )
        ),
        "Socket memory cannot be swapped: keep high at or below a quarter unless the host does nothing else.",
    ),
    Check(
        "narrow-band",
        "warning",
        ("page_size",),
        _narrow_band,
        lambda key, found: (
            "%s: found %d pages between low and pressure, the kernel may miscount by %d"
            % (key, found["band"], found["error_bound"])
        ),
        "Keep the kernel's own pattern 3 : 4 : 6, so that pressure does not come and go with every charge.",
    ),
    Check(
        "cap-below-autotuning",
        "warning",
        (),
        _cap_below_autotuning,
        lambda key, found: "%s: found %d, below %s max %d" % (key, found["value"], found["vector"], found["largest"]),
        "Raise it to the same size: setsockopt() is capped below what autotuning gives.",
    ),
)
# What only a recommendation can find, see sizing.budget.
OF_A_WORKLOAD = ("demand-above-ceiling", "overcommitted", "quarter-of-memory")
ERRORS = tuple(check.identifier for check in CHECKS if check.severity == "error")
WARNINGS = tuple(check.identifier for check in CHECKS if check.severity == "warning") + OF_A_WORKLOAD
