# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three programs side by side, and files that none of them can read."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.next_boot import read_boot

FIN, MAX, REUSE = "net.ipv4.tcp_fin_timeout", "net.core.somaxconn", "net.ipv4.tcp_tw_reuse"
ETC, LIB = "/etc/sysctl.d/", "/usr/lib/sysctl.d/"
TUNED = {"/etc/tuned/active_profile": "mine", "/etc/tuned/mine/tuned.conf": "[sysctl]\n%s=5\n%s=6\n" % (MAX, REUSE)}


@pytest.fixture
def boot(host):
    """Return a function that writes {path: text} to a host with procps 4.0 and without other sysctl.d files and
    returns read_boot's.
    """
    host.write(LIB + "50-vendor.conf", None)
    host.write("/etc/sysctl.conf", "%s = 3\n" % MAX)
    host.write("/usr/lib64/libproc2.so.0", "")

    def read(tree):
        for path, text in tree.items():
            host.write(path, text)
        return read_boot(host.files, [FIN, MAX, REUSE], "systemd")

    read.host = host
    return read


def test_each_program_has_its_say(boot):
    facts, problems = boot(dict(TUNED, **{ETC + "a.conf": "%s = 1\n%s = 2\n" % (FIN, REUSE)}))
    in_a, in_conf = {"file": ETC + "a.conf"}, {"value": 3, "file": "/etc/sysctl.conf", "line": 1}
    one, two = dict(in_a, value=1, line=1), dict(in_a, value=2, line=2)
    assert facts == {
        "boot": {
            FIN: dict(one, overrides=[], procps=one, tuned=one),
            REUSE: dict(two, overrides=[], procps=two, tuned=two),
        },
        "boot_by_others": {MAX: {"procps": in_conf, "tuned": in_conf}},
        "boot_complete": True,
    }
    assert problems == []


def test_a_program_that_is_not_there_or_off_says_nothing(boot):
    facts, _problems = boot(
        dict(
            TUNED,
            **{
                ETC + "a.conf": "%s = 1\n" % FIN,
                "/usr/lib64/libproc2.so.0": None,
                "/etc/systemd/system/multi-user.target.wants/sshd.service": "",
            },
        )
    )
    assert facts == {
        "boot": {FIN: {"value": 1, "file": ETC + "a.conf", "line": 1, "overrides": []}},
        "boot_by_others": {},
        "boot_complete": True,
    }


def link(target):
    return lambda path: os.symlink(target, path)


@pytest.mark.parametrize(
    "what, reason",
    [
        (os.mkdir, "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (link("/nowhere"), "No such file or directory"),
        (link("a.conf"), "Too many levels"),
        (link("/dev/zero"), "No such file"),
        ("#" * 5000000, "larger than 4194304 bytes"),
    ],
)
def test_what_cannot_be_read_is_skipped_named_once_and_makes_it_incomplete(boot, what, reason):
    facts, problems = boot({ETC + "a.conf": what, LIB + "a.conf": "%s = 1\n" % FIN, ETC + "b.conf": "%s = 2\n" % FIN})
    assert facts["boot"][FIN]["value"] == 2 and not facts["boot_complete"]
    assert len(problems) == 1 and problems[0].startswith(
        ETC + "a.conf cannot be read, what it sets is not known: " + reason
    )


def test_a_huge_sparse_file_costs_nothing(boot):
    def sparse(path):
        with open(path, "wb") as stream:
            stream.truncate(100 * 1024 * 1024)

    facts, problems = boot({ETC + "a.conf": sparse})
    assert not facts["boot_complete"] and "larger than" in problems[0]


def test_a_directory_that_cannot_be_listed(boot, monkeypatch):
    names = boot.host.files.names

    def refuse(path):
        if path == "/etc/sysctl.d":
            raise PermissionError(13, "Permission denied", path)
        return names(path)

    monkeypatch.setattr(boot.host.files, "names", refuse)
    facts, problems = boot({LIB + "b.conf": "%s = 2\n" % FIN})
    assert facts["boot"][FIN]["value"] == 2 and not facts["boot_complete"]
    assert problems == ["/etc/sysctl.d cannot be read, what it sets is not known: Permission denied"]


def test_a_profile_of_tuned_that_cannot_be_read(boot):
    facts, problems = boot(dict(TUNED, **{"/etc/tuned/mine/tuned.conf": os.mkfifo}))
    assert not facts["boot_complete"] and problems == [
        "/etc/tuned/mine/tuned.conf cannot be read, what it sets is not known: not a regular file"
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00\n\x80 = \x81\n",
        b"\0" * 1000,
        b"\r" * 1000,
        b"=\n-\n--\n[\n{*\n*?[!]\\\n" * 50,
        b"net.[[:a:]" + b"[:a:]" * 30 + b"*=1\n",
        b"net.ipv4." + b"*a" * 100 + b"=1\n",
        b"net.{{{{\\}*=1\n",
    ],
)
def test_hostile_text_is_no_accident(boot, text):
    facts, _problems = boot({ETC + "a.conf": text + b"\n%s = 2\n" % FIN.encode()})
    assert facts["boot"][FIN]["value"] == 2 and facts["boot_complete"]


@pytest.mark.parametrize(
    "text",
    [
        "net." + "{a,b}" * 40 + "*=1\n",
        "net." + "{" * 100000 + "*" + "}" * 100000 + "=1\n",
        "".join("net.*%d=1\n" % number for number in range(20000)),
    ],
)
def test_what_would_take_for_ever_is_not_tried(boot, text):
    facts, problems = boot({ETC + "a.conf": text + "%s = 2\n" % FIN})
    assert facts["boot"][FIN]["value"] == 2 and not facts["boot_complete"]
    assert problems[0].startswith("more than 500 wildcards")
