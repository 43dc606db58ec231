# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizing: what must hold for every host and every workload, on hosts and workloads drawn at random from a seed."""

import itertools
import os
import random

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import INT_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import tcp_mem_floor
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import kernel_defaults
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import counts_in_pages
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import reasons
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.capacity import capacity
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.profiles import PROFILES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import recommend

MIB, GIB, TIB = 1024**2, 1024**3, 1024**4
MEM, UDP_MEM, ORPHANS = "net.ipv4.tcp_mem", "net.ipv4.udp_mem", "net.ipv4.tcp_max_orphans"
BUFFERS = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
SIZES = [128 * MIB, 512 * MIB, 768 * MIB, GIB, 2 * GIB, 16 * GIB, 100 * GIB, 768 * GIB, 24 * TIB]
KERNELS = [
    "4.18.0-553.el8_10.x86_64",
    "5.14.0-70.13.1.el9_0.x86_64",
    "5.14.0-284.11.1.el9_2.aarch64",
    "5.14.0-427.el9_4.x86_64",
    "5.14.0-570.32.1.el9_6.x86_64",
    "5.15.0-200.el9uek",
    "6.1.0-28-amd64",
    "6.12.0-55.el10",
    "6.18.1",
    "7.0.3",
    None,
]


def booted(memory, kernel, page_size, processors, usable=None, scale=1):
    """Return facts of a host that its kernel has just booted, with the values that it gives itself.

    usable: bytes beside huge pages and ZONE_MOVABLE.
    """
    pages = int(memory * 0.98) // page_size  # nr_free_buffer_pages() is less than MemTotal
    bound = processors * MIB // page_size if counts_in_pages(kernel) else 0
    limits = dict(kernel_defaults(kernel, page_size, pages))
    if counts_in_pages(kernel):
        limits["net.core.mem_pcpu_rsv"] = MIB // page_size
    limits.update(
        {
            "net.core.wmem_default": 212992,
            "net.ipv4.tcp_fin_timeout": 60,
            "net.ipv4.tcp_tw_reuse": 2,
            "net.ipv4.tcp_notsent_lowat": 2 * INT_MAX + 1,
            "net.ipv4.tcp_adv_win_scale": scale,
            "net.ipv4.tcp_moderate_rcvbuf": 1,
        }
    )
    facts = {
        "page_size": page_size,
        "memory_total": memory,
        "kernel": kernel,
        "limits": limits,
        "tcp": {"error_bound": {"pages": bound}, "used": {"pages": pages // 100}, "sockets": {"allocated": 100}},
    }
    return dict(facts, memory_usable=usable) if usable else facts


def host_of(rng, memory=None, page_size=None):
    """Return facts of a host that has just booted, with a few processors for each GiB."""
    memory = memory or int(rng.choice(SIZES) * rng.uniform(0.93, 1))
    page_size = page_size or rng.choice([4096, 16384, 65536])
    facts = booted(
        memory,
        rng.choice(KERNELS),
        page_size,
        max(1, min(512, memory // GIB)),
        rng.choice([None, memory, max(128 * MIB, int(memory * rng.uniform(0.05, 1)))]),
        rng.choice([1, 1, 1, 2, -2, 0]),
    )
    pages = facts["limits"][MEM][1] * 16
    facts["tcp"].update(
        used={"pages": rng.randrange(pages // 10), "bytes": None}, sockets={"allocated": rng.randrange(1, 10**5)}
    )
    return facts


def usable_pages(facts):
    return (facts.get("memory_usable") or facts["memory_total"]) // facts["page_size"]


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
    chosen = {
        "profile": rng.choice(sorted(PROFILES)),
        "only_raise": rng.random() < 0.5,
        "direction": rng.choice(["both", "both", "receive", "send"]),
    }
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
    pages, running = usable_pages(facts), facts["limits"]
    assert [one for one in result["lint"] if one["severity"] == "error"] == []
    for key, value in settings.items():
        assert all(isinstance(number, int) and 0 <= number <= KEYS[key].largest for number in numbers_of(value)), key
        assert result["reasons"][key].strip(), key
    low, pressure, high = settings[MEM]
    kept = running[MEM] if workload["only_raise"] else [0, 0, 0]
    floor = tcp_mem_floor(facts["page_size"], facts["tcp"]["error_bound"]["pages"])
    assert low < pressure < high <= max(pages // 2, kept[2])
    if 2 * floor + 6 <= pages // 4:
        assert low >= floor and pressure - low > facts["tcp"]["error_bound"]["pages"], "no hysteresis"
    if workload["profile"] != "application_server":
        assert high <= max(max(0.25, workload.get("memory_fraction", 0)) * pages, kept[2])
        if 4 * running[MEM][2] <= pages:
            # What the kernel gave itself is a little less than what MemTotal tells, and good enough to keep.
            assert all(new >= default for new, default in zip(settings[MEM], running[MEM]))
    assert settings.get(ORPHANS, INT_MAX) >= running[ORPHANS]
    parts = budget["shares"]
    assert sum(part["pages"] for part in parts.values()) == pages and all(part["pages"] >= 0 for part in parts.values())
    whole = (parts["tcp"]["pages"], parts["udp"]["pages"]) == (high, settings.get(UDP_MEM, running[UDP_MEM])[0])
    assert whole or "overcommitted" in [one["id"] for one in result["lint"]]
    if budget["demand"]:
        assert budget["demand"]["pages"] <= budget["worst_case"]["pages"]
        if workload["profile"] != "application_server":
            assert (
                budget["demand"]["pages"] * 1.5 <= low
                or "capped" in result["reasons"][MEM]
                or "demand-above-ceiling" in [one["id"] for one in result["lint"]]
            )


@pytest.mark.parametrize("seed", range(200))
def test_without_a_stated_need_there_are_no_giant_numbers(seed):
    rng = random.Random(seed)
    facts = host_of(rng)
    workload = {"profile": rng.choice(sorted(set(PROFILES) - {"application_server"})), "only_raise": rng.random() < 0.5}
    high = recommend(facts, workload)["settings"][MEM][2]
    own = kernel_defaults(facts["kernel"], facts["page_size"], facts["memory_total"] // facts["page_size"])[MEM][2]
    floor = 2 * tcp_mem_floor(facts["page_size"], facts["tcp"]["error_bound"]["pages"]) + 6
    assert high <= max(16 * GIB // facts["page_size"], own + 6, floor)


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
                sorted(number * 3 for number in facts["limits"][key]) if KEYS[key].fields else facts["limits"][key] * 3
            )
    for key, value in recommend(facts, workload)["settings"].items():
        if KEYS[key].raisable:
            covered = 2 if key in BUFFERS and workload["profile"] == "many_connections" else 3
            pairs = list(zip(numbers_of(value), numbers_of(facts["limits"][key])))[:covered]
            assert all(new >= old for new, old in pairs), key


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
    for case in ("worst_case", "default", "observed"):
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
    recommend(
        booted(GIB, KERNELS[0], 4096, 1), {"bandwidth_mbps": 10**6, "rtt_ms": 1000, "buffer_limit_bytes": GIB - 1}
    )
    recommend(booted(4 * GIB, "6.12.0", 4096, 100), {})
    recommend(dict(facts, limits={ORPHANS: 10**6}), {"churn": 1})
    recommend(
        dict(host_of(rng, GIB), tcp={"error_bound": {"pages": GIB // 4 // 4096}}), {}
    )  # far more processors than memory
    assert asked == set(reasons.REASONS)


# The whole matrix takes minutes: EVERY_HOST=1 does. A part of it that meets each value of each column is done always.
MATRIX = list(
    itertools.product(
        [512 * MIB, GIB, 2 * GIB, 4 * GIB, 16 * GIB, 64 * GIB, 256 * GIB, TIB, 4 * TIB],
        [1, 4, 16, 64, 128, 512],  # processors
        [4096, 16384, 65536],
        [1, 0.3, 0.1],  # the part that huge pages and ZONE_MOVABLE leave
    )
)
PART = slice(None) if os.environ.get("EVERY_HOST") else slice(None, None, 7)
PATH = {"bandwidth_mbps": "10Gbit/s", "rtt_ms": "80ms"}
WORKLOADS = [
    {},
    {"connections": 50000, "buffer_bytes": "64KiB", "direction": "send", "churn": 1000},
    {"connections": 10**6, "buffer_bytes": "16KiB", "active_fraction": "1%"},
    PATH,
    dict(PATH, direction="receive", buffer_limit_bytes="512MiB"),
    {"paths": [{"bandwidth_mbps": 500, "rtt_ms": 80}] * 20},
    dict(PATH, connections=20),
    {"connections": 500, "buffer_bytes": "128KiB"},
    {"udp_sockets": 64, "udp_buffer_bytes": "4MiB"},
    {"udp_sockets": 50000},
    {"churn": "5000/s", "connections": 30000, "buffer_bytes": "32KiB"},
    {"connections": 200, "buffer_bytes": "1MiB", "container_memory_bytes": "2GiB"},
    {"memory_fraction": "40%"},
    {"observed_peak": "20GiB"},
]
EXACT, SMALL = "application_server", "many_connections"


def hosts(kernel):
    """Yield facts of the hosts of a part of MATRIX with *kernel*, each kernel from another first one on."""
    start = KERNELS.index(kernel) % (PART.step or 1)
    for memory, processors, page_size, part in MATRIX[start : None : PART.step]:
        yield booted(memory, kernel, page_size, processors, int(memory * part) if part < 1 else None)


@pytest.mark.parametrize("kernel", KERNELS[:-1])
def test_every_host_and_workload(kernel):
    """What is recommended to a host that has just booted passes lint, lowers nothing, fits, and stays."""
    for facts, (number, workload) in zip(
        hosts(kernel), itertools.cycle(enumerate(WORKLOADS)) if PART.step else itertools.cycle([(0, None)])
    ):
        for profile, only_raise in itertools.product(sorted(PROFILES), (True, False)):
            for one in WORKLOADS if workload is None else (workload, WORKLOADS[number - 5]):
                _holds(facts, dict(one, profile=profile, only_raise=only_raise))


def _holds(facts, workload):
    case = (facts["kernel"], facts["memory_total"] // MIB, facts["page_size"], facts["tcp"], workload)
    result, running, usable = recommend(facts, workload), facts["limits"], usable_pages(facts)
    settings, profile = result["settings"], workload["profile"]
    assert [one["message"] for one in result["lint"] if one["severity"] == "error"] == [], case
    for key, value in settings.items():
        if key in BUFFERS:
            assert value[0] >= running[key][0] and value == sorted(value), (key, value, case)
        if not KEYS[key].raisable or key not in running or profile == EXACT and not workload["only_raise"]:
            continue
        if not workload["only_raise"] and key in (MEM, UDP_MEM) and 4 * running[key][2] > usable:
            continue  # a quarter of what is left is less than what the kernel gave itself
        last = 2 if key in BUFFERS and profile == SMALL else 3
        assert all(new >= old for new, old in list(zip(numbers_of(value), numbers_of(running[key])))[:last]), (
            key,
            case,
        )
    if profile == SMALL and not {"bandwidth_mbps", "paths"} & set(workload):
        assert all(settings[key][2] == max(settings[key][1], min(MIB, settings[key][2])) for key in BUFFERS), case
    parts = result["budget"]["shares"]
    assert sum(part["pages"] for part in parts.values()) == usable, case
    if not workload["only_raise"]:
        # Where not even half of what is left is sound, the kernel's own default stays, computed from all of memory.
        assert settings[MEM][2] <= max(usable // 2, running[MEM][2] * 1.03 + 6), case
    again = recommend(dict(facts, limits=dict(running, **settings)), workload)
    assert (again["settings"], again["reasons"]) == (settings, result["reasons"]), case


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("page_size", [4096, 16384, 65536])
def test_more_memory_never_gives_less_on_any_kernel(kernel, page_size):
    for processors, part, profile, workload in itertools.product((1, 128), (1, 0.3), sorted(PROFILES), WORKLOADS[::3]):
        before = {}
        for memory in [512 * MIB, GIB, 2 * GIB, 8 * GIB, 64 * GIB, TIB, 4 * TIB]:
            facts = dict(booted(memory, kernel, page_size, processors, int(memory * part)), limits={})
            settings = recommend(facts, dict(workload, profile=profile, only_raise=False))["settings"]
            for key in set(before) & set(settings):
                case = (key, memory // MIB, processors, part, profile, workload)
                assert all(new >= old for new, old in zip(numbers_of(settings[key]), numbers_of(before[key]))), case
            before = settings
