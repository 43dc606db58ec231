# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run reads of the host before it plans: the file and what is saved, then what the keys are and will be.

Nothing is changed here, and what cannot be read is not taken for absent: it ends the run before it touches anything.
"""

import errno
import os
import stat

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.shadowing import (
    files_that_hide,
    path_that_wins,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import boot_values
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import (
    ABSENT_ERRORS,
    missing_directories,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.lock import is_state_directory
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    read_saved_state,
    state_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import MAXIMUM_LINKS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.reading import HostReading
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.running_values import (
    REFUSALS,
    why_not_writable,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ABSENT,
    RESERVE,
    format_value,
    key_path,
    running_value,
)

BOOT_ID = "/proc/sys/kernel/random/boot_id"  # drivers/char/random.c: each boot has another


class FoundFile:
    """The drop-in as it is found.

    path: its name on the host. target: the path on this machine of the file itself. text: what it says, None where
    there is none. names: how many names it has (hard links). missing: the directories above it that do not exist, the
    outermost first. made: those that this run has made for its lock. boot: what tells this boot from others.
    saved, unusable: as read_saved_state returns them.
    """

    def __init__(
        self, path, target=None, text=None, names=1, missing=(), made=(), boot="unknown", saved=None, unusable=None
    ):
        self.path = path
        self.target = target
        self.text = text
        self.names = names
        self.missing, self.made = list(missing), list(made)
        self.boot = boot
        self.saved = saved
        self.unusable = unusable


class FoundKeys:
    """What the keys of a drop-in are on the host, and will be after its next boot.

    running: {key: value}. unavailable: {key: reason} of those that this kernel or namespace does not have (ABSENT) or
    lets nobody read. read_only: {key: reason}. unreadable: {key: sentence}, errors.
    boot_before, boot_after: as boot_values returns them, with the file as it is and with the new text. problems:
    sentences about sysctl.d files. losing: {key: (file, reason)} of those that another file takes at boot; better: a
    path under which none would, or None.
    page_size, memory_total, memory_usable (bytes), error_bound (pages): what lint needs. doubts: sentences about that,
    unmeasured: those about errors.
    """

    def __init__(self):
        self.running, self.unavailable, self.read_only, self.unreadable = {}, {}, {}, {}
        self.boot_before, self.boot_after, self.problems = {}, {}, []
        self.losing, self.better = {}, None
        self.page_size = self.memory_total = self.memory_usable = None
        self.error_bound, self.doubts, self.unmeasured = 0, [], []


def target_of(files, path):
    """Return the path on this machine of the file that *path* of the host is: what a link there leads to, or would.

    Raises OSError. Not by os.path.realpath, which takes what it cannot look at for no link.
    """
    local = files.local_path(path)
    for _link in range(MAXIMUM_LINKS):
        try:
            if not stat.S_ISLNK(os.lstat(local).st_mode):
                return local
        except ABSENT_ERRORS:
            return local
        local = os.path.join(os.path.dirname(local), os.readlink(local))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def find_file(files, path, made=()):
    """Return the FoundFile of the drop-in *path* on the host of *files*. made: see there.

    Raises SocketMemoryError for what must not be replaced, or cannot be read.
    """
    directory = os.path.dirname(path)
    try:
        target = target_of(files, path)
        if os.path.realpath(target) in (os.devnull, os.path.realpath(files.local_path(os.devnull))):
            raise refuse(
                path,
                "a link to /dev/null, which masks the file",
                "a file or nothing",
                "Remove the link, or choose another name.",
            )
        text = files.read_if_present(path)
        names = os.stat(target).st_nlink if text is not None else 1
        missing = missing_directories(files, directory)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        files.names(directory)
    except OSError as error:  # then it is not known who else sets the keys
        raise SocketMemoryError(
            "%s cannot be listed: %s. Nothing was changed." % (directory, error.strerror)
        ) from error
    saved, unusable = _read_saved(files, path)
    try:
        boot = (files.read_if_present(BOOT_ID) or "unknown").strip()
    except OSError as error:
        raise _unreadable(BOOT_ID, error) from error
    return FoundFile(path, target, text, names, missing, made, boot, saved, unusable)


def _unreadable(path, error):
    """Return the SocketMemoryError of *path*, which cannot be read by the OSError *error*."""
    return SocketMemoryError("%s cannot be read: %s. Nothing was changed." % (path, error.strerror))


def _read_saved(files, path):
    """Return what read_saved_state does. Raises SocketMemoryError where that cannot be read."""
    try:
        return read_saved_state(files, path) if is_state_directory(files) else (None, None)
    except OSError as error:
        if isinstance(error, PermissionError) and os.geteuid() != 0:
            raise refuse(
                path,
                "no right to read the saved state as user id %d" % os.geteuid(),
                "root",
                "Run the task with become: true.",
            ) from error
        raise SocketMemoryError(
            "The saved state %s cannot be used: it cannot be read: %s. Nothing was changed. "
            "Run again when it can." % (state_path(path), error.strerror)
        ) from error


def find_keys(files, found, text, wanted, desired, runtime):
    """Return the FoundKeys of *wanted*.

    found: FoundFile. text: what the file shall say, None for no file. wanted: {key: value} of all keys concerned.
    desired: those of a content, for which is read what lint needs and who else sets them; none for a way back.
    runtime: whether running values are to be written. Raises OSError for sysctl.d files only.
    """
    on_host = FoundKeys()
    on_host.boot_before, on_host.problems = boot_values(files, list(wanted))
    on_host.boot_after = on_host.boot_before
    if text != found.text:
        on_host.boot_after, on_host.problems = boot_values(files, list(wanted), preview={found.path: text})
    for key, value in wanted.items():
        _find_key(files, key, value, runtime, on_host)
    if desired:
        _measure(files, on_host)
        _find_losing(files, found.path, text, desired, on_host)
    return on_host


def _find_key(files, key, wanted, runtime, on_host):
    """Note what *key* runs with, or why that is not known, and whether it could be written if it is not as *wanted*."""
    try:
        value = running_value(files, key)
        if value is None:
            on_host.unavailable[key] = ABSENT
            return
        on_host.running[key] = value
        if runtime and value != wanted and os.geteuid() == 0:  # without root that is not known, and taken for granted
            reason = why_not_writable(files, key)
            if reason:
                on_host.read_only[key] = reason
    except ABSENT_ERRORS:  # it has just vanished
        del on_host.running[key]
        on_host.unavailable[key] = ABSENT
    except OSError as error:
        sentence = "%s cannot be read: %s" % (key_path(key), error.strerror)
        (on_host.unavailable if error.errno in REFUSALS else on_host.unreadable)[key] = sentence
    except SocketMemoryError as error:
        on_host.unreadable[key] = str(error).replace(key + ": ", "", 1)


def _measure(files, on_host):
    """Note what lint has to know of the host."""
    reading = HostReading(files)
    release = reading.kernel()
    on_host.page_size = reading.page_size(None, release)
    on_host.memory_total, on_host.memory_usable = reading.memory_of_host(on_host.page_size)
    try:
        reserve = running_value(files, RESERVE)
    except OSError as error:
        reserve = None
        reading.unreadable[key_path(RESERVE)] = error
    on_host.error_bound = reading.error_bound(release, on_host.page_size, reserve) or 0
    on_host.doubts = reading.warnings
    on_host.unmeasured = [
        "%s cannot be read: %s" % (path, error.strerror)
        for path, error in reading.unreadable.items()
        if error.errno not in REFUSALS
    ]


def _find_losing(files, path, text, desired, on_host):
    """Note which of {key: value} *desired* another file takes at the next boot from the drop-in *path* with *text*."""
    winners = on_host.boot_after
    # Where this file itself wins with another value, the kernel will not take it as it is written: that is for the
    # kernel to say.
    losing = [
        key
        for key, value in desired.items()
        if winners.get(key, {}).get("value") != value and winners.get(key, {}).get("file") != path
    ]
    if not losing:
        return
    taken = files_that_hide(files, [key for key in losing if key not in winners], path, text)
    for key in losing:
        winner = winners.get(key)
        on_host.losing[key] = (
            taken[key]
            if winner is None
            else (
                winner["file"],
                "%s line %d sets %s at the next boot" % (winner["file"], winner["line"], format_value(winner["value"])),
            )
        )
    on_host.better = path_that_wins(files, path, text, desired, [file for file, _reason in on_host.losing.values()])
