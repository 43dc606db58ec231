# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizing: what must hold for every host and every workload, on hosts and workloads drawn at random from a seed."""

import random

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import tcp_mem_floor
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import (
    kernel_default_orphans,
    kernel_default_tcp_mem,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import reasons
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.capacity import capacity
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.profiles import PROFILES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import recommend

MIB, GIB, TIB = 1024**2, 1024**3, 1024**4
MEM, UDP_MEM, ORPHANS = "net.ipv4.tcp_mem", "net.ipv4.udp_mem", "net.ipv4.tcp_max_orphans"
SIZES = [128 * MIB, 512 * MIB, 768 * MIB, GIB, 2 * GIB, 16 * GIB, 100 * GIB, 768 * GIB, 24 * TIB]
KERNELS = ["4.18.0-553.el8_10.x86_64", "5.14.0-427.el9_4.x86_64", "5.15.0-200.el9uek", "6.12.0-55.el10", "6.18.1", None]


def host_of(rng, memory=None, page_size=None):
    """Return facts of a host that its kernel has just booted: its own defaults, a few processors for each GiB."""
    memory = memory or int(rng.choice(SIZES) * rng.uniform(0.93, 1))
    page_size = page_size or rng.choice([4096, 16384, 65536])
    kernel = rng.choice(KERNELS)
    processors = max(1, min(512, memory // GIB))
    bound = processors * MIB // page_size if kernel and (kernel.startswith("6.") or "el9_4" in kernel) else 0
    pages = int(memory * 0.98) // page_size
    orphans = kernel_default_orphans(memory)
    limits = {
        MEM: kernel_default_tcp_mem(pages),
        UDP_MEM: kernel_default_tcp_mem(pages, 8),
        "net.ipv4.tcp_rmem": [4096, 131072, max(131072, min(6 * MIB, memory // 128))],
        "net.ipv4.tcp_wmem": [4096, 16384, max(65536, min(4 * MIB, memory // 128))],
        "net.core.rmem_max": 212992,
        "net.core.wmem_max": 212992,
        "net.core.rmem_default": 212992,
        "net.core.optmem_max": 20480,
        "net.core.somaxconn": 128,
        ORPHANS: orphans,
        "net.ipv4.tcp_max_tw_buckets": orphans,
        "net.ipv4.tcp_fin_timeout": 60,
        "net.ipv4.tcp_tw_reuse": 2,
        "net.ipv4.tcp_notsent_lowat": 2 * INT_MAX + 1,
        "net.ipv4.tcp_limit_output_bytes": 262144,
        "net.ipv4.tcp_adv_win_scale": rng.choice([1, 1, 1, 2, -2, 0]),
        "net.ipv4.tcp_moderate_rcvbuf": 1,
    }
    tcp = {
        "error_bound": {"pages": bound},
        "used": {"pages": rng.randrange(pages // 10), "bytes": None},
        "sockets": {"allocated": rng.randrange(1, 10**5)},
    }
    return {"page_size": page_size, "memory_total": memory, "kernel": kernel, "limits": limits, "tcp": tcp}


def workload_of(rng):
    """Return a workload of a few options, each over its whole range, on a logarithmic scale."""

    def draw(smallest, largest):
        return smallest * (float(largest) / smallest) ** rng.random()

    options = [
        {"connections": int(draw(1, 10**8)), "buffer_bytes": int(draw(1024, INT_MAX // 2))},
        {
            "connections": int(draw(1, 10**6)),
            "receive_buffer_bytes": int(draw(1024, 10**7)),
            "send_buffer_bytes": 16384,
            "active_fraction": draw(0.001, 1),
        },
        {"bandwidth_mbps": draw(0.001, 10**7), "rtt_ms": draw(0.001, 60000)},
        {
            "paths": [{"bandwidth_mbps": draw(1, 10**5), "rtt_ms": draw(0.1, 300)} for _number in range(3)],
            "buffer_limit_bytes": int(draw(65536, 10**8)),
        },
        {"memory_fraction": draw(0.001, 0.5)},
        {"observed_peak": int(draw(1, 2**45))},
        {"churn": draw(0.001, 10**7)},
        {"udp_sockets": int(draw(1, 10**7)), "udp_buffer_bytes": int(draw(1024, 10**8))},
        {"container_memory_bytes": int(draw(4 * MIB, TIB))},
    ]
    chosen = {"profile": rng.choice(sorted(PROFILES)), "only_raise": rng.random() < 0.5}
    for option in rng.sample(options, rng.randrange(4)):
        if not ("paths" in option and "rtt_ms" in chosen or "rtt_ms" in option and "paths" in chosen):
            chosen.update(option)
    return chosen


def numbers_of(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("seed", range(400))
def test_order_ceilings_and_sums(seed):
    rng = random.Random(seed)
    facts, workload = host_of(rng), workload_of(rng)
    result = recommend(facts, workload)
    settings, budget = result["settings"], result["budget"]
    pages = facts["memory_total"] // facts["page_size"]
    assert [one for one in result["lint"] if one["severity"] == "error"] == []
    for key, value in settings.items():
        assert all(isinstance(number, int) and 0 <= number <= KEYS[key].largest for number in numbers_of(value)), key
        assert result["reasons"][key].strip(), key
    low, pressure, high = settings[MEM]
    assert (
        tcp_mem_floor(facts["page_size"], facts["tcp"]["error_bound"]["pages"]) <= low < pressure < high <= pages // 2
    )
    assert pressure - low > facts["tcp"]["error_bound"]["pages"], "no hysteresis"
    if workload["profile"] != "application_server":
        quarter = max(0.25, workload.get("memory_fraction", 0)) * pages
        # The floor goes above the ceiling on a host of 1 GiB for each processor only where pages are lost to rounding.
        assert high <= max(quarter, 2 * tcp_mem_floor(facts["page_size"], facts["tcp"]["error_bound"]["pages"]) + 6)
        # What the kernel gave itself is a little less than what MemTotal tells, and good enough to keep.
        defaults = facts["limits"][MEM] if workload["only_raise"] else kernel_default_tcp_mem(pages)
        assert all(new >= default for new, default in zip(settings[MEM], defaults))
    assert settings.get(ORPHANS, INT_MAX) >= facts["limits"][ORPHANS]
    parts = budget["shares"]
    assert sum(part["pages"] for part in parts.values()) == pages and all(part["pages"] >= 0 for part in parts.values())
    whole = (parts["tcp"]["pages"], parts["udp"]["pages"]) == (high, settings.get(UDP_MEM, facts["limits"][UDP_MEM])[0])
    assert whole or "overcommitted" in [one["id"] for one in result["lint"]]
    if budget["demand"] and workload["profile"] != "application_server":
        assert (
            budget["demand"]["pages"] * 1.5 <= low
            or "capped" in result["reasons"][MEM]
            or "demand-above-ceiling" in [one["id"] for one in result["lint"]]
        )


@pytest.mark.parametrize("seed", range(200))
def test_same_input_same_output_and_a_second_run_changes_nothing(seed):
    rng = random.Random(seed)
    facts, workload = host_of(rng), workload_of(rng)
    result = recommend(facts, workload)
    assert result == recommend(facts, dict(workload)), "not the same twice"
    again = recommend(dict(facts, limits=dict(facts["limits"], **result["settings"])), workload)
    assert (again["settings"], again["reasons"]) == (result["settings"], result["reasons"])


@pytest.mark.parametrize("seed", range(200))
def test_only_raise_never_lowers(seed):
    rng = random.Random(seed)
    facts, workload = host_of(rng), dict(workload_of(rng), only_raise=True)
    for key in rng.sample(sorted(facts["limits"]), 8):
        if KEYS[key].raisable and key != MEM:
            facts["limits"][key] = (
                [number * 3 for number in facts["limits"][key]] if KEYS[key].fields else facts["limits"][key] * 3
            )
    for key, value in recommend(facts, workload)["settings"].items():
        if KEYS[key].raisable:
            assert all(new >= old for new, old in zip(numbers_of(value), numbers_of(facts["limits"][key]))), key


@pytest.mark.parametrize("seed", range(100))
def test_more_memory_never_gives_less(seed):
    rng = random.Random(seed)
    workload = dict(workload_of(rng), only_raise=False)
    page_size, kernel, before = rng.choice([4096, 16384, 65536]), rng.choice(KERNELS), None
    for memory in SIZES:
        settings = recommend({"page_size": page_size, "memory_total": memory, "kernel": kernel}, workload)["settings"]
        for key in before or {}:
            assert all(new >= old for new, old in zip(numbers_of(settings[key]), numbers_of(before[key]))), (
                key,
                memory,
            )
        before = settings


@pytest.mark.parametrize("seed", range(100))
def test_more_connections_never_give_less(seed):
    rng = random.Random(seed)
    facts = host_of(rng)
    workload = dict(workload_of(rng), only_raise=False, buffer_bytes=rng.choice([4096, 65536, MIB]))
    before = None
    for exponent in range(9):
        settings = recommend(facts, dict(workload, connections=10**exponent))["settings"]
        for key in before or {}:
            assert all(new >= old for new, old in zip(numbers_of(settings[key]), numbers_of(before[key]))), (
                key,
                exponent,
            )
        before = settings


@pytest.mark.parametrize("seed", range(100))
def test_capacity_counts_fewer_until_pressure_than_until_critical(seed):
    rng = random.Random(seed)
    facts, workload = host_of(rng), workload_of(rng)
    result = capacity(facts, workload)
    until, each = result["connections_until"], result["bytes_per_connection"]
    for case in ("worst_case", "observed"):
        if each[case] is not None:
            assert until["pressure"][case] <= until["critical"][case] <= until["memory_full"]
            assert until["pressure"][case] * each[case] <= facts["limits"][MEM][1] * facts["page_size"]
    assert (result["needs"] is None) == ("connections" not in workload)
    assert all(answer.endswith(".") for answer in result["answers"])


def test_each_reason_comes_up_and_has_words(monkeypatch):
    """A reason without words raises KeyError; words that nothing asks for are left over from something."""
    asked = set()

    class Words(dict):
        def __getitem__(self, reason):
            asked.add(reason)
            return super().__getitem__(reason)

    monkeypatch.setattr(reasons, "REASONS", Words(reasons.REASONS))
    for seed in range(300):
        rng = random.Random(seed)
        facts, workload = host_of(rng), workload_of(rng)
        recommend(facts, workload)
    recommend(facts, {"overrides": {MEM: "5000 6000 7000"}})
    recommend(host_of(rng, GIB), {"container_memory_bytes": "4MiB"})
    recommend(dict(facts, limits={ORPHANS: 10**6}), {"churn": 1})
    recommend(
        dict(host_of(rng, GIB), tcp={"error_bound": {"pages": GIB // 4 // 4096}}), {}
    )  # far more processors than memory
    assert asked == set(reasons.REASONS)
