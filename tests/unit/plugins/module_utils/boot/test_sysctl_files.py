# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file wins at the next boot. The expected values were compared with what systemd-sysctl 252 does."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import sysctl_files
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import (
    boot_values,
    dialect_of,
    name_that_wins,
    parse_lines,
)

KEY, MEM = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_mem"
ETC, RUN, LOCAL, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/local/lib/sysctl.d/", "/usr/lib/sysctl.d/"


@pytest.fixture
def boot(host):
    """Return a function that writes {path: text} to a host without other sysctl.d files and returns (boot,
    problems).
    """
    host.write(LIB + "50-vendor.conf", None)

    def resolve(tree, key=KEY, dialect="systemd", preview=None):
        for path, text in tree.items():
            host.write(path, text)
        return boot_values(host.files, [key], dialect, preview)

    resolve.host = host
    return resolve


def one(value, line=1):
    return "%s = %s\n" % (KEY, value) if line == 1 else "#\n%s = %s\n" % (KEY, value)


@pytest.mark.parametrize(
    "tree, value, file",
    [
        ({LIB + "99-a.conf": one(1), ETC + "10-a.conf": one(2)}, 1, LIB + "99-a.conf"),
        ({ETC + "10-a.conf": one(1), ETC + "9-a.conf": one(2)}, 2, ETC + "9-a.conf"),
        ({ETC + "Z.conf": one(1), ETC + "a.conf": one(2)}, 2, ETC + "a.conf"),
        ({ETC + "z.conf": one(1), ETC + "\u00e9.conf": one(2), ETC + "~.conf": one(3)}, 2, ETC + "\u00e9.conf"),
        (
            {ETC + "a.conf": one(1), RUN + "a.conf": one(2), LOCAL + "a.conf": one(3), LIB + "a.conf": one(4)},
            1,
            ETC + "a.conf",
        ),
        ({RUN + "a.conf": one(2), LOCAL + "a.conf": one(3), LIB + "a.conf": one(4)}, 2, RUN + "a.conf"),
        ({LOCAL + "a.conf": one(3), LIB + "a.conf": one(4)}, 3, LOCAL + "a.conf"),
        ({LOCAL + "b.conf": one(3), LIB + "c.conf": one(4), ETC + "a.conf": one(5)}, 4, LIB + "c.conf"),
        (
            {
                ETC + ".z.conf": one(1),
                ETC + "z.conf.bak": one(2),
                ETC + "z.conf~": one(3),
                ETC + "README": one(4),
                ETC + "+.conf": one(5),
            },
            5,
            ETC + "+.conf",
        ),
        ({ETC + "a.conf": "", LIB + "a.conf": one(1), LIB + "0.conf": one(2)}, 2, LIB + "0.conf"),
        ({"/etc/sysctl.conf": one(1), ETC + "a.conf": one(2)}, 2, ETC + "a.conf"),
    ],
)
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
    assert found[KEY] == {
        "value": 3,
        "file": ETC + "b.conf",
        "line": 2,
        "overrides": [{"file": LIB + "a.conf", "line": 2, "value": 2}, {"file": LIB + "a.conf", "line": 1, "value": 1}],
    }


@pytest.mark.parametrize(
    "text, current, el8",
    [
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
        # The later wildcard is written last, but assigning the same value again does not make it later; another one
        # does.
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
    ],
)
def test_lines_as_current_systemd_and_that_of_el8_read_them(boot, text, current, el8):
    for dialect, value in (("systemd", current), ("systemd-239", el8)):
        found, problems = boot({ETC + "a.conf": text}, dialect=dialect)
        assert found.get(KEY, {}).get("value") == value, dialect
        exclusions = [
            line for line in text.split("\n") if line.startswith("-") and "=" not in line
        ]  # no assignments to EL8
        assert len(problems) == (len(exclusions) if dialect == "systemd-239" else 0)


def test_an_excluded_key_has_no_wildcard_among_its_losers(boot):
    wildcard = "net.ipv4.tcp_fin_* = 2\n"
    assert [loser["value"] for loser in boot({ETC + "a.conf": wildcard + one(1)})[0][KEY]["overrides"]] == [2]
    assert boot({ETC + "a.conf": "-%s\n" % KEY + wildcard + one(1)})[0][KEY]["overrides"] == []


@pytest.mark.parametrize(
    "library, dialect",
    [
        (None, "systemd"),
        ("/usr/lib/systemd/libsystemd-shared-239.so", "systemd-239"),
        ("/usr/lib/systemd/libsystemd-shared-245.so", "systemd-239"),
        ("/usr/lib/systemd/libsystemd-shared-246.so", "systemd"),
        ("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so", "systemd"),
        ("/usr/lib/systemd/libsystemd-core-239.so", "systemd"),
    ],
)
def test_dialect_goes_by_the_systemd_of_the_host(boot, library, dialect):
    if library:
        boot.host.write(library, "")
    assert dialect_of(boot.host.files) == dialect
    assert (KEY in boot({ETC + "a.conf": "net.ipv4.tcp_fin_* = 1"}, dialect="auto")[0]) == (dialect == "systemd")


@pytest.mark.parametrize(
    "text, value", [("1 2 3", [1, 2, 3]), ("1\t2 3", [1, 2, 3]), ("1 2", "1 2"), ("x\x1b", "x\ufffd"), ("", "")]
)
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
    assert found[KEY]["value"] == 2 and problems == [
        ETC + "a.conf:4 is longer than 1048575 bytes, systemd-sysctl reads no further"
    ]


def test_an_assignment_may_be_too_long_to_be_read(boot):
    found, problems = boot({ETC + "a.conf": one(1) + one("2" + "#" * 1048576)})
    assert found[KEY]["value"] == 1 and len(problems) == 1


def test_many_odd_lines_are_one_problem(boot):
    assert boot({ETC + "a.conf": "net 1\n" * 1000})[1] == [
        ETC + "a.conf:1 is not an assignment: 'net 1' (and 999 more lines)"
    ]


@pytest.mark.parametrize(
    "preview, value, file",
    [
        ({ETC + "b.conf": one(5)}, 5, ETC + "b.conf"),
        ({ETC + "a.conf": one(5)}, 5, ETC + "a.conf"),
        ({ETC + "a.conf": None}, 2, LIB + "a.conf"),
        ({ETC + "0.conf": one(5)}, 1, ETC + "a.conf"),
        ({RUN + "a.conf": one(5)}, 1, ETC + "a.conf"),
    ],
)
def test_preview_of_a_change(boot, preview, value, file):
    found, problems = boot({ETC + "a.conf": one(1), LIB + "a.conf": one(2)}, preview=preview)
    assert (found[KEY]["value"], found[KEY]["file"], problems) == (value, file, [])


@pytest.mark.parametrize(
    "winners, name",
    [
        (["98-z.conf"], "99-a.conf"),
        (["99-a.conf"], "z-99-a.conf"),
        (["99-b.conf", "a.conf"], "z-99-a.conf"),
        (["zz.conf"], "zzz-99-a.conf"),
        (["z-99-a.conf"], "zz-99-a.conf"),
    ],
)
def test_name_that_wins_is_read_after_all_of_them(winners, name):
    assert name_that_wins(ETC + "99-a.conf", [LIB + winner for winner in winners]) == ETC + name
    assert all(os.fsencode(name) > os.fsencode(winner) for winner in winners)


def test_lines_are_numbered_and_exclusions_have_no_value():
    assignments, others = parse_lines("# a\nb = c=d\n-e\n\nf\n", "x")
    assert [(one.key, one.value, one.file, one.line) for one in assignments] == [
        ("b", "c=d", "x", 2),
        ("e", None, "x", 3),
    ]
    assert others == [(5, "f")]


def test_no_name_of_letters_is_read_after_some_names():
    assert name_that_wins("/etc/sysctl.d/99-a.conf", ["/etc/sysctl.d/~local.conf"]) is None
    assert name_that_wins("/etc/sysctl.d/99-a.conf", ["/etc/sysctl.d/zzz~.conf"]) is None


def test_the_nearest_losers_are_told_and_the_rest_is_counted(boot):
    found = boot({ETC + "a.conf": "".join(one(number) for number in range(1, 53))})[0][KEY]
    assert found["value"] == 52 and [loser["value"] for loser in found["overrides"]] == list(range(51, 1, -1))
    assert found["overrides_left_out"] == 1
    assert "overrides_left_out" not in boot({ETC + "a.conf": "".join(one(number) for number in range(1, 52))})[0][KEY]


def test_a_file_of_4_mebibytes_that_repeats_one_key_gives_a_value(boot):
    lines = "%s = 1\n" % KEY * 140000
    found, problems = boot({ETC + "a.conf": lines + one(7)})
    assert (found[KEY]["value"], found[KEY]["line"], problems) == (7, 140001, [])
    assert found[KEY]["overrides_left_out"] == 140000 - 50


LEFT_OUT = "%d sysctl.d files were not read, or not to their end, what these set is not known: all together have more "


@pytest.mark.parametrize(
    "bound, value, number, left_out",
    [
        ("MOST_FILES", 3, 0, 2),
        ("MOST_FILES", 5, None, 0),
        ("MOST_BYTES", 87, 0, 2),
        ("MOST_BYTES", 86, 0, 3),
        ("MOST_LINES", 3, 0, 2),
        ("MOST_LINES", 5, None, 0),
    ],
)
def test_of_too_many_files_the_last_ones_are_read(boot, monkeypatch, bound, value, number, left_out):
    tree = {ETC + "%d.conf" % number: "%s = %d\n" % (KEY, number) for number in range(5)}  # 29 bytes each
    monkeypatch.setattr(sysctl_files, bound, value)
    files = sysctl_files.SysctlFiles(boot.host.files, [KEY])
    boot(tree)
    found = sysctl_files.resolve(files, "systemd")
    assert found[KEY]["value"] == 4 and len(found[KEY]["overrides"]) == 4 - left_out
    assert files.complete == (not left_out) and len(files.told()) == bool(left_out)
    assert not left_out or files.told()[0].startswith(LEFT_OUT % left_out)
    # What is asked for by another program too is not counted again.
    sysctl_files.resolve(files, "systemd-239")
    assert len(files.told()) == bool(left_out) and (not left_out or files.told()[0].startswith(LEFT_OUT % left_out))


def test_that_files_are_left_out_is_told_first(boot, monkeypatch):
    """The facts tell of the first problems only."""
    monkeypatch.setattr(sysctl_files, "MOST_FILES", 60)
    problems = boot({ETC + "%02d.conf" % number: "net odd\n" for number in range(70)})[1]
    assert problems[0].startswith(LEFT_OUT % 10) and len(problems) == 61


@pytest.mark.parametrize("text", ["a=1\r" * 10, "a=1\0" * 10])
def test_a_line_that_ends_in_many_places_is_many_lines(boot, monkeypatch, text):
    monkeypatch.setattr(sysctl_files, "MOST_LINES", 9)
    files = sysctl_files.SysctlFiles(boot.host.files, [KEY])
    boot({ETC + "a.conf": one(1) + "net" + text + "\n" + one(2)})
    assert sysctl_files.resolve(files, "systemd")[KEY]["value"] == 1 and files.told()[0].startswith(LEFT_OUT % 1)


def test_each_file_is_read_once_also_for_another_change(boot):
    boot({ETC + "a.conf": one(1), LIB + "b.conf": one(2)})
    files, asked = sysctl_files.SysctlFiles(boot.host.files, [KEY]), []
    read = boot.host.files.read
    boot.host.files.read = lambda path, *most: asked.append(path) or read(path, *most)
    values = [
        sysctl_files.resolve(files.previewed(preview), "systemd")[KEY]["value"]
        for preview in (
            {},
            {ETC + "c.conf": one(3)},
            {LIB + "b.conf": None},
            {ETC + "b.conf": one(4)},
            {ETC + "a.conf": one(5), LIB + "b.conf": None},
            {},
        )
    ]
    assert values == [2, 3, 1, 4, 5, 2] and sorted(asked) == [ETC + "a.conf", LIB + "b.conf"]


@pytest.mark.parametrize(
    "text, lines",
    [
        ("", []),
        ("x", []),
        ("net", [(1, "net")]),
        ("\n\nnet\n", [(3, "net")]),
        ("a\nnet net *\nb\n[\n\nnet", [(2, "net net *"), (4, "["), (6, "net")]),
        ("net\r\nb\rnet\n", [(1, "net\r"), (2, "b\rnet")]),
        ("a\n" * 300000 + "net", [(300001, "net")]),
        ("a" * 262144 + "\nb\n" + "c" * 262143 + "\n*", [(1, "a" * 262144), (4, "*")]),
        ("b\n" + "a" * 300000, [(2, "a" * 300000)]),
        (
            "a" * 300000 + "net\nnet\n" + "*" * 300000 + "\nx",
            [(1, "a" * 300000 + "net"), (2, "net"), (3, "*" * 300000)],
        ),
    ],
)
def test_lines_that_may_concern_keys_are_found_with_their_numbers(text, lines):
    assert list(sysctl_files._lines_with(text, ["*", "[", "net"])) == lines


def test_a_version_of_systemd_that_is_no_number(boot):
    boot.host.write("/usr/lib/systemd/libsystemd-shared-%s.so" % ("9" * 200), "")
    assert dialect_of(boot.host.files) == "systemd"


def test_what_is_said_of_a_long_line_is_short(boot):
    problems = boot({ETC + "a.conf": "net" + "x" * 100000})[1]
    assert problems == [ETC + "a.conf:1 is not an assignment: 'net%s'..." % ("x" * 77)]
