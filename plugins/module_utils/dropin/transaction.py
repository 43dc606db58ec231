# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sysctl.d file as a transaction over the file and the kernel: all of it holds, or the host is as before."""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import (
    directories_above,
    own_path,
    remove_leftovers,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.commit import commit
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.content import check_path, parse_content
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.lock import Lock
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.plan import find_goal, make_plan
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.reading import find_file, find_keys
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    STATE_DIRECTORY,
    state_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import format_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable


def run(params, root="/"):
    """Return {changed, settings, diff, warnings, saved_state} after bringing the drop-in to params["state"].

    params: path, content, state, runtime, unavailable, shadowed, only_raise, silence, force as documented in the module
    sysctl_dropin, and check_mode (bool). root: the host's root directory, other than "/" for tests.
    Raises SocketMemoryError; the host is then as it was, or the message says what is not.
    """
    path = check_path(params["path"])
    desired = parse_content(params.get("content"), path) if params["state"] == "present" else {}
    files = HostFiles(root)
    if params["check_mode"]:
        return _result(_plan(files, params, path, desired), in_check_mode=True)
    if files.live and os.geteuid() != 0:
        raise refuse(path, "user id %d" % os.geteuid(), "root", "Run the task with become: true.")
    lock, above, releases = Lock(files), directories_above(STATE_DIRECTORY), []
    try:
        lock.take()
        plan = _plan(files, params, path, desired, [one for one in lock.made if one in above])
        releases = [one for one in plan.releases if one in above]
        _remove_leftovers(plan.target, own_path(files, state_path(path)))
        commit(files, plan)
    except BaseException as error:
        stays = lock.release(releases)
        if stays and isinstance(error, SocketMemoryError):
            raise SocketMemoryError("%s %s" % (error, " ".join(stays)), **error.results) from error
        raise
    plan.warnings.extend(lock.release(releases))
    return _result(plan)


def _plan(files, params, path, desired, made=()):
    """Return the Plan for the host as it is. made: directories that this run has made already."""
    found = find_file(files, path, made)
    goal = find_goal(params, desired, found)
    wanted = {setting.key: setting.desired for setting in goal.settings}
    try:
        on_host = find_keys(files, found, goal.text, wanted, desired, params["runtime"])
    except OSError as error:
        raise SocketMemoryError(
            "%s cannot be read: %s. Nothing was changed. Run again when it can."
            % (error.filename or path, error.strerror)
        ) from error
    return make_plan(params, goal, found, on_host)


def _remove_leftovers(*paths):
    """Remove what a killed run left of writing the files *paths*. Raises SocketMemoryError where that is not known."""
    for path in paths:
        try:
            remove_leftovers(path)
        except OSError as error:
            raise SocketMemoryError(
                "%s cannot be listed: %s. Nothing was changed. Run again when it can."
                % (os.path.dirname(path), error.strerror)
            ) from error


def _result(plan, in_check_mode=False):
    """Return what the module returns."""
    written = [setting for setting in plan.settings if setting.write]
    diff = []
    if plan.file_changes:
        diff.append(_diff(plan.path, printable(plan.text_before or ""), printable(plan.text or "")))
    if written:
        diff.append(_diff("running values", _lines(written, "runtime_before"), _lines(written, "runtime_after")))
    settings = plan.results()
    for setting in settings:
        if in_check_mode and setting["status"] in ("applied", "restored"):
            setting["status"] = "planned"
    saved = not in_check_mode and plan.saved_after is not None
    return {
        "changed": plan.changed,
        "saved_state": state_path(plan.path) if saved else None,
        "settings": settings,
        "diff": diff,
        "warnings": plan.warnings,
    }


def _lines(settings, name):
    """Return the values *name* of *settings*, a line for each."""
    return "".join("%s = %s\n" % (setting.key, format_value(getattr(setting, name))) for setting in settings)


def _diff(name, before, after):
    return {"before_header": name, "after_header": name, "before": before, "after": after}
