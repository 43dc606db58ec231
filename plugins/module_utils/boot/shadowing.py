# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drop-in that would lose at the next boot: to which file, and under which name it would win."""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import sysctl_files
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

NAMES_TO_TRY = 8  # a mask or a file of the same name may be in the way of the first
FILES_TO_TRY = 50  # for each of them, the lines of all files are looked at


def files_that_hide(files, keys, path, text):
    """Return {key: (file, reason)}: what keeps each of *keys* unset at the next boot, although the drop-in *path* with
    *text* assigns it.

    The boot is worked out without the last file, without the last two, and so on, until the key is set. The file that
    made the difference hides the drop-in, or excludes the key.
    """
    found, preview, tries = {}, {path: text}, 0
    tree = sysctl_files.SysctlFiles(files, keys)
    others = [
        directory + "/" + name
        for directory in sysctl_files.DIRECTORIES
        for name in tree.names(directory)
        if name.endswith(sysctl_files.SUFFIX) and directory + "/" + name != path
    ]
    seen, shared = {os.path.basename(path)}, set()
    for name in map(os.path.basename, others):
        (shared if name in seen else seen).add(name)
    for other in sorted(others, key=os.path.basename, reverse=True):
        preview[other] = None
        if len(found) == len(keys) or tries == FILES_TO_TRY:
            break
        if os.path.basename(other) in shared or sysctl_files.excludes(tree, other):  # no other file can be the one
            tries += 1
            boot = sysctl_files.resolve(tree.previewed(preview))
            found.update((key, (other, _how(files, key, other))) for key in boot if key not in found)
    return {key: found.get(key, (path, "the other sysctl.d files keep it unset")) for key in keys}


def _how(files, key, path):
    """Return how the file *path* keeps *key* unset."""
    try:
        assignments, _others = sysctl_files.parse_lines(files.read(path), path)
    except OSError:  # such as a link to /dev/null
        assignments = []
    lines = [one.line for one in assignments if one.key == key and one.value is None]
    if lines:
        return "%s line %d excludes it" % (printable(path), lines[-1])
    return "%s, of the same name in a directory that goes first, hides this file" % printable(path)


def path_that_wins(files, path, text, desired, winners):
    """Return a path beside *path* under which a drop-in with *text* sets {key: value} *desired* at the next boot, or
    None.

    winners: paths of the files that it loses to.
    """
    tree = sysctl_files.SysctlFiles(files, list(desired))
    for _attempt in range(NAMES_TO_TRY):
        candidate = sysctl_files.name_that_wins(path, winners)
        if candidate is None:
            return None
        boot = sysctl_files.resolve(tree.previewed({candidate: text}))
        if all(boot.get(key, {}).get("value") == value for key, value in desired.items()):
            return candidate
        winners = winners + [candidate]
    return None
