# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kernels gave themselves, and the rules that tell it."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import (
    kernel_default_orphans,
    kernel_default_tcp_mem,
    kernel_defaults,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ORPHANS,
    RMEM_DEFAULT,
    RMEM_MAX,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    UDP_MEM,
)

MIB, GIB = 1024**2, 1024**3


@pytest.mark.parametrize(
    "free_pages, tcp_mem",
    [
        (383868 * 16, [287901, 383868, 575802]),
        (31584 * 16 + 15, [23688, 31584, 47376]),
        (0, [96, 128, 192]),
        (130 * 16, [96, 130, 192]),
    ],
)
def test_tcp_mem_as_observed(free_pages, tcp_mem):
    assert kernel_default_tcp_mem(free_pages) == tcp_mem


@pytest.mark.parametrize(
    "memory, orphans",
    [
        (2050960 * 1024, 8192),
        (24684092 * 1024, 131072),
        (8 * GIB, 32768),
        (16 * GIB - 1, 65536),
        (64 * GIB, 262144),
        (1, 1),
    ],
)
def test_tcp_max_orphans_as_observed(memory, orphans):
    assert kernel_default_orphans(memory) == orphans


def test_defaults_as_observed():
    """Linux 6.18.44 with 24684084 kB of memory and pages of 4 KiB."""
    assert kernel_defaults("6.18.44", 4096, 383867 * 16) == {
        TCP_MEM: [287898, 383867, 575796],
        UDP_MEM: [575799, 767734, 1151598],
        TCP_RMEM: [4096, 131072, 33554432],
        TCP_WMEM: [4096, 16384, 4194304],
        RMEM_MAX: 4194304,
        "net.core.wmem_max": 4194304,
        RMEM_DEFAULT: 212992,
        ORPHANS: 131072,
        "net.ipv4.tcp_max_tw_buckets": 131072,
        "net.core.optmem_max": 131072,
        "net.core.somaxconn": 4096,
        "net.ipv4.tcp_limit_output_bytes": 4194304,
    }


@pytest.mark.parametrize(
    "release, page_size, memory, receive, send, asked, output",
    [
        ("4.18.0-553.el8_10.x86_64", 4096, 16 * GIB, [4096, 87380, 6 * MIB], 4 * MIB, 212992, 262144),
        ("4.18.0-553.el8_10.aarch64", 65536, 16 * GIB, [4096, 87380, 6 * MIB], 4 * MIB, 212992, 262144),
        ("5.14.0-162.6.1.el9_1.aarch64", 65536, 16 * GIB, [4096, 131072, 6 * MIB], 4 * MIB, 212992, MIB),
        ("5.14.0-284.11.1.el9_2.aarch64", 65536, 16 * GIB, [65536, 131072, 6 * MIB], 4 * MIB, 212992, MIB),
        ("6.12.0-55.24.1.el10_0.x86_64", 4096, 16 * GIB, [4096, 131072, 6 * MIB], 4 * MIB, 212992, MIB),
        ("6.15.9", 4096, 16 * GIB, [4096, 131072, 6 * MIB], 4 * MIB, 212992, MIB),
        ("6.16.0", 4096, 16 * GIB, [4096, 131072, 32 * MIB], 4 * MIB, 212992, 4 * MIB),
        ("6.17.9", 4096, 2 * GIB, [4096, 131072, 16 * MIB], 4 * MIB, 212992, 4 * MIB),
        ("6.18.1", 4096, 256 * MIB, [4096, 131072, 2 * MIB], 2 * MIB, 4 * MIB, 4 * MIB),
        ("7.0.3", 4096, 4 * MIB, [4096, 131072, 131072], 65536, 4 * MIB, 4 * MIB),
        (None, 4096, 16 * GIB, [4096, 87380, 6 * MIB], 4 * MIB, 212992, 262144),
    ],
)
def test_buffers_of_each_generation(release, page_size, memory, receive, send, asked, output):
    defaults = kernel_defaults(release, page_size, memory // page_size)
    assert defaults[TCP_RMEM] == receive
    assert defaults[TCP_WMEM] == [receive[0], 16384, send]
    assert (defaults[RMEM_MAX], defaults["net.ipv4.tcp_limit_output_bytes"]) == (asked, output)
