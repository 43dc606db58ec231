# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings: each when it is due, and none on a healthy host."""

import copy

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import finding
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.memory import SIGNS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import describe_tcp
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.registry import CHECKS, find


@pytest.fixture
def healthy(host):
    return host.facts()


def changed(facts, **tcp):
    """Return *facts* with another state of TCP."""
    facts = copy.deepcopy(facts)
    facts["tcp"].update(tcp)
    return facts


def ids(facts):
    return [(one["id"], one["severity"]) for one in find(facts)]


def test_a_healthy_host_has_no_findings(healthy):
    assert find(healthy) == []
    assert describe_tcp(healthy["tcp"]) == "TCP memory is normal: 4.7 MiB of 1.4 GiB (0.3 % of high), kernel flag no."


@pytest.mark.parametrize(
    "state, severity",
    [
        ("soft", "warning"),
        ("imminent", "warning"),
        ("pressure", "error"),
        ("recovering", "error"),
        ("stale", "warning"),
        ("critical", "error"),
    ],
)
def test_each_state_but_normal_is_a_finding_with_a_remedy(healthy, state, severity):
    facts = changed(healthy, state=state, used={"pages": 200000, "bytes": 819200000})
    assert ids(facts) == [("tcp-" + state, severity)]
    finding = find(facts)[0]
    assert set(finding) == {"id", "severity", "subject", "message", "evidence", "remedy"}
    assert set(finding["evidence"]) == {
        "state",
        "used",
        "thresholds",
        "kernel_flag",
        "percent_of_high",
        "since",
        "sign",
        "segments",
    }
    said = SIGNS[finding["evidence"]["sign"]].text
    assert finding["message"] == " ".join(
        [describe_tcp(facts["tcp"])]
        + [said] * bool(said)
        + ["Pressure begins above 983.8 MiB and ends at 737.8 MiB or below."]
    )
    assert finding["remedy"]
    assert finding["evidence"]["sign"] == {
        "pressure": "may-be-kept",
        "recovering": "may-be-kept",
        "critical": "may-be-kept",
        "stale": "one-look",
    }.get(state)


@pytest.mark.parametrize(
    "moment, state, sign",
    [("idle", "normal", None), ("pressure", "pressure", "may-be-kept")]
    + [("drained-still-charged", "pressure", "may-be-kept")],
)
def test_el8_kept_what_was_freed_and_one_look_says_that_it_cannot_tell(host_of, moment, state, sign):
    """As captured: everything was read, nothing moved for 40 seconds, and flag and usage stayed."""
    facts = host_of("el8_4.18.0-147/" + moment).facts(page_size=4096)
    assert facts["tcp"]["state"] == state
    signs = {one["id"]: one["evidence"]["sign"] for one in find(facts) if "sign" in one["evidence"]}
    assert signs == ({"tcp-" + state: sign} if sign else {})


def test_soft_is_a_finding_from_the_first_page_on(healthy):
    """What processors keep uncounted changes nothing of what the kernel decides."""
    bound = {"pages": 512, "bytes": 0}
    facts = changed(healthy, state="soft", used={"pages": 188886, "bytes": 0}, error_bound=bound)
    assert ids(facts) == [("tcp-soft", "warning")]


def test_an_unreadable_flag_is_said(healthy):
    facts = changed(healthy, kernel_flag=None)
    assert ids(facts) == [("tcp-flag-unreadable", "warning")]
    assert "kernel flag unreadable" in describe_tcp(facts["tcp"])
    assert ids(changed(healthy, kernel_flag=None, state=None)) == [("tcp-unknown", "error")]


@pytest.mark.parametrize(
    "count, found",
    [(16383, []), (16384, [("tcp-orphans", "warning")]), (65536, [("tcp-orphans", "error")]), (None, [])],
)
def test_orphans_from_a_quarter_of_the_limit_on(healthy, count, found):
    assert ids(changed(healthy, orphans={"count": count, "limit": 65536})) == found
    assert ids(changed(healthy, orphans={"count": count, "limit": None})) == []


def test_udp_at_its_limit(healthy):
    healthy["udp"]["state"] = "critical"
    assert ids(healthy) == [("udp-critical", "warning")]


def test_running_values_that_break_a_rule_are_findings_and_errors_come_first(healthy):
    healthy["limits"]["net.ipv4.tcp_mem"] = [188886, 251851, 99999999]
    healthy["limits"]["net.ipv4.tcp_fin_timeout"] = 0
    healthy["udp"]["state"] = "critical"
    healthy["tcp"]["state"] = "critical"
    assert [one[0] for one in ids(healthy)] == [
        "tcp-critical",
        "udp-critical",
        "running-range",
        "running-above-memory",
        "boot-differs",
    ]
    assert (find(healthy)[3]["subject"], find(healthy)[3]["evidence"]["value"]) == (
        "net.ipv4.tcp_mem",
        [188886, 251851, 99999999],
    )


def test_another_value_at_the_next_boot_is_a_finding_that_names_file_and_line(healthy):
    healthy["boot"]["net.core.somaxconn"] = {"value": 1024, "file": "/etc/sysctl.d/a.conf", "line": 3, "overrides": []}
    finding = find(healthy)[0]
    assert (finding["id"], finding["message"]) == (
        "boot-differs",
        "net.core.somaxconn: runs with 4096, the next boot sets 1024.",
    )
    assert finding["evidence"] == {"running": 4096, "boot": 1024, "file": "/etc/sysctl.d/a.conf", "line": 3}
    healthy["limits"]["net.core.somaxconn"] = None  # not in this namespace: nothing can differ
    assert find(healthy) == []


@pytest.mark.parametrize(
    "program, message",
    [
        ("procps", "sysctl --system sets 1024 (/etc/b line 7); it reads /etc/sysctl.conf last."),
        ("tuned", "tuned sets 1024 (/etc/b line 7) each time it starts."),
    ],
)
def test_another_program_that_leaves_another_value_is_a_finding(healthy, program, message):
    boot = {"value": 4096, "file": "/etc/sysctl.d/a.conf", "line": 3}
    left = {"value": 1024, "file": "/etc/b", "line": 7}
    healthy["boot"]["net.core.somaxconn"] = dict(boot, overrides=[], **{program: left})
    (finding,) = find(healthy)
    assert (finding["id"], finding["message"]) == (
        "boot-differs-" + program,
        "net.core.somaxconn: the boot sets 4096 (/etc/sysctl.d/a.conf line 3), " + message,
    )
    assert finding["evidence"] == {"boot": boot, program: left} and "line 7 of /etc/b" in finding["remedy"]
    left["value"] = 4096
    assert find(healthy) == []


def test_a_value_that_the_kernel_does_not_take_is_a_finding(healthy):
    healthy["boot"] = {
        "net.ipv4.tcp_mem": {"value": "1 2", "file": "/etc/sysctl.d/a.conf", "line": 3, "overrides": []},
        "kernel.domainname": {
            "value": "text is what it holds",
            "file": "/etc/sysctl.d/a.conf",
            "line": 4,
            "overrides": [],
        },
    }
    (finding,) = find(healthy)
    assert (finding["id"], finding["message"]) == (
        "boot-not-taken",
        "net.ipv4.tcp_mem: the kernel refuses '1 2', or takes only the first numbers of it.",
    )
    assert finding["remedy"] == "Correct line 3 of /etc/sysctl.d/a.conf."


TCP_MEM, DROPIN, ORACLE = (
    "net.ipv4.tcp_mem",
    "/etc/sysctl.d/99-tcp-memory.conf",
    "/etc/sysctl.d/99-oracle-database-preinstall-19c-sysctl.conf",
)


@pytest.mark.parametrize(
    "active, evidence, files, severity, words",
    [
        (True, "/usr/lib/systemd/system/bpftune.service", [DROPIN], "warning", "and may undo what %s sets" % DROPIN),
        (True, ORACLE, [ORACLE, DROPIN], "warning", "and may undo what %s sets" % DROPIN),
        (True, ORACLE, [DROPIN, ORACLE], "info", "but loses to %s at the next boot" % DROPIN),
        (True, ORACLE, [ORACLE, "/usr/lib/sysctl.d/50-vendor.conf"], None, None),
        (True, ORACLE, [ORACLE], None, None),
        (False, "/usr/lib/systemd/system/bpftune.service", [DROPIN], None, None),
        (None, "/etc/cloud/cloud.cfg", [DROPIN], None, None),
    ],
)
def test_an_active_manager_of_a_key_that_an_administrator_sets_too(healthy, active, evidence, files, severity, words):
    same = [{"value": healthy["limits"][TCP_MEM], "file": file, "line": 1} for file in files]
    healthy["boot"][TCP_MEM] = dict(same[0], overrides=same[1:])
    healthy["managers"] = [
        {"name": "x", "active": active, "keys": [TCP_MEM, "net.core.rmem_max"], "evidence": evidence}
    ]
    assert ids(healthy) == ([("co-manager", severity)] if severity else [])
    if severity:
        finding = find(healthy)[0]
        assert finding["message"] == "x sets net.ipv4.tcp_mem too, %s." % words and evidence in finding["remedy"]
        assert finding["evidence"] == {
            "manager": "x",
            "evidence": evidence,
            "keys": {TCP_MEM: DROPIN},
            "loses": severity == "info",
        }
        healthy["boot"][TCP_MEM]["x"] = dict(same[0])  # what it leaves of the key is among the facts
        assert ids(healthy) == []


def test_findings_need_no_more_than_what_was_gathered(healthy):
    assert find({"page_size": 4096, "memory_total": None}) == []
    assert ids(
        {"page_size": None, "memory_total": None, "tcp": dict(healthy["tcp"], state="critical", percent_of_high=None)}
    ) == [("tcp-critical", "error")]


def test_every_check_has_an_id_of_its_own():
    ids = [check.identifier for check in CHECKS]
    assert sorted(ids) == sorted(set(ids))


def test_a_message_is_no_longer_than_the_shape_of_the_facts_takes():
    """A path of a control group alone may be as long as that."""
    long = finding("x", "error", None, "p" * 5000, {}, "r" * 4096)
    assert (len(long["message"]), len(long["remedy"])) == (4096, 4096)
    assert finding("x", "error", None, "p" * 4093, {}, "")["message"] == "p" * 4093
