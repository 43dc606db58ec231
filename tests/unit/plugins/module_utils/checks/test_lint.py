# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule with what passes and what does not."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint, tcp_mem_floor
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import kernel_default_tcp_mem

INT_MAX = 2147483647
PAGES = 4194304  # 16 GiB in pages of 4096 bytes
MEM, RMEM, MAX = "net.ipv4.tcp_mem", "net.ipv4.tcp_rmem", "net.core.rmem_max"
UDP, WMEM, RSV = "net.ipv4.udp_mem", "net.ipv4.tcp_wmem", "net.core.mem_pcpu_rsv"
BIG = {"memory_total": None}  # not known
SMALL = {"memory_total": 2**35}
POOL = {"running": {MEM: [4000, 5000, 6000], RSV: 256}}


def rules(settings, **options):
    """Return [(rule, severity, key), …] for a host of 16 GiB."""
    options = dict({"page_size": 4096, "memory_total": PAGES * 4096}, **options)
    return [(one["id"], one["severity"], one["subject"]) for one in lint(settings, **options)]


@pytest.mark.parametrize(
    "rule, severity, key, bad, good, options",
    [
        ("zero", "error", MEM, [0, 1, 2], [1024, 1025, 1026], {}),
        ("zero", "error", "net.ipv4.udp_mem", [0, 1, 2], [1, 2, 3], {}),
        ("order", "error", MEM, [4000, 4000, 5000], [4000, 4001, 5000], {}),
        ("order", "error", MEM, [4000, 5000, 5000], [4000, 4999, 5000], {}),
        ("order", "error", RMEM, [4096, 4095, 8192], [4096, 4096, 8192], {}),
        ("order", "error", WMEM, [0, 1, 2], [1, 1, 1], {}),
        ("above-memory", "error", MEM, [140000, 150000, PAGES + 1], [140000, 150000, PAGES // 2 - 1], {}),
        ("half-of-memory", "warning", MEM, [140000, 150000, PAGES // 2], [140000, 150000, PAGES // 2 - 1], {}),
        (
            "half-of-memory",
            "warning",
            MEM,
            [140000, 150000, PAGES // 2],
            [140000, 150000, PAGES // 2 - 1],
            {"memory_total": (PAGES + 1) * 4096 + 4095},
        ),
        ("narrow-band", "warning", MEM, [4000, 4512, 6000], [4000, 4513, 6000], {"error_bound": 512}),
        ("half-of-memory", "warning", UDP, [PAGES // 2, PAGES, PAGES + 1], [4000, 5000, 6000], {}),
        ("half-of-memory", "warning", MEM, [4000, 5000, 6000], [2000, 3000, 4999], {"memory_usable": 10000 * 4096}),
        ("above-memory", "error", UDP, [PAGES + 1, PAGES + 2, PAGES + 3], [4000, 5000, 6000], {}),
        ("below-floor", "error", MEM, [1023, 2000, 3000], [1024, 2000, 3000], {}),
        ("below-floor", "error", MEM, [2047, 9000, 12000], [8192, 12000, 16000], {"error_bound": 2048}),
        ("near-floor", "warning", MEM, [8191, 12000, 16000], [8192, 12000, 16000], {"error_bound": 2048}),
        ("not-thresholds", "error", MEM, [4096, 87380, 67108864], [4096, 87380, 64 * 4096], BIG),
        ("not-thresholds", "error", UDP, [4096, 87380, 67108864], [300000, 400000, 600000], SMALL),
        ("not-thresholds", "error", MEM, [4096, 87380, 174760], [150000, 200000, 300000], SMALL),
        ("not-thresholds", "error", MEM, [4096, 16384, 131072], [150000, 200000, 300000], SMALL),
        ("below-default", "warning", MEM, [5000, 6000, 7000], [50000, 66667, 100000], {}),
        ("below-default", "warning", UDP, [5000, 6000, 7000], [100000, 130000, 200000], {}),
        ("not-buffers", "error", RMEM, [188886, 251850, 377772], [65536, 131072, 6291456], {}),
        ("not-buffers", "error", WMEM, [786432, 1048576, 1572864], [4096, 1048576, 1572864], {}),
        ("large-min", "warning", RMEM, [188886, 251850, 6291456], [65536, 131072, 6291456], {}),
        ("large-buffer", "warning", RMEM, [4096, 131072, 2**29 + 1], [4096, 131072, 2**29], {}),
        ("large-cap", "warning", MAX, 2**28 + 1, 2**28, {"memory_usable": 2**31}),
        ("buffer-fills-pool", "warning", RMEM, [4096, 8192, 4194304], [4096, 8192, 4096000], POOL),
        ("autotuning-off", "warning", RMEM, [4096, 131072, 131072], [4096, 131072, 131073], {}),
        ("autotuning-off", "warning", "net.ipv4.tcp_moderate_rcvbuf", 0, 1, {}),
        ("large-reserve", "warning", RSV, 1024, 500, dict(POOL, error_bound=512)),
        ("order", "error", WMEM, [65536, 16384, 65535], [65536, 16384, 4194304], {"page_size": 65536}),
        ("order", "error", WMEM, [65536, 16384, 4194304], [4096, 16384, 4194304], {}),
        ("too-large", "error", MAX, INT_MAX // 2 + 1, INT_MAX // 2, {}),
        ("too-large", "error", RMEM, [4096, 8192, INT_MAX + 1], [4096, 8192, 2**29], {}),
        ("range", "error", "net.ipv4.tcp_fin_timeout", 0, 1, {}),
        ("range", "error", "net.ipv4.tcp_fin_timeout", 601, 600, {}),
        ("range", "error", "net.ipv4.tcp_max_orphans", 1023, 1024, {}),
        ("range", "error", "net.ipv4.tcp_max_tw_buckets", 1023, 1024, {}),
        ("lowers", "warning", MEM, [4000, 4999, 6000], [4000, 5000, 6000], {"running": {MEM: [4000, 5000, 6000]}}),
        ("lowers", "error", MAX, 4095, 4096, {"running": {MAX: 4096}, "only_raise": True}),
        ("default-above-max", "error", "net.core.rmem_default", 4097, 4096, {"running": {MAX: 4096}}),
    ],
)
def test_rule(rule, severity, key, bad, good, options):
    assert (rule, severity, key) in rules({key: bad}, **options)
    # Most of these thresholds are far too small for 16 GiB, which is a rule of its own.
    others = {"below-default"} - {rule}
    assert [one for one in rules({key: good}, **options) if one[0] not in others] == []


def test_lowering_a_value_that_gives_no_room_is_free():
    assert (
        rules(
            {"net.ipv4.tcp_fin_timeout": 30, "net.ipv4.tcp_tw_reuse": 0},
            only_raise=True,
            running={"net.ipv4.tcp_fin_timeout": 60, "net.ipv4.tcp_tw_reuse": 1},
        )
        == []
    )


@pytest.mark.parametrize(
    "settings, running, keys",
    [
        ({MAX: 4095, RMEM: [4096, 8191, 8192]}, {}, [MAX]),
        ({RMEM: [4096, 8191, 8192]}, {MAX: 4095}, [MAX]),
        ({"net.core.wmem_max": 4095}, {"net.ipv4.tcp_wmem": [4096, 8191, 8192]}, ["net.core.wmem_max"]),
        ({MAX: 4096}, {RMEM: [4096, 8191, 8192]}, []),
        ({MAX: 4096}, {}, []),
        ({"net.ipv4.tcp_tw_reuse": 1}, {MAX: 1, RMEM: [1, 2, 3]}, []),
    ],
)
def test_cap_below_autotuning_is_a_warning_whichever_of_the_two_is_set(settings, running, keys):
    assert rules(settings, running=running) == [("cap-below-autotuning", "warning", key) for key in keys]


def test_thresholds_in_bytes_are_recognised_and_the_pages_are_told():
    results = lint({MEM: [262144000, 393216000, 524288000]}, 4096, PAGES * 4096)
    assert [one["id"] for one in results] == ["above-memory"]
    assert (
        results[0]["message"]
        == "net.ipv4.tcp_mem: found high 524288000 pages = 2.0 TiB, expected less than the 16.0 GiB of memory of "
        "this host"
    )
    assert "look like bytes: in pages of 4096 bytes they are 64000 96000 128000" in results[0]["remedy"]


def test_what_is_too_large_even_for_bytes_is_not_called_bytes():
    assert [
        one["remedy"]
        for one in lint({MEM: [4000, 5000, PAGES * 4096 + 1]}, 4096, PAGES * 4096)
        if one["id"] == "above-memory"
    ] == ["Lower it."]


def test_without_sizes_only_the_rules_that_need_none_apply():
    assert rules({MEM: [1, 2, 64]}, page_size=None, memory_total=None) == []
    assert rules({MEM: [3, 2, 1]}, page_size=None, memory_total=None) == [("order", "error", MEM)]


def test_errors_come_first_and_foreign_keys_are_left_alone():
    assert rules({MAX: 4096, RMEM: [4096, 8192, 1024], "vm.swappiness": "10"}, running={MAX: 8192}) == [
        ("order", "error", RMEM),
        ("lowers", "warning", MAX),
    ]


@pytest.mark.parametrize(
    "page_size, error_bound, floor", [(4096, 0, 1024), (65536, 0, 64), (4096, 512, 2048), (4096, 128 * 256, 131072)]
)
def test_floor_is_4_mib_or_4_reserves(page_size, error_bound, floor):
    assert tcp_mem_floor(page_size, error_bound) == floor


def test_a_silenced_warning_stays_with_its_reason_and_goes_last():
    reasons = {"lowers": "moved to another host"}
    results = lint({MAX: 4095, RMEM: [4096, 8191, 8192]}, running={MAX: 8192}, reasons=reasons)
    assert [(one["id"], one["severity"], one.get("silenced")) for one in results] == [
        ("cap-below-autotuning", "warning", None),
        ("lowers", "warning", "moved to another host"),
    ]
    refused = lint({MAX: 4096}, running={MAX: 8192}, only_raise=True, reasons=reasons)
    assert [one["severity"] for one in refused] == ["error"], "an error cannot be silenced"


@pytest.mark.parametrize("page_size", [4096, 16384, 65536])
@pytest.mark.parametrize("memory", [2**29 * 2**number for number in range(14)])
def test_what_a_kernel_gives_itself_is_no_error(memory, page_size):
    """From 512 MiB to 4 TiB, on 1 to 512 processors; of a kernel before 6.0, with the maxima of 6.0, and of 6.18."""
    pages = int(memory * 0.97) // page_size
    for processors in (1, 2, 16, 128, 512):
        for largest, small, cap in ((6, 4096, 212992), (6, page_size, 212992), (32, page_size, 4194304)):
            settings = {
                MEM: kernel_default_tcp_mem(pages),
                UDP: kernel_default_tcp_mem(pages, 8),
                RMEM: [small, max(small, 131072), max(131072, min(largest * 2**20, memory // 128))],
                WMEM: [small, 16384, max(65536, min(4 * 2**20, memory // 128))],
                MAX: cap,
                "net.core.wmem_max": cap,
            }
            bound = processors * 2**20 // page_size
            found = lint(settings, page_size, memory, bound, memory_usable=memory)
            assert [one for one in found if one["severity"] == "error"] == []
            assert {one["id"] for one in found} <= {"near-floor", "cap-below-autotuning"}
            again = lint(settings, page_size, memory, bound, settings, only_raise=True)
            assert [one for one in again if one["severity"] == "error"] == [], "it can be written back"
