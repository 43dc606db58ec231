# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/findings.md has one row for each finding that there is, with its severity."""

import os
import re

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks import lint, registry
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import SEVERITIES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import (
    TCP_DROPPED,
    TCP_LACKED,
    UDP_LACKED,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import budget

ROOT = os.path.join(os.path.dirname(__file__), *[os.pardir] * 5)
ROW = re.compile(r"^\| <a id=\"([\w-]+)\"></a>`([\w-]+)` \| (\w+)[^|]* \| [^|]+ \| [^|]+ \|$", re.MULTILINE)
MADE = re.compile(r"\b(?:finding|_regression|_unproven|_worse)\(\s*\"([a-z-]+)\"")
CHECKS = {check.identifier: check.severity for check in registry.CHECKS + lint.CHECKS + budget.CHECKS}


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as stream:
        return stream.read()


def made_without_a_check():
    """Return the ids of findings that the code makes directly; of those that it puts together, the beginning."""
    found = set()
    for folder, _folders, names in os.walk(os.path.join(ROOT, "plugins")):
        for name in names:
            if name.endswith(".py"):
                found |= set(MADE.findall(text_of(folder, name)))
    return sorted(found)


def is_of(row, identifier):
    """Return whether *row* is that of a finding that the code makes as *identifier*."""
    return row == identifier or identifier[-1] == "-" and row.startswith(identifier)


@pytest.fixture(scope="module")
def documented():
    """Return {id: severity} of the rows."""
    rows = ROW.findall(text_of("docs", "findings.md"))
    assert len({row[1] for row in rows}) == len(rows), "an id has two rows"
    assert [row[1] for row in rows if row[0] != row[1].replace("-NAME", "")] == [], "the anchor is the id"
    return {row[1]: row[2] for row in rows}


def test_each_row_of_the_document_is_whole(documented):
    assert len(documented) == text_of("docs", "findings.md").count("<a id=")
    assert set(documented.values()) == set(SEVERITIES)


def test_each_check_has_a_row_with_its_severity(documented):
    assert {identifier: documented.get(identifier) for identifier in CHECKS} == CHECKS
    assert set(lint.OF_A_WORKLOAD) <= set(documented)


def test_each_other_finding_has_a_row(documented):
    made = made_without_a_check()
    assert {"drift", "not-read", "fleet-budget", "tcp-state", "lost", "not-tuned"} <= set(made)
    assert [one for one in made if not any(is_of(row, one) for row in documented)] == []


def test_no_row_is_about_what_does_not_exist(documented):
    made = made_without_a_check()
    assert [row for row in documented if row not in CHECKS and not any(is_of(row, one) for one in made)] == []


def test_the_counters_of_a_roll_out_are_named():
    row = next(line for line in text_of("docs", "findings.md").splitlines() if "`counter-NAME`" in line)
    assert re.findall(r"`([A-Z]\w+)`", row) == list(TCP_LACKED + UDP_LACKED + TCP_DROPPED)
