# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real faults of file systems and keys: the host is restored, the cause is told, and all goes well once it is gone."""

import contextlib
import ctypes
import errno
import itertools
import os
import shutil
import subprocess

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import STATE_DIRECTORY

from ..support.kill_points import stop_before
from ..support.this_host import private_network
from ..support.transaction import DROPIN, RECORD, Machine, attempt, run

KEYS = tuple("net.ipv4.tcp_" + name for name in ("rmem", "fin_timeout", "tw_reuse"))
FIRST = "net.ipv4.tcp_rmem = 4096 131072 8388608\nnet.ipv4.tcp_fin_timeout = 30\n"
SECOND = "net.ipv4.tcp_rmem = 4096 262144 16777216\nnet.ipv4.tcp_tw_reuse = 1\n"
LINK = "gone0"
LINK_KEY = "net.ipv4.conf.%s.tag" % LINK


def mount(*arguments):
    """Run mount."""
    subprocess.run(["mount", *arguments], check=True)


@pytest.fixture
def machine():
    """The keys of a network namespace of our own, after one run."""
    with private_network():
        yield Machine(KEYS)


@contextlib.contextmanager
def full(path):
    """Leave no room in the file system of *path*."""
    mount("-o", "remount,size=64k", str(path.parent))
    filler = path.parent / "filler"
    with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(bytes(4096)):
            pass
    try:
        yield
    finally:
        filler.unlink()
        mount("-o", "remount,size=1m", str(path.parent))


@contextlib.contextmanager
def read_only(path):
    """Make the file system of *path* read-only, with something in it that a killed run left."""
    leftover = path.parent / (".ansible-%s.1" % path.name)
    leftover.write_text("half")
    mount("-o", "remount,ro", str(path.parent))
    try:
        yield
    finally:
        mount("-o", "remount,rw", str(path.parent))
        leftover.unlink()


@contextlib.contextmanager
def immutable(path):
    """Make the file *path* immutable, even to root."""
    ran = subprocess.run(["chattr", "+i", str(path)], stderr=subprocess.PIPE, text=True, check=False)
    if "not supported" in ran.stderr or "Inappropriate ioctl" in ran.stderr:
        pytest.skip("tmpfs of this kernel has no immutable files (from Linux 6.6): " + ran.stderr.strip())
    assert not ran.returncode, ran.stderr
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)


@pytest.mark.parametrize("fault, number", [(full, errno.ENOSPC), (read_only, errno.EROFS), (immutable, errno.EPERM)])
@pytest.mark.parametrize("path", [DROPIN, RECORD], ids=["sysctl.d", "saved state"])
@pytest.mark.parametrize(
    "work", [{"content": SECOND}, {"state": "absent"}, {"state": "previous"}], ids=["change", "absent", "previous"]
)
def test_a_file_that_cannot_be_replaced(machine, fault, number, path, work):
    """The message names the file, or the folder of the saved state, and the reason."""
    DROPIN.write_text("# of somebody else\n")  # so that the ways back have a file to write, too
    run(FIRST)
    run("# again\n" + FIRST)
    begin = machine.take()
    with fault(path):
        held = machine.take()
        told = attempt(**work)
        assert os.strerror(number) in told
        assert str(path) in told or STATE_DIRECTORY + " cannot be written" in told
        assert "File and running values are as before." in told or "Nothing was changed." in told
        assert machine.take() == held
    assert machine.take() == begin
    assert attempt(**work) is None


@pytest.mark.parametrize("path", [DROPIN, RECORD], ids=["sysctl.d", "saved state"])
def test_a_file_system_that_fills_up_at_any_moment(machine, path):
    """The drop-in and the values fit together, and what is saved leads on and back."""
    original = machine.point()
    run(FIRST)
    begin, before = machine.take(), machine.point()
    run(SECOND)
    after, outcomes = machine.point(), set()
    for number in itertools.count(0, 3):
        machine.bring(begin)
        with contextlib.ExitStack() as stack:
            if not stop_before(number, lambda: attempt(SECOND), lambda process: stack.enter_context(full(path))):  # noqa: B023  (called at once)
                break
        point = machine.point()
        assert point in (before, after)
        outcomes.add(point == after)
        state = machine.take()
        assert attempt(SECOND) is None
        assert machine.point() == after
        machine.bring(state)
        run()
        assert machine.point() == original
    assert outcomes == {True, False}


class Capabilities(ctypes.Structure):
    """struct __user_cap_data_struct of include/uapi/linux/capability.h."""

    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


@contextlib.contextmanager
def without_sys_admin():
    """Go on as root without CAP_SYS_ADMIN."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    data = (Capabilities * 2)()
    assert libc.capget(header, data) == 0
    data[0].effective ^= 1 << 21  # CAP_SYS_ADMIN
    assert libc.capset(header, data) == 0
    try:
        yield
    finally:
        data[0].effective ^= 1 << 21
        assert libc.capset(header, data) == 0


def test_a_key_that_not_even_root_may_write(machine):
    """The kernel wants a capability for kernel.dmesg_restrict only when it is written (kernel/sysctl.c
    proc_dointvec_minmax_sysadmin).
    """
    key = "kernel.dmesg_restrict"
    begin = machine.take()
    with open("/proc/sys/kernel/dmesg_restrict", encoding="ascii") as stream:
        value = int(stream.read())
    with without_sys_admin():
        told = attempt(FIRST + "%s = %d\n" % (key, 1 - value))
    assert (
        "%s: the kernel refused %d (Operation not permitted), it ran with %d. Remove the key" % (key, 1 - value, value)
        in told
    )
    assert "File and running values are as before." in told
    assert machine.take() == begin


@pytest.mark.skipif(not shutil.which("ip"), reason="needs the program ip")
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_key_that_vanishes_at_any_moment(machine, state, capfd):
    """The keys of an interface go with it. Before it is read, content with the key is refused and a rollback skips it;
    afterwards the run fails and takes the rest back.
    """
    content = "%s = 5\n" % LINK_KEY + FIRST
    machine = Machine((*KEYS, LINK_KEY))
    rest = Machine(KEYS)

    def add_link():
        subprocess.run(["ip", "link", "add", LINK, "type", "veth", "peer", "name", "peer0"], check=True)

    def remove_link(_process=None):
        subprocess.run(["ip", "link", "del", LINK], check=True)

    add_link()
    original = rest.point()
    if state == "absent":
        run(content)
    begin, before = machine.take(), rest.point()
    params = {"content": content if state == "present" else None}
    run(**params)
    after = rest.point()
    outcomes = set()
    for number in itertools.count(0, 6):
        machine.bring(begin)
        reached = stop_before(number, lambda: print(attempt(**params)), remove_link)
        if not reached:
            break
        told = capfd.readouterr().out
        add_link()
        if "as before." in told:
            assert (
                "%s: it vanished after it was read" % LINK_KEY in told
                or "%s: this kernel or network namespace has no such key" % LINK_KEY in told
            )
            assert rest.point() == before
        elif state == "present" and told != "None\n":
            assert "nothing was changed" in told and "%s: this kernel has no such key" % LINK_KEY in told
            assert rest.point() == before
        else:
            assert told == "None\n"
            assert rest.point() == after
        outcomes.add(told == "None\n")
        run()
        assert rest.point() == original
    assert outcomes == {True, False}
