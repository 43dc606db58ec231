# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has done so far, and taking it back: the host is as before afterwards, or it is known what is not."""

import errno
import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import boot_values
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import (
    directories_above,
    own_path,
    remove,
    remove_directory,
    temporary_path,
    write_atomically,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    EDITED,
    SAVED,
    UNUSABLE,
    read_saved_state,
    save,
    state_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.running_values import write_running
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ABSENT,
    format_value,
    read_running,
)

VANISHED = "it vanished after it was read"
# What to do about an error that the kernel answers a write with.
REMEDIES = {errno.EINVAL: "Correct the value.", errno.ERANGE: "Correct the value.", errno.ENOENT: "Run again."}
OTHER_REMEDY = "Remove the key, or find out what keeps root from it."
ROUNDS = 2  # of putting back: what hinders it for a moment does not hinder the next one


class Progress:
    """What a run for *plan* (Plan) on the host of *files* (HostFiles) has done so far.

    saved_path, copy_path, unusable_path: of what the state directory keeps, on this machine. attributes: of the file
    before, None where there was none. copy_before: what the copy of an earlier edit said, None where there was none.
    begun: the paths of all files whose writing was begun. tried: the settings that were written to the kernel.
    made: the directories that were made. discarded: whether the saved state was moved away.
    """

    def __init__(self, files, plan):
        self.files = files
        self.plan = plan
        self.saved_path, self.copy_path, self.unusable_path = (
            own_path(files, state_path(plan.path, suffix)) for suffix in (SAVED, EDITED, UNUSABLE)
        )
        self.attributes = self.copy_before = None
        self.begun, self.tried, self.made = [], [], []
        self.discarded = False

    def write_file(self, text):
        """Put *text* where the drop-in is; None removes it. A link to it stays. Raises OSError."""
        self.begun.append(self.plan.target)
        if text is None:
            remove(self.plan.target)
        else:
            write_atomically(self.plan.target, text, attributes=self.attributes)

    def write_copy(self, text):
        """Put *text* where copies of edits are; None removes it. Raises OSError."""
        self.begun.append(self.copy_path)
        if text is None:
            remove(self.copy_path)
        else:
            write_atomically(self.copy_path, text, 0o600)

    def save(self, saved):
        """Save *saved*; None removes what is saved. Raises OSError, and SocketMemoryError."""
        self.begun.append(self.saved_path)
        save(self.files, self.plan.path, saved)


def restore(progress):
    """Bring file, running values and what is saved back to the start.

    Returns sentences about what could not be, none when all is as before. It never ends half-way: whatever happens to
    one of them, the others are put back all the same.
    """
    plan = progress.plan
    _remove_temporary_files(progress)  # there is one name for each file
    steps = [
        (setting.key, lambda setting=setting: _put_back_value(progress, setting))
        for setting in plan.settings
        if _is_touched(progress, setting)
    ]
    problems = attempt(steps + [(plan.path, lambda: _put_back_file(progress))])
    attempt([("the words", lambda: _tell(progress))])
    if not problems:  # else what is saved leads back still
        made = progress.made + (plan.releases if plan.saved_back is None else [])
        problems = attempt(
            [
                (state_path(plan.path), lambda: _put_back_saved(progress)),
                (state_path(plan.path, EDITED), lambda: _put_back_copy(progress)),
            ]
            + removing(progress, made)
        )
    return problems + _remove_temporary_files(progress)


def attempt(steps):
    """Do all *steps*, pairs of a name and a function, and those that failed once more.

    Returns a sentence for each that failed again.
    """
    problems = []
    for _round in range(ROUNDS):
        failed, problems = [], []
        for name, step in steps:
            try:
                step()
            except BaseException as error:  # whatever it is, the others must not suffer
                failed.append((name, step))
                ours = isinstance(error, SocketMemoryError)
                problems.append(str(error).rstrip(".") if ours else "%s: %s" % (name, cause_of(error)))
        steps = failed
    return problems


def removing(progress, made):
    """Return the steps that remove those of the directories *made* that are above the drop-in, where they are empty."""
    return [
        (one, lambda one=one: remove_directory(own_path(progress.files, one)))
        for one in directories_above(progress.plan.path)
        if one in made
    ]


def cause_of(error):
    """Return what *error*, which is no SocketMemoryError, says."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "unexpected %s: %s" % (type(error).__name__, error)


def refused(setting, value, error):
    """Return the sentence about a write of *value* to the kernel that ended with the OSError *error*."""
    what = "the kernel refused %s (%s)" % (format_value(value), error.strerror)
    return "%s: %s, it ran with %s. %s" % (
        setting.key,
        VANISHED if error.errno == errno.ENOENT else what,
        format_value(setting.runtime_before),
        REMEDIES.get(error.errno, OTHER_REMEDY),
    )


def _goal(progress, setting):
    """Return the value that *setting* shall have again."""
    return progress.plan.back_to["runtime"].get(setting.key, setting.runtime_before)


def _is_touched(progress, setting):
    """Return whether *setting* may have another value than it shall have again."""
    differs = progress.plan.runtime and _goal(progress, setting) != setting.runtime_before
    return setting in progress.tried or differs


def _put_back_value(progress, setting):
    """Bring the running value back. Every value tried is checked, the refused ones first of all.

    Of a vector the kernel may have taken the elements before the one it refused (kernel/sysctl.c
    do_proc_doulongvec_minmax writes element by element).
    """
    files, goal, refusal = progress.files, _goal(progress, setting), None
    running, reason = read_running(files, setting.key)
    if running != goal and reason != ABSENT:
        try:
            write_running(files, setting.key, goal)
        except OSError as error:
            refusal = refused(setting, goal, error)
        running, reason = read_running(files, setting.key)
    setting.runtime_after = running
    if running != goal and reason != ABSENT:
        found = reason if running is None else "runs with %s" % format_value(running)
        raise SocketMemoryError(refusal or "%s: %s, before it was %s" % (setting.key, found, format_value(goal)))


def _put_back_file(progress):
    """Put the file back, unless it is there still: a read-only file system keeps it as well."""
    plan, text = progress.plan, progress.plan.back_to["file"]
    if plan.target not in progress.begun and text == plan.text_before:
        return
    try:
        if progress.files.read_if_present(plan.path) == text:
            return
    except OSError:  # then it is written in any case
        pass
    progress.write_file(text)


def _put_back_saved(progress):
    """Put what was saved back, unless it is there still."""
    plan = progress.plan
    if progress.discarded:
        remove(progress.saved_path)
        os.rename(progress.unusable_path, progress.saved_path)
        progress.discarded = False
    if plan.discards or progress.saved_path not in progress.begun and plan.saved_back == plan.saved_before:
        return
    try:
        if read_saved_state(progress.files, plan.path) == (plan.saved_back, None):
            return
    except OSError:
        pass
    progress.save(plan.saved_back)


def _put_back_copy(progress):
    """Put the copy of an earlier edit back."""
    if progress.copy_path in progress.begun:
        copy = progress.files.read_if_present(state_path(progress.plan.path, EDITED))
        if copy != progress.copy_before:
            progress.write_copy(progress.copy_before)


def _remove_temporary_files(progress):
    """Remove what could not be removed when its writing failed. Returns sentences as restore() does."""
    temporary = sorted({temporary_path(path) for path in progress.begun})
    return attempt([(path, lambda path=path: remove(path)) for path in temporary])


def _tell(progress):
    """Bring what is told of the keys up to what was put back."""
    settings = progress.plan.settings
    for setting in settings:
        if setting.status in ("applied", "restored"):
            setting.status, setting.reason = "restored", "taken back because another key failed"
    boot, _problems = boot_values(progress.files, [setting.key for setting in settings])
    for setting in settings:
        setting.boot_after = boot.get(setting.key, {}).get("value")
