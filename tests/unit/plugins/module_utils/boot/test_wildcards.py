# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What glob(3) and its braces find. tests/system compares it with the real programs."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.wildcards import Wildcard, expanded

MEM = "net/ipv4/tcp_mem"


@pytest.mark.parametrize(
    "pattern, matches",
    [
        ("net/ipv4/tcp_mem", True),
        ("net/ipv4/tcp_*", True),
        ("net/ipv4/*", True),
        ("net/*", False),
        ("*", False),
        ("net/*/*", True),
        ("net//ipv4/./tcp_mem", True),
        ("net/ipv4/tcp_mem/", True),
        ("net/ipv4/tcp_me?", True),
        ("net/ipv4/tcp_mem?", False),
        ("net/ipv4/*_*", True),
        ("net/ipv4/*m*m*m*", False),
        ("net/ipv4/**", True),
        ("net/ipv4/t*m**m", True),
        ("net/ipv4/\\tcp_mem", True),
        ("net/ipv4/tcp_mem\\", False),
        ("net/ipv4/\\*", False),
        ("net/ipv4/[t]cp_mem", True),
        ("net/ipv4/[!t]cp_mem", False),
        ("net/ipv4/[^x]cp_mem", True),
        ("net/ipv4/[a-t]cp_mem", True),
        ("net/ipv4/[t-a]cp_mem", False),
        ("net/ipv4/[a-]cp_mem", False),
        ("net/ipv4/[t-]cp_mem", True),
        ("net/ipv4/[-t]cp_mem", True),
        ("net/ipv4/[]t]cp_mem", True),
        ("net/ipv4/[!]]cp_mem", True),
        ("net/ipv4/[]]cp_mem", False),
        ("net/ipv4/[[:alpha:]]cp_mem", True),
        ("net/ipv4/[[:digit:]]cp_mem", False),
        ("net/ipv4/[[:digit:]t]cp_mem", True),
        ("net/ipv4/[[:nosuch:]]cp_mem", False),
        ("net/ipv4/[![:nosuch:]]cp_mem", True),
        ("net/ipv4/[[:punct:]]cp_mem", False),
        ("net/ipv4/tcp[[:punct:]]mem", True),
        ("net/ipv4/[[.t.]]cp_mem", True),
        ("net/ipv4/[[=t=]]cp_mem", True),
        ("net/ipv4/[[.a.]-[.t.]]cp_mem", True),
        ("net/ipv4/[\\t]cp_mem", True),
        ("net/ipv4/[\\]t]cp_mem", True),
        ("net/ipv4/[a\\-t]cp_mem", True),
        ("net/ipv4/[a\\-z]cp_mem", False),
        ("net/ipv4/[tcp_mem", False),
        ("net/ipv4/tcp_mem[", False),
        ("net/ipv4/[t\\]cp_mem", False),
        ("net/ipv4/[[:alpha:]cp_mem", False),
        ("net/ipv4/[[:alpha:", False),
        ("net/[ip/v4]/tcp_mem", False),
        ("", False),
    ],
)
def test_what_a_wildcard_finds(pattern, matches):
    assert Wildcard(pattern).matches(MEM) == matches


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "[!",
        "[^",
        "[]",
        "[[:",
        "[[:a:]",
        "[[.",
        "[[.a.]",
        "[[=",
        "\\",
        "*",
        "?",
        "*?",
        "a",
        "a-",
        "[a",
        "[a-z",
        "[a-z]",
        "]",
    ],
)
@pytest.mark.parametrize("before, after", [("", ""), ("[", "]"), ("*", "*"), ("[!", "")])
def test_a_long_one_finds_nothing_and_comes_to_an_end(piece, before, after):
    """The first of these once took minutes."""
    assert not Wildcard("net/ipv4/" + before + piece * (20000 // len(piece)) + "x" + after + "z").matches(MEM)


@pytest.mark.parametrize(
    "pattern, patterns",
    [
        ("a", ["a"]),
        ("{a}", ["a"]),
        ("{a,b}", ["a", "b"]),
        ("x{a,b}y", ["xay", "xby"]),
        ("{a,b}{c,d}", ["ac", "ad", "bc", "bd"]),
        ("{a{b,c},d}", ["ab", "ac", "d"]),
        ("{,a}", ["", "a"]),
        ("{}", [""]),
        ("{a,b", ["{a,b"]),
        ("a,b}", ["a,b}"]),
        ("{a,b}{c", ["a{c", "b{c"]),
        ("{x{a,b}", ["{x{a,b}"]),
        ("\\{a,b}", ["\\{a,b}"]),
        ("{a\\,b}", ["a\\,b"]),
        ("{a,b\\}", ["{a,b\\}"]),
        ("{{a,b},{c,d}}", ["a", "b", "c", "d"]),
        ("a\\", ["a\\"]),
        ("{a}{b}{c}", ["abc"]),
    ],
)
def test_what_braces_stand_for(pattern, patterns):
    assert sorted(expanded(pattern, 500, 20000)) == sorted(patterns)


@pytest.mark.parametrize(
    "pattern, most, longest, number",
    [
        ("{a,b}{c,d}", 4, 8, 4),
        ("{a,b}{c,d}", 3, 8, None),
        ("{a,b}{c,d}", 4, 7, None),
        ("{a,b,c,d}", 3, 9, None),
        ("{abc}", 1, 2, None),
        ("abc", 1, 2, None),
        ("{a,b}" * 40, 500, 20000, None),
        ("{,}" * 6000, 500, 20000, None),
        ("{" + "{a,b}" * 40, 500, 20000, 1),
        ("{a}" * 6000, 500, 20000, 1),
        ("{}" * 9000, 500, 20000, 1),
        ("{" * 9000 + "a,b" + "}" * 9000, 500, 20000, 2),
        ("{" * 9999, 500, 20000, 1),
        ("{" + "," * 499 + "}" + "{}" * 9000, 500, 20000, 500),
        ("{" + "," * 500 + "}", 500, 20000, None),
        ("{" + "," * 499 + "}" + "{a}" * 40, 500, 20000, 500),
        ("{" + "," * 499 + "}" + "{a}" * 41, 500, 20000, None),
    ],
)
def test_what_stands_for_too_much_is_not_made(pattern, most, longest, number):
    found = expanded(pattern, most, longest)
    assert (found and len(found)) == number
