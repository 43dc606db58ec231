# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is saved of a host so that its drop-in can be taken back: the time before the first run, and before the last.

A saved state is a dict. A point in it is {file: text or None for no file, runtime: {key: value}}.
  format     FORMAT
  first      the point before the first run; of each key, before the first run that had it in its content
  previous   the point before the last run that changed something, and in it `written` as it was then, None before the
             first run. None: there is no such run, or it was taken back
  written    the point that the last run wrote. Its keys are those that the file here holds
  under_way  the point that a run brings which has not ended, its `state` (present, absent, previous), `boot`, the
             boot_id of the boot in which it began, and `previous` as it was before. None: all have ended
  made       the directories that were made for the first run, and go again with the last one
Each key of another point has a value in `first`.
"""

import os
import stat

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import (
    MAXIMUM_TEXT,
    directories_above,
    is_text,
    own_path,
    remove,
    write_atomically,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import MAXIMUM_FILE_SIZE
from ansible_collections.linux_net.socket_memory.plugins.module_utils.json_text import loads
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, key_path

STATE_DIRECTORY = "/var/lib/linux_net.socket_memory"
SAVED, EDITED, UNUSABLE = "json", "edited", "unusable"  # what the directory keeps for a drop-in
FORMAT = 3
STATES = ("present", "absent", "previous")
LONGEST_NAME = 1000  # characters of a key, or of a boot_id
LARGEST_NUMBER = 2**64  # no sysctl holds more


def state_path(path, suffix=SAVED):
    """Return where the state directory keeps something for the drop-in *path*."""
    return "%s/%s.%s" % (STATE_DIRECTORY, path.strip("/").replace("/", "-"), suffix)


# Reading and saving


def read_saved_state(files, path):
    """Return ``(saved, why)`` for the drop-in *path* on the host of *files* (HostFiles).

    Both are None where nothing is saved. why: what is wrong with what is saved, which cannot be used then.
    The caller has made sure that nobody else can write to the state directory. Raises OSError where it cannot be read.
    """
    place = state_path(path)
    try:
        found = os.lstat(own_path(files, place))
    except FileNotFoundError:
        return None, None
    if not stat.S_ISREG(found.st_mode):
        return None, "it is a symbolic link" if stat.S_ISLNK(found.st_mode) else "it is no regular file"
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
        return None, "user %d, or others, can write it (mode %04o)" % (found.st_uid, found.st_mode & 0o7777)
    if found.st_size > MAXIMUM_FILE_SIZE:
        return None, "it is larger than %d bytes" % MAXIMUM_FILE_SIZE
    text = files.read(place)
    try:
        return checked(loads(text), path), None
    except ValueError as error:
        return None, str(error)


def save(files, path, saved):
    """Save *saved* for the drop-in *path* on the host of *files*; None removes what is saved.

    Raises OSError, and SocketMemoryError for what could not be read again.
    """
    place = own_path(files, state_path(path))
    if saved is None:
        remove(place)
        return
    import json  # only here: its import costs a host that has nothing to save more than reading what is saved

    text = json.dumps(saved, indent=1, sort_keys=True) + "\n"
    try:
        if len(text) > MAXIMUM_FILE_SIZE:
            raise ValueError("it is larger than %d bytes" % MAXIMUM_FILE_SIZE)
        checked(saved, path)
    except ValueError as error:
        raise SocketMemoryError(
            "What the host is now cannot be saved: %s. Leave out what is not needed." % (error)
        ) from error
    write_atomically(place, text, 0o600)


# The shape, at every depth. Each function raises ValueError with what is wrong.


def checked(saved, path):
    """Return *saved* if it is a saved state of the drop-in *path*. Raises ValueError with what is wrong with it."""
    if isinstance(saved, dict) and saved.get("format") != FORMAT:
        raise ValueError("it has format %s, expected %d" % (_shown(saved.get("format")), FORMAT))
    _state(saved, "it")
    for key in sorted(_needed(saved)):
        if key not in saved["first"]["runtime"]:
            raise ValueError("first.runtime has no value of %s" % _shown(key))
    if not set(saved["made"]).issubset(directories_above(path) + directories_above(STATE_DIRECTORY)):
        raise ValueError("made has a directory that no run makes")
    return saved


def _shown(value):
    """Return *value*, which may be anything, so that it fits into a sentence."""
    return type(value).__name__ if isinstance(value, (dict, list)) else repr(value)[:60]


def _wrong(value, where, expected):
    return ValueError("%s is %s, expected %s" % (where, _shown(value), expected))


def _fields(**checks):
    """Return the check of a dict that has exactly these fields."""
    names = sorted(checks)

    def check(value, where):
        if not isinstance(value, dict):
            raise _wrong(value, where, "the fields " + ", ".join(names))
        if set(value) != set(checks):
            found = ", ".join(sorted(map(_shown, value))[:10]) or "none"
            raise ValueError("%s has the fields %s, expected %s" % (where, found, ", ".join(names)))
        for name in names:
            checks[name](value[name], name if where == "it" else "%s.%s" % (where, name))

    return check


def _or_none(check):
    """Return the check of what may also be None."""
    return lambda value, where: None if value is None else check(value, where)


def _one_of(*values):
    def check(value, where):
        if isinstance(value, bool) or not isinstance(value, (int, str)) or value not in values:
            raise _wrong(value, where, " or ".join(map(str, values)))

    return check


def _text(value, where):
    if not is_text(value):
        raise _wrong(value, where, "text of at most %d characters" % MAXIMUM_TEXT)


def _word(value, where):
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_NAME:
        raise _wrong(value, where, "a word")


def _names(value, where):
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not is_list or len(value) > len(set(value)):
        raise _wrong(value, where, "a list of different names")


def _runtime(value, where):
    if not isinstance(value, dict):
        raise _wrong(value, where, "values by key")
    for key, one in value.items():
        try:
            is_key = len(key) <= LONGEST_NAME and key_path(key)
        except SocketMemoryError:
            is_key = False
        if not is_key:
            raise ValueError("%s has %s, which is no key" % (where, _shown(key)))
        _value(key, one, "%s of %s" % (where, key))


def _value(key, value, where):
    if key not in KEYS:
        if not is_text(value) or value != " ".join(value.split()):
            raise _wrong(value, where, "one line of text")
        return
    fields = KEYS[key].fields
    numbers = value if fields else [value]
    if not isinstance(numbers, list) or len(numbers) != len(fields or "1") or not all(map(_is_number, numbers)):
        raise _wrong(value, where, "3 numbers" if fields else "a number")


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


_POINT = {"file": _or_none(_text), "runtime": _runtime}
_point = _fields(**_POINT)
_previous = _or_none(_fields(written=_or_none(_point), **_POINT))
_under_way = _or_none(_fields(boot=_word, state=_one_of(*STATES), previous=_previous, **_POINT))
_state = _fields(
    format=_one_of(FORMAT), first=_point, written=_point, previous=_previous, under_way=_under_way, made=_names
)


# What a saved state says


def held(saved):
    """Return the keys, sorted, that this collection holds on the host of *saved* (None: none)."""
    points = [saved["written"], saved["under_way"]] if saved else []
    return sorted({key for point in points if point for key in point["runtime"]})


def written_files(saved):
    """Return the texts that were written here and may be there now, the newest last."""
    return [point["file"] for point in (saved["written"], saved["under_way"]) if point]


def written_values(saved, key):
    """Return the values of *key* that were set here and may run now, the newest last."""
    found = []
    for point in (saved["written"], saved["under_way"]):
        if point and key in point["runtime"] and point["runtime"][key] not in found:
            found.append(point["runtime"][key])
    return found


def is_known_value(saved, key, value):
    """Return whether nobody else need have set *key* to *value*: it was set here, or ran before the first run."""
    return key in saved["first"]["runtime"] and value in written_values(saved, key) + [saved["first"]["runtime"][key]]


def is_known_file(saved, text):
    """Return whether nobody else need have written *text* (None: no file): it is from here, or from before."""
    return text in written_files(saved) + [saved["first"]["file"]]


# What becomes of it. All of these return a new one.


def settled(saved, text, running):
    """Return *saved* without a run under way: what that wrote, as far as the host holds it, counts as written.

    text, running: the file and {key: value} of the host now.
    """
    under_way, written, first = saved["under_way"], saved["written"], saved["first"]
    if not under_way:
        return saved
    values = {}
    for key in held(saved):
        brought = key in under_way["runtime"] and running.get(key) == under_way["runtime"][key]
        values[key] = under_way["runtime"][key] if brought else written["runtime"].get(key, first["runtime"][key])
    file = under_way["file"] if text == under_way["file"] else written["file"]
    return dict(saved, under_way=None, written={"file": file, "runtime": values})


def before_last_run(saved, previous=None):
    """Return *saved* as it was before the last run, with *previous* of its own; None where that was the first one."""
    written = saved["previous"]["written"]
    return written and pruned(dict(saved, previous=previous, under_way=None, written=written))


def pruned(saved):
    """Return *saved* with the values before the first run of those keys only that it still needs."""
    needed = _needed(saved)
    values = {key: value for key, value in saved["first"]["runtime"].items() if key in needed}
    return dict(saved, first=dict(saved["first"], runtime=values))


def _needed(saved):
    """Return the keys that *saved* needs a value from before the first run of."""
    points = [saved["written"], saved["under_way"]]
    for previous in (saved["previous"], (saved["under_way"] or {}).get("previous")):
        points += [previous, previous and previous["written"]]
    return {key for point in points if point for key in point["runtime"]}
