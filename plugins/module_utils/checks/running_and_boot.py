# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the values that run and of those that the next boot sets. The data are the facts of a host."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import Check
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import ERRORS, lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, format_value

ADMINISTRATOR = ("/etc/", "/run/")  # the directories of the administrator; packages put their files into /usr
# program: its name, when it sets values, what to do
PROGRAMS = {
    "procps": (
        "sysctl --system",
        "; it reads /etc/sysctl.conf last",
        "Give line %(line)d of %(file)s the same value, or remove it.",
    ),
    "tuned": (
        "tuned",
        " each time it starts",
        "Give line %(line)d of %(file)s the same value, remove it, or choose another profile.",
    ),
}
LINE = ("value", "file", "line")


def line_of(boot):
    """Return {value, file, line} of the fact boot of a key, or of what a program leaves of it."""
    return {name: boot[name] for name in LINE}


def _unsound(identifier):
    """Return the rule that a running value breaks the check *identifier* of lint. The kernel's own defaults earn its
    warnings, so only errors count.
    """

    def rule(data):
        present = {key: value for key, value in data["limits"].items() if value is not None}
        bound = ((data.get("tcp") or {}).get("error_bound") or {}).get("pages") or 0
        found_in = lint(
            present, data.get("page_size"), data.get("memory_total"), bound, memory_usable=data.get("memory_usable")
        )
        for found in found_in:
            if found["id"] == identifier and found["severity"] == "error":
                yield (
                    found["subject"],
                    {"value": present[found["subject"]], "message": found["message"], "remedy": found["remedy"]},
                )

    return rule


def _boot_not_taken(data):
    for key, boot in sorted(data["boot"].items()):
        if key in KEYS and isinstance(boot["value"], str):
            yield key, line_of(boot)


def _boot_differs(data):
    for key, boot in sorted(data["boot"].items()):
        running = (data.get("limits") or {}).get(key)
        if running is not None and not isinstance(boot["value"], str) and boot["value"] != running:
            yield key, {"running": running, "boot": boot["value"], "file": boot["file"], "line": boot["line"]}


def _boot_differs_by(program):
    """Return the rule that *program* leaves another value than the boot sets."""

    def rule(data):
        for key, boot in sorted(data["boot"].items()):
            if program in boot and boot[program]["value"] != boot["value"]:
                yield key, {"boot": line_of(boot), program: boot[program]}

    return rule


def _boot_differs_by_message(program):
    name, when, _remedy = PROGRAMS[program]

    def message(key, found):
        boot, left = found["boot"], found[program]
        return "%s: the boot sets %s (%s line %d), %s sets %s (%s line %d)%s." % (
            key,
            format_value(boot["value"]),
            boot["file"],
            boot["line"],
            name,
            format_value(left["value"]),
            left["file"],
            left["line"],
            when,
        )

    return message


def _co_manager(data):
    """Yield active managers that set keys which a file of the administrator sets too."""
    boot = data.get("boot") or {}
    for manager in data["managers"]:
        contested, loses, its_file = {}, True, manager["evidence"]
        for key in manager["keys"] if manager["active"] else ():
            if (
                key not in boot or manager["name"] in boot[key]
            ):  # as for tuned: what it leaves of the key is known exactly
                continue
            files = [one["file"] for one in [boot[key]] + boot[key]["overrides"]]
            others = [file for file in files if file != its_file and file.startswith(ADMINISTRATOR)]
            if others:
                contested[key] = others[0]
                loses = loses and its_file in files and its_file != files[0]
        if contested:
            yield (
                None,
                {"manager": manager["name"], "evidence": its_file, "keys": contested, "loses": loses},
                "info" if loses else "warning",
            )


def _files(found):
    return ", ".join(sorted(set(found["keys"].values())))


def _co_manager_message(_subject, found):
    outcome = "but loses to %s at the next boot" if found["loses"] else "and may undo what %s sets"
    return "%s sets %s too, %s." % (found["manager"], ", ".join(sorted(found["keys"])), outcome % _files(found))


CHECKS = (
    tuple(
        Check(
            "running-" + identifier,
            "warning",
            ("limits",),
            _unsound(identifier),
            lambda _key, found: "The running value breaks a rule: " + found["message"],
            lambda _key, found: found["remedy"],
        )
        for identifier in ERRORS
    )
    + (
        Check(
            "boot-not-taken",
            "warning",
            ("boot",),
            _boot_not_taken,
            lambda key, found: (
                "%s: the kernel refuses %r, or takes only the first numbers of it." % (key, found["value"])
            ),
            lambda _key, found: "Correct line %d of %s." % (found["line"], found["file"]),
        ),
        Check(
            "boot-differs",
            "warning",
            ("boot",),
            _boot_differs,
            lambda key, found: (
                "%s: runs with %s, the next boot sets %s."
                % (key, format_value(found["running"]), format_value(found["boot"]))
            ),
            lambda _key, found: "Apply or correct line %d of %s." % (found["line"], found["file"]),
        ),
    )
    + tuple(
        Check(
            "boot-differs-" + program,
            "warning",
            ("boot",),
            _boot_differs_by(program),
            _boot_differs_by_message(program),
            lambda _key, found, program=program: PROGRAMS[program][2] % found[program],
        )
        for program in PROGRAMS
    )
    + (
        Check(
            "co-manager",
            "warning",
            ("managers",),
            _co_manager,
            _co_manager_message,
            lambda _subject, found: (
                "Let one of the two decide: take these keys out of %s, or keep %s from setting them (%s)."
                % (_files(found), found["manager"], found["evidence"])
            ),
        ),
    )
)
