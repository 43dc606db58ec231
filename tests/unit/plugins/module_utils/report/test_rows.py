# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A row for each host, with the reason where it could not be read."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report import rows
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import row, saved_row, why
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import checked


def test_a_host_that_was_read_is_ok_and_has_its_facts(host):
    facts = host.facts()
    found = row("a", facts, {"changed": False, "ansible_facts": {}})
    assert found == {"host": "a", "status": "ok", "reason": None, "socket_memory": facts}
    assert checked(found, rows.ROW, "row") == found


@pytest.mark.parametrize(
    "reading, active, status, reason",
    [
        ({"unreachable": True, "msg": "no route"}, False, "unreachable", "no route"),
        (
            {"failed": True, "msg": "Task failed: Action failed: a: No Python.\nInstall it.\r\n"},
            True,
            "failed",
            "No Python. Install it.",
        ),
        ({"failed": True, "msg": None}, True, "failed", rows.NO_REASON),
        ({"failed": True, "msg": "x" * 501}, True, "failed", "x" * 500 + "..."),
        ({"failed": True, "msg": "a\x1b[2J"}, True, "failed", "a\ufffd[2J"),
    ],
)
def test_of_a_reading_that_failed_the_reason_is_told_and_older_facts_are_left_out(
    host, reading, active, status, reason
):
    assert row("a", host.facts(), reading, active) == {
        "host": "a",
        "status": status,
        "reason": reason,
        "socket_memory": None,
    }


def test_a_host_that_was_lost_for_another_reason_keeps_its_facts(host):
    facts = host.facts()
    assert row("a", facts, {"changed": False}, False) == {
        "host": "a",
        "status": "failed",
        "reason": rows.LOST,
        "socket_memory": facts,
    }
    assert row("a", None, None, False) == {"host": "a", "status": "failed", "reason": rows.LOST, "socket_memory": None}


@pytest.mark.parametrize("reading", [None, "x", 5, []])
def test_nothing_and_wrong_facts_are_not_ok(reading):
    assert row("a", {}, reading) == {"host": "a", "status": "failed", "reason": rows.NOT_READ, "socket_memory": None}
    wrong = row("a", {"tcp": {"state": "{{ 1 }}"}}, reading)
    assert (wrong["status"], wrong["socket_memory"]) == ("failed", None)
    assert (
        wrong["reason"].startswith("facts.tcp.state: found another text, expected one of normal")
        and "{{" not in wrong["reason"]
    )


def test_a_saved_row_is_checked_again_and_those_of_older_audits_are_taken(host):
    facts = host.facts()
    for made in (row("a", facts), row("a", facts, {}, False), row("a", None, {"unreachable": True, "msg": "no route"})):
        assert saved_row(made) == made
    assert saved_row({"host": "a", "socket_memory": facts}) == row("a", facts)
    assert saved_row({"host": "a", "socket_memory": None})["status"] == "failed"
    assert saved_row({"host": "a", "status": "fine", "socket_memory": {"tcp": 5}})["status"] == "failed"


def test_only_what_stands_before_the_message_is_taken_away():
    assert why({"msg": "b: Task failed: x"}, "a") == "b: Task failed: x"
