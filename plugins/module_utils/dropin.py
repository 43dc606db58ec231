# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sysctl.d file as a transaction over the file and the kernel: all of it holds, or the host is as before."""

import contextlib
import fcntl
import json
import os
import re

from ansible_collections.linux_net.socket_memory.plugins.module_utils.atomic_file import remove, remove_leftovers, write_atomically
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host_files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host_reading import HostReading
from ansible_collections.linux_net.socket_memory.plugins.module_utils.human import printable
from ansible_collections.linux_net.socket_memory.plugins.module_utils.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shadowing import path_that_wins, takers
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_files import DIRECTORIES, SUFFIX, boot_values, parse_lines
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import ABSENT, format_value, key_path, parse_value, read_running

STATE_DIRECTORY = "/var/lib/linux_net.socket_memory"
RECORD_FORMAT = 1
FILE_NAME = re.compile(r"[A-Za-z0-9_@+][A-Za-z0-9_.@+-]*\.conf\Z")


def run(params, root="/"):
    """Return {changed, settings, diff, warnings, saved_state} after bringing the drop-in to params["state"].

    params: path, content, state, runtime, unavailable, shadowed, only_raise as documented in the module sysctl_dropin, and
    check_mode (bool). root: the host's root directory, other than "/" for tests. Raises SocketMemoryError; the host is
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
    with _lock(files):
        transaction = _Transaction(params, files, path, desired)
        remove_leftovers(transaction.local_path)
        remove_leftovers(transaction.record_path)
        return transaction.commit()


def check_path(path):
    """Return *path*. Raises SocketMemoryError unless it names a file that systemd-sysctl reads."""
    directory, _slash, name = path.rpartition("/")
    if directory not in DIRECTORIES or not FILE_NAME.match(name):
        raise refuse("path", repr(path), "a file NAME%s in %s" % (SUFFIX, " or ".join(DIRECTORIES)),
                     "Other files are not read at boot. Use a path such as /etc/sysctl.d/99-tcp-memory.conf.")
    return path


def parse_content(content, path):
    """Return {key: value} of a rendered drop-in, in its order. Raises SocketMemoryError for any line that is not one plain assignment."""
    assignments, others = parse_lines(content or "", path)
    for line, text in others:
        raise refuse("line %d of the content" % line, repr(text), "key = value", "Correct the line or put # before it.")
    desired, lines = {}, {}
    for assignment in assignments:
        where = "line %d of the content" % assignment.line
        if assignment.value is None:
            raise refuse(where, "the exclusion -%s" % assignment.key, "key = value", "Remove it: this file only sets values.")
        key_path(assignment.key)
        if assignment.key in desired:
            raise refuse(where, "%s again, first set in line %d" % (assignment.key, lines[assignment.key]), "each key once", "Remove one of the two.")
        desired[assignment.key] = parse_value(assignment.key, assignment.value)
        lines[assignment.key] = assignment.line
    if not desired:
        raise refuse("content", "no assignment", "at least one line key = value", "To remove the drop-in use state: absent.")
    return desired


@contextlib.contextmanager
def _lock(files):
    """Hold the lock of this host's drop-ins. Raises SocketMemoryError where another run holds it, or it cannot be made."""
    directory = files.local_path(STATE_DIRECTORY)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        handle = os.open(os.path.join(directory, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SocketMemoryError("%s cannot be written: %s. Nothing was changed. Make it writable: the state before the change is saved there." % (
            STATE_DIRECTORY, error.strerror)) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
            raise SocketMemoryError("Another run (process %s) is changing the sysctl.d files of this host. Nothing was changed. "
                                    "Run again when it has ended." % holder) from error
        os.ftruncate(handle, 0)
        os.write(handle, b"%d\n" % os.getpid())
        yield
    finally:
        os.close(handle)


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
        self.present = params["state"] == "present"
        self.runtime = params["runtime"]
        self.warnings = []
        self.record_path = files.local_path("%s/%s.json" % (STATE_DIRECTORY, _record_name(path)))
        self.record = self._read_record()
        self.old_text = self._read_dropin()
        if self.present:
            self.new_text = params["content"]
            self.settings = [_Setting(key, value) for key, value in desired.items()]
            self._plan_keys_that_left(desired)
        else:
            self.new_text = self._original_text()
            self.settings = self._plan_absent()
        self._read_host()
        if self.present:
            self._lint(desired, params["only_raise"])
            self._check_available(params["unavailable"])
            self._check_boot(params["shadowed"])
        self.file_changes = self.new_text != self.old_text

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

    def _read_record(self):
        """Return what is saved of the time before the first run, or None.

        {format, file: text or None, contents: [texts that this collection wrote since], runtime: {key: value},
        ours: {key: [values that this collection set since]}, rolled_back}
        """
        try:
            with open(self.record_path, encoding="utf-8") as stream:
                record = json.load(stream)
            if set(record) != {"format", "file", "contents", "runtime", "ours", "rolled_back"} or record["format"] != RECORD_FORMAT:
                raise ValueError("it has another format")
            return record
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise refuse(self.path, "no right to read the saved state as user id %d" % os.geteuid(), "root", "Run the task with become: true.") from error
        except (TypeError, ValueError, OSError) as error:
            raise SocketMemoryError("The saved state %s cannot be used: %s. Nothing was changed. Move it away to go on without a way back." % (
                self.record_path, error)) from error

    def _managed(self):
        """Return whether the file at the path is ours to take back."""
        return self.record is not None and not self.record["rolled_back"]

    def _original_text(self):
        """Return what state absent leaves at the path: the file that was there before the first run, or nothing."""
        if self._managed():
            return self.record["file"]
        # Never ours, or taken back: whatever is there is somebody else's.
        if self.old_text is not None and self.record is None:
            self.warnings.append("%s was not written by this module (there is no saved state): left as it is. "
                                 "Delete it yourself if it is not wanted." % self.path)
        return self.old_text

    def _plan_keys_that_left(self, desired):
        """Plan to give keys back that an earlier content held and this one does not."""
        if self._managed():
            for key, value in sorted(self.record["runtime"].items()):
                if key not in desired:
                    self.settings.append(_Setting(key, value, "restored", "no longer in the file: the value before the first run", left=True))

    def _plan_absent(self):
        """Return the settings of state absent."""
        if self._managed():
            return [_Setting(key, value, "restored", "the value before the first run") for key, value in sorted(self.record["runtime"].items())]
        return []

    def _read_host(self):
        """Read the running and the boot values, and find out what has to be written."""
        keys = [setting.key for setting in self.settings]
        before, _problems = boot_values(self.files, keys)
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
            elif setting.status == "restored" and setting.runtime_before not in self.record["ours"].get(setting.key, []):
                setting.status = "skipped"
                setting.reason = "changed by somebody else since, it runs with %s: left as it is" % format_value(setting.runtime_before)
                self.warnings.append("%s: %s" % (setting.key, setting.reason))
            elif not self._writable(setting.key):
                setting.status, setting.reason = "skipped", "read-only here"
            else:
                setting.write = True
                setting.runtime_after = setting.desired
                if setting.status != "restored":
                    setting.status = "applied"

    def _writable(self, key):
        """Return whether the kernel lets root write *key*; without root that is not known and taken for granted."""
        return os.geteuid() != 0 or os.access(self.files.local_path(key_path(key)), os.W_OK)

    def _lint(self, desired, only_raise):
        """Refuse what lint calls an error and keep its warnings."""
        reading = HostReading(self.files)
        release = reading.kernel()
        page_size = reading.page_size(None, release)
        running = {setting.key: setting.runtime_before for setting in self.settings if setting.runtime_before is not None}
        reserve, _reason = read_running(self.files, "net.core.mem_pcpu_rsv")
        results = lint(desired, page_size, reading.memory_total(), reading.error_bound(release, page_size, reserve) or 0, running, only_raise)
        self.warnings.extend(reading.warnings)
        errors = [(result["key"], "%s. %s" % (result["message"], result["remedy"])) for result in results if result["severity"] == "error"]
        if errors:
            for setting in self.settings:
                reasons = [text for key, text in errors if key == setting.key]
                if reasons:
                    setting.status, setting.reason = "failed", " ".join(reasons)
            raise self._refusal(" ".join(text for _key, text in errors))
        self.warnings.extend("%s. %s" % (result["message"], result["remedy"]) for result in results)

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
        shadowed_settings = [setting for setting in self.settings if not setting.left and setting.boot_after != setting.desired]
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

    def _refusal(self, why):
        """Return the SocketMemoryError of a plan that is not carried out."""
        for setting in self.settings:
            setting.runtime_after, setting.boot_after = setting.runtime_before, setting.boot_before
            if setting.status in ("applied", "restored"):
                setting.status = "unchanged"
        return SocketMemoryError("%s is refused, nothing was changed. %s" % (self.path, why), settings=self._results())

    # Doing

    def preview(self):
        """Return the result of check mode."""
        return self._result()

    def commit(self):
        """Do what was planned and return the result; on any mismatch restore and raise SocketMemoryError."""
        old_record = self.record
        tried = [setting for setting in self.settings if setting.write]
        try:
            # What was must be saved before the first change, and what is no longer needed of it goes after the last: killed in
            # between, the next run finds the way on and the way back.
            self._write_record(self._record_before())
            if self.file_changes:
                self._keep_copy_of_edits()
                self._write_dropin(self.new_text)
            failures = [failure for failure in map(self._write_running, tried) if failure]
            failures += self._read_back(tried)
            if failures:
                raise SocketMemoryError(" ".join(failures))
            self._write_record(self._record_after())
        except BaseException as error:  # also on Ctrl-C: the host must not stay half changed
            not_restored = self._restore(tried, old_record)
            if not isinstance(error, (SocketMemoryError, OSError)):
                raise
            cause = str(error) if isinstance(error, SocketMemoryError) else "%s: %s. Correct this and run again." % (
                error.filename or self.path, error.strerror)
            outcome = "NOT restored, act now: %s." % "; ".join(not_restored) if not_restored else "File and running values are as before."
            raise SocketMemoryError("%s was not brought to its new state. %s %s" % (self.path, cause, outcome), settings=self._results()) from error
        return self._result()

    def _record_before(self):
        """Return the record that leads back from any instant of this run."""
        if not self.present:
            return self.record
        record = {"format": RECORD_FORMAT, "file": self.old_text, "contents": [], "runtime": {}, "ours": {}, "rolled_back": False}
        if self._managed():
            record = dict(self.record, runtime=dict(self.record["runtime"]), ours=dict(self.record["ours"]))
        record["contents"] = record["contents"] + [self.new_text] * (self.new_text not in record["contents"])
        for setting in self.settings:
            if setting.runtime_before is not None and not setting.left:
                record["runtime"].setdefault(setting.key, setting.runtime_before)
                ours = record["ours"].get(setting.key, [])
                record["ours"][setting.key] = ours + [setting.desired] * (setting.desired not in ours)
        return record

    def _record_after(self):
        """Return the record to keep: of state absent only what a file needs that was there before the first run."""
        if self.present:
            record = dict(self._record_before())
            left = [setting.key for setting in self.settings if setting.left and self.runtime]
            record["runtime"] = {key: value for key, value in record["runtime"].items() if key not in left}
            record["contents"] = [self.new_text]
            record["ours"] = {key: values[-1:] for key, values in record["ours"].items() if key not in left}
            return record
        if not self._managed() or not self.runtime:
            return self.record
        return None if self.new_text is None else dict(self.record, rolled_back=True)

    def _write_record(self, record):
        """Save *record*, unless it is what is saved; None removes it."""
        if record == self.record:
            return
        if record is None:
            remove(self.record_path)
        else:
            write_atomically(self.record_path, json.dumps(record, indent=1, sort_keys=True) + "\n", 0o600)
        self.record = record

    def _keep_copy_of_edits(self):
        """Before a file is replaced that somebody edited since it was written here, keep what it says."""
        if self._managed() and self.old_text is not None and self.old_text not in self.record["contents"] + [self.record["file"]]:
            copy = "%s/%s.edited" % (STATE_DIRECTORY, _record_name(self.path))
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
        """Put the old file back, unless it is there still: a read-only file system keeps it as well."""
        if self.files.read_if_present(self.path) != self.old_text:
            self._write_dropin(self.old_text)

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
            if value is None:
                setting.status = "failed"
                setting.reason = "the kernel refused %s: %s" % (text, error.strerror)
            return "%s: the kernel refused %s (%s), it ran with %s. Correct the value." % (
                setting.key, text, error.strerror, format_value(setting.runtime_before))
        return None

    def _read_back(self, written):
        """Return sentences about what does not hold now, or will not at the next boot, although it was written."""
        failures = []
        for setting in written:
            running, unreadable = read_running(self.files, setting.key)
            if setting.status != "failed" and running != setting.desired:
                setting.status = "failed"
                setting.reason = unreadable or "after writing %s the kernel holds %s" % (format_value(setting.desired), format_value(running))
                failures.append("%s: %s." % (setting.key, setting.reason))
        boot, _problems = boot_values(self.files, [setting.key for setting in self.settings])
        for setting in self.settings:
            value = boot.get(setting.key, {}).get("value")
            if value != setting.boot_after:
                setting.status, setting.reason = "failed", "another change of the sysctl.d files came in between"
                failures.append("%s: the next boot sets %s, expected %s: %s. Run again." % (setting.key, value, setting.boot_after, setting.reason))
        return failures

    def _restore(self, tried, old_record):
        """Bring file, running values and record back. Return sentences about what could not be.

        Every value tried is checked, the refused ones first of all: of a vector the kernel may have taken the elements
        before the one it refused (kernel/sysctl.c do_proc_doulongvec_minmax writes element by element).
        """
        problems = []

        def attempt(name, action, *arguments):
            try:
                action(*arguments)
            except OSError as error:
                problems.append("%s: %s" % (name, error.strerror))

        for setting in tried:
            running, _reason = read_running(self.files, setting.key)
            if running != setting.runtime_before:
                refused = self._write_running(setting, setting.runtime_before)
                running, _reason = read_running(self.files, setting.key)
                if running != setting.runtime_before:
                    problems.append(refused or "%s: runs with %s, before it was %s" % (
                        setting.key, format_value(running), format_value(setting.runtime_before)))
            setting.runtime_after = running
            if setting.status in ("applied", "restored"):
                setting.status, setting.reason = "restored", "taken back because another key failed"
        attempt(self.path, self._put_back_dropin)
        for setting in self.settings:
            setting.boot_after = setting.boot_before
        attempt(self.record_path, self._write_record, old_record)
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
            "changed": bool(self.file_changes or changed),
            "saved_state": "%s/%s.json" % (STATE_DIRECTORY, _record_name(self.path)),
            "settings": self._results(),
            "diff": diff,
            "warnings": self.warnings,
        }


def _diff(name, before, after):
    return {"before_header": name, "after_header": name, "before": before, "after": after}


def _record_name(path):
    """Return the name of the record of the drop-in *path*."""
    return path.strip("/").replace("/", "-")


def _why_absent(reason):
    """Return the reason of read_running as a sentence."""
    return "this kernel or network namespace has no such key" if reason == ABSENT else reason
