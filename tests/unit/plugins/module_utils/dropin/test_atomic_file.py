# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Either the whole old or the whole new file, with its attributes, and nothing beside it."""

import errno
import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import atomic_file
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import (
    attributes_of,
    remove,
    remove_leftovers,
    write_atomically,
)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "a.conf")


def replace(path, text):
    """Replace the file as a run does."""
    write_atomically(path, text, attributes=attributes_of(path))


def put(path, text, mode=0o600):
    with open(path, "w") as stream:
        stream.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def test_a_new_file_has_the_mode_asked_for_whatever_the_umask(path):
    before = os.umask(0o077)
    try:
        write_atomically(path, "caf\udce9\n")
    finally:
        os.umask(before)
    assert read(path) == b"caf\xe9\n"
    assert os.stat(path).st_mode & 0o7777 == 0o644


def test_an_existing_file_keeps_mode_and_owner(path):
    put(path, "old", 0o604)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    old = os.stat(path)
    replace(path, "new")
    new = os.stat(path)
    assert read(path) == b"new"
    assert (new.st_mode, new.st_uid, new.st_gid) == (old.st_mode, old.st_uid, old.st_gid)
    assert new.st_ino != old.st_ino, "replaced, not written over"


def test_a_symbolic_link_is_not_followed(path):
    put(path + ".target", "old")
    os.symlink("a.conf.target", path)
    write_atomically(path, "new")
    assert not os.path.islink(path) and read(path) == b"new" and read(path + ".target") == b"old"


@pytest.mark.parametrize("name", ["rename", "fsync", "fchmod"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["OSError", "Ctrl-C"])
@pytest.mark.parametrize("old", ["old", None])
def test_a_failure_leaves_the_old_file_and_nothing_else(path, monkeypatch, name, error, old):
    if old:
        put(path, old)

    def fail(*arguments):
        raise error

    monkeypatch.setattr(atomic_file.os, name, fail)
    with pytest.raises(type(error)):
        write_atomically(path, "new")
    monkeypatch.undo()
    assert os.listdir(os.path.dirname(path)) == (["a.conf"] if old else [])
    assert not old or read(path) == b"old"


def test_a_missing_directory_is_told_by_the_name_of_the_file(path):
    with pytest.raises(OSError) as caught:
        write_atomically(path + "/b.conf", "new")
    assert caught.value.filename == path + "/b.conf"


@pytest.mark.parametrize("number, taken", [(errno.ENOTSUP, True), (errno.ENODATA, True), (errno.EACCES, False)])
def test_a_selinux_context_that_cannot_be_kept_is_a_failure(path, monkeypatch, number, taken):
    put(path, "old")

    def refuse(*arguments):
        raise OSError(number, "no")

    monkeypatch.setattr(atomic_file.os, "getxattr", refuse)
    if taken:
        replace(path, "new")
    else:
        with pytest.raises(OSError):
            replace(path, "new")
    assert read(path) == (b"new" if taken else b"old")


def test_a_selinux_context_is_taken_over(path, monkeypatch):
    put(path, "old")
    taken = []
    monkeypatch.setattr(
        atomic_file.os, "getxattr", lambda path, name: b"context of " + os.fsencode(os.path.basename(path))
    )
    monkeypatch.setattr(atomic_file.os, "setxattr", lambda handle, name, value: taken.append((name, value)))
    replace(path, "new")
    assert taken == [("security.selinux", b"context of a.conf")]


def test_removing_takes_the_link_not_its_target_and_absent_is_well(path):
    put(path + ".target", "old")
    os.symlink(path + ".target", path)
    remove(path)
    remove(path)
    assert os.listdir(os.path.dirname(path)) == ["a.conf.target"]


def test_leftovers_of_this_file_go_and_others_stay(path):
    for name in (".ansible-a.conf.x1", ".ansible-b.conf.x1", "a.conf", ".a.conf.x1"):
        put(os.path.join(os.path.dirname(path), name), "")
    remove_leftovers(path)
    assert sorted(os.listdir(os.path.dirname(path))) == [".a.conf.x1", ".ansible-b.conf.x1", "a.conf"]
    remove_leftovers("/no/such/directory/a.conf")
