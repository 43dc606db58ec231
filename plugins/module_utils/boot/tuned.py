# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tuned sets: the sysctls of its active profile, and after them what it re-applies of the sysctl.d files in its
own order.

Follows tuned 2.22 and newer (tuned/plugins/plugin_sysctl.py, tuned/profiles/loader.py and merger.py).
No regular expressions here, see sysctl_keys.
"""

import errno

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import (
    WORD_CHARACTERS,
    Assignment,
    settle,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import LeftOut, Ration
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.services import service_is_active
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.written_values import held_after

ACTIVE_PROFILE = "/etc/tuned/active_profile"
MAIN_FILE = "/etc/tuned/tuned-main.conf"
PROFILE_DIRECTORIES = ("/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned")
REAPPLIED = ("/run/sysctl.d", "/etc/sysctl.d")  # in this order: /run hides the same name of /etc
LAST_FILE = "/etc/sysctl.conf"
# More than a host has: tuned's own profiles are 100 files of 1 KiB, and few of them include another.
MOST_FILES = 100
MOST_BYTES = 1024 * 1024  # of all files together
MOST_NAMES = 100  # in one list of profiles
NAME_CHARACTERS = WORD_CHARACTERS | set(".-")
# What a section says about itself; the rest of it are sysctls.
UNIT_OPTIONS = (
    "priority",
    "type",
    "enabled",
    "replace",
    "prepend",
    "drop",
    "devices",
    "devices_udev_regex",
    "cpuinfo_regex",
    "uname_regex",
    "script_pre",
    "script_post",
)
TRUE = ("1", "True", "true")

ENABLED_UNITS = "/etc/systemd/system/multi-user.target.wants"


def active(files):
    """Return what the active profile of tuned sets, None without one: {profile, sysctl: {key: {value, file, line}},
    evidence, reapply}.

    profile: the names, separated by blanks. value: the text of the profile, with its "<" or ">" for "only lower" or
    "only raise", and with variables as they are written. Sections that depend on the processor are left out. evidence:
    the file that names the profile. reapply: whether it writes the sysctl.d files again. Raises OSError for a file that
    cannot be read, and for too many of them.
    """
    reader = Ration(files, MOST_FILES, MOST_BYTES)
    names = (reader.read_if_present(ACTIVE_PROFILE) or "").split()
    units = {}
    _load(reader, ACTIVE_PROFILE, names, units, set())
    if not names:
        return None
    sysctl = {}
    of_sysctl = [unit for unit in units.values() if unit["type"] == "sysctl" and unit["enabled"]]
    for unit in of_sysctl:
        sysctl.update(unit["options"])
    reapply = _options(reader, MAIN_FILE, "main").get("main", {}).get("reapply_sysctl", {"value": "1"})["value"]
    return {
        "profile": " ".join(names),
        "sysctl": sysctl,
        "evidence": ACTIVE_PROFILE,
        # The plug-in re-applies, so only a profile with a section for it does.
        "reapply": bool(of_sysctl) and reapply.strip().lower() in ("1", "true", "yes", "y", "t", "on"),
    }


def _load(reader, file, names, units, loaded):
    """Add the sections of the profiles that *file* *names*, and of those they include, to *units*.

    The later ones go over the earlier. reader: a Ration, which also bounds the recursion: no file is read twice.
    """
    if len(names) > MOST_NAMES:
        raise LeftOut(errno.EFBIG, "names more than %d profiles" % MOST_NAMES, file)
    for name in names:
        if not NAME_CHARACTERS.issuperset(name):
            continue
        paths = ("%s/%s/tuned.conf" % (directory, name.lstrip("-")) for directory in PROFILE_DIRECTORIES)
        path = next((path for path in paths if path not in loaded and reader.files.exists(path)), None)
        if path is None:
            continue
        loaded.add(path)
        sections = _options(reader, path)
        included = sections.pop("main", {}).get("include", {"value": ""})["value"]
        _load(reader, path, _listed(included), units, loaded)
        for section, options in sections.items():
            said = {option: options.pop(option)["value"] for option in UNIT_OPTIONS if option in options}
            if "cpuinfo_regex" in said or "uname_regex" in said:
                continue
            unit = {} if said.get("replace") in TRUE else units.get(section, {"options": {}})
            dropped = set(_listed(said.get("drop", "")))
            kept = {option: value for option, value in unit.get("options", {}).items() if option not in dropped}
            kept.update(options)
            units[section] = {
                "type": said.get("type", section),
                "enabled": said.get("enabled", "1") in TRUE,
                "options": kept,
            }


def _options(reader, path, section=None):
    """Return {section: {option: {value, file, line}}} of a file as tuned's ConfigParser reads it; section: that of
    the first lines.
    """
    sections = {section: {}} if section else {}
    option = None
    for number, raw in enumerate((reader.read_if_present(path) or "").split("\n"), 1):
        line = _without_comment(raw).rstrip()
        text = line.strip()
        if not text or text[0] == ";":
            continue
        if option and line[0].isspace():
            option["value"].append(text)
        elif text[0] == "[" and "]" in text:
            section, option = text[1 : text.rindex("]")], None
            sections.setdefault(section, {})
        elif section in sections and "=" in text:
            name, _equals, value = text.partition("=")
            option = sections[section][name.rstrip()] = {"value": [value.strip()], "file": path, "line": number}
    for options in sections.values():
        for option in options.values():
            option["value"] = "\n".join(option["value"])
    return sections


def _listed(text):
    """Return the words of *text*, none of them empty, with a comma or a semicolon between them."""
    return [word.strip() for word in text.replace(";", ",").split(",") if word.strip()]


def _without_comment(line):
    """Return *line* up to a "#" that begins it or has a blank before it."""
    place = line.find("#")
    while place > 0 and not line[place - 1].isspace():
        place = line.find("#", place + 1)
    return line if place < 0 else line[:place]


def is_on(files):
    """Return whether tuned runs or is enabled. Where a captured tree shows neither its units nor what is enabled,
    yes.
    """
    running = service_is_active(files, "tuned")
    try:
        enabled = files.names(ENABLED_UNITS)
    except OSError:
        enabled = []
    return running or "tuned.service" in enabled or (running is None and not enabled)


def resolve(sysctl_files, profile, boot):
    """Return {key: {value, file, line}}: what tuned leaves of the keys of SysctlFiles after the boot; a key that it
    does not set is absent.

    profile: what active() returns. boot: {key: {value, …}} of sysctl_files.resolve, what tuned finds.
    """
    keys = sysctl_files.keys
    writes = {}
    for option, said in profile["sysctl"].items():
        key = keys.get(_path_of(option))
        text = key and _without_modifier(key, _unquoted(said["value"]), boot.get(key, {}).get("value"))
        if text:
            writes[key] = [Assignment(option, text, said["file"], said["line"])]
    if profile["reapply"]:
        for path in sysctl_files.in_order(REAPPLIED, hidden=True) + [LAST_FILE] * sysctl_files.files.exists(LAST_FILE):
            for one in sysctl_files.lines(path):
                found = [one] if isinstance(one, Assignment) else _assignments(one[0], one[1], path)
                for assignment in found:
                    if assignment.key in keys:
                        writes.setdefault(keys[assignment.key], []).append(assignment)
    return {key: settle(key, assignments) for key, assignments in writes.items()}


def _assignments(number, text, file):
    """Return the Assignments of a line as tuned reads it; Python also ends a line at a carriage return."""
    pieces = (piece.strip().partition("=") for piece in text.split("\r"))
    return [
        Assignment(_path_of(option.strip()), value.strip(), file, number) for option, equals, value in pieces if equals
    ]  # no key begins with "#"


def _path_of(option):
    """Return the path below /proc/sys that tuned opens: dots and slashes change places, whichever comes first."""
    return option.translate({ord("."): "/", ord("/"): "."})


def _unquoted(text):
    """Return a *text* of one line without the quotes around it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' and "\n" not in text else text


def _without_modifier(key, text, before):
    """Return the *text* of a profile's value that tuned writes over the value *before*, None where it keeps that or
    the files do not tell it.
    """
    if text[:1] not in ("<", ">"):
        return text
    wanted, _decisive = held_after(key, [text[1:]])
    if not isinstance(wanted, int) or not isinstance(before, int):
        return None
    return text[1:] if (wanted > before if text[0] == ">" else wanted < before) else None
