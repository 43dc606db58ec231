# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kernel gives itself at boot: thresholds, orphans, the largest buffers of autotuning."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import (
    ACCEPT_QUEUES,
    ANCILLARY_MAXIMA,
    ASKED_MAXIMA,
    MEMORY_QUANTUM,
    OUTPUT_LIMITS,
    RECEIVE_MAXIMA,
    RECEIVE_STARTS,
    counts_in_pages,
    since,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ORPHANS,
    RMEM_DEFAULT,
    RMEM_MAX,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    TIME_WAIT,
    UDP_MEM,
    WMEM_MAX,
)

# net/ipv4/tcp.c tcp_init_mem: 1/16 of the free buffer pages is "pressure"; net/ipv4/udp.c udp_init: 1/8.
DEFAULT_DIVISOR = 16
UDP_DEFAULT_DIVISOR = 8
LEAST_PAGES = 128  # same functions
# net/ipv4/tcp.c tcp_init: the largest buffers are no more than 1/128 of the free buffer pages, and no less than these.
MEMORY_DIVISOR = 128
TCP_WMEM_START = 16 * 1024
TCP_WMEM_MAX = 4 * 1024 * 1024
TCP_WMEM_LEAST = 64 * 1024
DEFAULT_BUFFER = 212992  # bytes; net/core/sock.c sysctl_rmem_default with cache lines of 64 bytes, charged as it is
# net/ipv4/tcp.c tcp_init, mm/mm_init.c alloc_large_system_hash: one slot of the hash table for each 128 KiB of memory,
# up to a power of two and to 524288; half of them is the default of tcp_max_orphans and tcp_max_tw_buckets.
BYTES_A_SLOT = 128 * 1024
MOST_SLOTS = 524288


def kernel_default_tcp_mem(free_buffer_pages, divisor=DEFAULT_DIVISOR):
    """Return the tcp_mem, three numbers of pages, that the kernel gives itself; with UDP_DEFAULT_DIVISOR the udp_mem.

    free_buffer_pages: nr_free_buffer_pages() of the kernel, a little less than memory. Huge pages are among them.
    """
    limit = max(free_buffer_pages // divisor, LEAST_PAGES)
    low = limit // 4 * 3
    return [low, limit, low * 2]


def kernel_default_orphans(memory_bytes):
    """Return the tcp_max_orphans, and tcp_max_tw_buckets, that the kernel gives itself on a host of *memory_bytes*."""
    slots = max(-(-memory_bytes // BYTES_A_SLOT), 2)
    return min(1 << (slots - 1).bit_length(), MOST_SLOTS) // 2


def smallest_buffer(release, page_size):
    """Return the bytes that a socket may always hold, the first of tcp_rmem and tcp_wmem: net/ipv4/tcp.c tcp_init.

    A page where the kernel *release* (uname -r) counts in pages, before SK_MEM_QUANTUM. page_size: bytes.
    """
    return page_size if counts_in_pages(release) else MEMORY_QUANTUM


def kernel_defaults(release, page_size, free_buffer_pages):
    """Return {key: value} of what the kernel *release* (uname -r) gives itself, for the keys that sizing raises.

    page_size: bytes. free_buffer_pages: as for kernel_default_tcp_mem. A release that cannot be read has the smallest
    of all defaults.
    """
    share, least = free_buffer_pages // MEMORY_DIVISOR * page_size, smallest_buffer(release, page_size)
    start, asked = since(RECEIVE_STARTS, release), since(ASKED_MAXIMA, release)
    closed = kernel_default_orphans(free_buffer_pages * page_size)
    return {
        TCP_MEM: kernel_default_tcp_mem(free_buffer_pages),
        UDP_MEM: kernel_default_tcp_mem(free_buffer_pages, UDP_DEFAULT_DIVISOR),
        TCP_RMEM: [least, start, max(start, min(since(RECEIVE_MAXIMA, release), share))],
        TCP_WMEM: [least, TCP_WMEM_START, max(TCP_WMEM_LEAST, min(TCP_WMEM_MAX, share))],
        RMEM_MAX: asked,
        WMEM_MAX: asked,
        RMEM_DEFAULT: DEFAULT_BUFFER,
        ORPHANS: closed,
        TIME_WAIT: closed,
        "net.core.optmem_max": since(ANCILLARY_MAXIMA, release),
        "net.core.somaxconn": since(ACCEPT_QUEUES, release),
        "net.ipv4.tcp_limit_output_bytes": since(OUTPUT_LIMITS, release),
    }
