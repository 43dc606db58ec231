# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells a test that a task begins, and lets no other task begin before the test did what it wants to do meanwhile,
however slow both are.
"""

import os
import pathlib
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: wait_for_test
type: notification
short_description: Holds a play for a test
description: >-
  Makes the file begun in WAIT_FOLDER when the WAIT_NUMBER-th task WAIT_TASK begins, and waits for the file struck
  before the next task.
"""


class CallbackModule(CallbackBase):
    """See above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "wait_for_test"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.folder = pathlib.Path(os.environ["WAIT_FOLDER"])
        self.left = int(os.environ["WAIT_NUMBER"])

    def v2_playbook_on_task_start(self, task, is_conditional):
        """Called before the task is given to any host."""
        deadline = time.monotonic() + int(os.environ["WAIT_SECONDS"])
        while not self.left and not (self.folder / "struck").exists() and time.monotonic() < deadline:
            time.sleep(0.01)  # waits for the test to strike
        if self.left and task.get_name().endswith(os.environ["WAIT_TASK"]):
            self.left -= 1
            if not self.left:
                (self.folder / "begun").touch()
