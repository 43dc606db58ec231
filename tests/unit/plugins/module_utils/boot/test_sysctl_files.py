# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file wins at the next boot. The expected values were compared with what systemd-sysctl 252 does."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import boot_values, dialect_of, name_that_wins, parse_lines

KEY, MEM = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_mem"
ETC, RUN, LOCAL, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/local/lib/sysctl.d/", "/usr/lib/sysctl.d/"


@pytest.fixture
def boot(host):
    """Return a function that writes {path: text} to a host without other sysctl.d files and returns (boot, problems)."""
    host.write(LIB + "50-vendor.conf", None)

    def resolve(tree, key=KEY, dialect="systemd", preview=None):
        for path, text in tree.items():
            host.write(path, text)
        return boot_values(host.files, [key], dialect, preview)
    resolve.host = host
    return resolve


def one(value, line=1):
    return "%s = %s\n" % (KEY, value) if line == 1 else "#\n%s = %s\n" % (KEY, value)


@pytest.mark.parametrize("tree, value, file", [
    ({LIB + "99-a.conf": one(1), ETC + "10-a.conf": one(2)}, 1, LIB + "99-a.conf"),
    ({ETC + "10-a.conf": one(1), ETC + "9-a.conf": one(2)}, 2, ETC + "9-a.conf"),
    ({ETC + "Z.conf": one(1), ETC + "a.conf": one(2)}, 2, ETC + "a.conf"),
    ({ETC + "z.conf": one(1), ETC + "\u00e9.conf": one(2), ETC + "~.conf": one(3)}, 2, ETC + "\u00e9.conf"),
    ({ETC + "a.conf": one(1), RUN + "a.conf": one(2), LOCAL + "a.conf": one(3), LIB + "a.conf": one(4)}, 1, ETC + "a.conf"),
    ({RUN + "a.conf": one(2), LOCAL + "a.conf": one(3), LIB + "a.conf": one(4)}, 2, RUN + "a.conf"),
    ({LOCAL + "a.conf": one(3), LIB + "a.conf": one(4)}, 3, LOCAL + "a.conf"),
    ({LOCAL + "b.conf": one(3), LIB + "c.conf": one(4), ETC + "a.conf": one(5)}, 4, LIB + "c.conf"),
    ({ETC + ".z.conf": one(1), ETC + "z.conf.bak": one(2), ETC + "z.conf~": one(3), ETC + "README": one(4), ETC + "+.conf": one(5)}, 5, ETC + "+.conf"),
    ({ETC + "a.conf": "", LIB + "a.conf": one(1), LIB + "0.conf": one(2)}, 2, LIB + "0.conf"),
    ({"/etc/sysctl.conf": one(1), ETC + "a.conf": one(2)}, 2, ETC + "a.conf"),
])
def test_names_by_bytes_over_all_directories_and_the_first_directory_hides(boot, tree, value, file):
    found, problems = boot(tree)
    assert (found[KEY]["value"], found[KEY]["file"], found[KEY]["line"], problems) == (value, file, 1, [])


@pytest.mark.parametrize("target", ["/dev/null", "../../dev/null"])
def test_a_link_to_dev_null_masks_its_name(boot, target):
    boot({LIB + "a.conf": one(1), ETC + "b.conf": ""})
    os.symlink(target, boot.host.local(ETC + "a.conf"))
    assert boot({}) == ({}, [])


def test_a_link_to_sysctl_conf_is_followed_and_told_by_its_own_name(boot):
    boot({"/etc/sysctl.conf": one(7, line=2), ETC + "a.conf": ""})
    os.symlink("../sysctl.conf", boot.host.local(ETC + "99-sysctl.conf"))
    assert boot({})[0] == {KEY: {"value": 7, "file": ETC + "99-sysctl.conf", "line": 2, "overrides": []}}


def test_losers_are_listed_nearest_first(boot):
    found, _problems = boot({LIB + "a.conf": one(1) + one(2), ETC + "b.conf": one(3, line=2)})
    assert found[KEY] == {"value": 3, "file": ETC + "b.conf", "line": 2, "overrides": [
        {"file": LIB + "a.conf", "line": 2, "value": 2}, {"file": LIB + "a.conf", "line": 1, "value": 1}]}


@pytest.mark.parametrize("text, current, el8", [
    ("net/ipv4/tcp_fin_timeout=1", 1, 1),
    ("  \t%s\t=\t1\t\r" % KEY, 1, 1),
    ("-%s = 1" % KEY, 1, 1),
    ("- %s = 1" % KEY, 1, None),
    ("%s = 1\n%s = 2" % (KEY, KEY), 2, 2),
    ("#%s = 1\n;%s = 2\n\n # x = y" % (KEY, KEY), None, None),
    ("%s = 1\n# %s = 2" % (KEY, KEY), 1, 1),
    ("net/ipv4.tcp_fin_timeout = 1", None, None),
    ("%s_x = 1" % KEY, None, None),
    ("net.ipv4.tcp_fin_* = 1", 1, None),
    ("net.*.tcp_fin_timeou? = 1", 1, None),
    ("net.ipv4.[!x]cp_fin_timeout = 1", 1, None),
    ("net.* = 1", None, None),
    ("%s = 1\nnet.ipv4.tcp_fin_* = 2" % KEY, 1, 1),
    ("net.ipv4.tcp_fin_* = 1\n-%s" % KEY, None, None),
    ("-%s\nnet.ipv4.tcp_fin_* = 1" % KEY, None, None),
    ("-%s\n%s = 1" % (KEY, KEY), 1, 1),
    ("%s = 1\n-%s" % (KEY, KEY), None, 1),
    ("net.ipv4.tcp_fin_* = 1\n-net.ipv4.tcp_fin_*", None, None),
    # The later wildcard is written last, but assigning the same value again does not make it later; another one does.
    ("net.ipv4.tcp_fin_* = 1\nnet.ipv4.tcp_* = 2", 2, None),
    ("net.ipv4.tcp_fin_* = 1\nnet.ipv4.tcp_* = 2\nnet.ipv4.tcp_fin_* = 1", 2, None),
    ("net.ipv4.tcp_fin_* = 1\nnet.ipv4.tcp_* = 2\nnet.ipv4.tcp_fin_* = 3", 3, None),
    ("%s = 1\nnet..ipv4.tcp_fin_timeout = 2\n%s = 1" % (KEY, KEY), 1, 2),
    ("net//ipv4/./tcp_fin_timeout = 1", 1, 1),
    ("net/ipv4/../ipv4/tcp_fin_timeout = 1", None, 1),
    (".%s = 1" % KEY, 1, 1),
    ("%s. = 1" % KEY, 1, None),
    ("%s = 1\r%s = 2" % (KEY, KEY), 2, "1\ufffd%s = 2" % KEY),
    ("%s = 1\0%s = 2" % (KEY, KEY), 2, 2),
    ("# x\r%s = 1" % KEY, 1, None),
    ("%s = 1 # why" % KEY, 1, 1),
    ("%s = 1x" % KEY, "1x", "1x"),
    ("%s = 1\n%s = 2x" % (KEY, KEY), "2x", "2x"),  # written once: the kernel keeps its default
    ("%s =" % KEY, "", ""),
    ("net.ipv4.{tcp_fin_timeou?,x} = 1", 1, None),
    ("net.{core,ipv4}.tcp_{fin,x*}_* = 1", 1, None),
    ("net.ipv4.{tcp_* = 1", None, None),
    ("net.ipv4.[^x]cp_fin_timeout = 1", 1, None),
    ("net.ipv4.[[:lower:]]cp_fin_timeout = 1", 1, None),
    ("net.ipv4.[[:digit:]]cp_fin_timeout = 1", None, None),
    ("net.ipv4.[]a-t]cp_fin_timeout = 1", 1, None),
    ("net.ipv4.[t-a]cp_fin_timeout = 1", None, None),
    ("net.ipv4.\\tcp_fin_* = 1", 1, None),
    ("net.ipv4.*_*_*t*t = 1", 1, None),
    ("net.ipv4.tcp_fin_timeout[ = 1", None, None),
])
def test_lines_as_current_systemd_and_that_of_el8_read_them(boot, text, current, el8):
    for dialect, value in (("systemd", current), ("systemd-239", el8)):
        found, problems = boot({ETC + "a.conf": text}, dialect=dialect)
        assert found.get(KEY, {}).get("value") == value, dialect
        exclusions = [line for line in text.split("\n") if line.startswith("-") and "=" not in line]  # no assignments to EL8
        assert len(problems) == (len(exclusions) if dialect == "systemd-239" else 0)


def test_an_excluded_key_has_no_wildcard_among_its_losers(boot):
    wildcard = "net.ipv4.tcp_fin_* = 2\n"
    assert [loser["value"] for loser in boot({ETC + "a.conf": wildcard + one(1)})[0][KEY]["overrides"]] == [2]
    assert boot({ETC + "a.conf": "-%s\n" % KEY + wildcard + one(1)})[0][KEY]["overrides"] == []


@pytest.mark.parametrize("library, dialect", [
    (None, "systemd"), ("/usr/lib/systemd/libsystemd-shared-239.so", "systemd-239"), ("/usr/lib/systemd/libsystemd-shared-245.so", "systemd-239"),
    ("/usr/lib/systemd/libsystemd-shared-246.so", "systemd"), ("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so", "systemd"),
    ("/usr/lib/systemd/libsystemd-core-239.so", "systemd")])
def test_dialect_goes_by_the_systemd_of_the_host(boot, library, dialect):
    if library:
        boot.host.write(library, "")
    assert dialect_of(boot.host.files) == dialect
    assert (KEY in boot({ETC + "a.conf": "net.ipv4.tcp_fin_* = 1"}, dialect="auto")[0]) == (dialect == "systemd")


@pytest.mark.parametrize("text, value", [("1 2 3", [1, 2, 3]), ("1\t2 3", [1, 2, 3]), ("1 2", "1 2"), ("x\x1b", "x\ufffd"), ("", "")])
def test_a_value_of_another_shape_is_told_as_text(boot, text, value):
    assert boot({ETC + "a.conf": "%s = %s" % (MEM, text)}, MEM)[0][MEM]["value"] == value


@pytest.mark.parametrize("what", [os.mkdir, os.mkfifo])
def test_a_file_that_cannot_be_read_is_a_problem_and_hides_all_the_same(boot, what):
    found, problems = boot({ETC + "a.conf": what, LIB + "a.conf": one(1), LIB + "b.conf": one(2)})
    assert found[KEY]["value"] == 2 and found[KEY]["overrides"] == []
    assert problems == [ETC + "a.conf cannot be read, what it sets is not known: not a regular file"]


def test_a_line_that_is_no_assignment_is_a_problem_and_the_rest_stands(boot):
    found, problems = boot({ETC + "a.conf": "%s 1\n%s" % (KEY, one(2))})
    assert found[KEY]["value"] == 2 and problems == [ETC + "a.conf:1 is not an assignment: '%s 1'" % KEY]


def test_a_line_of_a_mebibyte_ends_the_reading_of_its_file(boot):
    found, problems = boot({ETC + "a.conf": one(1) + "#" * 1048575 + "\n" + one(2) + "#" * 1048576 + "\n" + one(3)})
    assert found[KEY]["value"] == 2 and problems == [ETC + "a.conf:4 is longer than 1048575 bytes, systemd-sysctl reads no further"]


def test_an_assignment_may_be_too_long_to_be_read(boot):
    found, problems = boot({ETC + "a.conf": one(1) + one("2" + "#" * 1048576)})
    assert found[KEY]["value"] == 1 and len(problems) == 1


def test_many_odd_lines_are_one_problem(boot):
    assert boot({ETC + "a.conf": "net 1\n" * 1000})[1] == [ETC + "a.conf:1 is not an assignment: 'net 1' (and 999 more lines)"]


@pytest.mark.parametrize("preview, value, file", [
    ({ETC + "b.conf": one(5)}, 5, ETC + "b.conf"),
    ({ETC + "a.conf": one(5)}, 5, ETC + "a.conf"),
    ({ETC + "a.conf": None}, 2, LIB + "a.conf"),
    ({ETC + "0.conf": one(5)}, 1, ETC + "a.conf"),
    ({RUN + "a.conf": one(5)}, 1, ETC + "a.conf"),
])
def test_preview_of_a_change(boot, preview, value, file):
    found, problems = boot({ETC + "a.conf": one(1), LIB + "a.conf": one(2)}, preview=preview)
    assert (found[KEY]["value"], found[KEY]["file"], problems) == (value, file, [])


@pytest.mark.parametrize("winners, name", [
    (["98-z.conf"], "99-a.conf"), (["99-a.conf"], "z-99-a.conf"), (["99-b.conf", "a.conf"], "z-99-a.conf"), (["zz.conf"], "zzz-99-a.conf"),
    (["z-99-a.conf"], "zz-99-a.conf")])
def test_name_that_wins_is_read_after_all_of_them(winners, name):
    assert name_that_wins(ETC + "99-a.conf", [LIB + winner for winner in winners]) == ETC + name
    assert all(os.fsencode(name) > os.fsencode(winner) for winner in winners)


def test_lines_are_numbered_and_exclusions_have_no_value():
    assignments, others = parse_lines("# a\nb = c=d\n-e\n\nf\n", "x")
    assert [(one.key, one.value, one.file, one.line) for one in assignments] == [("b", "c=d", "x", 2), ("e", None, "x", 3)]
    assert others == [(5, "f")]


def test_no_name_of_letters_is_read_after_some_names():
    assert name_that_wins("/etc/sysctl.d/99-a.conf", ["/etc/sysctl.d/~local.conf"]) is None
    assert name_that_wins("/etc/sysctl.d/99-a.conf", ["/etc/sysctl.d/zzz~.conf"]) is None
