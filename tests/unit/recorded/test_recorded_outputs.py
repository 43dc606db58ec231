# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outputs are those that are recorded in tests/recorded. Controller only: the action plugins are among them.

Where a change is meant, "nox -s record" records anew.
"""

import json

import pytest
from ansible_collections.linux_net.socket_memory.tests.recorded import record
from ansible_collections.linux_net.socket_memory.tests.recorded.compare import PLACES_SHOWN, report, text_of


@pytest.mark.parametrize("area", sorted(record.AREAS))
def test_outputs_are_as_recorded(area):
    told = record.difference(area)
    if told:
        pytest.fail(
            told + '\nIf this is meant: "nox -s record", then look at "git diff tests/recorded".', pytrace=False
        )


def test_every_file_is_of_an_area():
    assert sorted(path.stem for path in record.FOLDER.glob("*.json")) == sorted(record.AREAS)


@pytest.mark.parametrize(
    "recorded, found, told",
    [
        (
            {"a": 1, "b": {"c": [1, 2]}},
            {"a": 1, "b": {"c": [1, 3]}},
            ["f: 1 value differs from what is recorded.", "at b > c > 1", "  recorded: 2", "  found:    3"],
        ),
        ({"a": 1}, {}, ["f: 1 value differs from what is recorded.", "at a", "  recorded: 1", "  found:    nothing"]),
        ([], [None], ["f: 1 value differs from what is recorded.", "at 0", "  recorded: nothing", "  found:    null"]),
        (
            {"a": 1},
            {"a": True},
            ["f: 1 value differs from what is recorded.", "at a", "  recorded: 1", "  found:    true"],
        ),
        (
            {"a": 1},
            {"a": 1.0},
            ["f: 1 value differs from what is recorded.", "at a", "  recorded: 1", "  found:    1.0"],
        ),
        (
            {"a": {"b": 1}},
            {"a": [1]},
            ["f: 1 value differs from what is recorded.", "at a", '  recorded: {"b": 1}', "  found:    [1]"],
        ),
    ],
)
def test_a_difference_is_told_by_its_path_and_both_values(recorded, found, told):
    assert report("f", text_of(recorded), text_of(found)).split("\n") == told


def test_of_many_differences_the_first_are_told_and_all_are_counted():
    lines = report("f", text_of(list(range(20))), text_of(list(range(1, 21)))).split("\n")
    assert (lines[0], lines[1], lines[-1]) == (
        "f: 20 values differ from what is recorded.",
        "at 0",
        "and %d more" % (20 - PLACES_SHOWN),
    )


def test_of_a_long_text_the_place_that_differs_is_shown():
    shown = report("f", text_of("x" * 900 + "old" + "y" * 900), text_of("x" * 900 + "new" + "y" * 900)).split("\n")[2:]
    assert all(len(line) < 500 and word in line for line, word in zip(shown, ("xold", "xnew")))


def test_no_difference_is_told_where_there_is_none():
    value = {"b": [1, 2.5, None, True], "a": "caf\u00e9"}
    assert report("f", text_of(value), text_of(value)) is None


def test_the_text_is_json_with_sorted_keys_and_short_lines():
    value = {"b": {str(number): ["word"] * number for number in range(30)}, "a": "\u00e9"}
    text = text_of(value)
    assert json.loads(text) == value and text.startswith('{\n "a": "\\u00e9",\n "b": {\n')
    assert max(map(len, text.split("\n"))) <= 121
