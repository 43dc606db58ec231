# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The counters of the kernel that tell of socket memory."""

# The counters that tell of memory, by the kernel's names (net/ipv4/proc.c snmp4_net_list); False where a supported
# kernel may not have it (EL8 before 8.7, 5.4).
TCP_COUNTERS = (
    ("TCPMemoryPressures", True),
    ("TCPMemoryPressuresChrono", True),
    ("PruneCalled", True),
    ("RcvPruned", True),
    ("OfoPruned", True),
    ("TCPRcvCollapsed", True),
    ("TCPRcvQDrop", False),
    ("TCPOFODrop", True),
    ("TCPZeroWindowDrop", False),
    ("TCPToZeroWindowAdv", True),
    ("TCPWantZeroWindowAdv", True),
    ("TCPBacklogDrop", True),
    ("PFMemallocDrop", False),
    ("TCPAbortOnMemory", True),
    ("TCPAbortFailed", True),
    ("TCPWqueueTooBig", False),
    ("TCPTimeWaitOverflow", True),
    ("ListenOverflows", True),
    ("ListenDrops", True),
)
# Prefixed with their table, as the kernel itself does in snmp6: Udp MemErrors is UdpMemErrors.
UDP_COUNTERS = (("InErrors", True), ("RcvbufErrors", True), ("SndbufErrors", True), ("MemErrors", False))
