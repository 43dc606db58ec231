# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory that keeps what is saved of a host, and the lock in it: one run at a time changes sysctl.d files."""

import errno
import fcntl
import os
import stat

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import (
    make_directory,
    missing_directories,
    own_path,
    remove_directory,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    EDITED,
    SAVED,
    STATE_DIRECTORY,
    UNUSABLE,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse

LOCK = "lock"
OTHER_REMEDY = "Find out why, and run again."
# A directory that is made here goes again with the last that is saved in it, and no kill may make that forgotten. So it
# is made with the sticky bit, which means nothing where only root can write, and loses that when its lock has got the
# mark.
UNMARKED, MODE, MARKED_LOCK = 0o1700, 0o700, 0o700
ATTEMPTS = 100  # to take the lock, each after another run has removed it


def is_state_directory(files):
    """Return whether the state directory of the host of *files* (HostFiles) exists.

    Raises SocketMemoryError for one that cannot be trusted or read.
    """
    try:
        # Its own name is no link, those above are root's.
        handle = os.open(own_path(files, STATE_DIRECTORY), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError as error:
        if os.geteuid() == 0:
            raise _refusal("cannot be read: %s" % error.strerror, OTHER_REMEDY) from error
        raise refuse(
            STATE_DIRECTORY,
            "no right to read it as user id %d" % os.geteuid(),
            "root",
            "Run the task with become: true.",
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise _refusal(
                "cannot be written: it is a link or no directory",
                "Move it away: the state before the change is saved there.",
            ) from error
        raise _refusal("cannot be read: %s" % error.strerror, OTHER_REMEDY) from error
    try:
        found = os.fstat(handle)
    except OSError as error:
        raise _refusal("cannot be read: %s" % error.strerror, OTHER_REMEDY) from error
    finally:
        os.close(handle)
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
        raise _refusal(
            "cannot be trusted: user %d, or others, can write to it (mode %04o)"
            % (found.st_uid, found.st_mode & 0o7777),
            "Look at what is in it, then give it to root with mode 0700, or move it away.",
        )
    return True


def _refusal(why, remedy):
    return SocketMemoryError("%s %s. Nothing was changed. %s" % (STATE_DIRECTORY, why, remedy))


def _not_ours():
    return _refusal(
        "cannot be locked: %s in it is no regular file, another user's, or has a second name" % LOCK,
        "Remove that: nobody here made it.",
    )


class Lock:
    """The lock of the drop-ins of the host of *files* (HostFiles): take() it, do the work, release() it in any case.

    made: the directories of the host, the state directory and above, that were made for it.
    """

    def __init__(self, files):
        self.files = files
        self.made = []
        self._directory = own_path(files, STATE_DIRECTORY)
        self._path = os.path.join(self._directory, LOCK)
        self._handle = None
        self._stays = []  # what this run made and may not remove, because it does not hold the lock

    def take(self):
        """Take the lock. Raises SocketMemoryError where another run holds it, or where it cannot be taken."""
        for _attempt in range(ATTEMPTS):
            try:
                if self._attempt():
                    return
            except FileNotFoundError:  # another run removed what was there
                continue
            except OSError as error:
                raise _refusal(
                    "cannot be written: %s" % error.strerror,
                    "Make it writable: the state before the change is saved there.",
                ) from error
        raise _refusal("was removed each time before it was locked", "Run again.")

    def _attempt(self):
        """Return whether the lock is taken; not where another run has just removed it."""
        for one in missing_directories(self.files, STATE_DIRECTORY):
            try:
                self.made.append(one)
                make_directory(own_path(self.files, one), UNMARKED if one == STATE_DIRECTORY else 0o755)
            except FileExistsError:  # another run was faster
                self.made.remove(one)
        if not is_state_directory(self.files):
            return False
        handle = self._open()
        try:
            if self._is_locked(handle):
                self._handle = handle
        finally:
            if self._handle is None:
                os.close(handle)
        if self._handle is None:
            return False
        if os.stat(self._directory).st_mode & stat.S_ISVTX:
            os.fchmod(handle, MARKED_LOCK)
            os.chmod(self._directory, MODE)
        os.ftruncate(handle, 0)
        os.write(handle, b"%d\n" % os.getpid())
        return True

    def _open(self):
        """Return the lock file, opened; no link is followed, nothing of it changed."""
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            handle = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o600)
            self._stays = [self._path]
            return handle
        except FileExistsError:
            pass
        try:
            return os.open(self._path, flags)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
                raise
            raise _not_ours() from error

    def _is_locked(self, handle):
        """Return whether the open file *handle* could be locked and is the lock still. Raises SocketMemoryError."""
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, os.geteuid()) or found.st_nlink > 1:
            raise _not_ours()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
            self._stays = []
            raise SocketMemoryError(
                "Another run (process %s) is changing the sysctl.d files of this host. Nothing was "
                "changed. Run again when it has ended." % holder
            ) from error
        except OSError as error:
            raise _refusal("cannot be locked: %s" % error.strerror, OTHER_REMEDY) from error
        now = os.lstat(self._path)
        return (now.st_dev, now.st_ino) == (found.st_dev, found.st_ino)

    def release(self, made=()):
        """Give the lock back, and remove it where nothing is kept for any drop-in.

        With it goes the state directory, if it was made here, and those of *made* above it.
        Returns sentences about what stays.
        """
        try:
            if self._handle is not None and not self._is_needed():
                is_ours = os.fstat(self._handle).st_mode & stat.S_IXUSR
                os.unlink(self._path)
                self._stays = []
                if is_ours:
                    remove_directory(self._directory)
            for one in sorted(set(self.made).union(made), reverse=True):
                remove_directory(own_path(self.files, one))
            return ["%s stays." % one for one in self._stays if self._handle is None]
        except OSError as error:
            return ["%s could not be removed: %s." % (error.filename or self._directory, error.strerror)]
        finally:
            if self._handle is not None:
                try:
                    os.close(self._handle)
                except OSError:  # it is closed all the same
                    pass

    def _is_needed(self):
        """Return whether something is kept for a drop-in. Raises OSError."""
        return any(name.rpartition(".")[2] in (SAVED, EDITED, UNUSABLE) for name in os.listdir(self._directory))
