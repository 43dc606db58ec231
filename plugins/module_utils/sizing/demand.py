# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a workload needs of memory: the buffers of its connections, its orphans, its UDP sockets."""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    buffer_for_window,
    receive_buffer_held,
    send_buffer_held,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import UDP_DEFAULT_BUFFER
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import bandwidth_delay_product
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal

PARTS = ("connections", "orphans")
HEADROOM = 1.5  # what is needed must fit below "low" this many times
MOSTLY_IDLE = 0.1  # of the connections have data at once, in the profile many_connections where nothing else is said
# A lost FIN goes out again after 1 s and 2 s more (net/ipv4/tcp_timer.c, TCP_TIMEOUT_INIT): so long a closed connection
# may stay.
ORPHAN_SECONDS = 3
ORPHAN_BYTES = 64 * 1024  # of unsent data, Documentation/networking/ip-sysctl.rst tcp_max_orphans
ORPHAN_PENALTY = 4  # net/ipv4/tcp.c tcp_too_many_orphans: an orphan whose peer is silent counts four times
TIME_WAIT_SECONDS = 60  # include/net/tcp.h TCP_TIMEWAIT_LEN


def tcp_demand(host, workload):
    """Return {part: Proposal of the bytes} of what TCP must be able to hold, of PARTS those that the workload tells of.

    Connections without own buffers share what is in flight on their paths, each way.
    """
    demand = {}
    if workload["connections"] and workload["receive_buffer_bytes"]:
        receive = receive_buffer_held(workload["receive_buffer_bytes"])
        send = send_buffer_held(workload["send_buffer_bytes"])
        share = workload["active_fraction"] or (MOSTLY_IDLE if workload["profile"] == "many_connections" else 1)
        active = int(math.ceil(workload["connections"] * share))
        demand["connections"] = Proposal(
            active * (receive + send),
            "connections",
            active=active,
            share=share,
            connections=workload["connections"],
            receive=receive,
            send=send,
        )
    elif workload["paths"]:
        held = sum(
            buffer_for_window(bandwidth_delay_product(*path), host.release, host.window_scale)
            for path in workload["paths"]
        )
        demand["connections"] = Proposal(held * 2, "paths", held=held)
    if workload["churn"]:
        orphans = int(math.ceil(workload["churn"] * ORPHAN_SECONDS))
        held = min(send_buffer_held(workload["send_buffer_bytes"] or ORPHAN_BYTES), ORPHAN_BYTES)
        demand["orphans"] = Proposal(orphans * held, "orphans", orphans=orphans, held=held)
    return demand


def bytes_of(demand):
    """Return the bytes of all parts of a *demand* of TCP, None where there are none."""
    return sum(part.value for part in demand.values()) if demand else None


def udp_demand(workload):
    """Return the Proposal of the bytes that receive queues of UDP must be able to hold, None without UDP sockets."""
    sockets, asked = workload["udp_sockets"], workload["udp_buffer_bytes"]
    held = receive_buffer_held(asked) if asked else UDP_DEFAULT_BUFFER
    return sockets and Proposal(sockets * held, "udp sockets", sockets=sockets, held=held)
