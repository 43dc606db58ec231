# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window of observation, with a clock and a host that play a script."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.observation import deltas, observe


class Script:
    """A host whose state is a function of the time since the start; looking at it takes *slow* seconds."""

    def __init__(self, state_at, slow=0.0):
        self.now, self.state_at, self.slow, self.slept, self.counted = 1000.0, state_at, slow, [], []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def look(self):
        seen = self.state_at(self.now - 1000.0)
        self.now += self.slow
        return {"tcp": seen, "udp": {}}

    def count(self):
        self.counted.append(self.now)
        return {"TCPMemoryPressures": len(self.counted)}

    def observe(self, seconds):
        return observe(seconds, self.look, self.count, lambda: self.now, self.sleep)


@pytest.mark.parametrize("seconds, samples", [(0.01, 2), (0.1, 2), (0.3, 4), (1, 11), (2, 21), (5, 21), (3600, 21)])
def test_samples_are_few_and_cover_the_whole_window(seconds, samples):
    script = Script(lambda time: time)
    window = script.observe(seconds)
    assert (window["seconds"], len(window["samples"])) == (pytest.approx(seconds), samples)
    assert sum(script.slept) == pytest.approx(seconds) and max(script.slept) == pytest.approx(seconds / (samples - 1))
    assert script.counted == [1000.0, pytest.approx(1000.0 + seconds)]


def test_a_busy_host_is_looked_at_late_and_not_longer():
    script = Script(lambda time: time, slow=0.4)
    window = script.observe(2)
    assert len(window["samples"]) == 21 and window["seconds"] == pytest.approx(20 * 0.4)
    assert sum(script.slept) == 0  # it never sleeps, so that it ends as soon as it can


@pytest.mark.parametrize(
    "before, after, rise",
    [
        (5, 5, 0),
        (5, 12, 7),
        (None, 5, None),
        (5, None, None),
        (None, None, None),
        (2**32 - 3, 4, 7),
        (2**64 - 3, 4, 7),  # went past the end of an unsigned long of 32 or 64 bits
        (1000, 4, None),
        (2**32 + 1000, 4, None),
        (2**31 - 1, 0, None),
    ],
)  # set back
def test_counters_that_are_missing_wrap_or_are_set_back(before, after, rise):
    assert deltas({"a": before}, {"a": after}) == {"a": rise}


def test_a_counter_that_appears_meanwhile_has_no_delta():
    assert deltas({"gone": 1}, {"new": 1}) == {"new": None}
