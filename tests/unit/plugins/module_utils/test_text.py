# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes and foreign text as people read them."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import human_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes, printable


@pytest.mark.parametrize(
    "number, text",
    [
        (None, "unknown"),
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (16 * 1024**3, "16.0 GiB"),
        (5 * 1024**5, "5.0 PiB"),
        (2000 * 1024**5, "2000.0 PiB"),
    ],
)
def test_bytes_in_the_largest_unit(number, text):
    assert human_bytes(number) == text


@pytest.mark.parametrize(
    "key, value, page_size, text",
    [
        ("net.ipv4.tcp_mem", [524288, 1048576, 2097152], 4096, "2.0 GiB, 4.0 GiB, 8.0 GiB"),
        ("net.ipv4.tcp_mem", [524288, 1048576, 2097152], 65536, "32.0 GiB, 64.0 GiB, 128.0 GiB"),
        ("net.ipv4.tcp_mem", [1, 2, 3], None, ""),
        ("net.ipv4.tcp_rmem", [4096, 131072, 6291456], None, "4.0 KiB, 128.0 KiB, 6.0 MiB"),
        ("net.core.rmem_max", 212992, 4096, "208.0 KiB"),
        ("net.ipv4.tcp_fin_timeout", 30, 4096, "30 seconds"),
        ("net.core.somaxconn", 128, 4096, "128 sockets"),
        ("net.ipv4.tcp_tw_reuse", 1, 4096, ""),
        ("vm.swappiness", "10", 4096, ""),
    ],
)
def test_value_with_its_unit(key, value, page_size, text):
    assert human_value(key, value, page_size) == text


def test_printable_keeps_text_and_replaces_what_could_steer_a_terminal():
    assert printable("a\tb\nc d\xe9 \U0001f427") == "a\tb\nc d\xe9 \U0001f427"
    assert printable("\x1b[31m\x00\x7f\x9b\udcff") == "\ufffd[31m" + 4 * "\ufffd"
