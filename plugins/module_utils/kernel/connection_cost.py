# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a TCP connection really costs the kernel: its structures, what it charges for data, what a buffer is good
for.
"""

import collections

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import (
    kernel_version,
    window_ratio,
)

# Bytes of x86_64, as slab objects (cache line of 64, pointer of the free list behind those that need one). tcp_sock:
# include/linux/tcp.h. inode: struct socket_alloc (include/net/sock.h), on EL8 with its struct socket_wq. file:
# include/linux/fs.h. bind: half of the buckets of a port (include/net/inet_hashtables.h), which only the connecting end
# has. skb: what is charged for a segment beside its payload: struct sk_buff (256) and a head for the headers, from 6.3
# on of the cache skbuff_small_head (640), before from kmalloc-1k (net/core/skbuff.c __alloc_skb, net/ipv4/tcp.c
# tcp_stream_alloc_skb). Up to EL8.3 a sender puts the first 1.4 kB after a pause into a head of kmalloc-2k instead
# (linear_payload_sz): 2304 with the payload.
Generation = collections.namedtuple("Generation", "since tcp_sock inode file bind skb")
GENERATIONS = (
    Generation((6, 12), 2432, 832, 192, 128, 896),  # sizeof, kernel-6.12.0-55.24.1.el10 with its own configuration
    Generation((6, 3), 2432, 832, 256, 128, 896),  # the same with the larger struct file from before 6.12
    Generation((6, 0), 2432, 832, 256, 128, 1280),  # and with the skb measured on 6.1
    Generation((5, 0), 2560, 960, 256, 64, 1280),  # sizeof, kernel-5.14.0-570.32.1.el9_6 with its own configuration
    Generation((0, 0), 2496, 768, 256, 64, 1280),  # sizeof, kernel-4.18.0-553.66.1.el8_10 with its own configuration
)
COSTLIEST = (5, 14)  # taken for a release that cannot be read
DENTRY = 192  # include/linux/dcache.h, the same in all of them
# blobs of the security modules in socket, inode and file: measured on 6.1, lsm_inode_cache 56, lsm_file_cache 16,
# kmalloc-32
SECURITY = 104
SLAB_PAGES = (
    8  # include/linux/mmzone.h PAGE_ALLOC_COSTLY_ORDER: the largest slab that mm/slub.c calculate_order chooses
)

# include/net/sock.h, x86_64: TCP_SKB_MIN_TRUESIZE is 2048 and a struct sk_buff.
SOCK_MIN_RCVBUF = 2304  # bytes
SOCK_MIN_SNDBUF = 4608  # bytes
# Receive buffer per byte of window once the kernel measures: 1500-byte frames in buffers of a page have a ratio of
# about 0.35.
MEASURED_OVERHEAD = 3
# Send buffer per byte in flight: net/ipv4/tcp_input.c tcp_sndbuf_expand, net/ipv4/tcp_bbr.c bbr_sndbuf_expand.
SENT_OVERHEAD, MOST_SENT_OVERHEAD = 2, 3


def _generation(release):
    version = kernel_version(release) or COSTLIEST
    return next(generation for generation in GENERATIONS if version >= generation.since)


def _slab_share(size, page_size):
    """Return the part of a slab that an object of *size* bytes takes: what is left over at its end belongs to nobody
    else.
    """
    slab = SLAB_PAGES * page_size
    return -(-slab // (slab // size))


def idle_bytes(release, page_size):
    """Return the kernel memory, in bytes, of one end of an established connection without data. Nothing of it counts in
    tcp_mem.

    release: uname -r. page_size: bytes. An IPv6 socket takes up to 192 bytes more, each registration with epoll another
    192.
    """
    generation = _generation(release)
    objects = (generation.tcp_sock, generation.inode, generation.file, DENTRY)
    return sum(_slab_share(size, page_size) for size in objects) + generation.bind + SECURITY


def truesize(payload_bytes, segment_bytes, release):
    """Return the bytes that the kernel *release* charges for *payload_bytes* that arrived in segments of
    *segment_bytes* and are unread.

    This is how a sender on the same host, or a network card with buffers that fit, makes them. The receiver may merge
    neighbours, 17 at most (MAX_SKB_FRAGS), and then charges less. Buffers of a whole page per frame cost more: that is
    for the driver to say. The pool is charged in whole pages per socket.
    """
    return payload_bytes + -(-payload_bytes // segment_bytes) * _generation(release).skb


def window_of_buffer(buffer_bytes, release, adv_win_scale=1):
    """Return the bytes of window that a receive buffer of *buffer_bytes* lets a new connection advertise.

    include/net/tcp.h tcp_win_from_space. buffer_bytes: as the kernel holds it, see receive_buffer_held.
    adv_win_scale: net.ipv4.tcp_adv_win_scale, without effect where the kernel measures.
    """
    ratio = window_ratio(release)
    if ratio:
        return buffer_bytes * ratio >> 8
    if adv_win_scale <= 0:
        return buffer_bytes >> -adv_win_scale
    return buffer_bytes - (buffer_bytes >> adv_win_scale)


def buffer_for_window(window_bytes, release, adv_win_scale=1):
    """Return the receive buffer in bytes, as in tcp_rmem[2], that lets a connection advertise *window_bytes*, also once
    the kernel has measured.

    Half of it is what an application asks with SO_RCVBUF. adv_win_scale: as in window_of_buffer.
    """
    ratio = window_ratio(release)
    if ratio:
        return max(MEASURED_OVERHEAD * window_bytes, -(-(window_bytes << 8) // ratio))
    if adv_win_scale <= 0:
        return window_bytes << -adv_win_scale
    parts = 1 << adv_win_scale
    return -(-window_bytes * parts // (parts - 1))


def send_buffer_for_flight(bytes_in_flight):
    """Return the send buffer in bytes, as in tcp_wmem[2], that keeps *bytes_in_flight* on the way.

    That of BBR, which needs the most: an application chooses its congestion control itself (TCP_CONGESTION), so
    net.ipv4.tcp_congestion_control does not tell. Others leave a third of it unused.
    """
    return MOST_SENT_OVERHEAD * bytes_in_flight


def receive_buffer_held(so_rcvbuf_bytes):
    """Return the bytes that the kernel holds for an SO_RCVBUF: net/core/sock.c sk_setsockopt, __sock_set_rcvbuf.

    so_rcvbuf_bytes: what is asked for, after it was cut to net.core.rmem_max.
    """
    return _doubled(so_rcvbuf_bytes, SOCK_MIN_RCVBUF)


def send_buffer_held(so_sndbuf_bytes):
    """Return the bytes that the kernel holds for an SO_SNDBUF: net/core/sock.c sk_setsockopt.

    so_sndbuf_bytes: what is asked for, after it was cut to net.core.wmem_max.
    """
    return _doubled(so_sndbuf_bytes, SOCK_MIN_SNDBUF)


def _doubled(asked, minimum):
    return max(2 * min(asked, INT_MAX // 2), minimum)
