# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets tests and benchmarks change this machine for real and leaves it as it was. Needs root on Linux."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import subprocess
import sys

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import STATE_DIRECTORY
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    format_value,
    key_path,
    read_running,
)

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000  # include/uapi/linux/sched.h
FOLDERS = (pathlib.Path("/etc/sysctl.d"), pathlib.Path(STATE_DIRECTORY))


def why_not():
    """Return why the kernel of this machine cannot be changed for a test, None where it can."""
    if not sys.platform.startswith("linux"):
        return "needs a Linux host"
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists(key_path("net.ipv4.tcp_mem")):
        return "needs the initial network namespace: tcp_mem does not exist here"
    if not os.access(key_path("net.ipv4.tcp_mem"), os.W_OK):
        return "needs a writable /proc/sys"
    return None


def running():
    """Return {key: value} of all managed keys as the kernel has them."""
    return {key: read_running(HostFiles(), key)[0] for key in KEYS}


def write_running(values):
    """Write {key: value} to the kernel."""
    for key, value in values.items():
        with open(key_path(key), "w", encoding="ascii") as stream:
            stream.write(format_value(value))


@contextlib.contextmanager
def private_folders():
    """Give this process, and all it starts, empty copies of the FOLDERS this collection writes to."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    made = [folder for folder in FOLDERS if not folder.exists()]
    for folder in FOLDERS:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(folder)], check=True
        )  # without, everybody could write there
    try:
        yield
    finally:
        for folder in FOLDERS:
            subprocess.run(["umount", str(folder)], check=True)
        for folder in made:
            folder.rmdir()


@contextlib.contextmanager
def private_network():
    """Put this process, and all it starts, into a network namespace of its own: it has values of its own for most
    keys of net.ipv4.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        yield
    finally:
        libc.setns(before, CLONE_NEWNET)
        os.close(before)


@contextlib.contextmanager
def put_back():
    """Yield the running values; put them back and empty the private folders afterwards."""
    before = running()
    try:
        yield before
    finally:
        after = running()
        write_running({key: value for key, value in before.items() if value != after[key]})
        for folder in FOLDERS:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
