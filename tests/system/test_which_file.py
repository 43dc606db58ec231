# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file wins: random trees of sysctl.d files, applied by the real programs. More of them:
tests/support/sysctl_trees.py.
"""

import pytest

from ..support import sysctl_trees

SEED, TREES = 20260801, 2000


@pytest.mark.parametrize("program", sysctl_trees.PROGRAMS)
def test_the_real_program_sets_what_was_told(program):
    reason = sysctl_trees.why_not(program)
    if reason:
        pytest.skip(reason)
    assert sysctl_trees.run(program, range(SEED, SEED + TREES)) == []
