# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The counters of the kernel that tell of socket memory, and those that say how much moves meanwhile."""

# By the kernel's names (net/ipv4/proc.c snmp4_net_list); False where a supported kernel may not have it: EL8 before
# 8.7, 5.4, or before 6.17 and 7.x (the last three).
TCP_COUNTERS = (
    ("TCPMemoryPressures", True),
    ("TCPMemoryPressuresChrono", True),
    ("PruneCalled", True),
    ("RcvPruned", True),
    ("OfoPruned", True),
    ("TCPRcvCollapsed", True),
    ("TCPRcvQDrop", False),
    ("TCPOFOQueue", True),
    ("TCPOFODrop", True),
    ("TCPZeroWindowDrop", False),
    ("TCPToZeroWindowAdv", True),
    ("TCPFromZeroWindowAdv", True),
    ("TCPWantZeroWindowAdv", True),
    ("TCPBacklogDrop", True),
    ("TCPBacklogCoalesce", False),
    ("PFMemallocDrop", False),
    ("TCPAbortOnMemory", True),
    ("TCPAbortFailed", True),
    ("TCPWqueueTooBig", False),
    ("TCPSpuriousRtxHostQueues", False),
    ("TCPTimeWaitOverflow", True),
    ("ListenOverflows", True),
    ("ListenDrops", True),
    ("TCPReqQFullDrop", True),
    ("TCPReqQFullDoCookies", True),
    ("BeyondWindow", False),
    ("PAWSOldAck", False),
    ("TSEcrRejected", False),
)
# Of net/mptcp/mib.c, whose table exists only where the kernel has MPTCP.
MPTCP_COUNTERS = (
    ("RcvPruned", False),
    ("BacklogDrop", False),
    ("OFOQueue", False),
    ("SndWndShared", False),
    ("RcvWndShared", False),
    ("RcvWndConflict", False),
    ("MPTCPRetrans", False),
)
SEGMENTS = (("InSegs", True), ("OutSegs", True), ("RetransSegs", True))
UDP_COUNTERS = (
    ("InDatagrams", True),
    ("InErrors", True),
    ("RcvbufErrors", True),
    ("SndbufErrors", True),
    ("MemErrors", False),
)
# (file of /proc/net, its table or None where it has but one, what stands before the name in the facts, counters). The
# prefix is what the kernel itself writes in snmp6: MemErrors of Udp is UdpMemErrors.
TABLES = (
    ("netstat", "TcpExt", "", TCP_COUNTERS),
    ("netstat", "MPTcpExt", "MPTcpExt", MPTCP_COUNTERS),
    ("snmp", "Tcp", "Tcp", SEGMENTS),
    ("snmp", "Udp", "Udp", UDP_COUNTERS),
    ("snmp6", None, "Udp6", UDP_COUNTERS),
)
# What all UDP sockets dropped that exist now: the sum of the last column of /proc/net/udp and udp6. 6.18 counts a
# refusal of udp_mem nowhere else (net/ipv4/udp.c __udp_enqueue_schedule_skb; measured).
UDP_DROPS = "UdpDrops"
COUNTER_NAMES = tuple(prefix + name for _file, _table, prefix, counters in TABLES for name, _always in counters) + (
    UDP_DROPS,
)

# These move on a host that is well, too: with them one compares, they tell of no trouble.
TRAFFIC = (
    "TcpInSegs",
    "TcpOutSegs",
    "TcpRetransSegs",
    "UdpInDatagrams",
    "Udp6InDatagrams",
    "TCPOFOQueue",
    "TCPFromZeroWindowAdv",
    "TCPBacklogCoalesce",
    "MPTcpExtOFOQueue",
    "MPTcpExtSndWndShared",
    "MPTcpExtRcvWndShared",
    "MPTcpExtMPTCPRetrans",
)
# The kernel lacked memory: tcp_enter_memory_pressure (net/ipv4/tcp.c), an orphan was reset: tcp_check_oom, a page of
# the last reserve was dropped: sk_filter_trim_cap (net/core/filter.c).
TCP_LACKED = ("TCPMemoryPressures", "TCPAbortOnMemory", "PFMemallocDrop")
# Data was dropped or a queue made smaller because a charge was refused or a buffer was full (net/ipv4/tcp_input.c
# tcp_prune_queue, tcp_data_queue).
TCP_DROPPED = ("PruneCalled", "RcvPruned", "OfoPruned", "TCPRcvQDrop", "TCPOFODrop")
# A datagram was refused by udp_mem, or by the memory limit of a control group (net/ipv4/udp.c
# __udp_enqueue_schedule_skb).
UDP_LACKED = ("UdpMemErrors", "Udp6MemErrors")
# A datagram was dropped, also because the buffer of one socket was full.
UDP_DROPPED = ("UdpRcvbufErrors", "Udp6RcvbufErrors", UDP_DROPS) + UDP_LACKED
