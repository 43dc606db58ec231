# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shape of the facts, by the facts of whole hosts."""

import copy

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import checked_facts, usable_facts
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import VARIANTS


@pytest.mark.parametrize("name", ["el8_x86_64", "debian12_6.18"] + sorted(VARIANTS))
def test_what_is_gathered_is_as_its_shape_says(host_of, name):
    """To the key: so nothing that a host tells is lost on the way."""
    facts = host_of(name).facts(
        gather_subset=["all", "cgroups", "kernel_log"],
        workload={
            "connections": 500,
            "bandwidth_mbps": 1000,
            "rtt_ms": 20,
            "churn": 5,
            "udp_sockets": 10,
            "overrides": {"net.core.somaxconn": 5000},
        },
    )
    before = copy.deepcopy(facts)
    assert checked_facts(facts) == before


def test_no_facts_are_a_refusal_or_none():
    for nothing in (None, {}, ""):
        with pytest.raises(SocketMemoryError, match="facts: found nothing"):
            checked_facts(nothing)
        assert usable_facts(nothing) is None
    assert usable_facts({"tcp": 5}) is None
    assert usable_facts({"tcp": {}})["tcp"]["thresholds"] == dict.fromkeys(("low", "pressure", "high"))
