# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers with units: what is clear is taken, what could be read in two ways is refused and says why."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.quantities import KINDS, Quantity, parse_quantity


def parse(kind, value, smallest=0, largest=10**15, whole=False):
    return parse_quantity("option", Quantity(kind, smallest, largest, whole), value)


@pytest.mark.parametrize(
    "kind, value, number",
    [
        ("bytes", "8MiB", 8 << 20),
        ("bytes", "1.5GiB", 3 << 29),
        ("bytes", "64 KiB", 65536),
        ("bytes", " 2TiB ", 2 << 40),
        ("bytes", "10B", 10),
        ("bytes", "131072", 131072),
        ("bytes", 131072, 131072),
        ("bytes", 131072.0, 131072),
        ("Mbit/s", "10Gbit/s", 10000),
        ("Mbit/s", "512kbit/s", 0.512),
        ("Mbit/s", "1.5Mbit/s", 1.5),
        ("Mbit/s", "1Tbit/s", 10**6),
        ("Mbit/s", 100, 100),
        ("ms", "20ms", 20),
        ("ms", "0.5s", 500),
        ("ms", "250us", 0.25),
        ("ms", "80", 80),
        ("fraction", "25%", 0.25),
        ("fraction", "12.5 %", 0.125),
        ("fraction", 0.25, 0.25),
        ("fraction", "0.25", 0.25),
        ("per second", "2000/s", 2000),
        ("per second", 0.5, 0.5),
        ("count", "500", 500),
    ],
)
def test_clear_numbers(kind, value, number):
    assert parse(kind, value) == number


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        float("nan"),
        float("inf"),
        "nan",
        "inf",
        "-1",
        -1,
        "+1",
        "",
        " ",
        "1e3",
        "0x10",
        "1,000",
        "1_000",
        "1.",
        ".5",
        "many",
        [1],
        {},
        b"1",
        "1 2",
        "\u0661",
        "1MiB2",
        "MiB",
        "9" * 5000,
    ],
)
def test_what_is_no_number_is_refused(kind, value):
    with pytest.raises(
        SocketMemoryError, match=r"\Aworkload.option: found .*, expected a number from 0 to .*\. Write .*\.\Z"
    ):
        parse(kind, value)


@pytest.mark.parametrize(
    "kind, value, why",
    [
        ("bytes", "8M", "powers of 1000 by some and of 1024 by others"),
        ("bytes", "8MB", "powers of 1000"),
        ("bytes", "8m", "powers of"),
        ("bytes", "8mib", "powers of"),
        ("bytes", "8Mbit", "powers of"),
        ("Mbit/s", "10G", "bits or bytes"),
        ("Mbit/s", "10Gb", "bits or bytes"),
        ("Mbit/s", "1GB/s", "bits or bytes"),
        ("ms", "1m", "An m could be minutes."),
        ("fraction", "25pc", "with %"),
        ("count", "10k", "Write a plain number."),
        ("count", "8MiB", "Write a plain number."),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_and_says_why(kind, value, why):
    with pytest.raises(SocketMemoryError) as caught:
        parse(kind, value)
    assert repr(value) in str(caught.value) and why in str(caught.value)


@pytest.mark.parametrize(
    "value, taken",
    [
        ("1023", False),
        (1024, True),
        ("1KiB", True),
        ("4KiB", True),
        (4097, False),
        ("1.0001KiB", True),
        ("4.0001KiB", False),
        (1024.5, False),
    ],
)
def test_range_and_whole_numbers_hold_for_every_way_to_write(value, taken):
    if taken:
        assert isinstance(parse("bytes", value, 1024, 4096, whole=True), int)
    else:
        with pytest.raises(SocketMemoryError, match="a whole number from 1024 to 4096"):
            parse("bytes", value, 1024, 4096, whole=True)


@pytest.mark.parametrize(
    "value", [pytest.param(10**5000, id="huge"), [10**5000], {"a": 10**5000}, "9" * 10**6, "x" * 10**6]
)
def test_a_refusal_of_something_large_is_short(value):
    """Python itself refuses to print the first from 3.11 on."""
    with pytest.raises(SocketMemoryError) as caught:
        parse("bytes", value)
    assert len(str(caught.value)) < 300
