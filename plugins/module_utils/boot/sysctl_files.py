# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sysctl.d files will set at the next boot, and which file and line says so.

Follows systemd-sysctl (src/sysctl/sysctl.c, src/basic/conf-files.c, src/basic/sysctl-util.c) of systemd 246 and newer,
and that of EL8 (239 with the patches of 8.6). What other programs share with it is here too. No regular expressions
here, see sysctl_keys.
"""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.wildcards import SPECIAL, Wildcard, expanded
from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import first_of, quoted, whole_number
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import LeftOut, Ration
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import key_path, normalise_key
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.written_values import held_after
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
SUFFIX = ".conf"
PROC_SYS = "/proc/sys/"
BLANKS = " \t\r\n"  # src/basic/string-util.h WHITESPACE; Python strips more
LONGEST_LINE = 1024 * 1024 - 1  # bytes; src/basic/def.h LONG_LINE_MAX: a longer one ends the reading of its file
LONG = LONGEST_LINE // 4  # characters; four bytes are at most one, so a longer line may be too long
# More than a host has of anything: to read as much takes a second.
MOST_FILES = 10000
MOST_BYTES = 16 * 1024 * 1024  # of all files together
MOST_LINES = 300000  # that may concern the keys
MOST_WILDCARDS = 500  # what braces stand for grows with the power of their number
MOST_CHARACTERS = 20000  # of all wildcards together
# Keys with wildcards came with systemd 246; before, such a line is written to a file of that very name, which is not
# there.
FIRST_VERSION_WITH_GLOBS = 246
LIBRARY = "libsystemd-shared-"
LIBRARY_DIRECTORIES = (
    "/usr/lib/systemd",
    "/usr/lib64/systemd",
    "/lib/systemd",
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
)

DIGITS = "0123456789"
WORD_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_" + DIGITS)
# Of what plain assignments are made: all programs read them alike.
KEY_CHARACTERS = WORD_CHARACTERS | {"."}
VALUE_CHARACTERS = frozenset(map(chr, range(ord(" "), ord("~") + 1))) | {"\t"}


class Assignment:
    """A line that sets *key* to *value*, a text; None excludes the key ("-key" without "="). line: number from 1, as
    an editor counts.
    """

    __slots__ = ("key", "value", "file", "line")

    def __init__(self, key, value, file, line):
        self.key = key
        self.value = value
        self.file = file
        self.line = line


def parse_lines(text, file):
    """Return the Assignments of a sysctl.d file, with dotted keys, and the lines that are none, as ``(assignments,
    [(line, text), …])``.
    """
    assignments, others = [], []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(BLANKS)
        if line and line[0] not in "#;":
            setting = _setting(line, "systemd")
            if setting:
                assignments.append(Assignment(normalise_key(setting[0]), setting[1], file, number))
            else:
                others.append((number, line))
    return assignments, others


def _setting(line, dialect):
    """Return ``(key, value)`` of a stripped line, the key as it is written but for the "-" before it; None for a
    line that is no assignment.
    """
    key, equals, value = line.partition("=")
    current = dialect == "systemd"
    if not equals and not (current and line[0] == "-"):
        return None
    key = key.rstrip(BLANKS)
    if key[:1] == "-":
        key = key[1:].strip(BLANKS) if current else key[1:]
    return key, value.strip(BLANKS) if equals else None


def _lines_with(text, words):
    """Yield ``(number, line)`` of the lines of *text* that hold one of *words*, and of those longer than LONG.

    number: from 1. It searches for the words instead of asking every line: most hold none.
    """
    words = [word for word in words if word in text]
    places = [text.find(word) for word in words]
    long_lines = _long_lines(text)
    number, counted = 1, 0
    while True:
        ahead = [place for place in places if place >= 0] + long_lines[:1]
        if not ahead:
            return
        place = min(ahead)
        start, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
        end = len(text) if end < 0 else end
        number += text.count("\n", counted, start)
        counted = start
        yield number, text[start:end]
        places = [place if place < 0 or place > end else text.find(word, end) for word, place in zip(words, places)]
        long_lines = long_lines[1:] if long_lines[:1] == [start] else long_lines


def _long_lines(text):
    """Return where the lines of *text* begin that are longer than LONG."""
    found, start = [], 0
    while len(text) - start > LONG:
        end = text.rfind("\n", start, start + LONG + 1)
        if end < 0:
            found.append(start)
            end = text.find("\n", start)
        start = len(text) if end < 0 else end + 1
    return found


def _plain(line):
    """Return ``(path, value)`` of a line that is a dotted key and a value of plain characters, None for any other."""
    key, _equals, value = line.partition("=")
    key, value = key.strip(" \t"), value.rstrip(" \t\r").lstrip(" \t")
    if len(key) < 2 or not value or not KEY_CHARACTERS.issuperset(key) or not VALUE_CHARACTERS.issuperset(value):
        return None
    return None if key[0] == "." or key[-1] == "." or ".." in key else (key.replace(".", "/"), value)


def dialect_of(files):
    """Return "systemd-239" or "systemd": how the systemd of this host reads sysctl.d. Without a systemd, "systemd"."""
    for directory in LIBRARY_DIRECTORIES:
        try:
            names = files.names(directory)
        except OSError:
            continue
        for name in names:
            version = name[len(LIBRARY) :] if name.startswith(LIBRARY) else ""
            number = whole_number(version[: len(version) - len(version.lstrip(DIGITS))])
            if number is not None:
                return "systemd" if number >= FIRST_VERSION_WITH_GLOBS else "systemd-239"
    return "systemd"


class SysctlFiles:
    """The sysctl.d files of one host, each read once for all programs that apply them, as far as they concern *keys*.

    files: HostFiles. keys: dotted names. preview: {path: text or None}, files as they would be after a change (None:
    removed). problems: sentences, see also told(). complete: False once something could not be read, so that what it
    sets is not known.
    """

    def __init__(self, files, keys, preview=None):
        self.files = files
        self.keys = {key_path(key)[len(PROC_SYS) :]: key for key in keys}  # by their paths below /proc/sys
        self.preview = preview or {}
        self.problems = []
        self.complete = True
        self._ration, self._room = Ration(files, MOST_FILES, MOST_BYTES), MOST_LINES
        self._beyond, self._cut_off = set(), 0  # paths that are too many; how many were not read to their end
        self._read = None  # SysctlFiles of the same host, where everything is looked up but the preview
        self._names, self._lines = {}, {}
        # A key is named in full, or by a wildcard. All other lines, nearly all on many hosts, need no second look.
        self._words = sorted({path.split("/")[0] for path in self.keys} | SPECIAL)
        self._paths = {path: path for path in self.keys}  # one text for all lines that set the same key

    def previewed(self, preview):
        """Return the same files as they would be after another change, without reading any of them again."""
        other = SysctlFiles(self.files, (), preview)
        other.keys, other._words, other._paths, other._read = self.keys, self._words, self._paths, self._read or self
        return other

    def told(self):
        """Return a sentence on how many files were left out, where there are any, and the problems with the rest."""
        left_out = len(self._beyond) + self._ration.left_out + self._cut_off
        if not left_out:
            return self.problems
        return [
            "%d sysctl.d files were not read, or not to their end, what these set is not known: "
            "all together have more than %d files, %d MiB, or %d lines on network keys"
            % (left_out, MOST_FILES, MOST_BYTES >> 20, MOST_LINES)
        ] + self.problems

    def in_order(self, directories=DIRECTORIES, hidden=False):
        """Return the paths of the NAME.conf files: by the bytes of their names; the first of *directories* wins for
        the same name.
        """
        chosen = {}
        for directory in directories:
            for name in self.names(directory):
                if name.endswith(SUFFIX) and (hidden or name[0] != "."):
                    chosen.setdefault(name, directory + "/" + name)
        paths = [chosen[name] for name in sorted(chosen, key=os.fsencode)]
        # The last ones win: where not all can be read, let it be these.
        if len(paths) > MOST_FILES:
            self._beyond.update(paths[:-MOST_FILES])
            self.complete = False
            paths = paths[-MOST_FILES:]
        place = len(self.problems)
        for path in reversed(paths):
            self.lines(path)
        self.problems[place:] = self.problems[place:][::-1]
        return paths

    def names(self, directory):
        """Return the names in *directory*, none where it does not exist or cannot be read."""
        names = set(self._listed(directory))
        for path, text in self.preview.items():
            if os.path.dirname(path) == directory:
                (names.discard if text is None else names.add)(os.path.basename(path))
        return names

    def _listed(self, directory):
        """Return the names that are in *directory* now."""
        if self._read:
            return self._read._listed(directory)
        if directory not in self._names:
            try:
                self._names[directory] = self.files.names(directory)
            except OSError as error:
                self.unreadable(directory, error)
                self._names[directory] = []
        return self._names[directory]

    def lines(self, path):
        """Return what of *path* may concern the keys, in order; none where it is empty, masked or cannot be read.

        A plain assignment to one of the keys, which every program reads alike, is an Assignment with a path for its
        key. Any other line is ``(number, text)``, for each program to read in its own way.
        """
        text = self.preview.get(path)
        if self._read and text is None:
            return self._read.lines(path)
        if path not in self._lines:
            self._lines[path] = self._parsed(path, self._text(path) if text is None else text)
        return self._lines[path]

    def _parsed(self, path, text):
        """Return what lines does of a file with this *text*."""
        found = []  # type: list
        for number, line in _lines_with(text, self._words):
            # A line that ends in several places is as many lines to some programs.
            self._room -= 1 + line.count("\r") + line.count("\0")
            if self._room < 0:
                self._cut_off += 1
                self.complete = False
                break
            is_long = len(line) > LONG
            plain = None if is_long else _plain(line)
            if plain:
                if plain[0] in self._paths:
                    found.append(Assignment(self._paths[plain[0]], plain[1], path, number))
            elif line[0] not in "#;" or "\r" in line or "\0" in line or is_long:
                found.append((number, line))
        return found

    def bounded(self, wildcards):
        """Return *wildcards*, none of them where they are too many or too long."""
        if len(wildcards) <= MOST_WILDCARDS and sum(map(len, wildcards)) <= MOST_CHARACTERS:
            return wildcards
        self.too_many_wildcards()
        return []

    def too_many_wildcards(self):
        """Note that what the wildcards set is not known."""
        self.complete = False
        self.problems.append(
            "more than %d wildcards, or %d characters of them, what they set is not known"
            % (MOST_WILDCARDS, MOST_CHARACTERS)
        )

    def _text(self, path):
        if self._room < 0:
            self._cut_off += 1
            return ""
        try:
            return self._ration.read(path)
        except LeftOut:
            self.complete = False
        except OSError as error:
            if not self._is_mask(path):
                self.unreadable(path, error)
        return ""

    def _is_mask(self, path):
        """Return whether *path* leads to /dev/null, of which a captured tree may have none."""
        try:
            return os.path.realpath(self.files.local_path(path)) in (os.devnull, self.files.local_path(os.devnull))
        except OSError:  # a loop
            return False

    def unreadable(self, path, error):
        """Note that *path* could not be read, by an OSError."""
        self.complete = False
        self.problems.append("%s cannot be read, what it sets is not known: %s" % (printable(path), error.strerror))


def boot_values(files, keys, dialect="auto", preview=None):
    """Return ``(boot, problems)``: what systemd-sysctl sets, see resolve(), of the host of *files* (HostFiles)."""
    sysctl_files = SysctlFiles(files, keys, preview)
    return resolve(sysctl_files, dialect), sysctl_files.told()


def resolve(sysctl_files, dialect="auto"):
    """Return {key: {value, file, line, overrides: [{file, line, value}, …]}}: what systemd-sysctl sets of the keys of
    SysctlFiles.

    A key that no file sets is absent. value: in the shape of parse_value; the text itself where the kernel refuses it
    or takes a vector in part, and so keeps something the files do not say. overrides: the assignments that lose,
    nearest first; those beyond the first MOST_TOLD are only counted, as overrides_left_out. dialect: "systemd",
    "systemd-239", or "auto".
    """
    boot = {}
    for key, (writes, losers) in systemd_writes(sysctl_files, dialect).items():
        told, left_out = first_of(losers)
        boot[key] = dict(settle(key, writes), overrides=[settle(key, [one]) for one in told])
        if left_out:
            boot[key]["overrides_left_out"] = left_out
    return boot


def systemd_writes(sysctl_files, dialect="auto"):
    """Return {key: (writes, losers)}: the Assignments that systemd-sysctl writes to the key, in this order, and
    those it does not, nearest first.
    """
    if dialect == "auto":
        dialect = dialect_of(sysctl_files.files)
    # As the ordered hash map of systemd-sysctl: a key keeps its place until another value is assigned to it; then it
    # goes last.
    options, read = {}, []
    for file in sysctl_files.in_order():
        for one in _assignments(sysctl_files, file, dialect):
            before = options.get(one.key)
            if before is not None and before.value != one.value:
                del options[one.key]
            options[one.key] = one
            read.append(one)
    in_effect = _in_effect(sysctl_files, options, read) if dialect == "systemd" else _in_effect_239(options, read)
    found = {}
    for path, key in sysctl_files.keys.items():
        writes, losers = in_effect(path)
        writes = [one for one in writes if one.value is not None]
        if writes:
            found[key] = writes, [one for one in losers if one.value is not None and one is not writes[-1]]
    return found


def _in_effect(sysctl_files, options, read):
    """Return a function of a path that returns the Assignments of *options* to it, in their order, and all of *read*
    that name it, nearest first.
    """
    explicit = _by(lambda one: one.key, read)
    names = [name for name, one in options.items() if one.value is not None and not SPECIAL.isdisjoint(name)]
    globs = _wildcards(sysctl_files, names)
    with_globs = [one for one in read if one.key in globs]

    def in_effect(path):
        named = explicit.get(path, [])
        # An explicit key anywhere, also one to exclude, beats any wildcard. What is excluded again is taken back.
        patterns = (
            {}
            if any(one.value is None for one in named)
            else {
                name: options[name]
                for name, stands_for in globs.items()
                if any(one.matches(path) for one in stands_for)
            }
        )
        wildcard = [one for one in with_globs if one.key in patterns] if patterns else []
        return [options[path]] if named else list(patterns.values()), named[::-1] + wildcard[::-1]

    return in_effect


def _wildcards(sysctl_files, names):
    """Return {name: [Wildcard, …]} of what the *names* of keys stand for; {} where that is too much."""
    globs, patterns = {}, []
    for name in sysctl_files.bounded(names):
        found = expanded(name, MOST_WILDCARDS, MOST_CHARACTERS)
        patterns += found or []
        characters = len("".join(patterns))
        if found is None or len(patterns) > MOST_WILDCARDS or characters > MOST_CHARACTERS:
            sysctl_files.too_many_wildcards()
            return {}
        globs[name] = [Wildcard(one) for one in found]
    return globs


def _in_effect_239(options, read):
    """The same as 239 does it: without wildcards, each spelling of a key for itself."""
    written = _by(lambda one: real_path(one.key), options.values())
    named = _by(lambda one: real_path(one.key), read)
    return lambda path: (written.get(path, []), named.get(path, [])[::-1])


def _by(name_of, assignments):
    """Return {name: [Assignment, …]}."""
    groups = {}
    for one in assignments:
        groups.setdefault(name_of(one), []).append(one)
    return groups


def _assignments(sysctl_files, file, dialect):
    """Return the Assignments of *file* as systemd-sysctl reads them, with the paths by which it keeps their keys."""
    found, others = [], []
    for one in sysctl_files.lines(file):
        if isinstance(one, Assignment):
            found.append(one)
            continue
        number, text = one
        # src/basic/fileio.c read_line_full: a NUL ends a line too, and since 240 a carriage return.
        for piece in (text.replace("\r", "\0") if dialect == "systemd" else text).split("\0"):
            if len(piece) > LONG and len(_bytes(piece)) > LONGEST_LINE:
                sysctl_files.problems.append(
                    "%s:%d is longer than %d bytes, systemd-sysctl reads no further"
                    % (printable(file), number, LONGEST_LINE)
                )
                return found
            line = piece.strip(BLANKS)
            if line and line[0] not in "#;":
                setting = _setting(line, dialect)
                if setting:
                    found.append(
                        Assignment(
                            (simple_path if dialect == "systemd" else path_of)(setting[0]), setting[1], file, number
                        )
                    )
                else:
                    others.append((number, line))
    if others:
        more = " (and %d more lines)" % (len(others) - 1) if others[1:] else ""
        number, line = others[0]
        sysctl_files.problems.append("%s:%d is not an assignment: %s%s" % (printable(file), number, quoted(line), more))
    return found


def excludes(sysctl_files, file):
    """Return whether *file* takes a key out ("-key"), which keeps it unset by all."""
    return any(one.value is None for one in _assignments(sysctl_files, file, "systemd"))


def settle(key, writes):
    """Return {value, file, line} of *key* after the Assignments *writes* were written in this order; of the last one
    that counts.
    """
    value, decisive = held_after(key, [one.value for one in writes])
    return {"file": printable(writes[decisive].file), "line": writes[decisive].line, "value": value}


def _bytes(text):
    """Return the bytes of *text*, a name or a line of a file, whatever the encoding of this process is."""
    return text.encode("utf-8", "surrogateescape")


def path_of(key):
    """Return the path below /proc/sys of a *key* as it is written: with a dot as the first separator, dots and
    slashes change places.
    """
    dot, slash = key.find("."), key.find("/")
    if dot < 0 or 0 <= slash < dot:
        return key
    return key.translate({ord("."): "/", ord("/"): "."}) if slash >= 0 else key.replace(".", "/")


def real_path(path):
    """Return the *path* that the kernel opens for a path below /proc/sys, None where that is no file."""
    if "//" in path or "/." in path or path[:1] in "./":
        return None if path.endswith(("/", "/.")) else os.path.normpath("/" + path.lstrip("/"))[1:]
    return path


def simple_path(key):
    """Return the path of a *key* as systemd has simplified it since 246 (src/basic/sysctl-util.c sysctl_normalize)."""
    path = path_of(key)
    if "//" in path or "/." in path or path[:1] in "./" or path[-1:] == "/":
        return "/".join(part for part in path.split("/") if part not in ("", "."))
    return path


def name_that_wins(path, winners):
    """Return a path beside *path* whose name is read after those of the files *winners*; None where none of letters
    is.
    """
    last = max(_bytes(os.path.basename(winner)) for winner in winners)
    directory, stem = os.path.split(path)
    names = [stem] + ["%s-%s" % ("z" * length, stem) for length in range(1, len(last) + 2)]
    return next((os.path.join(directory, name) for name in names if _bytes(name) > last), None)
