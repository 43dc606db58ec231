# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a buffer is: for a path, without one, and for what an application may ask for."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    RMEM_DEFAULT,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.budget import describe_paths
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.buffers import (
    RECEIVE_PATH,
    asked,
    assumed_buffer,
    fixed_asked,
    fixed_buffer,
    moderated,
    needed_buffer,
    path_buffer,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.host_to_size import host_to_size
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.profiles import RECEIVE_ASKED, SEND_ASKED
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.reasons import sentence, throughput
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import check_workload

MIB, GIB = 1024**2, 1024**3
LOW = 393216  # pages of 4096 bytes: 1.5 GiB
EL8, EL10 = "4.18.0-553.el8_10.x86_64", "6.12.0-55.el10.aarch64"


def known_of(low=LOW, **more):
    return dict({TCP_MEM: Proposal([low, low // 3 * 4, low * 2], "share")}, **more)


def host(memory=16 * GIB, scale=None, kernel=EL8, page_size=4096, **limits):
    limits = dict({"net.ipv4.tcp_adv_win_scale": scale}, **limits)
    return host_to_size({"page_size": page_size, "memory_total": memory, "kernel": kernel, "limits": limits})


def sized(bandwidth, rtt, low=LOW, scale=None, side="receive", **workload):
    checked = check_workload(dict(workload, bandwidth_mbps=bandwidth, rtt_ms=rtt))
    return path_buffer(side, host(scale=scale), checked, known_of(low))


def test_a_rate_is_rounded_down():
    assert throughput(65536, 80) == "a window of 64 KiB at 80 ms: 6.5 Mbit/s"


@pytest.mark.parametrize(
    "side, size, words",
    [
        ("receive", 50000000, "23.8 MiB in flight (10000 Mbit/s x 20 ms) times 2 for packet overhead"),
        ("send", 75000000, "23.8 MiB in flight (10000 Mbit/s x 20 ms) times 3, which BBR keeps; others take 2"),
    ],
)
def test_a_path_gets_a_multiple_of_what_is_in_flight(side, size, words):
    path = sized(10000, 20, side=side)
    assert (path.value, path.measured, path.reasons) == (size, False, ("path",))
    assert sentence(path) == words


@pytest.mark.parametrize(
    "direction, receive, send", [("both", True, True), ("receive", True, False), ("send", False, True)]
)
def test_a_direction_that_is_not_used_needs_no_buffer(direction, receive, send):
    paths = [sized(10000, 20, side=side, direction=direction) for side in ("receive", "send")]
    assert [path is not None for path in paths] == [receive, send]


@pytest.mark.parametrize("scale, size", [(1, 50000000), (2, 33333334), (-2, 100000000), (0, 25000000)])
def test_tcp_adv_win_scale_of_the_host_counts(scale, size):
    assert sized(10000, 20, scale=scale).value == size


@pytest.mark.parametrize(
    "options, flows, in_flight",
    [
        ({"connections": 20}, 20, 1250000),
        ({"connections": 200, "active_fraction": "10%"}, 20, 1250000),
        ({"connections": 10**8}, 10**8, 1),
        ({"connections": 20, "buffer_bytes": 65536}, 1, 25000000),  # they have their own buffers: the path is another's
    ],
)
def test_connections_on_a_path_share_it(options, flows, in_flight):
    path = sized(10000, 20, **options)
    assert (path.numbers["flows"], path.numbers["in_flight"], path.value) == (flows, in_flight, 2 * in_flight)
    assert ("shared by %d connections" % flows in sentence(path)) == (flows > 1)


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
        ((10**6, 100, 10**7), {}, GIB - 1, "capped by the largest window", False),
        ((10000, 20, 16384), {}, 16 * MIB, "capped at 1/4 of low of tcp_mem", True),
        ((10000, 20, 16384), {"buffer_limit_bytes": "40MiB"}, 40 * MIB, "capped at 40.0 MiB", False),
        ((10000, 20, 4096), {"buffer_limit_bytes": "40MiB"}, 16 * MIB, "capped at low of tcp_mem", True),
    ],
)
def test_clamps_say_what_bound_the_buffer(arguments, options, size, words, measured):
    path = sized(*arguments, **options)
    assert (path.value, path.measured) == (size, measured) and words in sentence(path)


def test_the_longest_of_several_paths_decides():
    workload = check_workload(
        {"paths": [{"bandwidth_mbps": 100, "rtt_ms": 80}, {"bandwidth_mbps": "10Gbit/s", "rtt_ms": "1ms"}]}
    )
    assert path_buffer("receive", host(), workload, known_of()).value == 2 * 1250000
    first, second = describe_paths(host(), workload, 2 * MIB, 8 * MIB)
    assert (first["in_flight_bytes"], first["limit_mbps"]) == (1000000, 104.9)
    assert first["limit"] == "a window of 1 MiB at 80 ms: 104.8 Mbit/s"
    assert (second["in_flight_bytes"], second["limit_mbps"]) == (1250000, 8388.6)


@pytest.mark.parametrize("direction, mbps", [("both", 52.4), ("receive", 104.9), ("send", 52.4)])
def test_the_buffer_of_a_direction_that_is_used_limits_a_path(direction, mbps):
    workload = check_workload({"bandwidth_mbps": 100, "rtt_ms": 80, "direction": direction})
    assert describe_paths(host(), workload, 2 * MIB, MIB)[0]["limit_mbps"] == mbps


@pytest.mark.parametrize(
    "memory, size", [(16 * GIB, 16 * MIB), (2 * GIB, 16 * MIB), (GIB, 8 * MIB), (16 * MIB, 131072)]
)
def test_a_host_of_little_memory_gets_the_buffers_its_kernel_gives(memory, size):
    reasons = ("without a path", "throughput")
    buffer = assumed_buffer(TCP_RMEM, 131072, 16 * MIB, reasons, host(memory), check_workload(), known_of())
    assert (buffer.value, buffer.measured) == ([4096, 131072, size], size < 16 * MIB)
    assert ("a window of 8 MiB at 80 ms" in sentence(buffer)) == (size == 16 * MIB)


@pytest.mark.parametrize("mbps, size, reasons", [(100, 8 * MIB, ("receive autotuning",)), (10000, 50000000, ("path",))])
def test_a_stated_path_replaces_a_buffer_that_is_less(mbps, size, reasons):
    known = known_of(**{RECEIVE_PATH: sized(mbps, 20)})
    buffer = fixed_buffer(TCP_RMEM, 262144, 8 * MIB, "receive autotuning", host(), check_workload(), known)
    assert (buffer.value, buffer.reasons) == ([4096, 262144, size], reasons)


@pytest.mark.parametrize(
    "kernel, page_size, running, value",
    [
        (EL10, 65536, None, [65536, 65536, 5000000]),
        (EL10, 65536, [65536, 16384, 4194304], [65536, 65536, 5000000]),
        (EL8, 65536, None, [4096, 16384, 5000000]),  # it counts in quanta of 4 KiB
        (EL8, 4096, [8192, 16384, 4194304], [8192, 16384, 5000000]),
        (EL8, 4096, [32768, 32768, 4194304], [32768, 32768, 5000000]),
        (EL8, 4096, [10**9, 16384, 4194304], [4096, 16384, 5000000]),  # no sound value
    ],
)
def test_the_smallest_buffer_is_that_of_the_kernel_or_what_runs(kernel, page_size, running, value):
    one = host(kernel=kernel, page_size=page_size, **({TCP_WMEM: running} if running else {}))
    known = known_of(**{"send path": Proposal(5000000, "path")})
    assert needed_buffer(TCP_WMEM, 16384, one, check_workload(), known).value == value


def test_without_a_path_no_buffer_is_needed_and_nothing_is_said_of_it():
    assert needed_buffer(TCP_RMEM, 131072, host(), check_workload(), known_of()) is None
    assert moderated(1, "moderate", host(), check_workload(), known_of()) is None
    assert moderated(1, "moderate", host(), check_workload(), {TCP_RMEM: Proposal([1, 2, 3], "path")}).value == 1
    assert asked(*RECEIVE_ASKED, host(), check_workload(), known_of()) is None


BUFFERS = {TCP_RMEM: Proposal([4096, 131072, 6 * MIB + 1], "path"), TCP_WMEM: Proposal([4096, 16384, 4 * MIB], "path")}


@pytest.mark.parametrize(
    "options, more, receive, send",
    [
        ({}, {}, 3 * MIB + 1, 2 * MIB),
        ({"receive_buffer_bytes": 4096, "send_buffer_bytes": "9MiB"}, {}, 3 * MIB + 1, 9 * MIB),
        ({"udp_sockets": 1, "udp_buffer_bytes": "9MiB"}, {}, 9 * MIB, 2 * MIB),
        ({}, {RMEM_DEFAULT: Proposal(9 * MIB, "burst")}, 9 * MIB, 2 * MIB),
        ({}, {TCP_RMEM: Proposal([1, 2, INT_MAX], "path", measured=True)}, 2**30 - 1, 2 * MIB),
    ],
)
def test_an_application_may_ask_for_half_because_the_kernel_doubles_it(options, more, receive, send):
    known, workload = dict(BUFFERS, **more), check_workload(options)
    for rule, size in ((RECEIVE_ASKED, receive), (SEND_ASKED, send)):
        assert asked(*rule, host(), workload, known).value == size
        raised = fixed_asked(8 * MIB, "receive asked", *rule, host(), workload, known)
        assert (raised.value, len(raised.reasons)) == (max(8 * MIB, size), 1 if size <= 8 * MIB else 2)


@pytest.mark.parametrize(
    "limits, size", [({}, 3 * MIB), ({TCP_RMEM: [4096, 87380, 9 * MIB]}, 9 * MIB // 2), ({TCP_RMEM: None}, 3 * MIB)]
)
def test_what_is_asked_goes_by_what_runs_where_the_file_has_no_such_buffer(limits, size):
    workload = check_workload({"buffer_bytes": "64KiB"})
    assert asked(*RECEIVE_ASKED, host(**limits), workload, known_of()).value == size
