# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told from the release alone."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import (
    counts_in_pages,
    kernel_version,
    since,
    window_ratio,
)


@pytest.mark.parametrize(
    "release, in_pages",
    [
        ("4.18.0-553.el8_10.x86_64", False),
        ("5.4.17-2136.338.4.2.el8uek.x86_64", False),
        ("5.14.0-70.13.1.el9_0.x86_64", False),
        ("5.14.0-162.6.1.el9_1.aarch64", False),
        ("5.14.0-284.11.1.el9_2.x86_64", True),
        ("5.14.0-570.32.1.el9_6.x86_64", True),
        ("5.15.0-3.60.5.1.el9uek.x86_64", False),
        ("5.15.0-305.176.4.el9uek.x86_64", False),
        ("5.15.85", False),
        ("5.19", False),
        ("6.0.19", True),
        ("6.12.0-55.24.1.el10_0.x86_64", True),
        ("6.18.44-fc-v657", True),
        ("", None),
        (None, None),
        ("unknown", None),
        ("9" * 5000 + ".1", None),
        ("6." + "9" * 5000, None),
        ("5.14.0-" + "9" * 5000 + ".el9", False),
    ],
)
def test_unit_of_the_memory_counters(release, in_pages):
    assert counts_in_pages(release) is in_pages


@pytest.mark.parametrize(
    "release, ratio",
    [
        ("4.18.0-553.el8_10.x86_64", None),
        ("5.14.0-70.13.1.el9_0.x86_64", None),
        ("5.14.0-362.24.1.el9_3.x86_64", None),
        ("5.14.0-427.13.1.el9_4.aarch64", 65),
        ("5.14.0-503.40.1.el9_5.x86_64", 65),
        ("5.14.0-570.32.1.el9_6.x86_64", 128),
        ("5.15.0-305.176.4.el9uek.x86_64", None),
        ("6.5.13", None),
        ("6.6", 65),
        ("6.9.12", 65),
        ("6.10.0", 128),
        ("6.12.0-1.23.3.2.el9uek.x86_64", 128),
        ("7.0", 128),
        ("unknown", 65),
        (None, 65),
    ],
)
def test_first_window_ratio(release, ratio):
    assert window_ratio(release) == ratio


@pytest.mark.parametrize(
    "release, version",
    [("4.18.0-553.el8_10.x86_64", (4, 18)), ("6.18", (6, 18)), ("", None), (None, None), ("x", None)],
)
def test_version(release, version):
    assert kernel_version(release) == version


@pytest.mark.parametrize(
    "release, value", [("6.15.9", "old"), ("6.16.0", "new"), ("7.0", "new"), (None, "old"), ("x", "old")]
)
def test_a_step_begins_with_its_version(release, value):
    assert since((((6, 16), "new"), ((0, 0), "old")), release) == value
