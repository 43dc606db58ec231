# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random trees of sysctl.d files, applied by the real programs in namespaces of their own, and compared with what the
collection says.

The values are those that the kernel holds afterwards, so that its own parsing decides. Nothing of this machine changes:
the programs run in a root directory with folders of its own, and all keys are those of a new network namespace. Needs
root on Linux.
"""

import argparse
import contextlib
import ctypes
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import traceback

ROOT = pathlib.Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "collections")]

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import procps_sysctl as sysctl_procps  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import sysctl_files  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel import written_values as kernel_writes  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (  # noqa: E402
    KEYS,
    format_value,
    key_path,
    read_running,
)

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000  # include/uapi/linux/sched.h
PROGRAMS = {"systemd": ["/usr/lib/systemd/systemd-sysctl"], "procps": ["/usr/sbin/sysctl", "--system"]}
WORKERS = 2
TIMEOUT = 300  # seconds; none of them takes a tenth of one on a quiet machine

# Keys that every network namespace has for itself, with values that the kernel takes and that are not its defaults.
OWN_KEYS = {
    "net.ipv4.tcp_fin_timeout": 30,
    "net.ipv4.tcp_max_tw_buckets": 4000,
    "net.ipv4.tcp_notsent_lowat": 100000,
    "net.core.somaxconn": 1000,
    "net.ipv4.tcp_limit_output_bytes": 500000,
    "net.ipv4.udp_rmem_min": 5000,
    "net.ipv4.tcp_moderate_rcvbuf": 1,
    "net.ipv4.tcp_tw_reuse": 2,
    "net.ipv4.tcp_rmem": [5000, 100000, 6000000],
    "net.ipv4.tcp_wmem": [5000, 20000, 5000000],
}
NAMES = (
    "10-a.conf",
    "50-b.conf",
    "\u00c4.conf",
    "9-c.conf",
    "99-sysctl.conf",
    "99-tcp.conf",
    "A.conf",
    "zz.conf",
    "~.conf",
    "-.conf",
    " .conf",
    "a b.conf",
    ".hidden.conf",
    ".conf",
    "x.conf.bak",
    "x.conf~",
    "README",
    "\udcff\udcfe.conf",
    "\udc80.conf",
    "new\nline.conf",
    "99-tcp.CONF",
)
PATTERNS = (
    "net.ipv4.tcp_*",
    "net/ipv4/tcp_*",
    "net.ipv4.tcp_[fm]*",
    "net.*.somaxconn",
    "net.ipv4.tcp_?mem",
    "*.ipv4.tcp_fin_timeout",
    "net.*",
    "net/*/*",
    "net.ipv4.[!a-s]*",
    "net.ipv4.[^tu]*",
    "net.ipv4.{tcp_?mem,udp_rmem_mi?}",
    "net.ipv4.{tcp_{r,w}mem,x*}",
    "net.{ipv4,core}.*m*",
    "net.ipv4.tcp\\_*",
    "net.ipv4.**timeout",
    "net.ipv4.[[:alpha:]]cp_tw_*",
    "net.ipv4.tcp_[rw]mem",
    "net.ipv4.tcp_[]r]mem",
    "net.ipv4.tcp_[r",
    "net.ipv4.tcp_[\\rw]mem*",
    "net.core.some*",
    "net//ipv4//tcp_*",
    "net.ipv4.tcp_fin_timeou[s-u]",
    "net.ipv4.tcp_fin_timeou[u-s]",
    "net.ipv4.{tcp_*",
    "net.ipv4./*",
)

TARGETS = (
    "/dev/null",
    "../../dev/null",
    "/nonexistent",
    "10-a.conf",
    "99-tcp.conf",
    "/etc/sysctl.conf",
    "../sysctl.conf",
    "zz.conf",
)
OTHER_LINES = (
    "",
    "#",
    "  # a = b",
    ";",
    "[section]",
    "=",
    "-",
    "= 5",
    "net",
    "\ufeff",
    "\udcff",
    "include x",
    "\x00",
    "-=",
    "--",
    "a" * 3000,
)


class Forest:
    """Makes trees: {path: bytes, None for a FIFO, () for a directory, text for the target of a link}, each of one
    seed.
    """

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.next_value = 100
        self.lines = []

    def tree(self):
        chance = self.random
        keys = chance.sample(sorted(OWN_KEYS), 4)
        tree = {}
        if chance.random() < 0.02:
            tree[chance.choice(["/run/sysctl.d", "/usr/local/lib/sysctl.d"])] = chance.choice(
                ["/etc/sysctl.d", "loop", "sysctl.d", "/nonexistent"]
            )
        for directory in sysctl_files.DIRECTORIES:
            for name in chance.sample(NAMES, chance.choice([0, 1, 2, 3])) if directory not in tree else ():
                tree[directory + "/" + name] = self._entry(keys)
        if chance.random() < 0.5:
            tree["/etc/sysctl.conf"] = self._text(keys)
        return tree

    def _entry(self, keys):
        kind = self.random.random()
        if kind < 0.15:
            return self.random.choice(TARGETS)
        return b"" if kind < 0.2 else () if kind < 0.21 else None if kind < 0.22 else self._text(keys)

    def _text(self, keys):
        chance = self.random
        lines = [
            chance.choice(self.lines) if self.lines and chance.random() < 0.1 else self._line(keys)
            for _number in range(chance.choice([1, 2, 3, 4, 6]))
        ]
        self.lines += lines
        text = "".join(line + chance.choice(["\n"] * 12 + ["\r\n", "\r", "\0", "\n\r", "\n\n"]) for line in lines)
        text = text.rstrip("\n") if chance.random() < 0.1 else text
        data = text.encode("utf-8", "surrogateescape")
        return (
            b"\xef\xbb\xbf" + data
            if chance.random() < 0.01
            else data + b"#" * 1100000 + b"\n" + data
            if chance.random() < 0.002
            else data
        )

    def _line(self, keys):
        chance = self.random
        kind = chance.random()
        if kind < 0.06:
            return "-" + self._name(chance.choice(keys), 0.3)
        if kind < 0.12:
            return chance.choice(OTHER_LINES)
        key = chance.choice(keys)
        line = (
            self._name(key, 0.12)
            + chance.choice(["=", " = ", " =", "= ", "\t=\t", "  =  ", " = \t", "\v=\f", "=="])
            + self._value(key)
        )
        return (
            chance.choice(
                ["%s"] * 20
                + ["-%s", "-%s", "- %s", "--%s", "  %s", "\t%s ", "#%s", ";%s", " # %s", "%s\\", "\v%s", "%s \f", "=%s"]
            )
            % line
        )

    def _name(self, key, wildcards):
        chance = self.random
        if chance.random() < wildcards:
            return chance.choice(PATTERNS)
        slashes = key.replace(".", "/")
        return chance.choice(
            [key] * 8
            + [slashes] * 4
            + [
                "net." + slashes[4:],
                "net/" + key[4:],
                "/" + slashes,
                "." + key,
                "/proc/sys/" + slashes,
                key.upper(),
                key + ".",
                slashes + "/",
                slashes + "x",
                key.replace(".", "..", 1),
                slashes.replace("/", "//"),
                slashes.replace("/", "/./"),
                "net/core/../" + slashes[4:],
                key.replace(".", ". "),
                "./" + slashes,
            ]
        )

    def _value(self, key):
        chance = self.random
        self.next_value += chance.choice([1, 1, 7])
        number = self.next_value
        if key in ("net.ipv4.tcp_moderate_rcvbuf", "net.ipv4.tcp_tw_reuse"):
            return chance.choice(["0", "1", "2", "1", "0", "-1", "256", "1x", "1 # x", ""])
        words = [
            str(number * (1000 if len(KEYS[key].fields or "") == 3 else 50) + place)
            for place in range(len(KEYS[key].fields or "1"))
        ]
        if chance.random() < 0.2:
            odd = chance.choice(
                [
                    "0x%x" % number,
                    "0%o" % number,
                    "-%d" % number,
                    "%dk" % number,
                    "99999999999",
                    "0",
                    "08",
                    "0x",
                    "%d.5" % number,
                    "\u0661",
                    "+5",
                    "4294967295",
                    "0000000000000000%d" % number,
                    "00000000000000000000%d" % number,
                    "18446744073709551617",
                    "'%d'" % number,
                    "\xa0%d" % number,
                ]
            )
            words[chance.randrange(len(words))] = odd
        value = chance.choice([" ", "\t", "  ", " \t"]).join(words)
        if chance.random() < 0.2:
            value = chance.choice(
                [
                    value + " # why",
                    value + "x",
                    value + " 5",
                    value + "\\",
                    words[0],
                    " ".join(words[:2]),
                    "",
                    value + ",",
                    value + "\u00a0",
                    value + "; a",
                    value + "\v",
                    value + " \x0b5",
                    ",".join(words),
                    '"%s"' % value,
                    value + " = 3",
                    value.replace(" ", "\v"),
                ]
            )
        return value


def plant(tree):
    """Put *tree* into the folders of this root directory, and nothing else."""
    for directory in sysctl_files.DIRECTORIES:
        if os.path.islink(directory):
            os.unlink(directory)
            os.mkdir(directory)
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/etc/sysctl.conf")
    for path, entry in tree.items():
        if isinstance(entry, str):
            if os.path.isdir(path):
                os.rmdir(path)
            os.symlink(entry, path)
        elif isinstance(entry, bytes):
            with open(path, "wb") as stream:
                stream.write(entry)
        else:
            (os.mkfifo if entry is None else os.mkdir)(path)


@contextlib.contextmanager
def ended_fifos(tree):
    """Let who opens a FIFO of *tree* read its end, rather than wait for ever."""
    fifos = [path for path, entry in tree.items() if entry is None]
    stopped = threading.Event()

    def end(path):
        while not stopped.is_set():
            with contextlib.suppress(OSError):  # ENXIO: nobody reads
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            stopped.wait(0.001)

    threads = [threading.Thread(target=end, args=(path,)) for path in fifos]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def said(program, tree_files):
    """Return {key: (writes, what the facts say)} for *program*."""
    if program == "systemd":
        told = sysctl_files.resolve(tree_files, "systemd")
        return {
            key: (writes, told[key])
            for key, (writes, _losers) in sysctl_files.systemd_writes(tree_files, "systemd").items()
        }
    told = sysctl_procps.resolve(tree_files, "4.0")
    return {key: (writes, told[key]) for key, writes in sysctl_procps.procps_writes(tree_files, "4.0").items()}


def held_before(key, texts, before):
    """Return what *key* holds after *texts*, where it held *before*."""
    elements = list(before) if isinstance(before, list) else [before]
    for text in texts:
        numbers = kernel_writes.numbers_taken(key, text)
        elements[: len(numbers)] = numbers
    return elements if isinstance(before, list) else elements[0]


def compare(program, seed):
    """Return sentences on how the real *program* and the collection differ on the tree of *seed*; whether all of it
    could be read.
    """
    tree = Forest(seed).tree()
    plant(tree)
    for key, value in OWN_KEYS.items():
        with open(key_path(key), "w", encoding="utf-8") as stream:
            stream.write(format_value(value))
    tree_files = sysctl_files.SysctlFiles(HostFiles(), OWN_KEYS)
    told = said(program, tree_files)
    with ended_fifos(tree):
        subprocess.run(
            PROGRAMS[program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
    differences = []
    for key, before in OWN_KEYS.items():
        held, _reason = read_running(HostFiles(), key)
        writes, fact = told.get(key, ([], None))
        expected = held_before(key, [one.value for one in writes], before)
        if held != expected:
            differences.append("%s holds %r, expected %r of %r" % (key, held, expected, writes))
        if fact and not isinstance(fact["value"], str) and fact["value"] != held:
            differences.append("%s holds %r, the facts say %r" % (key, held, fact))
        if fact and not any(
            (one.file, one.line) == (sysctl_files.printable(fact["file"]), fact["line"]) or one.file != fact["file"]
            for one in writes
        ):
            differences.append("%s: %r is none of %r" % (key, fact, writes))
    return ["seed %d: %s\n  %.5000r" % (seed, difference, tree) for difference in differences]


def root_directory(folder):
    """Make *folder* a root with the programs of this machine and folders of its own for what they read, and enter it
    in new namespaces.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")

    def mount(*arguments):
        subprocess.run(["mount", *arguments], check=True)

    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "tmpfs", folder)
    for name in ("etc", "run", "proc", "dev", "usr/local/lib/sysctl.d", "etc/sysctl.d", "run/sysctl.d"):
        os.makedirs(os.path.join(folder, name))
    for name in ("bin", "sbin", "lib", "lib64"):
        if os.path.isdir("/usr/" + name):
            os.mkdir(os.path.join(folder, "usr", name))
            mount("--bind", "/usr/" + name, os.path.join(folder, "usr", name))
        if os.path.isdir("/" + name):
            os.symlink("usr/" + name, os.path.join(folder, name))
    mount("-t", "tmpfs", "tmpfs", os.path.join(folder, "usr/lib/sysctl.d"))
    for name in ("proc", "dev"):
        mount("--rbind", "/" + name, os.path.join(folder, name))
    os.chroot(folder)
    os.chdir("/")


def why_not(program):
    """Return why the real *program* cannot be compared on this machine, None where it can."""
    path = PROGRAMS[program][0]
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists(path):
        return "no %s here" % path
    if program == "procps" and b"procps-ng 4." not in subprocess.check_output([path, "--version"]):
        return "%s is not of procps-ng 4" % path
    return None


def run(program, seeds):
    """Compare *program* on the trees of *seeds*, in WORKERS processes with namespaces of their own. Return the list
    of sentences.
    """
    with contextlib.ExitStack() as stack:
        children = [
            started(program, seeds[number::WORKERS], stack.enter_context(tempfile.TemporaryDirectory()))
            for number in range(WORKERS)
        ]
        found = []
        for child, reading in children:
            with os.fdopen(reading) as stream:
                found += [one for one in stream.read().split("\0") if one]
            _child, status = os.waitpid(child, 0)
            found += ["a process that compares ended with status %d" % status] * (status != 0)
    return found


def started(program, seeds, folder):
    """Start a process that compares *program* on the trees of *seeds*, with *folder* as its root. Return its id and
    where to read what it found.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        root_directory(folder)
        with os.fdopen(writing, "w", errors="backslashreplace") as stream:
            for seed in seeds:
                stream.writelines(line + "\0" for line in compare(program, seed))
        status = 0
    except BaseException:  # this process must not go on as the one it was forked from
        traceback.print_exc()
    finally:
        os._exit(status)


def main():
    """Compare all programs of this machine, and print the seed and the differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trees", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    arguments = parser.parse_args()
    print("seed %d, %d trees" % (arguments.seed, arguments.trees), flush=True)
    failed = False
    for program in PROGRAMS:
        reason = why_not(program)
        differences = [] if reason else run(program, range(arguments.seed, arguments.seed + arguments.trees))
        print("%s: %s" % (program, reason or "%d differences" % len(differences)), flush=True)
        print("".join(one + "\n" for one in differences[:20]), end="")
        failed = failed or reason is not None or bool(differences)
    return failed


if __name__ == "__main__":
    sys.exit(main())
