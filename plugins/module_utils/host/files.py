# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading files of one host, live or captured. Every path is a path of that host."""

import errno
import os
import stat

# Larger than any file read here (a /proc/net/protocols is 4 KiB); a runaway file must not fill memory.
MAXIMUM_FILE_SIZE = 4 * 1024 * 1024
MAXIMUM_LINKS = 40  # as MAXSYMLINKS in the kernel's include/linux/namei.h


class HostFiles:
    """The files below *root*: "/" for the live host, a directory for a captured tree such as a sosreport.

    Symbolic links of a captured tree are followed as that host would, never out of the tree.
    """

    def __init__(self, root="/"):
        self.root = os.path.abspath(root)
        self.live = self.root == "/"

    def local_path(self, path):
        """Return the path on this machine for *path* of the host. Raises OSError(ELOOP) on a link loop."""
        if self.live:
            return path
        resolved = []
        pending = [part for part in reversed(path.split("/")) if part]
        links = 0
        while pending:
            part = pending.pop()
            if part == ".":
                continue
            if part == "..":
                del resolved[-1:]
                continue
            here = os.path.join(self.root, *(resolved + [part]))
            if not os.path.islink(here):
                resolved.append(part)
                continue
            links += 1
            if links > MAXIMUM_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink(here)
            if target.startswith("/"):
                resolved = []
            pending.extend(part for part in reversed(target.split("/")) if part)
        return os.path.join(self.root, *resolved)

    def exists(self, path):
        """Return whether *path* exists on the host, links followed."""
        try:
            return os.path.exists(self.local_path(path))
        except OSError:
            return False

    def names(self, path):
        """Return the sorted names in directory *path*; an absent directory has none. Raises OSError otherwise."""
        try:
            return sorted(os.listdir(self.local_path(path)))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return []
            raise

    def read(self, path):
        """Return the text of the regular file *path*. Raises OSError; never blocks on a FIFO.

        Bytes that are not UTF-8 become surrogates (PEP 383), so that the same text can be written back.
        """
        handle = os.open(self.local_path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            chunks = []
            size = 0
            while True:
                chunk = os.read(handle, 65536)
                if not chunk:
                    break
                size += len(chunk)
                if size > MAXIMUM_FILE_SIZE:
                    raise OSError(errno.EFBIG, "larger than %d bytes" % MAXIMUM_FILE_SIZE, path)
                chunks.append(chunk)
        finally:
            os.close(handle)
        return b"".join(chunks).decode("utf-8", "surrogateescape")

    def read_if_present(self, path):
        """Return the text of *path*, or None where it does not exist. Raises OSError for any other reason."""
        try:
            return self.read(path)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise
