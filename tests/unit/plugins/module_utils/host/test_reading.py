# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured of a host: what cannot be read is None and named."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.reading import HostReading


@pytest.mark.parametrize(
    "text, processors", [("0", 1), ("0-3", 4), ("0-3,8", 5), ("0,2,4-7\n", 6), ("", None), ("all", None)]
)
def test_error_bound_follows_the_online_processors(host, text, processors):
    host.write("/sys/devices/system/cpu/online", text)
    reading = HostReading(host.files)
    assert reading.error_bound("6.12.0", 4096, 256) == (processors and 256 * processors)
    assert bool(reading.warnings) == (processors is None)


@pytest.mark.parametrize(
    "release, page_size, reserve, bound",
    [
        ("4.18.0-553.el8_10.x86_64", 4096, None, 0),
        ("5.14.0-284.11.1.el9_2.x86_64", 4096, None, 4 * 256),  # counts per CPU, has no mem_pcpu_rsv yet
        ("5.14.0-284.11.1.el9_2.aarch64+64k", 65536, None, 4 * 16),
        ("6.12.0", 4096, 1024, 4 * 1024),
        ("6.12.0", None, None, None),
        (None, 4096, 256, None),
    ],
)
def test_error_bound_of_each_kernel_generation(host, release, page_size, reserve, bound):
    assert HostReading(host.files).error_bound(release, page_size, reserve) == bound


def test_page_size_is_given_or_asked_or_implied_never_guessed(host):
    reading = HostReading(host.files)
    assert reading.page_size(65536, "4.18.0.x86_64") == 65536
    assert reading.page_size(None, "4.18.0-553.el8_10.x86_64") == 4096
    assert HostReading(HostFiles()).page_size() == os.sysconf("SC_PAGE_SIZE")
    assert reading.warnings == []
    assert reading.page_size(None, "4.18.0-553.el8_10.aarch64") is None
    assert "give page_size" in reading.warnings[0]


@pytest.mark.parametrize(
    "text, size",
    [
        ("MemTotal: 16 kB\nMemFree: 1 kB\n", 16384),
        ("MemFree: 1 kB\nMemTotal: 16 kB\n", 16384),
        ("MemTotal: 16\n", None),
        ("MemTotal: many kB\n", None),
        ("MemFree: 1 kB\n", None),
        ("", None),
    ],
)
def test_memory_total(host, text, size):
    host.write("/proc/meminfo", text)
    reading = HostReading(host.files)
    assert reading.memory_of_host(4096) == (size, size)
    assert len(reading.warnings) == (size is None)


MEMORY = "MemTotal:  1000000 kB\n"
ZONES = "Node 0, zone   Normal\n  pages free     9\n        managed  77\nNode %s, zone  Movable\n        managed  %s\n"


@pytest.mark.parametrize(
    "meminfo, zoneinfo, kilobytes, warned",
    [
        ("Hugetlb:  400000 kB\n", ZONES % (0, 0), 600000, None),
        ("Hugetlb:  400000 kB\nHugePages_Total:     9\nHugepagesize: 2048 kB\n", ZONES % (0, 0), 600000, None),
        ("HugePages_Total:     100\nHugepagesize:       2048 kB\n", ZONES % (0, 0), 1000000 - 204800, None),
        ("HugePages_Total:     100\n", ZONES % (0, 0), 1000000, None),
        ("", ZONES % (0, 1000) + ZONES % (1, 500), 1000000 - 6000, None),
        ("", ZONES % (0, "many"), 1000000, "zone Movable without a number"),
        ("", ZONES % (0, "-5"), 1000000, "zone Movable without a number"),
        ("", "Node 0, zone  Movable\nNode 1, zone  Normal\n        managed 5\n", 1000000, "without a number"),
        ("", "Node 0, zone  Movable\n", 1000000, "without a number"),
        ("Hugetlb: 400000 kB\n", None, 600000, "/proc/zoneinfo does not exist"),
        ("Hugetlb: 1000000 kB\n", ZONES % (0, 0), None, "no less than MemTotal"),
        ("Hugetlb: 600000 kB\n", ZONES % (0, 100000), 400000, None),  # of 40 % one in the other
        ("Hugetlb: 500000 kB\n", ZONES % (0, 150000), 400000, None),
        ("Hugetlb: 500000 kB\n", ZONES % (0, 122500), 10000, None),
        ("Hugetlb: %s kB\n" % ("9" * 5000), ZONES % (0, 0), 1000000, "no number of kB in the line Hugetlb"),
        ("Hugetlb: -400 kB\n", ZONES % (0, 0), 1000000, "no number of kB in the line Hugetlb"),
        ("", ZONES % (0, "9" * 5000), 1000000, "zone Movable without a number"),
        ("", ZONES % (0, "7 7"), 1000000, "zone Movable without a number"),
        ("", ZONES % (0, 1000) + "Node 1, zone  Device\n        managed  9999\n", 996000, None),
    ],
)
def test_memory_that_sockets_can_use(host, meminfo, zoneinfo, kilobytes, warned):
    host.write("/proc/meminfo", MEMORY + meminfo)
    host.write("/proc/zoneinfo", zoneinfo)
    reading = HostReading(host.files)
    assert reading.memory_of_host(4096) == (1024000000, kilobytes and kilobytes * 1024)
    assert (warned in " ".join(reading.warnings)) if warned else reading.warnings == []


def test_a_zone_in_pages_of_an_unknown_size_is_told(host):
    host.write("/proc/meminfo", MEMORY)
    host.write("/proc/zoneinfo", ZONES % (0, 100))
    reading = HostReading(host.files)
    assert reading.memory_of_host(None) == (1024000000, 1024000000)
    assert reading.warnings == ["/proc/zoneinfo: the zone Movable has 100 pages of an unknown size"]


def test_a_zone_is_in_pages_of_the_host(host):
    host.write("/proc/meminfo", MEMORY)
    host.write("/proc/zoneinfo", ZONES % (0, 100))
    assert HostReading(host.files).memory_of_host(65536) == (1024000000, 1024000000 - 6553600)


@pytest.mark.parametrize(
    "text",
    [
        "0-99999999999",
        "0-65536",
        "5-3",
        "1-2-3",
        "0-3,2-4",
        "3,1",
        "0,",
        ",",
        "-1",
        "0--1",
        "9" * 5000,
        "0-" + "9" * 5000,
        "0,1," * 30000,
        "\u0661",
    ],
)
def test_what_is_no_list_of_processors(host, text):
    host.write("/sys/devices/system/cpu/online", text)
    reading = HostReading(host.files)
    assert reading.error_bound("6.12.0", 4096, 256) is None
    (warning,) = reading.warnings
    assert warning.startswith("/sys/devices/system/cpu/online: not a list of processors: '" + text[:10])
    assert len(warning) < 160


def test_a_bound_that_64_bits_do_not_hold_is_none(host):
    assert HostReading(host.files).error_bound("6.12.0", 4096, 2**63) is None


@pytest.mark.parametrize("number", ["9" * 5000, "18014398509481984", "0", "-5"])
def test_a_memory_that_no_host_has(host, number):
    host.write("/proc/meminfo", "MemTotal: %s kB\n" % number)
    reading = HostReading(host.files)
    assert reading.memory_of_host(4096) == (None, None)
    assert reading.warnings == ["/proc/meminfo: no line MemTotal with a number of kB"]


@pytest.mark.parametrize(
    "release, told, warned",
    [
        ("6.12.0", "6.12.0", False),
        ("6.12.0-%s" % ("x" * 57), "6.12.0-%s" % ("x" * 57), False),
        ("6.12.0-%s" % ("x" * 58), None, True),
        ("9" * 5000 + ".1", None, True),
        ("99999999999999999999.1", "99999999999999999999.1", True),
    ],
)
def test_a_release_is_short(host, release, told, warned):
    host.write("/proc/sys/kernel/osrelease", release + "\n")
    reading = HostReading(host.files)
    assert reading.kernel() == told and len(reading.warnings) == warned
    assert all(len(one) < 200 for one in reading.warnings)


def test_one_damaged_file_does_not_fill_the_warnings(host):
    host.write("/proc/net/sockstat", "x\n" * 1000)
    reading = HostReading(host.files)
    assert reading.table("/proc/net/sockstat", lambda text: ({}, text.split())) == {}
    assert reading.warnings == ["/proc/net/sockstat: x"] * 5 + ["/proc/net/sockstat: 995 more problems"]


def test_a_table_without_end_is_not_read(host):
    host.write("/proc/net/sockstat", "x" * (1024 * 1024 + 1))
    reading = HostReading(host.files)
    assert reading.text("/proc/net/sockstat") is None
    assert reading.warnings == ["/proc/net/sockstat cannot be read: larger than 1048576 bytes"]
