# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON by the C functions below json, and by json itself: the same."""

import json
import subprocess
import sys

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils import json_text

VALUES = [
    None,
    True,
    -3,
    2.5,
    10**30,
    "",
    'a " \\ \n \t \0 \x7f',
    "\u00e9 \ud83d \U0001f600",
    [],
    {},
    [1, [2, [3]]],
    {"a": {"b": [None, False, "c"]}, "\u00fc": 1},
]
WRONG = [
    "",
    "  ",
    "{",
    '{"a":',
    '{"a" 1}',
    "[1,]",
    "nul",
    "{} {}",
    '"a\nb"',
    "'a'",
    "{1: 2}",
    '"\\x"',
    "1" * 5000,
    "[" * 100000,
    '{"a":' * 100000,
    "[" * 100000 + "]" * 100000,
]


@pytest.fixture(params=["C functions", "json"])
def way(request, monkeypatch):
    """Go both ways: with what CPython has below json, and with json itself."""
    if request.param == "json":
        monkeypatch.setitem(sys.modules, "_json", None)  # an import of it fails


@pytest.mark.parametrize("value", VALUES)
def test_it_writes_and_reads_what_json_does(value, way):
    assert json_text.dumps(value) == json.dumps(value)
    assert json_text.loads(json_text.dumps(value)) == value
    assert json_text.loads(" \r\n" + json.dumps(value, indent=1) + "\n") == value


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_json_is_refused(text, way):
    with pytest.raises(ValueError):
        json_text.loads(text)


def test_what_json_cannot_hold_is_refused(way):
    with pytest.raises(TypeError):
        json_text.dumps({"a": {1}})


# On a host nothing has imported json before, which is what the C functions count on.
CUT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("json_text", sys.argv[1])
json_text = importlib.util.module_from_spec(spec)
spec.loader.exec_module(json_text)
text = sys.stdin.read()
refused = 0
for length in range(len(text) + 1):
    for cut in (text[:length], text[:length] + "[" * 100000 * (length % 20 == 0)):
        try:
            json_text.loads(cut)
        except ValueError:
            refused += 1
        else:
            assert cut == text, cut
print(refused)
"""


def test_what_is_cut_or_nested_too_deep_is_refused_where_nothing_else_was_imported():
    text = json.dumps(
        {"format": 3, "file": None, "runtime": {"a": [1, 2, -3], "b": "x\u00e9\n"}, "n": 1.5e3, "l": [[], {}, True]}
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CUT, json_text.__file__],
        input=text.encode("ascii"),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert int(ran.stdout) >= 2 * len(text)
