# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a host differs from its settings, now or after the next boot."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import quoted
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import finding, worst_first
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.running_and_boot import PROGRAMS, line_of
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    format_value,
    parse_value,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import sentences
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text_table import text_table

COLUMNS = ("KEY", "WANTED", "RUNNING NOW", "AFTER REBOOT", "WHY")
RUN_THE_ROLE = "Run the role tune_tcp, or correct the file that is named."
READ_IT = "Find out why the kernel's value cannot be read, and verify again."


def drift(settings, facts):
    """Return the differences as findings with the id "drift" and the key as subject, none when all settings hold.

    settings: {key: value}. facts: the value of ansible_facts.socket_memory with the subsets "limits" and "boot".
    evidence: {wanted, running, boot, file, line, unreadable}. A key that this kernel or namespace does not have cannot
    differ in its running value (running is None). One that could not be read (fact limits_unreadable) is not known to
    hold, which is a difference: unreadable says why. Raises SocketMemoryError for a key that is not managed, and for a
    value that the kernel would misread.
    """
    if not isinstance(settings, dict):
        raise refuse("settings", quoted(settings), "a dictionary of sysctl keys and values", "Correct it.")
    differences = []
    for key, value in settings.items():
        if key not in KEYS:
            raise refuse(
                quoted(key), "a key that the facts do not hold", "one of %s" % ", ".join(KEYS), "Leave it out."
            )
        evidence = _values(key, parse_value(key, value), facts)
        wanted, running, boot = (evidence[name] for name in ("wanted", "running", "boot"))
        reasons = []
        if evidence["unreadable"]:
            reasons.append(evidence["unreadable"])
        elif running is not None and running != wanted:
            reasons.append("runs with %s" % format_value(running))
        if boot is None:
            reasons.append("no file sets it for the next boot")
        elif boot != wanted:
            reasons.append(
                "%s line %d sets %s at the next boot" % (evidence["file"], evidence["line"], format_value(boot))
            )
        if reasons:
            differences.append(
                _difference(key, "wanted %s, %s" % (format_value(wanted), " and ".join(reasons)), evidence)
            )
    return differences


def _values(key, wanted, facts):
    """Return what is wanted of *key*, runs and is set by the next boot, as the evidence of a difference."""
    boot = facts["boot"].get(key) or {}
    return {
        "wanted": wanted,
        "running": facts["limits"].get(key),
        "boot": boot.get("value"),
        "file": boot.get("file"),
        "line": boot.get("line"),
        "unreadable": (facts.get("limits_unreadable") or {}).get(key),
    }


def _difference(key, reason, evidence):
    return finding(
        "drift", "error", key, "%s: %s." % (key, reason), evidence, READ_IT if evidence["unreadable"] else RUN_THE_ROLE
    )


def prove(facts, dropin, settings=None, exceptions=(), strict=False):
    """Return {passes, verdict, message, findings, table} for the settings of a host.

    facts: as in drift(). settings: {key: value}; without, what the file *dropin* assigns on the host. exceptions: keys
    that are not judged, as a list or as {key: reason}. strict: whether it fails too that another program would leave
    another value, and that not all files could be read (fact boot_complete). message: one line. table: lines with a
    heading, one for each difference; none when there is none. findings: drift, and as information drift-by-procps and
    drift-by-tuned, boot-incomplete, not-available (this kernel or namespace has no such key, so that only the file
    holds it) and not-judged.
    """
    exceptions = _reasons(exceptions)
    if not facts or "limits" not in facts or "boot" not in facts:
        return _unproven(
            "not-read",
            "The host was not read (subsets limits and boot), so it is not known whether its settings hold.",
            "Read it, and verify again.",
        )
    settings = settings or _settings_in(facts, dropin)
    if not settings:
        return _unproven(
            "no-settings",
            "%s sets no managed key. It is missing, empty, or hidden by a file of the same name in a directory that "
            "goes first." % dropin,
            "Run the role tune_tcp.",
        )
    found, rows = [], []
    for key, value in settings.items():
        unavailable = key not in (facts.get("limits_unreadable") or {}) and facts["limits"].get(key) is None
        if unavailable:
            found.append(
                finding("not-available", "info", key, "%s: this kernel or namespace has no such key." % key, {}, "")
            )
        if key in exceptions:
            if not unavailable:
                found.append(
                    finding("not-judged", "info", key, "%s: not judged." % key, {"reason": exceptions[key]}, "")
                )
            continue
        try:
            differences = drift({key: value}, facts)
            found.extend(_by_others(key, parse_value(key, value), facts, "error" if strict else "info"))
            rows.extend(_row(one, _why(one["evidence"])) for one in differences)
        except (
            SocketMemoryError
        ) as error:  # the file says what the kernel would misread: that is this host's difference
            differences = [_difference(key, str(error).replace(key + ": ", "", 1), _values(key, value, facts))]
            rows.append(_row(differences[0], str(error).replace(key + ": ", "", 1)))
        found.extend(differences)
    if facts.get("boot_complete") is False:
        found.append(
            finding(
                "boot-incomplete",
                "error" if strict else "info",
                None,
                "not every sysctl.d file could be read, see the warnings of the facts",
                {},
                "Let these files be read.",
            )
        )
    found = worst_first(found)
    passes = not any(one["severity"] == "error" for one in found)
    return {
        "passes": passes,
        "verdict": "pass" if passes else "fail",
        "message": _message(found, len(settings), passes),
        "findings": found,
        "table": text_table([COLUMNS] + rows) if rows else [],
    }


def _unproven(identifier, message, remedy):
    return {
        "passes": False,
        "verdict": "fail",
        "message": sentences([message, remedy if identifier == "no-settings" else ""]),
        "table": [],
        "findings": [finding(identifier, "error", None, message, {}, remedy)],
    }


def _by_others(key, wanted, facts, severity):
    """Yield findings where another program than systemd would leave another value of *key*.

    That is no drift: at boot, systemd-sysctl sets the values. It is what `sysctl --system` makes of the host when
    somebody runs it, and tuned whenever it applies its profile.
    """
    boot = facts["boot"].get(key) or {}
    for program, (name, _when, remedy) in PROGRAMS.items():
        other = boot.get(program)
        if other and other["value"] not in (wanted, boot["value"]):
            yield finding(
                "drift-by-" + program,
                severity,
                key,
                "%s would set %s to %s, as %s line %d says"
                % (name, key, format_value(other["value"]), other["file"], other["line"]),
                dict(line_of(other), wanted=wanted),
                remedy % other,
            )


def _reasons(exceptions):
    """Return *exceptions* as {key: reason}, "" for none. Raises SocketMemoryError unless they are keys, or reasons
    by key.
    """
    pairs = [(key, "") for key in exceptions] if isinstance(exceptions, (list, tuple)) else None
    if isinstance(exceptions, dict):
        pairs = list(
            exceptions.items()
        )  # in a template of ansible-core 2.19 and newer, items() can be gone through only once
    if pairs is None or not all(isinstance(text, str) for pair in pairs for text in pair):
        raise refuse(
            "exceptions",
            quoted(exceptions),
            "a list of keys, or a reason by key",
            "Write [net.core.somaxconn] or {net.core.somaxconn: why}.",
        )
    return dict(pairs)


def _message(found, count, passes):
    """Return in one line how many of *count* settings hold, and what is not known or was not asked."""

    def about(*identifiers):
        return [one for one in found if one["id"] in identifiers]

    other = {one["subject"] for one in about("drift", "not-available", "not-judged")}
    parts = [
        "%s settings hold now and after the next boot"
        % (count if not other else "%d of %d" % (count - len(other), count))
    ]
    reasons = [
        "%s (%s)" % (one["subject"], one["evidence"]["reason"]) if one["evidence"]["reason"] else one["subject"]
        for one in about("not-judged")
    ]
    for name, keys in (
        ("not available here, only in the file", [one["subject"] for one in about("not-available")]),
        ("not judged", reasons),
    ):
        if keys:
            parts.append("%s: %s" % (name, ", ".join(keys)))
    parts.extend("but " + one["message"] for one in about("drift-by-procps", "drift-by-tuned", "boot-incomplete"))
    remedies = {one["remedy"] for one in about("drift")}
    if not passes and remedies != {READ_IT}:
        remedies.add(RUN_THE_ROLE)
    return sentences(["; ".join(parts)] + sorted(remedies, reverse=True))


def _row(difference, why):
    """Return the cells of *difference*, in the order of COLUMNS."""
    values = [difference["evidence"][name] for name in ("wanted", "running", "boot")]
    return [difference["subject"]] + ["-" if value is None else format_value(value) for value in values] + [why]


def _why(values):
    """Return why they differ, without the *values*, which stand beside it."""
    reasons = [values["unreadable"]] if values["unreadable"] else []
    if values["boot"] is None:
        reasons.append("no file sets it")
    elif values["boot"] != values["wanted"]:
        reasons.append("%s line %d wins" % (values["file"], values["line"]))
    if values["running"] not in (None, values["wanted"], values["boot"]):
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
