# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control groups that hold socket memory: one at its limit restricts its sockets as TCP pressure does, whatever the
kernel's flag says.

Kernel: include/net/tcp.h tcp_under_memory_pressure, mm/memcontrol.c.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    DIGITS,
    cut,
    first_of,
    quoted,
    whole_number,
)

TOP = "/sys/fs/cgroup"
MOST_READ = 2000  # groups
MOST_GROUPS = 20  # groups
LARGEST_FILE = 64 * 1024  # bytes; a memory.stat has 2 KiB
MOST_EVENTS = 50  # a memory.events has 7
LONGEST_NAME = 80  # characters of an event
PERCENT_CHARACTERS = DIGITS | {"."}
UNLIMITED = 1 << 60  # bytes; without a limit version 1 prints the largest number of pages that a long holds


def read_cgroups(reading, before=None):
    """Return {version, groups} of at most MOST_TOLD groups, or None with a warning in *reading* (HostReading).

    Those that hold most are first. Where there are more that would be told, groups_left_out says how many.

    groups: [{path, socket_bytes, memory_bytes, high_bytes, max_bytes, events, stalled_percent}, …]. high_bytes and
    max_bytes are limits of memory_bytes, None where there is none; of version 1, which counts sockets apart and only
    under a limit, memory_bytes is None and max_bytes the limit of socket_bytes. events: {name: number} since the group
    was made. stalled_percent: of the last 10 seconds, None where the kernel does not measure it. before: what this
    returned earlier; then a group that was there has events_in_window, {name: by how much it rose}. Of version 2,
    groups with groups below them are told only where they have a limit: sockets belong to the lowest, and are counted
    again in all above.
    """
    controllers = reading.text(TOP + "/cgroup.controllers", optional=True) or ""
    if "memory" in controllers.split():
        version, top, read = 2, TOP, _read_version_2
    elif reading.files.exists(TOP + "/memory"):
        version, top, read = 1, TOP + "/memory", _read_version_1
    else:
        reading.warnings.append("%s: no control groups that count memory" % TOP)
        return None
    paths, groups, problems, too_many = [""], [], [], False
    for path in paths:  # which grows meanwhile
        room = MOST_READ - len(paths)
        try:
            below = reading.files.folders(top + path, room + 1)
            paths.extend(path + "/" + name for name in below[:room])
            too_many = too_many or len(below) > room
            group = read(reading.files, top + path + "/", bool(below))
        except OSError:  # it ended meanwhile, or is not ours to read
            continue
        except ValueError as error:
            problems.append("%s: %s" % (quoted(path), error))
            continue
        if group:
            groups.append(dict(group, path=path or "/"))
    reading.tell(top, ["more than %d control groups, not all of them were read" % MOST_READ] * too_many + problems)
    if before:
        add_events_in_window(groups, before["groups"])
    groups.sort(key=lambda group: (-group["socket_bytes"], group["path"]))
    told, left_out = first_of(groups, MOST_GROUPS)
    return dict({"version": version, "groups": told}, **({"groups_left_out": left_out} if left_out else {}))


def add_events_in_window(groups, before):
    """Add events_in_window to those of *groups* that were there *before*, both as read_cgroups returns them."""
    from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.observation import deltas

    events = {group["path"]: group["events"] for group in before}
    for group in groups:
        if group["path"] in events:
            group["events_in_window"] = deltas(events[group["path"]], group["events"])


def _read_version_2(files, folder, has_groups):
    """Return what is told of one group, or None. Raises OSError, ValueError."""
    usage = files.read_if_present(folder + "memory.current", LARGEST_FILE)
    if usage is None:  # the root of the machine, whose sockets are not counted
        return None
    sockets = _sockets(files.read(folder + "memory.stat", LARGEST_FILE))
    high, largest = (_limit(files.read(folder + name, LARGEST_FILE)) for name in ("memory.high", "memory.max"))
    if not sockets or has_groups and high is None and largest is None:
        return None
    return {
        "socket_bytes": sockets,
        "memory_bytes": _number(usage),
        "high_bytes": high,
        "max_bytes": largest,
        "events": _events(files.read(folder + "memory.events", LARGEST_FILE)),
        "stalled_percent": _stalled(files, folder + "memory.pressure"),
    }


def _read_version_1(files, folder, _has_groups):
    """Return what is told of one group, or None. Raises OSError, ValueError."""
    limit, usage, failures = (
        _number(files.read(folder + "memory.kmem.tcp." + name, LARGEST_FILE))
        for name in ("limit_in_bytes", "usage_in_bytes", "failcnt")
    )
    if limit >= UNLIMITED:
        return None
    return {
        "socket_bytes": usage,
        "memory_bytes": None,
        "high_bytes": None,
        "max_bytes": limit,
        "events": {"failcnt": failures},
        "stalled_percent": None,
    }


def _number(text):
    """Return the number that *text* is. Raises ValueError."""
    number = whole_number(text.strip())
    if number is None or number < 0:
        raise ValueError("not a number: %s" % quoted(text))
    return number


def _limit(text):
    return None if text.strip() == "max" else _number(text)


def _sockets(text):
    """Return the bytes in sockets that a memory.stat tells, 0 where it tells none. Raises ValueError."""
    return next((_number(line[len("sock ") :]) for line in text.splitlines() if line.startswith("sock ")), 0)


def _events(text):
    """Return {name: number} of the lines of a memory.events. Raises ValueError."""
    lines = [line.partition(" ") for line in text.splitlines()[:MOST_EVENTS]]
    return {cut(name, LONGEST_NAME): _number(number) for name, _blank, number in lines}


def _stalled(files, path):
    """Return "some avg10" of a pressure file (kernel/sched/psi.c) in percent; the file may be missing, or refuse to
    be read.
    """
    try:
        words = files.read(path, LARGEST_FILE).split()
        text = dict(word.split("=") for word in words[1:5])["avg10"]
        percent = float(text) if len(text) <= len("100.00") and PERCENT_CHARACTERS.issuperset(text) else None
    except (OSError, KeyError, ValueError):
        return None
    return percent if percent is not None and percent <= 100 else None
