# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a host differs from its settings, now or after the next boot."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import format_value, parse_value


def settings_in_dropin(facts, path):
    """Return {key: value} that the drop-in *path* assigns on the host, whether it wins or not; {} without a file.

    facts: the value of ansible_facts.socket_memory with the subset "boot".
    """
    settings = {}
    for key, winner in facts["boot"].items():
        for assignment in [winner] + winner["overrides"]:
            if assignment["file"] == path:
                settings.setdefault(key, assignment["value"])
    return settings


def drift(settings, facts):
    """Return the differences as a list of {key, wanted, running, boot, file, line, reason}, none when all is well.

    settings: {key: value}. facts: the value of ansible_facts.socket_memory with the subsets "limits" and "boot".
    A key that this kernel or namespace does not have cannot differ in its running value (running is None).
    """
    differences = []
    for key, value in settings.items():
        wanted = parse_value(key, value)
        running = facts["limits"].get(key)
        boot = facts["boot"].get(key)
        reasons = []
        if running is not None and running != wanted:
            reasons.append("runs with %s" % format_value(running))
        if boot is None:
            reasons.append("no file sets it for the next boot")
        elif boot["value"] != wanted:
            reasons.append("%s line %d sets %s at the next boot" % (boot["file"], boot["line"], format_value(boot["value"])))
        if reasons:
            differences.append({
                "key": key,
                "wanted": wanted,
                "running": running,
                "boot": boot and boot["value"],
                "file": boot and boot["file"],
                "line": boot and boot["line"],
                "reason": "%s: wanted %s, %s" % (key, format_value(wanted), " and ".join(reasons)),
            })
    return differences
