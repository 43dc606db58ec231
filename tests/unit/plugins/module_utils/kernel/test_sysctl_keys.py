# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and values of sysctl keys: what a person wrote is refused where the kernel would misread it."""

import os
import random

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ABSENT,
    KEYS,
    format_value,
    key_path,
    normalise_key,
    parse_value,
    read_kernel_value,
    read_running,
    running_value,
)

MEM, MAX = "net.ipv4.tcp_mem", "net.core.rmem_max"


@pytest.mark.parametrize(
    "key, value, parsed",
    [
        (MEM, "1 2 3", [1, 2, 3]),
        (MEM, " 1\t2   3 ", [1, 2, 3]),
        (MEM, [1, 2, 3], [1, 2, 3]),
        (MEM, ("1", "2", 3), [1, 2, 3]),
        (MAX, 212992, 212992),
        (MAX, "212992", 212992),
        (MAX, ["212992"], 212992),
        (MAX, "0", 0),
        ("kernel.pid_max", 32768, "32768"),
        ("net.ipv4.ip_local_port_range", "1024 \t 65000", "1024 65000"),
    ],
)
def test_values_people_write(key, value, parsed):
    assert parse_value(key, value) == parsed


@pytest.mark.parametrize(
    "value",
    [
        "16M",
        "16MiB",
        "1k",
        "010",
        "0x10",
        "-1",
        "+1",
        "1.5",
        "1,000",
        "1_000",
        "yes",
        "",
        "1 2",
        "1\n2",
        "1\x00",
        "=1",
        "1 # one",
        "\u0661",
        "1\xa0",
        True,
        False,
        None,
        1.0,
        1.5,
        {},
        [],
        [1, True],
        [[1]],
        b"1",
    ],
)
def test_values_the_kernel_would_misread_are_refused(value):
    with pytest.raises(SocketMemoryError, match=r"\Anet.core.rmem_max: found .*, expected .*\. .*\.\Z"):
        parse_value(MAX, value)


@pytest.mark.parametrize("value", ["1 2", "1 2 3 4", "1", 1, [1, 2], "", "1 2 x", "1, 2, 3"])
def test_vectors_need_exactly_their_elements(value):
    with pytest.raises(SocketMemoryError, match="net.ipv4.tcp_mem"):
        parse_value(MEM, value)


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "a=b", None, True])
def test_unknown_keys_take_one_line_of_text(value):
    with pytest.raises(SocketMemoryError, match="kernel.core_pattern"):
        parse_value("kernel.core_pattern", value)


def test_what_is_formatted_is_parsed_to_the_same_value():
    for seed in range(200):
        rng = random.Random(seed)
        key = rng.choice(sorted(KEYS))
        numbers = [rng.randrange(2 ** rng.randrange(1, 63)) for _field in KEYS[key].fields or "1"]
        value = numbers if KEYS[key].fields else numbers[0]
        assert parse_value(key, format_value(value)) == value == read_kernel_value(key, format_value(value) + "\n"), (
            seed
        )


@pytest.mark.parametrize(
    "written, key",
    [
        (MEM, MEM),
        ("net/ipv4/tcp_mem", MEM),
        ("net/ipv4/conf/eth0.1/mtu", "net.ipv4.conf.eth0/1.mtu"),
        ("net.ipv4.conf.eth0/1.mtu", "net.ipv4.conf.eth0/1.mtu"),
        ("word", "word"),
    ],
)
def test_first_separator_decides(written, key):
    assert normalise_key(written) == key


def test_path_of_a_key():
    assert key_path(MEM) == "/proc/sys/net/ipv4/tcp_mem"
    assert key_path("net.ipv4.conf.eth0/1.mtu") == "/proc/sys/net/ipv4/conf/eth0.1/mtu"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "net..tcp_mem",
        "net.ipv4.",
        ".net",
        "net.ipv4.tcp mem",
        "net.ipv4.tcp*",
        "net.//.etc",
        "net./.x",
        "a\nb",
        "net.ipv4.tcp_mem\n",
    ],
)
def test_names_that_could_leave_proc_sys_are_refused(key):
    with pytest.raises(SocketMemoryError, match="a name such as"):
        key_path(key)


@pytest.mark.parametrize("key, text", [(MEM, "1\t2\n"), (MEM, "a b c\n"), (MAX, ""), (MAX, "1 2")])
def test_another_shape_from_the_kernel_is_no_value(key, text):
    with pytest.raises(SocketMemoryError, match=key):
        read_kernel_value(key, text)


def test_reading_tells_absent_from_unreadable_from_garbage(host):
    assert read_running(host.files, MEM) == ([188886, 251851, 377772], None)
    assert read_running(host.files, "net.core.mem_pcpu_rsv") == (None, ABSENT)
    host.write("/proc/sys/net/core/rmem_max", os.mkdir)
    assert read_running(host.files, MAX) == (None, "/proc/sys/net/core/rmem_max cannot be read: not a regular file")
    host.write("/proc/sys/net/ipv4/tcp_mem", "1 2\n")
    assert read_running(host.files, MEM) == (None, "net.ipv4.tcp_mem: the kernel printed '1 2\\n', not 3 numbers")
    with pytest.raises(OSError):
        running_value(host.files, MAX)
    with pytest.raises(SocketMemoryError):
        running_value(host.files, MEM)
    assert running_value(host.files, "net.core.mem_pcpu_rsv") is None
    assert running_value(host.files, "net.ipv4.tcp_mem.below") is None, "where its parent is no directory"


@pytest.mark.parametrize("text, value", [("010", 8), ("0x10", 16), ("-1", -1), ("0", 0)])
def test_numbers_are_read_as_the_kernel_reads_them(text, value):
    assert read_kernel_value(MAX, text) == value


@pytest.mark.parametrize("text", ["1_000", "09", "1.5", "0b1", "\u0663"])
def test_numbers_of_python_alone_are_none(text):
    with pytest.raises(SocketMemoryError):
        read_kernel_value(MAX, text)


@pytest.mark.parametrize("value", ["9" * 5000, "18446744073709551616", [2**64], [10**5000], "1" * 21])
def test_a_number_that_64_bits_do_not_hold_is_refused(value):
    """Python itself refuses to read and to print one of more than 4,300 digits."""
    with pytest.raises(
        SocketMemoryError, match="net.core.rmem_max: found .*, expected numbers of at most 18446744073709551615"
    ) as caught:
        parse_value(MAX, value)
    assert len(str(caught.value)) < 250
    assert parse_value(MAX, "18446744073709551615") == 2**64 - 1


@pytest.mark.parametrize(
    "key, text, value",
    [
        (MAX, "0x1F", 31),
        (MAX, "010", 8),
        (MAX, "-5", -5),
        (MAX, "18446744073709551615", 2**64 - 1),
        (MAX, "18446744073709551616", None),
        (MAX, "9" * 5000, None),
        (MAX, "08", None),
        (MAX, "0x", None),
        (MAX, "-", None),
        (MAX, "", None),
        (MAX, "1 2", None),
        (MEM, "1 2 3 " + "4 " * 10**5, None),
    ],
)
def test_what_the_kernel_prints(key, text, value):
    if value is None:
        with pytest.raises(SocketMemoryError, match="the kernel printed") as caught:
            read_kernel_value(key, text)
        assert len(str(caught.value)) < 200
    else:
        assert read_kernel_value(key, text) == value
