# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many connections a host carries at today's buffers and thresholds, and what a given number of them needs."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    receive_buffer_held,
    send_buffer_held,
    truesize,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    RMEM_MAX,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    THRESHOLDS,
    WMEM_MAX,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.demand import tcp_demand, worst_case
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.host_to_size import host_to_size
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import check_workload
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

# case: of which connections it tells
CASES = {
    "worst_case": "with full buffers",
    "default": "that fill the buffers they start with",
    "observed": "that hold what they hold now on average",
}
FULL_SEGMENT = 1448  # bytes of payload of an Ethernet frame with TCP timestamps


def capacity(facts, workload=None):
    """Return {bytes_per_connection, connections_until, payload_that_fills_a_buffer, needs, answers} for one host.

    facts: the value of ansible_facts.socket_memory with the subsets "tcp" and "limits". workload: see check_workload;
    its buffers count instead of those of autotuning, and its connections are what "needs" is about (None without).
    bytes_per_connection: {worst_case, default, observed, structures}, default: with the buffers that a connection
    starts with, full; connections_until: {pressure, critical: {worst_case, default, observed}, memory_full}, numbers of
    connections in all, not on top of today's; answers: the same in sentences. What the facts cannot tell is None.
    Raises SocketMemoryError as recommend() does.
    """
    workload = check_workload(workload)
    host = host_to_size(facts)
    tcp = facts.get("tcp") or {}
    receive, send = _held(host, workload)
    each = {
        "worst_case": receive + send if receive and send else None,
        "default": _started_with(host),
        "observed": _observed(host, tcp),
        "structures": host.idle_bytes,
    }
    thresholds = host.running.get(TCP_MEM) or [None] * 3
    until = {
        name: {case: _room(host, pages, each[case]) for case in CASES}
        for name, pages in (("pressure", thresholds[1]), ("critical", thresholds[2]))
    }
    until["memory_full"] = host.usable_bytes // host.idle_bytes
    result = {
        "bytes_per_connection": each,
        "connections_until": until,
        # sk_rcvbuf limits memory, not payload: what arrives in small segments fills it sooner.
        "payload_that_fills_a_buffer": receive
        and {
            "full_segments": receive * FULL_SEGMENT // truesize(FULL_SEGMENT, FULL_SEGMENT, host.release),
            "one_byte_segments": receive // truesize(1, 1, host.release),
        },
        "needs": _needs(host, workload, thresholds),
    }
    result["answers"] = _answers(result)
    return result


def _held(host, workload):
    """Return the bytes that the two queues of a connection hold at most, as asked for or by autotuning."""
    receive, send = (workload[name] for name in ("receive_buffer_bytes", "send_buffer_bytes"))
    if receive:
        return (
            receive_buffer_held(min(receive, host.running.get(RMEM_MAX, receive))),
            send_buffer_held(min(send, host.running.get(WMEM_MAX, send))),
        )
    return [host.running[key][2] if key in host.running else None for key in (TCP_RMEM, TCP_WMEM)]


def _started_with(host):
    """Return the bytes of the two buffers that a connection starts with, None where they are not known."""
    if not {TCP_RMEM, TCP_WMEM} <= set(host.running):
        return None
    return max(1, host.running[TCP_RMEM][1] + host.running[TCP_WMEM][1])


def _observed(host, tcp):
    """Return the bytes that a connection holds on average now, None where the kernel's imprecision hides them."""
    used = (tcp.get("used") or {}).get("pages")
    number = (tcp.get("sockets") or {}).get("allocated")  # of the whole host, as the memory is
    if not used or not number or used <= host.error_bound:
        return None
    return max(1, used * host.page_size // number)


def _room(host, pages, each):
    """Return how many connections of *each* bytes reach a threshold of *pages*, or before that fill the memory."""
    if pages is None or each is None:
        return None
    # A kernel's thresholds may be nonsense, such as a negative number, which any usage is above.
    return min(max(0, pages) * host.page_size // each, host.usable_bytes // (each + host.idle_bytes))


def _needs(host, workload, thresholds):
    """Return what the connections of *workload* need, {connections, tcp, structures, stays_below}; None without any.

    tcp, structures: {pages, bytes}. stays_below: the lowest of today's thresholds that TCP stays below, "none" where
    it is above all of them, None where they are not known.
    """
    if not workload["connections"]:
        return None
    tcp = host.size_of(worst_case(tcp_demand(host, workload)))
    below = [name for name, pages in zip(THRESHOLDS, thresholds) if pages is not None and tcp["pages"] < pages]
    return {
        "connections": workload["connections"],
        "tcp": tcp,
        "structures": host.size_of(host.structures(workload)),
        "stays_below": None if None in thresholds else (below + ["none"])[0],
    }


def _answers(result):
    """Return the sentences of a capacity."""
    until, each, needs = result["connections_until"], result["bytes_per_connection"], result["needs"]
    answers = []
    for case, words in CASES.items():
        if until["pressure"][case] is not None:
            answers.append(
                "%d connections %s (%s each) bring TCP to pressure, %d to critical."
                % (until["pressure"][case], words, human_bytes(each[case]), until["critical"][case])
            )
    answers.append(
        "The structures of %d connections (%s each, beside tcp_mem) fill the memory."
        % (until["memory_full"], human_bytes(each["structures"]))
    )
    if needs:
        unusual = {None: "today's thresholds are not known", "none": "more than today's high"}
        where = unusual.get(needs["stays_below"], "below today's %s" % needs["stays_below"])
        answers.append(
            "%d connections need %s of TCP memory at most, %s, and %s of structures."
            % (
                needs["connections"],
                human_bytes(needs["tcp"]["bytes"]),
                where,
                human_bytes(needs["structures"]["bytes"]),
            )
        )
    return answers
