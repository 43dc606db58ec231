# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, quotes and lists of others: no more of them than there is room for."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    bounded,
    cut,
    first_of,
    quoted,
    sentences,
    whole_number,
)

HUGE = 10**5000  # Python itself refuses to print it from 3.11 on


@pytest.mark.parametrize(
    "text, number",
    [
        ("0", 0),
        ("-1", -1),
        ("12", 12),
        ("007", 7),
        ("", None),
        ("-", None),
        ("--1", None),
        ("1.5", None),
        ("0x1", None),
        ("NI", None),
        ("+1", None),
        (" 1", None),
        ("1_0", None),
        ("\u0661", None),
        ("\xb2", None),
        ("1\n", None),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", None),
        ("99999999999999999999", None),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", None),
        ("000000000000000000001", None),
        ("9" * 5000, None),
        ("-" * 5000, None),
    ],
)
def test_only_decimal_numbers_of_64_bits_are_numbers(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "number, kept",
    [(None, False), (0, True), (2**64 - 1, True), (2**64, False), (-(2**63), True), (-(2**63) - 1, False)],
)
def test_what_has_no_place_in_64_bits_is_no_number(number, kept):
    assert bounded(number) == (number if kept else None)


def deep(depth):
    found = []
    for _number in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    "value, text",
    [
        ("plain", "'plain'"),
        ("a" * 80, "'%s'" % ("a" * 80)),
        ("a" * 81, "'%s'..." % ("a" * 80)),
        ("\x1b[2J\n\ud800", "'\\x1b[2J\\n\\ud800'"),
        (5, "5"),
        pytest.param(-HUGE, "a number of 16610 bits", id="huge"),
        ([HUGE], "[a number of 16610 bits]"),
        ({"a": HUGE, 5: "b"}, "{'a': a number of 16610 bits, 5: 'b'}"),
        (deep(100000), "[[[[[...]]]]]"),
        ([1] * 10**6, ("[" + "1, " * 100)[:80] + "..."),
        (["x" * 10**6], "['" + "x" * 78 + "..."),
        (None, "None"),
        (b"x", "b'x'"),
        ({"a": [1, (2.5, True)]}, "{'a': [1, (2.5, True)]}"),
        ([], "[]"),
        ({}, "{}"),
        (b"x" * 10**6, "b'" + "x" * 78 + "..."),
    ],
)
def test_a_quote_is_short_whatever_is_quoted(value, text):
    assert quoted(value) == text


def test_a_quote_of_what_is_wide_and_deep_ends():
    """repr() makes each text anew at each depth, which once took seconds."""
    found = ["x" * 10**6]
    for _number in range(100000):
        found = [found, found]
    pair = "[[...], [...]]"
    for _depth in range(2):
        pair = "[%s, %s]" % (pair, pair)
    assert quoted(found) == ("[%s, %s]" % (pair, pair))[:80] + "..."


def test_lists_tell_what_is_left_out():
    assert first_of([1, 2, 3], 3) == ([1, 2, 3], 0) and first_of([1, 2, 3], 2) == ([1, 2], 1)
    assert first_of(list(range(60))) == (list(range(50)), 10)
    assert cut("abcdef", 3) == "abc..." and cut("abc", 3) == "abc"


def test_warnings_are_told_once_each_and_are_few_and_short():
    assert sentences(["b", "a", "b"]) == ["b", "a"]
    assert sentences(str(number) for number in range(50)) == [str(number) for number in range(50)]
    told = sentences(str(number) for number in list(range(53)) * 21)
    assert told[:2] == ["0", "1"] and told[50:] == ["3 more warnings are left out."]
    assert [len(one) for one in sentences(["x" * 500, "y" * 497, "z" * 10**6])] == [500, 497, 500]
