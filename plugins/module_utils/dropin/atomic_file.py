# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing a file so that at every instant either the whole old or the whole new one is there.

Besides, making and removing the directories around it, and removing it. files is a HostFiles, where it is a parameter.
No function here follows a symbolic link at the end of a path: give the target where that is meant.
"""

import errno
import os

# Hidden and not ending in .conf: should a kill leave one behind, systemd-sysctl and procps pass it over.
TEMPORARY_PREFIX = ".ansible-"
SELINUX_CONTEXT = "security.selinux"  # asked for by name too: not every file system lists it
ACCESS_LIST = "system.posix_acl_access"
# The kernel makes these from the content (security/integrity), so those of the old file are wrong for the new one.
OF_THE_CONTENT = ("security.ima", "security.evm")
NOT_HELD = (errno.ENODATA, errno.ENOTSUP)  # what a file or a file system says that has no such extended attribute
ABSENT_ERRORS = (FileNotFoundError, NotADirectoryError)
# Characters. Such files have a few thousand; several of them are in what is saved, and that is read on each run.
MAXIMUM_TEXT = 128 * 1024


class Attributes:
    """Owner, group and mode of a file, and its extended attributes by name."""

    def __init__(self, user, group, mode, extended):
        self.user = user
        self.group = group
        self.mode = mode
        self.extended = extended


def attributes_of(path):
    """Return the Attributes of the file *path* that can be kept, None where there is none. Raises OSError."""
    try:
        found = os.lstat(path)
    except ABSENT_ERRORS:
        return None
    extended = {}
    for name in sorted({SELINUX_CONTEXT}.union(_unless_not_held(os.listxattr, path) or ()) - set(OF_THE_CONTENT)):
        value = _unless_not_held(os.getxattr, path, name)
        if value is not None:
            extended[name] = value
    return Attributes(found.st_uid, found.st_gid, found.st_mode & 0o7777, extended)


def _unless_not_held(function, *arguments):
    """Return what *function* returns, None where there are no such extended attributes. Raises any other OSError."""
    try:
        return function(*arguments)
    except OSError as error:
        if error.errno not in NOT_HELD:
            raise
        return None


def temporary_path(path):
    """Return where the new text of the file *path* is written first."""
    # Not tempfile: its import costs a host more than all of this work.
    return "%s/%s%s.%d" % (os.path.dirname(path), TEMPORARY_PREFIX, os.path.basename(path), os.getpid())


def write_atomically(path, text, mode=0o644, attributes=None):
    """Replace the file *path* with *text* and give it *attributes*; without, *mode* and what its directory gives.

    Raises OSError; then the old file, or none, is still there, unless only the directory could not be written to disk
    in the end.
    """
    temporary = temporary_path(path)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                data = text.encode("utf-8", "surrogateescape")
                while data:
                    data = data[os.write(handle, data) :]
                if attributes is None:
                    os.fchmod(handle, mode)
                else:
                    _give(handle, attributes)
                os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(temporary, path)
        except BaseException:
            try:
                os.unlink(temporary)
            except OSError:  # putting things back tries it again
                pass
            raise
        sync_directory(os.path.dirname(path))
    except OSError as error:  # which would name the temporary file
        raise OSError(error.errno, error.strerror, path) from error


def _give(handle, attributes):
    """Give the open file *handle* these *attributes*."""
    os.fchown(handle, attributes.user, attributes.group)
    if ACCESS_LIST not in attributes.extended:  # then it must not have the one that its directory gave it
        _unless_not_held(os.removexattr, handle, ACCESS_LIST)
    # With an access list, the mode's bits of the group are its mask (acl(5)): until the list is there, they would let
    # the group in.
    os.fchmod(handle, attributes.mode & ~0o070 if ACCESS_LIST in attributes.extended else attributes.mode)
    for name, value in sorted(attributes.extended.items()):
        _unless_not_held(os.setxattr, handle, name, value)


def remove(path):
    """Remove the file *path*; an absent one is no error. Raises OSError."""
    if not is_there(path):  # a read-only file system refuses to remove even what is not there
        return
    try:
        os.unlink(path)
    except ABSENT_ERRORS:
        return
    sync_directory(os.path.dirname(path))


def is_there(path):
    """Return whether there is something at *path*, be it a dangling link. Raises OSError where that cannot be read."""
    try:
        os.lstat(path)
        return True
    except ABSENT_ERRORS:
        return False


def remove_leftovers(path):
    """Remove the temporary files that a killed run left beside *path*, where that is possible.

    The caller holds the lock. Raises OSError where the directory cannot be listed.
    """
    directory, name = os.path.split(path)
    try:
        others = os.listdir(directory)
    except ABSENT_ERRORS:
        return
    for other in others:
        if other.startswith(TEMPORARY_PREFIX + name + "."):
            try:
                os.unlink(os.path.join(directory, other))
            except OSError:  # such as a read-only file system: nobody reads them
                pass


def own_path(files, path):
    """Return the path on this machine for *path* of the host: of what has that name, not where a link there leads."""
    return os.path.join(files.local_path(os.path.dirname(path)), os.path.basename(path))


def directories_above(path):
    """Return the directories above *path*, the innermost first, without the root directory."""
    above = os.path.dirname(path)
    return [] if above == "/" else [above] + directories_above(above)


def missing_directories(files, path):
    """Return which of the directory *path* of the host and those above it do not exist, the outermost first.

    Raises OSError.
    """
    missing = []
    for one in [path] + directories_above(path):
        if is_there(own_path(files, one)):
            break
        missing.insert(0, one)
    return missing


def make_directory(path, mode=0o755):
    """Make the directory *path* with this *mode*, whatever the umask, so that it survives a power cut.

    Raises OSError; then there is none, if that could be helped.
    """
    os.mkdir(path, mode)
    try:
        os.chmod(path, mode)
        sync_directory(os.path.dirname(path))
    except BaseException:
        remove_directory(path)
        raise


def remove_directory(path):
    """Remove the directory *path* if it is empty; absent or in use, it is left alone. Raises OSError."""
    if not is_there(path):
        return
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
            raise


def sync_directory(directory):
    """Make what was made, renamed or removed in *directory* survive a power cut. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_text(value):
    """Return whether *value* is what a file here can hold: text of at most MAXIMUM_TEXT characters that becomes
    bytes, and then the same text again.
    """
    try:
        return (
            isinstance(value, str)
            and len(value) <= MAXIMUM_TEXT
            and value.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == value
        )
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
