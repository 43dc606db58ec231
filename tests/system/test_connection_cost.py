# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real connections on the kernel of this machine cost what connection_cost says."""

import json
import subprocess
import sys

import pytest

from ..support import connection_cost_checks, measure_connections


@pytest.fixture(scope="module")
def found():
    """What was measured, in a process with a network namespace of its own."""
    return json.loads(subprocess.check_output([sys.executable, measure_connections.__file__]))


@pytest.mark.parametrize("check", connection_cost_checks.CHECKS)
def test_kernel_agrees(check, found):
    """Within the tolerances of connection_cost_checks, which also say why."""
    check(found)
