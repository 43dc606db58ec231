# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what was read of the host to what has to be done, and to what leads back. Nothing here reads or changes anything."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin_content import first_edit
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.saved_state import (
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
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import ABSENT, format_value

NO_SUCH_KEY = "this kernel or network namespace has no such key"
# What can be done where the saved state cannot be used, by the state that is asked for.
WITHOUT_SAVED_STATE = {
    "present": "With force: true the host as it is now counts as the one before the first run. Or use the rollback playbook with "
               "tune_tcp_rollback_force=true first: it removes the file. ",
    "absent": "With force: true (rollback playbook: tune_tcp_rollback_force=true) the file is removed, and the running values stay as they are until "
              "the next boot. ",
    "previous": "There is nothing that force: true could go back to; state: absent with force: true removes the file, and the running values stay as they "
                "are until the next boot. ",
}


class Setting:
    """One key in a run: what is wanted, what was, what becomes of it.

    left: the key was in the file and is no longer. goes_back: it is to get a value from before. write: whether its running value has to be written.
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
    """What a run leads to. text: of the file, None for no file. settings: a Setting for each key. takes_back: whether it is a way back."""

    def __init__(self, text, settings, takes_back=False, warnings=()):
        self.text = text
        self.settings = settings
        self.takes_back = takes_back
        self.warnings = list(warnings)


class Plan:
    """What is to be done.

    path, target, text_before, text: the file and what it says. settings: list of Setting. runtime: whether running values are written. warnings: sentences.
    changed: whether file or running values change.
    keeps_copy: whether what somebody edited is kept. makes: directories to make for the file, the outermost first.
    saved_before: what is saved of the host now; saved_during: what has to be saved before the first change; saved_after: after the last one.
    back_to: the point {file, runtime} that a failure leads back to, and saved_back what is saved then. continues: whether that is the host before a
    run that did not end. releases: directories that go when nothing is saved any more. discards: whether what is saved cannot be used and is moved away.
    """

    def __init__(self, found, goal):
        self.path = found.path
        self.target = found.target
        self.text_before = found.text
        self.text = goal.text
        self.settings = goal.settings
        self.warnings = list(goal.warnings)
        self.changed = self.keeps_copy = self.continues = self.discards = False
        self.runtime = True
        self.makes, self.releases = [], []
        self.saved_before = self.saved_during = self.saved_after = self.saved_back = None
        self.back_to = {"file": found.text, "runtime": {}}

    @property
    def file_changes(self):
        """Whether the file is to say something else."""
        return self.text != self.text_before

    def results(self):
        """Return what the module returns for each key."""
        return [setting.result() for setting in self.settings]


# Where to

def find_goal(options, desired, found):
    """Return the Goal of a run.

    options: the parameters of the module. desired: {key: value} of the content. found: Found. Raises SocketMemoryError where there is no way to one.
    """
    state, saved, path = options["state"], found.saved, found.path
    if found.unusable is not None and (state == "previous" or not options["force"]):
        raise SocketMemoryError("The saved state %s cannot be used: %s. Nothing was changed. %sOr look there for what was before, put it back by hand, and "
                                "delete that file." % (state_path(path), found.unusable, WITHOUT_SAVED_STATE[state]))
    if state == "present":
        settings = [Setting(key, value) for key, value in desired.items()]
        settings += [Setting(key, saved["first"]["runtime"][key], "restored", "no longer in the file: the value before the first run", left=True)
                     for key in held(saved) if key not in desired]
        return Goal(options["content"], settings)
    if found.unusable is not None:
        return Goal(None, [], warnings=["The running values were left as they are: the saved state could not be used."])
    if saved is None:  # never ours, or taken back: whatever is there is somebody else's
        return Goal(found.text, [], warnings=[] if found.text is None else [
            "%s was not written by this module (there is no saved state): left as it is. Delete it yourself if it is not wanted." % path])
    if state == "previous" and saved["under_way"] and saved["under_way"]["state"] == "absent":
        raise refuse(path, "no saved state from before the last run", "one", "Nothing was changed. state: absent goes back to before the first run.")
    point = saved["first"] if state == "absent" else saved["previous"]
    if point is None:
        return Goal(found.text, [])
    reason = "the value before the %s run" % ("first" if state == "absent" else "last")
    keys = held(saved) if state == "absent" else sorted(point["runtime"])
    return Goal(point["file"], [Setting(key, point["runtime"][key], "restored", reason) for key in keys], takes_back=True)


# What has to be done

def make_plan(options, goal, found, host):
    """Return the Plan that leads to *goal* (Goal) from what was read (Found, Host). options: as in find_goal.

    Raises SocketMemoryError, with settings, for what must not be done.
    """
    plan = Plan(found, goal)
    plan.runtime = options["runtime"]
    plan.warnings.extend(host.problems)
    for setting in plan.settings:
        _settle(setting, plan, options["runtime"], found, host)
    refused = _Refusal(plan, "Rolling back " if options["state"] != "present" else "")
    _check_read(refused, plan, host)
    if options["state"] == "present":
        _check_lint(refused, plan, options, host)
        _check_available(refused, plan, options["unavailable"])
        _check_boot(refused, plan, options["shadowed"], host)
    elif goal.takes_back:
        _check_untouched(refused, plan, options, found, host)
    plan.changed = plan.file_changes or any(setting.write for setting in plan.settings)
    if plan.changed and found.names > 1 and plan.file_changes:
        plan.warnings.append("%s has %d names (hard links). Only this one gets the new text." % (plan.path, found.names))
    plan.discards = found.unusable is not None
    if plan.discards:
        plan.warnings.append("The saved state could not be used: %s. It is kept in %s." % (found.unusable, state_path(plan.path, UNUSABLE)))
    plan.makes = found.missing if plan.file_changes and plan.text is not None else []
    _plan_copy(plan, found)
    _plan_saving(plan, options, goal, found, host)
    return plan


class _Refusal:
    """Makes the SocketMemoryError of *plan*, which is not carried out; its message begins with *prefix*."""

    def __init__(self, plan, prefix):
        self.plan = plan
        self.prefix = prefix

    def __call__(self, why):
        for setting in self.plan.settings:
            setting.runtime_after, setting.boot_after = setting.runtime_before, setting.boot_before
            if setting.status in ("applied", "restored"):
                setting.status = "unchanged"
        return SocketMemoryError("%s%s is refused, nothing was changed. %s" % (self.prefix, self.plan.path, why), settings=self.plan.results())


def why_absent(reason):
    """Return the reason of read_running as a sentence."""
    return NO_SUCH_KEY if reason == ABSENT else reason


def _is_ours(setting, saved):
    """Return whether what *setting* runs with was set here, or was there before."""
    return is_known_value(saved, setting.key, setting.runtime_before)


def _settle(setting, plan, runtime, found, host):
    """Find out what becomes of *setting*."""
    key, saved = setting.key, found.saved
    setting.runtime_before = setting.runtime_after = host.running.get(key)
    setting.boot_before = host.boot_before.get(key, {}).get("value")
    setting.boot_after = host.boot_after.get(key, {}).get("value")
    if not runtime:
        if setting.status == "restored":
            setting.status, setting.reason = "skipped", "runtime is false: the running value was left as it is"
        elif setting.boot_before != setting.boot_after:
            setting.status = "applied"
    elif key in host.unavailable:
        setting.status, setting.reason = "skipped", why_absent(host.unavailable[key])
    elif setting.runtime_before == setting.desired:
        setting.status, setting.reason = "unchanged", ""
    elif key in host.read_only:
        setting.status, setting.reason = "skipped", host.read_only[key]
    elif setting.left and not _is_ours(setting, saved):
        setting.status = "skipped"
        setting.reason = "changed by somebody else since, it runs with %s: left as it is" % format_value(setting.runtime_before)
        plan.warnings.append("%s: %s" % (key, setting.reason))
    elif setting.status == "restored" and not _is_ours(setting, saved) and _booted_with_goal(plan, found):
        setting.status, setting.reason = "skipped", "the host booted with the file from before: left as it is"
    else:
        setting.write = True
        setting.runtime_after = setting.desired
        if setting.status != "restored":
            setting.status = "applied"


def _booted_with_goal(plan, found):
    """Return whether a run did not end, and the host booted since with the file that it shall get now.

    Then what runs is what that file gives. The kernel's own defaults differ a little from boot to boot.
    """
    under_way = found.saved["under_way"]
    return not plan.file_changes and under_way is not None and under_way["boot"] != found.boot


def _check_read(refused, plan, host):
    """Refuse where an error kept something from being read: that is no absence."""
    for setting in plan.settings:
        if setting.key in host.unreadable:
            setting.status, setting.reason = "failed", host.unreadable[setting.key]
    told = ["%s: %s" % item for item in host.unreadable.items()] + host.unmeasured
    if told:
        raise refused("%s. Find out why, and run again." % "; ".join(told))


def _check_lint(refused, plan, options, host):
    """Refuse what lint calls an error and keep its warnings."""
    desired = {setting.key: setting.desired for setting in plan.settings if not setting.left}
    results = lint(desired, host.page_size, host.memory_total, host.error_bound, dict(host.running), options["only_raise"], options.get("silence"))
    plan.warnings.extend(host.doubts)
    errors = [(result["key"], "%s. %s" % (result["message"], result["remedy"])) for result in results if result["severity"] == "error"]
    if errors:
        for setting in plan.settings:
            reasons = [text for key, text in errors if key == setting.key]
            if reasons:
                setting.status, setting.reason = "failed", " ".join(reasons)
        raise refused(" ".join(text for _key, text in errors))
    plan.warnings.extend("%s. %s" % (result["message"], result["remedy"]) for result in results if result["severity"] == "warning")


def _check_available(refused, plan, unavailable):
    """Refuse or report the keys that this host cannot hold now."""
    reasons = {}
    for setting in plan.settings:
        if setting.status == "skipped" and not setting.left:
            reasons.setdefault(setting.reason, []).append(setting.key)
    if reasons:
        named = "; ".join("%s (%s)" % (", ".join(keys), reason) for reason, keys in reasons.items())
        if unavailable == "fail":
            raise refused("Not available on this host: %s. Remove the keys, or set unavailable to skip." % named)
        plan.warnings.append("Only in %s, the running kernel does not take it: %s" % (plan.path, named))


def _check_boot(refused, plan, shadowed, host):
    """Refuse or report the keys that another file takes at the next boot."""
    losing = [setting for setting in plan.settings if setting.key in host.losing and not setting.left]
    if not losing:
        return
    for setting in losing:
        setting.status, setting.reason = "shadowed", host.losing[setting.key][1]
    text = "%s. Correct that" % "; ".join("%s: %s" % (setting.key, setting.reason) for setting in losing)
    text += ", or use the path %s, which is read later." % host.better if host.better else "; no other name was found under which this file would win."
    if shadowed == "fail":
        raise refused("It would not hold after a boot. " + text)
    plan.warnings.append("%s does not hold after a boot. %s" % (plan.path, text))


def _check_untouched(refused, plan, options, found, host):
    """Refuse to go back over what somebody else changed since, unless forced."""
    changed = []
    for setting in plan.settings:
        if setting.write and not _is_ours(setting, found.saved):
            set_here = " or ".join(map(format_value, written_values(found.saved, setting.key))) or "nothing"
            boot = host.boot_before.get(setting.key)
            source = " (%s line %d sets it at boot)" % (boot["file"], boot["line"]) if boot and boot["value"] == setting.runtime_before else ""
            changed.append((setting, "runs with %s%s, set here was %s, before that it was %s" % (
                format_value(setting.runtime_before), source, set_here, format_value(setting.desired))))
    told = ["%s %s" % (setting.key, text) for setting, text in changed]
    if plan.file_changes and not is_known_file(found.saved, found.text):
        told.append("%s %s" % (plan.path, first_edit(found.text, written_files(found.saved)[-1])))
    if told and not options["force"]:
        for setting, text in changed:
            setting.status, setting.reason = "failed", "changed by somebody else since: " + text
        raise refused("Somebody else changed since: %s. Put back what was set here and run again, or take all of it back with "
                      "force: true (tune_tcp_rollback_force: true)." % "; ".join(told))


def _plan_copy(plan, found):
    """Plan to keep what somebody edited since it was written here, before it is replaced."""
    known = found.saved is None or is_known_file(found.saved, found.text)
    plan.keeps_copy = plan.file_changes and found.text is not None and (not known or plan.discards)
    if plan.keeps_copy:
        edited = "" if plan.discards else "%s was edited since it was written by this module. " % plan.path
        plan.warnings.append("%sWhat it said is kept in %s." % (edited, state_path(plan.path, EDITED)))


# What is saved, and what leads back

def _plan_saving(plan, options, goal, found, host):
    """Plan what has to be saved, and what a failure leads back to."""
    state, saved = options["state"], found.saved
    plan.saved_before = plan.saved_during = plan.saved_after = plan.saved_back = saved
    plan.continues = bool(state == "present" and saved and saved["under_way"] and saved["under_way"]["state"] != "absent" and saved["previous"])
    if plan.continues:
        plan.saved_back = before_last_run(saved, saved["under_way"]["previous"])
    plan.back_to = _start(plan, found)
    waiting = _waiting(plan, options["runtime"], host)
    if waiting and options["runtime"]:
        plan.warnings.append("What was before stays saved for %s. Run again when it can be put back." % ", ".join(setting.key for setting in waiting))
    if state == "present":
        _plan_saving_of_content(plan, found, host, {setting.key for setting in waiting})
    elif goal.takes_back:
        if plan.changed:
            brings = {setting.key: setting.desired for setting in plan.settings}
            plan.saved_during = dict(settled(saved, found.text, host.running), under_way={
                "file": goal.text, "runtime": brings, "state": state, "boot": found.boot, "previous": None})
        plan.saved_after = before_last_run(saved) if state == "previous" else None
        if waiting:
            plan.saved_after = plan.saved_during
    if saved and None in (plan.saved_after, plan.saved_back):
        plan.releases = saved["made"]


def _start(plan, found):
    """Return the point that a failure leads back to, and later state previous.

    That is the host as it is now. Where this run continues one that did not end, it is the host before that one, but for what somebody else changed
    in between.
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


def _waiting(plan, runtime, host):
    """Return the settings whose value from before cannot be put back now, and warn of them. A key that is gone has none to put back."""
    waiting = []
    for setting in plan.settings:
        if setting.goes_back and setting.status == "skipped":
            key = setting.key
            is_waiting = not runtime or key in host.read_only or host.unavailable.get(key, ABSENT) != ABSENT
            if is_waiting:
                waiting.append(setting)
            if runtime and (is_waiting or not setting.left):
                plan.warnings.append("%s: not put back to %s: %s" % (key, format_value(setting.desired), setting.reason))
    return waiting


def _plan_saving_of_content(plan, found, host, waiting):
    """Plan what has to be saved for a content. waiting: the keys that left it and cannot be given back yet."""
    saved = found.saved
    if saved is None and not plan.changed:
        return  # nothing will have been done here that could be taken back
    now = {setting.key: setting.runtime_before for setting in plan.settings if setting.runtime_before is not None and not setting.left}
    brings = {setting.key: setting.desired for setting in plan.settings if setting.key in now}
    base = settled(saved, found.text, host.running) if saved else {
        "format": FORMAT, "first": {"file": found.text, "runtime": {}}, "written": {"file": found.text, "runtime": {}},
        "previous": None, "under_way": None, "made": found.made + found.missing}
    # Of a key that was not held here, somebody else may have changed the value from before.
    first = dict(base["first"]["runtime"], **{key: value for key, value in now.items() if key not in held(saved)})
    base = dict(base, first=dict(base["first"], runtime=first))
    earlier = saved["under_way"]["previous"] if plan.continues else base["previous"]
    if plan.changed or plan.continues:
        written = saved["previous"]["written"] if plan.continues else saved and base["written"]
        base["previous"] = dict(plan.back_to, written=written)
    if plan.changed:
        plan.saved_during = pruned(dict(base, under_way={
            "file": plan.text, "runtime": brings, "state": "present", "boot": found.boot, "previous": earlier}))
    # Keys of the content that are not there now stay as they were written, and so do those that wait.
    stay = {key: value for key, value in base["written"]["runtime"].items() if key in waiting or key not in brings and not _has_left(plan, key)}
    plan.saved_after = pruned(dict(base, under_way=None, written={"file": plan.text, "runtime": dict(stay, **brings)}))


def _has_left(plan, key):
    """Return whether *key* was in the file and is no longer."""
    return any(setting.left and setting.key == key for setting in plan.settings)
