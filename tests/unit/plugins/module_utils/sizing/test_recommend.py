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
    assert {one["id"] for one in result["lint"]} == {"half-of-memory", "lowers"}
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
    budget = recommend(facts_of(), {"connections": connections, "buffer_bytes": 131072})["budget"]
    assert budget["demand"] == {"pages": pages, "bytes": pages * 4096}
    assert budget["fits"] == fits


@pytest.mark.parametrize("kernel, overhead", [("4.18.0-553.el8_10.x86_64", 2), ("6.12.0-55.el10.x86_64", 3)])
def test_buffers_cover_the_path_and_the_overhead_of_the_kernel(kernel, overhead):
    result = recommend(facts_of(kernel=kernel), {"bandwidth_mbps": 10000, "rtt_ms": 20})
    assert result["budget"]["in_flight_bytes"] == 25000000
    assert result["settings"][RMEM] == [4096, 131072, overhead * 25000000]
    assert result["settings"][WMEM] == [4096, 16384, overhead * 25000000]
    assert result["settings"][MAX] == result["settings"]["net.core.wmem_max"] == overhead * 25000000


def test_connections_that_share_a_path_share_what_is_in_flight():
    shared = recommend(facts_of(), {"connections": 5000, "bandwidth_mbps": 10000, "rtt_ms": 20})["budget"]["demand"]
    assert shared["bytes"] == -(-25000000 * 2 * 2 // 4096) * 4096


def test_no_window_is_larger_than_window_scaling_allows():
    assert settings_of({"bandwidth_mbps": 10**7, "rtt_ms": 60000})[RMEM][2] == GIB - 1


def test_running_values_that_are_larger_are_kept_and_the_reason_says_so():
    result = recommend(facts_of(tcp_rmem=[8192, 87380, 67108864], tcp_mem=[900000, 1000000, 1100000]))
    assert result["settings"][RMEM] == [8192, 131072, 67108864]
    assert result["settings"][MEM] == [900000, 1000000, 1100000]
    assert result["settings"][MAX] == 67108864
    assert (
        result["reasons"][RMEM]
        == "never below what the host ran with (only_raise); the profile alone gives 4096 131072 6291456"
    )


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
    assert [one["id"] for one in result["lint"]][:1] == ["lowers"]


@pytest.mark.parametrize(
    "workload, tcp_mem, reason",
    [
        ({}, [393216, 524288, 786432], "high is 18.75 % of memory"),
        ({"memory_fraction": 0.375}, [786432, 1048576, 1572864], "high is 37.5 % of memory"),
        ({"connections": 10**6, "buffer_bytes": 65536}, [524286, 699048, 1048572], ", capped: high at 25 % of memory"),
        (
            {"connections": 4000, "buffer_bytes": 131072, "profile": "balanced"},
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
    result = recommend(facts_of(memory=2 * GIB, error_bound=64 * 256, kernel="6.12.0"))
    assert result["settings"][MEM][0] >= 4 * 64 * 256
    assert "pressure flag clear" in result["reasons"][MEM]


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
            assert all(one >= other for one, other in zip(new, old)), key
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
