# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fills UDP memory of this host until the kernel refuses datagrams: one datagram to a multicast group on the loopback
device is charged to every socket that joined it.

udp_mem is one value for the whole host: use it on test hosts only. Needs root.
"""

import contextlib
import socket

from . import tcp_pressure

UDP_MEM = "/proc/sys/net/ipv4/udp_mem"
SOCKETS = 48
GROUP, LOOPBACK = "239.255.77.77", "127.0.0.1"
RECEIVE_BUFFER = 16 * 1024 * 1024  # bytes; so that no buffer is full before the pool is
DATAGRAM = 60000  # bytes
LIMIT = 4096  # pages; twice as many as what 2 processors keep uncounted with 4 KiB pages


@contextlib.contextmanager
def limit(pages):
    """Set udp_mem[0] for the time of the block, the two numbers behind it as the kernel has them to it, and put it
    back afterwards, also by a watchdog process should this one be killed.
    """
    with tcp_pressure.kept(UDP_MEM) as write:
        write("%d %d %d" % (pages, pages // 3 * 4, 2 * pages))
        yield


class Group:
    """Sockets that all get what is sent to the group, and read nothing."""

    def __init__(self):
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        self.readers = []
        for _number in range(SOCKETS):
            reader = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reader.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), RECEIVE_BUFFER)
            reader.bind((GROUP, self.readers[0].getsockname()[1] if self.readers else 0))
            reader.setsockopt(
                socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK)
            )
            self.readers.append(reader)

    def send(self, number=1):
        """Send *number* datagrams to all of them."""
        for _time in range(number):
            self.sender.sendto(b"x" * DATAGRAM, self.readers[0].getsockname())

    def close(self):
        """Close all sockets."""
        for one in [self.sender] + self.readers:
            one.close()


@contextlib.contextmanager
def group():
    """Yield a Group, and close it."""
    sockets = Group()
    try:
        yield sockets
    finally:
        sockets.close()
