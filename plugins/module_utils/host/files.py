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
MAXIMUM_PATH = 4096  # bytes; PATH_MAX in the kernel's include/uapi/linux/limits.h
MAXIMUM_NAMES = 200000  # in one directory; to list these takes 0.1 seconds and 20 MiB


class LeftOut(OSError):
    """Raised instead of reading a file that a Ration has no room for."""


class HostFiles:
    """The files below *root*: "/" for the live host, a directory for a captured tree such as a sosreport.

    Symbolic links of a captured tree are followed as that host would, never out of the tree.
    """

    def __init__(self, root="/"):
        self.root = os.path.abspath(root)
        self.live = self.root == "/"

    def local_path(self, path):
        """Return the path on this machine for *path* of the host.

        Raises OSError: for a link loop, and for a path that no file can have.
        """
        check_path(path)
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
        """Return the sorted names in directory *path*; an absent directory has none.

        Raises OSError for any other reason, also for more than MAXIMUM_NAMES.
        """
        try:
            with os.scandir(self.local_path(path)) as entries:
                names = [entry.name for entry, _number in zip(entries, range(MAXIMUM_NAMES + 1))]
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return []
            raise
        if len(names) > MAXIMUM_NAMES:
            raise OSError(errno.EFBIG, "more than %d names" % MAXIMUM_NAMES, path)
        return sorted(names)

    def folders(self, path, most):
        """Return the sorted names of directories in directory *path*, no more than *most*. Raises OSError.

        A link is no directory.
        """
        found = []
        with os.scandir(self.local_path(path)) as entries:
            for entry, _number in zip(entries, range(MAXIMUM_NAMES)):
                if len(found) == most:
                    break
                if entry.is_dir(follow_symlinks=False):
                    found.append(entry.name)
        return sorted(found)

    def read(self, path, most=None):
        """Return the text of the regular file *path*, of at most *most* bytes or MAXIMUM_FILE_SIZE.

        Raises OSError; never blocks on a FIFO. Bytes that are not UTF-8 become surrogates (PEP 383), so that the same
        text can be written back.
        """
        most = MAXIMUM_FILE_SIZE if most is None else most
        handle = os.open(self.local_path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            chunks = []
            size = 0
            while status.st_size <= most:  # 0 in /proc
                chunk = os.read(handle, 65536)
                if not chunk:
                    break
                size += len(chunk)
                if size > most:
                    break
                chunks.append(chunk)
            if max(size, status.st_size) > most:
                raise OSError(errno.EFBIG, "larger than %d bytes" % most, path)
        finally:
            os.close(handle)
        return b"".join(chunks).decode("utf-8", "surrogateescape")

    def read_if_present(self, path, most=None):
        """Return the text of *path*, or None where it does not exist. Raises OSError for any other reason."""
        try:
            return self.read(path, most)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise


class Ration:
    """Reads *files* (HostFiles): so many of them, and so many bytes altogether, and no more.

    left_out: how many were asked for beyond.
    """

    def __init__(self, files, number, size):
        self.files, self.number, self.size = files, number, size
        self.left_out = 0

    def read(self, path):
        """Return the text of the regular file *path*.

        Raises LeftOut where there is no room for it, OSError where it cannot be read.
        """
        if self.number < 1 or self.size < 1:
            self.left_out += 1
            raise LeftOut(errno.EFBIG, "too many files, or too large ones", path)
        self.number -= 1
        most = min(self.size, MAXIMUM_FILE_SIZE)
        try:
            text = self.files.read(path, most)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            self.size -= most
            if most == MAXIMUM_FILE_SIZE:
                raise
            self.left_out += 1
            raise LeftOut(errno.EFBIG, "too many files, or too large ones", path) from error
        self.size -= len(text)
        return text

    def read_if_present(self, path):
        """Return the text of *path*, or None where it does not exist. Raises as read does."""
        try:
            return self.read(path)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise


def check_path(path):
    """Raise OSError where no file can have *path*, which may be any text of a file of the host.

    Python itself raises ValueError for some of them.
    """
    if len(path) > MAXIMUM_PATH:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:  # a text in UTF-8, where this process runs with another encoding
        encoded = b"\0"
    if b"\0" in encoded:
        raise OSError(errno.EINVAL, "no name that a file can have", path)
