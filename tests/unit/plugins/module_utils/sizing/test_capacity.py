# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections until pressure and until critical, at given points."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.capacity import capacity

MIB, GIB = 1024**2, 1024**3


def facts_of(used=0, allocated=0, error_bound=0, **limits):
    limits = dict(
        {
            "net.ipv4.tcp_mem": [196608, 262144, 393216],
            "net.ipv4.tcp_rmem": [4096, 87380, 6 * MIB],
            "net.ipv4.tcp_wmem": [4096, 16384, 2 * MIB],
            "net.core.rmem_max": 212992,
            "net.core.wmem_max": 212992,
        },
        **limits,
    )
    return {
        "page_size": 4096,
        "memory_total": 16 * GIB,
        "kernel": "4.18.0-553.el8_10.x86_64",
        "limits": limits,
        "tcp": {
            "used": {"pages": used, "bytes": used * 4096},
            "sockets": {"allocated": allocated},
            "error_bound": {"pages": error_bound},
        },
    }


def test_worst_case_is_the_maximum_of_autotuning_each_way():
    result = capacity(facts_of())
    assert result["bytes_per_connection"]["worst_case"] == 8 * MIB
    assert result["connections_until"]["pressure"] == {"worst_case": 128, "default": 10347, "observed": None}
    assert result["connections_until"]["critical"] == {"worst_case": 192, "default": 15521, "observed": None}
    assert (
        result["answers"][0]
        == "128 connections with full buffers (8.0 MiB each) bring TCP to pressure, 192 to critical."
    )
    assert (
        result["payload_that_fills_a_buffer"]["one_byte_segments"]
        < result["payload_that_fills_a_buffer"]["full_segments"] / 500
    )


def test_the_buffers_that_a_connection_starts_with_are_a_case_of_their_own():
    result = capacity(facts_of())
    assert result["bytes_per_connection"]["default"] == 87380 + 16384
    assert result["answers"][1] == (
        "10347 connections that fill the buffers they start with (101.3 KiB each) bring TCP to pressure, "
        "15521 to critical."
    )


def test_huge_pages_leave_room_for_fewer():
    whole, half = (capacity(dict(facts_of(), memory_usable=size * GIB)) for size in (16, 8))
    until = [one["connections_until"]["memory_full"] for one in (whole, half)]
    assert until[0] // 2 == until[1]


def test_buffers_that_are_asked_for_count_doubled_and_are_capped_by_the_running_maximum():
    assert capacity(facts_of(), {"buffer_bytes": "64KiB"})["bytes_per_connection"]["worst_case"] == 4 * 65536
    assert capacity(facts_of(), {"buffer_bytes": "1KiB"})["bytes_per_connection"]["worst_case"] == 2304 + 4608
    assert capacity(facts_of(), {"buffer_bytes": "16MiB"})["bytes_per_connection"]["worst_case"] == 4 * 212992


@pytest.mark.parametrize(
    "used, allocated, error_bound, average",
    [(1000, 100, 0, 40960), (1, 100, 0, 40), (1000, 0, 0, None), (0, 100, 0, None), (512, 100, 512, None)],
)
def test_observed_average_is_told_only_where_it_can_be(used, allocated, error_bound, average):
    result = capacity(facts_of(used, allocated, error_bound))
    assert result["bytes_per_connection"]["observed"] == average
    assert (result["connections_until"]["pressure"]["observed"] is None) == (average is None)


def test_structures_may_fill_the_memory_first():
    result = capacity(facts_of(used=1, allocated=1000))
    structures = result["bytes_per_connection"]["structures"]
    assert (
        result["connections_until"]["pressure"]["observed"]
        == 16 * GIB // (4 + structures)
        < result["connections_until"]["memory_full"]
    )


@pytest.mark.parametrize(
    "connections, where, words",
    [
        (1000, "low", "below today's low"),
        (3500, "pressure", "below today's pressure"),
        (5000, "high", "below today's high"),
        (10000, "none", "more than today's high"),
    ],
)
def test_what_a_number_of_connections_needs(connections, where, words):
    result = capacity(facts_of(), {"connections": connections, "buffer_bytes": "64KiB"})
    assert result["needs"]["tcp"]["bytes"] == connections * 4 * 65536 and result["needs"]["stays_below"] == where
    assert words in result["answers"][-1]


def test_what_the_facts_do_not_tell_is_none():
    facts = dict(facts_of(), limits={}, tcp={})
    result = capacity(facts, {"connections": 10, "buffer_bytes": 4096})
    assert result["needs"]["stays_below"] is None and "not known" in result["answers"][-1]
    assert result["connections_until"]["pressure"] == {"worst_case": None, "default": None, "observed": None}
    assert capacity(facts)["payload_that_fills_a_buffer"] is None
    with pytest.raises(SocketMemoryError, match="page_size"):
        capacity(dict(facts, page_size=None))


def test_a_negative_threshold_has_room_for_nothing():
    """As a damaged file, or a host that lies, may tell."""
    until = capacity(facts_of(100, 10, **{"net.ipv4.tcp_mem": [188886, -92, 393216]}))["connections_until"]
    assert until["pressure"] == {"worst_case": 0, "default": 0, "observed": 0} and until["critical"]["worst_case"] > 0
