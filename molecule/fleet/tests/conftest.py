# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A second try for all witnesses."""

import time

import pytest
from testinfra.backend.ssh import SshBackend

TRIES = 5


@pytest.fixture(autouse=True)
def _try_again(monkeypatch):
    """Let a witness ask again where ssh, not the command, failed: it only reads."""
    run_ssh = SshBackend.run_ssh

    def try_again(backend, command):
        for _try in range(TRIES - 1):
            try:
                return run_ssh(backend, command)
            except RuntimeError as error:  # ssh ended with 255
                print("asked again:", error)
                time.sleep(1)  # waits for the host to take a connection
        return run_ssh(backend, command)

    monkeypatch.setattr(SshBackend, "run_ssh", try_again)
