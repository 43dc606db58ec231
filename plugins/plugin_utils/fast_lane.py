# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast lane: carries the core of a module to the host's own Python, without the machinery every module brings along.

An ordinary module spends nearly all of its time on the host with importing ansible.module_utils.basic, and that import is also
what shuts Python 3.6 out of newer controllers. The core (module_utils) needs neither. It is sent as one script through the
connection, run with -I -S, and answers with one JSON document between two marks.
"""

from __future__ import annotations

import abc
import base64
import contextlib
import dataclasses
import functools
import importlib.util
import json
import marshal
import pathlib
import re
import secrets
import shlex
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from ansible import constants as C
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, lookup_loader, test_loader
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.human import printable

PACKAGE = "ansible_collections.linux_net.socket_memory.plugins.module_utils"
# Of one core file by another, at its top. To parse the source for these would take longer than to compile it.
IMPORT = re.compile(rf"^from {re.escape(PACKAGE)}(?:\.(\w+) import | import ([\w, ]+)$)", re.MULTILINE)
FOLDER = pathlib.Path(__file__).parent.parent / "module_utils"
# In this order where ansible_python_interpreter is not set: EL8's own first, it is always there.
INTERPRETERS = ("/usr/libexec/platform-python", "/usr/bin/python3", *(f"/usr/bin/python3.{minor}" for minor in range(14, 5, -1)),
                "/usr/local/bin/python3", "python3")
MAXIMUM_DEPTH = 20  # the facts nest nine deep
MAXIMUM_ANSWER = 8 * 1024 * 1024  # characters; facts of a host with thousands of sysctl.d lines stay below 1 MiB
NO_PYTHON = "NO-PYTHON-HERE"  # what the shell snippet says

# What Ansible acts on must have the type it expects.
SHAPES = {
    "changed": lambda value: isinstance(value, bool),
    "failed": lambda value: isinstance(value, bool),
    "msg": lambda value: isinstance(value, str),
    "exception": lambda value: isinstance(value, str),
    "warnings": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "diff": lambda value: isinstance(value, list) and all(isinstance(one, dict) and all(isinstance(text, str) for text in one.values()) for one in value),
    "settings": lambda value: isinstance(value, list),
    "facts": lambda value: isinstance(value, dict),
}

# Runs on the host: Python 3.6 syntax, and its first lines that of any Python 3, so that an old one can say so.
# A Python that has the same bytecode as the controller's, by its magic number, is spared the compilation.
SCRIPT = """\
import sys
if sys.version_info < (3, 6):
    sys.stdout.write("%(mark)s{\\"failed\\": true, \\"msg\\": \\"Python %%d.%%d is too old, 3.6 or newer is needed\\"}%(mark)s" %% sys.version_info[:2])
    sys.exit(0)
import binascii, marshal, zlib
package = sys.modules["%(package)s"] = type(sys)("%(package)s")
same = getattr(sys.modules.get("_frozen_importlib_external"), "MAGIC_NUMBER", None) == %(magic)r
def unpack(text):
    return zlib.decompress(binascii.a2b_base64(text))
def answer():
    for name, code, source in %(parts)r:
        module = type(sys)("%(package)s." + name)
        exec(marshal.loads(unpack(code)) if same else compile(unpack(source), name + ".py", "exec"), module.__dict__)
        sys.modules[module.__name__] = module
        setattr(package, name, module)
    try:
        return module.%(function)s(%(params)r)
    except package.errors.SocketMemoryError as error:
        return dict(error.results, failed=True, msg=str(error))
    except Exception as error:
        import traceback
        return {"failed": True, "msg": "unexpected %%s: %%s" %% (type(error).__name__, error), "exception": traceback.format_exc()}
result = answer()
sys.stdout.write("%(mark)s" + package.json_text.dumps(result) + "%(mark)s\\n")
"""


@dataclasses.dataclass
class Work:
    """What a host has to do: the *function* of the core file *core*, with *params*. parts: core files which that imports only when needed."""

    core: str
    function: str
    params: dict[str, Any]
    parts: Iterable[str] = ()


def _packed(data: bytes) -> str:
    """Return *data* as it is sent."""
    return base64.b64encode(zlib.compress(data)).decode()


class Part(NamedTuple):
    """A core file as it is sent, and the names of the core files that it imports at its top."""

    code: str
    source: str
    needs: list[str]


@functools.cache
def part(name: str) -> Part:
    """Return the core file *name*, packed once."""
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    code = marshal.dumps(compile(source, f"{name}.py", "exec", dont_inherit=True, optimize=2))
    needs = [name for file, files in IMPORT.findall(source) for name in (file or files).split(", ")]
    return Part(_packed(code), _packed(source.encode()), needs)


def needed(names: Iterable[str]) -> list[str]:
    """Return *names* and all they need, what is needed before what needs it; the last name stays last."""
    ordered: list[str] = []

    def add(name: str) -> None:
        if name not in ordered:
            for other in part(name).needs:
                add(other)
            ordered.append(name)

    for name in names:
        add(name)
    return ordered


def prepare(*names: str) -> None:
    """Load once, when Ansible loads an action plugin, what the process of each task would else load anew: they inherit it.

    names: all core files that may be sent. Besides these it is what the templates of our tasks need: filters, tests, and the lookup of the drop-in.
    """
    needed(names)
    with contextlib.suppress(KeyError):  # unit tests do not run below Ansible, which knows where collections are
        filter_loader.get("linux_net.socket_memory.drift")
        test_loader.get("linux_net.socket_memory.under_memory_pressure")
        lookup_loader.get("ansible.builtin.template")


def script(work: Work, mark: str) -> str:
    """Return the script that does *work* on a host and prints the answer between two *mark*s."""
    parts = [(name, *part(name)[:2]) for name in needed(["json_text", *work.parts, work.core])]
    return SCRIPT % {"mark": mark, "package": PACKAGE, "magic": importlib.util.MAGIC_NUMBER, "parts": parts, "function": work.function,
                     "params": json.loads(json.dumps(work.params))}  # plain types, whose representation is Python


def read_answer(output: str, mark: str) -> dict[str, Any] | None:
    """Return the answer in *output*, told apart from anything else that was printed there; None without a whole one.

    Nothing of it is trusted: it must be one JSON object of bounded size, and control characters are taken out of its text.
    """
    parts = output.split(mark)
    if len(parts) != 3 or len(parts[1]) > MAXIMUM_ANSWER:
        return None
    try:
        answer = _harmless(json.loads(parts[1], parse_constant=_refuse), MAXIMUM_DEPTH)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or answer.get("failed") and "msg" not in answer:
        return None
    return answer if all(SHAPES[key](value) for key, value in answer.items() if key in SHAPES) else None


def _refuse(name: str) -> None:
    """Raise ValueError for NaN and the like, which Python reads though they are no JSON."""
    raise ValueError(name)


def _harmless(value: Any, depth: int) -> Any:
    """Return *value* with control characters taken out of every text in it. Raises ValueError where it nests deeper than *depth*."""
    if depth < 0:
        raise ValueError("too deep")
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_harmless(one, depth - 1) for one in value]
    if isinstance(value, dict):
        return {printable(key): _harmless(one, depth - 1) for key, one in value.items()}
    return value


class FastLaneAction(ActionBase):
    """What the action plugins of the modules share. A subclass names its module, its arguments and what it may return."""

    module_name: str
    arguments: ArgumentSpecValidator
    returns: frozenset[str]
    _supports_check_mode = True
    _supports_async = True

    @abc.abstractmethod
    def work(self, params: dict[str, Any]) -> Work:
        """Return what the host has to do. Raises SocketMemoryError for *params* that cannot be meant."""

    def conclude(self, answer: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the module from the host's answer."""
        return answer

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do what the module does."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        if self._task.async_val or not self._enabled(task_vars):
            wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
            return self._execute_module(module_name=self.module_name, task_vars=task_vars, wrap_async=wrap_async)
        checked = self.arguments.validate(self._task.args)
        if checked.error_messages:
            return dict(result, failed=True, msg="; ".join(checked.error_messages))
        params = checked.validated_parameters
        answer = self._answer(dict(params, check_mode=self._task.check_mode), task_vars)
        if answer.get("failed"):
            answer["msg"] = "%s: %s" % (task_vars.get("inventory_hostname"), answer["msg"])
        result.update({key: value for key, value in answer.items() if key in self.returns | {"failed", "msg", "exception"}})
        if not result.get("warnings"):
            result.pop("warnings", None)
        result.setdefault("changed", False)
        result["invocation"] = {"module_args": params}
        return result

    def _answer(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the module, or a failure with the reason."""
        try:
            answer = self._ask(self.work(params), task_vars)
            answer.pop("ansible_facts", None)  # those are made here, of what the host read
            return answer if answer.get("failed") else self.conclude(answer, params)
        except SocketMemoryError as error:
            return dict(error.results, failed=True, msg=str(error))

    def _enabled(self, task_vars: dict[str, Any]) -> bool:
        """Return whether the variable socket_memory_fast_lane leaves the lane open."""
        value = self._templar.template(task_vars.get("socket_memory_fast_lane", True))
        return str(value).lower() not in ("false", "no", "off", "0")

    def _ask(self, work: Work, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Let the host do *work* and return its answer, or a failure with the evidence."""
        mark = f"<{secrets.token_hex(16)}>"
        text = script(work, mark)
        given, candidates = self._interpreters(task_vars)
        command = self._command(candidates, "-")
        if self._takes_data():
            ran = self._low_level_execute_command(command, in_data=text.encode())
            if re.search(r"\b(tty|terminal)\b", to_text(ran.get("stderr", ""))) and mark not in ran.get("stdout", ""):
                ran = self._run_from_file(candidates, text)  # sudo with requiretty takes no data on its input
        else:
            ran = self._run_from_file(candidates, text)
        output = to_text(ran.get("stdout", ""))
        answer = read_answer(output, mark)
        if answer is not None:
            return answer
        evidence = printable(to_text(ran.get("stderr", "")) + "\n" + output.replace(mark, ""))[-1000:].strip() or "nothing"
        if ran["rc"] == 127 and NO_PYTHON in to_text(ran.get("stderr", "")) + output:  # ssh that is told to be talkative repeats the command
            return {"failed": True, "msg": "No Python on the host: tried %s. Install python3, or set ansible_python_interpreter%s. The host said: %s" % (
                ", ".join(candidates), " to one that is there" if given else "", evidence)}
        if "Unknown option: -I" in evidence:
            return {"failed": True, "msg": "%s is Python 2, 3.6 or newer is needed. Set ansible_python_interpreter to one." % ", ".join(candidates)}
        reason = "its answer is not whole" if mark in output else "it gave no answer"
        if ran["rc"] in (137, -9):
            reason += ", it was killed (out of memory?)"
        return {"failed": True, "msg": "The work on the host ended with exit code %s and %s. The host said: %s" % (ran["rc"], reason, evidence)}

    def _takes_data(self) -> bool:
        """Return whether the script can go to standard input.

        A local connection gives a become that asks for a password a terminal instead, unless Ansible itself would pipeline. Others,
        such as ssh, answer the question first and then pass the data on.
        """
        if not self._connection.has_pipelining:
            return False
        become = self._connection.become
        asks = self._connection.transport == "local" and become and become.get_option("become_pass")
        return not asks or self._is_pipelining_enabled("new")

    def _interpreters(self, task_vars: dict[str, Any]) -> tuple[bool, tuple[str, ...]]:
        """Return whether a Python is given, by a variable or by Ansible's settings, and those to try."""
        if self._task.delegate_to:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        given = str(self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)) or "auto")
        return (False, INTERPRETERS) if given.startswith("auto") else (True, (given,))

    def _command(self, candidates: tuple[str, ...], script_path: str) -> str:
        """Return the shell command that runs a script by the first of *candidates* that is there. It takes one round trip."""
        tries = []
        for candidate in candidates:
            words = shlex.split(candidate)  # such as /usr/bin/env python3
            tries.append("command -v %s >/dev/null 2>&1 && exec %s -I -S %s" % (shlex.quote(words[0]), shlex.join(words), shlex.quote(script_path)))
        snippet = "; ".join(tries + ["echo %s >&2; exit 127" % NO_PYTHON])
        environment = self._compute_environment_string()
        return f"{environment} /bin/sh -c {shlex.quote(snippet)}".strip()

    def _run_from_file(self, candidates: tuple[str, ...], text: str) -> dict[str, Any]:
        """Run the script from a temporary file, which connections need that take no data, and remove it."""
        folder = self._make_tmp_path()
        try:
            path = self._connection._shell.join_path(folder, "script.py")
            self._transfer_data(path, text)
            self._fixup_perms2((folder, path))
            return self._low_level_execute_command(self._command(candidates, path))
        finally:
            self._remove_tmp_path(folder)
