# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a drop-in would lose, also among very many files. More of it is tested with the drop-in."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import shadowing
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles

FIN, REUSE = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_tw_reuse"
ETC, RUN, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/lib/sysctl.d/"
PATH, TEXT = ETC + "50-tcp.conf", "%s = 1\n%s = 2\n" % (FIN, REUSE)


class Counted(HostFiles):
    """Counts what is read."""

    def __init__(self, root):
        super().__init__(root)
        self.read_paths = []

    def read(self, path, most=None):
        self.read_paths.append(path)
        return super().read(path, most)


def told(host, tree, keys=(FIN, REUSE)):
    for path, text in tree.items():
        host.write(path, text)
    files = Counted(host.root)
    return shadowing.files_that_hide(files, list(keys), PATH, TEXT), files


@pytest.mark.parametrize(
    "tree, fin, reuse",
    [
        (
            {ETC + "60-a.conf": "-%s\n" % FIN, LIB + "70-b.conf": "-%s\n" % REUSE},
            (ETC + "60-a.conf", ETC + "60-a.conf line 1 excludes it"),
            (LIB + "70-b.conf", LIB + "70-b.conf line 1 excludes it"),
        ),
        # Two exclude it: without the last one it is still unset.
        (
            {ETC + "60-a.conf": "-%s\n" % FIN, LIB + "70-b.conf": "#\n-%s\n-%s\n" % (FIN, REUSE)},
            (ETC + "60-a.conf", ETC + "60-a.conf line 1 excludes it"),
            (LIB + "70-b.conf", LIB + "70-b.conf line 3 excludes it"),
        ),
        # Without the file that hides it, another one excludes it.
        (
            {ETC + "70-b.conf": "# nothing\n", LIB + "70-b.conf": "-%s\n-%s\n" % (FIN, REUSE)},
            (LIB + "70-b.conf", LIB + "70-b.conf line 1 excludes it"),
            (LIB + "70-b.conf", LIB + "70-b.conf line 2 excludes it"),
        ),
    ],
)
def test_the_file_without_which_the_key_would_be_set(host, tree, fin, reuse):
    assert told(host, tree)[0] == {FIN: fin, REUSE: reuse}


def test_each_of_many_files_is_read_once(host):
    tree = {ETC + "%04d.conf" % number: "vm.swappiness = 1\n%s = %d\n" % (REUSE, number) for number in range(1000)}
    found, files = told(host, dict(tree, **{ETC + "60-a.conf": "-%s\n" % FIN}), [FIN])
    assert found[FIN][0] == ETC + "60-a.conf"
    others = [path for path in files.read_paths if path != ETC + "60-a.conf"]
    assert len(others) == len(set(others)) and len(files.read_paths) - len(others) <= 2  # once more, for the line


def test_where_too_many_could_be_the_one_none_is_named(host, monkeypatch):
    monkeypatch.setattr(shadowing, "FILES_TO_TRY", 5)
    tree = {ETC + "60-%d.conf" % number: "-%s\n" % FIN for number in range(9)}
    assert told(host, tree, [FIN])[0] == {FIN: (PATH, "the other sysctl.d files keep it unset")}


def test_a_name_that_wins_is_found_without_reading_twice(host):
    for number in range(100):
        host.write(ETC + "60-%d.conf" % number, "%s = 9\n%s = 9\n" % (FIN, REUSE))
    for name in ("z-50-tcp.conf", "zz-50-tcp.conf"):
        host.write(LIB + name, lambda path: os.symlink("/dev/null", path))
    files = Counted(host.root)
    assert (
        shadowing.path_that_wins(files, PATH, TEXT, {FIN: 1, REUSE: 2}, [ETC + "60-99.conf"]) == ETC + "z-50-tcp.conf"
    )
    assert len(files.read_paths) == len(set(files.read_paths))
