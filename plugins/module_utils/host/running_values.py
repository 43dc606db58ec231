# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running values of the keys of a drop-in: read, tried whether they can be written, and written."""

import errno
import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ABSENT,
    format_value,
    key_path,
)

NO_SUCH_KEY = "this kernel or network namespace has no such key"
READ_ONLY = "read-only here"
# What the kernel says of keys that this network namespace, this mount of /proc/sys, or this kind of key lets nobody
# read or write: measured in network and user namespaces, and below a read-only /proc/sys (6.18). Other errors pass.
REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS)


def why_not_writable(files, key):
    """Return why not even root may write *key* on the host of *files* (HostFiles), None where it may.

    Raises OSError where that is not known. To open a key changes nothing (fs/proc/proc_sysctl.c proc_sys_open). Not by
    access(2), of which Python hides the error.
    """
    try:
        os.close(os.open(files.local_path(key_path(key)), os.O_WRONLY | os.O_CLOEXEC))
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        return READ_ONLY
    return None


def write_running(files, key, value):
    """Write *value* to the kernel in one write(). Raises OSError where it is refused."""
    handle = os.open(files.local_path(key_path(key)), os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        # A value from before may hold bytes that no text of ours has, such as a path.
        os.write(handle, (format_value(value) + "\n").encode("utf-8", "surrogateescape"))
    finally:
        os.close(handle)


def why_absent(reason):
    """Return the reason of read_running as a sentence."""
    return NO_SUCH_KEY if reason == ABSENT else reason
