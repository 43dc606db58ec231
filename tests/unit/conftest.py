# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of all unit tests."""

import importlib.util
import sys

import pytest
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import Kernel, captured

# What runs on the controller: not on the Pythons of targets, nor without ansible-core.
if sys.version_info < (3, 10) or importlib.util.find_spec("ansible") is None:
    collect_ignore_glob = [
        "plugins/action/*",
        "plugins/filter/*",
        "plugins/modules/*",
        "plugins/plugin_utils/*",
        "recorded/*",
    ]


@pytest.fixture
def host_of(tmp_path):
    """Return a function that makes a Host from a fixture or a variant, by name."""
    return lambda name: captured(name, tmp_path)


@pytest.fixture
def host(host_of):
    """A host with EL8's kernel, 4 processors and 15.4 GiB."""
    return host_of("el8_x86_64")


@pytest.fixture
def kernel(monkeypatch):
    """What answers the writes of dropin below /proc/sys."""
    return Kernel(monkeypatch)
