# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the collection for real on this machine: its kernel, its Python, private copies of the folders it writes to."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from ..support import this_host

ROOT = pathlib.Path(__file__).parents[2]


def pytest_collection_modifyitems(items):
    """Skip what needs a kernel, with the reason, where there is none that may be changed."""
    reason = this_host.why_not()
    if reason:
        for item in items:
            if not getattr(item.module, "HOSTS_OF_ITS_OWN", False):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def private_folders():
    """Keep the files of this machine out of the tests."""
    with this_host.private_folders():
        yield


@pytest.fixture(autouse=True)
def host_as_before(private_folders):
    """Put back every running value after each test. Returns the values before."""
    with this_host.put_back() as before:
        yield before


class Run:
    """What one ansible-playbook said."""

    def __init__(self, process):
        self.code = process.returncode
        self.failed = self.code != 0
        self.lines = [line.strip() for line in process.stdout.splitlines()]
        # The callback folds long messages; here each is one line again.
        self.output = re.sub(r"\s+", " ", process.stdout)

    def recap(self, name):
        """Return a number of the play recap, such as changed."""
        return int(re.search(r"%s=(\d+)" % name, self.output.rpartition("PLAY RECAP")[2]).group(1))


def environment(folder, **settings):
    """Return the environment of a program of Ansible that starts in *folder*, with settings of Ansible by their
    environment variables.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return dict(
        kept,
        ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
        ANSIBLE_HOME=str(folder / "ansible"),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_TIMEOUT="600",
        PWD=str(folder),
        **settings,
    )


def program(name):
    """Return the path of a program of this Python's ansible-core."""
    return os.path.join(os.path.dirname(sys.executable), name)


@pytest.fixture
def playbook(tmp_path):
    """Run a playbook, by file or by FQCN, against this machine, with settings of Ansible by their environment
    variables. Returns a Run.
    """

    def run(name, *arguments, variables="", **settings):
        command = [program("ansible-playbook"), name, *arguments]
        if variables:
            command += ["--extra-vars", variables]
        return Run(
            subprocess.run(
                command,
                cwd=ROOT,
                env=environment(tmp_path, **settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        )

    return run
