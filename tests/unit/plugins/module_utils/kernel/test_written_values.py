# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel makes of a text. tests/system compares the keys of a network namespace with a real one."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.written_values import (
    RANGES,
    held_after,
    numbers_taken,
)

FIN, MEM, LOWAT = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_mem", "net.ipv4.tcp_notsent_lowat"


@pytest.mark.parametrize(
    "key, text, numbers",
    [
        (FIN, "17", [17]),
        (FIN, "17 # x", [17]),
        (FIN, "17x", []),
        (FIN, "", []),
        (FIN, "0x1F", [31]),
        (FIN, "010", [8]),
        (FIN, "08", []),
        (FIN, "0x", []),
        (FIN, "-5", [-5]),
        (FIN, "+5", []),
        (FIN, "- 5", []),
        (FIN, "1,2", []),
        (FIN, "\v\f\r 17", [17]),
        (FIN, "17\v", []),
        (FIN, "\u0661", []),
        (FIN, "2147483648", []),
        (FIN, "00000000000000000017", [15]),
        (FIN, "000000000000000000017", []),
        (LOWAT, "4294967295", [4294967295]),
        (LOWAT, "-1", []),
        ("net.core.somaxconn", "-1", []),
        ("net.ipv4.tcp_tw_reuse", "3", []),
        ("net.core.rmem_max", "2303", []),
        (MEM, "1 2 3", [1, 2, 3]),
        (MEM, "1\t2 3 4", [1, 2, 3]),
        (MEM, "1 2", [1, 2]),
        (MEM, "1 2 x", [1, 2]),
        (MEM, "18446744073709551615 2 3", [2**64 - 1, 2, 3]),
        ("net.ipv4.tcp_rmem", "4096 0 1", [4096]),
        ("net.ipv4.tcp_rmem", "4096 5000 2147483648", [4096, 5000]),
    ],
)
def test_numbers_are_taken_one_by_one_until_the_first_error(key, text, numbers):
    assert numbers_taken(key, text) == numbers


@pytest.mark.parametrize(
    "key, texts, held",
    [
        (FIN, ["17 # x"], (17, 0)),
        (FIN, ["17", "18"], (18, 1)),
        (FIN, ["17", "18x"], (17, 0)),
        (FIN, ["17x"], ("17x", 0)),
        (FIN, ["a", "b\x1b"], ("b\ufffd", 1)),
        (MEM, ["1 2 3"], ([1, 2, 3], 0)),
        (MEM, ["1 2"], ("1 2", 0)),
        (MEM, ["1 2 3", "7 8"], ([7, 8, 3], 1)),
        (MEM, ["1 2 3", "x"], ([1, 2, 3], 0)),
        ("kernel.domainname", [" a  b "], ("a b", 0)),
    ],
)
def test_what_is_held_in_the_end_and_which_text_counts(key, texts, held):
    assert held_after(key, texts) == held


def test_ranges_are_of_keys_that_are_managed():
    assert set(RANGES) <= set(KEYS)


@pytest.mark.parametrize(
    "key, texts, held",
    [
        (FIN, ["x" * 10**6], ("x" * 80 + "...", 0)),
        (MEM, ["1 2 " + "x" * 10**6], ("1 2 " + "x" * 76 + "...", 0)),
        (FIN, ["9" * 10**6], ("9" * 80 + "...", 0)),
        (FIN, ["17 " + "x" * 10**6], (17, 0)),
        (MEM, ["1" + " " * 10**6 + "2\t3"], ([1, 2, 3], 0)),
        ("kernel.domainname", ["x" * 1000], ("x" * 1000, 0)),
    ],
)
def test_a_long_text_is_shown_cut(key, texts, held):
    assert held_after(key, texts) == held
