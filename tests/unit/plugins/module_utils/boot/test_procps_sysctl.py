# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `sysctl --system` leaves. tests/system compares 4.0 with the real program; 3.3 follows its source."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.procps_sysctl import resolve, version_of
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import SysctlFiles

KEY, MEM = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_mem"
ETC, RUN, LOCAL, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/local/lib/sysctl.d/", "/usr/lib/sysctl.d/"
VERSIONS = ("4.0", "3.3.17", "3.3.15")


@pytest.fixture
def left(host):
    """Return a function that writes {path: text} to a host without other sysctl.d files and returns (what is left,
    SysctlFiles).
    """
    host.write(LIB + "50-vendor.conf", None)

    def resolved(tree, version="4.0", key=KEY):
        for path, text in tree.items():
            host.write(path, text)
        files = SysctlFiles(host.files, [key])
        return resolve(files, version), files

    resolved.host = host
    return resolved


def one(value):
    return "%s = %s\n" % (KEY, value)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "tree, value, file",
    [
        ({"/etc/sysctl.conf": one(1), ETC + "99-z.conf": one(2)}, 1, "/etc/sysctl.conf"),
        ({ETC + "a.conf": one(1), RUN + "a.conf": one(2), LOCAL + "a.conf": one(3)}, 1, ETC + "a.conf"),
        ({ETC + "a.conf": one(1), LIB + "b.conf": one(2)}, 2, LIB + "b.conf"),
        ({ETC + ".z.conf": one(1), ETC + ".y.conf": one(2)}, 1, ETC + ".z.conf"),
        ({ETC + "a.conf": one(1), ETC + "b.conf": one("2x")}, 1, ETC + "a.conf"),
        ({ETC + "a.conf": one(1) + one("3 # why")}, 3, ETC + "a.conf"),
    ],
)
def test_every_assignment_is_written_in_turn_and_sysctl_conf_last(left, version, tree, value, file):
    found, files = left(tree, version)
    assert (found[KEY]["value"], found[KEY]["file"], files.problems, files.complete) == (value, file, [], True)


def test_a_vector_is_left_as_the_writes_leave_it(left):
    found, _files = left({ETC + "a.conf": "%s = 1 2 3\n" % MEM, ETC + "b.conf": "%s = 7 8\n" % MEM}, key=MEM)
    assert found == {MEM: {"value": [7, 8, 3], "file": ETC + "b.conf", "line": 1}}


@pytest.mark.parametrize(
    "text, current, el9, el8",
    [
        ("net/ipv4/tcp_fin_timeout=1", 1, 1, 1),
        ("-%s = 1" % KEY, 1, 1, None),
        ("- %s = 1" % KEY, None, None, None),
        ("--%s = 1" % KEY, 1, None, None),
        ("net.ipv4.tcp_fin_* = 1", 1, None, None),
        ("net.ipv4.tcp_fin_* = 1\n%s = 2\nnet.ipv4.tcp_* = 3" % KEY, 2, 2, 2),
        ("net.ipv4.tcp_fin_* = 1\n-%s" % KEY, None, None, None),
        ("%s = 1\n-%s" % (KEY, KEY), 1, 1, 1),
        ("net.ipv4.{tcp_fin_timeou?,x} = 1", None, None, None),
        ("=%s = 1" % KEY, None, 1, 1),
        ("%s =" % KEY, "", None, None),
        ("net..ipv4.tcp_fin_timeout = 1", 1, 1, 1),
        ("net/ipv4/../ipv4/tcp_fin_timeout = 1", 1, 1, 1),
        ("%s = 1\0 2" % KEY, 1, 1, 1),
        ("\v%s = 1" % KEY, 1, None, None),
        ("#%s = 1\n ; %s = 2" % (KEY, KEY), None, None, None),
        ("%s = 1 = 2" % KEY, 1, 1, 1),
        ("net//ipv4//tcp_fin_* = 1\n%s = 2\nnet//ipv4//tcp_fin_timeout = 3\nnet/./ipv4/tcp_fin_* = 4" % KEY, 4, 3, 3),
    ],
)
def test_lines_as_each_version_reads_them(left, text, current, el9, el8):
    for version, value in zip(VERSIONS, (current, el9, el8)):
        assert left({ETC + "a.conf": text}, version)[0].get(KEY, {}).get("value") == value, version


def test_a_name_that_is_a_pattern_is_not_followed(left):
    found, files = left({ETC + "{a,b}.conf": one(1), ETC + "c.conf": one(2)})
    assert found[KEY]["value"] == 2 and not files.complete and "its name is a pattern" in files.problems[0]


def test_a_mask_is_read_and_empty(left):
    left({LIB + "a.conf": one(1)})
    os.makedirs(left.host.local(ETC), exist_ok=True)
    os.symlink("/dev/null", left.host.local(ETC + "a.conf"))
    found, files = left({})
    assert found == {} and files.complete


@pytest.mark.parametrize(
    "library, version",
    [
        (None, None),
        ("/usr/lib64/libprocps.so.7", "3.3.15"),
        ("/usr/lib64/libprocps.so.8", "3.3.17"),
        ("/usr/lib/x86_64-linux-gnu/libproc2.so.0", "4.0"),
    ],
)
def test_version_goes_by_the_library_of_the_host(host, library, version):
    if library:
        host.write(library, "")
    assert version_of(host.files) == version
