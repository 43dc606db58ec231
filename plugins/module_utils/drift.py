# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a host differs from its settings, now or after the next boot."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import format_value, parse_value


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


def prove(facts, dropin, settings=None, exceptions=()):
    """Return {passes, message, drift, unavailable} for the settings of a host.

    facts, drift: as in drift(). settings: {key: value}; without, what the file *dropin* assigns on the host. exceptions: keys
    that are not judged. unavailable: keys that this kernel or namespace does not have, so that only the file holds them.
    """
    settings = settings or _settings_in(facts, dropin)
    if not settings:
        return {"passes": False, "drift": [], "unavailable": [], "message": (
            "%s sets no managed key. It is missing, empty, or hidden by a file of the same name in a directory that goes first. "
            "Run the role tune_tcp." % dropin)}
    judged = {key: value for key, value in settings.items() if key not in exceptions}
    differences = []
    for key, value in judged.items():
        try:
            differences.extend(drift({key: value}, facts))
        except SocketMemoryError as error:  # the file says what the kernel would misread: that is this host's difference
            differences.append({"key": key, "wanted": value, "reason": str(error)})
    unavailable = [key for key in settings if facts["limits"].get(key) is None]
    unjudged = [key for key in settings if key not in judged and key not in unavailable]
    holding = len(settings) - len(set(unavailable + unjudged) | {difference["key"] for difference in differences})
    sentences = ["%s settings hold now and after the next boot" % (holding if holding == len(settings) else "%d of %d" % (holding, len(settings)))]
    for name, keys in (("not available here, only in the file", unavailable), ("not judged", unjudged)):
        if keys:
            sentences.append("%s: %s" % (name, ", ".join(keys)))
    sentences.extend(difference["reason"] for difference in differences)
    message = "; ".join(sentences) + "."
    if differences:
        message += " Run the role tune_tcp, or correct the file that is named."
    return {"passes": not differences, "message": message, "drift": differences, "unavailable": unavailable}


def _settings_in(facts, dropin):
    """Return {key: value} that the file *dropin* assigns on the host, whether it wins or not."""
    settings = {}
    for key, winner in facts["boot"].items():
        for assignment in [winner] + winner["overrides"]:
            if assignment["file"] == dropin:
                settings.setdefault(key, assignment["value"])
    return settings
