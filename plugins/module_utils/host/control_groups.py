# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control groups that hold socket memory: one at its limit restricts its sockets as TCP pressure does, whatever the kernel's flag says.

Kernel: include/net/tcp.h tcp_under_memory_pressure, mm/memcontrol.c.
"""

import os

TOP = "/sys/fs/cgroup"
MOST_READ = 2000  # groups
MOST_TOLD = 20  # groups
UNLIMITED = 1 << 60  # bytes; without a limit version 1 prints the largest number of pages that a long holds


def read_cgroups(reading, before=None):
    """Return {version, groups} with the groups that hold most first, or None with a warning in *reading* (HostReading).

    groups: [{path, socket_bytes, memory_bytes, high_bytes, max_bytes, events, stalled_percent}, …]. high_bytes and max_bytes are
    limits of memory_bytes, None where there is none; of version 1, which counts sockets apart and only under a limit, memory_bytes is
    None and max_bytes the limit of socket_bytes. events: {name: number} since the group was made. stalled_percent: of the last 10
    seconds, None where the kernel does not measure it. before: what this returned earlier; then a group that was there has
    events_in_window, {name: by how much it rose}. Of version 2, groups with groups below them are told only where they have
    a limit: sockets belong to the lowest, and are counted again in all above.
    """
    controllers = reading.text(TOP + "/cgroup.controllers", optional=True) or ""
    if "memory" in controllers.split():
        version, top, read = 2, TOP, _read_version_2
    elif reading.files.exists(TOP + "/memory"):
        version, top, read = 1, TOP + "/memory", _read_version_1
    else:
        reading.warnings.append("%s: no control groups that count memory" % TOP)
        return None
    paths, groups = [""], []
    for path in paths:  # which grows meanwhile
        try:
            with os.scandir(reading.files.local_path(top + path)) as entries:
                below = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            paths.extend(path + "/" + name for name in below)
            group = read(reading.files, top + path + "/", bool(below))
        except (OSError, ValueError):  # it ended meanwhile, or is not ours to read
            continue
        if group:
            groups.append(dict(group, path=path or "/"))
        if len(paths) > MOST_READ:
            reading.warnings.append("%s: more than %d control groups, not all of them were read" % (top, MOST_READ))
            break
    if before:
        from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.observation import deltas
        events = {group["path"]: group["events"] for group in before["groups"]}
        for group in groups:
            if group["path"] in events:
                group["events_in_window"] = deltas(events[group["path"]], group["events"])
    groups.sort(key=lambda group: (-group["socket_bytes"], group["path"]))
    return {"version": version, "groups": groups[:MOST_TOLD]}


def _read_version_2(files, folder, has_groups):
    """Return what is told of one group, or None. Raises OSError, ValueError."""
    usage = files.read_if_present(folder + "memory.current")
    if usage is None:  # the root of the machine, whose sockets are not counted
        return None
    sockets = _numbers(files.read(folder + "memory.stat")).get("sock", 0)
    high, largest = (_limit(files.read(folder + name)) for name in ("memory.high", "memory.max"))
    if not sockets or has_groups and high is None and largest is None:
        return None
    return {
        "socket_bytes": sockets, "memory_bytes": int(usage), "high_bytes": high, "max_bytes": largest,
        "events": _numbers(files.read(folder + "memory.events")),
        "stalled_percent": _stalled(files, folder + "memory.pressure"),
    }


def _read_version_1(files, folder, _has_groups):
    """Return what is told of one group, or None. Raises OSError, ValueError."""
    limit, usage, failures = (int(files.read(folder + "memory.kmem.tcp." + name)) for name in ("limit_in_bytes", "usage_in_bytes", "failcnt"))
    if limit >= UNLIMITED:
        return None
    return {"socket_bytes": usage, "memory_bytes": None, "high_bytes": None, "max_bytes": limit, "events": {"failcnt": failures}, "stalled_percent": None}


def _numbers(text):
    """Return {name: number} of lines with a name and a number."""
    return {name: int(number) for name, number in (line.split() for line in text.splitlines())}


def _limit(text):
    return None if text.strip() == "max" else int(text)


def _stalled(files, path):
    """Return "some avg10" of a pressure file (kernel/sched/psi.c) in percent; the file may be missing, or refuse to be read."""
    try:
        words = files.read(path).split()
        return float(dict(word.split("=") for word in words[1:5])["avg10"])
    except (OSError, KeyError, ValueError):
        return None
