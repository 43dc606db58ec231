# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what was read of the host to what has to be done, and to what leads back.

Nothing here reads or changes anything.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import counting
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import MAXIMUM_TEXT
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.content import first_edit, line_of
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    EDITED,
    FORMAT,
    UNUSABLE,
    before_last_run,
    held,
    is_known_file,
    is_known_value,
    pruned,
    settled,
    state_path,
    written_files,
    written_values,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.running_values import why_absent
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ABSENT,
    KEYS,
    format_value,
)

# What can be done where the saved state cannot be used, by the state that is asked for.
WITHOUT_SAVED_STATE = {
    "present": "With force: true the host as it is now counts as the one before the first run; the rollback playbook "
    "with tune_tcp_rollback_force=true removes the file.",
    "absent": "With force: true (rollback playbook: tune_tcp_rollback_force=true) the file is removed, and the running "
    "values stay as they are until the next boot.",
    "previous": "Nothing is known that force: true could go back to. state: absent with force: true removes the file, "
    "and the running values stay as they are until the next boot.",
}


class Setting:
    """One key in a run: what is wanted, what was, what becomes of it.

    left: the key was in the file and is no longer. goes_back: it is to get a value from before. write: whether its
    running value has to be written.
    """

    def __init__(self, key, desired, status="unchanged", reason="", left=False):
        self.key = key
        self.desired = desired
        self.left = left
        self.goes_back = status == "restored"
        self.runtime_before = self.runtime_after = None
        self.boot_before = self.boot_after = None
        self.status = status
        self.reason = reason
        self.write = False

    def result(self):
        """Return what the module returns for this key."""
        names = ("key", "desired", "runtime_before", "runtime_after", "boot_before", "boot_after", "status", "reason")
        return {name: getattr(self, name) for name in names}


class Goal:
    """What a run leads to.

    text: of the file, None for no file. settings: a Setting for each key. takes_back: whether it is a way back.
    warnings: sentences.
    """

    def __init__(self, text, settings=(), takes_back=False, warnings=()):
        self.text = text
        self.settings = list(settings)
        self.takes_back = takes_back
        self.warnings = list(warnings)


class Plan:
    """What is to be done.

    path, target, text_before: as in FoundFile. text: what the file shall say. settings: list of Setting. warnings:
    sentences. runtime: whether running values are written. changed: whether file or running values change.
    keeps_copy: whether what the file says is kept. makes: directories to make for the file, the outermost first.
    saved_before: what is saved of the host now. saved_during: what has to be saved before the first change.
    saved_after: after the last one. discards: whether what is saved cannot be used, and is moved away.
    back_to: the point {file, runtime} that a failure leads back to. saved_back: what is saved then. continues: whether
    that is the host before a run that did not end. releases: directories that go when nothing is saved any more.
    """

    def __init__(self, options, goal, found):
        self.path, self.target, self.text_before = found.path, found.target, found.text
        self.text, self.settings, self.warnings = goal.text, goal.settings, list(goal.warnings)
        self.is_way_back = options["state"] != "present"
        self.runtime = options["runtime"]
        self.changed = self.keeps_copy = self.continues = self.discards = False
        self.makes, self.releases = [], []
        self.saved_before = self.saved_during = self.saved_after = self.saved_back = found.saved
        self.back_to = {"file": found.text, "runtime": {}}

    @property
    def file_changes(self):
        """Whether the file is to say something else."""
        return self.text != self.text_before

    def results(self):
        """Return what the module returns for each key."""
        return [setting.result() for setting in self.settings]

    def refusal(self, why):
        """Return the SocketMemoryError of this plan, which is not carried out."""
        for setting in self.settings:
            setting.runtime_after, setting.boot_after = setting.runtime_before, setting.boot_before
            if setting.status in ("applied", "restored"):
                setting.status = "unchanged"
        return SocketMemoryError(
            "%s%s is refused, nothing was changed. %s" % ("Rolling back " if self.is_way_back else "", self.path, why),
            settings=self.results(),
        )


# Where to


def find_goal(options, desired, found):
    """Return the Goal of a run.

    options: the parameters of the module. desired: {key: value} of the content. found: FoundFile.
    Raises SocketMemoryError where there is no way to one.
    """
    state, saved, path = options["state"], found.saved, found.path
    if found.unusable is not None and (state == "previous" or not options["force"]):
        raise SocketMemoryError(
            "The saved state %s cannot be used: %s. Nothing was changed. %s Or look there for what "
            "was before, put it back by hand, and delete that file."
            % (state_path(path), found.unusable, WITHOUT_SAVED_STATE[state])
        )
    if state == "present":
        settings = [Setting(key, value) for key, value in desired.items()]
        reason = "no longer in the file: the value before the first run"
        settings += [
            Setting(key, saved["first"]["runtime"][key], "restored", reason, left=True)
            for key in held(saved)
            if key not in desired
        ]
        return Goal(options["content"], settings)
    if found.unusable is not None:
        return Goal(None, warnings=["The running values are left as they are: what they were before is not known."])
    if saved is None:  # never ours, or taken back: whatever is there is somebody else's
        return Goal(
            found.text,
            warnings=[]
            if found.text is None
            else [
                "%s was not written by this module (there is no saved state): left as it is. Delete it yourself if it "
                "is not wanted." % path
            ],
        )
    if state == "previous" and saved["under_way"] and saved["under_way"]["state"] == "absent":
        raise refuse(
            path,
            "no saved state from before the last run",
            "one",
            "Nothing was changed. state: absent goes back to before the first run.",
        )
    point = saved["first"] if state == "absent" else saved["previous"]
    if point is None:
        return Goal(found.text)
    reason = "the value before the %s run" % ("first" if state == "absent" else "last")
    settings = [
        Setting(key, point["runtime"][key], "restored", reason)
        for key in (held(saved) if state == "absent" else sorted(point["runtime"]))
    ]
    return Goal(point["file"], settings, takes_back=True)


# What has to be done


def make_plan(options, goal, found, on_host):
    """Return the Plan that leads to *goal* (Goal) from what was read (FoundFile, FoundKeys). options: as in find_goal.

    Raises SocketMemoryError, with settings, for what must not be done.
    """
    plan = Plan(options, goal, found)
    plan.warnings.extend(on_host.problems)
    for setting in plan.settings:
        _settle(setting, plan, found, on_host)
    _check_read(plan, on_host)
    if not plan.is_way_back:
        _check_names(plan, on_host)
        _check_lint(plan, options, on_host)
        _check_available(plan, options["unavailable"])
        _check_boot(plan, options["shadowed"], on_host)
    elif goal.takes_back:
        _check_untouched(plan, options["force"], found, on_host)
    plan.changed = plan.file_changes or any(setting.write for setting in plan.settings)
    _plan_file(plan, found)
    _plan_saving(plan, options["state"], goal, found, on_host)
    return plan


def _is_ours(setting, saved):
    """Return whether what *setting* runs with was set here, or was there before."""
    return is_known_value(saved, setting.key, setting.runtime_before)


def _settle(setting, plan, found, on_host):
    """Find out what becomes of *setting*."""
    key = setting.key
    setting.runtime_before = setting.runtime_after = on_host.running.get(key)
    setting.boot_before = on_host.boot_before.get(key, {}).get("value")
    setting.boot_after = on_host.boot_after.get(key, {}).get("value")
    if not plan.runtime:
        if setting.goes_back:
            setting.status, setting.reason = "skipped", "runtime is false: the running value was left as it is"
        elif setting.boot_before != setting.boot_after:
            setting.status = "applied"
    elif key in on_host.unavailable:
        setting.status, setting.reason = "skipped", why_absent(on_host.unavailable[key])
    elif setting.runtime_before == setting.desired:
        setting.status, setting.reason = "unchanged", ""
    elif key in on_host.read_only:
        setting.status, setting.reason = "skipped", on_host.read_only[key]
    elif setting.left and not _is_ours(setting, found.saved):
        setting.status = "skipped"
        setting.reason = "changed by somebody else since, it runs with %s: left as it is" % (
            format_value(setting.runtime_before)
        )
        plan.warnings.append("%s: %s" % (key, setting.reason))
    elif setting.goes_back and not _is_ours(setting, found.saved) and _booted_with_goal(plan, found):
        setting.status, setting.reason = "skipped", "the host booted with the file from before: left as it is"
    else:
        setting.write = True
        setting.runtime_after = setting.desired
        if not setting.goes_back:
            setting.status = "applied"


def _booted_with_goal(plan, found):
    """Return whether a run did not end, and the host booted since with the file that it shall get now.

    Then what runs is what that file gives. The kernel's own defaults differ a little from boot to boot.
    """
    under_way = found.saved["under_way"]
    return not plan.file_changes and under_way is not None and under_way["boot"] != found.boot


def _check_read(plan, on_host):
    """Refuse where an error kept something from being read: that is no absence."""
    for setting in plan.settings:
        if setting.key in on_host.unreadable:
            setting.status, setting.reason = "failed", on_host.unreadable[setting.key]
    told = ["%s: %s" % item for item in on_host.unreadable.items()] + on_host.unmeasured
    if told:
        raise plan.refusal("%s. Find out why, and run again." % "; ".join(told))


def _check_names(plan, on_host):
    """Refuse a key that neither this collection nor the kernel knows: most likely it is misspelt."""
    wrong = []
    for setting in plan.settings:
        if not setting.left and setting.key not in KEYS and on_host.unavailable.get(setting.key) == ABSENT:
            setting.status, setting.reason = "failed", "this kernel has no such key%s" % _nearest(setting.key)
            line = line_of(plan.text, plan.path, setting.key)
            wrong.append("Line %d of the content: %s: %s." % (line, setting.key, setting.reason))
    if wrong:
        raise plan.refusal("%s Correct the key, or remove the line." % " ".join(wrong))


def _nearest(key):
    """Return, to be put behind a sentence, which known key is meant; nothing where none is like *key*."""
    import difflib  # costs more than a whole run, so only on the way to an error

    found = difflib.get_close_matches(key, list(KEYS), 1, 0.8)
    return "; the nearest known is %s" % found[0] if found else ""


def _check_lint(plan, options, on_host):
    """Refuse what lint calls an error and keep its warnings."""
    desired = {setting.key: setting.desired for setting in plan.settings if not setting.left}
    results = lint(
        desired,
        on_host.page_size,
        on_host.memory_total,
        on_host.error_bound,
        on_host.running,
        options["only_raise"],
        options.get("silence"),
        on_host.memory_usable,
    )
    plan.warnings.extend(on_host.doubts)
    told = {
        severity: [(one["subject"], "%s. %s" % (one["message"], one["remedy"])) for one in counting(results, severity)]
        for severity in ("error", "warning")
    }
    for setting in plan.settings:
        reasons = [text for key, text in told["error"] if key == setting.key]
        if reasons:
            setting.status, setting.reason = "failed", " ".join(reasons)
    if told["error"]:
        raise plan.refusal(" ".join(text for _key, text in told["error"]))
    plan.warnings.extend(text for _key, text in told["warning"])


def _check_available(plan, unavailable):
    """Refuse or report the keys that this host cannot hold now."""
    reasons = {}
    for setting in plan.settings:
        if setting.status == "skipped" and not setting.left:
            reasons.setdefault(setting.reason, []).append(setting.key)
    if reasons:
        named = "; ".join("%s (%s)" % (", ".join(keys), reason) for reason, keys in reasons.items())
        if unavailable == "fail":
            raise plan.refusal("Not available on this host: %s. Remove the keys, or set unavailable to skip." % named)
        plan.warnings.append("Only in %s, the running kernel does not take it: %s" % (plan.path, named))


def _check_boot(plan, shadowed, on_host):
    """Refuse or report the keys that another file takes at the next boot."""
    losing = [setting for setting in plan.settings if setting.key in on_host.losing and not setting.left]
    if not losing:
        return
    for setting in losing:
        setting.status, setting.reason = "shadowed", on_host.losing[setting.key][1]
    text = "%s. Correct that" % "; ".join("%s: %s" % (setting.key, setting.reason) for setting in losing)
    if on_host.better:
        text += ", or use the path %s, which is read later." % on_host.better
    else:
        text += "; no other name was found under which this file would win."
    if shadowed == "fail":
        raise plan.refusal("It would not hold after a boot. " + text)
    plan.warnings.append("%s does not hold after a boot. %s" % (plan.path, text))


def _check_untouched(plan, force, found, on_host):
    """Refuse to go back over what somebody else changed since, unless forced."""
    changed = []
    for setting in plan.settings:
        if setting.write and not _is_ours(setting, found.saved):
            set_here = " or ".join(map(format_value, written_values(found.saved, setting.key))) or "nothing"
            boot, source = on_host.boot_before.get(setting.key), ""
            if boot and boot["value"] == setting.runtime_before:
                source = " (%s line %d sets it at boot)" % (boot["file"], boot["line"])
            changed.append(
                (
                    setting,
                    "runs with %s%s, set here was %s, before that it was %s"
                    % (format_value(setting.runtime_before), source, set_here, format_value(setting.desired)),
                )
            )
    told = ["%s %s" % (setting.key, text) for setting, text in changed]
    if plan.file_changes and not is_known_file(found.saved, found.text):
        told.append("%s %s" % (plan.path, first_edit(found.text, written_files(found.saved)[-1])))
    if told and not force:
        for setting, text in changed:
            setting.status, setting.reason = "failed", "changed by somebody else since: " + text
        raise plan.refusal(
            "Somebody else changed since: %s. Put back what was set here and run again, or take all of "
            "it back with force: true (tune_tcp_rollback_force: true)." % "; ".join(told)
        )


def _plan_file(plan, found):
    """Plan what becomes of the file, and of what it said where nobody here wrote that."""
    plan.discards = found.unusable is not None
    if plan.discards:
        plan.warnings.append(
            "The saved state cannot be used: %s. It is kept in %s." % (found.unusable, state_path(plan.path, UNUSABLE))
        )
    if not plan.file_changes:
        return
    plan.makes = found.missing if plan.text is not None else []
    if found.text is None:
        return
    if len(found.text) > MAXIMUM_TEXT:
        raise plan.refusal(
            "It has %d characters, expected at most %d: what it says is saved. Shorten it, or use "
            "another path." % (len(found.text), MAXIMUM_TEXT)
        )
    if found.names > 1:
        plan.warnings.append(
            "%s has %d names (hard links). Only this one gets the new text." % (plan.path, found.names)
        )
    edited = found.saved is not None and not is_known_file(found.saved, found.text)
    plan.keeps_copy = edited or plan.discards
    if plan.keeps_copy:
        plan.warnings.append(
            "%sWhat it said is kept in %s."
            % (
                "%s was edited since it was written by this module. " % plan.path if edited else "",
                state_path(plan.path, EDITED),
            )
        )


# What is saved, and what leads back


def _plan_saving(plan, state, goal, found, on_host):
    """Plan what has to be saved, and what a failure leads back to."""
    saved = found.saved
    under_way = saved and saved["under_way"]
    plan.continues = bool(state == "present" and under_way and under_way["state"] != "absent" and saved["previous"])
    if plan.continues:
        plan.saved_back = before_last_run(saved, under_way["previous"])
    plan.back_to = _start(plan, found)
    waiting = _waiting(plan, on_host)
    if waiting and plan.runtime:
        plan.warnings.append(
            "What was before stays saved for %s. Run again when it can be put back." % (", ".join(waiting))
        )
    if state == "present":
        _plan_saving_of_content(plan, found, on_host, waiting)
    elif goal.takes_back:
        if plan.changed:
            brings = {setting.key: setting.desired for setting in plan.settings}
            plan.saved_during = dict(
                settled(saved, found.text, on_host.running),
                under_way={"file": goal.text, "runtime": brings, "state": state, "boot": found.boot, "previous": None},
            )
        plan.saved_after = before_last_run(saved) if state == "previous" else None
        if waiting:
            plan.saved_after = plan.saved_during
    if saved and None in (plan.saved_after, plan.saved_back):
        plan.releases = saved["made"]


def _start(plan, found):
    """Return the point that a failure leads back to, and later state previous.

    That is the host as it is now. Where this run continues one that did not end, it is the host before that one, but
    for what somebody else changed in between.
    """
    earlier = found.saved["previous"] if plan.continues else None
    start = {"file": found.text, "runtime": {}}
    if earlier and found.text in written_files(found.saved):
        start["file"] = earlier["file"]
    for setting in plan.settings:
        if earlier and setting.key in earlier["runtime"] and _is_ours(setting, found.saved):
            start["runtime"][setting.key] = earlier["runtime"][setting.key]
        elif setting.runtime_before is not None and (setting.write or not setting.left):
            start["runtime"][setting.key] = setting.runtime_before
    return start


def _waiting(plan, on_host):
    """Return the keys whose value from before cannot be put back now, and warn of them. A key that is gone has none."""
    waiting = []
    for setting in plan.settings:
        if setting.goes_back and setting.status == "skipped":
            key = setting.key
            cannot = key in on_host.read_only or on_host.unavailable.get(key, ABSENT) != ABSENT
            if cannot or not plan.runtime:
                waiting.append(key)
            if plan.runtime and (cannot or not setting.left):
                plan.warnings.append(
                    "%s: not put back to %s: %s" % (key, format_value(setting.desired), setting.reason)
                )
    return waiting


def _plan_saving_of_content(plan, found, on_host, waiting):
    """Plan what has to be saved for a content. waiting: the keys that left it and cannot be given back yet."""
    saved = found.saved
    if saved is None and not plan.changed:
        return  # nothing will have been done here that could be taken back
    base = (
        settled(saved, found.text, on_host.running)
        if saved
        else {
            "format": FORMAT,
            "first": {"file": found.text, "runtime": {}},
            "written": {"file": found.text, "runtime": {}},
            "previous": None,
            "under_way": None,
            "made": found.made + found.missing,
        }
    )
    kept = [setting for setting in plan.settings if setting.runtime_before is not None and not setting.left]
    brings = {setting.key: setting.desired for setting in kept}
    # Of a key that was not held here, somebody else may have changed the value from before.
    first = {setting.key: setting.runtime_before for setting in kept if setting.key not in held(saved)}
    base = dict(base, first=dict(base["first"], runtime=dict(base["first"]["runtime"], **first)))
    previous, earlier = base["previous"], base["previous"]
    if plan.continues:
        previous = dict(plan.back_to, written=saved["previous"]["written"])
        earlier = saved["under_way"]["previous"]
    elif plan.changed:
        previous = dict(plan.back_to, written=saved and base["written"])
    if plan.changed:
        plan.saved_during = pruned(
            dict(
                base,
                previous=previous,
                under_way={
                    "file": plan.text,
                    "runtime": brings,
                    "state": "present",
                    "boot": found.boot,
                    "previous": earlier,
                },
            )
        )
    # Keys of the content that are not there now stay as they were written, and so do those that wait.
    left = [setting.key for setting in plan.settings if setting.left and setting.key not in waiting]
    written = {key: value for key, value in base["written"]["runtime"].items() if key not in left}
    plan.saved_after = pruned(
        dict(base, previous=previous, under_way=None, written={"file": plan.text, "runtime": dict(written, **brings)})
    )
