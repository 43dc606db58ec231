# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsers of /proc/net: what is there stands, what is not is null and named."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.proc_net import (
    parse_drops,
    parse_header_pairs,
    parse_name_value,
    parse_protocols,
    parse_sockstat,
)


@pytest.mark.parametrize(
    "text, values, problem",
    [
        ("TCP: inuse 5 mem 3\n", {"TCP": {"inuse": 5, "mem": 3}}, None),
        ("TCP: mem 3 inuse 5\nNEW: this 1\n", {"TCP": {"inuse": 5, "mem": 3}, "NEW": {"this": 1}}, None),
        ("TCP: inuse 5 mem", {"TCP": {"inuse": 5, "mem": None}}, "TCP mem: no value, the line is cut"),
        ("TCP: inuse five mem 3\n", {"TCP": {"inuse": None, "mem": 3}}, "TCP inuse: not a number: 'five'"),
        ("\x00garbage\nTCP: mem 3\n", {"TCP": {"mem": 3}}, "line without a protocol"),
        ("\n\n", {}, None),
        ("", {}, None),
    ],
)
def test_sockstat_is_read_by_name(text, values, problem):
    found, problems = parse_sockstat(text)
    assert found == values
    assert len(problems) == bool(problem) and (not problem or problem in problems[0])


@pytest.mark.parametrize(
    "text, press, problem",
    [
        ("protocol size memory press\nTCP 2416 3 yes\n", "yes", None),
        ("protocol press new\nTCP no 1\n", "no", None),
        ("protocol size memory press\nTCP 2416\n", None, "row of TCP is cut"),
        ("TCP 2416 3 yes\n", None, "no header line"),
        ("", None, "no header line"),
    ],
)
def test_protocols_are_read_by_the_names_of_the_header(text, press, problem):
    found, problems = parse_protocols(text)
    assert found.get("TCP", {}).get("press") == press
    assert len(problems) == bool(problem) and (not problem or problem in problems[0])


@pytest.mark.parametrize(
    "text, values, problem",
    [
        ("A: x y\nA: 1 -1\n", {"A": {"x": 1, "y": -1}}, None),
        ("A: x y\nB: z\nA: 1 2\nB: 3\n", {"A": {"x": 1, "y": 2}, "B": {"z": 3}}, None),
        ("A: x y\nA: 1 2 3\n", {"A": {"x": 1, "y": 2}}, None),
        ("A: x y z\nA: 1 23\n", {"A": {"x": 1, "y": None, "z": None}}, "A: 2 values for 3 names"),
        ("A: x y\nA: 1 ?\n", {"A": {"x": 1, "y": None}}, "A y: not a number: '?'"),
        ("A: x y\n", {}, "A: names without values"),
        ("A x y\nB: x\nB: 1\n", {"B": {"x": 1}}, "line without a table name"),
    ],
)
def test_header_pairs_survive_cut_and_unknown_lines(text, values, problem):
    found, problems = parse_header_pairs(text)
    assert found == values
    assert len(problems) == bool(problem) and (not problem or problem in problems[0])


def test_name_value_lines_without_a_number_are_null_and_named():
    values, problems = parse_name_value("Udp6MemErrors \t 4\n\nUdp6InErrors\nOther x\nThird 1 2\n")
    assert values == {"Udp6MemErrors": 4, "Udp6InErrors": None, "Other": None, "Third": None}
    assert problems == ["Udp6InErrors: no number", "Other: not a number: 'x'", "Third: no number"]


UDP_HEADER = (
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
    "drops            \n"
)
UDP_LINE = (
    "%5d: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 20541 2 "
    "ffff9b3b45ee1400 %s       \n"
)


@pytest.mark.parametrize(
    "text, drops, problem",
    [
        (UDP_HEADER, 0, None),
        (UDP_HEADER + UDP_LINE % (1, "386") + UDP_LINE % (2, "0") + UDP_LINE % (3, "4"), 390, None),
        ("", None, "no header line"),
        (UDP_HEADER.replace("drops", "dropped"), None, "no header line"),
        (UDP_HEADER + UDP_LINE % (1, "x"), None, "line without a number of drops"),
        (UDP_HEADER + UDP_LINE % (1, "-4"), None, "line without a number of drops"),
        (UDP_HEADER + UDP_LINE % (1, "9" * 5000), None, "line without a number of drops"),
        (UDP_HEADER + (UDP_LINE % (1, str((1 << 64) - 1))) * 2, None, None),
    ],
)
def test_drops_of_all_udp_sockets(text, drops, problem):
    found, problems = parse_drops(text)
    assert found == drops
    assert len(problems) == bool(problem) and (not problem or problem in problems[0])


LONG, LARGE = "9" * 5000, "18446744073709551616"


@pytest.mark.parametrize(
    "parse, text, values, problem",
    [
        (parse_sockstat, "TCP: inuse %s mem 3\n", {"TCP": {"inuse": None, "mem": 3}}, "TCP inuse: "),
        (parse_header_pairs, "A: x y\nA: %s 2\n", {"A": {"x": None, "y": 2}}, "A x: "),
        (
            parse_name_value,
            "Udp6MemErrors %s\nUdp6InErrors 1\n",
            {"Udp6MemErrors": None, "Udp6InErrors": 1},
            "Udp6MemErrors: ",
        ),
    ],
)
@pytest.mark.parametrize(
    "number, shown", [(LONG, "'%s'..." % LONG[:80]), (LARGE, "'%s'" % LARGE), ("-" + LARGE, "'-%s'" % LARGE)]
)
def test_a_number_that_64_bits_do_not_hold_is_null_and_named(parse, text, values, problem, number, shown):
    """int() raises ValueError for the first from Python 3.11 on."""
    assert parse(text % number) == (values, [problem + "more than 64 bits hold: " + shown])


@pytest.mark.parametrize(
    "parse, text",
    [
        (parse_sockstat, "x" * 10000),
        (parse_sockstat, "%s: %s ?\n" % ("x" * 10000, "y" * 10000)),
        (parse_protocols, "protocol press\n%s\n" % ("x" * 10000)),
        (parse_header_pairs, "%s\n%s: x\n" % ("x" * 10000, "y" * 10000)),
        (parse_header_pairs, "%s: x\n" % ("x" * 10000) * 2),
        (parse_header_pairs, "{0}: {1} {1}\n{0}: {1} {1}\n".format("x" * 10000, "y" * 10000)),
        (parse_name_value, "x" * 10000 + " " + "y" * 10000),
        (parse_drops, UDP_HEADER + "x" * 10000),
    ],
)
def test_what_is_said_of_a_long_text_is_short(parse, text):
    _values, problems = parse(text)
    assert problems and all(len(problem) < 300 for problem in problems)
