# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets system calls of this process fail, by replacing the functions of Python that make them. Python 3.6 syntax."""

import errno
import fcntl
import os

NAMES = (
    "open",
    "read",
    "write",
    "close",
    "fstat",
    "lstat",
    "stat",
    "listdir",
    "scandir",
    "readlink",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
    "chmod",
    "fchmod",
    "fchown",
    "fsync",
    "ftruncate",
    "listxattr",
    "getxattr",
    "setxattr",
    "removexattr",
)
# What Linux may answer, and some that it never does.
ERRORS = tuple(
    getattr(errno, name)
    for name in (
        "EIO",
        "EMFILE",
        "ENFILE",
        "ESTALE",
        "ENOMEM",
        "EINTR",
        "ENOSPC",
        "EDQUOT",
        "EROFS",
        "EBUSY",
        "EAGAIN",
        "ELOOP",
        "ENAMETOOLONG",
        "EFBIG",
        "ETXTBSY",
        "ENOTSUP",
        "ENOLCK",
        "EINVAL",
        "EISDIR",
        "EEXIST",
        "ENOTEMPTY",
        "ENODEV",
        "EACCES",
        "EPERM",
        "ENOENT",
        "ENOTDIR",
        "ENODATA",
    )
)
# Those that say that there is nothing, or that it is not to be had here. A run takes the host at its word.
ANSWERS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.ENODATA, errno.ENOTSUP)


class InjectedErrors:
    """In a with statement each system call asks choose(number, name), which returns the errno that it ends with, or
    None.

    number: of the call, from 0. A call that fails does nothing, but that close() closes, as Linux does. What is written
    below a /proc/sys in a tree replaces what a file there said, as the kernel does it. Nothing waits for a disk. calls:
    the names of the calls that were made.
    """

    def __init__(self, choose):
        self.choose = choose
        self.calls = []
        self._kernel = set()
        self._originals = [(os, name, getattr(os, name)) for name in NAMES] + [(fcntl, "flock", fcntl.flock)]
        self._real = {name: function for _module, name, function in self._originals}

    def __enter__(self):
        for module, name, function in self._originals:
            setattr(module, name, self._failing(name, getattr(self, "_" + name, function)))
        return self

    def __exit__(self, *_error):
        for module, name, function in self._originals:
            setattr(module, name, function)

    def _failing(self, name, function):
        def call(*arguments, **options):
            number = self.choose(len(self.calls), name)
            self.calls.append(name)
            if number:
                if name == "close":
                    function(*arguments)
                path = [one for one in arguments if isinstance(one, str)][:1]
                raise OSError(number, os.strerror(number), *path)
            return function(*arguments, **options)

        return call

    def _open(self, path, flags, *mode, **options):
        in_kernel = isinstance(path, str) and "/proc/sys/" in path
        handle = self._real["open"](path, flags & ~os.O_TRUNC if in_kernel else flags, *mode, **options)
        (self._kernel.add if in_kernel else self._kernel.discard)(handle)
        return handle

    def _fsync(self, handle):
        pass

    def _write(self, handle, data):
        if handle in self._kernel:
            self._real["ftruncate"](handle, 0)
        return self._real["write"](handle, data)


def at(position, number):
    """Return a choose() by which the call *position* ends with the errno *number*."""
    return lambda call, _name: number if call == position else None


def from_on(position, number, *names):
    """Return a choose() by which all calls from *position* on end with the errno *number*; all calls of these
    *names*, where some are given.
    """
    return lambda call, name: number if call >= position and (not names or name in names) else None
