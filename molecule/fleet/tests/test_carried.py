# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host tuned for its connections carries real ones without pressure; the same host untuned enters it under the
same load.
"""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tests" / "support"))
import connection_cost_checks  # noqa: E402  (needs the path above)


def result(host, name):
    """Return what a program left on the host, and show it."""
    text = host.file("/root/" + name).content_string
    print(host.backend.get_pytest_id(), name, text)
    return json.loads(text)


def test_untuned_host_enters_pressure(host):
    """By the kernel's counter."""
    untuned = result(host, "carried-untuned")
    assert untuned["used_pages"] > untuned["tcp_mem"][0]
    assert untuned["counters"].get("TCPMemoryPressures", 0) > 0


def test_tuned_host_carries_the_same_load(host):
    """As many pages as put the untuned one under pressure stay below low, where nothing is restricted; every byte
    arrives, nothing is dropped.
    """
    untuned, tuned = result(host, "carried-untuned"), result(host, "carried-tuned")
    assert (tuned["connections"], tuned["buffer_bytes"]) == (untuned["connections"], untuned["buffer_bytes"])
    assert untuned["tcp_mem"][1] < tuned["used_pages"] < tuned["tcp_mem"][0]
    assert not tuned["kernel_flag"]
    assert not {"TCPMemoryPressures", "PruneCalled", "TCPRcvQDrop", "TCPAbortOnMemory"} & set(tuned["counters"])
    assert tuned["arrived"] == tuned["sent"]
    assert " ".join(map(str, tuned["tcp_mem"])) in host.file("/etc/sysctl.d/99-tcp-memory.conf").content_string


@pytest.mark.parametrize("check", connection_cost_checks.CHECKS_OF_A_QUIET_HOST)
def test_kernel_agrees_on_the_cost_of_connections(host, check):
    """The same comparison as on the machine that runs tests/system, on an older kernel, where nobody else uses TCP."""
    check(result(host, "connection-cost"))
