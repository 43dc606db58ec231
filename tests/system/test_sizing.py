# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every profile on a real kernel, and the documented what-if on a real audit."""

import json
import pathlib
import re

import pytest

from ..support.this_host import running

AUDIT, ROLLBACK = "linux_net.socket_memory.audit", "linux_net.socket_memory.rollback"
DROPIN = pathlib.Path("/etc/sysctl.d/99-tcp-memory.conf")
DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "sizing.md"
WORKLOAD = {
    "connections": "20000",
    "buffer_bytes": "64KiB",
    "active_fraction": "25%",
    "direction": "both",
    "churn": "2000/s",
    "udp_sockets": 50,
    "udp_buffer_bytes": "1MiB",
    "paths": [{"bandwidth_mbps": "1Gbit/s", "rtt_ms": "40ms"}],
    "memory_fraction": "20%",
    "silence": {"half-of-memory": "the recipe asks for it"},
}


@pytest.mark.parametrize(
    "profile", ["balanced", "application_server", "many_connections", "bulk_transfer", "low_latency"]
)
def test_profile_tunes_once_and_rolls_back(playbook, host_as_before, profile):
    """With a workload of nearly every option: applied, then unchanged, then as before."""
    variables = json.dumps({"tune_tcp_workload": dict(WORKLOAD, profile=profile)})
    first = playbook("tune-tcp.yml", variables=variables)
    assert not first.failed, first.output
    assert first.recap("changed") == 1
    text, values = DROPIN.read_text(), running()
    assert "profile %s." % profile in text
    assert set(re.findall(r"^(net\S+) = ", text, re.MULTILINE)) >= {
        "net.ipv4.udp_mem",
        "net.ipv4.tcp_max_orphans",
        "net.ipv4.tcp_max_tw_buckets",
    }
    assert "UDP sockets x 2.0 MiB" in text and "closed a second" in text

    second = playbook("tune-tcp.yml", variables=variables)
    assert not second.failed, second.output
    assert second.recap("changed") == 0
    assert (DROPIN.read_text(), running()) == (text, values)

    assert not playbook(ROLLBACK).failed
    assert running() == host_as_before
    assert not DROPIN.exists()


def test_documented_what_if_runs_on_a_saved_audit(playbook, host_as_before, tmp_path):
    """The playbook is taken from the document as it stands."""
    assert not playbook(AUDIT).failed
    audit = tmp_path / "socket-memory-audit.json"
    hosts = json.loads(audit.read_text())["hosts"]
    audit.write_text(json.dumps({"hosts": hosts + [{"host": "lost", "socket_memory": None}]}))
    what_if = tmp_path / "what-if.yml"
    what_if.write_text(re.search(r"```yaml\n(- name: What would.*?)```", DOCUMENT.read_text(), re.DOTALL).group(1))
    run = playbook(str(what_if), variables=json.dumps({"audit": str(audit)}))
    assert not run.failed, run.output
    assert run.recap("changed") == 0
    assert re.search(
        r"localhost: tcp_mem \d+ \d+ \d+, .*; today: 50000 connections need 12\.2 GiB of TCP memory at most", run.output
    )
    assert "capacity" in hosts[0]["socket_memory"]
    assert running() == host_as_before
