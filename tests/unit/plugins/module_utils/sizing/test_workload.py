# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads: what contradicts itself is refused before any host is looked at."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import check_workload


def test_every_option_is_filled_in():
    checked = check_workload(
        {
            "connections": 10,
            "buffer_bytes": "64KiB",
            "send_buffer_bytes": "1MiB",
            "memory_fraction": "25%",
            "churn": "10/s",
            "observed_peak": {"pages": 10, "bytes": 40960},
            "container_memory_bytes": "1GiB",
            "only_raise": None,
        }
    )
    assert (
        checked["receive_buffer_bytes"],
        checked["send_buffer_bytes"],
        checked["memory_fraction"],
        checked["churn"],
    ) == (65536, 1 << 20, 0.25, 10)
    assert (checked["observed_peak"], checked["container_memory_bytes"], checked["only_raise"], checked["profile"]) == (
        40960,
        1 << 30,
        True,
        "balanced",
    )


@pytest.mark.parametrize(
    "given, direction", [({}, "both"), ({"direction": None}, "both"), ({"direction": "send"}, "send")]
)
def test_data_goes_both_ways_unless_something_else_is_said(given, direction):
    assert check_workload(given)["direction"] == direction


@pytest.mark.parametrize(
    "given", [{"bandwidth_mbps": "10Gbit/s", "rtt_ms": "20ms"}, {"paths": [{"bandwidth_mbps": 10000, "rtt_ms": 20}]}]
)
def test_one_path_is_the_same_alone_and_in_a_list(given):
    assert check_workload(given)["paths"] == [(10000, 20)]


@pytest.mark.parametrize(
    "workload, named",
    [
        ({"paths": {"rtt_ms": 1}}, "workload.paths: "),
        ({"paths": ["fast"]}, "workload.paths[0]: "),
        ({"paths": [{"rtt_ms": 1}]}, "workload.paths[0]: "),
        (
            {"paths": [{"bandwidth_mbps": 1, "rtt_ms": 1}, {"bandwidth_mbps": 1, "rtt_ms": 0}]},
            "workload.paths[1].rtt_ms: found 0",
        ),
        (
            {"paths": [{"bandwidth_mbps": 1, "rtt_ms": 1}], "bandwidth_mbps": 1, "rtt_ms": 1},
            "paths beside bandwidth_mbps",
        ),
        ({"bandwidth_mbps": 1, "rtt_ms": 0}, "workload.rtt_ms: found 0"),
        ({"bandwidth_mbps": "10G", "rtt_ms": 1}, "workload.bandwidth_mbps: found '10G'"),
        ({"connections": 10**12, "buffer_bytes": 4096}, "workload.connections: found 1000000000000"),
        ({"receive_buffer_bytes": 4096}, "Give send_buffer_bytes too"),
        ({"send_buffer_bytes": 4096}, "Give receive_buffer_bytes too"),
        ({"active_fraction": 0.5}, "active_fraction without connections"),
        ({"direction": "up"}, "workload.direction: found 'up', expected one of both, receive, send"),
        ({"direction": ["send"]}, "workload.direction"),
        ({"direction": 10**5000}, "workload.direction: found a number of"),
        ({"udp_buffer_bytes": 4096}, "udp_buffer_bytes without udp_sockets"),
        ({"observed_peak": "much"}, "workload.observed_peak"),
        ({"memory_fraction": "60%"}, "workload.memory_fraction"),
        ({"memory_fraction": 25}, "or one with %"),
        ({"churn": True}, "workload.churn"),
        ({"container_memory_bytes": "8G"}, "workload.container_memory_bytes"),
        ({"silence": ["lowers"]}, "workload.silence: "),
        ({"silence": {"above-memory": "we know"}}, "the rule 'above-memory'"),
        ({"silence": {"lowers": " "}}, "workload.silence.lowers"),
        ({"silence": {"lowers": None}}, "workload.silence.lowers"),
        ({10**5000: 1}, "the option a number of 16610 bits"),
        ({"profile": 10**5000}, "workload.profile: found a number of"),
        ({"profile": ["balanced"]}, "workload.profile"),
        ({"connections": 10**5000}, "workload.connections: found a number of"),
        ({"overrides": {"net.core.rmem_max": 10**5000}}, "net.core.rmem_max: found a number of"),
        ({"silence": {"x" * 10**6: "y"}}, "the rule 'xxx"),
        ({"paths": [10**5000]}, "workload.paths[0]: found a number of"),
    ],
)
def test_contradictions_are_refused(workload, named):
    with pytest.raises(SocketMemoryError, match="found .*, expected") as caught:
        check_workload(workload)
    assert named in str(caught.value)
