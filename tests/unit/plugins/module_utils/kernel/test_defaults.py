# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kernels gave themselves, and the rules that tell it."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import (
    kernel_default_orphans,
    kernel_default_tcp_mem,
)

GIB = 1024**3


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
