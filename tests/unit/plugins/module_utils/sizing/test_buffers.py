# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a buffer is: for a path, without one, and for what an application may ask for."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    RMEM_DEFAULT,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.budget import describe_paths
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.buffers import (
    ASKED,
    PATH,
    all_asked,
    assumed_buffer,
    fixed_asked,
    fixed_buffer,
    largest_asked,
    path_buffer,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.host_to_size import host_to_size
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.reasons import sentence, throughput
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import check_workload

MIB, GIB = 1024**2, 1024**3
LOW = 393216  # pages of 4096 bytes: 1.5 GiB


def known_of(low=LOW, **more):
    return dict({TCP_MEM: Proposal([low, low // 3 * 4, low * 2], "share"), PATH: None}, **more)


def host(memory=16 * GIB, scale=None, **limits):
    limits["net.ipv4.tcp_adv_win_scale"] = scale
    return host_to_size({"page_size": 4096, "memory_total": memory, "kernel": "4.18.0-553.el8", "limits": limits})


def sized(bandwidth, rtt, low=LOW, scale=None, **workload):
    checked = check_workload(dict(workload, bandwidth_mbps=bandwidth, rtt_ms=rtt))
    return path_buffer(host(scale=scale), checked, known_of(low))


def test_a_rate_is_rounded_down():
    assert throughput(65536, 80) == "a window of 64 KiB at 80 ms: 6.5 Mbit/s"


def test_a_path_gets_twice_what_is_in_flight():
    path = sized(10000, 20)
    assert (path.value, path.measured, path.reasons) == (50000000, False, ("path",))
    assert sentence(path) == "23.8 MiB in flight (10000 Mbit/s x 20 ms) times 2 for packet overhead"


@pytest.mark.parametrize("scale, size", [(1, 50000000), (2, 33333334), (-2, 100000000), (0, 25000000)])
def test_tcp_adv_win_scale_of_the_host_counts(scale, size):
    assert sized(10000, 20, scale=scale).value == size


@pytest.mark.parametrize(
    "arguments, options, size, words, measured",
    [
        (
            (10000, 20),
            {"buffer_limit_bytes": "16MiB"},
            16 * MIB,
            "capped at 16.0 MiB (buffer_limit_bytes); a window of 8 MiB at 20 ms: 3355.4 Mbit/s",
            False,
        ),
        ((10**6, 100), {}, GIB - 1, "capped by the largest window", False),
        ((10000, 20, 4096), {}, 16 * MIB, "capped at low of tcp_mem: one connection must not need more", True),
        (
            (10000, 20, 4096),
            {"buffer_limit_bytes": "16MiB"},
            16 * MIB,
            "capped at 16.0 MiB (buffer_limit_bytes)",
            False,
        ),
    ],
)
def test_clamps_say_what_bound_the_buffer(arguments, options, size, words, measured):
    path = sized(*arguments, **options)
    assert (path.value, path.measured) == (size, measured) and words in sentence(path)


def test_the_longest_of_several_paths_decides():
    workload = check_workload(
        {"paths": [{"bandwidth_mbps": 100, "rtt_ms": 80}, {"bandwidth_mbps": "10Gbit/s", "rtt_ms": "1ms"}]}
    )
    assert path_buffer(host(), workload, known_of()).value == 2 * 1250000
    first, second = describe_paths(host(), workload, 2 * MIB)
    assert (first["in_flight_bytes"], first["limit_mbps"]) == (1000000, 104.9)
    assert first["limit"] == "a window of 1 MiB at 80 ms: 104.8 Mbit/s"
    assert (second["in_flight_bytes"], second["limit_mbps"]) == (1250000, 8388.6)


@pytest.mark.parametrize(
    "memory, size", [(16 * GIB, 6 * MIB), (768 * MIB, 6 * MIB), (512 * MIB, 4 * MIB), (16 * MIB, 131072)]
)
def test_a_host_of_little_memory_gets_the_buffers_its_kernel_gives(memory, size):
    reasons = ("default maximum", "throughput")
    buffer = assumed_buffer(131072, 6 * MIB, reasons, host(memory), check_workload(), known_of())
    assert (buffer.value, buffer.measured) == ([4096, 131072, size], size < 6 * MIB)
    assert ("a window of 3 MiB at 80 ms" in sentence(buffer)) == (size == 6 * MIB)


@pytest.mark.parametrize("mbps, size, reasons", [(100, 8 * MIB, ("receive autotuning",)), (10000, 50000000, ("path",))])
def test_a_stated_path_replaces_a_buffer_that_is_less(mbps, size, reasons):
    known = known_of(path=sized(mbps, 20))
    buffer = fixed_buffer(262144, 8 * MIB, "receive autotuning", host(), check_workload(), known)
    assert (buffer.value, buffer.reasons) == ([4096, 262144, size], reasons)


@pytest.mark.parametrize(
    "options, more, largest",
    [
        ({}, {}, 6 * MIB),
        ({"receive_buffer_bytes": 4096, "send_buffer_bytes": "9MiB"}, {}, 9 * MIB),
        ({"udp_sockets": 1, "udp_buffer_bytes": "9MiB"}, {}, 9 * MIB),
        ({}, {RMEM_DEFAULT: Proposal(9 * MIB, "burst")}, 9 * MIB),
        ({"buffer_bytes": 2**30 - 1}, {TCP_RMEM: Proposal([1, 2, 2**31 - 1], "path", measured=True)}, 2**30 - 1),
    ],
)
def test_an_application_may_ask_for_the_largest_of_all(options, more, largest):
    known = {TCP_RMEM: Proposal([4096, 131072, 6 * MIB], "path"), TCP_WMEM: Proposal([4096, 16384, 4 * MIB], "path")}
    known.update(more)
    known[ASKED] = asked = largest_asked(host(), check_workload(options), known)
    assert all_asked(host(), check_workload(options), known) is asked
    assert (asked.value, asked.reasons, asked.measured) == (largest, ("as autotuning",), known[TCP_RMEM].measured)
    raised = fixed_asked(8 * MIB, "receive asked", host(), check_workload(options), known)
    assert (raised.value, len(raised.reasons)) == (max(8 * MIB, largest), 1 if largest < 8 * MIB else 2)
