# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Jinja test: yes or no, also where nothing can be told."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.test.under_memory_pressure import TestModule as Plugin


@pytest.mark.parametrize(
    "state, flag, under",
    [
        ("normal", False, False),
        ("imminent", False, False),
        ("pressure", True, True),
        ("recovering", True, True),
        ("critical", False, True),
        (None, True, True),
        (None, False, False),
        (None, None, False),
    ],
)
def test_under_memory_pressure(state, flag, under):
    assert Plugin().tests()["under_memory_pressure"]({"tcp": {"state": state, "kernel_flag": flag}}) is under
