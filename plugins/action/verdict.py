# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action verdict; its documentation is in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.linux_net.socket_memory.plugins.modules.verdict import ARGUMENTS


class ActionModule(ActionBase):
    """Passes or fails on the controller."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the verdict as the result of the task."""
        result = super().run(tmp, task_vars)
        checked = ArgumentSpecValidator(**ARGUMENTS).validate(self._task.args)
        if checked.error_messages:
            return dict(result, failed=True, msg="; ".join(checked.error_messages))
        verdict = checked.validated_parameters["verdict"]
        passes = verdict["passes"]
        lines = [verdict["message"], *(verdict.get("table") or [])]
        if not passes or verdict.get("remarks"):  # one line is enough where all is well
            result["verdict"] = verdict
        result["msg"] = "%s: %s: %s" % ("PASS" if passes else "FAIL", (task_vars or {}).get("inventory_hostname"), "\n".join(lines))
        result["failed"] = not passes and not checked.validated_parameters["report_only"]
        result["changed"] = False
        result["_ansible_verbose_always"] = True
        return result
