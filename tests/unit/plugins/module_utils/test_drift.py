# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Differences between settings and a host, now and after the next boot."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.drift import drift, prove
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError

MEM, MAX, TW = "net.ipv4.tcp_mem", "net.core.rmem_max", "net.ipv4.tcp_tw_reuse"
DROPIN, LATER = "/etc/sysctl.d/99-a.conf", "/etc/sysctl.d/99-b.conf"


def boot(value, file=DROPIN, line=1, overrides=()):
    return {"value": value, "file": file, "line": line, "overrides": list(overrides)}


@pytest.fixture
def facts():
    """A host that holds two keys, and a third that this namespace does not have."""
    return {"limits": {MEM: [1, 2, 3], MAX: 4096, TW: None}, "boot": {MEM: boot([1, 2, 3]), MAX: boot(4096, line=2), TW: boot(1, line=3)}}


SETTINGS = {MEM: [1, 2, 3], MAX: "4096", TW: 1}


def test_nothing_differs_where_all_is_well_or_cannot_be(facts):
    assert drift(SETTINGS, facts) == []


@pytest.mark.parametrize("running, at_boot, reason", [
    ([1, 2, 4], boot([1, 2, 3]), "wanted 1 2 3, runs with 1 2 4"),
    ([1, 2, 3], None, "wanted 1 2 3, no file sets it for the next boot"),
    ([1, 2, 3], boot([1, 2, 4], LATER, 7), "wanted 1 2 3, %s line 7 sets 1 2 4 at the next boot" % LATER),
    ([1, 2, 4], boot("text", LATER, 7), "wanted 1 2 3, runs with 1 2 4 and %s line 7 sets text at the next boot" % LATER),
])
def test_each_kind_of_difference_is_named(facts, running, at_boot, reason):
    facts["limits"][MEM], facts["boot"][MEM] = running, at_boot
    found = drift({MEM: [1, 2, 3]}, facts)
    assert found == [{"key": MEM, "wanted": [1, 2, 3], "running": running, "boot": at_boot and at_boot["value"], "file": at_boot and at_boot["file"],
                      "line": at_boot and at_boot["line"], "reason": MEM + ": " + reason}]


def test_settings_that_cannot_be_meant_are_refused(facts):
    with pytest.raises(SocketMemoryError, match=MEM):
        drift({MEM: "1 2"}, facts)


def test_proof_from_the_file_alone(facts):
    result = prove(facts, DROPIN)
    assert result["passes"] and result["drift"] == [] and result["unavailable"] == [TW]
    assert result["message"] == "2 of 3 settings hold now and after the next boot; not available here, only in the file: %s." % TW


def test_a_file_that_loses_is_proved_against_all_the_same(facts):
    facts["boot"][MAX] = boot(8192, LATER, 5, [{"value": 4096, "file": DROPIN, "line": 2}])
    result = prove(facts, DROPIN)
    assert not result["passes"] and [one["key"] for one in result["drift"]] == [MAX]
    assert "1 of 3 settings hold" in result["message"] and LATER + " line 5 sets 8192" in result["message"]


def test_exceptions_are_not_judged_and_said(facts):
    facts["limits"][MAX] = 1
    result = prove(facts, DROPIN, exceptions=[MAX])
    assert result["passes"] and "not judged: " + MAX in result["message"]
    assert not prove(facts, DROPIN)["passes"]


def test_a_missing_file_holds_nothing(facts):
    result = prove(facts, "/etc/sysctl.d/98-none.conf")
    assert not result["passes"] and result["message"].startswith("/etc/sysctl.d/98-none.conf sets no managed key.")
    assert prove(facts, "/etc/sysctl.d/98-none.conf", {MEM: [1, 2, 3]})["passes"]


def test_a_file_that_says_what_the_kernel_would_misread_is_a_difference_of_the_host(facts):
    facts["boot"][MAX] = boot("60s")
    proof = prove(facts, DROPIN)
    assert proof["passes"] is False
    assert "net.core.rmem_max: found '60s'" in proof["message"]
