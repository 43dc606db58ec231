# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that a set of sysctl values must pass before it is written. An error refuses, a warning is reported."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import Check, run_checks, silence
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import (
    DEFAULT_DIVISOR,
    UDP_DEFAULT_DIVISOR,
    kernel_default_tcp_mem,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    RESERVE,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    format_value,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

FLOOR_BYTES = 4 * 1024 * 1024
FLOOR_RESERVES = 4  # times what the CPUs keep uncounted: with less of it the pressure flag clears late
# MemTotal is not what the kernel computes its defaults from: they came out 1.8 % and 3.9 % smaller (4.18, 4 and 1 GiB).
TOLERANCE = 0.05
FAR_BELOW = 4  # times smaller than the kernel's own default: somebody meant another unit, or another host
# Times low that high may be. A vector of buffers, min default max, is hundreds of times that, and an old one 32 times;
# thresholds that people publish reach 34 times (786432 1048576 26777216), but not with a small low.
MOST_BETWEEN, MOST_BETWEEN_SMALL = 64, 16
LARGEST_BUFFER = 512 * 1024 * 1024  # bytes; up to 5.15 net/ipv4/tcp_ipv4.c tcp_add_backlog adds two in 32 bits
OWN_DEFAULT = 16 * 1024  # bytes; of tcp_wmem, net/ipv4/tcp.c tcp_init
LARGEST_MIN = 65536  # bytes; PAGE_SIZE, which newer kernels begin with, is at most that on Linux servers
CAP_DIVISOR = 8  # of memory that one socket may be given the half of
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


def lint(
    settings,
    page_size=None,
    memory_total=None,
    error_bound=0,
    running=None,
    only_raise=False,
    reasons=None,
    memory_usable=None,
):
    """Return what is wrong with *settings* as findings, errors first.

    settings: {key: value} as from sysctl_keys.parse_value. page_size, memory_total: bytes; None leaves out the checks
    that need them. error_bound: pages. running: {key: value} of the host now, for comparison. only_raise: lowering is
    an error. reasons: {id: reason} of the warnings that were judged to be right here. The findings of a severity are in
    the order of the settings. memory_usable: bytes that sockets can use; memory_total unless it is given.
    """
    managed = {key: value for key, value in settings.items() if key in KEYS}
    data = {
        "settings": managed,
        "running": running or {},
        "page_size": page_size,
        "memory_total": memory_total,
        "memory_usable": memory_usable or memory_total,
        "error_bound": error_bound,
        "only_raise": only_raise,
    }
    places = {key: place for place, key in enumerate(list(data["running"]) + list(managed))}
    return silence(sorted(run_checks(CHECKS, data), key=lambda found: places[found["subject"]]), reasons or {})


def tcp_mem_floor(page_size, error_bound, reserves=FLOOR_RESERVES):
    """Return the smallest sound tcp_mem[0] in pages. error_bound: pages the CPUs keep uncounted (facts
    tcp.error_bound). reserves: how many times that.
    """
    return max(-(-FLOOR_BYTES // page_size), reserves * error_bound)


def _kernel_default(data, key, memory="memory_total"):
    """Return the tcp_mem or udp_mem that the kernel gives itself for this *memory*, None where it is not known."""
    if None in (data["page_size"], data[memory]):
        return None
    divisor = DEFAULT_DIVISOR if key == TCP_MEM else UDP_DEFAULT_DIVISOR
    return kernel_default_tcp_mem(data[memory] // data["page_size"], divisor)


def _is_as_before(data, value):
    """Return whether *value* of tcp_mem is no less than the running one, or than the kernel's own default: who writes
    that did not choose it.
    """
    before, default = data["running"].get(TCP_MEM), _kernel_default(data, TCP_MEM)
    return bool(
        before
        and all(new >= old for new, old in zip(value, before))
        or default
        and all(new >= old * (1 - TOLERANCE) for new, old in zip(value, default))
    )


def _is_far_below(data, key, value):
    """Return whether low of *value* is far below what the kernel would give itself of the memory that sockets can
    use.
    """
    default = _kernel_default(data, key, "memory_usable")
    return bool(default) and value[0] * FAR_BELOW < default[0]


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
            is_in_order = first < second < third if KEYS[key].unit == "pages" else 0 < first <= second <= third
            # net/ipv4/tcp.c tcp_init: min is a page, also where that is more than the default, which is 16 KiB.
            is_own_min = key == TCP_WMEM and first == data["page_size"] and OWN_DEFAULT <= second <= third >= first
            if not (is_in_order or is_own_min):
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


def _limit_of(key, value):
    """Return (name, pages) of the threshold that limits the memory: high of TCP, but the first of UDP. The others of
    UDP have no effect (net/core/sock.c __sk_mem_raise_allocated).
    """
    return ("high", value[2]) if key == TCP_MEM else ("low", value[0])


def _above_memory(data):
    for key, value in _thresholds(data):
        name, pages = _limit_of(key, value)
        if pages * data["page_size"] >= data["memory_total"]:
            yield key, dict(_of_memory(data, key, value), name=name, pages=pages)


def _above_memory_remedy(_key, found):
    if found["pages"] > found["memory_total"]:  # not even bytes
        return "Lower it."
    pages = [number // found["page_size"] for number in found["value"]]
    return "These look like bytes: in pages of %d bytes they are %s." % (found["page_size"], format_value(pages))


def _half_of_memory(data):
    for key, value in _thresholds(data):
        name, pages = _limit_of(key, value)
        half = 2 * (pages + 1) * data["page_size"] > data["memory_usable"]  # half, rounded down to a page, is half
        if half and pages * data["page_size"] < data["memory_total"]:
            found = dict(_of_memory(data, key, value), name=name, pages=pages)
            yield key, dict(found, memory_usable=data["memory_usable"])


def _narrow_band(data):
    for key, value in _thresholds(data):
        low, pressure, _high = value
        if key == TCP_MEM and low < pressure <= low + data["error_bound"] and not _is_as_before(data, value):
            yield key, {"band": pressure - low, "error_bound": data["error_bound"]}


def _below_floor(data):
    floor = tcp_mem_floor(data["page_size"], data["error_bound"], 1)
    for key, value in _thresholds(data):
        if key == TCP_MEM and 0 < value[0] < floor and not _is_as_before(data, value):
            yield key, {"value": value, "floor": floor}


def _near_floor(data):
    floor = tcp_mem_floor(data["page_size"], data["error_bound"])
    least = tcp_mem_floor(data["page_size"], data["error_bound"], 1)
    for key, value in _thresholds(data):
        if key == TCP_MEM and 0 < value[0] < floor and (value[0] >= least or _is_as_before(data, value)):
            usable = data["memory_usable"]
            has_room = usable is None or 4 * floor * data["page_size"] <= usable  # high is twice low, at most a half
            yield key, {"value": value, "floor": floor, "has_room": has_room}


def _not_thresholds(data):
    sizes = data["page_size"], data["memory_total"]
    above = [] if None in sizes else [key for key, _found in _above_memory(data)]  # which says enough
    for key, value in _thresholds(data):
        most = MOST_BETWEEN_SMALL if _is_far_below(data, key, value) else MOST_BETWEEN
        if 0 < value[0] * most < value[2] and key not in above:
            yield key, {"value": value, "most": most}


def _below_default(data):
    wrong = [key for key, _found in _not_thresholds(data)]  # which says more
    for key, value in _thresholds(data):
        if value[0] and _is_far_below(data, key, value) and key not in wrong:
            yield key, {"value": value, "kernel_default": _kernel_default(data, key, "memory_usable")}


def _not_buffers(data):
    """Yield what has the pattern of thresholds, 3 : 4 : 6 as net/ipv4/tcp.c tcp_init_mem rounds it, and a large min."""
    for key, value in _buffers(data):
        first, second, third = value
        if first > LARGEST_MIN and third == 2 * first and 0 <= 3 * second - 4 * first <= 9:
            yield key, {"value": value}


def _buffers(data):
    """Yield (key, its three sizes in bytes) of tcp_rmem and tcp_wmem."""
    for key, value in data["settings"].items():
        if KEYS[key].unit == "bytes" and KEYS[key].fields:
            yield key, value


def _large_min(data):
    wrong = [key for key, _found in _not_buffers(data)]  # which says more
    for key, value in _buffers(data):
        if value[0] > max(LARGEST_MIN, data["page_size"] or 0) and key not in wrong:
            yield key, {"value": value}


def _large_buffer(data):
    for key, value in _buffers(data):
        if value[2] > LARGEST_BUFFER:
            yield key, {"value": value, "largest": LARGEST_BUFFER}


def _buffer_fills_pool(data):
    for key, value, _pool, (low, _pressure, _high) in _pairs(data, ((TCP_RMEM, TCP_MEM), (TCP_WMEM, TCP_MEM))):
        if low > 0 and 4 * value[2] > low * data["page_size"]:
            yield key, {"value": value, "low": {"pages": low, "bytes": low * data["page_size"]}}


def _large_cap(data):
    for key, _vector in CAPS:
        value = data["settings"].get(key)
        if value is not None and value * CAP_DIVISOR > data["memory_usable"]:
            yield key, {"value": value, "memory_usable": data["memory_usable"]}


def _autotuning_off(data):
    settings = data["settings"]
    if settings.get("net.ipv4.tcp_moderate_rcvbuf") == 0:
        yield "net.ipv4.tcp_moderate_rcvbuf", {"value": 0}
    largest = settings.get(TCP_RMEM)
    if largest and largest[1] == largest[2]:
        yield TCP_RMEM, {"value": largest}


def _large_reserve(data):
    before, now = data["running"].get(RESERVE), data["settings"].get(RESERVE)
    pool = _effective(data, TCP_MEM)
    if before and now and now > before and pool:
        bound = data["error_bound"] * now // before
        if FLOOR_RESERVES * bound > pool[0]:
            yield RESERVE, {"value": now, "uncounted": bound, "low": pool[0]}


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
        if 2 * value < largest[2]:  # net/core/sock.c __sock_set_rcvbuf: the socket gets twice what it asks for
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
            "%s: found %s %d pages = %s, expected less than the %s of memory of this host"
            % (
                key,
                found["name"],
                found["pages"],
                human_bytes(found["pages"] * found["page_size"]),
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
        "not-thresholds",
        "error",
        (),
        _not_thresholds,
        lambda key, found: (
            "%s: found %s, high is more than %d times low" % (key, format_value(found["value"]), found["most"])
        ),
        "These look like the sizes of a buffer, min default max in bytes. Write three thresholds in pages, such as "
        "3 : 4 : 6.",
    ),
    Check(
        "not-buffers",
        "error",
        (),
        _not_buffers,
        lambda key, found: (
            "%s: found %s, 3 : 4 : 6 with a min of %s"
            % (key, format_value(found["value"]), human_bytes(found["value"][0]))
        ),
        "These look like thresholds in pages, which belong into tcp_mem. Write min default max in bytes.",
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
        "Keep the larger value, unless less is meant: only_raise refuses to lower.",
    ),
    Check(
        "half-of-memory",
        "warning",
        ("page_size", "memory_total"),
        _half_of_memory,
        lambda key, found: (
            "%s: %s %d pages = %s is half or more of the %s of memory that sockets can use"
            % (
                key,
                found["name"],
                found["pages"],
                human_bytes(found["pages"] * found["page_size"]),
                human_bytes(found["memory_usable"]),
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
        lambda key, found: (
            "%s: found %d, below half of %s max %d" % (key, found["value"], found["vector"], found["largest"])
        ),
        "Raise it to half of that size: the kernel doubles what setsockopt() asks for, and so caps it below what "
        "autotuning gives.",
    ),
    Check(
        "near-floor",
        "warning",
        ("page_size",),
        _near_floor,
        lambda key, found: "%s: found low %d pages, better at least %d" % (key, found["value"][0], found["floor"]),
        lambda _key, found: (
            "Raise it: the pages that CPUs keep in reserve may hold the pressure flag up for long."
            if found["has_room"]
            else "Keep it: this host has too little memory for so many CPUs, and the flag may stay up for long."
        ),
    ),
    Check(
        "below-default",
        "warning",
        (),
        _below_default,
        lambda key, found: (
            "%s: found low %d pages, the kernel would give itself %d"
            % (key, found["value"][0], found["kernel_default"][0])
        ),
        "Check the unit, which is pages, and whether the values were made for another host.",
    ),
    Check(
        "large-min",
        "warning",
        (),
        _large_min,
        lambda key, found: (
            "%s: found min %s, which every socket may hold under pressure too" % (key, human_bytes(found["value"][0]))
        ),
        "Leave min at one page. If these are thresholds in pages, they belong into tcp_mem.",
    ),
    Check(
        "large-buffer",
        "warning",
        (),
        _large_buffer,
        lambda key, found: (
            "%s: found max %s, more than %s" % (key, human_bytes(found["value"][2]), human_bytes(found["largest"]))
        ),
        "Lower it: kernels up to 5.15 add two of them in 32 bits and then drop what arrives.",
    ),
    Check(
        "buffer-fills-pool",
        "warning",
        ("page_size",),
        _buffer_fills_pool,
        lambda key, found: (
            "%s: found max %s, more than a quarter of low of tcp_mem, %s"
            % (key, human_bytes(found["value"][2]), human_bytes(found["low"]["bytes"]))
        ),
        "Lower it, or raise tcp_mem: a few slow readers bring all connections under pressure.",
    ),
    Check(
        "large-cap",
        "warning",
        ("memory_usable",),
        _large_cap,
        lambda key, found: (
            "%s: found %s, with which one socket may hold %s of the %s that sockets can use"
            % (
                key,
                human_bytes(found["value"]),
                human_bytes(min(2 * found["value"], INT_MAX)),
                human_bytes(found["memory_usable"]),
            )
        ),
        "Lower it: any process may ask for that much, and sockets of other kinds than TCP and UDP are in no threshold.",
    ),
    Check(
        "autotuning-off",
        "warning",
        (),
        _autotuning_off,
        lambda key, found: "%s: found %s, so receive buffers never grow" % (key, format_value(found["value"])),
        "Leave tcp_moderate_rcvbuf at 1 and max of tcp_rmem above its default.",
    ),
    Check(
        "large-reserve",
        "warning",
        (),
        _large_reserve,
        lambda key, found: (
            "%s: found %d, with which the processors of this host keep %d pages uncounted, beside low of tcp_mem at %d"
            % (key, found["value"], found["uncounted"], found["low"])
        ),
        "Keep the smaller value: the pressure flag may never clear.",
    ),
)
# What only a recommendation can find, see sizing.budget.
OF_A_WORKLOAD = (
    "application-server-recipe",
    "container-too-small",
    "demand-above-ceiling",
    "overcommitted",
    "quarter-of-memory",
)
ERRORS = tuple(check.identifier for check in CHECKS if check.severity == "error")
WARNINGS = tuple(check.identifier for check in CHECKS if check.severity == "warning") + OF_A_WORKLOAD
