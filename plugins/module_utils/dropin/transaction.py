# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sysctl.d file as a transaction over the file and the kernel: all of it holds, or the host is as before."""

import errno
import fcntl
import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.shadowing import path_that_wins, takers
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import boot_values
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import counting
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import remove, remove_leftovers, write_atomically
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.content import check_path, first_edit, parse_content
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.record import (
    NOT_SAVED,
    STATE_DIRECTORY,
    adding,
    boot_id,
    new_record,
    one_step,
    ours_or_original,
    read_record,
    record_in,
    save_record,
    state_path,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.reading import HostReading
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import ABSENT, format_value, key_path, read_running
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

VANISHED = "it vanished after it was read"
# What to do about an error that the kernel answers a write with.
REMEDIES = {errno.EINVAL: "Correct the value.", errno.ERANGE: "Correct the value.", errno.ENOENT: "Run again."}
OTHER_REMEDY = "Remove the key, or find out what keeps root from it."


def run(params, root="/"):
    """Return {changed, settings, diff, warnings, saved_state} after bringing the drop-in to params["state"].

    params: path, content, state, runtime, unavailable, shadowed, only_raise, force as documented in the module sysctl_dropin,
    and check_mode (bool). root: the host's root directory, other than "/" for tests. Raises SocketMemoryError; the host is
    then as it was, or the message says what is not.
    """
    path = check_path(params["path"])
    present = params["state"] == "present"
    desired = parse_content(params.get("content"), path) if present else {}
    files = HostFiles(root)
    if params["check_mode"]:
        return _Transaction(params, files, path, desired).preview()
    if files.live and os.geteuid() != 0:
        raise refuse(path, "user id %d" % os.geteuid(), "root", "Run the task with become: true.")
    with _Lock(files):
        transaction = _Transaction(params, files, path, desired)
        remove_leftovers(transaction.local_path)
        remove_leftovers(transaction.record_path)
        return transaction.commit()


class _Lock:
    """The lock of this host's drop-ins, held by a with statement. That raises SocketMemoryError where another run holds it, or it cannot be made."""

    def __init__(self, files):
        self.directory = files.local_path(STATE_DIRECTORY)
        self.handle = None

    def __enter__(self):
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            self.handle = os.open(os.path.join(self.directory, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _no_saving(error) from error
        try:
            self._take()
        except BaseException:
            os.close(self.handle)
            raise

    def __exit__(self, *_error):
        os.close(self.handle)

    def _take(self):
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self.handle, 20).decode("ascii", "replace").strip() or "unknown"
            raise SocketMemoryError("Another run (process %s) is changing the sysctl.d files of this host. Nothing was changed. "
                                    "Run again when it has ended." % holder) from error
        try:
            os.ftruncate(self.handle, 0)
            os.write(self.handle, b"%d\n" % os.getpid())
        except OSError as error:
            raise _no_saving(error) from error


def _no_saving(error):
    """Return the SocketMemoryError of a state directory that takes nothing."""
    return SocketMemoryError("%s cannot be written: %s. Nothing was changed. Make it writable: the state before the change is saved there." % (
        STATE_DIRECTORY, error.strerror))


class _Setting:
    """One key in the transaction: what is wanted, what was, what became of it."""

    def __init__(self, key, desired, status="unchanged", reason="", left=False):
        self.key = key
        self.desired = desired
        self.left = left  # the key was in the file and is no longer
        self.runtime_before = self.runtime_after = None
        self.boot_before = self.boot_after = None
        self.status = status
        self.reason = reason
        self.write = False  # whether the running value has to be written

    def result(self):
        """Return what the module returns for this key."""
        names = ("key", "desired", "runtime_before", "runtime_after", "boot_before", "boot_after", "status", "reason")
        return {name: getattr(self, name) for name in names}


class _Transaction:
    """Reads the host and plans when made; then preview() or commit()."""

    def __init__(self, params, files, path, desired):
        self.files = files
        self.path = path
        self.local_path = files.local_path(path)
        self.state = params["state"]
        self.present = self.state == "present"
        self.runtime = params["runtime"]
        self.warnings = []
        self.record_path = files.local_path(state_path(path, "json"))
        self.record = read_record(self.record_path, path)
        self.boot_id = boot_id(files)
        self.old_text = self._read_dropin()
        if self.present:
            self.new_text = params["content"]
            self.settings = [_Setting(key, value) for key, value in desired.items()]
            self._plan_keys_that_left(desired)
        else:
            self.goal = self._goal()
            self.new_text = self.goal["file"] if self.goal else self.old_text
            self.settings = self._plan_way_back()
        self.file_changes = self.new_text != self.old_text
        self._read_host()
        if self.present:
            self._lint(desired, params["only_raise"], params.get("silence"))
            self._check_available(params["unavailable"])
            self._check_boot(params["shadowed"])
        elif self.goal:
            self._check_untouched(params["force"])
        self.changed = self.file_changes or any(setting.write for setting in self.settings)
        self.broken_off = self._broken_off()
        self.start = self._start()

    # Reading and planning

    def _read_dropin(self):
        """Return the text of the drop-in, None where it does not exist. Raises SocketMemoryError for what must not be replaced."""
        target = os.path.realpath(self.local_path)
        if target == os.devnull:
            raise refuse(self.path, "a link to /dev/null, which masks the file", "a file or nothing", "Remove the link, or choose another name.")
        try:
            return self.files.read_if_present(self.path)
        except OSError as error:
            raise SocketMemoryError("%s cannot be read: %s. Nothing was changed." % (self.path, error.strerror)) from error

    def _managed(self):
        """Return whether the file at the path is ours to take back."""
        return self.record is not None and not self.record["rolled_back"]

    def _goal(self):
        """Return the {file, runtime} that state absent or previous leads back to, None where there is nothing to take back."""
        if not self._managed():
            # Never ours, or taken back: whatever is there is somebody else's.
            if self.old_text is not None and self.record is None:
                self.warnings.append("%s was not written by this module (there is no saved state): left as it is. "
                                     "Delete it yourself if it is not wanted." % self.path)
            return None
        if self.state == "absent":
            return self.record
        if self.record["previous"] == NOT_SAVED:
            raise refuse(self.path, "no saved state from before the last run", "one",
                         "Nothing was changed. state: absent goes back to before the first run.")
        return self.record["previous"]

    def _plan_keys_that_left(self, desired):
        """Plan to give keys back that an earlier content held and this one does not."""
        if self._managed():
            for key, value in sorted(self.record["runtime"].items()):
                if key not in desired:
                    self.settings.append(_Setting(key, value, "restored", "no longer in the file: the value before the first run", left=True))

    def _plan_way_back(self):
        """Return the settings of state absent or previous."""
        if not self.goal:
            return []
        reason = "the value before the %s run" % ("first" if self.state == "absent" else "last")
        return [_Setting(key, value, "restored", reason) for key, value in sorted(self.goal["runtime"].items())]

    def _read_host(self):
        """Read the running and the boot values, and find out what has to be written."""
        keys = [setting.key for setting in self.settings]
        before, _problems = boot_values(self.files, keys)
        self.winners_before = before
        after, problems = boot_values(self.files, keys, preview={self.path: self.new_text})
        self.warnings.extend(problems)
        self.winners = after
        for setting in self.settings:
            setting.runtime_before, unreadable = read_running(self.files, setting.key)
            setting.runtime_after = setting.runtime_before
            setting.boot_before = before.get(setting.key, {}).get("value")
            setting.boot_after = after.get(setting.key, {}).get("value")
            if setting.desired is None:
                continue
            if not self.runtime:
                if setting.status == "restored":
                    setting.status, setting.reason = "skipped", "runtime is false: the running value was left as it is"
                elif setting.boot_before != setting.boot_after:
                    setting.status = "applied"
                continue
            if unreadable:
                setting.status, setting.reason = "skipped", _why_absent(unreadable)
            elif setting.runtime_before == setting.desired:
                setting.status, setting.reason = "unchanged", ""
            elif not self._writable(setting.key):
                setting.status, setting.reason = "skipped", "read-only here"
            elif setting.status == "restored" and setting.left and not self._ours(setting):
                setting.status = "skipped"
                setting.reason = "changed by somebody else since, it runs with %s: left as it is" % format_value(setting.runtime_before)
                self.warnings.append("%s: %s" % (setting.key, setting.reason))
            elif setting.status == "restored" and not self._ours(setting) and self._booted_with_goal():
                setting.status, setting.reason = "skipped", "the host booted with the file from before: left as it is"
            else:
                setting.write = True
                setting.runtime_after = setting.desired
                if setting.status != "restored":
                    setting.status = "applied"

    def _ours(self, setting):
        """Return whether the running value is one that was set here, or was there before."""
        return setting.runtime_before in ours_or_original(self.record, setting.key)

    def _booted_with_goal(self):
        """Return whether a run was broken off, and the host booted since with the file that it shall get now.

        Then what runs is what that file gives. The kernel's own defaults differ a little from boot to boot.
        """
        return not self.file_changes and self.record["under_way"] not in (None, self.boot_id)

    def _writable(self, key):
        """Return whether the kernel lets root write *key*; without root that is not known and taken for granted."""
        return os.geteuid() != 0 or os.access(self.files.local_path(key_path(key)), os.W_OK)

    def _lint(self, desired, only_raise, silence):
        """Refuse what lint calls an error and keep its warnings."""
        reading = HostReading(self.files)
        release = reading.kernel()
        page_size = reading.page_size(None, release)
        running = {setting.key: setting.runtime_before for setting in self.settings if setting.runtime_before is not None}
        reserve, _reason = read_running(self.files, "net.core.mem_pcpu_rsv")
        results = lint(desired, page_size, reading.memory_total(), reading.error_bound(release, page_size, reserve) or 0, running, only_raise, silence)
        self.warnings.extend(reading.warnings)
        errors = [(found["subject"], "%s. %s" % (found["message"], found["remedy"])) for found in counting(results, "error")]
        if errors:
            for setting in self.settings:
                reasons = [text for key, text in errors if key == setting.key]
                if reasons:
                    setting.status, setting.reason = "failed", " ".join(reasons)
            raise self._refusal(" ".join(text for _key, text in errors))
        self.warnings.extend("%s. %s" % (found["message"], found["remedy"]) for found in counting(results, "warning"))

    def _check_available(self, unavailable):
        """Refuse or report the keys that this host cannot hold now."""
        skipped = [setting for setting in self.settings if setting.status == "skipped" and not setting.left]
        if not skipped:
            return
        reasons = {}
        for setting in skipped:
            reasons.setdefault(setting.reason, []).append(setting.key)
        named = "; ".join("%s (%s)" % (", ".join(keys), reason) for reason, keys in reasons.items())
        if unavailable == "fail":
            raise self._refusal("Not available on this host: %s. Remove the keys, or set unavailable to skip." % named)
        self.warnings.append("Only in %s, the running kernel does not take it: %s" % (self.path, named))

    def _check_boot(self, shadowed):
        """Refuse or report the keys that another file takes at the next boot."""
        # Where this file itself wins with another value, the kernel will not take it as it is written: that is for the kernel to say.
        shadowed_settings = [setting for setting in self.settings if not setting.left and setting.boot_after != setting.desired
                             and self.winners.get(setting.key, {}).get("file") != self.path]
        if not shadowed_settings:
            return
        unset = [setting.key for setting in shadowed_settings if setting.key not in self.winners]
        taken = takers(self.files, unset, self.path, self.new_text)
        losing = []
        for setting in shadowed_settings:
            winner = self.winners.get(setting.key)
            file, setting.reason = taken[setting.key] if winner is None else (
                winner["file"], "%s line %d sets %s at the next boot" % (winner["file"], winner["line"], format_value(winner["value"])))
            setting.status = "shadowed"
            losing.append(file)
        text = "%s. Correct that" % "; ".join("%s: %s" % (setting.key, setting.reason) for setting in shadowed_settings)
        desired = {setting.key: setting.desired for setting in self.settings if not setting.left}
        later = path_that_wins(self.files, self.path, self.new_text, desired, losing)
        text += ", or use the path %s, which is read later." % later if later else "; no other name was found under which this file would win."
        if shadowed == "fail":
            raise self._refusal("It would not hold after a boot. " + text)
        self.warnings.append("%s does not hold after a boot. %s" % (self.path, text))

    def _check_untouched(self, force):
        """Refuse to go back over what somebody else changed since, unless *force*."""
        found = []
        for setting in self.settings:
            if setting.write and not self._ours(setting):
                set_here = " or ".join(map(format_value, self.record["ours"].get(setting.key, []))) or "nothing"
                boot = self.winners_before.get(setting.key)
                source = " (%s line %d sets it at boot)" % (boot["file"], boot["line"]) if boot and boot["value"] == setting.runtime_before else ""
                found.append((setting, "runs with %s%s, set here was %s, before that it was %s" % (
                    format_value(setting.runtime_before), source, set_here, format_value(setting.desired))))
            elif setting.status == "skipped" and self.runtime:
                self.warnings.append("%s: not put back to %s: %s" % (setting.key, format_value(setting.desired), setting.reason))
        told = ["%s %s" % (setting.key, text) for setting, text in found]
        if self.file_changes and self.old_text not in self.record["contents"] + [self.record["file"]]:
            told.append("%s %s" % (self.path, first_edit(self.old_text, self.record["contents"][-1])))
        if told and not force:
            for setting, text in found:
                setting.status, setting.reason = "failed", "changed by somebody else since: " + text
            raise self._refusal("Somebody else changed since: %s. Put back what was set here and run again, or take all of it back with "
                                "force: true (tune_tcp_rollback_force: true)." % "; ".join(told))

    def _refusal(self, why):
        """Return the SocketMemoryError of a plan that is not carried out."""
        for setting in self.settings:
            setting.runtime_after, setting.boot_after = setting.runtime_before, setting.boot_before
            if setting.status in ("applied", "restored"):
                setting.status = "unchanged"
        return SocketMemoryError("%s%s is refused, nothing was changed. %s" % ("" if self.present else "Rolling back ", self.path, why),
                                 settings=self._results())

    def _broken_off(self):
        """Return what is saved from before a run that was broken off and that this one continues; None where it begins anew."""
        return self.record["previous"] if self.present and self._managed() and self.record["under_way"] else None

    def _start(self):
        """Return {file, runtime, record}: what a failure leads back to, and later state previous.

        That is the host as it is now. Where this run continues one that was broken off, it is the host before that one,
        but for what somebody else changed in between.
        """
        start = {"file": self.old_text, "record": self.record, "runtime": {}}
        earlier = self.broken_off
        if earlier:
            start["record"] = record_in(earlier)
            if self.old_text in self.record["contents"]:
                start["file"] = earlier["file"]
        for setting in self.settings:
            if earlier and setting.key in earlier["runtime"] and self._ours(setting):
                start["runtime"][setting.key] = earlier["runtime"][setting.key]
            elif setting.runtime_before is not None and (setting.write or not setting.left):
                start["runtime"][setting.key] = setting.runtime_before
        return start

    # Doing

    def preview(self):
        """Return the result of check mode."""
        return self._result()

    def commit(self):
        """Do what was planned and return the result; on any mismatch restore and raise SocketMemoryError."""
        tried = [setting for setting in self.settings if setting.write]
        try:
            # What was must be saved before the first change, and what is no longer needed of it goes after the last: killed in
            # between, the next run finds the way on and the way back.
            self._save_record(self._record_before())
            if self.file_changes:
                self._keep_copy_of_edits()
                self._write_dropin(self.new_text)
            failures = [failure for failure in map(self._write_running, tried) if failure]
            failures += self._read_back(tried)
            if failures:
                raise SocketMemoryError(" ".join(failures))
            self._save_record(self._record_after())
        except BaseException as error:  # also on Ctrl-C: the host must not stay half changed
            not_restored = self._restore()
            if not isinstance(error, (SocketMemoryError, OSError)):
                raise
            cause = str(error) if isinstance(error, SocketMemoryError) else "%s: %s. Correct this and run again." % (
                error.filename or self.path, error.strerror)
            outcome = "File and running values are as before%s." % (" the run that was broken off" if self.broken_off else "")
            if not_restored:
                outcome = "NOT restored, act now: %s." % "; ".join(not_restored)
            raise SocketMemoryError("%s was not brought to its new state. %s %s" % (self.path, cause, outcome), settings=self._results()) from error
        return self._result()

    def _record_before(self):
        """Return the record that leads back from any instant of this run."""
        record = self.record
        if self.present:
            record = record if self._managed() else new_record(self.old_text)
            kept = [setting for setting in self.settings if setting.runtime_before is not None and not setting.left]
            record = adding(record, self.new_text, {setting.key: setting.desired for setting in kept})
            record["runtime"] = dict({setting.key: setting.runtime_before for setting in kept}, **record["runtime"])
            previous = self.start
        elif self.state == "absent":
            previous = NOT_SAVED  # of a way back that is broken off only the rest can be gone
        elif self.goal:
            record = adding(record, self.new_text, self.goal["runtime"])
            # Keys that left in the last run come back: so does the value from before the first run.
            record["runtime"] = dict((self.goal["record"] or record)["runtime"], **record["runtime"])
            previous = self.goal
        return dict(record, previous=previous, under_way=self.boot_id) if self.changed else record

    def _record_after(self):
        """Return the record to keep."""
        if self.present:
            left = [setting.key for setting in self.settings if setting.left and self.runtime]
            return dict(self.record, contents=[self.new_text], previous=one_step(self.record["previous"]), under_way=None,
                        runtime={key: value for key, value in self.record["runtime"].items() if key not in left},
                        ours={key: values[-1:] for key, values in self.record["ours"].items() if key not in left})
        if not self.goal or not self.runtime:
            return self.record
        if self.state == "previous" and self.goal["record"]:
            return dict(record_in(self.goal), previous=None, under_way=None)
        # Back before the first run: only a file that was there then needs to be known as somebody else's.
        return None if self.new_text is None else dict(self.record, previous=None, under_way=None, rolled_back=True)

    def _save_record(self, record):
        """Save *record*, unless it is what is saved."""
        if record != self.record:
            save_record(self.record_path, record)
            self.record = record

    def _keep_copy_of_edits(self):
        """Before a file is replaced that somebody edited since it was written here, keep what it says."""
        if self._managed() and self.old_text is not None and self.old_text not in self.record["contents"] + [self.record["file"]]:
            copy = state_path(self.path, "edited")
            write_atomically(self.files.local_path(copy), self.old_text, 0o600)
            self.warnings.append("%s was edited since it was written by this module. What it said is kept in %s." % (self.path, copy))

    def _write_dropin(self, text):
        """Put *text* at the path; None removes the file."""
        if text is None:
            remove(self.local_path)
        else:
            os.makedirs(os.path.dirname(self.local_path), mode=0o755, exist_ok=True)
            write_atomically(self.local_path, text)

    def _put_back_dropin(self):
        """Put the file from the start back, unless it is there still: a read-only file system keeps it as well."""
        if self.files.read_if_present(self.path) != self.start["file"]:
            self._write_dropin(self.start["file"])

    def _put_back_record(self):
        """Put the record from the start back, unless it is there still."""
        if read_record(self.record_path, self.path) != self.start["record"]:
            save_record(self.record_path, self.start["record"])

    def _write_running(self, setting, value=None):
        """Write the desired value, or *value*, to the kernel in one write(). Return None, or a sentence on why it was refused."""
        path = key_path(setting.key)
        text = format_value(setting.desired if value is None else value)
        try:
            handle = os.open(self.files.local_path(path), os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            try:
                os.write(handle, (text + "\n").encode("ascii"))
            finally:
                os.close(handle)
        except OSError as error:
            vanished = error.errno == errno.ENOENT
            if value is None:
                setting.status = "failed"
                setting.reason = VANISHED if vanished else "the kernel refused %s: %s" % (text, error.strerror)
            return "%s: %s, it ran with %s. %s" % (setting.key, VANISHED if vanished else "the kernel refused %s (%s)" % (text, error.strerror),
                                                   format_value(setting.runtime_before), REMEDIES.get(error.errno, OTHER_REMEDY))
        return None

    def _read_back(self, written):
        """Return sentences about what does not hold now, or will not at the next boot, although it was written."""
        failures = []
        for setting in written:
            running, unreadable = read_running(self.files, setting.key)
            if setting.status != "failed" and running != setting.desired:
                setting.status = "failed"
                setting.reason = _why_absent(unreadable) if unreadable else "after writing %s the kernel holds %s" % (
                    format_value(setting.desired), format_value(running))
                failures.append("%s: %s." % (setting.key, setting.reason))
        boot, _problems = boot_values(self.files, [setting.key for setting in self.settings])
        for setting in self.settings:
            value = boot.get(setting.key, {}).get("value")
            if value != setting.boot_after:
                setting.status, setting.reason = "failed", "another change of the sysctl.d files came in between"
                failures.append("%s: the next boot sets %s, expected %s: %s. Run again." % (setting.key, value, setting.boot_after, setting.reason))
        return failures

    def _restore(self):
        """Bring file, running values and record back to the start. Return sentences about what could not be.

        Every value tried is checked, the refused ones first of all: of a vector the kernel may have taken the elements
        before the one it refused (kernel/sysctl.c do_proc_doulongvec_minmax writes element by element).
        """
        problems = []

        def attempt(name, action, *arguments):
            try:
                action(*arguments)
            except OSError as error:
                problems.append("%s: %s" % (name, error.strerror))

        for setting in self.settings:
            goal = self.start["runtime"].get(setting.key, setting.runtime_before)
            if setting.write or self.runtime and goal != setting.runtime_before:
                running, reason = read_running(self.files, setting.key)
                if running != goal and reason != ABSENT:
                    refused = self._write_running(setting, goal)
                    running, reason = read_running(self.files, setting.key)
                    if running != goal and reason != ABSENT:
                        problems.append(refused or "%s: runs with %s, before it was %s" % (setting.key, format_value(running), format_value(goal)))
                setting.runtime_after = running
            if setting.status in ("applied", "restored"):
                setting.status, setting.reason = "restored", "taken back because another key failed"
        attempt(self.path, self._put_back_dropin)
        boot, _problems = boot_values(self.files, [setting.key for setting in self.settings])
        for setting in self.settings:
            setting.boot_after = boot.get(setting.key, {}).get("value")
        if not problems:  # else what is saved still leads back
            attempt(self.record_path, self._put_back_record)
        return problems

    # Telling

    def _results(self):
        return [setting.result() for setting in self.settings]

    def _result(self):
        """Return what the module returns."""
        changed = [setting for setting in self.settings if setting.write]
        running = [
            "".join("%s = %s\n" % (setting.key, format_value(value)) for setting, value in zip(changed, values))
            for values in ([setting.runtime_before for setting in changed], [setting.runtime_after for setting in changed])
        ]
        diff = []
        if self.file_changes:
            diff.append(_diff(self.path, printable(self.old_text or ""), printable(self.new_text or "")))
        if changed:
            diff.append(_diff("running values", *running))
        return {
            "changed": self.changed,
            "saved_state": state_path(self.path, "json"),
            "settings": self._results(),
            "diff": diff,
            "warnings": self.warnings,
        }


def _diff(name, before, after):
    return {"before_header": name, "after_header": name, "before": before, "after": after}


def _why_absent(reason):
    """Return the reason of read_running as a sentence."""
    return "this kernel or network namespace has no such key" if reason == ABSENT else reason
