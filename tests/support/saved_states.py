# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Saved states as a run never leaves them: valid ones with some nodes replaced. Python 3.6 syntax."""

import copy

KEYS = (
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_mem",
    "net.core.rmem_max",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.nothing",
)
NAMES = ("format", "first", "previous", "written", "under_way", "made", "file", "runtime", "state", "boot")
# What a node may become: each type of JSON, edges of numbers and texts, names that mean something elsewhere.
VALUES = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    3,
    4,
    2**31,
    2**63,
    2**64,
    10**39,
    -(2**64),
    0.0,
    3.0,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "x",
    "3",
    "present",
    "absent",
    "previous",
    "unknown",
    "a\nb",
    "\0",
    "\ud800",
    "\udc80",
    "\udcc3\udca9",
    "\x1b[2J",
    "4096 131072 8388608",
    "x" * 200000,
    [],
    [[]],
    [None],
    [0],
    [1, 2],
    [1, 2, 3],
    [3, 2, 1],
    [1, 2, 3, 4],
    [1, 2, "3"],
    [True, True, True],
    [-1, -2, -3],
    [2**70, 1, 1],
    ["/etc/sysctl.d"],
    ["/var/lib", "/var"],
    ["/"],
    ["/etc", "/etc"],
    ["../.."],
    {},
    {"file": None, "runtime": {}},
    {"": ""},
    {"file": "x", "runtime": {"net.ipv4.tcp_fin_timeout": 5}},
    {"net.ipv4.tcp_fin_timeout": 5},
    {"net.core.rmem_max": "5"},
    {"../../etc/passwd": "x"},
    {"net..": 1},
    {"a" * 3000: "x"},
    {"net.ipv4.tcp_rmem": 5},
)


def nodes(value, path=()):
    """Return the paths to all nodes of *value*, itself first: tuples of keys and indices."""
    found = [path]
    if isinstance(value, dict):
        for key in sorted(value):
            found += nodes(value[key], path + (key,))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            found += nodes(one, path + (index,))
    return found


def mutated(saved, rng):
    """Return a copy of the saved state *saved* in which one to three nodes were replaced, removed, renamed, or
    added. rng: random.Random.
    """
    saved = {"": copy.deepcopy(saved)}
    for _time in range(rng.randint(1, 3)):
        path = rng.choice(nodes(saved)[1:])
        parent = saved
        for step in path[:-1]:
            parent = parent[step]
        last = path[-1]
        how = rng.randrange(10)
        if how < 7:
            parent[last] = copy.deepcopy(rng.choice(VALUES))
        elif how == 7 and len(path) > 1:
            del parent[last]
        elif how == 8 and len(path) > 1 and isinstance(parent, dict):
            parent[rng.choice(NAMES + KEYS + ("\ud800",))] = parent.pop(last)
        elif isinstance(parent[last], dict):
            parent[last][rng.choice(NAMES + KEYS)] = copy.deepcopy(rng.choice(VALUES))
        elif isinstance(parent[last], list):
            parent[last].insert(rng.randint(0, len(parent[last])), copy.deepcopy(rng.choice(VALUES)))
        else:  # a node of another place
            other = saved
            for step in rng.choice(nodes(saved)[1:]):
                other = other[step]
            parent[last] = copy.deepcopy(other)
    return saved[""]


def damaged(text, rng):
    """Return the text of a saved state that was cut, or of which some characters were replaced, doubled or nested.
    rng: random.Random.
    """
    how = rng.randrange(5)
    position = rng.randrange(len(text))
    if how == 0:
        return text[:position]
    if how == 1:
        return text[:position] + rng.choice('{}[]",:\\0-eE\0\x7f\ud800') + text[position + 1 :]
    if how == 2:
        return text[:position] + text[position : position + rng.randint(1, 50)] * rng.randint(2, 50) + text[position:]
    if how == 3:
        return text[:position] + rng.choice(("[", '{"a":', '[{"a":')) * rng.choice((10, 1000, 100000)) + text[position:]
    return text[:position] + "9" * rng.choice((20, 400, 5000, 100000)) + text[position:]
