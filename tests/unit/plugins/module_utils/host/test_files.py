# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a captured host are read as that host would, and never out of its tree."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import files as host_files


@pytest.mark.parametrize(
    "target", ["../sysctl.conf", "/etc/sysctl.conf", "../../../../etc/./sysctl.conf", "link2", "/etc/dir/sysctl.conf"]
)
def test_links_stay_in_the_tree(host, target):
    host.write("/etc/sysctl.conf", "inside")
    os.symlink("/etc/sysctl.conf", host.local("/etc/sysctl.d/link2"))
    os.symlink("/etc", host.local("/etc/dir"))
    os.symlink(target, host.local("/etc/sysctl.d/a.conf"))
    assert host.files.read("/etc/sysctl.d/a.conf") == "inside"
    assert host.files.exists("/etc/sysctl.d/a.conf")


def test_a_link_loop_is_an_error_and_nothing_that_exists(host):
    os.symlink("b", host.local("/etc/a"))
    os.symlink("a", host.local("/etc/b"))
    with pytest.raises(OSError, match="symbolic links"):
        host.files.read("/etc/a")
    assert not host.files.exists("/etc/a")


def test_what_is_not_text_survives_reading(host):
    host.write("/etc/a", b"caf\xe9\n")
    assert host.files.read("/etc/a").encode("utf-8", "surrogateescape") == b"caf\xe9\n"


@pytest.mark.parametrize("how", [os.mkdir, os.mkfifo])
def test_only_regular_files_are_read(host, how):
    host.write("/etc/a", how)
    with pytest.raises(OSError, match="not a regular file"):
        host.files.read_if_present("/etc/a")


def test_a_file_without_end_does_not_fill_memory(host, monkeypatch):
    monkeypatch.setattr(host_files, "MAXIMUM_FILE_SIZE", 10)
    host.write("/etc/a", 10 * "x")
    assert host.files.read("/etc/a") == 10 * "x"
    host.write("/etc/a", 11 * "x")
    with pytest.raises(OSError, match="larger than 10 bytes"):
        host.files.read("/etc/a")


def test_absence_is_no_error_where_it_is_asked_for(host):
    assert host.files.read_if_present("/no/such") is None
    assert host.files.read_if_present("/etc/sysctl.conf/below") is None
    assert host.files.names("/no/such") == [] == host.files.names("/etc/sysctl.conf")
    assert host.files.names("/etc") == ["sysctl.conf", "sysctl.d"]
    with pytest.raises(OSError):
        host.files.read("/no/such")


@pytest.mark.parametrize("path", ["/etc/a\0b", "/" + "a/" * 5000, "/" + "a" * 5000, "/etc/\ud800"])
def test_what_no_file_can_be_called_is_an_error_like_any_other(host, path):
    """Such names stand in files of the host. Python raises ValueError for some of them."""
    assert not host.files.exists(path) and not host_files.HostFiles().exists(path)
    for files in (host.files, host_files.HostFiles()):
        with pytest.raises(OSError):
            files.read_if_present(path)


def test_a_directory_without_end_does_not_fill_memory(host, monkeypatch):
    monkeypatch.setattr(host_files, "MAXIMUM_NAMES", 3)
    for number in range(3):
        host.write("/etc/many/%d" % number, "")
    assert host.files.names("/etc/many") == ["0", "1", "2"]
    host.write("/etc/many/3", "")
    with pytest.raises(OSError, match="more than 3 names"):
        host.files.names("/etc/many")


def test_folders_are_counted_and_links_are_none(host):
    for name in ("b", "a", "c"):
        host.write("/etc/top/%s/file" % name, "")
    host.write("/etc/top/file", "")
    os.symlink("a", host.local("/etc/top/link"))
    assert host.files.folders("/etc/top", 5) == ["a", "b", "c"] and len(host.files.folders("/etc/top", 2)) == 2
    with pytest.raises(OSError):
        host.files.folders("/no/such", 5)


@pytest.mark.parametrize(
    "number, size, read, left_out",
    [(4, 100, 3, 0), (3, 100, 3, 0), (2, 100, 2, 1), (9, 30, 3, 0), (9, 29, 2, 1), (9, 20, 2, 1), (0, 9, 0, 3)],
)
def test_a_ration_of_files(host, number, size, read, left_out):
    ration = host_files.Ration(host.files, number, size)
    done = 0
    for name in "abc":
        host.write("/etc/" + name, 10 * "x")
        try:
            assert ration.read("/etc/" + name) == 10 * "x"
            done += 1
        except host_files.LeftOut:
            pass
    assert (done, ration.left_out) == (read, left_out)


def test_a_file_that_is_too_large_by_itself_is_not_left_out(host, monkeypatch):
    monkeypatch.setattr(host_files, "MAXIMUM_FILE_SIZE", 10)
    host.write("/etc/a", 11 * "x")
    ration = host_files.Ration(host.files, 9, 30)
    with pytest.raises(OSError, match="larger than 10 bytes") as caught:
        ration.read("/etc/a")
    assert not isinstance(caught.value, host_files.LeftOut) and ration.left_out == 0
    assert ration.read_if_present("/no/such") is None
