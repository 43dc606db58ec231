# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the samples of an observation say."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import assemble as module
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import gather
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.window import window
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import sizes


def observed(state_at, seconds, bound=0):
    """Return the window over a host whose (flag, pages) is a function of the time; a look every quarter of a second."""
    samples = []
    for number in range(int(4 * seconds) + 1):
        flag, pages = state_at(number / 4.0)
        used = {"pages": pages, "bytes": None if pages is None else 4096 * pages}
        samples.append(
            {
                "seconds": number / 4.0,
                "tcp": {"kernel_flag": flag, "used": used, "thresholds": sizes(2000, 3000, 4000)},
                "udp": {"used": {"pages": 5, "bytes": 20480}, "thresholds": sizes(90, 90, 90)},
            }
        )
    return window({"seconds": float(seconds), "samples": samples, "counters": {"TCPMemoryPressures": 1}}, bound, 4096)


def test_a_spike_and_what_was_seen_of_it():
    seen = observed(
        lambda time: (
            (True, 3079)
            if 1 <= time < 2
            else (False, 100)
            if time < 1
            else (True, 2500)
            if time < 2.5
            else (False, 2100)
        ),
        5,
    )
    assert seen["tcp"] == {
        "used": {
            "first": {"pages": 100, "bytes": 409600},
            "peak": {"pages": 3079, "bytes": 3079 * 4096},
            "last": {"pages": 2100, "bytes": 2100 * 4096},
            "change": {"pages": 2000, "bytes": 2000 * 4096},
        },
        "trend": "rising",
        "states": [
            {"state": "normal", "seconds": 1.0},
            {"state": "pressure", "seconds": 1.0},
            {"state": "recovering", "seconds": 0.5},
            {"state": "soft", "seconds": 2.5},
        ],
        "under_pressure": {"seconds": 1.5, "share": 0.3, "unreadable_seconds": 0.0},
    }
    assert seen["udp"]["states"] == [{"state": "normal", "seconds": 5.0}] and seen["udp"]["trend"] == "steady"
    assert seen["counters"] == {"TCPMemoryPressures": 1}


def test_states_are_of_the_plain_numbers_and_udp_goes_by_its_page_size():
    seen = observed(lambda time: (True, 4001 if time < 1 else 1999), 2, bound=512)
    assert seen["tcp"]["states"] == [{"state": "critical", "seconds": 1.0}, {"state": "stale", "seconds": 1.0}]
    assert seen["tcp"]["under_pressure"]["seconds"] == 1.0
    sample = {
        "seconds": 0.0,
        "tcp": {"kernel_flag": False, "used": {"pages": 1, "bytes": 1}, "thresholds": sizes(2, 3, 4)},
    }
    sample["udp"] = {"used": {"pages": 80, "bytes": 80}, "thresholds": sizes(90, 90, 90)}
    states = [
        window({"seconds": 0.0, "samples": [sample], "counters": {}}, 512, page_size)["udp"]["states"][0]["state"]
        for page_size in (4096, 65536)
    ]
    assert states == ["critical", "normal"]


def test_a_state_first_met_at_the_last_look_took_no_time():
    seen = observed(lambda time: (True, 3500) if time > 4.9 else (False, 9), 5)
    assert seen["tcp"]["states"] == [{"state": "normal", "seconds": 5.0}, {"state": "pressure", "seconds": 0.0}]
    assert seen["tcp"]["under_pressure"] == {"seconds": 0.0, "share": 0.0, "unreadable_seconds": 0.0}


@pytest.mark.parametrize(
    "bound, last, trend",
    [(0, 100, "steady"), (0, 101, "rising"), (0, 99, "falling"), (512, 612, "steady"), (512, 613, "rising")],
)
def test_a_trend_is_more_than_what_the_kernel_may_miscount(bound, last, trend):
    assert observed(lambda time: (False, 100 if time < 1 else last), 2, bound)["tcp"]["trend"] == trend


def test_what_cannot_be_read_is_null():
    seen = observed(lambda time: (None, None), 1)
    nothing = {"pages": None, "bytes": None}
    assert seen["tcp"] == {
        "used": {"first": nothing, "peak": nothing, "last": nothing, "change": nothing},
        "trend": None,
        "states": [{"state": None, "seconds": 1.0}],
        "under_pressure": {"seconds": None, "share": None, "unreadable_seconds": 1.0},
    }


def test_shares_are_of_the_time_that_could_be_read():
    seen = observed(lambda time: (None, None) if time < 3 else (True, 3500) if time < 4 else (False, 5), 5)
    assert seen["tcp"]["under_pressure"] == {"seconds": 1.0, "share": 0.5, "unreadable_seconds": 3.0}


def test_where_only_the_last_look_could_be_read_there_is_no_share():
    seen = observed(lambda time: (True, 3500) if time > 4.9 else (None, None), 5)
    assert seen["tcp"]["under_pressure"] == {"seconds": 0.0, "share": None, "unreadable_seconds": 5.0}


@pytest.mark.parametrize(
    "params, named",
    [
        ({"window": -0.1}, "window: found -0.1, expected seconds from 0 to 3600"),
        ({"window": 3600.5}, "found 3600.5"),
        ({"window": float("nan")}, "found nan"),
        ({"window": float("inf")}, "found inf"),
        ({"window": 1, "root": "/tmp"}, "a captured tree stands still"),
    ],
)
def test_windows_that_cannot_be_observed_are_refused(params, named):
    with pytest.raises(SocketMemoryError) as caught:
        module.run(params)
    assert named in str(caught.value)


@pytest.mark.parametrize("window", [None, 0, 0.0])
def test_without_a_window_there_is_none(host, window):
    assert "window" not in host.facts(window=window)
    assert "window" not in module.reading_params({"window": window})["read"]


def test_facts_describe_the_end_of_the_window_and_hold_what_was_asked_for():
    facts = module.run({"gather_subset": ["udp"], "window": 0.2})["ansible_facts"]["socket_memory"]
    assert facts["udp"]["used"] == facts["window"]["udp"]["used"]["last"]
    assert facts["window"]["samples"] == 3 and facts["window"]["tcp"]["states"]
    assert not {"tcp", "limits", "counters"} & set(facts)


def reading(host, seconds, **counters):
    """Return the facts of *host* read at *seconds* of its clock, as a live host would answer."""
    facts = host.facts(gather_subset=["tcp", "udp", "counters"])
    facts["counters"].update(counters)
    return dict(facts, monotonic_seconds=seconds)


def between(earlier, facts, **params):
    """Return the facts where a window began with the facts *earlier*."""
    params = dict({"gather_subset": ["tcp", "udp"], "window": 5, "since": earlier}, **params)
    module.reading_params(params)
    return module.assemble({"facts": facts, "warnings": []}, params)["ansible_facts"]["socket_memory"]


def test_a_window_between_two_readings(host):
    earlier = reading(host, 100.0, TCPMemoryPressures=7)
    host.write("/proc/net/sockstat", host.read("/proc/net/sockstat").replace(b"mem 1200", b"mem 1201"))
    facts = between(earlier, reading(host, 105.5, TCPMemoryPressures=9))
    assert facts["window"]["seconds"] == 5.5 and facts["window"]["samples"] == 2
    assert facts["window"]["tcp"]["used"]["change"] == {"pages": 1, "bytes": 4096}
    assert facts["window"]["counters"]["TCPMemoryPressures"] == 2
    assert "counters" not in facts, "they were not asked for"


def test_a_window_between_two_readings_asks_for_what_it_needs(host):
    wanted = module.reading_params({"gather_subset": ["udp"], "since": reading(host, 100.0), "window": 5})
    assert wanted["since"] == 100.0 and wanted["read"] == ["counters", "memory"]


@pytest.mark.parametrize(
    "spoil, params, named",
    [
        (lambda facts: facts.pop("counters"), {}, "no part counters"),
        (lambda facts: facts.update(monotonic_seconds=None), {}, "a captured tree stands still"),
        (lambda facts: None, {"root": "/tmp", "window": 0}, "a captured tree stands still"),
        (lambda facts: facts.update(monotonic_seconds="{{ 1 }}"), {}, "facts"),
    ],
)
def test_earlier_readings_that_begin_no_window_are_refused(host, spoil, params, named):
    earlier = reading(host, 100.0)
    spoil(earlier)
    with pytest.raises(SocketMemoryError, match=named):
        module.reading_params(dict({"since": earlier, "window": 5}, **params))


def test_a_host_without_a_clock_has_no_window(host):
    with pytest.raises(SocketMemoryError, match="left out its clock"):
        between(reading(host, 100.0), reading(host, None))


def test_a_clock_that_ran_backwards_gives_no_negative_time(host):
    assert between(reading(host, 100.0), reading(host, 90.0))["window"]["seconds"] == 0


@pytest.mark.parametrize("now, waited", [(100.5, 4.5), (104.0, 1.0), (105.0, 0), (900.0, 0)])
def test_a_host_waits_for_what_is_left_of_the_window(monkeypatch, now, waited):
    slept = []
    monkeypatch.setattr(gather.time, "monotonic", lambda: now)
    monkeypatch.setattr(gather.time, "sleep", slept.append)
    gather.read({"read": [], "since": 100.0, "window": 5})
    assert slept == [waited] * bool(waited)


def test_a_host_that_booted_since_does_not_wait(monkeypatch):
    monkeypatch.setattr(gather.time, "monotonic", lambda: 20.0)
    with pytest.raises(SocketMemoryError, match="has booted since"):
        gather.read({"read": [], "since": 100.0, "window": 5})


@pytest.mark.parametrize(
    "flags, chrono, expected",
    [((True, True), 0, 5.0), ((False, True), 2000, 2.0), ((True, False), 9000, 5.0), ((False, False), None, 0.0)],
)
def test_two_samples_tell_of_pressure_between_them_what_the_kernel_counted(flags, chrono, expected):
    samples = [
        {
            "seconds": 5.0 * number,
            "tcp": {
                "kernel_flag": flag,
                "used": {"pages": 3500 if flag else 5, "bytes": 4096},
                "thresholds": sizes(2000, 3000, 4000),
            },
            "udp": {"used": {"pages": 5, "bytes": 20480}, "thresholds": sizes(9, 9, 9)},
        }
        for number, flag in enumerate(flags)
    ]
    counters = {"TCPMemoryPressuresChrono": chrono}
    seen = window({"seconds": 5.0, "samples": samples, "counters": counters}, 0, 4096)
    assert seen["tcp"]["under_pressure"] == {
        "seconds": expected,
        "share": expected / 5,
        "unreadable_seconds": 0.0,
    }
