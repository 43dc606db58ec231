# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a buffer may be: what a profile gives by itself, what a path needs, and what an application may ask for."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    buffer_for_window,
    window_of_buffer,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import MEMORY_DIVISOR
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import (
    LARGEST_WINDOW,
    bandwidth_delay_product,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    RMEM_DEFAULT,
    RMEM_MAX,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal, larger, smaller

PATH, ASKED = "path", "asked"  # what settings follow and is none itself
ASKED_BY_WORKLOAD = ("receive_buffer_bytes", "send_buffer_bytes", "udp_buffer_bytes")
SMALLEST = 4096  # bytes; the first of tcp_rmem and tcp_wmem
LEAST_ASSUMED = 128 * 1024  # bytes; the least that a profile gives by itself
USUAL_LONG_RTT = 80  # ms, across a continent: for the sentence on a buffer where no path is known


def path_buffer(host, workload, known):
    """Return the bytes that the longest of the stated paths needs, None without paths.

    A single connection shall not need more than low of tcp_mem. Where that decides, no throughput is told: a number
    that follows memory would change the file with every boot. The budget has it. This is a rule, as those below: see
    profiles.PROFILES.
    """
    if not workload["paths"]:
        return None
    low_bytes = known[TCP_MEM].value[0] * host.page_size
    limits = [
        Proposal(LARGEST_WINDOW, "largest window", "throughput"),
        Proposal(low_bytes, "low of tcp_mem", measured=True),
    ]
    if workload["buffer_limit_bytes"]:
        limits.insert(0, Proposal(workload["buffer_limit_bytes"], "buffer limit", "throughput"))
    limit = smaller(*limits)
    bandwidth, rtt = max(workload["paths"], key=lambda path: bandwidth_delay_product(*path))
    in_flight = bandwidth_delay_product(bandwidth, rtt)
    needed = buffer_for_window(in_flight, host.release, host.window_scale)
    return Proposal(
        needed,
        "path",
        in_flight=in_flight,
        bandwidth=bandwidth,
        rtt=rtt,
        overhead=float(needed) / in_flight,
        limit=limit.value,
        window=window_of_buffer(limit.value, host.release, host.window_scale),
    ).at_most(limit)


def assumed_buffer(start, largest, reasons, host, _workload, known):
    """Return tcp_rmem or tcp_wmem from *start* to *largest* bytes, on a host of little memory to what its kernel gives.

    A stated path may need more, and gets it.
    """
    limit = host.memory_pages // MEMORY_DIVISOR * host.page_size
    if limit < largest:
        size = Proposal(max(limit, LEAST_ASSUMED), "little memory", measured=True)
    else:
        window = window_of_buffer(largest, host.release, host.window_scale) if "throughput" in reasons else None
        size = Proposal(largest, *reasons, window=window, rtt=USUAL_LONG_RTT)
    return _autotuned(start, size, known)


def fixed_buffer(start, largest, reason, _host, _workload, known):
    """Return tcp_rmem or tcp_wmem from *start* to *largest* bytes on every host, unless a stated path needs more."""
    return _autotuned(start, Proposal(largest, reason), known)


def _autotuned(start, size, known):
    size = larger(size, known[PATH]) if known[PATH] else size
    return size.with_value([SMALLEST, start, size.value])


def largest_asked(host, workload, known):
    """Return the most that an application may ask for: what autotuning gives, or the workload says that it asks for."""
    receive, send = (host.raised(key, known[key]) for key in (TCP_RMEM, TCP_WMEM))
    sizes = [receive.value[2], send.value[2]] + [workload[name] or 0 for name in ASKED_BY_WORKLOAD]
    largest = max(sizes + [host.raised(key, known[key]).value for key in (RMEM_DEFAULT,) if key in known])
    return Proposal(
        min(largest, KEYS[RMEM_MAX].largest),
        "as autotuning",
        largest=largest,
        measured=receive.measured or send.measured,
    )


def all_asked(_host, _workload, known):
    """Return what an application may ask for: no less than largest_asked()."""
    return known[ASKED]


def fixed_asked(value, reason, _host, _workload, known):
    """Return what an application may ask for: *value*, but no less than largest_asked()."""
    return Proposal(value, reason).at_least(known[ASKED]._replace(reasons=("raised",)))
