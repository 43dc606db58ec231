# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks on a real kernel: tune, prove, roll back, refuse."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.audit import AUDIT as AUDIT_FILE
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import checked

from ..support.this_host import running, write_running

VERIFY, AUDIT, ROLLBACK = ("linux_net.socket_memory." + name for name in ("verify", "audit", "rollback"))
DROPIN = pathlib.Path("/etc/sysctl.d/99-tcp-memory.conf")
SYSTEMD_SYSCTL = "/usr/lib/systemd/systemd-sysctl"


# What asks for buffers too: six settings on every kernel.
PATH = {"bandwidth_mbps": "10Gbit/s", "rtt_ms": "20ms"}
SIZED = json.dumps({"tune_tcp_workload": PATH})


def overrides(**values):
    """Return extra variables that override keys of net.ipv4."""
    changed = {"net.ipv4." + key: value for key, value in values.items()}
    return json.dumps({"tune_tcp_workload": dict(PATH, overrides=changed)})


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
    first = playbook("tune-tcp.yml", variables=SIZED)
    assert not first.failed, first.output
    assert first.recap("changed") == 1
    assert "PASS: localhost: 6 settings hold now and after the next boot." in first.output
    tuned = running()
    assert tuned["net.ipv4.tcp_mem"] != host_as_before["net.ipv4.tcp_mem"]

    second = playbook("tune-tcp.yml", variables=SIZED)
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
    assert not playbook("tune-tcp.yml", variables=SIZED).failed
    first = running()
    assert not playbook("tune-tcp.yml", variables=overrides(tcp_fin_timeout=30)).failed
    assert running() != first
    assert playbook(ROLLBACK, variables="tune_tcp_rollback_to=previous").recap("changed") == 1
    assert running() == first
    assert playbook(ROLLBACK, variables="tune_tcp_rollback_to=previous").recap("changed") == 0

    write_running({"net.core.rmem_max": 5000000})
    refused = playbook(ROLLBACK)
    assert refused.failed
    assert (
        "Somebody else changed since: net.core.rmem_max runs with 5000000, set here was %d, before that it was %d."
        % (first["net.core.rmem_max"], host_as_before["net.core.rmem_max"])
        in refused.output
    )
    assert running() == dict(first, **{"net.core.rmem_max": 5000000})
    assert not playbook(ROLLBACK, variables="tune_tcp_rollback_force=true").failed
    assert running() == host_as_before
    assert not DROPIN.exists()


def test_a_host_that_may_not_pass_fails_with_its_verdict_and_keeps_its_settings(playbook):
    """The rescue is for batches that got worse: here nothing is rolled back, the last failure tells why, and
    reporting does not fail.
    """
    shut = {"pressure_gate_fail_states": ["normal", "soft"], "tune_tcp_workload": PATH}
    run = playbook("tune-tcp.yml", variables=json.dumps(shut))
    assert run.failed and DROPIN.exists()
    last = run.output.split(": Fail the host]", 1)[1]
    assert "FAIL: localhost: TCP memory is" in last and "6 settings hold now and after the next boot." in last
    assert "1 host: 1 failed. Failed: localhost." in last
    reported = playbook("tune-tcp.yml", variables=json.dumps(dict(shut, pressure_gate_report_only=True)))
    assert not reported.failed
    assert "FAIL: localhost: TCP memory is" in reported.output


def test_value_the_kernel_refuses_leaves_file_and_kernel_as_they_were(playbook, host_as_before):
    """tcp_tw_reuse takes 0, 1 and 2; that is for the kernel to say."""
    assert not playbook("tune-tcp.yml", variables=SIZED).failed
    file_before, values_before = DROPIN.read_text(), running()
    run = playbook("tune-tcp.yml", variables=overrides(tcp_tw_reuse=3, tcp_fin_timeout=30))
    assert run.failed
    assert "net.ipv4.tcp_tw_reuse: the kernel refused 3 (Invalid argument)" in run.output
    assert "File and running values are as before." in run.output
    assert DROPIN.read_text() == file_before
    assert running() == values_before


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"tcp_mem": [2147483000, 2147483100, 2147483200]}, "expected less than the"),
        ({"tcp_mem": [4000000000, 5000000000, 6000000000]}, "expected at most 2147483647"),
        ({"tcp_mem": [8192, 6144, 12288]}, "expected low < pressure < high"),
        ({"tcp_mem": [4096, 8192]}, "expected 3 numbers (low, pressure, high)"),
        ({"tcp_mem": "4096 8192 8MiB"}, "expected decimal numbers"),
        ({"tcp_rmem\nkernel.sysrq": "1"}, "expected one of net.ipv4.tcp_mem, net.ipv4.udp_mem"),
        ({"tcp_rmem": "4096 131072 6291456\nkernel.sysrq = 1"}, "expected one line of plain text"),
    ],
)
def test_bad_override_is_refused(playbook, host_as_before, values, sentence):
    """One sentence; neither file nor kernel is touched."""
    run = playbook("tune-tcp.yml", variables=overrides(**values))
    assert run.failed
    assert sentence in run.output
    assert running() == host_as_before
    assert not DROPIN.exists()


@pytest.mark.parametrize(
    "variables, sentence",
    [
        ({"tune_tcp_workload": {"profile": "fast"}}, "expected one of balanced, application_server"),
        ({"tune_tcp_workload": {"buffer_bytes": "8M"}}, "expected a whole number from 1024"),
        (
            {"tune_tcp_workload": {"connections": -5, "buffer_bytes": 65536}},
            "workload.connections: found -5, expected a whole number from 1",
        ),
        ({"tune_tcp_workload": {"conections": 5}}, "conections"),
        ({"tune_tcp_dropin": "/etc/tcp.conf"}, "expected a file NAME.conf in /etc/sysctl.d"),
        ({"tune_tcp_dropin": "/etc/sysctl.d/tcp"}, "expected a file NAME.conf in /etc/sysctl.d"),
    ],
)
def test_wrong_input_is_refused_before_the_host_is_touched(playbook, variables, sentence):
    """By the argument specs, or by the task that takes it."""
    run = playbook("tune-tcp.yml", variables=json.dumps(variables))
    assert run.failed
    assert sentence in run.output
    assert run.recap("changed") == 0
    assert "Read the host again" not in run.output


def test_verify_fails_with_a_table_of_what_differs_and_why(playbook):
    """Somebody changes a running value, somebody else adds a file that sorts later."""
    assert not playbook("tune-tcp.yml", variables=SIZED).failed
    good = playbook(VERIFY)
    assert good.code == 0
    assert [line for line in good.lines if "localhost: " in line] == [
        "msg: 'PASS: localhost: 6 settings hold now and after the next boot.'"
    ]

    wanted = running()["net.core.rmem_max"]
    write_running({"net.core.rmem_max": 5000000})
    later = DROPIN.parent / "99-zz-other.conf"
    later.write_text("net/ipv4/tcp_moderate_rcvbuf = 0\n")
    bad = playbook(VERIFY)
    assert bad.code == 2
    first = next(
        number for number, line in enumerate(bad.lines) if line.startswith("FAIL: localhost: 4 of 6 settings hold")
    )
    assert [line.split(maxsplit=4) for line in bad.lines[first + 2 : first + 4]] == [
        ["net.core.rmem_max", str(wanted), "5000000", str(wanted), "changed since it was set, or never set"],
        ["net.ipv4.tcp_moderate_rcvbuf", "1", "1", "0", "%s line 1 wins" % later],
    ]
    assert "id: drift" in bad.output, "and the same for machines"
    heading = bad.lines[first + 1]
    assert heading.split() == "KEY WANTED RUNNING NOW AFTER REBOOT WHY".split()
    assert all(line[heading.index("WHY") - 2 :][:2] == "  " for line in bad.lines[first + 2 : first + 4]), (
        "columns must line up"
    )

    refused = playbook("tune-tcp.yml", variables=SIZED)
    assert refused.code == 2
    assert "use the path /etc/sysctl.d/z-99-tcp-memory.conf" in refused.output
    assert running()["net.core.rmem_max"] == 5000000
    told = playbook(VERIFY, variables="verify_tcp_report_only=true")
    assert told.code == 0
    assert bad.lines[first] in told.lines
    reasons = {"net.core.rmem_max": "a trial of Tuesday", "net.ipv4.tcp_moderate_rcvbuf": "the other tool's"}
    excepted = playbook(VERIFY, variables=json.dumps({"verify_tcp_exceptions": reasons}))
    assert excepted.code == 0
    assert (
        "not judged: net.core.rmem_max (a trial of Tuesday), net.ipv4.tcp_moderate_rcvbuf (the other tool"
        in excepted.output
    )
    wrong = playbook(VERIFY, variables='{"verify_tcp_exceptions": 5}')
    assert wrong.code == 2
    assert "exceptions: found 5, expected a list of keys, or a reason by key." in wrong.output


def test_verify_judges_cached_facts_without_the_host(playbook, tmp_path):
    """The facts of one run, then a host that does not answer."""
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "cache")}
    assert not playbook("tune-tcp.yml", variables=SIZED, **cache).failed
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    assert playbook(VERIFY, variables=json.dumps(gone), **cache).code == 4
    cached = playbook(VERIFY, variables=json.dumps(dict(gone, verify_tcp_gather=False)), **cache)
    assert cached.code == 0
    assert "PASS: localhost: 6 settings hold now and after the next boot." in cached.output


def test_audit_reports_and_changes_nothing(playbook, host_as_before, tmp_path):
    """One table, one file, changed=0."""
    run = playbook(AUDIT)
    assert not run.failed
    assert run.recap("changed") == 0
    assert "HOST TCP USED HIGH" in run.output
    saved = tmp_path / "socket-memory-audit.json"
    assert "The audit is saved in %s" % saved in run.output
    assert saved.stat().st_mode & 0o777 == 0o600
    audit = json.loads(saved.read_text())
    assert audit == checked(audit, AUDIT_FILE, "audit")
    assert audit["summary"]["status"] == {"ok": 1, "unreachable": 0, "failed": 0}
    assert audit["started"] <= audit["finished"]
    hosts = audit["hosts"]
    assert [(host["host"], host["status"], host["reason"]) for host in hosts] == [("localhost", "ok", None)]
    assert hosts[0]["socket_memory"]["limits"]["net.ipv4.tcp_mem"] == host_as_before["net.ipv4.tcp_mem"]
    assert running() == host_as_before


GONE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
NO_PYTHON = dict(HERE, ansible_python_interpreter="/nowhere/python3")


@pytest.mark.parametrize(
    "hosts, code, statuses, counted",
    [
        ({"a": GONE, "b": HERE}, 4, ["unreachable", "ok"], {"a": "unreachable"}),
        ({"a": HERE, "b": GONE}, 4, ["ok", "unreachable"], {"b": "unreachable"}),
        ({"a": GONE, "b": GONE}, 4, ["unreachable", "unreachable"], {"a": "unreachable", "b": "unreachable"}),
        ({"a": NO_PYTHON, "b": HERE}, 2, ["failed", "ok"], {"a": "failed"}),
        ({"a": NO_PYTHON}, 2, ["failed"], {"a": "failed"}),
        ({"a": GONE, "b": NO_PYTHON}, 4, ["unreachable", "failed"], {"a": "unreachable", "b": "failed"}),
    ],
)
def test_audit_reports_also_who_cannot_be_read(playbook, tmp_path, hosts, code, statuses, counted):
    """Each host is a row with its reason, and counts in Ansible's own way; also where no host is left."""
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    run = playbook(AUDIT, "--inventory", str(inventory))
    assert run.code == code, run.output
    rows = json.loads((tmp_path / "socket-memory-audit.json").read_text())["hosts"]
    assert [row["status"] for row in rows] == statuses
    assert [row["reason"] is None for row in rows] == [status == "ok" for status in statuses]
    # In ssh's own words, which on a busy machine may be those of its timeout.
    reasons = [row["reason"] for row in rows if row["status"] == "unreachable"]
    assert all(re.search("refused|timed out", reason) for reason in reasons), reasons
    assert all(row["reason"].startswith("No Python on the host") for row in rows if row["status"] == "failed")
    assert re.search(
        "HOST TCP USED .*%d hosts?: .*%d %s"
        % (len(hosts), statuses.count(statuses[0]), "" if statuses[0] == "ok" else statuses[0]),
        run.output,
    )
    recap = [line for line in run.lines if re.match(r"[ab] +: ok=", line)]
    assert [dict(re.findall(r"(unreachable|failed)=(\d)", line)) for line in recap] == [
        {name: str(int(counted.get(host) == name)) for name in ("unreachable", "failed")} for host in sorted(hosts)
    ]


def test_audit_prints_its_table_even_if_it_cannot_be_saved(playbook, tmp_path):
    run = playbook(AUDIT, variables=json.dumps({"fleet_report_path": str(tmp_path / "nowhere" / "audit.json")}))
    assert run.code == 2
    assert "HOST TCP USED" in run.output and "1 host: 1 " in run.output
    assert "The audit is saved" not in run.output
