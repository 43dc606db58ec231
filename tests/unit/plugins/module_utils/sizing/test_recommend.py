# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizing: the fixed points exactly, and what must hold for every host."""

import random

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import OF_A_WORKLOAD
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import kernel_default_tcp_mem
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.budget import CHECKS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.profiles import PROFILES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.reasons import FORMULAS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import assignments, recommend
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.thresholds import NEEDS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import (
    PROFILE_NAMES,
    check_workload,
)

GIB = 1024**3
MEM, RMEM, WMEM, MAX = "net.ipv4.tcp_mem", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.core.rmem_max"


def facts_of(page_size=4096, memory=16 * GIB, kernel="4.18.0-553.el8_10.x86_64", error_bound=0, **limits):
    """Return the facts that sizing looks at; limits by the last part of the key."""
    keys = {key.split(".")[-1]: key for key in KEYS}
    return {
        "page_size": page_size,
        "memory_total": memory,
        "kernel": kernel,
        "tcp": {"error_bound": {"pages": error_bound}},
        "limits": {keys[name]: value for name, value in limits.items()},
    }


def settings_of(workload=None, **host):
    return recommend(facts_of(**host), workload)["settings"]


def test_application_server_is_the_recipe_exactly():
    result = recommend(
        facts_of(tcp_mem=[3000000, 3100000, 3200000]), {"profile": "application_server", "only_raise": False}
    )
    assert result["settings"] == {
        MEM: [524288, 1048576, 2097152],
        RMEM: [4096, 262144, 8388608],
        WMEM: [4096, 262144, 8388608],
        MAX: 16777216,
        "net.core.wmem_max": 16777216,
        "net.core.optmem_max": 65536,
        "net.ipv4.tcp_moderate_rcvbuf": 1,
        "net.ipv4.tcp_max_orphans": 131072,
        "net.ipv4.tcp_fin_timeout": 30,
        "net.ipv4.tcp_tw_reuse": 1,
    }
    assert {one["id"] for one in result["lint"]} == {
        "application-server-recipe",
        "half-of-memory",
        "lowers",
    }
    assert result["budget"]["fits"]["below_ceiling"] is False


def test_what_stands_in_two_places_is_the_same_in_both():
    assert tuple(PROFILES) == PROFILE_NAMES and set(FORMULAS) == set(NEEDS)
    assert sorted(check.identifier for check in CHECKS) == sorted(OF_A_WORKLOAD)


def test_assignments_as_a_drop_in_has_them():
    recommendation = {
        "settings": {MEM: [524288, 1048576, 2097152], "net.ipv4.tcp_tw_reuse": 1},
        "reasons": {MEM: "twice", "net.ipv4.tcp_tw_reuse": "safe"},
    }
    assert assignments(recommendation, 4096) == [
        {"key": MEM, "value": "524288 1048576 2097152", "comment": "2.0 GiB, 4.0 GiB, 8.0 GiB: twice"},
        {"key": "net.ipv4.tcp_tw_reuse", "value": "1", "comment": "safe"},
    ]


def test_pages_of_64_kib_are_counted_as_such():
    assert settings_of({"profile": "application_server", "only_raise": False}, page_size=65536)[MEM] == [
        32768,
        65536,
        131072,
    ]


@pytest.mark.parametrize(
    "connections, pages, fits",
    [
        (500, 64000, {"below_pressure": True, "below_pressure_with_headroom": True, "below_ceiling": True}),
        (2000, 256000, {"below_pressure": True, "below_pressure_with_headroom": True, "below_ceiling": True}),
        (4000, 512000, {"below_pressure": True, "below_pressure_with_headroom": False, "below_ceiling": True}),
        (8000, 1024000, {"below_pressure": False, "below_pressure_with_headroom": False, "below_ceiling": True}),
    ],
)
def test_demand_of_connections_that_ask_for_128_kib_each_way(connections, pages, fits):
    workload = {"connections": connections, "buffer_bytes": 131072}
    budget = recommend(facts_of(), workload)["budget"]
    assert budget["worst_case"] == {"pages": pages, "bytes": pages * 4096}
    assert budget["demand"]["pages"] == pages // 5, "a fifth of them is active at once"
    assert budget["fits"] == fits
    all_active = recommend(facts_of(), dict(workload, active_fraction=1))["budget"]
    assert all_active["demand"] == all_active["worst_case"] == budget["worst_case"]


@pytest.mark.parametrize("kernel, overhead", [("4.18.0-553.el8_10.x86_64", 2), ("6.12.0-55.el10.x86_64", 3)])
def test_buffers_cover_the_path_and_the_overhead_of_the_kernel(kernel, overhead):
    result = recommend(facts_of(kernel=kernel), {"bandwidth_mbps": 10000, "rtt_ms": 20})
    assert result["budget"]["in_flight_bytes"] == 25000000
    assert result["settings"][RMEM] == [4096, 131072, overhead * 25000000]
    assert result["settings"][WMEM] == [4096, 16384, 3 * 25000000]
    assert result["settings"][MAX] == overhead * 25000000 // 2
    assert result["settings"]["net.core.wmem_max"] == 37500000


def test_connections_that_share_a_path_share_what_is_in_flight():
    shared = recommend(facts_of(), {"connections": 5000, "bandwidth_mbps": 10000, "rtt_ms": 20})["budget"]["demand"]
    assert shared["bytes"] == -(-25000000 * 2 * 2 // 4096) * 4096


def test_no_window_is_larger_than_window_scaling_allows():
    path = {"bandwidth_mbps": 10**7, "rtt_ms": 60000}
    assert settings_of(path, memory=64 * GIB)[RMEM][2] == GIB - 1
    assert settings_of(path)[RMEM][2] == 524286 * 4096 // 4, "a quarter of low"


def test_running_values_that_are_larger_are_kept_and_the_reason_says_so():
    facts = facts_of(tcp_rmem=[8192, 87380, 67108864], tcp_mem=[900000, 1000000, 1100000])
    result = recommend(facts, {"bandwidth_mbps": 100, "rtt_ms": 80})
    assert result["settings"][RMEM] == [8192, 131072, 67108864]
    assert result["settings"][MEM] == [900000, 1000000, 1100000]
    assert result["settings"][MAX] == 67108864 // 2
    assert result["reasons"][RMEM] == (
        "never below what the host ran with (only_raise); the profile alone gives 8192 131072 6291456; "
        "61 full buffers reach pressure"
    )


def test_many_connections_gets_its_small_buffers_whatever_runs():
    running = {"tcp_rmem": [8192, 87380, 67108864], "tcp_wmem": [4096, 2097152, 67108864], "rmem_max": 67108864}
    result = recommend(facts_of(**running), {"profile": "many_connections"})
    assert result["settings"][RMEM] == [8192, 131072, 1048576]
    assert result["settings"][WMEM] == [4096, 2097152, 2097152], "the other two are kept, and the order is sound"
    assert result["settings"][MAX] == 67108864
    assert "one slow peer holds no more" in result["reasons"][RMEM]


@pytest.mark.parametrize("kernel", ["4.18.0-553.el8_10.x86_64", "6.12.0-55.el10", "6.16.0", "6.18.1", "7.0.3", None])
@pytest.mark.parametrize("only_raise", [True, False])
def test_what_nothing_asks_for_is_left_out(kernel, only_raise):
    assert set(settings_of({"only_raise": only_raise}, kernel=kernel)) == {MEM}


@pytest.mark.parametrize(
    "kernel, receive, send, asked",
    [
        ("4.18.0-553.el8_10.x86_64", 16, 16, 8),
        ("6.12.0-55.el10", 16, 16, 8),
        ("6.16.0", 32, 16, 16),
        ("6.18.1", 32, 16, 16),
    ],
)
def test_no_default_of_a_newer_kernel_is_lowered(kernel, receive, send, asked):
    result = recommend(facts_of(kernel=kernel), {"profile": "bulk_transfer", "only_raise": False})
    settings, mib = result["settings"], 1024**2
    assert (settings[RMEM][2], settings[WMEM][2], settings[MAX]) == (receive * mib, send * mib, asked * mib)
    assert ("net.ipv4.tcp_limit_output_bytes" in settings) == kernel.startswith("4.18")
    small = settings_of({"profile": "many_connections", "only_raise": False}, kernel=kernel)
    assert (small[RMEM][2], small[MAX]) == (mib, 4 * mib if kernel == "6.18.1" else mib // 2)


def test_pages_of_64_kib_give_the_smallest_buffers_of_their_kernel():
    running = {"tcp_wmem": [65536, 16384, 4194304], "tcp_rmem": [65536, 131072, 6291456]}
    path = {"bandwidth_mbps": 10000, "rtt_ms": 1}
    for only_raise in (True, False):
        facts = facts_of(page_size=65536, kernel="5.14.0-570.32.1.el9_6.aarch64", **running)
        result = recommend(facts, dict(path, only_raise=only_raise))
        assert result["settings"][WMEM] == [65536, 65536, 4194304]
        assert result["settings"][RMEM] == [65536, 131072, 6291456]
        assert result["lint"] == []


def test_a_running_maximum_that_kernels_clamp_stays_as_it_is():
    workload = {"buffer_bytes": "64KiB", "connections": 10}
    for profile in sorted(PROFILES):
        result = recommend(facts_of(rmem_max=INT_MAX, wmem_max=INT_MAX), dict(workload, profile=profile))
        assert not {MAX, "net.core.wmem_max"} & set(result["settings"])
        assert not {MAX, "net.core.wmem_max"} & {one["subject"] for one in result["lint"]}
    assert settings_of(dict(workload, only_raise=False), rmem_max=INT_MAX)[MAX] == 3 * 1024**2


@pytest.mark.parametrize(
    "memory, usable, tcp_mem, found",
    [
        (16 * GIB, None, [393216, 524288, 786432], []),
        (16 * GIB, 8 * GIB, [196608, 262144, 393216], []),  # 18.75 % of that is what the kernel gave itself
        (16 * GIB, 4 * GIB, [131070, 174760, 262140], []),  # a quarter, less than what the kernel gave itself
    ],
)
def test_thresholds_go_by_memory_that_can_hold_them(memory, usable, tcp_mem, found):
    facts = dict(facts_of(memory=memory), memory_usable=usable)
    result = recommend(facts, {"only_raise": False})
    assert result["settings"][MEM] == tcp_mem and [one["id"] for one in result["lint"]] == found
    assert result["budget"]["memory"]["bytes"] == (usable or memory)


@pytest.mark.parametrize("usable", [4 * GIB, 5.9 * GIB])
def test_what_runs_on_a_host_of_huge_pages_is_kept_with_a_warning(usable):
    facts = dict(facts_of(tcp_mem=[193500, 258000, 387000]), memory_usable=int(usable))
    result = recommend(facts)
    assert result["settings"][MEM] == [193500, 258000, 387000]
    assert [one["id"] for one in result["lint"]] == ["quarter-of-memory"]
    assert "quarter-of-memory" in result["reasons"][MEM]


@pytest.mark.parametrize(
    "workload, high",
    [
        ({}, 16 * GIB),
        ({"profile": "bulk_transfer"}, 16 * GIB),
        ({"memory_fraction": "10%"}, 0.1 * 160 * GIB),
        ({"memory_fraction": "20%"}, 0.2 * 160 * GIB),
        ({"observed_peak": 10 * GIB}, 30 * GIB),
        ({"connections": 1000, "buffer_bytes": "64KiB"}, 16 * GIB),
    ],
)
def test_without_a_need_nothing_above_16_gib_is_guessed(workload, high):
    found = settings_of(workload, memory=160 * GIB)[MEM][2] * 4096
    assert 0 <= high - found < 6 * 4096 or found == high + 0


def test_a_kernel_that_gives_itself_more_keeps_it():
    limits = {"tcp_mem": [49000000, 65333333, 98000000]}
    assert settings_of(memory=4096 * GIB, **limits)[MEM] == limits["tcp_mem"]
    assert settings_of(memory=4096 * GIB)[MEM] == kernel_default_tcp_mem(4096 * GIB // 4096)


@pytest.mark.parametrize(
    "direction, each", [("both", 262144 + 262144), ("send", 262144 + 26215), ("receive", 262144 + 26215)]
)
def test_a_direction_that_is_not_used_counts_little(direction, each):
    workload = {"connections": 10**5, "buffer_bytes": "128KiB", "direction": direction, "memory_fraction": 0.5}
    result = recommend(facts_of(), workload)
    assert result["budget"]["demand_bytes"]["connections"] == 20000 * each
    assert result["budget"]["worst_case"]["bytes"] == 10**5 * 524288
    assert ("1/10 of 256.0 KiB" in result["reasons"][MEM]) == (direction != "both")


@pytest.mark.parametrize("direction, factor", [("both", 4), ("receive", 2), ("send", 2)])
def test_a_one_way_transfer_counts_one_direction(direction, factor):
    workload = {"bandwidth_mbps": 10000, "rtt_ms": 20, "direction": direction}
    result = recommend(facts_of(), workload)
    assert result["budget"]["demand_bytes"]["connections"] == factor * 25000000
    assert (RMEM in result["settings"], WMEM in result["settings"]) == (direction != "send", direction != "receive")


def test_the_limit_of_a_container_changes_no_threshold_and_warns_where_it_is_too_small():
    workload = {"connections": 10000, "buffer_bytes": "64KiB", "udp_sockets": 10}
    plain = recommend(facts_of(), workload)
    enough, small = (recommend(facts_of(), dict(workload, container_memory_bytes=size)) for size in ("1GiB", "400MiB"))
    assert enough == plain and small["settings"] == plain["settings"]
    (found,) = small["lint"]
    assert found["id"] == "container-too-small" and found["severity"] == "warning"
    assert found["evidence"]["needed"] == 10000 * 262144 // 5 + 10 * 212992 + 10000 * 3919 > 400 * 1024**2


def test_datagrams_are_sized_by_the_buffer_that_the_file_gives():
    workload = {"profile": "low_latency", "udp_sockets": 50000}
    result = recommend(facts_of(memory=512 * GIB, rmem_default=212992), workload)
    assert "50000 UDP sockets x 1.0 MiB = 48.8 GiB" in result["reasons"]["net.ipv4.udp_mem"]
    running = recommend(facts_of(memory=512 * GIB, rmem_default=4194304), {"udp_sockets": 50000})
    assert "50000 UDP sockets x 4.0 MiB" in running["reasons"]["net.ipv4.udp_mem"]


@pytest.mark.parametrize(
    "unsound", [[131072000, 262144000, 524288000], [0, 5000000, 6000000], [900000, 800000, 700000], [1, 2, 6000000]]
)
def test_an_unsound_running_value_is_not_kept(unsound):
    assert settings_of(tcp_mem=unsound)[MEM] == settings_of()[MEM]


@pytest.mark.parametrize(
    "overrides, key, value",
    [({MEM: "5000 6000 7000"}, MEM, [5000, 6000, 7000]), ({"net.core.somaxconn": 1024}, "net.core.somaxconn", 1024)],
)
def test_overrides_go_over_everything(overrides, key, value):
    result = recommend(facts_of(tcp_mem=[900000, 1000000, 1100000], somaxconn=4096), {"overrides": overrides})
    assert result["settings"][key] == value
    assert result["reasons"][key] == "set by overrides"
    assert "lowers" in [one["id"] for one in result["lint"]]


@pytest.mark.parametrize(
    "workload, tcp_mem, reason",
    [
        ({}, [393216, 524288, 786432], "high is 18.75 % of usable memory"),
        ({"memory_fraction": 0.375}, [786432, 1048576, 1572864], "high is 37.5 % of usable memory"),
        (
            {"connections": 10**6, "buffer_bytes": 65536},
            [524286, 699048, 1048572],
            ", capped: high at 25 % of usable memory",
        ),
        (
            {"connections": 4000, "buffer_bytes": 131072, "active_fraction": 1},
            [524286, 699048, 1048572],
            "2.0 GiB of demand with 50 % headroom below low",
        ),
        ({"memory_fraction": 0.001}, [196608, 262144, 393216], "the kernel's own default"),
        (
            {"memory_fraction": 0.25, "profile": "application_server"},
            [262144, 524288, 1048576],
            "1/4, 1/2 and all of 25 %",
        ),
    ],
)
def test_thresholds_follow_the_largest_need_up_to_the_ceiling(workload, tcp_mem, reason):
    result = recommend(facts_of(), workload)
    assert result["settings"][MEM] == tcp_mem
    assert reason in result["reasons"][MEM]


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("part", [0.99, 1.01])
def test_a_memory_total_that_moves_a_little_moves_nothing(profile, part):
    first = recommend(facts_of(), {"profile": profile})
    limits = {key.split(".")[-1]: value for key, value in first["settings"].items()}
    second = recommend(facts_of(memory=int(16 * GIB * part), **limits), {"profile": profile})
    assert (second["settings"], second["reasons"]) == (first["settings"], first["reasons"])


def test_floor_lets_the_flag_clear_on_many_processors():
    result = recommend(facts_of(memory=4 * GIB, error_bound=100 * 256, kernel="6.12.0"))
    assert result["settings"][MEM][0] >= 4 * 100 * 256
    assert "pressure flag clear" in result["reasons"][MEM]


def test_more_processors_than_memory_leave_what_the_kernel_gave_itself():
    result = recommend(facts_of(memory=2 * GIB, error_bound=128 * 256, kernel="6.12.0"), {"only_raise": False})
    assert result["settings"][MEM] == [24576, 32768, 49152]
    assert result["reasons"][MEM].startswith("the kernel's own default")
    assert [(one["id"], one["severity"]) for one in result["lint"]][:1] == [("near-floor", "warning")]


def random_host(rng):
    """Return facts of a host that exists somewhere, with sound running values."""
    page_size = rng.choice([4096, 4096, 16384, 65536])
    memory = rng.randrange(GIB // 2, 2048 * GIB)
    quarter = memory // page_size // 4

    def vector(smallest, largest):
        return sorted(rng.sample(range(smallest, largest), 3))

    return facts_of(
        page_size=page_size,
        memory=memory,
        kernel=rng.choice(["4.18.0-553.el8_10.x86_64", "5.14.0-427.el9_4.x86_64", "6.18.1"]),
        error_bound=rng.choice([0, 2, 8]) * 1024**2 // page_size,
        tcp_mem=rng.choice([None, vector(quarter // 4, quarter)]),
        tcp_rmem=vector(4096, 64 * 1024**2),
        tcp_wmem=vector(4096, 64 * 1024**2),
        rmem_max=rng.randrange(4096, 10**8),
        wmem_max=rng.randrange(4096, 10**8),
        tcp_max_orphans=rng.choice([None, rng.randrange(1024, 300000)]),
        tcp_fin_timeout=rng.randrange(1, 600),
        optmem_max=rng.randrange(0, 200000),
    )


def random_workload(rng):
    connections = {"connections": rng.randrange(1, 10**6), "buffer_bytes": rng.randrange(1024, 10**7)}
    path = {"bandwidth_mbps": rng.uniform(1, 10**5), "rtt_ms": rng.uniform(0.1, 300)}
    share = {"memory_fraction": rng.uniform(0.1, 0.5)}
    return dict(
        rng.choice([{}, connections, path, dict(path, connections=100), share]), profile=rng.choice(sorted(PROFILES))
    )


@pytest.mark.parametrize("seed", range(100))
def test_what_holds_for_every_host(seed):
    rng = random.Random(seed)
    facts, workload = random_host(rng), random_workload(rng)
    result = recommend(facts, workload)
    assert result == recommend(facts, workload), "not the same twice"
    assert set(result) == {"profile", "settings", "reasons", "budget", "lint"} and list(result["reasons"]) == list(
        result["settings"]
    )
    for key, value in result["settings"].items():
        running = facts["limits"].get(key)
        if running is not None and KEYS[key].raisable:
            new, old = (value, running) if KEYS[key].fields else ([value], [running])
            covered = 2 if key in (RMEM, WMEM) and workload["profile"] == "many_connections" else 3
            assert all(one >= other for one, other in list(zip(new, old))[:covered]), key
    assert "error" not in [one["severity"] for one in result["lint"]], result["lint"]
    memory = facts["memory_total"] // facts["page_size"]
    if workload["profile"] == "balanced":
        kept = facts["limits"][MEM] or [0, 0, 0]
        assert all(new >= default for new, default in zip(result["settings"][MEM], kernel_default_tcp_mem(memory)))
        assert result["settings"][MEM][2] <= max(memory * workload.get("memory_fraction", 0), memory // 4, kept[2])

    again = recommend(dict(facts, limits=dict(facts["limits"], **result["settings"])), workload)
    assert again["settings"] == result["settings"] and again["reasons"] == result["reasons"], (
        "another run changes something"
    )


@pytest.mark.parametrize(
    "workload, named",
    [
        ([], None),
        (None, None),
        ("balanced", "workload: "),
        ({"profil": "balanced"}, "'profil'"),
        ({"profile": "fast"}, "workload.profile"),
        ({"only_raise": "no"}, "workload.only_raise"),
        ({"connections": 10}, "connections alone"),
        ({"bandwidth_mbps": 100}, "bandwidth_mbps and rtt_ms"),
        ({"rtt_ms": 1}, "bandwidth_mbps and rtt_ms"),
        ({"connections": 0, "buffer_bytes": 4096}, "workload.connections"),
        ({"connections": 1.5, "buffer_bytes": 4096}, "workload.connections"),
        ({"connections": True, "buffer_bytes": 4096}, "workload.connections"),
        ({"connections": "many", "buffer_bytes": 4096}, "workload.connections"),
        ({"buffer_bytes": "16M"}, "workload.buffer_bytes"),
        ({"buffer_bytes": INT_MAX}, "workload.buffer_bytes"),
        ({"bandwidth_mbps": "nan", "rtt_ms": 1}, "workload.bandwidth_mbps"),
        ({"bandwidth_mbps": 1, "rtt_ms": float("inf")}, "workload.rtt_ms"),
        ({"memory_fraction": 0.6}, "workload.memory_fraction"),
        ({"overrides": [1]}, "workload.overrides"),
        ({"overrides": {"vm.swappiness": 1}}, "'vm.swappiness'"),
        ({"overrides": {MEM: "1 2"}}, MEM),
    ],
)
def test_a_workload_that_cannot_be_meant_is_refused(workload, named):
    if named is None:
        assert check_workload(workload)["profile"] == "balanced"
    else:
        with pytest.raises(SocketMemoryError, match="found .*, expected") as caught:
            check_workload(workload)
        assert named in str(caught.value)


def test_numbers_may_come_as_text_as_from_a_command_line():
    checked = check_workload({"connections": "500", "buffer_bytes": "131072", "memory_fraction": "0.25"})
    assert (checked["connections"], checked["buffer_bytes"], checked["memory_fraction"]) == (500, 131072, 0.25)


@pytest.mark.parametrize("missing", ["page_size", "memory_total"])
def test_without_the_size_of_the_host_nothing_is_recommended(missing):
    with pytest.raises(SocketMemoryError, match=missing):
        recommend(dict(facts_of(), **{missing: None}))


def test_recommendation_passes_its_own_lint_beside_a_running_extreme():
    facts = {
        "page_size": 4096,
        "memory_total": 64 << 30,
        "kernel": "6.12.0",
        "limits": {"net.ipv4.tcp_rmem": [4096, 131072, INT_MAX]},
    }
    assert [one for one in recommend(facts)["lint"] if one["severity"] == "error"] == []


@pytest.mark.parametrize(
    "workload", [{"only_raise": 0}, {"profile": ["balanced"]}, {"connections": 10**400, "buffer_bytes": 4096}]
)
def test_absurd_types_are_refused_in_a_sentence(workload):
    with pytest.raises(SocketMemoryError):
        check_workload(workload)
