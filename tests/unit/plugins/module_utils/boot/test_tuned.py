# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tuned sets, by its profiles and by its own order of the sysctl.d files."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import SysctlFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.tuned import active, is_on, resolve

KEY, MAX, RMEM = "net.ipv4.tcp_fin_timeout", "net.core.somaxconn", "net.ipv4.tcp_rmem"
PROFILE, MAIN, NAME = (
    "/usr/lib/tuned/profiles/mine/tuned.conf",
    "/etc/tuned/tuned-main.conf",
    "/etc/tuned/active_profile",
)
ETC, RUN, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/lib/sysctl.d/"


@pytest.fixture
def tuned(host):
    """Return a function that writes {path: text} to a host with the profile mine and returns what active() does."""
    host.write(NAME, "mine\n")

    def read(tree):
        for path, text in tree.items():
            host.write(path, text)
        return active(host.files)

    read.host = host
    return read


def values(profile):
    return {key: said["value"] for key, said in profile["sysctl"].items()}


def test_the_active_profile_with_file_and_line(tuned):
    assert tuned({PROFILE: "[main]\nsummary=x\n[sysctl]\n# why\n%s = 4096 87380 16777216  # inline\n" % RMEM}) == {
        "profile": "mine",
        "evidence": NAME,
        "reapply": True,
        "sysctl": {RMEM: {"value": "4096 87380 16777216", "file": PROFILE, "line": 5}},
    }


@pytest.mark.parametrize("name", [None, "", "\n"])
def test_no_active_profile(tuned, name):
    tuned.host.write(NAME, name)
    assert tuned({PROFILE: "[sysctl]\n%s=1\n" % KEY}) is None


@pytest.mark.parametrize(
    "directory", ["/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned"]
)
def test_every_directory_of_profiles(tuned, directory):
    tree = {
        "/usr/lib/tuned/mine/tuned.conf": "[sysctl]\n%s=4\n" % KEY,
        directory + "/mine/tuned.conf": "[sysctl]\n%s=>5\n" % KEY,
    }
    assert values(tuned(tree)) == {KEY: ">5"}


@pytest.mark.parametrize(
    "mine, sysctl",
    [
        ("[main]\ninclude=base\n[sysctl]\n%s=2\n" % KEY, {KEY: "2", MAX: "1"}),
        ("[main]\ninclude=base, -gone\n", {KEY: "1", MAX: "1"}),
        ("[main]\ninclude=mine;base\n", {KEY: "1", MAX: "1"}),
        ("[main]\ninclude=base\n[sysctl]\nreplace=1\n%s=2\n" % KEY, {KEY: "2"}),
        ("[main]\ninclude=base\n[sysctl]\ndrop=%s\n" % KEY, {MAX: "1"}),
        ("[main]\ninclude=base\n[sysctl]\nenabled=false\n%s=2\n" % KEY, {}),
        ("[net]\ntype=sysctl\n%s=3\n" % KEY, {KEY: "3"}),
        ("[sysctl]\n%s=3\n[other]\ntype=sysctl\nuname_regex=aarch64\n%s=4\n" % (KEY, KEY), {KEY: "3"}),
        ("[vm]\n%s=3\n" % KEY, {}),
        ("[sysctl]\n;%s=3\n#%s=4\nno assignment\n%s=5\n" % (KEY, KEY, KEY), {KEY: "5"}),
        ("[sysctl]\n%s=1\n  2 3\n" % RMEM, {RMEM: "1\n2 3"}),
    ],
)
def test_profiles_are_merged(tuned, mine, sysctl):
    assert (
        values(tuned({PROFILE: mine, "/usr/lib/tuned/base/tuned.conf": "[sysctl]\n%s=1\n%s=1\n" % (KEY, MAX)}))
        == sysctl
    )


@pytest.mark.parametrize(
    "main, reapply",
    [
        (None, True),
        ("reapply_sysctl = 1\n", True),
        ("reapply_sysctl = 0\n", False),
        ("reapply_sysctl=False # x\n", False),
        ("#reapply_sysctl = 0\n", True),
    ],
)
def test_reapply_is_an_option_of_the_main_file(tuned, main, reapply):
    assert tuned({PROFILE: "[sysctl]\n", MAIN: main})["reapply"] is reapply
    assert tuned({PROFILE: "[vm]\n"})["reapply"] is False  # without a section for its plug-in nothing is re-applied


@pytest.mark.parametrize(
    "tree, value, file",
    [
        ({}, 7, PROFILE),
        ({LIB + "z.conf": 1}, 7, PROFILE),
        ({ETC + "a.conf": 1, RUN + "a.conf": 2}, 2, RUN + "a.conf"),
        ({ETC + "b.conf": 1, RUN + "a.conf": 2}, 1, ETC + "b.conf"),
        ({ETC + ".a.conf": 1}, 1, ETC + ".a.conf"),
        ({ETC + "a.conf": 1, "/etc/sysctl.conf": 2}, 2, "/etc/sysctl.conf"),
        ({ETC + "a.conf": "net/ipv4/tcp_fin_timeout = 1"}, 7, PROFILE),
        ({ETC + "a.conf": "-%s = 1" % KEY}, 7, PROFILE),
        ({ETC + "a.conf": "net.ipv4.tcp_fin_* = 1"}, 7, PROFILE),
        ({ETC + "a.conf": "# x\r%s = 1 # why" % KEY}, 1, ETC + "a.conf"),
    ],
)
def test_what_is_left_after_the_profile_and_the_files_in_its_own_order(tuned, tree, value, file):
    tuned.host.write(LIB + "50-vendor.conf", None)
    text = {path: "%s = %s\n" % (KEY, one) if isinstance(one, int) else one for path, one in tree.items()}
    profile = tuned(dict(text, **{PROFILE: "[sysctl]\n%s=7\n" % KEY}))
    left = resolve(SysctlFiles(tuned.host.files, [KEY]), profile, {})
    assert (left[KEY]["value"], left[KEY]["file"]) == (value, file)
    left = resolve(SysctlFiles(tuned.host.files, [KEY]), dict(profile, reapply=False), {})
    assert (left[KEY]["value"], left[KEY]["file"]) == (7, PROFILE)


@pytest.mark.parametrize(
    "said, before, left",
    [
        (">2048", 1024, 2048),
        (">2048", 4096, None),
        ("<2048", 4096, 2048),
        ("<2048", 1024, None),
        (">2048", None, None),
        (">2048", "x", None),
        (">x", 1, None),
        ("2048", None, 2048),
        ('"2048"', 1, 2048),
    ],
)
def test_only_raise_and_only_lower_go_by_what_the_boot_sets(tuned, said, before, left):
    profile = tuned({PROFILE: "[sysctl]\n%s=%s\n" % (MAX, said)})
    found = resolve(
        SysctlFiles(tuned.host.files, [MAX]), dict(profile, reapply=False), {MAX: {"value": before}} if before else {}
    )
    assert found.get(MAX, {}).get("value") == left


@pytest.mark.parametrize(
    "files, on",
    [
        ((), True),
        (("/run/systemd/units/invocation:tuned.service",), True),
        (("/run/systemd/units/invocation:sshd.service",), False),
        (
            ("/etc/systemd/system/multi-user.target.wants/tuned.service", "/run/systemd/units/invocation:sshd.service"),
            True,
        ),
        (("/etc/systemd/system/multi-user.target.wants/sshd.service",), False),
    ],
)
def test_tuned_is_on_where_it_runs_or_is_enabled(host, files, on):
    for path in files:
        host.write(path, "")
    assert is_on(host.files) is on


def test_a_profile_that_cannot_be_read_raises(tuned):
    with pytest.raises(OSError):
        tuned({PROFILE: os.mkdir})


def chain(length):
    """Return profiles each of which includes the next one."""
    text = "[main]\ninclude=p%d\n[sysctl]\n%s=%d\n"
    return {"/etc/tuned/p%d/tuned.conf" % number: text % (number + 1, KEY, number) for number in range(length)}


def test_profiles_that_include_one_another_without_end_are_an_error(tuned):
    """Each is one more call of a function, of which Python allows a thousand."""
    assert values(tuned(dict(chain(90), **{NAME: "p0\n"}))) == {KEY: "0"}
    with pytest.raises(OSError, match="too many files") as caught:
        tuned(dict(chain(1200), **{NAME: "p0\n"}))
    assert caught.value.filename.startswith("/etc/tuned/p")


@pytest.mark.parametrize(
    "tree, path",
    [
        ({NAME: "mine " * 101}, NAME),
        ({PROFILE: "[main]\ninclude=%s\n" % ("x," * 101)}, PROFILE),
        ({PROFILE: "[sysctl]\n" + "#" * 2000000}, PROFILE),
    ],
)
def test_what_no_host_has_is_an_error(tuned, tree, path):
    with pytest.raises(OSError) as caught:
        tuned(tree)
    assert caught.value.filename == path


def test_a_value_of_many_lines(tuned):
    """To add each to a text of all before once took minutes."""
    text = "[sysctl]\n%s=1\n%s%s=2\n" % (KEY, " y\n" * 100000, MAX)
    assert values(tuned({PROFILE: text})) == {KEY: "1" + "\ny" * 100000, MAX: "2"}
