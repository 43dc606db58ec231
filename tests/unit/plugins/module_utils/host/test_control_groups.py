# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control groups of both versions, in trees of files."""

import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import control_groups as module
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.control_groups import read_cgroups
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.reading import HostReading

TOP = "/sys/fs/cgroup"
SERVICE = {
    "memory.current": "536870912\n",
    "memory.high": "max\n",
    "memory.max": "536870912\n",
    "memory.stat": "anon 5\nsock 8192\nshmem 0\n",
    "memory.events": "low 0\nhigh 0\nmax 211\noom 0\n",
    "memory.pressure": "some avg10=12.50 avg60=1.00 avg300=0.20 total=99\nfull avg10=0.00\n",
}


def group(host, path, files):
    for name, text in files.items():
        host.write(TOP + path + "/" + name, text)


def version_2(host):
    """A machine: the root has no memory.current; a slice holds two services, of which one holds sockets."""
    host.write(TOP + "/cgroup.controllers", "cpu memory pids\n")
    host.write(TOP + "/memory.stat", "sock 999\n")
    group(host, "/system.slice", dict(SERVICE, **{"memory.max": "max\n"}))
    group(host, "/system.slice/web.service", SERVICE)
    group(host, "/system.slice/idle.service", dict(SERVICE, **{"memory.stat": "anon 5\nsock 0\n"}))
    return HostReading(host.files)


def test_the_lowest_groups_that_hold_sockets_are_told(host):
    reading = version_2(host)
    assert read_cgroups(reading) == {
        "version": 2,
        "groups": [
            {
                "path": "/system.slice/web.service",
                "socket_bytes": 8192,
                "memory_bytes": 536870912,
                "high_bytes": None,
                "max_bytes": 536870912,
                "events": {"low": 0, "high": 0, "max": 211, "oom": 0},
                "stalled_percent": 12.5,
            }
        ],
    }
    assert reading.warnings == []


def test_a_group_above_with_a_limit_is_told_and_the_largest_is_first(host):
    reading = version_2(host)
    group(host, "/system.slice", {"memory.high": "700000000\n", "memory.stat": "sock 9000\n"})
    assert [(one["path"], one["high_bytes"]) for one in read_cgroups(reading)["groups"]] == [
        ("/system.slice", 700000000),
        ("/system.slice/web.service", None),
    ]


def test_events_of_the_window(host):
    reading = version_2(host)
    before = read_cgroups(reading)
    group(host, "/system.slice/web.service", {"memory.events": "low 0\nhigh 0\nmax 214\noom 0\nsock_throttled 2\n"})
    group(host, "/system.slice/new.service", SERVICE)
    new, web = read_cgroups(reading, before)["groups"]
    assert web["events_in_window"] == {"low": 0, "high": 0, "max": 3, "oom": 0, "sock_throttled": None}
    assert "events_in_window" not in new


def test_a_group_that_cannot_be_read_costs_nothing_but_itself(host):
    reading = version_2(host)
    group(host, "/c", dict(SERVICE, **{"memory.max": None}))
    group(
        host, "/d", dict(SERVICE, **{"memory.pressure": os.mkdir})
    )  # refuses to be read where the kernel does not measure it
    assert [(one["path"], one["stalled_percent"]) for one in read_cgroups(reading)["groups"]] == [
        ("/d", None),
        ("/system.slice/web.service", 12.5),
    ]


def test_version_1_counts_sockets_only_under_a_limit(host):
    unlimited = {
        "memory.kmem.tcp.limit_in_bytes": "9223372036854771712\n",
        "memory.kmem.tcp.usage_in_bytes": "0\n",
        "memory.kmem.tcp.failcnt": "0\n",
    }
    group(host, "/memory", unlimited)
    group(
        host,
        "/memory/docker/1",
        dict(
            unlimited, **{"memory.kmem.tcp.limit_in_bytes": "1048576\n", "memory.kmem.tcp.usage_in_bytes": "983040\n"}
        ),
    )
    assert read_cgroups(HostReading(host.files)) == {
        "version": 1,
        "groups": [
            {
                "path": "/docker/1",
                "socket_bytes": 983040,
                "memory_bytes": None,
                "high_bytes": None,
                "max_bytes": 1048576,
                "events": {"failcnt": 0},
                "stalled_percent": None,
            }
        ],
    }


def test_none_are_named_and_nothing_is_read_unless_asked_for(host):
    facts = host.facts(gather_subset=["all", "cgroups"])
    assert facts["cgroups"] is None and "/sys/fs/cgroup: no control groups that count memory" in facts["warnings"]
    assert "cgroups" not in host.facts() and host.facts()["warnings"] == []


def test_the_first_of_too_many_groups_are_read(host, monkeypatch):
    monkeypatch.setattr(module, "MOST_READ", 10)
    host.write(TOP + "/cgroup.controllers", "memory\n")
    for number in range(9):
        group(host, "/g%d" % number, SERVICE)
    reading = HostReading(host.files)
    assert len(read_cgroups(reading)["groups"]) == 9 and reading.warnings == []
    group(host, "/g9", SERVICE)
    assert len(read_cgroups(reading)["groups"]) == 9
    assert reading.warnings == ["/sys/fs/cgroup: more than 10 control groups, not all of them were read"]


def test_the_largest_groups_are_told_and_the_rest_is_counted(host):
    host.write(TOP + "/cgroup.controllers", "memory\n")
    for number in range(23):
        group(host, "/g%02d" % number, dict(SERVICE, **{"memory.stat": "sock %d\n" % (number + 1)}))
    found = read_cgroups(HostReading(host.files))
    assert [one["socket_bytes"] for one in found["groups"]] == list(range(23, 3, -1)) and found["groups_left_out"] == 3


@pytest.mark.parametrize(
    "name, text",
    [
        ("memory.current", "9" * 5000),
        ("memory.current", "1_0"),
        ("memory.current", "-5"),
        ("memory.stat", "sock 18446744073709551616"),
        ("memory.stat", "sock many"),
        ("memory.high", ""),
        ("memory.max", "\u0661"),
        ("memory.events", "max 1 2"),
        ("memory.events", "low"),
        ("memory.events", "low %s" % ("9" * 5000)),
    ],
)
def test_a_number_that_is_none_costs_its_group_and_is_named(host, name, text):
    reading = version_2(host)
    group(host, "/bad", dict(SERVICE, **{name: text + "\n"}))
    assert [one["path"] for one in read_cgroups(reading)["groups"]] == ["/system.slice/web.service"]
    (warning,) = reading.warnings
    assert warning.startswith("/sys/fs/cgroup: '/bad': not a number: ") and len(warning) < 200


@pytest.mark.parametrize(
    "text, percent",
    [
        ("12.50", 12.5),
        ("0.00", 0.0),
        ("100.00", 100.0),
        ("100.01", None),
        ("nan", None),
        ("inf", None),
        ("1e1", None),
        ("-1", None),
        ("9" * 5000, None),
        ("", None),
        (".", None),
        ("1_0", None),
    ],
)
def test_a_share_is_one(host, text, percent):
    reading = version_2(host)
    group(
        host, "/system.slice/web.service", {"memory.pressure": "some avg10=%s avg60=1.00 avg300=0.20 total=99\n" % text}
    )
    assert read_cgroups(reading)["groups"][0]["stalled_percent"] == percent


def test_events_are_few_and_their_names_short(host):
    reading = version_2(host)
    group(
        host,
        "/system.slice/web.service",
        {"memory.events": "%s 5\n" % ("x" * 1000) + "".join("e%d 1\n" % number for number in range(100))},
    )
    events = read_cgroups(reading)["groups"][0]["events"]
    assert len(events) == 50 and events["x" * 80 + "..."] == 5
