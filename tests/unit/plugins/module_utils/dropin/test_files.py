# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kind of file the drop-in, its saved state and its copy are: links, attributes, and what nobody here made."""

import errno
import json
import os
import struct

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import DROPIN, SAVED, refuse

FIN, TW = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_tw_reuse"
CONTENT = "%s = 30\n%s = 1\n" % (FIN, TW)
EDITED, UNUSABLE = SAVED.replace(".json", ".edited"), SAVED.replace(".json", ".unusable")
ACL = "system.posix_acl_access"
# acl(5) as the kernel keeps it (include/uapi/linux/posix_acl_xattr.h): u::rw-, u:1000:rw-, g::r--, m::rw-, o::---
OLD_ACL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *entry)
    for entry in ((1, 6, 2**32 - 1), (2, 6, 1000), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 0, 2**32 - 1))
)


def failure(host, *arguments, **params):
    with pytest.raises(SocketMemoryError) as caught:
        host.run(*arguments, **params)
    return str(caught.value)


def set_attribute(path, name, value):
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            pytest.skip("the file system of %s has no %s" % (path, name))
        raise


# Links


@pytest.mark.parametrize("target", ["../target", "/target", "../below/target"])
@pytest.mark.parametrize("text", [None, "# old\n"])
def test_a_link_stays_and_its_target_is_what_is_written_and_taken_back(host, kernel, target, text):
    """A dangling one too: after a refused content its target must not hold that."""
    place = {"../target": "/etc/target"}.get(target, "/etc/below/target" if "below" in target else "/target")
    os.makedirs(host.local("/etc/below"))
    host.write(place, text)
    os.symlink(target, host.local(DROPIN))
    before = host.snapshot()
    kernel.answers = {TW: (refuse,)}
    assert "as before." in failure(host, CONTENT)
    assert host.snapshot() == before
    kernel.answers = {}
    host.run(CONTENT)
    assert os.readlink(host.local(DROPIN)) == target and host.read(place) == CONTENT.encode()
    host.run()
    assert host.snapshot() == before


def test_a_link_that_leads_nowhere_is_refused_in_time(host):
    os.symlink("/no/such/folder/target", host.local(DROPIN))
    before = host.snapshot()
    assert "as before." in failure(host, CONTENT)
    os.unlink(host.local(DROPIN))
    os.symlink("99-tcp-memory.conf", host.local(DROPIN))
    assert "cannot be read: Too many levels of symbolic links. Nothing was changed." in failure(host, CONTENT)
    os.unlink(host.local(DROPIN))
    os.symlink("/no/such/folder/target", host.local(DROPIN))
    assert host.snapshot() == before


def test_a_second_name_of_the_file_is_told(host):
    host.write(DROPIN, "# old\n")
    os.link(host.local(DROPIN), host.local("/etc/second"))
    assert "has 2 names (hard links). Only this one gets the new text." in " ".join(host.run(CONTENT)["warnings"])
    assert host.read("/etc/second") == b"# old\n"


# Attributes


def attributes(host):
    path = host.local(DROPIN)
    found = os.stat(path)
    return (
        found.st_mode,
        found.st_uid,
        found.st_gid,
        {name: os.getxattr(path, name) for name in os.listxattr(path) if name != "security.selinux"},
    )


def test_access_list_and_user_attributes_are_kept(host):
    """The mask of the list must not become the right of the group."""
    host.write(DROPIN, "# old\n")
    os.chmod(host.local(DROPIN), 0o640)
    if os.geteuid() == 0:
        os.chown(host.local(DROPIN), 12, 34)
    set_attribute(host.local(DROPIN), ACL, OLD_ACL)
    set_attribute(host.local(DROPIN), "user.note", b"mine")
    before = attributes(host)
    assert before[0] & 0o777 == 0o660 and before[3] == {ACL: OLD_ACL, "user.note": b"mine"}
    host.run(CONTENT)
    assert attributes(host) == before
    host.run("# again\n" + CONTENT)
    assert attributes(host) == before
    host.run()
    assert attributes(host) == before and host.read(DROPIN) == b"# old\n"


def test_attributes_come_back_with_a_file_that_was_removed(host, kernel):
    """A rollback removes the file, and a key then refuses its value."""
    host.run(CONTENT)
    os.chmod(host.local(DROPIN), 0o640)
    set_attribute(host.local(DROPIN), ACL, OLD_ACL)
    before = attributes(host)
    kernel.answers = {TW: (refuse,)}
    assert "as before." in failure(host)
    assert attributes(host) == before and host.read(DROPIN) == CONTENT.encode()


def test_a_file_does_not_get_the_access_list_that_its_directory_gives_to_new_ones(host):
    host.write(DROPIN, "# old\n")
    os.chmod(host.local(DROPIN), 0o640)
    set_attribute(host.local("/etc/sysctl.d"), "system.posix_acl_default", OLD_ACL)
    before = attributes(host)
    assert ACL not in before[3]
    host.run(CONTENT)
    assert attributes(host) == before


# What nobody here made

MAKERS = {
    "link": lambda path: os.symlink("../../../etc/sysctl.conf", path),
    "dangling link": lambda path: os.symlink("nowhere", path),
    "directory": os.mkdir,
    "fifo": os.mkfifo,
}


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_saved_state_that_is_no_regular_file_is_refused(host, kind):
    host.run(CONTENT)
    host.write(SAVED, MAKERS[kind])
    victim, before = host.read("/etc/sysctl.conf"), host.snapshot()
    for content, params in ((CONTENT, {}), (None, {}), (None, {"state": "previous"}), (CONTENT, {"check_mode": True})):
        assert "cannot be used: it is " in failure(host, content, **params)
    assert host.snapshot() == before
    host.run("# again\n" + CONTENT, force=True)
    assert os.path.lexists(host.local(UNUSABLE)) and host.read("/etc/sysctl.conf") == victim
    assert json.loads(host.read(SAVED).decode())["first"]["file"] == CONTENT


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_saved_state_that_others_can_write_is_refused(host, mode):
    host.run(CONTENT)
    os.chmod(host.local(SAVED), mode)
    assert "cannot be used: user %d, or others, can write it (mode %04o)" % (os.geteuid(), mode) in failure(host)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_copy_that_is_no_regular_file_is_refused(host, kind):
    host.run(CONTENT)
    host.write(DROPIN, CONTENT + "# mine\n")
    host.write(EDITED, MAKERS[kind])
    victim, before = host.read("/etc/sysctl.conf"), host.snapshot()
    for content in ("# again\n" + CONTENT, None):
        assert (
            EDITED + " is no regular file, nobody here made it. Remove it. File and running values are as before."
            in failure(host, content, force=True)
        )
        assert host.snapshot() == before and host.read("/etc/sysctl.conf") == victim


def test_a_copy_of_an_earlier_edit_comes_back_after_a_failure(host, kernel):
    host.run(CONTENT)
    host.write(DROPIN, CONTENT + "# one\n")
    host.run("# again\n" + CONTENT)
    host.write(DROPIN, CONTENT + "# two\n")
    before = host.snapshot()
    assert host.read(EDITED) == (CONTENT + "# one\n").encode()
    kernel.answers = {TW: (refuse,)}
    assert "as before." in failure(host, CONTENT.replace("1\n", "2\n"))
    assert host.snapshot() == before


def test_copies_go_with_a_complete_rollback_unless_that_made_them(host):
    before = host.snapshot()
    host.run(CONTENT)
    host.write(DROPIN, CONTENT + "# mine\n")
    host.run("# again\n" + CONTENT)
    assert host.read(EDITED)
    host.run()
    assert host.snapshot() == before
    host.run(CONTENT)
    host.write(DROPIN, CONTENT + "# mine\n")
    warnings = host.run(force=True)["warnings"]
    assert (
        "What it said is kept in %s." % EDITED in warnings[0] and host.read(EDITED) == (CONTENT + "# mine\n").encode()
    )
    assert sorted(os.listdir(os.path.dirname(host.local(EDITED)))) == [os.path.basename(EDITED), "lock"]
    host.run(CONTENT)
    host.run()
    assert host.snapshot() == before, "and with the next one"


def test_a_file_that_is_too_large_to_be_saved_is_refused(host):
    host.write(DROPIN, "# \n" * 50000)
    before = host.snapshot()
    assert "%s is refused, nothing was changed. It has 150000 characters, expected at most 131072" % DROPIN in failure(
        host, CONTENT
    )
    assert not host.run()["changed"]
    assert "content: found 200020 characters" in failure(host, CONTENT + "#" * (200020 - len(CONTENT)))
    assert "or some that no file can hold" in failure(host, CONTENT + "# \ud800\n")
    assert host.snapshot() == before
