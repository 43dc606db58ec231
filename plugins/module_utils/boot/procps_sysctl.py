# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `sysctl --system` of procps-ng (src/sysctl.c) would leave: every assignment is written in turn,
/etc/sysctl.conf last.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import (
    Assignment,
    path_of,
    real_path,
    settle,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.wildcards import SPECIAL, Wildcard
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

LAST_FILE = "/etc/sysctl.conf"
SPACES = " \t\n\v\f\r"  # isspace(3) in the C locale
BLANKS = " \t\n\r"  # what 3.3 takes off
# sysctl gives each path to glob(3) with GLOB_BRACE: such a name stands for others.
PATTERN_NAME = SPECIAL | set("{\\")

LIBRARY_DIRECTORIES = (
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/lib64",
)
# The library of each generation: EL10 and Debian 12; EL9; EL8.
LIBRARIES = (("libproc2.so.0", "4.0"), ("libprocps.so.8", "3.3.17"), ("libprocps.so.7", "3.3.15"))


def version_of(files):
    """Return "4.0", "3.3.17" or "3.3.15": the generation of procps-ng on the host of *files* (HostFiles). None
    without one.
    """
    for library, version in LIBRARIES:
        if any(files.exists(directory + "/" + library) for directory in LIBRARY_DIRECTORIES):
            return version
    return None


def resolve(sysctl_files, version):
    """Return {key: {value, file, line}}: what `sysctl --system` leaves of the keys of SysctlFiles; a key that it
    does not set is absent.
    """
    return {key: settle(key, writes) for key, writes in procps_writes(sysctl_files, version).items()}


def procps_writes(sysctl_files, version):
    """Return {key: [Assignment, …]} in the order in which `sysctl --system` writes them."""
    settings = []
    # EL8's package searches /etc before /run, unlike 3.3.15 itself, and as all later ones do.
    paths = sysctl_files.in_order(hidden=True) + [LAST_FILE] * sysctl_files.files.exists(LAST_FILE)
    for path in paths:
        if not PATTERN_NAME.isdisjoint(path):
            sysctl_files.complete = False
            sysctl_files.problems.append(
                "%s: its name is a pattern to `sysctl --system`, what that sets is not known" % printable(path)
            )
            continue
        for one in sysctl_files.lines(path):
            if isinstance(one, Assignment):
                settings.append(one)
                continue
            number, line = one
            setting = (_setting if version == "4.0" else _setting_3)(line.split("\0")[0], version)
            if setting:
                settings.append(Assignment(path_of(setting[0]), setting[1], path, number))
    explicit, globs = {}, []  # by their places in settings
    for place, one in enumerate(settings):
        if one.value is not None:
            is_glob = version == "4.0" and not SPECIAL.isdisjoint(one.key)
            (globs if is_glob else explicit.setdefault(real_path(one.key), [])).append(place)
    if not sysctl_files.bounded([settings[place].key for place in globs]):
        globs = []
    named = {one.key for one in settings}
    wildcards = {settings[place].key: Wildcard(settings[place].key) for place in globs}
    writes = {}
    for path, key in sysctl_files.keys.items():
        taken = {name for name, one in wildcards.items() if one.matches(path) and _spelled(path, name) not in named}
        places = explicit.get(path, []) + [place for place in globs if settings[place].key in taken]
        if places:
            writes[key] = [settings[place] for place in sorted(places)]
    return writes


def _spelled(path, pattern):
    """Return how sysctl spells the *path* that *pattern* matches.

    Any line that spells it so, also a later one or an exclusion, takes it from the wildcard.
    """
    names = iter(path.split("/"))
    return "/".join(part if part in ("", ".") else next(names) for part in pattern.split("/"))


def _setting(line, _version):
    """Return ``(key, value)`` of a line as 4.0 reads it, None for no setting; the value None is an exclusion."""
    line = line.lstrip(SPACES)
    if not line or line[0] in "#;":
        return None
    key, equals, value = line.partition("=")
    if not equals and key[0] != "-":
        return None
    key = (key[1:] if key[:1] == "-" else key).rstrip(SPACES)
    return key[1:] if key[:1] == "-" else key, value.strip(SPACES) if equals else None  # it takes two dashes off


def _setting_3(line, version):
    """The same as 3.3 reads it, by strtok(3): without exclusions, and in 3.3.15 without the dash."""
    line = line.rstrip(BLANKS).lstrip(" \t")
    if len(line) < 2 or line[0] in "#;":
        return None
    key, _equals, value = line.lstrip("=").partition("=")
    value = value.lstrip("\r").split("\r")[0].lstrip(" \t")
    if not key or not value:
        return None
    key = key.rstrip(BLANKS)
    return key[1:] if key[:1] == "-" and version == "3.3.17" else key, value
