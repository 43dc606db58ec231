# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kernel gives itself at boot: thresholds, orphans, the largest buffers of autotuning."""

# net/ipv4/tcp.c tcp_init_mem: 1/16 of the free buffer pages is "pressure"; net/ipv4/udp.c udp_init: 1/8.
DEFAULT_DIVISOR = 16
UDP_DEFAULT_DIVISOR = 8
LEAST_PAGES = 128  # same functions
# net/ipv4/tcp.c tcp_init: 6 MiB (32 MiB from 6.16 on) and 4 MiB, and no more than 1/128 of memory.
TCP_RMEM_MAX = 6 * 1024 * 1024
TCP_WMEM_MAX = 4 * 1024 * 1024
MEMORY_DIVISOR = 128
UDP_DEFAULT_BUFFER = 212992  # bytes; net.core.rmem_default of every kernel, charged as it is
# net/ipv4/tcp.c tcp_init, mm/mm_init.c alloc_large_system_hash: one slot of the hash table for each 128 KiB of memory,
# up to a power of two and to 524288; half of them is the default of tcp_max_orphans and tcp_max_tw_buckets.
BYTES_A_SLOT = 128 * 1024
MOST_SLOTS = 524288


def kernel_default_tcp_mem(free_buffer_pages, divisor=DEFAULT_DIVISOR):
    """Return the tcp_mem, three numbers of pages, that the kernel gives itself; with UDP_DEFAULT_DIVISOR the udp_mem.

    free_buffer_pages: nr_free_buffer_pages() of the kernel, a little less than memory.
    """
    limit = max(free_buffer_pages // divisor, LEAST_PAGES)
    low = limit // 4 * 3
    return [low, limit, low * 2]


def kernel_default_orphans(memory_bytes):
    """Return the tcp_max_orphans, and tcp_max_tw_buckets, that the kernel gives itself on a host of *memory_bytes*."""
    slots = max(-(-memory_bytes // BYTES_A_SLOT), 2)
    return min(1 << (slots - 1).bit_length(), MOST_SLOTS) // 2
