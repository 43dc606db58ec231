# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Doing what was planned: all of it holds afterwards, or the host is as before, or the message says what is not."""

import errno
import os
import stat

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import boot_values
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import (
    attributes_of,
    is_there,
    make_directory,
    own_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.restore import (
    VANISHED,
    Progress,
    attempt,
    cause_of,
    refused,
    removing,
    restore,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    EDITED,
    SAVED,
    UNUSABLE,
    state_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.running_values import (
    why_absent,
    write_running,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    format_value,
    read_running,
)


def commit(files, plan):
    """Carry out *plan* (Plan) on the host of *files* (HostFiles). The caller holds the lock.

    Raises SocketMemoryError where that fails: then everything was put back, or the message says what was not.
    """
    progress = Progress(files, plan)
    try:
        _work(progress)
    except BaseException as error:  # also on Ctrl-C: the host must not stay half changed
        problems = restore(progress)
        if not problems and not isinstance(error, Exception):
            raise
        raise _failure(progress, error, problems) from error
    if plan.saved_after is None:
        left = attempt(removing(progress, plan.releases))
        plan.warnings.extend("Not removed, although it was made here: %s" % one for one in left)


def _work(progress):
    """Do all of it, in this order. Raises whatever comes."""
    plan = progress.plan
    ends = plan.saved_before is not None and plan.saved_after is None
    if plan.file_changes:
        progress.attributes = attributes_of(plan.target)
    if plan.keeps_copy or ends:
        progress.copy_before = _read_copy(progress)
    if plan.discards:
        os.rename(progress.saved_path, progress.unusable_path)
        progress.discarded = True
    # What was must be saved before the first change, and what is no longer needed of it goes after the last: killed in
    # between, the next run can go on or go back.
    if plan.saved_during != plan.saved_before:
        progress.save(plan.saved_during)
    if plan.keeps_copy:
        progress.write_copy(plan.text_before)
    if plan.file_changes:
        _make_directories(progress)
        progress.write_file(plan.text)
    if plan.changed:
        failures = [failure for failure in (_write(progress, setting) for setting in plan.settings) if failure]
        failures += _read_back(progress)
        if failures:
            raise SocketMemoryError(" ".join(failures))
    if ends and not plan.keeps_copy:
        progress.write_copy(None)
    if plan.saved_after != plan.saved_during:
        progress.save(plan.saved_after)


def _read_copy(progress):
    """Return the copy of an earlier edit, None where there is none.

    Raises OSError, and SocketMemoryError for what nobody here made.
    """
    place = state_path(progress.plan.path, EDITED)
    if is_there(progress.copy_path) and not stat.S_ISREG(os.lstat(progress.copy_path).st_mode):
        raise SocketMemoryError("%s is no regular file, nobody here made it. Remove it." % place)
    return progress.files.read_if_present(place)


def _make_directories(progress):
    for one in progress.plan.makes:
        progress.made.append(one)
        try:
            make_directory(own_path(progress.files, one))
        except FileExistsError:  # somebody else was faster
            progress.made.remove(one)


def _write(progress, setting):
    """Write the value of *setting* to the kernel, where that is planned.

    Returns None, or a sentence on why it was refused.
    """
    if not setting.write:
        return None
    progress.tried.append(setting)
    try:
        write_running(progress.files, setting.key, setting.desired)
        return None
    except OSError as error:
        setting.status = "failed"
        setting.reason = "the kernel refused %s: %s" % (format_value(setting.desired), error.strerror)
        if error.errno == errno.ENOENT:
            setting.reason = VANISHED
        return refused(setting, setting.desired, error)


def _read_back(progress):
    """Return sentences about what does not hold now, or will not at the next boot, although it was written."""
    plan, failures = progress.plan, []
    for setting in plan.settings:
        if setting.write and setting.status != "failed":
            running, unreadable = read_running(progress.files, setting.key)
            if running != setting.desired:
                setting.status = "failed"
                setting.reason = (
                    why_absent(unreadable)
                    if unreadable
                    else "after writing %s the kernel holds %s" % (format_value(setting.desired), format_value(running))
                )
                failures.append("%s: %s." % (setting.key, setting.reason))
    boot, problems = boot_values(progress.files, [setting.key for setting in plan.settings])
    new = [problem for problem in problems if problem not in plan.warnings]
    for setting in plan.settings:
        value = boot.get(setting.key, {}).get("value")
        if value != setting.boot_after:
            setting.status = "failed"
            setting.reason = "; ".join(new) or "another change of the sysctl.d files came in between"
            failures.append(
                "%s: the next boot sets %s, expected %s: %s. Run again."
                % (setting.key, value, setting.boot_after, setting.reason)
            )
    return failures


def _failure(progress, error, problems):
    """Return the SocketMemoryError of a run that *error* ended. problems: what could not be put back."""
    plan = progress.plan
    results = {"settings": plan.results()}
    if isinstance(error, SocketMemoryError):
        cause = str(error)
    elif isinstance(error, OSError):
        cause = "%s: %s. Correct this and run again." % (error.filename or plan.path, cause_of(error))
    else:
        import traceback

        cause = "%s." % cause_of(error)
        results["exception"] = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if problems:
        outcome = "NOT restored, act now: %s." % "; ".join(problems)
        if progress.saved_path in progress.begun:
            kept = [SAVED] + [EDITED] * plan.keeps_copy + [UNUSABLE] * progress.discarded
            outcome += " What to go back to is saved in %s." % ", ".join(state_path(plan.path, one) for one in kept)
    else:
        outcome = "File and running values are as before%s." % (" the run that did not end" if plan.continues else "")
    return SocketMemoryError("%s was not brought to its new state. %s %s" % (plan.path, cause, outcome), **results)
