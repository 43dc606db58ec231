# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the result of each task on each host to a file, one JSON document a line: what people see is folded and
cut.
"""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results_of_hosts
type: aggregate
short_description: The result of each task on each host, for tests
description: Appends them to the file that the environment variable RESULTS_OF_HOSTS names.
"""


class CallbackModule(CallbackBase):
    """What Ansible calls."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results_of_hosts"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, kind, result):
        one = {
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "action": result._task.action,
            "kind": kind,
            "result": result._result,
        }
        with open(os.environ["RESULTS_OF_HOSTS"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(one, default=repr) + "\n")

    def v2_runner_on_ok(self, result):
        """Called for each."""
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """Called for each."""
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result):
        """Called for each."""
        self._write("unreachable", result)
