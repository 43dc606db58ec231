# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host answered, found in what was printed there and checked. Nothing of it is trusted."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import WARNINGS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import (
    checked,
    flag,
    record,
    shortened,
    text,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

MAXIMUM_OUTPUT = (
    2 * 1024 * 1024
)  # bytes that a host may print; its facts stay below 500 kB, as every list in them has a bound
LONGEST_MESSAGE = 2000  # characters
LONGEST_TRACEBACK = 8000  # characters
SHOWN = 1000  # characters of what a host printed instead of an answer
NO_PYTHON = "NO-PYTHON-HERE"  # what the shell says where there is none
EXIT = re.compile(r"SOCKET-MEMORY-EXIT=([0-9]{1,3})\s*\Z")  # what it says after the work
OUT_OF_MEMORY = 137  # 128 + SIGKILL


class NoAnswer(Exception):
    """A host gave no answer that can be used. The text says why."""


@dataclasses.dataclass(frozen=True)
class Expected:
    """What an answer holds: *shape*, a JSON Schema of all that it may hold; *needed*, the keys without which it is
    of no use unless the work failed.
    """

    shape: dict[str, Any]
    needed: frozenset[str]


def expected(needed: dict[str, Any], **possible: dict[str, Any]) -> Expected:
    """Return what to expect where an answer has the *needed* and the *possible* keys, beside those that every answer
    may have.
    """
    common = {
        "changed": flag(),
        "failed": flag(),
        "msg": text(LONGEST_MESSAGE, cut=True),
        "exception": text(LONGEST_TRACEBACK, cut=True),
        "warnings": WARNINGS,
    }
    return Expected(record(**dict(common, **possible, **needed)), frozenset(needed))


def shell_command(programs: tuple[str, ...], given: bool, path: str) -> str:
    """Return the shell commands that run the script *path* by the first of *programs* that is there, and print how that
    ended.

    given: the one program is words for the shell, as Ansible takes ansible_python_interpreter. A shell passes on no
    more than MAXIMUM_OUTPUT bytes: the connection keeps in memory whatever it gets.
    """
    if given:
        run = f"{programs[0]} -I -S {path}"
    else:
        run = "".join(
            f"if command -v {program} >/dev/null 2>&1; then {program} -I -S {path}; el" for program in programs
        )
        run += f"se echo {NO_PYTHON}; (exit 127); fi"
    return f"{{ {run}; echo SOCKET-MEMORY-EXIT=$?; }} 2>&1 | head -c {MAXIMUM_OUTPUT}"


def read_answer(output: str, mark: str, wanted: Expected) -> dict[str, Any]:
    """Return the answer in *output*, which stands between two *mark*s, as it is *wanted*. Raises NoAnswer."""
    if len(output) >= MAXIMUM_OUTPUT:
        raise NoAnswer(f"it printed more than {MAXIMUM_OUTPUT} bytes, of which nothing is used")
    parts = output.split(mark)
    if len(parts) != 3:
        raise NoAnswer("its answer is not whole" if mark in output else "it gave no answer")
    try:
        answer = json.loads(parts[1], parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NoAnswer("its answer is no JSON") from error
    return checked_answer(answer, wanted)


def checked_answer(answer: Any, wanted: Expected) -> dict[str, Any]:
    """Return *answer* as it is *wanted*. Raises NoAnswer, without a word of what the host said."""
    try:
        answer = checked(answer, wanted.shape, "answer")
    except (SocketMemoryError, RecursionError) as error:
        raise NoAnswer(
            f"its answer cannot be used ({error})"
            if isinstance(error, SocketMemoryError)
            else "its answer nests too deep"
        ) from error
    if answer.get("failed"):
        if "msg" not in answer:
            raise NoAnswer("its answer says that it failed, but not why")
    elif not wanted.needed <= set(answer):
        raise NoAnswer("its answer is not complete")
    return answer


def explain(reason: NoAnswer, code: int, output: str, programs: tuple[str, ...], given: bool) -> str:
    """Return why a host gave no answer, with what it said instead. code: how the connection ended, output: all that
    was printed.
    """
    ended = EXIT.search(output)
    code = int(ended.group(1)) if ended else code
    said = printable(output[: ended.start()] if ended else output)[-SHOWN:].strip() or "nothing"
    tried = ", ".join(programs)
    if code == 127 and (given or NO_PYTHON in output):
        return (
            "No Python on the host: tried %s. Install python3, or set ansible_python_interpreter%s. The host said: %s"
            % (tried, " to one that is there" if given else "", said)
        )
    if "Unknown option: -I" in said:
        return f"{tried} is Python 2, 3.6 or newer is needed. Set ansible_python_interpreter to one."
    why = str(reason)
    if code in (OUT_OF_MEMORY, -9):
        why += ", it was killed (out of memory?)"
    return shortened(
        f"The work on the host ended with exit code {code} and {why}. The host said: {said}", LONGEST_MESSAGE
    )


def _refuse(name: str) -> None:
    """Raise ValueError for NaN and the like, which Python reads though they are no JSON."""
    raise ValueError(name)
