# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several verdicts are one: it passes where all do, and the worst is told first."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.verdicts import joined

HOLDS = {"passes": True, "verdict": "pass", "message": "It holds.", "findings": []}
DIFFERS = {
    "passes": False,
    "verdict": "fail",
    "message": "It differs.",
    "findings": [{"id": "drift", "severity": "error"}],
    "table": ["KEY"],
}
NORMAL = {"passes": True, "verdict": "pass", "state": "normal", "message": "It is normal.", "findings": []}
SOFT = {
    "passes": True,
    "verdict": "warn",
    "state": "soft",
    "message": "It is soft.",
    "findings": [{"id": "tcp-soft", "severity": "warning"}],
}
PRESSURE = {
    "passes": False,
    "verdict": "fail",
    "state": "pressure",
    "message": "It is under pressure.",
    "findings": [{"id": "tcp-pressure", "severity": "error"}],
}


@pytest.mark.parametrize(
    "verdicts, passes, verdict, state, message, ids",
    [
        ([HOLDS], True, "pass", None, "It holds.", []),
        ([HOLDS, NORMAL], True, "pass", "normal", "It holds. It is normal.", []),
        ([HOLDS, SOFT], True, "warn", "soft", "It is soft. It holds.", ["tcp-soft"]),
        ([HOLDS, PRESSURE], False, "fail", "pressure", "It is under pressure. It holds.", ["tcp-pressure"]),
        ([SOFT, DIFFERS], False, "fail", "soft", "It differs. It is soft.", ["drift", "tcp-soft"]),
        (
            [DIFFERS, PRESSURE],
            False,
            "fail",
            "pressure",
            "It differs. It is under pressure.",
            ["drift", "tcp-pressure"],
        ),
        (
            [dict(DIFFERS, passes=True), HOLDS],
            True,
            "fail",
            None,
            "It differs. It holds.",
            ["drift"],
        ),  # which is only reported
    ],
)
def test_the_worst_counts_and_is_told_first(verdicts, passes, verdict, state, message, ids):
    found = joined(verdicts)
    assert (found["passes"], found["verdict"], found["state"], found["message"]) == (passes, verdict, state, message)
    assert [one["id"] for one in found["findings"]] == ids
