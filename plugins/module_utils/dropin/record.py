# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is saved of a host so that its drop-in can be taken back: the time before the first run, and before the last one.

A record is a dict:
  format       RECORD_FORMAT; format 1 had neither previous nor under_way
  file         the text at the path before the first run, None for no file
  runtime      {key: running value before the first run that had the key in its content}
  contents     [texts written here], the last one is there now; while a run is under way, the one it brings too
  ours         {key: [values set here]}, likewise
  previous     {file, runtime, record} before the last run that changed something; record is the one of that time, None before the
               first run; it has a previous of its own only until the run ends. None: there is no such run, or it was taken back.
               NOT_SAVED: not known.
  under_way    the boot_id of the boot in which a run began to change the host, until it ends; None when all have ended
  rolled_back  true after state absent: the file at the path is somebody else's
"""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.atomic_file import remove, write_atomically
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.json_text import loads

STATE_DIRECTORY = "/var/lib/linux_net.socket_memory"
RECORD_FORMAT = 2
FIELDS = {"format", "file", "runtime", "contents", "ours", "previous", "under_way", "rolled_back"}
NOT_SAVED = {}
BOOT_ID = "/proc/sys/kernel/random/boot_id"  # drivers/char/random.c: made anew by each boot


def state_path(path, suffix):
    """Return where the state directory keeps something for the drop-in *path*."""
    return "%s/%s.%s" % (STATE_DIRECTORY, path.strip("/").replace("/", "-"), suffix)


def read_record(local_path, path):
    """Return the record in the file *local_path*, in the newest format, or None. Raises SocketMemoryError for what cannot be used."""
    try:
        with open(local_path, encoding="utf-8") as stream:
            record = loads(stream.read())
        if record["format"] == 1:
            record.update(format=RECORD_FORMAT, previous=NOT_SAVED, under_way=None)
        if set(record) != FIELDS or record["format"] != RECORD_FORMAT:
            raise ValueError("it has another format")
        return record
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise refuse(path, "no right to read the saved state as user id %d" % os.geteuid(), "root", "Run the task with become: true.") from error
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise SocketMemoryError("The saved state %s cannot be used: %s. Nothing was changed. Move it away to go on without a way back." % (
            local_path, "it has another format" if isinstance(error, KeyError) else error)) from error


def save_record(local_path, record):
    """Save *record*; None removes the file. Raises OSError."""
    if record is None:
        remove(local_path)
    else:
        import json  # only here: its import costs a host that has nothing to save more than reading the record
        write_atomically(local_path, json.dumps(record, indent=1, sort_keys=True) + "\n", 0o600)


def new_record(text):
    """Return the record of a host whose drop-in has the text *text* before its first run."""
    return {"format": RECORD_FORMAT, "file": text, "runtime": {}, "contents": [], "ours": {}, "previous": None, "under_way": None, "rolled_back": False}


def adding(record, text, values):
    """Return *record* with one more text, and {key: value} more values, that count as written here; the newest is the last."""
    def last(known, new):
        return [one for one in known if one != new] + [new]
    ours = {key: last(record["ours"].get(key, []), value) for key, value in values.items()}
    return dict(record, contents=last(record["contents"], text), ours=dict(record["ours"], **ours))


def one_step(previous):
    """Return *previous* of a record whose run has ended: there is one step back, not a history."""
    return previous and dict(previous, record=previous["record"] and {name: value for name, value in previous["record"].items() if name != "previous"})


def record_in(previous):
    """Return the record that *previous* of another one holds, whole again; None where there was none."""
    return previous["record"] and dict({"previous": None}, **previous["record"])


def ours_or_original(record, key):
    """Return the values of *key* that nobody else need have set: those set here, and those from before."""
    saved = [record, (record["previous"] or {}).get("record") or {}]
    return record["ours"].get(key, []) + [one["runtime"][key] for one in saved if key in one.get("runtime", {})]


def boot_id(files):
    """Return what tells this boot of the host of *files* (HostFiles) from others; "unknown" where it does not say."""
    try:
        return (files.read_if_present(BOOT_ID) or "unknown").strip()
    except OSError:
        return "unknown"
