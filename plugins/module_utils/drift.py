# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a host differs from its settings, now or after the next boot."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import KEYS, format_value, parse_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text_table import text_table

COLUMNS = ("KEY", "WANTED", "RUNNING NOW", "AFTER REBOOT", "WHY")
# Who else sets what files say, by its name in the fact boot.
EXECUTORS = (("procps", "sysctl --system"), ("tuned", "tuned"))


def drift(settings, facts):
    """Return the differences as a list of {key, wanted, running, boot, file, line, reason}, none when all is well.

    settings: {key: value}. facts: the value of ansible_facts.socket_memory with the subsets "limits" and "boot".
    A key that this kernel or namespace does not have cannot differ in its running value (running is None). One that could not be read
    (fact limits_unreadable) is not known to hold, which is a difference.
    Raises SocketMemoryError for a key that is not managed, and for a value that the kernel would misread.
    """
    differences = []
    for key, value in settings.items():
        if key not in KEYS:
            raise refuse(key, "a key that the facts do not hold", "one of %s" % ", ".join(KEYS), "Leave it out.")
        difference = _difference(key, parse_value(key, value), facts)
        wanted, running, boot = (difference[name] for name in ("wanted", "running", "boot"))
        reasons = []
        if key in _unreadable(facts):
            reasons.append(_unreadable(facts)[key])
        elif running is not None and running != wanted:
            reasons.append("runs with %s" % format_value(running))
        if boot is None:
            reasons.append("no file sets it for the next boot")
        elif boot != wanted:
            reasons.append("%s line %d sets %s at the next boot" % (difference["file"], difference["line"], format_value(boot)))
        if reasons:
            difference["reason"] = "%s: wanted %s, %s" % (key, format_value(wanted), " and ".join(reasons))
            differences.append(difference)
    return differences


def _unreadable(facts):
    """Return {key: reason} of the keys whose running value could not be read."""
    return facts.get("limits_unreadable") or {}


def _difference(key, wanted, facts, reason=""):
    """Return the three values of *key*, the file and line of the last, and *reason*."""
    boot = facts["boot"].get(key) or {}
    return {"key": key, "wanted": wanted, "running": facts["limits"].get(key), "boot": boot.get("value"),
            "file": boot.get("file"), "line": boot.get("line"), "reason": reason}


def prove(facts, dropin, settings=None, exceptions=(), strict=False):
    """Return {passes, message, table, drift, remarks, unavailable, not_judged} for the settings of a host.

    facts, drift: as in drift(). settings: {key: value}; without, what the file *dropin* assigns on the host.
    exceptions: keys that are not judged, as a list or as {key: reason}. strict: whether a remark fails too.
    With facts that say that not all files could be read (boot_complete), the message does too, and strict fails.
    message: one line. table: lines with a heading, one for each difference; none when there is none. remarks: see remarks().
    unavailable: keys that this kernel or namespace does not have, so that only the file holds them. not_judged: {key: reason}.
    """
    exceptions = _reasons(exceptions)
    proof = {"passes": False, "table": [], "drift": [], "remarks": [], "unavailable": [], "not_judged": {}}
    if not facts or "limits" not in facts or "boot" not in facts:
        proof["message"] = "The host was not read (subsets limits and boot), it is not known to hold."
        return proof
    settings = settings or _settings_in(facts, dropin)
    if not settings:
        proof["message"] = ("%s sets no managed key. It is missing, empty, or hidden by a file of the same name in a directory that goes first. "
                            "Run the role tune_tcp." % dropin)
        return proof
    rows = []
    for key, value in settings.items():
        if key in exceptions:
            continue
        try:
            differences = drift({key: value}, facts)
            proof["remarks"].extend(remarks({key: value}, facts))
            rows.extend(_row(difference, _why(difference, _unreadable(facts).get(key))) for difference in differences)
        except SocketMemoryError as error:  # the file says what the kernel would misread: that is this host's difference
            differences = [_difference(key, value, facts, str(error))]
            rows.append(_row(differences[0], str(error).replace(key + ": ", "", 1)))
        proof["drift"].extend(differences)
    proof["unavailable"] = [key for key in settings if facts["limits"].get(key) is None and key not in _unreadable(facts)]
    proof["not_judged"] = {key: exceptions[key] for key in settings if key in exceptions and key not in proof["unavailable"]}
    incomplete = facts.get("boot_complete") is False
    proof["passes"] = not (proof["drift"] or strict and (proof["remarks"] or incomplete))
    proof["table"] = text_table([COLUMNS] + rows) if rows else []
    proof["message"] = _message(proof, len(settings), incomplete, _unreadable(facts))
    return proof


def remarks(settings, facts):
    """Return where another program than systemd would leave another value: a list of {key, wanted, by, value, file, line, reason}.

    That is no drift: at boot, systemd-sysctl sets the values. It is what `sysctl --system` makes of the host when somebody runs it,
    and tuned whenever it applies its profile.
    """
    found = []
    for key, value in settings.items():
        wanted, boot = parse_value(key, value), facts["boot"].get(key) or {}
        for name, program in EXECUTORS:
            other = boot.get(name)
            if other and other["value"] not in (wanted, boot["value"]):
                found.append(dict(other, key=key, wanted=wanted, by=program, reason="%s would set %s to %s, as %s line %d says" % (
                    program, key, format_value(other["value"]), other["file"], other["line"])))
    return found


def _reasons(exceptions):
    """Return *exceptions* as {key: reason}, "" for none. Raises SocketMemoryError unless they are keys, or reasons by key."""
    pairs = [(key, "") for key in exceptions] if isinstance(exceptions, (list, tuple)) else None
    if isinstance(exceptions, dict):
        pairs = list(exceptions.items())  # in a template of ansible-core 2.19 and newer, items() can be gone through only once
    if pairs is None or not all(isinstance(text, str) for pair in pairs for text in pair):
        raise refuse("exceptions", repr(exceptions), "a list of keys, or a reason by key", "Write [net.core.somaxconn] or {net.core.somaxconn: why}.")
    return dict(pairs)


def _message(proof, count, incomplete, unreadable):
    """Return in one line how many of *count* settings hold, and what is not known or was not asked. unreadable: {key: reason}."""
    differing = {difference["key"] for difference in proof["drift"]}
    other = set(proof["unavailable"]) | set(proof["not_judged"]) | differing
    holding = count - len(other)
    sentences = ["%s settings hold now and after the next boot" % (holding if not other else "%d of %d" % (holding, count))]
    not_judged = ["%s (%s)" % item if item[1] else item[0] for item in proof["not_judged"].items()]
    for name, keys in (("not available here, only in the file", proof["unavailable"]), ("not judged", not_judged)):
        if keys:
            sentences.append("%s: %s" % (name, ", ".join(keys)))
    sentences.extend("but " + remark["reason"] for remark in proof["remarks"])
    if incomplete:
        sentences.append("but not every sysctl.d file could be read, see the warnings of the facts")
    remedies = [" Find out why the kernel's value cannot be read, and verify again."] if differing & set(unreadable) else []
    if not proof["passes"] and (differing - set(unreadable) or not remedies):
        remedies.insert(0, " Run the role tune_tcp, or correct the file that is named.")
    return "; ".join(sentences) + "." + "".join(remedies)


def _row(difference, why):
    """Return the cells of *difference*, in the order of COLUMNS."""
    values = [difference[name] for name in ("wanted", "running", "boot")]
    return [difference["key"]] + ["-" if value is None else format_value(value) for value in values] + [why]


def _why(difference, unreadable):
    """Return the reason of *difference* without the values, which stand beside it. unreadable: why its running value could not be read, or None."""
    reasons = [unreadable] if unreadable else []
    if difference["boot"] is None:
        reasons.append("no file sets it")
    elif difference["boot"] != difference["wanted"]:
        reasons.append("%s line %d wins" % (difference["file"], difference["line"]))
    if difference["running"] not in (None, difference["wanted"], difference["boot"]):
        reasons.append("changed since it was set, or never set")
    return ", ".join(reasons)


def _settings_in(facts, dropin):
    """Return {key: value} that the file *dropin* assigns on the host, whether it wins or not."""
    settings = {}
    for key, winner in facts["boot"].items():
        for assignment in [winner] + winner["overrides"]:
            if assignment["file"] == dropin:
                settings.setdefault(key, assignment["value"])
    # A key that another file excludes is not set at boot at all; other programs know no exclusions.
    for key, others in (facts.get("boot_by_others") or {}).items():
        for assignment in others.values():
            if assignment["file"] == dropin:
                settings.setdefault(key, assignment["value"])
    return settings
