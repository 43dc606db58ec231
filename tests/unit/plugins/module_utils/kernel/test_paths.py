# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in flight on a path, and what a window lets through."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.paths import (
    bandwidth_delay_product,
    throughput_mbps,
)


def test_bandwidth_delay_product():
    assert bandwidth_delay_product(10000, 20) == 25000000
    assert bandwidth_delay_product(0.001, 0.001) == 1


def test_a_window_of_64_kib_at_80_ms():
    assert throughput_mbps(65536, 80) == pytest.approx(6.5536)
