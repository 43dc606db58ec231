# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks on a real kernel: tune, prove, roll back, refuse."""

import json
import os
import pathlib
import subprocess

import pytest

from ..support.this_host import running, write_running

VERIFY, AUDIT, ROLLBACK = ("linux_net.socket_memory." + name for name in ("verify", "audit", "rollback"))
DROPIN = pathlib.Path("/etc/sysctl.d/99-tcp-memory.conf")
SYSTEMD_SYSCTL = "/usr/lib/systemd/systemd-sysctl"


def overrides(**values):
    """Return extra variables that override keys of net.ipv4."""
    return json.dumps({"tune_tcp_workload": {"overrides": {"net.ipv4." + key: value for key, value in values.items()}}})


def test_check_mode_tells_and_changes_nothing(playbook, host_as_before):
    """--check --diff before the first run."""
    run = playbook("tune-tcp.yml", "--check", "--diff")
    assert not run.failed
    assert run.recap("changed") == 1
    assert "+net.ipv4.tcp_mem = " in run.output
    assert "-net.ipv4.tcp_mem = %d %d %d" % tuple(host_as_before["net.ipv4.tcp_mem"]) in run.output
    assert "PASS: localhost: TCP memory is " in run.output
    assert running() == host_as_before
    assert not DROPIN.exists()


def test_tune_holds_now_and_at_boot_and_rolls_back(playbook, host_as_before):
    """The whole way, with the real systemd-sysctl as the witness for the next boot."""
    first = playbook("tune-tcp.yml")
    assert not first.failed, first.output
    assert first.recap("changed") == 1
    assert "PASS: localhost: 6 settings hold now and after the next boot." in first.output
    tuned = running()
    assert tuned["net.ipv4.tcp_mem"] != host_as_before["net.ipv4.tcp_mem"]

    second = playbook("tune-tcp.yml")
    assert not second.failed
    assert second.recap("changed") == 0
    assert not playbook(VERIFY).failed

    if os.path.exists(SYSTEMD_SYSCTL):
        write_running({key: value for key, value in host_as_before.items() if value != tuned[key]})
        subprocess.run([SYSTEMD_SYSCTL, "--prefix=/net"], check=True)
        assert running() == tuned

    back = playbook(ROLLBACK)
    assert not back.failed
    assert back.recap("changed") == 1
    assert running() == host_as_before
    assert not DROPIN.exists()
    assert playbook(ROLLBACK).recap("changed") == 0


def test_rollback_of_one_run_and_not_over_what_somebody_else_changed(playbook, host_as_before):
    """tune_tcp_rollback_to and tune_tcp_rollback_force."""
    assert not playbook("tune-tcp.yml").failed
    first = running()
    assert not playbook("tune-tcp.yml", variables=overrides(tcp_fin_timeout=30)).failed
    assert running() != first
    assert playbook(ROLLBACK, variables="tune_tcp_rollback_to=previous").recap("changed") == 1
    assert running() == first
    assert playbook(ROLLBACK, variables="tune_tcp_rollback_to=previous").recap("changed") == 0

    write_running({"net.core.rmem_max": 5000000})
    refused = playbook(ROLLBACK)
    assert refused.failed
    assert "Somebody else changed since: net.core.rmem_max runs with 5000000, set here was %d, before that it was %d." % (
        first["net.core.rmem_max"], host_as_before["net.core.rmem_max"]) in refused.output
    assert running() == dict(first, **{"net.core.rmem_max": 5000000})
    assert not playbook(ROLLBACK, variables="tune_tcp_rollback_force=true").failed
    assert running() == host_as_before
    assert not DROPIN.exists()


def test_value_the_kernel_refuses_leaves_file_and_kernel_as_they_were(playbook, host_as_before):
    """tcp_tw_reuse takes 0, 1 and 2; that is for the kernel to say."""
    assert not playbook("tune-tcp.yml").failed
    file_before, values_before = DROPIN.read_text(), running()
    run = playbook("tune-tcp.yml", variables=overrides(tcp_tw_reuse=3, tcp_fin_timeout=30))
    assert run.failed
    assert "net.ipv4.tcp_tw_reuse: the kernel refused 3 (Invalid argument)" in run.output
    assert "File and running values are as before." in run.output
    assert DROPIN.read_text() == file_before
    assert running() == values_before


@pytest.mark.parametrize("values, sentence", [
    ({"tcp_mem": [2147483000, 2147483100, 2147483200]}, "expected less than the"),
    ({"tcp_mem": [4000000000, 5000000000, 6000000000]}, "expected at most 2147483647"),
    ({"tcp_mem": [8192, 6144, 12288]}, "expected low < pressure < high"),
    ({"tcp_mem": [4096, 8192]}, "expected 3 numbers (low, pressure, high)"),
    ({"tcp_mem": "4096 8192 8MiB"}, "expected decimal numbers"),
    ({"tcp_rmem\nkernel.sysrq": "1"}, "expected one of net.ipv4.tcp_mem, net.ipv4.udp_mem"),
    ({"tcp_rmem": "4096 131072 6291456\nkernel.sysrq = 1"}, "expected one line of plain text"),
])
def test_bad_override_is_refused(playbook, host_as_before, values, sentence):
    """One sentence; neither file nor kernel is touched."""
    run = playbook("tune-tcp.yml", variables=overrides(**values))
    assert run.failed
    assert sentence in run.output
    assert running() == host_as_before
    assert not DROPIN.exists()


@pytest.mark.parametrize("variables, sentence", [
    ({"tune_tcp_workload": {"profile": "fast"}}, "value of profile must be one of: balanced, application_server, got: fast"),
    ({"tune_tcp_workload": {"connections": -5, "buffer_bytes": 65536}}, "workload.connections: found -5, expected a whole number from 1"),
    ({"tune_tcp_workload": {"conections": 5}}, "conections"),
    ({"tune_tcp_dropin": "/etc/tcp.conf"}, "expected a file NAME.conf in /etc/sysctl.d"),
    ({"tune_tcp_dropin": "/etc/sysctl.d/tcp"}, "expected a file NAME.conf in /etc/sysctl.d"),
])
def test_wrong_input_is_refused_before_the_host_is_read(playbook, variables, sentence):
    """Argument specs and the first task of the role."""
    run = playbook("tune-tcp.yml", variables=json.dumps(variables))
    assert run.failed
    assert sentence in run.output
    assert "Read the host" not in run.output


def test_drift_and_lost_boot_values_are_named(playbook):
    """Somebody changes a running value, somebody else adds a file that sorts later."""
    assert not playbook("tune-tcp.yml").failed
    write_running({"net.core.rmem_max": 5000000})
    later = DROPIN.parent / "99-zz-other.conf"
    later.write_text("net/ipv4/tcp_moderate_rcvbuf = 0\n")
    run = playbook(VERIFY)
    assert run.failed
    assert "FAIL: localhost: 4 of 6 settings hold now and after the next boot; " in run.output
    assert "runs with 5000000" in run.output
    assert "%s line 1 sets 0 at the next boot" % later in run.output
    refused = playbook("tune-tcp.yml")
    assert refused.failed
    assert "use the path /etc/sysctl.d/z-99-tcp-memory.conf" in refused.output
    assert running()["net.core.rmem_max"] == 5000000
    assert not playbook(VERIFY, variables="verify_tcp_report_only=true").failed


def test_audit_reports_and_changes_nothing(playbook, host_as_before, tmp_path):
    """One table, one file, changed=0."""
    run = playbook(AUDIT)
    assert not run.failed
    assert run.recap("changed") == 0
    assert "HOST TCP USED HIGH" in run.output
    hosts = json.loads((tmp_path / "socket-memory-audit.json").read_text())["hosts"]
    assert [host["host"] for host in hosts] == ["localhost"]
    assert hosts[0]["socket_memory"]["limits"]["net.ipv4.tcp_mem"] == host_as_before["net.ipv4.tcp_mem"]
    assert running() == host_as_before
