# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a workload needs of memory: the buffers of its connections, its orphans, its UDP sockets."""

import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    SENT_OVERHEAD,
    buffer_for_window,
    receive_buffer_held,
    send_buffer_held,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import bandwidth_delay_product
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import RMEM_DEFAULT
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal

PARTS = ("connections", "orphans")
HEADROOM = 1.5  # what is needed must fit below "low" this many times
# Which part of the connections has data at once where nothing else is said. A request is answered within a round trip
# or few, and its connection then waits for the next one.
ACTIVE = 0.2
MOSTLY_IDLE = 0.1  # in the profile many_connections
# 1/10 of a direction that is not used counts: requests are read as they come, acknowledgements never wait.
UNUSED_DIVISOR = 10
# A lost FIN goes out again after 1 s and 2 s more (net/ipv4/tcp_timer.c, TCP_TIMEOUT_INIT): so long a closed connection
# may stay.
ORPHAN_SECONDS = 3
ORPHAN_BYTES = 64 * 1024  # of unsent data, Documentation/networking/ip-sysctl.rst tcp_max_orphans
ORPHAN_PENALTY = 4  # net/ipv4/tcp.c tcp_too_many_orphans: an orphan whose peer is silent counts four times
TIME_WAIT_SECONDS = 60  # include/net/tcp.h TCP_TIMEWAIT_LEN


def tcp_demand(host, workload):
    """Return {part: Proposal of the bytes} of what TCP will have to hold, of PARTS those that the workload tells of.

    Its number most is what it could come to at the worst: all connections with full buffers, each way. Connections
    without own buffers share what is in flight on their paths.
    """
    demand = {}
    if workload["connections"] and workload["receive_buffer_bytes"]:
        demand["connections"] = _of_buffers(workload)
    elif workload["paths"]:
        flights = [bandwidth_delay_product(*path) for path in workload["paths"]]
        receive = sum(buffer_for_window(flight, host.release, host.window_scale) for flight in flights)
        receive, send = receive * uses(workload, "receive"), SENT_OVERHEAD * sum(flights) * uses(workload, "send")
        demand["connections"] = Proposal(receive + send, "paths", most=receive + send, receive=receive, send=send)
    if workload["churn"]:
        orphans = int(math.ceil(workload["churn"] * ORPHAN_SECONDS))
        held = min(send_buffer_held(workload["send_buffer_bytes"] or ORPHAN_BYTES), ORPHAN_BYTES)
        demand["orphans"] = Proposal(orphans * held, "orphans", most=orphans * held, orphans=orphans, held=held)
    return demand


def _of_buffers(workload):
    """Return the Proposal of the bytes that the stated connections hold in their stated buffers."""
    receive = receive_buffer_held(workload["receive_buffer_bytes"])
    send = send_buffer_held(workload["send_buffer_bytes"])
    each = sum(
        held if uses(workload, side) else -(-held // UNUSED_DIVISOR)
        for side, held in (("receive", receive), ("send", send))
    )
    share = workload["active_fraction"] or (MOSTLY_IDLE if workload["profile"] == "many_connections" else ACTIVE)
    active = int(math.ceil(workload["connections"] * share))
    return Proposal(
        active * each,
        "connections",
        most=workload["connections"] * (receive + send),
        active=active,
        share=share,
        connections=workload["connections"],
        receive=receive,
        send=send,
        direction=workload["direction"],
    )


def uses(workload, side):
    """Return whether the connections of *workload* carry data on *side*: "receive" or "send"."""
    return workload["direction"] in ("both", side)


def flows(workload):
    """Return how many connections share each path of *workload*, 1 where nothing is said or they have own buffers."""
    if not workload["connections"] or workload["receive_buffer_bytes"] or not workload["paths"]:
        return 1
    active = math.ceil(workload["connections"] * (workload["active_fraction"] or 1))
    return max(1, int(active) // len(workload["paths"]))


def bytes_of(demand):
    """Return the bytes of all parts of a *demand* of TCP, None where there are none."""
    return sum(part.value for part in demand.values()) if demand else None


def worst_case(demand):
    """Return the bytes that all parts of a *demand* of TCP come to at the worst, None where there are none."""
    return sum(part.numbers["most"] for part in demand.values()) if demand else None


def udp_demand(workload, receive_default):
    """Return the Proposal of the bytes that receive queues of UDP must be able to hold, None without UDP sockets.

    receive_default: bytes of net.core.rmem_default, which a socket holds that asks for nothing.
    """
    sockets, asked = workload["udp_sockets"], workload["udp_buffer_bytes"]
    held = receive_buffer_held(asked) if asked else receive_default
    return sockets and Proposal(sockets * held, "udp sockets", sockets=sockets, held=held)


def receive_default(host, known):
    """Return the bytes of net.core.rmem_default by what is *known* of the file, else the one that runs."""
    return known[RMEM_DEFAULT].value if known.get(RMEM_DEFAULT) else host.now(RMEM_DEFAULT)
