# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured of a host: what cannot be read is None and named."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.reading import HostReading


@pytest.mark.parametrize("text, processors", [("0", 1), ("0-3", 4), ("0-3,8", 5), ("0,2,4-7\n", 6), ("", None), ("all", None)])
def test_error_bound_follows_the_online_processors(host, text, processors):
    host.write("/sys/devices/system/cpu/online", text)
    reading = HostReading(host.files)
    assert reading.error_bound("6.12.0", 4096, 256) == (processors and 256 * processors)
    assert bool(reading.warnings) == (processors is None)


@pytest.mark.parametrize("release, page_size, reserve, bound", [
    ("4.18.0-553.el8_10.x86_64", 4096, None, 0),
    ("5.14.0-284.11.1.el9_2.x86_64", 4096, None, 4 * 256),  # counts per CPU, has no mem_pcpu_rsv yet
    ("5.14.0-284.11.1.el9_2.aarch64+64k", 65536, None, 4 * 16),
    ("6.12.0", 4096, 1024, 4 * 1024),
    ("6.12.0", None, None, None),
    (None, 4096, 256, None),
])
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


@pytest.mark.parametrize("text, size", [
    ("MemTotal: 16 kB\nMemFree: 1 kB\n", 16384), ("MemFree: 1 kB\nMemTotal: 16 kB\n", 16384),
    ("MemTotal: 16\n", None), ("MemTotal: many kB\n", None), ("MemFree: 1 kB\n", None), ("", None)])
def test_memory_total(host, text, size):
    host.write("/proc/meminfo", text)
    reading = HostReading(host.files)
    assert reading.memory_total() == size
    assert len(reading.warnings) == (size is None)
