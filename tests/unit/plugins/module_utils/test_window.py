# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window of observation, with a clock and a host that play a script."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils import facts as module
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.window import deltas, observe


class Script:
    """A host whose state is a function of the time since the start; looking at it takes *slow* seconds."""

    def __init__(self, state_at, slow=0.0, bound=0):
        self.now, self.state_at, self.slow, self.bound, self.slept, self.counted = 1000.0, state_at, slow, bound, [], []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def look(self):
        state, pages = self.state_at(self.now - 1000.0)
        self.now += self.slow
        used = {"pages": pages, "bytes": None if pages is None else 4096 * pages}
        return {"tcp": {"state": state, "kernel_flag": {"pressure": True, "recovering": True, None: None}.get(state, False), "used": used,
                        "error_bound": {"pages": self.bound, "bytes": 0}},
                "udp": {"state": "normal", "used": {"pages": 5, "bytes": 20480}}}

    def count(self):
        self.counted.append(self.now)
        return {"TCPMemoryPressures": len(self.counted)}

    def observe(self, seconds):
        return observe(seconds, self.look, self.count, lambda: self.now, self.sleep)


@pytest.mark.parametrize("seconds, samples", [(0.01, 2), (0.1, 2), (0.3, 4), (1, 11), (2, 21), (5, 21), (3600, 21)])
def test_samples_are_few_and_cover_the_whole_window(seconds, samples):
    script = Script(lambda time: ("normal", 1))
    window = script.observe(seconds)
    assert (window["seconds"], window["samples"]) == (seconds, samples)
    assert sum(script.slept) == pytest.approx(seconds) and max(script.slept) == pytest.approx(seconds / (samples - 1))
    assert script.counted == [1000.0, pytest.approx(1000.0 + seconds)]


def test_a_spike_and_what_was_seen_of_it():
    window = Script(lambda time: ("pressure", 3079) if 1 <= time < 2 else ("normal", 100) if time < 1 else ("recovering", 2500) if time < 2.5 else (
        "soft", 2100)).observe(5)
    assert window["tcp"] == {
        "used": {"first": {"pages": 100, "bytes": 409600}, "peak": {"pages": 3079, "bytes": 3079 * 4096}, "last": {"pages": 2100, "bytes": 2100 * 4096},
                 "change": {"pages": 2000, "bytes": 2000 * 4096}},
        "trend": "rising",
        "states": [{"state": "normal", "seconds": 1.0}, {"state": "pressure", "seconds": 1.0}, {"state": "recovering", "seconds": 0.5},
                   {"state": "soft", "seconds": 2.5}],
        "under_pressure": {"seconds": 1.5, "share": 0.3, "unreadable_seconds": 0.0}}
    assert window["udp"]["states"] == [{"state": "normal", "seconds": 5.0}] and window["udp"]["trend"] == "steady"
    assert window["counters"] == {"TCPMemoryPressures": 1}


def test_a_state_first_met_at_the_last_look_took_no_time():
    window = Script(lambda time: ("pressure", 9) if time > 4.9 else ("normal", 9)).observe(5)
    assert window["tcp"]["states"] == [{"state": "normal", "seconds": 5.0}, {"state": "pressure", "seconds": 0.0}]
    assert window["tcp"]["under_pressure"] == {"seconds": 0.0, "share": 0.0, "unreadable_seconds": 0.0}


@pytest.mark.parametrize("bound, last, trend", [(0, 100, "steady"), (0, 101, "rising"), (0, 99, "falling"), (512, 612, "steady"), (512, 613, "rising")])
def test_a_trend_is_more_than_what_the_kernel_may_miscount(bound, last, trend):
    assert Script(lambda time: ("normal", 100 if time < 1 else last), bound=bound).observe(2)["tcp"]["trend"] == trend


def test_a_busy_host_is_looked_at_late_and_not_longer():
    script = Script(lambda time: ("normal", 1), slow=0.4)
    window = script.observe(2)
    assert window["samples"] == 21 and window["seconds"] == pytest.approx(20 * 0.4)
    assert sum(script.slept) == 0  # it never sleeps, so that it ends as soon as it can


def test_what_cannot_be_read_is_null():
    window = Script(lambda time: (None, None)).observe(1)
    nothing = {"pages": None, "bytes": None}
    assert window["tcp"] == {"used": {"first": nothing, "peak": nothing, "last": nothing, "change": nothing}, "trend": None,
                             "states": [{"state": None, "seconds": 1.0}],
                             "under_pressure": {"seconds": None, "share": None, "unreadable_seconds": 1.0}}


def test_shares_are_of_the_time_that_could_be_read():
    states = [(None, None)] * 3 + [("pressure", 9), ("normal", 5), ("normal", 5)]
    window = Script(lambda time: states[int(time + 0.001)]).observe(5)
    assert window["tcp"]["under_pressure"] == {"seconds": 1.0, "share": 0.5, "unreadable_seconds": 3.0}


def test_where_only_the_last_look_could_be_read_there_is_no_share():
    window = Script(lambda time: ("pressure", 9) if time > 4.9 else (None, None)).observe(5)
    assert window["tcp"]["under_pressure"] == {"seconds": 0.0, "share": None, "unreadable_seconds": 5.0}


@pytest.mark.parametrize("before, after, rise", [
    (5, 5, 0), (5, 12, 7), (None, 5, None), (5, None, None), (None, None, None),
    (2**32 - 3, 4, 7), (2**64 - 3, 4, 7),  # went past the end of an unsigned long of 32 or 64 bits
    (1000, 4, None), (2**32 + 1000, 4, None), (2**31 - 1, 0, None)])  # set back
def test_counters_that_are_missing_wrap_or_are_set_back(before, after, rise):
    assert deltas({"a": before}, {"a": after}) == {"a": rise}


def test_a_counter_that_appears_meanwhile_has_no_delta():
    assert deltas({"gone": 1}, {"new": 1}) == {"new": None}


@pytest.mark.parametrize("params, named", [
    ({"window": -0.1}, "window: found -0.1, expected seconds from 0 to 3600"), ({"window": 3600.5}, "found 3600.5"), ({"window": float("nan")}, "found nan"),
    ({"window": float("inf")}, "found inf"), ({"window": 1, "root": "/tmp"}, "a captured tree stands still")])
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
