# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seven states: the kernel's flag first, the numbers second."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import (
    TCP_STATES,
    tcp_state,
    udp_state,
    under_memory_pressure,
)

LIMITS = (100, 200, 300)
ABSENT = (None, None, None)


@pytest.mark.parametrize(
    "used, flag, state",
    [
        (0, False, "normal"),
        (99, False, "normal"),
        (100, False, "soft"),
        (200, False, "soft"),
        (201, False, "imminent"),
        (300, False, "imminent"),
        (201, True, "pressure"),
        (300, True, "pressure"),
        (200, True, "recovering"),
        (100, True, "recovering"),
        (99, True, "stale"),
        (0, True, "stale"),
        (301, True, "critical"),
        (301, False, "critical"),
        (301, None, "critical"),
        (99, None, "normal"),
        (150, None, "soft"),
        (201, None, "pressure"),
    ],
)
def test_state_by_flag_and_usage(used, flag, state):
    assert tcp_state(used, LIMITS, flag) == state


@pytest.mark.parametrize(
    "used, flag, state",
    [
        (2289, False, "soft"),
        (3079, True, "pressure"),
        (2813, True, "recovering"),
        (2001, False, "normal"),
        (2715, False, "soft"),
    ],
)
def test_hysteresis_as_observed_on_a_kernel(used, flag, state):
    assert tcp_state(used, (2048, 3072, 4096), flag) == state


@pytest.mark.parametrize("used, state", [(4097, "critical"), (4096, "pressure"), (4534, "critical")])
def test_one_page_past_a_threshold_is_past_it_for_the_kernel(used, state):
    """As measured with high at 4096 pages and 2 processors, which keep 512 pages uncounted."""
    assert tcp_state(used, (2048, 3072, 4096), True) == state


@pytest.mark.parametrize("used, thresholds", [(None, LIMITS), (150, ABSENT), (None, ABSENT), (150, (100, 200, None))])
@pytest.mark.parametrize("flag, state", [(True, "pressure"), (False, None), (None, None)])
def test_without_numbers_only_a_raised_flag_tells(used, thresholds, flag, state):
    assert tcp_state(used, thresholds, flag) == state


@pytest.mark.parametrize(
    "used, limit, page_size, state",
    [
        (83, 100, 4096, "normal"),  # 17 pages more are 100
        (84, 100, 4096, "critical"),
        (95, 100, 16384, "normal"),
        (96, 100, 16384, "critical"),
        (98, 100, 65536, "normal"),
        (99, 100, 65536, "critical"),
        (575938, 575802, 4096, "critical"),  # measured on 6.18, 386 datagrams dropped
        (768, 600, 4096, "critical"),  # and with a small limit
        (99, 100, None, "normal"),
        (100, 100, None, "critical"),
        (None, 100, 4096, None),
        (5, None, 4096, None),
    ],
)
def test_udp_is_critical_when_one_more_datagram_may_not_fit(used, limit, page_size, state):
    assert udp_state(used, limit, page_size) == state


def test_under_pressure_in_exactly_three_states():
    under = [state for state in TCP_STATES if under_memory_pressure({"tcp": {"state": state, "kernel_flag": False}})]
    assert under == ["pressure", "recovering", "critical"]
    for flag in (True, False, None):
        assert under_memory_pressure({"tcp": {"state": None, "kernel_flag": flag}}) is flag
