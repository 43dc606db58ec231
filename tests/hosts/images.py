# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root file systems for test hosts, made of Debian packages and cached. Two kinds, of one tree:

debian   Debian 12 as it is, with its Python 3.11
el8      the same dressed as Oracle Linux 8: its release files, and Python 3.6 as /usr/libexec/platform-python, the only
         Python there, where this machine has one to copy; else Debian's
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

CACHE = pathlib.Path(__file__).resolve().parents[2] / ".cache" / "hosts"
KINDS = ("el8", "debian")
SUITE = "bookworm"
PACKAGES = ("dbus", "iproute2", "openssh-server", "procps", "python3", "sudo", "systemd-sysv", "udev")
# They would only make hosts slower to start, or look for a network that is not there.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "systemd-timesyncd.service",
)
EL8_RELEASE = "Oracle Linux Server release 8.10\n"
EL8_FILES = {
    "etc/os-release": 'NAME="Oracle Linux Server"\nVERSION="8.10"\nID="ol"\nID_LIKE="fedora"\nVERSION_ID="8.10"\n'
    'PLATFORM_ID="platform:el8"\nPRETTY_NAME="Oracle Linux Server 8.10"\n',
    "etc/oracle-release": EL8_RELEASE,
    "etc/redhat-release": EL8_RELEASE,
}
# The host's name and address stand on the kernel's command line, so that all hosts start from one disk.
NETWORK_SCRIPT = """#!/bin/sh
for word in $(cat /proc/cmdline); do
    case $word in
    fleet_name=*) hostname "${word#*=}" ;;
    fleet_address=*) ip link set lo up; ip link set vec0 up; ip address replace "${word#*=}" dev vec0 ;;
    esac
done
"""
NETWORK_UNIT = """[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/fleet-network
[Install]
WantedBy=sysinit.target
"""
FREE_SPACE = 3 * 1024**3  # bytes that building and running takes, generously
DISK_SIZE = "1200M"  # sparse
NEEDED = {"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "ssh-keygen": "openssh-client"}


class HostError(Exception):
    """What keeps test hosts from being made or started, and the way out."""


def require(programs):
    """Raise HostError unless this is root, all *programs* {program: Debian package} are here and the disk has room."""
    if os.geteuid() != 0:
        raise HostError("Test hosts need root: they are made of mounts, namespaces and devices. Run this with sudo.")
    missing = sorted({package for program, package in programs.items() if not shutil.which(program)})
    if missing:
        raise HostError("Missing here: %s. On Debian: apt-get install %s" % (", ".join(missing), " ".join(missing)))
    CACHE.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(CACHE).free
    if free < FREE_SPACE:
        raise HostError(
            "%s has %d MiB free, test hosts need %d MiB. Make room and run again."
            % (CACHE, free >> 20, FREE_SPACE >> 20)
        )


def run(*command, **options):
    """Run *command*. Raises HostError with what it said where it fails."""
    process = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options
    )
    if process.returncode:
        raise HostError(
            "%s failed: %s" % (" ".join(map(str, command)), process.stdout.decode("utf-8", "replace").strip()[-2000:])
        )
    return process.stdout.decode("utf-8", "replace")


def archive(kind):
    """Return the path of the tar archive of *kind*, made where it is not cached."""
    return _cached("%s-%s.tar" % (kind, _recipe()), lambda path: _dress(kind, path))


def disk(kind):
    """Return the path of an ext4 file system of *kind*, made where it is not cached."""

    def make(path):
        with _unpacked(archive(kind)) as tree:
            run("mke2fs", "-q", "-t", "ext4", "-d", tree, path, DISK_SIZE)

    return _cached("%s-%s.ext4" % (kind, _recipe()), make)


def private_key():
    """Return the path of the SSH key that every host lets in."""
    return _cached(
        "key", lambda path: run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test hosts", "-f", path)
    )


@functools.lru_cache(maxsize=None)
def python36():
    """Return the prefix of a Python 3.6 on this machine, or None."""
    found = shutil.which("python3.6")
    candidates = [pathlib.Path(found).resolve()] if found else []
    candidates += pathlib.Path.home().glob(".pyenv/versions/3.6.*/bin/python3.6")
    for candidate in candidates:
        # What is found may be a shim that stands for a version that is not there.
        prefix = subprocess.run(
            [str(candidate), "-I", "-c", "import sys; print(sys.prefix)"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if prefix.returncode == 0:
            return pathlib.Path(prefix.stdout.decode().strip())
    return None


def _recipe():
    """Return a name for what this file and the Python 3.6 here make, so that a change makes them again."""
    text = pathlib.Path(__file__).read_bytes() + str(python36()).encode()
    return hashlib.sha256(text).hexdigest()[:12]


def _cached(name, make):
    """Return CACHE/name; *make*(path) makes it under another name first, so that a half-made one is never taken for
    it.
    """
    path = CACHE / name
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = CACHE / (name + ".partial")
        for old in CACHE.glob(name + ".partial*"):
            old.unlink()
        make(str(partial))
        for made in CACHE.glob(name + ".partial*"):  # ssh-keygen makes two
            made.rename(CACHE / made.name.replace(".partial", ""))
    return path


@contextlib.contextmanager
def _unpacked(path):
    """Yield a folder with the contents of the archive *path*."""
    folder = CACHE / (path.name + ".tree")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        run("tar", "-xf", path, "-C", folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _base():
    """Return the archive both kinds are made from."""

    def make(path):
        print("making a Debian tree, about half a minute", file=sys.stderr)
        run(
            "mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", "--include=" + ",".join(PACKAGES), SUITE, path
        )

    return _cached("base-%s.tar" % hashlib.sha256(repr((SUITE, PACKAGES)).encode()).hexdigest()[:12], make)


def _dress(kind, path):
    """Write the archive of *kind* to *path*."""
    with _unpacked(_base()) as tree:
        for folder in ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/lib/apt/lists", "var/cache/apt"):
            shutil.rmtree(tree / folder, ignore_errors=True)
        script = tree / "usr/local/sbin/fleet-network"
        script.write_text(NETWORK_SCRIPT)
        script.chmod(0o755)
        (tree / "etc/systemd/system/fleet-network.service").write_text(NETWORK_UNIT)
        keys = tree / "root/.ssh"
        keys.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(str(private_key()) + ".pub", keys / "authorized_keys")
        run("chroot", tree, "systemctl", "enable", "fleet-network.service", "ssh.service")
        run("chroot", tree, "systemctl", "mask", *MASKED)
        if kind == "el8":
            _dress_as_el8(tree)
        run("tar", "-cf", path, "-C", tree, "--sort=name", ".")


def _dress_as_el8(tree):
    """Make *tree* look like Oracle Linux 8 to Ansible."""
    for name in ("etc/os-release", "usr/lib/os-release", "etc/debian_version"):
        with contextlib.suppress(FileNotFoundError):
            (tree / name).unlink()
    for name, text in EL8_FILES.items():
        (tree / name).write_text(text)
    python = tree / "usr/libexec/platform-python"
    python.parent.mkdir(exist_ok=True)
    prefix = python36()
    if prefix is None:
        python.symlink_to("/usr/bin/python3")
        return
    # Its libraries are found by the absolute path it was built for.
    target = tree / str(prefix).lstrip("/")
    shutil.copytree(
        prefix, target, symlinks=True, ignore=shutil.ignore_patterns("test", "__pycache__", "*.a", "site-packages")
    )
    for folder in target.relative_to(tree).parents:  # it may come from a home directory; on the host everybody uses it
        (tree / folder).chmod((tree / folder).stat().st_mode | 0o111)
    python.symlink_to(prefix / "bin" / "python3.6")
    for pattern in ("usr/bin/python3*", "usr/lib/python3*"):
        for path in tree.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
