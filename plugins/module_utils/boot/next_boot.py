# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each program that applies sysctl.d files would leave on a host: systemd-sysctl at boot, `sysctl --system`,
tuned.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import procps_sysctl as sysctl_procps
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import sysctl_files, tuned


def read_boot(files, keys, dialect="auto"):
    """Return ``(facts, problems)``; facts: {boot, boot_by_others, boot_complete}.

    boot: see sysctl_files.resolve; each key has {value, file, line} as "procps" and as "tuned" too, where that program
    is on the host (and tuned not off) and sets the key. boot_by_others: {key: {procps, tuned}} of the keys that only
    those set. boot_complete: False where something could not be read that one of them would. files: HostFiles; keys:
    dotted names.
    """
    tree = sysctl_files.SysctlFiles(files, keys)
    boot = sysctl_files.resolve(tree, dialect)
    others = {}
    version = sysctl_procps.version_of(files)
    if version:
        others["procps"] = sysctl_procps.resolve(tree, version)
    try:
        profile = tuned.active(files)
    except OSError as error:
        tree.unreadable(error.filename, error)
    else:
        if profile and tuned.is_on(files):
            others["tuned"] = tuned.resolve(tree, profile, boot)
    by_others = {}
    for program, found in others.items():
        for key, left in found.items():
            (boot if key in boot else by_others).setdefault(key, {})[program] = left
    return {"boot": boot, "boot_by_others": by_others, "boot_complete": tree.complete}, tree.told()
