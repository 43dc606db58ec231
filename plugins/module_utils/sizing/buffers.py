# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a buffer may be: what a profile gives by itself, what a path needs, and what an application may ask for.

Where nothing asks for a buffer, its key is left out: a rule returns None then.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    buffer_for_window,
    send_buffer_for_flight,
    window_of_buffer,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import MEMORY_DIVISOR
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import (
    LARGEST_WINDOW,
    bandwidth_delay_product,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    RMEM_DEFAULT,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import flows, uses
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal, larger, smaller

RECEIVE_PATH, SEND_PATH = PATHS = ("receive path", "send path")  # what settings follow and is none itself
PATH_OF = {TCP_RMEM: RECEIVE_PATH, TCP_WMEM: SEND_PATH}
RECEIVE_START, SEND_START = 128 * 1024, 16 * 1024  # bytes; what kernels since 4.20 start with
LEAST_ASSUMED = 128 * 1024  # bytes; the least that a profile gives by itself
LARGEST_ASKED = INT_MAX // 2  # bytes; net/core/sock.c __sock_set_rcvbuf doubles what is asked
FULL_BUFFERS = 4  # so many full buffers of a path must at least fit below low: one stuck reader must not fill the pool
USUAL_LONG_RTT = 80  # ms, across a continent: for the sentence on a buffer where no path is known


def path_buffer(side, host, workload, known):
    """Return the bytes that the longest of the stated paths needs on *side* ("receive", "send"), None where it needs
    none.

    The connections on a path share it. Where low of tcp_mem decides, no throughput is told: a number that follows
    memory would change the file with every boot. The budget has it. This is a rule, as those below: see
    profiles.PROFILES.
    """
    if not workload["paths"] or not uses(workload, side):
        return None
    low_bytes = known[TCP_MEM].value[0] * host.page_size
    limits = [Proposal(LARGEST_WINDOW, "largest window", "throughput")]
    if workload["buffer_limit_bytes"]:
        limits.insert(0, Proposal(workload["buffer_limit_bytes"], "buffer limit", "throughput"))
        limits.append(Proposal(low_bytes, "low of tcp_mem", measured=True))
    else:
        limits.append(Proposal(low_bytes // FULL_BUFFERS, "part of low", measured=True, parts=FULL_BUFFERS))
    limit = smaller(*limits)
    bandwidth, rtt = max(workload["paths"], key=lambda path: bandwidth_delay_product(*path))
    sharing = flows(workload)
    in_flight = max(1, -(-bandwidth_delay_product(bandwidth, rtt) // sharing))
    if side == "receive":
        needed = buffer_for_window(in_flight, host.release, host.window_scale)
    else:
        needed = send_buffer_for_flight(in_flight)
    return Proposal(
        needed,
        "path",
        in_flight=in_flight,
        bandwidth=bandwidth,
        rtt=rtt,
        side=side,
        flows=sharing,
        overhead=float(needed) / in_flight,
        limit=limit.value,
        window=window_of_buffer(limit.value, host.release, host.window_scale),
    ).at_most(limit)


def needed_buffer(key, start, host, _workload, known):
    """Return tcp_rmem or tcp_wmem (*key*) from *start* bytes to what a stated path needs, None without one."""
    return _autotuned(key, start, known[PATH_OF[key]], host, known) if known.get(PATH_OF[key]) else None


def assumed_buffer(key, start, largest, reasons, host, _workload, known):
    """Return tcp_rmem or tcp_wmem (*key*) from *start* to *largest* bytes, on a host of little memory to what its
    kernel gives.

    A stated path may need more, and gets it.
    """
    limit = host.usable_pages // MEMORY_DIVISOR * host.page_size
    if limit < largest:
        size = Proposal(max(limit, LEAST_ASSUMED), "little memory", measured=True)
    else:
        window = window_of_buffer(largest, host.release, host.window_scale) if "throughput" in reasons else None
        size = Proposal(largest, *reasons, window=window, rtt=USUAL_LONG_RTT)
    return fixed_buffer_of(key, start, size, host, known)


def fixed_buffer(key, start, largest, reason, host, _workload, known):
    """Return tcp_rmem or tcp_wmem (*key*) from *start* to *largest* bytes on every host, unless a stated path needs
    more.
    """
    return fixed_buffer_of(key, start, Proposal(largest, reason), host, known)


def fixed_buffer_of(key, start, size, host, known):
    """Return tcp_rmem or tcp_wmem (*key*) from *start* bytes to *size*, a Proposal, or to what a stated path needs."""
    path = known.get(PATH_OF[key])
    return _autotuned(key, start, larger(size, path) if path else size, host, known)


def _autotuned(key, start, size, host, known):
    """Return tcp_rmem or tcp_wmem (*key*) from *start* bytes to *size*, a Proposal.

    Its first is what the kernel gives, a page on newer ones, and never less than what runs: below it a socket may
    always charge.
    """
    running = host.running.get(key)
    least = max(host.defaults[key][0], running[0] if running and running[0] <= running[2] else 0)
    start = max(least, start)
    return size.with_value([least, start, max(start, size.value)])


def moderated(value, reason, _host, _workload, known):
    """Return *value* for tcp_moderate_rcvbuf where the file has the buffers that it lets grow, else None."""
    return Proposal(value, reason) if known.get(TCP_RMEM) else None


def asked(vector, options, host, workload, known):
    """Return what an application may ask for: half of what autotuning gives, because the kernel doubles what is asked,
    and no less than what the workload says that it asks for. None where nothing of this is in the file.

    vector: tcp_rmem or tcp_wmem, by whose largest this goes. options: of the workload, that ask.
    """
    stated = [workload[name] for name in options if workload[name]]
    if vector == TCP_RMEM and known.get(RMEM_DEFAULT):  # must not be above rmem_max
        stated.append(known[RMEM_DEFAULT].value)
    if not known.get(vector) and not stated:
        return None
    largest, measured = (known[vector].value, known[vector].measured) if known.get(vector) else (host.now(vector), True)
    half = Proposal(-(-largest[2] // 2), "half of autotuning", measured=measured)
    most = larger(half, Proposal(max(stated or [0]), "asked for"))
    return most.with_value(min(most.value, LARGEST_ASKED))


def fixed_asked(value, reason, vector, options, host, workload, known):
    """Return what an application may ask for: *value*, but no less than asked()."""
    most = asked(vector, options, host, workload, known)
    return Proposal(value, reason).at_least(most._replace(reasons=("raised",), numbers={"largest": most.value}))
