# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a captured host are read as that host would, and never out of its tree."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import files as host_files


@pytest.mark.parametrize("target", [
    "../sysctl.conf", "/etc/sysctl.conf", "../../../../etc/./sysctl.conf", "link2", "/etc/dir/sysctl.conf"])
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
