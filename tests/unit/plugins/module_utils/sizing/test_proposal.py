# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proposals: bounding gives a new one with the reasons of both, the larger and the smaller keep their own."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal, larger, smaller

PATH = Proposal(10, "path", rtt=20)


@pytest.mark.parametrize(
    "bounded, value, reasons, measured, numbers",
    [
        (PATH.at_most(Proposal(10, "ceiling", measured=True)), 10, ("path",), False, {"rtt": 20}),
        (
            PATH.at_most(Proposal(9, "ceiling", measured=True, ceiling=0.25)),
            9,
            ("path", "ceiling"),
            True,
            {"rtt": 20, "ceiling": 0.25},
        ),
        (PATH.at_least(Proposal(10, "floor")), 10, ("path",), False, {"rtt": 20}),
        (PATH.at_least(Proposal(11, "floor", measured=True)), 11, ("path", "floor"), True, {"rtt": 20}),
        (Proposal(1, "share", measured=True).at_least(Proposal(2, "floor")), 2, ("share", "floor"), False, {}),
    ],
)
def test_what_bounds_a_proposal_comes_last_and_decides_what_it_follows(bounded, value, reasons, measured, numbers):
    assert bounded == (value, reasons, numbers, measured)
    assert PATH == (10, ("path",), {"rtt": 20}, False)


def test_of_equals_the_first_counts():
    first, second = Proposal(1, "share"), Proposal(1, "demand")
    assert larger(first, second) is smaller(first, second) is first
    assert larger(first, PATH) is PATH and smaller(PATH, second) is second


def test_a_proposal_does_not_change():
    with pytest.raises(AttributeError):
        PATH.value = 11
