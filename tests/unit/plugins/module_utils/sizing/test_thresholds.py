# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thresholds and profiles at given points: which need wins, what bounds it, and what the file says about it."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import recommend

MIB, GIB = 1024**2, 1024**3
MEM, UDP_MEM, ORPHANS, WAITING = (
    "net.ipv4.tcp_mem",
    "net.ipv4.udp_mem",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_max_tw_buckets",
)
BUFFERS = {
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.core.rmem_max",
    "net.core.wmem_max",
    "net.ipv4.tcp_moderate_rcvbuf",
}


def sized(workload=None, memory=16 * GIB, limits=None, error_bound=0, used=None):
    return recommend(
        {
            "page_size": 4096,
            "memory_total": memory,
            "kernel": "4.18.0-553.el8_10.x86_64",
            "limits": limits or {},
            "tcp": {"error_bound": {"pages": error_bound}, "used": {"pages": None, "bytes": used}},
        },
        workload,
    )


def rules(result):
    return [(one["id"], one["severity"]) for one in result["lint"]]


@pytest.mark.parametrize(
    "profile, more",
    [
        ("balanced", set()),
        ("many_connections", BUFFERS | {"net.ipv4.tcp_notsent_lowat", "net.core.somaxconn"}),
        ("bulk_transfer", BUFFERS | {"net.ipv4.tcp_limit_output_bytes"}),
        ("low_latency", {"net.ipv4.tcp_notsent_lowat", "net.core.rmem_default", "net.core.rmem_max"}),
    ],
)
def test_a_profile_sets_what_it_has_a_reason_for(profile, more):
    result = sized({"profile": profile})
    assert set(result["settings"]) == {MEM} | more and rules(result) == []


@pytest.mark.parametrize(
    "workload, more",
    [
        ({"bandwidth_mbps": 1, "rtt_ms": 1}, BUFFERS),
        (
            {"bandwidth_mbps": 1, "rtt_ms": 1, "direction": "send"},
            {"net.ipv4.tcp_wmem", "net.core.wmem_max"},
        ),
        ({"connections": 1, "buffer_bytes": 4096}, {"net.core.rmem_max", "net.core.wmem_max"}),
        ({"udp_sockets": 1}, {UDP_MEM}),
        ({"udp_sockets": 1, "udp_buffer_bytes": 4096}, {UDP_MEM, "net.core.rmem_max"}),
        ({"churn": 1}, {ORPHANS, WAITING}),
        ({"overrides": {"net.core.rmem_default": 212992}}, {"net.core.rmem_default", "net.core.rmem_max"}),
    ],
)
def test_a_workload_adds_what_it_asks_for(workload, more):
    assert set(sized(workload)["settings"]) == {MEM} | more


def test_balanced_without_a_workload_sets_the_thresholds_alone():
    assert sized()["settings"] == {MEM: [393216, 524288, 786432]}


def test_bulk_transfer_gives_16_mib_and_says_how_far_that_goes():
    result = sized({"profile": "bulk_transfer"})
    assert result["settings"]["net.ipv4.tcp_rmem"][2] == 2 * result["settings"]["net.core.wmem_max"] == 16 * MIB
    assert "a window of 8 MiB at 80 ms: 838.8 Mbit/s" in result["reasons"]["net.ipv4.tcp_rmem"]


@pytest.mark.parametrize(
    "workload, low, reason",
    [
        (
            {"connections": 20000, "buffer_bytes": "128KiB"},
            768000,
            "4000 connections (20 % of 20000, active at once) x (256.0 KiB receive + 256.0 KiB send)",
        ),
        (
            {"connections": 40000, "buffer_bytes": "128KiB", "active_fraction": "10%"},
            768000,
            "4000 connections (10 % of 40000, active at once)",
        ),
        (
            {
                "connections": 8000,
                "receive_buffer_bytes": "32KiB",
                "send_buffer_bytes": "224KiB",
                "active_fraction": 1,
            },
            1536000,
            "x (64.0 KiB receive + 448.0 KiB send)",
        ),
        (
            {"connections": 700000, "buffer_bytes": "1KiB", "active_fraction": 1},
            1771875,
            "700000 connections x (2.2 KiB receive + 4.5 KiB send)",
        ),
        ({"observed_peak": 4 * GIB}, 1572864, "the observed peak with 50 % headroom below low"),
        ({"observed_peak": "facts"}, 1572864, "the observed peak with 50 % headroom below low"),
        ({"observed_peak": 4 * GIB, "connections": 10, "buffer_bytes": 4096}, 1572864, "the observed peak"),
        (
            {"paths": [{"bandwidth_mbps": "100Gbit/s", "rtt_ms": "80ms"}, {"bandwidth_mbps": 10, "rtt_ms": 1}]},
            1464845,
            "3.7 GiB of demand with 50 % headroom below low, where send autotuning stops: what is in flight, "
            "with packet overhead, 1.9 GiB receive + 1.9 GiB send",
        ),
    ],
)
def test_the_largest_need_wins(workload, low, reason):
    result = sized(workload, memory=64 * GIB, used=4 * GIB)
    floor = sized(memory=64 * GIB)["settings"][MEM][0]
    expected = max(-(-low // 3) * 3, floor)
    assert result["settings"][MEM] == [expected, expected // 3 * 4, expected * 2]
    assert (reason in result["reasons"][MEM]) == (low > floor)
    assert max(need["low"]["pages"] for need in result["budget"]["needs"]) <= expected


@pytest.mark.parametrize(
    "workload, high, reason, found",
    [
        ({"connections": 10**6, "buffer_bytes": "1MiB"}, 1048572, "781.2 GiB of demand", ["demand-above-ceiling"]),
        (
            {"connections": 10**6, "buffer_bytes": "1MiB", "memory_fraction": "50%"},
            2097150,
            "capped: high at 50 % of usable memory",
            ["demand-above-ceiling", "quarter-of-memory"],
        ),
        ({"memory_fraction": "40%"}, 1677720, "high is 40 % of usable memory", ["quarter-of-memory"]),
        ({"observed_peak": "1TiB"}, 1048572, "capped: high at 25 % of usable memory", ["demand-above-ceiling"]),
        ({"connections": 10**8, "buffer_bytes": 1024}, 1048572, "capped", ["demand-above-ceiling", "overcommitted"]),
    ],
)
def test_ceilings_bound_what_is_needed_and_say_so(workload, high, reason, found):
    result = sized(workload)
    assert result["settings"][MEM][2] == high and reason in result["reasons"][MEM]
    assert sorted(rules(result)) == [(rule, "warning") for rule in found]
    assert all(rule + ": " in result["reasons"][MEM] for rule in found), "the file does not tell"


def test_evidence_holds_all_numbers_of_the_message():
    found = next(
        one for one in sized({"connections": 10**8, "buffer_bytes": 1024})["lint"] if one["id"] == "overcommitted"
    )
    assert found["evidence"]["room"] == (16 * GIB - found["evidence"]["tcp"] - found["evidence"]["udp"]) // 3919
    assert found["message"].endswith("room for %d connections" % found["evidence"]["room"])


def test_what_processors_keep_uncounted_comes_on_top_of_the_demand():
    workload = {"connections": 9000, "buffer_bytes": "128KiB", "active_fraction": 1}
    exact, counted = (sized(workload, memory=64 * GIB, error_bound=bound)["settings"][MEM][0] for bound in (0, 8192))
    assert (exact, counted) == (9000 * 128 * 3 // 2, (9000 * 128 + 8192) * 3 // 2)


@pytest.mark.parametrize(
    "workload, udp_mem, reason",
    [
        (
            {"udp_sockets": 10},
            [393216, 524288, 786432],
            "the kernel's own default is enough for 10 UDP sockets x 208.0 KiB",
        ),
        (
            {"udp_sockets": 200, "udp_buffer_bytes": "5MiB"},
            [768000, 1024000, 1536000],
            "200 UDP sockets x 10.0 MiB = 2.0 GiB with 50 % headroom below the first",
        ),
        (
            {"udp_sockets": 10**6, "udp_buffer_bytes": "5MiB"},
            [1048575, 1398100, 2097150],
            "capped: the first at 25 % of usable memory",
        ),
    ],
)
def test_the_first_of_udp_mem_carries_the_demand_of_udp(workload, udp_mem, reason):
    result = sized(workload)
    assert result["settings"][UDP_MEM] == udp_mem and reason in result["reasons"][UDP_MEM]
    assert result["budget"]["shares"]["udp"]["pages"] == udp_mem[0]
    assert result["settings"].get("net.core.rmem_max", 0) == (5 * MIB if "udp_buffer_bytes" in workload else 0)


@pytest.mark.parametrize(
    "workload, orphans, waiting",
    [
        ({"churn": "20000/s"}, 240000, 1800000),
        ({"churn": 1}, 65536, 65536),
        ({"churn": 0.001}, 65536, 65536),
        ({"profile": "many_connections", "connections": 10**5, "buffer_bytes": 4096}, 100000, 100000),
        ({"profile": "many_connections", "connections": 10**5, "buffer_bytes": 4096, "churn": 5000}, 100000, 450000),
    ],
)
def test_closed_connections_have_room(workload, orphans, waiting):
    result = sized(workload)
    assert (result["settings"][ORPHANS], result["settings"][WAITING]) == (orphans, waiting)


def test_the_least_send_buffer_of_the_kernel_counts_for_orphans():
    result = sized({"churn": 5000, "buffer_bytes": "1KiB"})
    assert result["budget"]["demand_bytes"]["orphans"] == 15000 * 4608


def test_churn_counts_orphans_in_the_demand_and_lengthens_the_accept_queue():
    result = sized({"profile": "many_connections", "churn": 5000})
    assert result["budget"]["demand_bytes"] == {"connections": 0, "orphans": 15000 * 65536}
    assert result["settings"]["net.core.somaxconn"] == 8192
    assert sized({"profile": "many_connections", "churn": 10**6})["settings"]["net.core.somaxconn"] == 65535


@pytest.mark.parametrize("profile", ["application_server", "many_connections"])
def test_tcp_max_orphans_is_never_lowered(profile):
    result = sized(
        {"profile": profile, "only_raise": False, "connections": 10**5, "buffer_bytes": 4096}, limits={ORPHANS: 262144}
    )
    assert result["settings"][ORPHANS] == 262144
    assert result["reasons"][ORPHANS].startswith("never lowered: ")


def test_a_measured_need_moves_the_thresholds_only_when_it_moves_much():
    first = sized({"observed_peak": "3GiB"}, memory=64 * GIB)
    second = sized({"observed_peak": "3.2GiB"}, memory=64 * GIB, limits=first["settings"])
    assert (second["settings"], second["reasons"]) == (first["settings"], first["reasons"])
    assert (
        sized({"observed_peak": "6GiB"}, memory=64 * GIB, limits=first["settings"])["settings"][MEM]
        > first["settings"][MEM]
    )


@pytest.mark.parametrize(
    "facts, needs",
    [
        ({}, 0),
        ({"tcp": {"used": {"bytes": None}}}, 0),
        ({"tcp": {"used": {"bytes": 4096}}}, 2),
        ({"tcp": {"used": {"bytes": 4096}}, "window": {"tcp": {"used": {"peak": {"bytes": 40960}}}}}, 15),
    ],
)
def test_the_peak_of_a_window_counts_where_the_facts_have_one(facts, needs):
    budget = recommend(dict(facts, page_size=4096, memory_total=16 * GIB), {"observed_peak": "facts"})["budget"]
    assert [need["low"]["pages"] for need in budget["needs"] if need["need"] == "observed peak"] == [needs] * bool(
        needs
    )


def test_silenced_warnings_stay_visible_with_their_reason_and_leave_the_file():
    workload = {"connections": 10**6, "buffer_bytes": "1MiB"}
    assert rules(sized(workload)) == [("demand-above-ceiling", "warning")]
    silenced = sized(dict(workload, silence={"demand-above-ceiling": "most are idle, see the capacity plan"}))
    assert rules(silenced) == [("demand-above-ceiling", "warning")]
    assert silenced["lint"][0]["silenced"] == "most are idle, see the capacity plan"
    assert "demand-above-ceiling" not in silenced["reasons"][MEM]
