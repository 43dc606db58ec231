# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several verdicts are one: it passes where all do, and the worst is told first."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.verdicts import grade, joined

HOLDS = {"passes": True, "message": "It holds.", "drift": []}
DIFFERS = {"passes": False, "message": "It differs.", "drift": [1], "table": ["KEY"]}
NORMAL = {"passes": True, "verdict": "pass", "message": "It is normal.", "reasons": []}
SOFT = {"passes": True, "verdict": "warn", "message": "It is soft.", "reasons": ["soft"]}
PRESSURE = {"passes": False, "verdict": "fail", "message": "It is under pressure.", "reasons": ["pressure"]}


@pytest.mark.parametrize("verdict, expected", [(HOLDS, "pass"), (DIFFERS, "fail"), (SOFT, "warn"), (dict(DIFFERS, passes=True, verdict="fail"), "fail")])
def test_a_verdict_has_a_grade(verdict, expected):
    assert grade(verdict) == expected


@pytest.mark.parametrize("verdicts, passes, verdict, message", [
    ([HOLDS], True, "pass", "It holds."),
    ([HOLDS, NORMAL], True, "pass", "It holds. It is normal."),
    ([HOLDS, SOFT], True, "warn", "It is soft. It holds."),
    ([HOLDS, PRESSURE], False, "fail", "It is under pressure. It holds."),
    ([DIFFERS, SOFT], False, "fail", "It differs. It is soft."),
    ([DIFFERS, PRESSURE], False, "fail", "It differs. It is under pressure."),
])
def test_the_worst_counts_and_is_told_first(verdicts, passes, verdict, message):
    found = joined(verdicts)
    assert (found["passes"], found["verdict"], found["message"]) == (passes, verdict, message)
    assert set(found) == {"passes", "verdict", "message"}.union(*verdicts)
