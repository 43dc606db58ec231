# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a connection costs the kernel: structures, charged memory, and the buffer behind a window."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel_generation import counts_in_pages

IDLE_BYTES_EXACT = 3840  # slab of one idle socket (struct sock, inode, file, dentry), measured on 4.18.0-553.el8
IDLE_BYTES_PER_CPU = 5120  # the same, measured on 6.18: 4.9 kB, rounded up to a page and a quarter
SKB_OVERHEAD = 256 + 320  # sizeof(struct sk_buff) and skb_shared_info, rounded up to cache lines: include/linux/skbuff.h SKB_TRUESIZE
SO_DOUBLING = 2  # net/core/sock.c sk_setsockopt: the kernel reserves twice what SO_SNDBUF or SO_RCVBUF asks
# Kernels from 6.6 and EL9.4 on measure the ratio of payload to memory themselves (scaling_ratio): about a third with
# frames of 1500 bytes in pages of 4096.
MEASURED_RATIO = 3


def idle_bytes(release, page_size):
    """Return the bytes of kernel structures of one idle connection, which tcp_mem does not count."""
    return IDLE_BYTES_PER_CPU if counts_in_pages(release) else IDLE_BYTES_EXACT


def truesize(payload_bytes, segment_bytes, release):
    """Return the bytes the kernel charges for *payload_bytes* that wait in segments of *segment_bytes*."""
    segments = -(-payload_bytes // segment_bytes)
    buffer_bytes = 1 << max(segment_bytes + 64 - 1, 511).bit_length()  # kmalloc rounds up to powers of two
    return segments * (buffer_bytes + SKB_OVERHEAD)


def _fixed_parts(adv_win_scale):
    """Return (window, buffer): so many bytes of window for so many of buffer. include/net/tcp.h tcp_win_from_space."""
    if adv_win_scale <= 0:
        return 1, 1 << -adv_win_scale
    return (1 << adv_win_scale) - 1, 1 << adv_win_scale


def buffer_for_window(window_bytes, release, adv_win_scale=1):
    """Return the bytes of buffer (tcp_rmem[2]) that let the kernel advertise *window_bytes*."""
    # The kernels that measure the ratio are a part of those that count in pages; the larger factor is the safe one.
    if counts_in_pages(release):
        return window_bytes * MEASURED_RATIO
    window, buffer_bytes = _fixed_parts(adv_win_scale)
    return -(-window_bytes * buffer_bytes // window)


def window_of_buffer(buffer_bytes, release, adv_win_scale=1):
    """Return the bytes of window that a buffer of *buffer_bytes* gives."""
    if counts_in_pages(release):
        return buffer_bytes // MEASURED_RATIO
    window, whole = _fixed_parts(adv_win_scale)
    return buffer_bytes * window // whole


def requested_to_held(so_buf_bytes):
    """Return the bytes the kernel reserves for a socket that asked for *so_buf_bytes*."""
    return so_buf_bytes * SO_DOUBLING
