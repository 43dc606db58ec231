# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a workload needs of memory, and whether that, UDP and the rest of the host fit into it."""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import finding
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import buffer_for_window, idle_bytes, requested_to_held
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.path_buffers import bandwidth_delay_product
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

HEADROOM = 1.5  # what is needed must fit below "low" this many times
MOSTLY_IDLE = 0.1  # of the connections have data at once, in the profile many_connections where nothing else is said
# A lost FIN goes out again after 1 s and 2 s more (net/ipv4/tcp_timer.c, TCP_TIMEOUT_INIT): so long a closed connection may stay.
ORPHAN_SECONDS = 3
ORPHAN_BYTES = 64 * 1024  # of unsent data, Documentation/networking/ip-sysctl.rst tcp_max_orphans
ORPHAN_PENALTY = 4  # net/ipv4/tcp.c tcp_too_many_orphans: an orphan whose peer is silent counts four times
TIME_WAIT_SECONDS = 60  # include/net/tcp.h TCP_TIMEWAIT_LEN
UDP_DEFAULT_BUFFER = 212992  # bytes; net.core.rmem_default of every kernel, charged as it is


def connection_demand(connections, buffer_bytes):
    """Return the bytes that *connections* may hold at most when each asks for *buffer_bytes* both ways."""
    return connections * requested_to_held(buffer_bytes) * 2


def tcp_demand(host, workload):
    """Return {"bytes", "connections", "orphans", "formula"} of what TCP must be able to hold, or None where the workload does not say.

    connections, orphans: the bytes of each. Without own buffers all connections share what is in flight on their paths, each way.
    """
    parts, connections, orphans = [], 0, 0
    if workload["connections"] and workload["receive_buffer_bytes"]:
        receive, send = requested_to_held(workload["receive_buffer_bytes"]), requested_to_held(workload["send_buffer_bytes"])
        share = workload["active_fraction"] or (MOSTLY_IDLE if workload["profile"] == "many_connections" else 1)
        active = int(math.ceil(workload["connections"] * share))
        connections = active * (receive + send)
        parts.append("%d connections%s x (%s receive + %s send)" % (
            active, "" if share == 1 else " (%g %% of %d, active at once)" % (100 * share, workload["connections"]), human_bytes(receive), human_bytes(send)))
    elif workload["paths"]:
        held = sum(buffer_for_window(bandwidth_delay_product(*path), host.release, host.window_scale) for path in workload["paths"])
        connections = held * 2
        parts.append("%s in flight with packet overhead x 2 directions" % human_bytes(held))
    if workload["churn"]:
        number = int(math.ceil(workload["churn"] * ORPHAN_SECONDS))
        held = min([ORPHAN_BYTES] + [requested_to_held(size) for size in [workload["send_buffer_bytes"]] if size])
        orphans = number * held
        parts.append("%d orphans x %s" % (number, human_bytes(held)))
    if not parts:
        return None
    return {"bytes": connections + orphans, "connections": connections, "orphans": orphans, "formula": " + ".join(parts)}


def udp_demand(workload):
    """Return (bytes, formula) of what the receive queues of UDP must be able to hold, or None."""
    if not workload["udp_sockets"]:
        return None
    asked = workload["udp_buffer_bytes"]
    held = requested_to_held(asked) if asked else UDP_DEFAULT_BUFFER
    return workload["udp_sockets"] * held, "%d UDP sockets x %s" % (workload["udp_sockets"], human_bytes(held))


def shares(host, workload, tcp_high, udp_limit):
    """Return how the memory of the host divides: {tcp, udp, structures, rest}, each {pages, bytes}, whole pages that add up to memory.

    tcp_high, udp_limit: pages that TCP and UDP may take at most. structures: of the connections, which no threshold counts.
    What does not fit is cut, the structures first; overcommitment() says so.
    """
    structures = -(-(workload["connections"] or 0) * idle_bytes(host.release, host.page_size) // host.page_size)
    left, parts = host.memory_pages, {}
    for name, pages in (("tcp", tcp_high), ("udp", udp_limit), ("structures", structures)):
        parts[name] = min(pages, left)
        left -= parts[name]
    parts["rest"] = left
    return {name: host.size(pages) for name, pages in parts.items()}


def overcommitment(host, workload, tcp_high, udp_limit):
    """Return the lint results, none or one, of more socket memory allowed than there is. Arguments as in shares()."""
    each = idle_bytes(host.release, host.page_size)
    structures = (workload["connections"] or 0) * each
    limits = (tcp_high + udp_limit) * host.page_size
    if limits + structures <= host.memory_total:
        return []
    return [finding(
        "overcommitted", "warning", "net.ipv4.tcp_mem",
        "net.ipv4.tcp_mem: found %s for TCP, %s for UDP and %s for the structures of connections, expected no more than the %s of memory of this host; "
        "beside the two limits there is room for %d connections" % (
            human_bytes(tcp_high * host.page_size), human_bytes(udp_limit * host.page_size), human_bytes(structures), human_bytes(host.memory_total),
            max(0, host.memory_total - limits) // each),
        {"tcp": tcp_high * host.page_size, "udp": udp_limit * host.page_size, "structures": structures, "memory_total": host.memory_total},
        "Expect fewer connections, lower the limits, or add memory.")]


def above_a_quarter(host, high):
    """Return the lint results, none or one, of a tcp_mem *high* that was asked for and takes more than a quarter of memory; from half on lint() warns."""
    if not 2 * (high + 1) <= host.memory_pages < 4 * high:
        return []
    return [finding(
        "quarter-of-memory", "warning", "net.ipv4.tcp_mem",
        "net.ipv4.tcp_mem: high %d pages = %s is more than a quarter of the %s of memory" % (
            high, human_bytes(high * host.page_size), human_bytes(host.memory_total)),
        {"high": host.size(high), "memory_total": host.memory_total},
        "Socket memory cannot be swapped: make sure that the rest of the host can spare it.")]


def unmet_demand(host, need, low):
    """Return the lint results, none or one, of a need (pages below low) that is larger than *low*."""
    if need <= low:
        return []
    return [finding(
        "demand-above-ceiling", "warning", "net.ipv4.tcp_mem",
        "net.ipv4.tcp_mem: found low at %s, the workload needs %s with headroom" % (human_bytes(low * host.page_size), human_bytes(need * host.page_size)),
        {"low": host.size(low), "need": host.size(need)},
        "At its peak TCP may come under pressure: use fewer connections or smaller buffers, add memory, or raise memory_fraction up to 0.5.")]
