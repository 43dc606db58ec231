# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Doing what was planned: all of it holds afterwards, or the host is as before, or the message says what is not."""

import errno
import os
import stat

from ansible_collections.linux_net.socket_memory.plugins.module_utils.atomic_file import (
    attributes_of,
    directories_above,
    is_there,
    make_directory,
    own_path,
    remove,
    remove_directory,
    temporary_path,
    write_atomically,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin_plan import why_absent
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin_running import write_running
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.saved_state import (
    EDITED,
    SAVED,
    UNUSABLE,
    read_saved_state,
    save,
    state_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_files import boot_values
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import ABSENT, format_value, read_running

VANISHED = "it vanished after it was read"
# What to do about an error that the kernel answers a write with.
REMEDIES = {errno.EINVAL: "Correct the value.", errno.ERANGE: "Correct the value.", errno.ENOENT: "Run again."}
OTHER_REMEDY = "Remove the key, or find out what keeps root from it."
ROUNDS = 2  # of putting back: what hinders it for a moment does not hinder the next one


class Commit:
    """Carries out *plan* (Plan) on the host of *files* (HostFiles). The caller holds the lock."""

    def __init__(self, files, plan):
        self.files = files
        self.plan = plan
        self.saved_path, self.copy_path, self.unusable_path = (own_path(files, state_path(plan.path, suffix)) for suffix in (SAVED, EDITED, UNUSABLE))
        # What is known only when the work has begun, for putting back.
        self.attributes = self.copy_before = None
        self.made, self.discarded = [], False
        self.tried, self.begun = [], []  # settings that were written to the kernel, paths of files that were written

    def run(self):
        """Do it. Raises SocketMemoryError where that fails: then everything was put back, or the message says what was not."""
        try:
            self._work()
        except BaseException as error:  # also on Ctrl-C: the host must not stay half changed
            problems = self.put_back()
            if not problems and not isinstance(error, Exception):
                raise
            raise self._failure(error, problems) from error
        if self.plan.saved_after is None:
            self.plan.warnings.extend(_attempt(self._removing_directories(self.plan.releases)))

    def _failure(self, error, problems):
        """Return the SocketMemoryError of a run that *error* ended. problems: what could not be put back."""
        results = {"settings": self.plan.results()}
        if isinstance(error, SocketMemoryError):
            cause = str(error)
        elif isinstance(error, OSError):
            cause = "%s: %s. Correct this and run again." % (error.filename or self.plan.path, _cause(error))
        else:
            import traceback
            cause, results["exception"] = "%s." % _cause(error), "".join(traceback.format_exception(type(error), error, error.__traceback__))
        outcome = "File and running values are as before%s." % (" the run that was broken off" if self.plan.continues else "")
        if problems:
            kept = [SAVED] + [EDITED] * self.plan.keeps_copy + [UNUSABLE] * self.discarded
            saved = ", ".join(state_path(self.plan.path, suffix) for suffix in kept)
            outcome = "NOT restored, act now: %s." % "; ".join(one.rstrip(".") for one in problems)
            outcome += " What to go back to is saved in %s." % saved if self.saved_path in self.begun else ""
        return SocketMemoryError("%s was not brought to its new state. %s %s" % (self.plan.path, cause, outcome), **results)

    def _work(self):
        plan = self.plan
        ends = plan.saved_before is not None and plan.saved_after is None
        if plan.file_changes:
            self.attributes = attributes_of(self.plan.target)
        if plan.keeps_copy or ends:
            self.copy_before = self._read_copy()
        if plan.discards:
            os.rename(self.saved_path, self.unusable_path)
            self.discarded = True
        # What was must be saved before the first change, and what is no longer needed of it goes after the last: killed in between, the next run
        # finds the way on and the way back.
        if plan.saved_during != plan.saved_before:
            self._save(plan.saved_during)
        if plan.keeps_copy:
            self.begun.append(self.copy_path)
            write_atomically(self.copy_path, plan.text_before, 0o600)
        if plan.file_changes:
            self._make_directories()
            self._write_file(plan.text)
        if plan.changed:
            failures = [failure for failure in map(self._write, plan.settings) if failure] + self._read_back()
            if failures:
                raise SocketMemoryError(" ".join(failures))
        if ends and not plan.keeps_copy:
            self.begun.append(self.copy_path)
            remove(self.copy_path)
        if plan.saved_after != plan.saved_during:
            self._save(plan.saved_after)

    def _save(self, saved):
        self.begun.append(self.saved_path)
        save(self.files, self.plan.path, saved)

    def _make_directories(self):
        for one in self.plan.makes:
            self.made.append(one)
            try:
                make_directory(own_path(self.files, one))
            except FileExistsError:  # somebody else was faster
                self.made.remove(one)

    def _write_file(self, text):
        """Put *text* where the drop-in is; None removes it. A link to it stays."""
        self.begun.append(self.plan.target)
        if text is None:
            remove(self.plan.target)
        else:
            write_atomically(self.plan.target, text, attributes=self.attributes)

    def _read_copy(self):
        """Return the copy of an earlier edit, None where there is none. Raises SocketMemoryError for what nobody here made."""
        if is_there(self.copy_path) and not stat.S_ISREG(os.lstat(self.copy_path).st_mode):
            raise SocketMemoryError("%s is no regular file, nobody here made it. Remove it." % state_path(self.plan.path, EDITED))
        return self.files.read_if_present(state_path(self.plan.path, EDITED))

    def _write(self, setting):
        """Write the value of *setting* to the kernel where that is planned. Return None, or a sentence on why it was refused."""
        if not setting.write:
            return None
        self.tried.append(setting)
        try:
            write_running(self.files, setting.key, setting.desired)
            return None
        except OSError as error:
            text = format_value(setting.desired)
            vanished = error.errno == errno.ENOENT
            setting.status = "failed"
            setting.reason = VANISHED if vanished else "the kernel refused %s: %s" % (text, error.strerror)
            return _refused(setting, setting.desired, error)

    def _read_back(self):
        """Return sentences about what does not hold now, or will not at the next boot, although it was written."""
        failures = []
        for setting in self.plan.settings:
            if setting.write and setting.status != "failed":
                running, unreadable = read_running(self.files, setting.key)
                if running != setting.desired:
                    setting.status = "failed"
                    setting.reason = why_absent(unreadable) if unreadable else "after writing %s the kernel holds %s" % (
                        format_value(setting.desired), format_value(running))
                    failures.append("%s: %s." % (setting.key, setting.reason))
        boot, problems = boot_values(self.files, [setting.key for setting in self.plan.settings])
        new = [problem for problem in problems if problem not in self.plan.warnings]
        for setting in self.plan.settings:
            value = boot.get(setting.key, {}).get("value")
            if value != setting.boot_after:
                setting.status, setting.reason = "failed", "; ".join(new) or "another change of the sysctl.d files came in between"
                failures.append("%s: the next boot sets %s, expected %s: %s. Run again." % (setting.key, value, setting.boot_after, setting.reason))
        return failures

    # Putting back

    def put_back(self):
        """Bring file, running values and what is saved back to the start. Return sentences about what could not be, none when all is as before.

        It never ends half-way: whatever happens to one of them, the others are put back all the same.
        """
        self._remove_temporary_files()  # there is one name for each file
        steps = [(setting.key, lambda setting=setting: self._put_back_value(setting)) for setting in self.plan.settings if self._is_touched(setting)]
        problems = _attempt(steps + [(self.plan.path, self._put_back_file)])
        self._describe()
        if not problems:  # else what is saved leads back still
            made = self.made + (self.plan.releases if self.plan.saved_back is None else [])
            problems = _attempt([(state_path(self.plan.path), self._put_back_saved), (state_path(self.plan.path, EDITED), self._put_back_copy)]
                                + self._removing_directories(made))
        return problems + self._remove_temporary_files()

    def _goal(self, setting):
        """Return the value that *setting* shall have again."""
        return self.plan.back_to["runtime"].get(setting.key, setting.runtime_before)

    def _is_touched(self, setting):
        """Return whether *setting* may have another value than it shall have again."""
        return setting in self.tried or self.plan.runtime and self._goal(setting) != setting.runtime_before

    def _put_back_value(self, setting):
        """Bring the running value back. Every value tried is checked, the refused ones first of all: of a vector the kernel may have taken the
        elements before the one it refused (kernel/sysctl.c do_proc_doulongvec_minmax writes element by element).
        """
        goal, refused = self._goal(setting), None
        running, reason = read_running(self.files, setting.key)
        if running != goal and reason != ABSENT:
            try:
                write_running(self.files, setting.key, goal)
            except OSError as error:
                refused = _refused(setting, goal, error)
            running, reason = read_running(self.files, setting.key)
        setting.runtime_after = running
        if running != goal and reason != ABSENT:
            found = reason if running is None else "runs with %s" % format_value(running)
            raise SocketMemoryError(refused or "%s: %s, before it was %s" % (setting.key, found, format_value(goal)))

    def _put_back_file(self):
        """Put the file back, unless it is there still: a read-only file system keeps it as well."""
        text = self.plan.back_to["file"]
        if self.plan.target not in self.begun and text == self.plan.text_before:
            return
        try:
            if self.files.read_if_present(self.plan.path) == text:
                return
        except OSError:  # then it is written in any case
            pass
        self._write_file(text)

    def _put_back_saved(self):
        """Put what was saved back, unless it is there still."""
        if self.discarded:
            remove(self.saved_path)
            os.rename(self.unusable_path, self.saved_path)
            self.discarded = False
        if self.plan.discards or self.saved_path not in self.begun and self.plan.saved_back == self.plan.saved_before:
            return
        try:
            if read_saved_state(self.files, self.plan.path) == (self.plan.saved_back, None):
                return
        except OSError:
            pass
        save(self.files, self.plan.path, self.plan.saved_back)

    def _put_back_copy(self):
        """Put the copy of an earlier edit back."""
        if self.copy_path in self.begun and self.copy_before is None:
            remove(self.copy_path)
        elif self.copy_path in self.begun and self.files.read_if_present(state_path(self.plan.path, EDITED)) != self.copy_before:
            write_atomically(self.copy_path, self.copy_before, 0o600)

    def _removing_directories(self, made):
        """Return the steps that remove those of the directories *made* that are above the drop-in, where they are empty."""
        return [(one, lambda one=one: remove_directory(own_path(self.files, one))) for one in directories_above(self.plan.path) if one in made]

    def _remove_temporary_files(self):
        """Remove what could not be removed when its writing failed. Return sentences as put_back does."""
        return _attempt([(path, lambda path=path: remove(path)) for path in sorted({temporary_path(path) for path in self.begun})])

    def _describe(self):
        """Bring what is told of the keys up to what was put back."""
        for setting in self.plan.settings:
            if setting.status in ("applied", "restored"):
                setting.status, setting.reason = "restored", "taken back because another key failed"
        boot, _problems = boot_values(self.files, [setting.key for setting in self.plan.settings])
        for setting in self.plan.settings:
            setting.boot_after = boot.get(setting.key, {}).get("value")


def _attempt(steps):
    """Do all *steps*, pairs of a name and a function, and those that failed once more. Return a sentence for each that failed again."""
    problems = []
    for _round in range(ROUNDS):
        failed, problems = [], []
        for name, step in steps:
            try:
                step()
            except BaseException as error:  # whatever it is, the others must not suffer
                failed.append((name, step))
                problems.append(str(error) if isinstance(error, SocketMemoryError) else "%s: %s" % (name, _cause(error)))
        steps = failed
    return problems


def _cause(error):
    """Return what *error*, which is no SocketMemoryError, says."""
    return error.strerror or str(error) if isinstance(error, OSError) else "unexpected %s: %s" % (type(error).__name__, error)


def _refused(setting, value, error):
    """Return the sentence about a write of *value* to the kernel that ended with the OSError *error*."""
    what = VANISHED if error.errno == errno.ENOENT else "the kernel refused %s (%s)" % (format_value(value), error.strerror)
    return "%s: %s, it ran with %s. %s" % (setting.key, what, format_value(setting.runtime_before), REMEDIES.get(error.errno, OTHER_REMEDY))
