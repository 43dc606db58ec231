# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast lane: carries the core of a module to the host's own Python, without the machinery every module brings
along.

An ordinary module spends nearly all of its time on the host with importing ansible.module_utils.basic, and that import
is also what shuts Python 3.6 out of newer controllers. The core (module_utils) needs neither. It is sent as one script
through the connection, run with -I -S, and answers with one JSON document between two marks.
"""

from __future__ import annotations

import abc
import contextlib
import re
import secrets
import shlex
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, lookup_loader, test_loader
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.arguments import checked_arguments
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.defects import describe_defect
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.host_answer import (
    Expected,
    NoAnswer,
    checked_answer,
    explain,
    read_answer,
    shell_command,
)
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.host_script import Work, needed, script

# In this order where ansible_python_interpreter is not set: EL8's own first, it is always there.
INTERPRETERS = (
    "/usr/libexec/platform-python",
    "/usr/bin/python3",
    *(f"/usr/bin/python3.{minor}" for minor in range(14, 5, -1)),
    "/usr/local/bin/python3",
    "python3",
)


def prepare(*names: str) -> None:
    """Load once, when Ansible loads an action plugin, what the process of each task would else load again: they inherit
    it.

    names: all core files that may be sent. Besides these it is what the templates of our tasks need: filters, tests,
    and the lookup of the drop-in.
    """
    needed(names)
    with contextlib.suppress(KeyError):  # unit tests do not run below Ansible, which knows where collections are
        filter_loader.get("linux_net.socket_memory.drift")
        test_loader.get("linux_net.socket_memory.under_memory_pressure")
        lookup_loader.get("ansible.builtin.template")


class FastLaneAction(ActionBase):
    """What the action plugins of the modules share. A subclass names its module, its arguments and what it may
    answer.
    """

    module_name: str
    arguments: ArgumentSpecValidator
    wanted: Expected  # of the host in the fast lane
    wanted_of_module: Expected  # of the ordinary module
    untold: str | None = None  # an argument that is too large to be told again
    _supports_check_mode = True
    _supports_async = True

    @abc.abstractmethod
    def work(self, params: dict[str, Any]) -> Work:
        """Return what the host has to do. Raises SocketMemoryError for *params* that cannot be meant."""

    def conclude(self, answer: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the module from the host's answer."""
        return answer

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do what the module does. All text of the result is marked as no template: some of it is the host's."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        host = task_vars.get("inventory_hostname")
        if self._task.async_val:
            return self._execute_module(
                module_name=self.module_name, task_vars=task_vars, wrap_async=not self._connection.has_native_async
            )
        try:
            params = checked_arguments(self.arguments, self._task.args, self.module_name)
            answer = self._answer(params, task_vars)
            result["invocation"] = {"module_args": {name: params[name] for name in params if name != self.untold}}
        except SocketMemoryError as error:
            answer = _named(dict(error.results, failed=True, msg=str(error)), host)
        except AnsibleError:  # such as a connection that is lost
            raise
        except Exception as error:
            answer = _named({"failed": True, "msg": describe_defect(error)}, host)
        result.update(answer)
        if not self._task.diff or not result.get("diff"):
            result.pop("diff", None)
        if not result.get("warnings"):
            result.pop("warnings", None)
        result.setdefault("changed", False)
        return wrap_var(result)

    def _answer(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the module, or its failure. Raises SocketMemoryError for *params* that cannot be
        meant.
        """
        params = dict(params, check_mode=self._task.check_mode)
        if not self._enabled(task_vars):
            return self._ordinary(task_vars)
        answer = self._ask(self.work(params), task_vars)
        return (
            _named(answer, task_vars.get("inventory_hostname"))
            if answer.get("failed")
            else self.conclude(answer, params)
        )

    def _enabled(self, task_vars: dict[str, Any]) -> bool:
        """Return whether the variable socket_memory_fast_lane leaves the lane open."""
        value = self._templar.template(task_vars.get("socket_memory_fast_lane", True))
        return str(value).lower() not in ("false", "no", "off", "0")

    def _ordinary(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return what the ordinary module answers."""
        try:
            found = self._execute_module(module_name=self.module_name, task_vars=task_vars)
        except (TypeError, ValueError):  # Ansible's own reading of the answer
            return _named(
                {"failed": True, "msg": "The module ended, and its answer cannot be read."},
                task_vars.get("inventory_hostname"),
            )
        if isinstance(found.get("warnings"), list):
            # From ansible-core 2.19 on they and the exception may be objects of Ansible's.
            found["warnings"] = [str(getattr(getattr(one, "event", None), "msg", one)) for one in found["warnings"]]
        if not isinstance(found.get("exception"), str):
            found.pop("exception", None)
        try:
            return checked_answer(found, self.wanted_of_module)
        except NoAnswer as reason:
            return _named(
                {"failed": True, "msg": f"The module ended, and {reason}."}, task_vars.get("inventory_hostname")
            )

    def _ask(self, work: Work, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Let the host do *work* and return its answer, or a failure with the evidence."""
        mark = f"<{secrets.token_hex(16)}>"
        text = script(work, mark)
        given, programs = self._interpreters(task_vars)
        if self._takes_data():
            ran = self._low_level_execute_command(self._command(programs, given, "-"), in_data=text.encode())
            if re.search(r"\b(tty|terminal)\b", to_text(ran.get("stderr", ""))) and mark not in ran.get("stdout", ""):
                ran = self._run_from_file(programs, given, text)  # sudo with requiretty takes no data on its input
        else:
            ran = self._run_from_file(programs, given, text)
        output = to_text(ran.get("stdout", ""))
        try:
            return read_answer(output, mark, self.wanted)
        except NoAnswer as reason:
            said = to_text(ran.get("stderr", "")) + "\n" + output.replace(mark, "")
            return {"failed": True, "msg": explain(reason, ran["rc"], said, programs, given)}

    def _takes_data(self) -> bool:
        """Return whether the script can go to standard input.

        A local connection gives a become that asks for a password a terminal instead, unless Ansible itself would
        pipeline. Others, such as ssh, answer the question first and then pass the data on.
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
        given = str(
            self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)) or "auto"
        )
        return (False, INTERPRETERS) if given.startswith("auto") else (True, (given,))

    def _command(self, programs: tuple[str, ...], given: bool, script_path: str) -> str:
        """Return the shell command that runs a script by the first of *programs* that is there. It takes one round
        trip.
        """
        environment = self._compute_environment_string()
        return (
            f"{environment} /bin/sh -c {shlex.quote(shell_command(programs, given, shlex.quote(script_path)))}".strip()
        )

    def _run_from_file(self, programs: tuple[str, ...], given: bool, text: str) -> dict[str, Any]:
        """Run the script from a temporary file, which connections need that take no data, and remove it."""
        folder = self._make_tmp_path()
        try:
            path = self._connection._shell.join_path(folder, "script.py")
            self._transfer_data(path, text)
            self._fixup_perms2((folder, path))
            return self._low_level_execute_command(self._command(programs, given, path))
        finally:
            self._remove_tmp_path(folder)


def _named(failure: dict[str, Any], host: str | None) -> dict[str, Any]:
    """Return *failure* with the host in its message; an ordinary module puts the host's own name there."""
    return dict(failure, msg=f"{host}: {failure['msg']}")
