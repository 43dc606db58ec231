# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing a file so that at every instant either the whole old or the whole new one is there."""

import errno
import os

SELINUX_CONTEXT = "security.selinux"
# Hidden and not ending in .conf: should a kill leave one behind, systemd-sysctl and procps pass it over.
TEMPORARY_PREFIX = ".ansible-"


def write_atomically(path, text, mode=0o644):
    """Replace the file *path* with *text*.

    Raises OSError; then the old file, or none, is still there, unless only
    the directory could not be written to disk in the end.

    A symbolic link stays and its target is replaced. Owner, mode and SELinux context of an existing file are kept; a new
    one gets *mode* and what its directory gives.
    """
    path = os.path.realpath(path)
    directory = os.path.dirname(path)
    # Not tempfile: its import costs a host more than all of this work.
    temporary = "%s/%s%s.%d" % (directory, TEMPORARY_PREFIX, os.path.basename(path), os.getpid())
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode("utf-8", "surrogateescape"))
                stream.flush()
                _take_over_attributes(path, stream.fileno(), mode)
                os.fsync(stream.fileno())
            os.rename(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        _sync_directory(directory)
    except OSError as error:  # which would name the temporary file
        raise OSError(error.errno, os.strerror(error.errno), path) from error


def remove(path):
    """Remove the file *path* (a symbolic link itself, not its target); absent is well. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    _sync_directory(os.path.dirname(path))


def remove_leftovers(path):
    """Remove the temporary files that a killed run left beside *path*, where that is possible. The caller holds the lock."""
    path = os.path.realpath(path)
    directory, name = os.path.split(path)
    if os.path.isdir(directory):
        for other in os.listdir(directory):
            if other.startswith(TEMPORARY_PREFIX + name + "."):
                try:
                    os.unlink(os.path.join(directory, other))
                except OSError:  # such as a read-only file system: nobody reads them
                    pass


def _take_over_attributes(path, handle, mode):
    """Give the open file *handle* the owner, mode and SELinux context of *path*, or *mode* where there is none."""
    try:
        old = os.stat(path)
    except FileNotFoundError:
        os.fchmod(handle, mode)
        return
    os.fchown(handle, old.st_uid, old.st_gid)
    os.fchmod(handle, old.st_mode & 0o7777)
    try:
        os.setxattr(handle, SELINUX_CONTEXT, os.getxattr(path, SELINUX_CONTEXT))
    except OSError as error:
        if error.errno not in (errno.ENODATA, errno.ENOTSUP):
            raise


def _sync_directory(directory):
    """Make a rename or removal in *directory* survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
