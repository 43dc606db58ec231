# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that waits for what a test does in the middle of it."""

import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tests" / "hosts"))
import fleet  # noqa: E402  (needs the path above)

DEADLINE = 1800  # seconds until a play has come to a task; it takes some ten on a quiet machine


class HeldPlay:
    """An ansible-playbook under way that does not go past a task before strike() was called."""

    def __init__(self, folder, playbook, variables, hosts, task, number=1):
        """Run *playbook* until its *number*-th *task* begins, which it goes on with. folder: an empty one."""
        self.folder = folder
        command = [
            os.path.join(os.path.dirname(sys.executable), "ansible-playbook"),
            "-i",
            str(fleet.INVENTORY),
            "-l",
            ",".join(hosts),
            str(playbook),
        ]
        environment = dict(
            os.environ,
            ANSIBLE_CALLBACK_RESULT_FORMAT="json",
            ANSIBLE_CALLBACK_PLUGINS=str(pathlib.Path(__file__).parent / "callbacks"),
            ANSIBLE_CALLBACKS_ENABLED="wait_for_test",
            WAIT_FOLDER=str(folder),
            WAIT_TASK=task,
            WAIT_NUMBER=str(number),
            WAIT_SECONDS=str(DEADLINE),
        )
        with (folder / "output").open("w") as output:
            self.process = subprocess.Popen(
                command + ["-e", json.dumps(variables)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + DEADLINE
        while not (folder / "begun").exists():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.01)  # waits for the task to begin

    def output(self):
        """Return what it printed by now."""
        return (self.folder / "output").read_text()

    def strike(self, delay, action):
        """Call *action* () *delay* seconds after the task began, then let the play go past it."""
        time.sleep(delay)  # the parameter chooses the instant of the transaction at which the test strikes
        action()
        (self.folder / "struck").touch()

    def end(self):
        """Return its exit code and what it printed."""
        code = self.process.wait()
        return code, self.output()
