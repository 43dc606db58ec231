# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts as trees of files: captured ones, variants of them, and a kernel that answers writes."""

import errno
import os
import shutil
import stat

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import commit as dropin_commit
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import reading as dropin_read
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import restore as dropin_restore
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import transaction as dropin
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    STATE_DIRECTORY,
    state_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import assemble as facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import running_values as dropin_running
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import key_path, read_running

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures")
DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"
SAVED = state_path(DROPIN)


def sizes(low, pressure, high, page_size=4096):
    """Return thresholds in pages as the facts hold them."""
    return {
        name: None if pages is None else {"pages": pages, "bytes": pages * page_size}
        for name, pages in (("low", low), ("pressure", pressure), ("high", high))
    }


NET = "/proc/sys/net/"
# What each variant changes in the tree el8_x86_64: {path: new text, None to remove it, or (old, new) to replace words}.
VARIANTS = {
    # RHEL 8 has 64 KiB pages there, while sockstat stays in quanta of 4096 bytes.
    "el8_aarch64_64k": {
        "/proc/sys/kernel/osrelease": "4.18.0-553.el8_10.aarch64\n",
        NET + "ipv4/tcp_mem": "11805\t15740\t23610\n",
        NET + "ipv4/udp_mem": "23610\t31480\t47220\n",
    },
    # From 9.4 on each CPU keeps mem_pcpu_rsv pages; an idle host shows a residue.
    "el9_4": {
        "/proc/sys/kernel/osrelease": "5.14.0-427.13.1.el9_4.x86_64\n",
        NET + "core/mem_pcpu_rsv": "256\n",
        NET + "ipv4/tcp_rmem": "4096\t131072\t6291456\n",
        "/proc/net/sockstat": ("mem 1200", "mem 269"),
        "/proc/net/protocols": ("  1200   no", "   269   no"),
    },
    # A network namespace of its own on EL8: no global key, no rmem_max family.
    "container": {
        NET + name: None
        for name in (
            "ipv4/tcp_mem",
            "ipv4/udp_mem",
            "ipv4/tcp_max_orphans",
            "core/netdev_max_backlog",
            "core/optmem_max",
            "core/rmem_max",
            "core/wmem_max",
            "core/rmem_default",
            "core/wmem_default",
        )
    },
    "without_ipv6": {"/proc/net/sockstat6": None, "/proc/net/snmp6": None, "/proc/net/if_inet6": None},
    "uek6_5_4": {
        "/proc/sys/kernel/osrelease": "5.4.17-2136.338.4.2.el8uek.x86_64\n",
        "/proc/net/snmp": (
            " IgnoredMulti MemErrors\nUdp: 70211 14 3 70399 3 0 0 0 0",
            " IgnoredMulti\nUdp: 70211 14 3 70399 3 0 0 0",
        ),
    },
    # Before 8.7 some counters did not exist.
    "el8_3": {
        "/proc/sys/kernel/osrelease": "4.18.0-240.el8.x86_64\n",
        "/proc/net/snmp": (
            " IgnoredMulti MemErrors\nUdp: 70211 14 3 70399 3 0 0 0 0",
            " IgnoredMulti\nUdp: 70211 14 3 70399 3 0 0 0",
        ),
        "/proc/net/netstat": (" TCPZeroWindowDrop TCPRcvQDrop\n", "\n"),
    },
}


class Host:
    """The files of one host below *root*, and the two ways the collection looks at them."""

    def __init__(self, root):
        self.root = str(root)
        self.files = HostFiles(self.root)

    def local(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def read(self, path):
        """Return the bytes of *path*, None where it does not exist."""
        if not os.path.exists(self.local(path)):
            return None
        with open(self.local(path), "rb") as stream:
            return stream.read()

    def write(self, path, text):
        """Put text or bytes at *path*, or replace words by (old, new), or remove it with None.

        os.mkdir or os.mkfifo puts one of these in its place: not even root reads that as a file.
        """
        local = self.local(path)
        if isinstance(text, tuple):
            old, new = text
            before = self.read(path).decode("utf-8")
            assert old in before, "%r is not in %s" % (old, path)
            text = before.replace(old, new)
        if os.path.exists(local) and (text is None or callable(text)):
            os.unlink(local)
        if text is None:
            return
        os.makedirs(os.path.dirname(local), exist_ok=True)
        if callable(text):
            text(local)
            return
        with open(local, "wb") as stream:
            stream.write(text if isinstance(text, bytes) else text.encode("utf-8"))

    def running(self, key):
        return read_running(self.files, key)[0]

    def snapshot(self):
        """Return {path: (mode, content)} of the whole tree, but for the lock and the directories around it while
        something is saved.
        """
        place, found = STATE_DIRECTORY, {}
        is_saved = os.path.isdir(self.local(place)) and any(
            name.endswith(".json") for name in os.listdir(self.local(place))
        )
        for directory, names, files in os.walk(self.root):
            for name in names + files:
                path = os.path.join(directory, name)
                shown, mode = path[len(self.root) :], os.lstat(path).st_mode
                content = os.readlink(path) if stat.S_ISLNK(mode) else self.read(shown) if stat.S_ISREG(mode) else None
                if not is_saved or not place.startswith(shown) and shown != place + "/lock":
                    # The kernel prints tabs where a plain file keeps the blanks that were written.
                    found[shown] = (mode, content.split() if shown.startswith("/proc/") and content else content)
        return found

    def facts(self, **params):
        return facts.run(dict(params, root=self.root))["ansible_facts"]["socket_memory"]

    def run(self, content=None, **params):
        """Run sysctl_dropin with its defaults; without content state is absent."""
        defaults = {
            "path": DROPIN,
            "content": content,
            "state": "absent" if content is None else "present",
            "runtime": True,
            "unavailable": "skip",
            "shadowed": "fail",
            "only_raise": False,
            "force": False,
            "check_mode": False,
        }
        return dropin.run(dict(defaults, **params), self.root)


def captured(name, folder):
    """Return a Host on a copy of the fixture or variant *name* in *folder*."""
    changes = VARIANTS.get(name, {})
    root = os.path.join(str(folder), "root")
    shutil.copytree(os.path.join(FIXTURES, "el8_x86_64" if name in VARIANTS else name), root)
    for folder in ("etc/sysctl.d", "var/lib"):  # Git keeps no empty ones
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    host = Host(root)
    for path, text in changes.items():
        host.write(path, text)
    return host


def take(old, new):
    """The kernel holds what is written."""
    return new, None


def ignore(old, new):
    """The kernel says yes and keeps what it held."""
    return old, None


def refuse(old, new):
    return old, errno.EINVAL


def take_half(old, new):
    """The kernel takes the first two elements and refuses the third, as kernel/sysctl.c does: element by element."""
    return new[:2] + old[2:], errno.EINVAL


class Kernel:
    """Stands in for the module os in a run, so that writes below /proc/sys are answered as a kernel does.

    answers: {key: (function(old words, new words) -> (words then held, errno or None), …)}, one for each write, the
    last one for all further writes. written: what was written, in order. read_only: keys that not even root may write.
    geteuid: may be replaced.
    """

    def __init__(self, monkeypatch):
        self.answers, self.written, self.read_only, self._paths = {}, [], (), {}
        for module in (dropin, dropin_read, dropin_running):
            monkeypatch.setattr(module, "os", self)

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags, mode=0o777):
        in_kernel = "/proc/sys/" in path
        if (
            in_kernel
            and flags & (os.O_WRONLY | os.O_RDWR)
            and any(path.endswith(key_path(key)) for key in self.read_only)
        ):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        handle = os.open(path, flags & ~os.O_TRUNC if in_kernel else flags, mode)
        self._paths[handle] = path if in_kernel else None
        return handle

    def write(self, handle, data):
        path = self._paths.get(handle)
        if path is None:
            return os.write(handle, data)
        key = path.split("/proc/sys/")[1].replace("/", ".")
        answers = self.answers.get(key, (take,))
        answer = answers[min(len(answers) - 1, [written for written, _text in self.written].count(key))]
        self.written.append((key, data.decode("ascii")))
        with open(path) as stream:
            held, error = answer(stream.read().split(), data.decode("ascii").split())
        with open(path, "w") as stream:
            stream.write("\t".join(held) + "\n")
        if error:
            raise OSError(error, os.strerror(error))
        return len(data)


class Killed(BaseException):
    """An interrupt, as by Ctrl-C."""


def stop_at(step, stop, patch):
    """Have stop() called once before the write number *step* (from 0) of a run. patch: as monkeypatch.setattr.

    Returns the list of the steps that were reached.
    """
    reached = []

    def stopping(name, function):
        def stepped(*arguments, **options):
            reached.append(name)
            if len(reached) == step + 1:
                stop()
            return function(*arguments, **options)

        return stepped

    for module, name in (
        (dropin_restore, "save"),
        (dropin_restore, "write_atomically"),
        (dropin_restore, "remove"),
        (dropin_restore, "write_running"),
        (dropin_commit, "write_running"),
    ):
        patch(module, name, stopping(name, getattr(module, name)))
    return reached


def interrupt_at(monkeypatch, step, work):
    """Do work() and interrupt it at the write number *step*. Returns whether it got so far."""

    def stop():
        raise Killed()

    with monkeypatch.context() as patch:
        reached = stop_at(step, stop, patch.setattr)
        try:
            work()
        except Killed:
            pass
    return len(reached) > step


def kill():
    """End this process as by SIGKILL."""
    os._exit(9)


def is_killed(work):
    """Do work() in a child of this process, and return whether that came to kill()."""
    process = os.fork()
    if not process:
        code = 1
        try:
            work()
            code = 0
        except SocketMemoryError:
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(process, 0)[1]
    assert os.WEXITSTATUS(status) in (0, 9), status
    return os.WEXITSTATUS(status) == 9


def kill_at(step, work):
    """Do work() in a child of this process, which is killed at the write number *step*. Returns whether it got so
    far.
    """
    return is_killed(lambda: (stop_at(step, kill, setattr), work()))
