# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state directory and its lock: trusted only where nobody else can write, taken by one run, gone when nothing is
saved.
"""

import errno
import fcntl
import os
import stat

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import lock as dropin_lock
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.lock import Lock
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import STATE_DIRECTORY
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import DROPIN, SAVED, is_killed, kill

LOCK = STATE_DIRECTORY + "/lock"
CONTENT = "net.ipv4.tcp_fin_timeout = 30\n"


def refusal(host, content=CONTENT, **params):
    """Expect that a run is refused and changes nothing. Returns the message."""
    before = host.snapshot()
    with pytest.raises(SocketMemoryError) as caught:
        host.run(content, **params)
    assert host.snapshot() == before
    return str(caught.value)


def make_directory(host, mode=0o700):
    os.mkdir(host.local(STATE_DIRECTORY))
    os.chmod(host.local(STATE_DIRECTORY), mode)


def test_nothing_is_left_after_a_complete_rollback(host):
    before = host.snapshot()
    host.run(CONTENT)
    assert sorted(os.listdir(host.local(STATE_DIRECTORY))) == [os.path.basename(SAVED), "lock"]
    assert stat.S_IMODE(os.stat(host.local(STATE_DIRECTORY)).st_mode) == 0o700
    host.run()
    assert host.snapshot() == before and not os.path.exists(host.local(STATE_DIRECTORY))


@pytest.mark.parametrize("path", [STATE_DIRECTORY, "/etc/sysctl.d"])
def test_directories_that_were_there_before_stay(host, path):
    if path == STATE_DIRECTORY:
        make_directory(host)
    host.run(CONTENT)
    host.run()
    assert os.listdir(host.local(path)) == []


def test_directories_that_were_made_go_with_the_last_of_what_is_saved(host):
    for path in ("/etc/sysctl.d", "/var/lib", "/var"):
        os.rmdir(host.local(path))
    before, mask = host.snapshot(), os.umask(0o077)
    try:
        host.run(CONTENT)
    finally:
        os.umask(mask)
    assert os.stat(host.local("/etc/sysctl.d")).st_mode & 0o7777 == 0o755
    host.run("# again\n" + CONTENT)
    host.run(state="previous")
    host.run()
    assert host.snapshot() == before


def test_what_another_file_needs_stays(host):
    other = "/etc/sysctl.d/99-other.conf"
    host.run(CONTENT)
    host.run("net.ipv4.tcp_tw_reuse = 1\n", path=other)
    host.run()
    assert sorted(os.listdir(host.local(STATE_DIRECTORY))) == ["etc-sysctl.d-99-other.conf.json", "lock"]
    host.run(path=other)
    assert not os.path.exists(host.local(STATE_DIRECTORY))


@pytest.mark.parametrize("content", [CONTENT, None, "no assignment\n", "net.ipv4.tcp_fin_timeout = 0\n"])
def test_a_run_that_changes_nothing_leaves_nothing(host, content):
    if content == CONTENT:
        host.write(DROPIN, CONTENT)
        host.write("/proc/sys/net/ipv4/tcp_fin_timeout", "30\n")
    before = host.snapshot()
    try:
        assert not host.run(content)["changed"]
    except SocketMemoryError:
        assert content
    assert host.snapshot() == before


@pytest.mark.parametrize(
    "mode, owner, named",
    [
        (0o777, None, "mode 0777"),
        (0o720, None, "mode 0720"),
        (0o702, None, "mode 0702"),
        (0o1777, None, "mode 1777"),
        (0o700, 1234, "user 1234"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_directory_that_others_can_write_to_is_not_trusted(host, mode, owner, named, check_mode):
    if owner and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    make_directory(host, mode)
    if owner:
        os.chown(host.local(STATE_DIRECTORY), owner, owner)
    message = refusal(host, check_mode=check_mode)
    assert (
        message.startswith(STATE_DIRECTORY + " cannot be trusted: ")
        and named in message
        and "Nothing was changed. " in message
    )
    assert "give it to root with mode 0700" in message


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_directory_that_is_a_link_is_not_followed(host, check_mode):
    os.mkdir(host.local("/elsewhere"), 0o700)
    os.symlink("/elsewhere", host.local(STATE_DIRECTORY))
    assert "it is a link or no directory. Nothing was changed. Move it away" in refusal(host, check_mode=check_mode)
    assert os.listdir(host.local("/elsewhere")) == []


def hard_link(host, path):
    os.link(host.local("/etc/sysctl.conf"), path)


@pytest.mark.parametrize(
    "make",
    [
        lambda host, path: os.symlink("../../../etc/sysctl.conf", path),
        lambda host, path: os.symlink("nowhere", path),
        lambda host, path: os.mkdir(path),
        lambda host, path: os.mkfifo(path),
        hard_link,
    ],
    ids=["link", "dangling", "directory", "fifo", "hard link"],
)
def test_a_lock_that_nobody_here_made_is_not_touched(host, make):
    make_directory(host)
    victim = host.read("/etc/sysctl.conf")
    make(host, host.local(LOCK))
    assert "cannot be locked: lock in it is no regular file" in refusal(host)
    assert host.read("/etc/sysctl.conf") == victim and os.listdir(host.local(STATE_DIRECTORY)) == ["lock"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.EINTR, errno.ENOSYS])
def test_an_error_of_the_lock_is_no_other_run(host, monkeypatch, number):
    def fail(*_arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(SocketMemoryError) as caught:
        host.run(CONTENT)
    message = str(caught.value)
    assert (
        "%s cannot be locked: %s. Nothing was changed. " % (STATE_DIRECTORY, os.strerror(number)) in message
        and "Another run" not in message
    )
    assert message.endswith("%s stays." % host.local(LOCK)), (
        "what cannot be locked must not be removed: somebody may have it locked"
    )


def test_a_lock_that_was_removed_meanwhile_is_taken_anew(host, monkeypatch):
    """Between the opening of the file and its locking another run ended and removed it, for one time the directory
    too.
    """
    host.run(CONTENT)
    flock, removed = fcntl.flock, []

    def meanwhile(handle, operation):
        if len(removed) < 3:
            removed.append(os.fstat(handle).st_ino)
            os.unlink(host.local(LOCK))
            if len(removed) == 2:
                os.unlink(host.local(SAVED))
                os.rmdir(host.local(STATE_DIRECTORY))
            if len(removed) == 3:
                host.write(LOCK, "4242\n")
        return flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    lock = Lock(host.files)
    lock.take()
    assert len(removed) == 3 and host.read(LOCK) == b"%d\n" % os.getpid()
    assert lock.release() == [] and not os.path.exists(host.local(STATE_DIRECTORY))


def test_a_lock_that_is_always_removed_is_given_up(host, monkeypatch):
    def meanwhile(_handle, _operation):
        os.unlink(host.local(LOCK))

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    monkeypatch.setattr(dropin_lock, "ATTEMPTS", 5)
    assert "was removed each time before it was locked. Nothing was changed. Run again." in refusal(host)


def test_a_run_that_finds_the_lock_taken_removes_nothing(host):
    lock = Lock(host.files)
    lock.take()
    assert "Another run (process %d)" % os.getpid() in refusal(host)
    assert os.path.exists(host.local(LOCK))
    lock.release()
    assert not os.path.exists(host.local(STATE_DIRECTORY))


@pytest.mark.parametrize("path", ["/etc/sysctl.d", STATE_DIRECTORY])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_directory_that_cannot_be_listed_is_a_refusal(host, monkeypatch, path, check_mode):
    host.run(CONTENT)

    def failing(original):
        def fail(of):
            if of == host.local(path):
                raise OSError(errno.EIO, os.strerror(errno.EIO), of)
            return original(of)

        return fail

    with monkeypatch.context() as patch:
        for name in ("listdir", "scandir"):
            patch.setattr(os, name, failing(getattr(os, name)))
        if path == STATE_DIRECTORY and check_mode:  # which does not need to list it
            assert host.run("# again\n" + CONTENT, check_mode=True)["changed"]
        else:
            with pytest.raises(SocketMemoryError) as caught:
                host.run("# again\n" + CONTENT, check_mode=check_mode)
            assert "%s cannot be listed: Input/output error. Nothing was changed." % path in str(caught.value)
    assert host.read(DROPIN) == CONTENT.encode()


@pytest.mark.parametrize("made", ["/etc/sysctl.d", STATE_DIRECTORY])
def test_a_new_directory_survives_a_power_cut(host, monkeypatch, made):
    """What it is in is written to disk after it was made, and before anything is written into it."""
    if made == "/etc/sysctl.d":
        os.rmdir(host.local(made))
    events = []

    def noted(name, function, of):
        def call(*arguments, **options):
            result = function(*arguments, **options)
            if of(arguments):
                events.append(name)
            return result

        monkeypatch.setattr(os, name, call)

    noted("mkdir", os.mkdir, lambda arguments: arguments[0] == host.local(made))
    noted(
        "fsync",
        os.fsync,
        lambda arguments: os.path.samestat(os.fstat(arguments[0]), os.stat(os.path.dirname(host.local(made)))),
    )
    noted(
        "open",
        os.open,
        lambda arguments: os.path.dirname(str(arguments[0])) == host.local(made) and arguments[1] & os.O_CREAT,
    )
    host.run(CONTENT)
    assert events[:3] == ["mkdir", "fsync", "open"]


@pytest.mark.parametrize("name", ["mkdir", "chmod", "open", "flock", "fchmod", "ftruncate", "write"])
@pytest.mark.parametrize("after", [False, True])
def test_that_a_directory_was_made_here_is_never_forgotten(host, monkeypatch, name, after):
    """Wherever a kill comes: the next run goes on, and a rollback removes it."""
    before, owner = host.snapshot(), fcntl if name == "flock" else os
    function = getattr(owner, name)

    def killing(*arguments, **options):
        if name == "open" and not arguments[1] & os.O_CREAT:
            return function(*arguments, **options)
        if after:
            function(*arguments, **options)
        kill()

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killing)
        assert is_killed(lambda: host.run(CONTENT))
    host.run(CONTENT)
    assert stat.S_IMODE(os.stat(host.local(STATE_DIRECTORY)).st_mode) == 0o700
    host.run("# again\n" + CONTENT)
    host.run()
    assert host.snapshot() == before
