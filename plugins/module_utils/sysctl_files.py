# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sysctl.d files will set at the next boot, and which file and line says so.

Follows systemd-sysctl (src/sysctl/sysctl.c, src/basic/conf-files.c): all files of all directories in the byte order of
their names, a name in an earlier directory hiding the same name in a later one, the last assignment of a key winning.
"""

import collections
import fnmatch
import os
import re

from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.human import printable
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import normalise_key, read_kernel_value

DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
SUFFIX = ".conf"
BLANKS = " \t\r\n"  # src/basic/string-util.h WHITESPACE; Python strips more
GLOB = re.compile(r"[*?\[]")
# Keys with wildcards came with systemd 246; before, such a line is written to a file of that very name, which is not there.
FIRST_VERSION_WITH_GLOBS = 246
LIBRARY = re.compile(r"libsystemd-shared-(\d+)")
LIBRARY_DIRECTORIES = ("/usr/lib/systemd", "/usr/lib64/systemd", "/lib/systemd",
                       "/usr/lib/x86_64-linux-gnu/systemd", "/usr/lib/aarch64-linux-gnu/systemd")

# key: dotted; value: text, None for an exclusion ("-key" without "="); line: number from 1.
Assignment = collections.namedtuple("Assignment", "key value file line")


def parse_lines(text, file):
    """Return the Assignments of a sysctl.d file and the lines that are none, as ``(assignments, [(line, text), …])``."""
    assignments, others = [], []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(BLANKS)
        if not line or line[0] in "#;":
            continue
        key, equals, value = line.partition("=")
        ignore_failure = key.startswith("-")
        if not equals and not ignore_failure:
            others.append((number, line))
            continue
        key = normalise_key((key[1:] if ignore_failure else key).strip(BLANKS))
        assignments.append(Assignment(key, value.strip(BLANKS) if equals else None, file, number))
    return assignments, others


def dialect_of(files):
    """Return "systemd-239" or "systemd": how the systemd of this host reads sysctl.d. Without a systemd, "systemd"."""
    for directory in LIBRARY_DIRECTORIES:
        try:
            names = files.names(directory)
        except OSError:
            continue
        for name in names:
            version = LIBRARY.match(name)
            if version:
                return "systemd" if int(version.group(1)) >= FIRST_VERSION_WITH_GLOBS else "systemd-239"
    return "systemd"


def winning_files(files, preview=None):
    """Return ``(paths, problems)``: the sysctl.d files read at boot, in order.

    preview: {path: text or None}, files as they would be after a change (None: removed).
    """
    chosen, problems = {}, []
    preview = preview or {}
    for directory in DIRECTORIES:
        try:
            names = set(files.names(directory))
        except OSError as error:
            problems.append("%s cannot be read: %s" % (directory, error.strerror))
            names = set()
        for path, text in preview.items():
            if os.path.dirname(path) == directory:
                (names.discard if text is None else names.add)(os.path.basename(path))
        for name in names:
            if name.endswith(SUFFIX) and not name.startswith("."):
                chosen.setdefault(name, directory + "/" + name)
    return [chosen[name] for name in sorted(chosen, key=os.fsencode)], problems


def read_assignments(files, preview=None):
    """Return ``(assignments, problems)`` of all files read at boot, in the order of reading."""
    paths, problems = winning_files(files, preview)
    assignments = []
    for path in paths:
        text = (preview or {}).get(path)
        if text is None:
            try:
                if files.local_path(path) == files.local_path("/dev/null"):
                    continue
                if files.live and os.path.realpath(path) == os.devnull:
                    continue
                text = files.read(path)
            except OSError as error:
                problems.append("%s cannot be read, what it sets is not known: %s" % (path, error.strerror))
                continue
        found, others = parse_lines(text, path)
        assignments.extend(found)
        problems.extend("%s:%d is not an assignment: %r" % (path, number, line[:80]) for number, line in others)
    return assignments, problems


def boot_values(files, keys, dialect="auto", preview=None):
    """Return ``(boot, problems)``; boot: {key: {value, file, line, overrides: [{file, line, value}, …]}}.

    keys: dotted names; one that no file sets is absent from the result. value: in the shape of parse_value, or the text
    itself where the kernel would not read it as that. overrides: the assignments that lose, nearest first.
    dialect: "systemd", "systemd-239", or "auto".
    """
    assignments, problems = read_assignments(files, preview)
    if dialect == "auto":
        dialect = dialect_of(files)
    boot = {}
    for key in keys:
        candidates = _candidates(key, assignments, dialect)
        if candidates:
            described = [
                {"file": candidate.file, "line": candidate.line, "value": _boot_value(key, candidate.value)}
                for candidate in candidates
            ]
            boot[key] = dict(described[0], overrides=described[1:])
    return boot, problems


def _candidates(key, assignments, dialect):
    """Return the assignments that set *key*, the winner first; none where an exclusion comes last."""
    if dialect != "systemd":
        return [one for one in reversed(assignments) if one.key == key and one.value is not None]
    # An exclusion takes back what was assigned to the same key, or the same wildcard, before.
    last = {one.key: one for one in assignments}
    explicit = [one for one in assignments if one.key == key]
    wildcard = [one for one in assignments if GLOB.search(one.key) and last[one.key].value is not None and _glob_matches(key, one.key)]
    if key in last and last[key].value is None:
        return []
    if any(one.value is None for one in explicit):
        wildcard = []
    # An explicit key anywhere beats any wildcard.
    return [one for one in explicit[::-1] + wildcard[::-1] if one.value is not None]


def _glob_matches(key, pattern):
    """Return whether the wildcard *pattern* covers *key*: part by part, as a path below /proc/sys."""
    names, patterns = key.split("."), pattern.split(".")
    return len(names) == len(patterns) and all(fnmatch.fnmatchcase(name, one) for name, one in zip(names, patterns))


def _boot_value(key, text):
    """Return *text* as the kernel would hold it for *key*, or the text itself where it has another shape."""
    try:
        return read_kernel_value(key, text)
    except SocketMemoryError:
        return printable(text)


def name_that_wins(path, winners):
    """Return a path beside *path* whose name is read after those of the files *winners*; None where none of letters is."""
    last = max(os.fsencode(os.path.basename(winner)) for winner in winners)
    directory, stem = os.path.split(path)
    names = [stem] + ["%s-%s" % ("z" * length, stem) for length in range(1, len(last) + 2)]
    return next((os.path.join(directory, name) for name in names if os.fsencode(name) > last), None)
