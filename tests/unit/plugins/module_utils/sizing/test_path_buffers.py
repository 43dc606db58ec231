# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a buffer lets through, and which buffer a path needs."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.host_to_size import SizedHost
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.path_buffers import (
    assumed_buffer,
    describe_paths,
    path_buffer,
    throughput_mbps,
    throughput_sentence,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import check_workload

MIB, GIB = 1024 ** 2, 1024 ** 3
LOW = 393216  # pages of 4096 bytes: 1.5 GiB


def host(memory=16 * GIB, scale=None):
    return SizedHost({"page_size": 4096, "memory_total": memory, "kernel": "4.18.0-553.el8", "limits": {"net.ipv4.tcp_adv_win_scale": scale}}, True)


def sized(bandwidth, rtt, low=LOW, scale=None, **workload):
    return path_buffer(host(scale=scale), check_workload(dict(workload, bandwidth_mbps=bandwidth, rtt_ms=rtt)), low)


def test_a_window_of_64_kib_at_80_ms():
    assert throughput_mbps(65536, 80) == pytest.approx(6.5536)
    assert throughput_sentence(65536, 80) == "64 KiB at 80 ms: 6.5 Mbit/s"


def test_a_path_gets_twice_what_is_in_flight():
    assert sized(10000, 20) == (50000000, "23.8 MiB in flight (10000 Mbit/s x 20 ms) times 2 for packet overhead", False)


@pytest.mark.parametrize("scale, size", [(1, 50000000), (2, 33333334), (-2, 100000000), (0, 25000000)])
def test_tcp_adv_win_scale_of_the_host_counts(scale, size):
    assert sized(10000, 20, scale=scale)[0] == size


@pytest.mark.parametrize("arguments, options, size, words, measured", [
    ((0.1, 1), {}, 65536, "no less than 64 KiB", False),
    ((10000, 20), {"buffer_limit_bytes": "16MiB"}, 16 * MIB, "capped at 16.0 MiB (buffer_limit_bytes); a window of 8 MiB at 20 ms: 3355.4 Mbit/s", False),
    ((10 ** 6, 100), {}, GIB - 1, "capped by the largest window", False),
    ((10000, 20, 4096), {}, 16 * MIB, "capped at low of tcp_mem: one connection must not need more", True),
])
def test_clamps_say_what_bound_the_buffer(arguments, options, size, words, measured):
    found, reason, follows_memory = sized(*arguments, **options)
    assert (found, follows_memory) == (size, measured) and words in reason


def test_the_longest_of_several_paths_decides():
    workload = check_workload({"paths": [{"bandwidth_mbps": 100, "rtt_ms": 80}, {"bandwidth_mbps": "10Gbit/s", "rtt_ms": "1ms"}]})
    assert path_buffer(host(), workload, LOW)[0] == 2 * 1250000
    first, second = describe_paths(host(), workload, 2 * MIB)
    assert (first["in_flight_bytes"], first["limit_mbps"], first["limit"]) == (1000000, 104.9, "a window of 1 MiB at 80 ms: 104.8 Mbit/s")
    assert (second["in_flight_bytes"], second["limit_mbps"]) == (1250000, 8388.6)


@pytest.mark.parametrize("memory, size", [(16 * GIB, 6 * MIB), (768 * MIB, 6 * MIB), (512 * MIB, 4 * MIB), (16 * MIB, 131072)])
def test_a_host_of_little_memory_gets_the_buffers_its_kernel_gives(memory, size):
    assert assumed_buffer(host(memory), 6 * MIB) == size
