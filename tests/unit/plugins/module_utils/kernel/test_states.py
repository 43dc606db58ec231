# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The six states: the kernel's flag first, the numbers second."""

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
        (0, True, "recovering"),
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


@pytest.mark.parametrize(
    "used, flag, state",
    [
        (99, False, "normal"),
        (150, False, "soft"),
        (250, False, "soft"),
        (251, False, "imminent"),
        (350, False, "imminent"),
        (351, False, "critical"),
        (201, True, "pressure"),
        (350, True, "pressure"),
        (351, True, "critical"),
        (250, None, "soft"),
        (251, None, "pressure"),
        (350, None, "pressure"),
        (351, None, "critical"),
    ],
)
def test_no_verdict_rests_on_less_than_the_error_bound(used, flag, state):
    assert tcp_state(used, LIMITS, flag, error_bound=50) == state


@pytest.mark.parametrize("used, thresholds", [(None, LIMITS), (150, ABSENT), (None, ABSENT), (150, (100, 200, None))])
@pytest.mark.parametrize("flag, state", [(True, "pressure"), (False, None), (None, None)])
def test_without_numbers_only_a_raised_flag_tells(used, thresholds, flag, state):
    assert tcp_state(used, thresholds, flag) == state


@pytest.mark.parametrize(
    "used, low, bound, state",
    [
        (99, 100, 0, "normal"),
        (100, 100, 0, "critical"),
        (149, 100, 50, "normal"),
        (150, 100, 50, "critical"),
        (None, 100, 0, None),
        (5, None, 0, None),
    ],
)
def test_udp_has_one_limit_and_no_flag(used, low, bound, state):
    assert udp_state(used, low, bound) == state


def test_under_pressure_in_exactly_three_states():
    under = [state for state in TCP_STATES if under_memory_pressure({"tcp": {"state": state, "kernel_flag": False}})]
    assert under == ["pressure", "recovering", "critical"]
    for flag in (True, False, None):
        assert under_memory_pressure({"tcp": {"state": None, "kernel_flag": flag}}) is flag
