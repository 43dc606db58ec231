# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of a host's answer. Controller only."""

import json
import os
import subprocess
import sys

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import integer, items, text
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils import host_answer

MARK = "<mark>"
WANTED = host_answer.expected({"n": integer()}, list=items(text(10)))


@pytest.mark.parametrize(
    "output",
    [
        "",
        "banner",
        MARK,
        MARK + "{}",
        "{}" + MARK,
        MARK + "{" + MARK,
        MARK + '{"n": 1' + MARK,
        MARK + "[]" + MARK,
        MARK + "null" + MARK,
        MARK + '{"n": []}' + MARK,
        MARK + '{"n": 1, "warnings": 5}' + MARK,
        MARK + '{"n": true}' + MARK,
        MARK + '{"n": 1, "failed": "no"}' + MARK,
        MARK + '{"failed": true}' + MARK,
        MARK + '{"n": NaN}' + MARK,
        MARK + '{"n": -1}' + MARK,
        MARK + '{"n": 1e999}' + MARK,
        MARK + '{"n": 1%s}' % ("0" * 5000) + MARK,
        MARK + "{}" + MARK,
        MARK + '{"changed": true}' + MARK,
        MARK + '{"n": 1, "msg": {}}' + MARK,
        MARK + '{"n": 1, "list": ' + "[" * 30 + "]" * 30 + "}" + MARK,
        MARK + '{"n": 1}' + MARK + '{"n": 1}' + MARK,
        MARK + '{"n": ' + "[" * 100000 + MARK,
        MARK + '{"n": ' + "[" * 100000 + "]" * 100000 + "}" + MARK,
        MARK + '{"n": 1, "list": ["%s"]}' % ("x" * 11) + MARK,
    ],
)
def test_what_is_not_one_whole_answer_is_none(output):
    """Cut, doubled, nested without end, too large, of a wrong type, or incomplete; and what is said of it has none
    of its text.
    """
    with pytest.raises(host_answer.NoAnswer) as caught:
        host_answer.read_answer(output, MARK, WANTED)
    assert "xx" not in str(caught.value) and "[[" not in str(caught.value)


def test_answer_is_told_apart_from_noise_and_made_harmless():
    """A login shell may print anything around it; control characters would act on the reader's terminal, other keys
    on Ansible.
    """
    answer = {
        "msg": "\x1b[2Jred\x07",
        "list": ["\x9b1m"],
        "n": 1,
        "evil": 1,
        "ansible_facts": {"a": "b"},
        "_ansible_no_log": True,
        "add_host": {},
    }
    output = "banner {\n" + MARK + json.dumps(answer) + MARK + "\nlogout\n"
    assert host_answer.read_answer(output, MARK, WANTED) == {"msg": "\ufffd[2Jred\ufffd", "list": ["\ufffd1m"], "n": 1}


def test_an_answer_that_is_too_large_says_so():
    with pytest.raises(host_answer.NoAnswer, match="it printed more than 2097152 bytes, of which nothing is used"):
        host_answer.read_answer(MARK + '{"n": 1, "x": "' + "x" * host_answer.MAXIMUM_OUTPUT, MARK, WANTED)


def test_long_messages_are_cut_and_say_so():
    answer = host_answer.read_answer(MARK + json.dumps({"failed": True, "msg": "x" * 1700000}) + MARK, MARK, WANTED)
    assert answer["msg"] == "x" * 2000 + "... (1698000 more characters)"


@pytest.mark.parametrize(
    "ended, words",
    [
        (
            "sh: nothing here\n%s\nSOCKET-MEMORY-EXIT=127\n" % host_answer.NO_PYTHON,
            "No Python on the host: tried a, b. Install python3, or set ansible_python_interpreter.",
        ),
        ("Unknown option: -I\nSOCKET-MEMORY-EXIT=2\n", "a, b is Python 2, 3.6 or newer is needed."),
        (
            "SOCKET-MEMORY-EXIT=137\n",
            "ended with exit code 137 and it said nothing, it was killed (out of memory?). The host said: nothing",
        ),
        ("no such user\n", "ended with exit code 5 and it said nothing. The host said: no such user"),
    ],
)
def test_why_there_is_no_answer(ended, words):
    message = host_answer.explain(host_answer.NoAnswer("it said nothing"), 5, ended, ("a", "b"), False)
    assert words in message and "SOCKET-MEMORY-EXIT" not in message and len(message) < 2100


@pytest.mark.parametrize(
    "given, words",
    [
        (None, "python3"),
        ("$HOME/python3", None),
        ("~/python3", None),
        ("PATH=$HOME:$PATH python3", None),
        ("/usr/bin/env python3", None),
        ("/nowhere/python3", "=127"),
    ],
)
def test_the_shell_runs_the_first_python_or_what_ansible_would_run(given, words, tmp_path):
    """As Ansible does, a given interpreter is words for the shell."""
    (tmp_path / "python3").symlink_to(sys.executable)
    programs = (given,) if given else ("/nowhere/python3", "no-such-python", sys.executable)
    command = host_answer.shell_command(programs, bool(given), "-")
    ran = subprocess.run(
        ["/bin/sh", "-c", command],
        input=b"print(6 * 7)",
        capture_output=True,
        check=True,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
    )
    assert ran.stderr == b""
    assert ran.stdout == b"42\nSOCKET-MEMORY-EXIT=0\n" or words == "=127" and b"SOCKET-MEMORY-EXIT=127" in ran.stdout


def test_a_host_that_prints_without_end_is_stopped_by_its_own_shell():
    """It is the connection that keeps all of it in memory."""
    command = host_answer.shell_command((sys.executable,), True, "-")
    script = b"import os\nwhile True:\n    os.write(1, b'x' * 65536)"
    ran = subprocess.run(["/bin/sh", "-c", command], input=script, capture_output=True, check=False)
    assert len(ran.stdout) == host_answer.MAXIMUM_OUTPUT
