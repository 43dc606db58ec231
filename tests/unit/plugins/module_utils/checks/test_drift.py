# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Differences between settings and a host, now and after the next boot."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.drift import drift, prove
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError

MEM, MAX, TW = "net.ipv4.tcp_mem", "net.core.rmem_max", "net.ipv4.tcp_tw_reuse"
DROPIN, LATER = "/etc/sysctl.d/99-a.conf", "/etc/sysctl.d/99-b.conf"


def boot(value, file=DROPIN, line=1, overrides=()):
    return {"value": value, "file": file, "line": line, "overrides": list(overrides)}


@pytest.fixture
def facts():
    """A host that holds two keys, and a third that this namespace does not have."""
    return {
        "limits": {MEM: [1, 2, 3], MAX: 4096, TW: None},
        "boot": {MEM: boot([1, 2, 3]), MAX: boot(4096, line=2), TW: boot(1, line=3)},
    }


def about(proof, identifier):
    """Return the findings of a proof with this id."""
    return [one for one in proof["findings"] if one["id"] == identifier]


SETTINGS = {MEM: [1, 2, 3], MAX: "4096", TW: 1}


def test_nothing_differs_where_all_is_well_or_cannot_be(facts):
    assert drift(SETTINGS, facts) == []


@pytest.mark.parametrize(
    "running, at_boot, reason",
    [
        ([1, 2, 4], boot([1, 2, 3]), "wanted 1 2 3, runs with 1 2 4"),
        ([1, 2, 3], None, "wanted 1 2 3, no file sets it for the next boot"),
        ([1, 2, 3], boot([1, 2, 4], LATER, 7), "wanted 1 2 3, %s line 7 sets 1 2 4 at the next boot" % LATER),
        (
            [1, 2, 4],
            boot("text", LATER, 7),
            "wanted 1 2 3, runs with 1 2 4 and %s line 7 sets text at the next boot" % LATER,
        ),
    ],
)
def test_each_kind_of_difference_is_named(facts, running, at_boot, reason):
    facts["limits"][MEM], facts["boot"][MEM] = running, at_boot
    found = drift({MEM: [1, 2, 3]}, facts)
    assert [(one["id"], one["severity"], one["subject"], one["message"]) for one in found] == [
        ("drift", "error", MEM, "%s: %s." % (MEM, reason))
    ]
    assert found[0]["evidence"] == {
        "wanted": [1, 2, 3],
        "running": running,
        "boot": at_boot and at_boot["value"],
        "file": at_boot and at_boot["file"],
        "line": at_boot and at_boot["line"],
        "unreadable": None,
    }


def test_settings_that_cannot_be_meant_are_refused(facts):
    with pytest.raises(SocketMemoryError, match=MEM):
        drift({MEM: "1 2"}, facts)


def test_proof_from_the_file_alone(facts):
    result = prove(facts, DROPIN)
    assert result["passes"] and [(one["id"], one["subject"]) for one in result["findings"]] == [("not-available", TW)]
    assert (
        result["message"]
        == "2 of 3 settings hold now and after the next boot; not available here, only in the file: %s." % TW
    )


def test_a_file_that_loses_is_proved_against_all_the_same(facts):
    facts["boot"][MAX] = boot(8192, LATER, 5, [{"value": 4096, "file": DROPIN, "line": 2}])
    result = prove(facts, DROPIN)
    assert not result["passes"] and [one["subject"] for one in about(result, "drift")] == [MAX]
    assert (
        result["message"].startswith("1 of 3 settings hold")
        and LATER + " line 5 sets 8192" in about(result, "drift")[0]["message"]
    )


@pytest.mark.parametrize(
    "exceptions, not_judged, said",
    [
        ([MAX], {MAX: ""}, "; not judged: %s." % MAX),
        ({MAX: "owned by bpftune"}, {MAX: "owned by bpftune"}, "; not judged: %s (owned by bpftune)." % MAX),
        ([MAX, TW], {MAX: ""}, "; not available here, only in the file: %s; not judged: %s." % (TW, MAX)),
    ],
)
def test_exceptions_are_not_judged_and_said(facts, exceptions, not_judged, said):
    facts["limits"][MAX] = 1
    result = prove(facts, DROPIN, exceptions=exceptions)
    assert result["passes"] and result["table"] == []
    assert {one["subject"]: one["evidence"]["reason"] for one in about(result, "not-judged")} == not_judged
    assert result["message"].endswith(said)
    assert not prove(facts, DROPIN)["passes"]


class OnceOnly(dict):
    """As ansible-core 2.19 and newer hand a dictionary over: its items can be gone through only once."""

    def items(self):
        return iter(list(super().items()))


def test_exceptions_from_a_template_keep_their_reasons(facts):
    assert about(prove(facts, DROPIN, exceptions=OnceOnly({MAX: "why"})), "not-judged")[0]["evidence"] == {
        "reason": "why"
    }


@pytest.mark.parametrize("exceptions", [MAX, {MAX: None}, [[MAX]], 5])
def test_exceptions_of_another_shape_are_refused(facts, exceptions):
    with pytest.raises(SocketMemoryError, match="exceptions: found "):
        prove(facts, DROPIN, exceptions=exceptions)


def test_a_key_that_no_facts_hold_is_refused_rather_than_called_unset(facts):
    with pytest.raises(SocketMemoryError, match="'vm.swappiness': found a key that the facts do not hold"):
        drift({"vm.swappiness": 10}, facts)


def test_the_table_shows_three_values_and_why_each_differs(facts):
    facts["limits"].update({MEM: [1, 2, 4], MAX: 8192})
    facts["boot"].update({MEM: boot([1, 2, 3]), MAX: boot(8192, LATER, 5), TW: None})
    del facts["boot"][TW]
    proof = prove(facts, DROPIN, {MEM: [1, 2, 3], MAX: 4096, TW: 1, "net.core.somaxconn": "1k"})
    assert proof["table"] == [
        "KEY                    WANTED  RUNNING NOW  AFTER REBOOT  WHY",
        "net.ipv4.tcp_mem       1 2 3   1 2 4        1 2 3         changed since it was set, or never set",
        "net.core.rmem_max      4096    8192         8192          /etc/sysctl.d/99-b.conf line 5 wins",
        "net.ipv4.tcp_tw_reuse  1       -            -             no file sets it",
        "net.core.somaxconn     1k      -            -             found '1k', expected decimal numbers without sign, "
        "unit or leading zero. Write each number out in sockets.",
    ]
    assert [set(one["evidence"]) for one in about(proof, "drift")] == [
        {"wanted", "running", "boot", "file", "line", "unreadable"}
    ] * 4
    assert proof["message"] == (
        "0 of 4 settings hold now and after the next boot; not available here, only in the file: %s, "
        "net.core.somaxconn. Run the role tune_tcp, or correct the file that is named." % TW
    )


def test_both_reasons_of_one_key_are_told(facts):
    facts["limits"][MEM], facts["boot"][MEM] = [1, 2, 4], boot([5, 6, 7], LATER, 9)
    assert prove(facts, DROPIN, {MEM: [1, 2, 3]})["table"][1].endswith(
        LATER + " line 9 wins, changed since it was set, or never set"
    )


def other(value):
    return {"value": value, "file": "/etc/sysctl.conf", "line": 4}


@pytest.mark.parametrize("name, said", [("procps", "sysctl --system"), ("tuned", "tuned")])
def test_what_another_program_would_leave_is_a_remark_and_fails_only_if_strict(facts, name, said):
    facts["boot"][MEM][name] = other([7, 8, 9])
    proof = prove(facts, DROPIN)
    reason = "%s would set %s to 7 8 9, as /etc/sysctl.conf line 4 says" % (said, MEM)
    (remark,) = about(proof, "drift-by-" + name)
    assert (remark["severity"], remark["subject"], remark["message"]) == ("info", MEM, reason)
    assert remark["evidence"] == dict(other([7, 8, 9]), wanted=[1, 2, 3])
    assert proof["passes"] and proof["table"] == [] and "; but %s." % reason in proof["message"]
    assert not prove(facts, DROPIN, strict=True)["passes"]
    assert about(prove(facts, DROPIN, exceptions=[MEM]), "drift-by-" + name) == []


@pytest.mark.parametrize("value", [None, other([1, 2, 3]), other([4, 4, 4])])
def test_no_remark_where_the_other_program_leaves_what_is_wanted_or_what_the_boot_does(facts, value):
    facts["boot"][MEM].update(boot([4, 4, 4], LATER), procps=value)
    assert about(prove(facts, DROPIN, SETTINGS), "drift-by-procps") == []


def test_a_key_of_the_file_that_another_one_excludes_is_a_difference(facts):
    facts["boot"].pop(MEM)
    facts["boot_by_others"] = {MEM: {"procps": {"value": [1, 2, 3], "file": DROPIN, "line": 1}}}
    assert [one["subject"] for one in about(prove(facts, DROPIN), "drift")] == [MEM]


def test_that_not_every_file_could_be_read_is_said_and_fails_only_if_strict(facts):
    facts["boot_complete"] = False
    proof = prove(facts, DROPIN)
    assert proof["passes"] and proof["message"].endswith(
        "; but not every sysctl.d file could be read, see the warnings of the facts."
    )
    assert not prove(facts, DROPIN, strict=True)["passes"]
    assert prove(dict(facts, boot_complete=True), DROPIN, strict=True)["passes"]


def test_a_missing_file_holds_nothing(facts):
    result = prove(facts, "/etc/sysctl.d/98-none.conf")
    assert not result["passes"] and result["message"].startswith("/etc/sysctl.d/98-none.conf sets no managed key.")
    assert prove(facts, "/etc/sysctl.d/98-none.conf", {MEM: [1, 2, 3]})["passes"]


def test_a_file_that_says_what_the_kernel_would_misread_is_a_difference_of_the_host(facts):
    facts["boot"][MAX] = boot("60s")
    proof = prove(facts, DROPIN)
    assert proof["passes"] is False
    (difference,) = about(proof, "drift")
    assert difference["evidence"]["wanted"] == "60s" and "net.core.rmem_max: found '60s'" in difference["message"]


@pytest.mark.parametrize("facts", [None, {}, {"limits": {}}, {"boot": {}}])
def test_a_host_that_was_not_read_is_not_known_to_hold(facts):
    proof = prove(facts, DROPIN, {MEM: [1, 2, 3]})
    assert not proof["passes"] and "was not read" in proof["message"]


def test_a_key_that_could_not_be_read_is_not_known_to_hold(facts):
    """Other than one that this kernel does not have."""
    facts["limits"][MAX] = None
    facts["limits_unreadable"] = {MAX: "/proc/sys/net/core/rmem_max cannot be read: Input/output error"}
    proof = prove(facts, DROPIN)
    assert (
        not proof["passes"]
        and "Input/output error" in about(proof, "drift")[0]["message"]
        and "Input/output error" in proof["table"][1]
    )
    assert (
        proof["message"].endswith("Find out why the kernel's value cannot be read, and verify again.")
        and "Run the role" not in proof["message"]
    )
