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
    WMEM_MAX,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal, larger, smaller

CAPS = (RMEM_MAX, WMEM_MAX)
ASKED = ("receive_buffer_bytes", "send_buffer_bytes", "udp_buffer_bytes")  # of a workload
SMALLEST = 4096  # bytes; the first of tcp_rmem and tcp_wmem
LEAST_ASSUMED = 128 * 1024  # bytes; the least that a profile gives by itself
USUAL_LONG_RTT = 80  # ms, across a continent: for the sentence on a buffer where no path is known


def path_buffer(host, workload, low_bytes):
    """Return the Proposal of the bytes that the longest of the stated paths needs.

    low_bytes: tcp_mem low; a single connection shall not need more. Where that decides, no throughput is told: a
    number that follows memory would change the file with every boot. The budget has it.
    """
    limits = [Proposal(LARGEST_WINDOW, "largest window", "throughput"),
              Proposal(low_bytes, "low of tcp_mem", measured=True)]
    if workload["buffer_limit_bytes"]:
        limits.insert(0, Proposal(workload["buffer_limit_bytes"], "buffer limit", "throughput"))
    limit = smaller(*limits)
    bandwidth, rtt = max(workload["paths"], key=lambda path: bandwidth_delay_product(*path))
    in_flight = bandwidth_delay_product(bandwidth, rtt)
    needed = buffer_for_window(in_flight, host.release, host.window_scale)
    return Proposal(
        needed, "path", in_flight=in_flight, bandwidth=bandwidth, rtt=rtt, overhead=float(needed) / in_flight,
        limit=limit.value, window=window_of_buffer(limit.value, host.release, host.window_scale)).at_most(limit)


def assumed_buffer(start, largest, reasons, host, workload, known):
    """Return tcp_rmem or tcp_wmem from *start* to *largest* bytes, on a host of little memory to what its kernel gives.

    A stated path may need more, and gets it. This is a rule of a profile, as those below: see profiles.PROFILES.
    """
    limit = host.memory_pages // MEMORY_DIVISOR * host.page_size
    if limit < largest:
        size = Proposal(max(limit, LEAST_ASSUMED), "little memory", measured=True)
    else:
        window = window_of_buffer(largest, host.release, host.window_scale)
        size = Proposal(largest, *reasons, window=window, rtt=USUAL_LONG_RTT)
    return _with_paths(start, size, host, workload, known)


def fixed_buffer(start, largest, reason, host, workload, known):
    """Return tcp_rmem or tcp_wmem from *start* to *largest* bytes on every host, unless a stated path needs more."""
    return _with_paths(start, Proposal(largest, reason), host, workload, known)


def _with_paths(start, size, host, workload, known):
    if workload["paths"]:
        size = larger(size, path_buffer(host, workload, known[TCP_MEM].value[0] * host.page_size))
    return size._replace(value=[SMALLEST, start, size.value])


def largest_asked(host, workload, known):
    """Return what an application may ask for: what autotuning gives, and what the workload says that it asks for."""
    receive, send = (host.raised(key, known[key]) for key in (TCP_RMEM, TCP_WMEM))
    sizes = [receive.value[2], send.value[2]] + [workload[name] or 0 for name in ASKED]
    largest = max(sizes + [host.raised(key, known[key]).value for key in (RMEM_DEFAULT,) if key in known])
    return Proposal(min(largest, KEYS[RMEM_MAX].largest), "as autotuning", largest=largest,
                    measured=receive.measured or send.measured)


def fixed_asked(value, reason, host, workload, known):
    """Return *value* as what an application may ask for, unless autotuning gives or the workload asks for more."""
    return Proposal(value, reason).at_least(largest_asked(host, workload, known)._replace(reasons=("raised",)))
