# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a drop-in may be called and may say, and how it was edited."""

import itertools

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import (
    DIRECTORIES,
    SUFFIX,
    WORD_CHARACTERS,
    parse_lines,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import quoted
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import MAXIMUM_TEXT, is_text
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import key_path, parse_value

# "." and "-" may not be the first.
NAME_CHARACTERS = WORD_CHARACTERS | set("@+.-")
LONGEST_NAME = (
    200  # characters; what is kept for it has longer names, and 255 is the most (include/uapi/linux/limits.h NAME_MAX)
)


def check_path(path):
    """Return *path*. Raises SocketMemoryError unless it names a file that systemd-sysctl reads."""
    directory, _slash, name = path.rpartition("/")
    is_name = name.endswith(SUFFIX) and name[0] not in ".-" and NAME_CHARACTERS.issuperset(name)
    if directory not in DIRECTORIES or not is_name or len(name) > LONGEST_NAME:
        raise refuse(
            "path",
            quoted(path),
            "a file NAME%s in %s" % (SUFFIX, " or ".join(DIRECTORIES)),
            "Other files are not read at boot. Use a path such as /etc/sysctl.d/99-tcp-memory.conf.",
        )
    return path


def parse_content(content, path):
    """Return {key: value} of a rendered drop-in, in its order.

    Raises SocketMemoryError for any line that is not one plain assignment.
    """
    if not is_text(content or ""):
        raise refuse(
            "content",
            "%d characters, or some that no file can hold" % len(content),
            "at most %d characters of Unicode text" % MAXIMUM_TEXT,
            "Leave out what is not needed.",
        )
    assignments, others = parse_lines(content or "", path)
    for line, text in others:
        raise refuse(
            "line %d of the content" % line, quoted(text), "key = value", "Correct the line or put # before it."
        )
    desired, lines = {}, {}
    for assignment in assignments:
        where = "line %d of the content" % assignment.line
        if assignment.value is None:
            raise refuse(
                where,
                "the exclusion %s" % quoted("-" + assignment.key),
                "key = value",
                "Remove it: this file only sets values.",
            )
        key_path(assignment.key)
        if assignment.key in desired:
            raise refuse(
                where,
                "%s again, first set in line %d" % (assignment.key, lines[assignment.key]),
                "each key once",
                "Remove one of the two.",
            )
        desired[assignment.key] = parse_value(assignment.key, assignment.value)
        lines[assignment.key] = assignment.line
    if not desired:
        raise refuse(
            "content", "no assignment", "at least one line key = value", "To remove the drop-in use state: absent."
        )
    return desired


def line_of(content, path, key):
    """Return the number of the line of a *content*, as parse_content accepts it, that sets *key*."""
    return next(one.line for one in parse_lines(content, path)[0] if one.key == key)


def first_edit(found, written):
    """Return, after the name of a file, how the text *found* there differs from *written*; None stands for no file."""
    if found is None or written is None:
        return "was %s" % ("removed" if found is None else "created again")
    pairs = itertools.zip_longest(found.split("\n"), written.split("\n"))
    number, (here, there) = next((number, pair) for number, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    return "was edited: line %d is %s, written here was %s" % (
        number,
        quoted(here) if here else "empty",
        quoted(there) if there else "nothing",
    )
