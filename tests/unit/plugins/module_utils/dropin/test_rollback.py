# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways back: to before the first run, to before the last one, and not over what somebody else did."""

import json

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.reading import BOOT_ID
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import format_value, key_path
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import DROPIN, SAVED, kill_at, refuse

RMEM, MAX, FIN = "net.ipv4.tcp_rmem", "net.core.rmem_max", "net.ipv4.tcp_fin_timeout"
FIRST = "%s = 4096 131072 16777216\n%s = 30\n" % (RMEM, FIN)
SECOND = "%s = 4096 131072 33554432\n%s = 33554432\n" % (RMEM, MAX)  # FIN leaves, MAX comes
THIRD = "%s = 20\n" % FIN
FOREIGN = "# foreign\n%s = 45\n" % FIN
KEYS = (RMEM, MAX, FIN)


def state(host):
    """Return the text of the drop-in and the running values."""
    text = host.read(DROPIN)
    return text and text.decode("utf-8"), [host.running(key) for key in KEYS]


def saved(host):
    return json.loads(host.read(SAVED).decode("utf-8"))


def somebody_sets(host, key, value):
    host.write(key_path(key), format_value(value) + "\n")


def boot(host, texts):
    """Boot the host: *texts* are the files that set values then, over the kernel's defaults. The default of RMEM is
    another one now.
    """
    values = {RMEM: "4096 87381 6291457", MAX: "212992", FIN: "60"}
    for text in texts:
        values.update(line.split(" = ") for line in text.splitlines() if line[0] != "#")
    for key, value in values.items():
        somebody_sets(host, key, value)
    host.write(BOOT_ID, "boot %s\n" % (host.read(BOOT_ID) or b"0").decode("ascii"))


def refusal(host, state, **params):
    """Expect that the way back is refused and touches nothing, with and without check mode. Returns the error."""
    before = host.snapshot()
    for check_mode in (True, False):
        with pytest.raises(SocketMemoryError) as caught:
            host.run(state=state, check_mode=check_mode, **params)
        assert host.snapshot() == before
    return caught.value


# One step back


@pytest.mark.parametrize("foreign", [None, FOREIGN])
def test_previous_takes_back_one_run_and_absent_all(host, foreign):
    host.write(DROPIN, foreign)
    original = state(host)
    host.run(FIRST)
    first, first_saved = state(host), saved(host)
    host.run(SECOND)
    foretold = host.run(state="previous", check_mode=True)
    result = host.run(state="previous")
    assert result["changed"] and dict(result, settings=None, saved_state=None) == dict(foretold, settings=None)
    assert (
        foretold["settings"] == [dict(one, status="planned") for one in result["settings"]]
        and result["saved_state"] == SAVED
    )
    assert {one["key"]: one["status"] for one in result["settings"]} == {
        RMEM: "restored",
        MAX: "restored",
        FIN: "restored",
    }
    assert state(host) == first
    assert saved(host) == dict(first_saved, previous=None)
    again = host.run(state="previous")
    assert not again["changed"] and not again["warnings"] and again["settings"] == [] and state(host) == first
    host.run()
    assert state(host) == original


@pytest.mark.parametrize("foreign", [None, FOREIGN])
def test_previous_of_the_first_run_is_before_it(host, foreign):
    host.write(DROPIN, foreign)
    before = host.snapshot()
    host.run(FIRST)
    assert not host.run(FIRST)["changed"], "a run that changes nothing is not the last run"
    assert host.run(state="previous")["changed"]
    assert host.snapshot() == before
    for state_again in ("previous", "absent"):
        assert not host.run(state=state_again)["changed"]


def test_previous_brings_back_what_somebody_had_changed_before_the_run(host):
    host.run(FIRST)
    host.write(DROPIN, FOREIGN)
    somebody_sets(host, FIN, 99)
    before = state(host)
    host.run(SECOND + "%s = 25\n" % FIN)
    host.run(state="previous")
    assert state(host) == before
    error = str(refusal(host, "absent"))  # it is still somebody else's
    assert FIN + " runs with 99" in error and DROPIN + " was edited" in error


def test_previous_is_the_last_run_only(host):
    for content in (FIRST, SECOND, THIRD):
        host.run(content)
    host.run(state="previous")
    assert state(host)[0] == SECOND
    host.run(THIRD)
    host.run(state="previous")
    assert state(host)[0] == SECOND


def test_a_run_after_the_way_back_begins_anew(host):
    host.run(FIRST)
    host.run(state="previous")
    somebody_sets(host, FIN, 50)
    host.run(FIRST)
    host.run()
    assert host.running(FIN) == 50


def test_a_key_that_leaves_and_comes_again(host):
    host.run(FIRST)
    host.run(SECOND)
    host.run(FIRST)
    host.run(state="previous")
    assert state(host) == (SECOND, [[4096, 131072, 33554432], 33554432, 60])
    host.run()
    assert state(host)[0] is None and host.running(MAX) == 212992 and host.running(FIN) == 60


@pytest.mark.parametrize("way", ["absent", "previous"])
def test_without_runtime_the_values_can_be_brought_back_later(host, way):
    before = state(host)
    host.run(FIRST)
    assert host.run(state=way, runtime=False)["changed"]
    assert state(host)[0] is None and host.running(FIN) == 30
    assert not host.run(state=way, runtime=False)["changed"]
    assert host.run(state=way)["changed"]
    assert state(host) == before


# Not over what somebody else did


@pytest.mark.parametrize("way", ["absent", "previous"])
def test_a_value_that_somebody_set_since_is_refused_unless_forced(host, way):
    before = state(host)
    host.run(FIRST)
    somebody_sets(host, FIN, 99)
    error = refusal(host, way)
    text = "runs with 99, set here was 30, before that it was 60"
    assert "Rolling back %s is refused, nothing was changed. Somebody else changed since: %s %s." % (
        DROPIN,
        FIN,
        text,
    ) in str(error)
    assert "force: true" in str(error)
    told = {one["key"]: (one["status"], one["reason"], one["runtime_after"]) for one in error.results["settings"]}
    assert told == {
        FIN: ("failed", "changed by somebody else since: " + text, 99),
        RMEM: (
            "unchanged",
            "the value before the %s run" % ("first" if way == "absent" else "last"),
            [4096, 131072, 16777216],
        ),
    }
    assert host.run(state=way, force=True)["changed"]
    assert state(host) == before


@pytest.mark.parametrize("way", ["absent", "previous"])
@pytest.mark.parametrize(
    "foreign, now, told",
    [
        (None, FIRST + "# mine\n", "was edited: line 3 is '# mine', written here was nothing"),
        (None, FIRST.replace("30", "31"), "was edited: line 2 is '%s = 31', written here was '%s = 30'" % (FIN, FIN)),
        (FOREIGN, None, "was removed"),
    ],
)
def test_a_file_that_somebody_edited_since_is_refused_unless_forced(host, way, foreign, now, told):
    host.write(DROPIN, foreign)
    before = state(host)
    host.run(FIRST)
    host.write(DROPIN, now)
    assert "%s %s" % (DROPIN, told) in str(refusal(host, way))
    host.run(state=way, force=True)
    assert state(host) == before


@pytest.mark.parametrize("way", ["absent", "previous"])
@pytest.mark.parametrize("foreign", [None, FOREIGN])
def test_what_somebody_put_back_by_hand_is_no_reason_to_refuse(host, way, foreign):
    host.write(DROPIN, foreign)
    before = state(host)
    host.run(FIRST)
    somebody_sets(host, FIN, 60)
    host.write(DROPIN, foreign)
    host.run(state=way)
    assert state(host) == before
    assert not host.run(state=way)["changed"]


def test_without_runtime_only_the_file_is_looked_at(host):
    host.run(FIRST)
    somebody_sets(host, FIN, 99)
    assert host.run(runtime=False)["changed"]
    assert "runs with 99" in str(refusal(host, "absent"))


def test_a_value_that_cannot_be_put_back_is_told(host, kernel):
    host.run(FIRST)
    kernel.read_only, kernel.geteuid = [FIN], lambda: 0
    assert FIN + ": not put back to 60: read-only here" in host.run()["warnings"]
    assert host.running(FIN) == 30 and host.running(RMEM) == [4096, 87380, 6291456]


# After a boot


@pytest.mark.parametrize("way", ["absent", "previous"])
def test_after_a_boot_what_the_file_set_is_still_ours(host, way):
    before = state(host)
    host.run(FIRST)
    boot(host, [FIRST])
    host.run(state=way)
    assert state(host) == before


def test_a_file_of_somebody_else_that_won_at_boot_is_named(host):
    host.run(FIRST)
    host.write("/etc/sysctl.d/zz.conf", "%s = 99\n" % FIN)
    boot(host, [FIRST, "%s = 99\n" % FIN])
    assert FIN + " runs with 99 (/etc/sysctl.d/zz.conf line 1 sets it at boot), set here was 30" in str(
        refusal(host, "absent")
    )
    host.run(force=True)
    assert host.running(FIN) == 60 and host.read("/etc/sysctl.d/zz.conf")


@pytest.mark.parametrize("content, way", [(FIRST, "absent"), (FIRST, "previous"), (None, "absent")])
@pytest.mark.parametrize("step", range(5))
def test_a_boot_in_the_middle_of_a_run_is_no_reason_to_refuse(host, content, way, step):
    """Whatever the kernel's own defaults are this time."""
    host.write(BOOT_ID, "boot 1\n")
    if content is None:
        host.run(FIRST)
    broken_off(host, step, content)
    text = state(host)[0]
    boot(host, [text] if text else [])
    default = host.running(RMEM)
    host.run(state=way)
    assert host.read(DROPIN) is None and host.read(SAVED) is None and host.running(FIN) == 60
    assert host.running(RMEM) == ([4096, 87380, 6291456] if text else default)


# Runs that did not end


def broken_off(host, step, content=None, **params):
    """Run to the given step and no further; return whether it was reached."""
    return kill_at(step, lambda: host.run(content, **params))


@pytest.mark.parametrize("step", range(1, 6))
def test_a_run_that_continues_a_broken_one_keeps_what_was_before_that(host, step):
    host.run(FIRST)
    before = state(host)
    assert broken_off(host, step, SECOND)
    host.run(SECOND)
    assert state(host)[0] == SECOND
    host.run(state="previous")
    assert state(host) == before


@pytest.mark.parametrize("step", range(1, 5))
def test_a_run_that_continues_a_broken_one_and_fails_goes_back_to_before_that(host, kernel, step):
    host.run(FIRST)
    before = state(host)
    assert broken_off(host, step, SECOND)
    kernel.answers = {FIN: (refuse,)}
    with pytest.raises(SocketMemoryError, match="as before the run that did not end"):
        host.run(SECOND)
    assert state(host) == before


def test_what_somebody_else_changed_after_a_run_was_broken_off_is_taken_as_it_is(host):
    host.run(FIRST)
    assert broken_off(host, 1, SECOND)  # only the record is there
    host.write(DROPIN, FOREIGN)
    somebody_sets(host, MAX, 77777)
    host.run(SECOND)
    host.run(state="previous")
    assert state(host) == (FOREIGN, [[4096, 131072, 16777216], 77777, 30])


def test_another_content_after_a_broken_run_counts_as_the_last_set(host):
    host.run(THIRD)
    assert broken_off(host, 3, FIRST)
    host.run(THIRD)
    assert saved(host)["written"] == {"file": THIRD, "runtime": {FIN: 20}}
    somebody_sets(host, FIN, 30)
    assert "runs with 30, set here was 20" in str(refusal(host, "absent"))


def test_of_a_broken_way_back_to_the_original_only_the_rest_can_be_gone(host):
    before = state(host)
    host.run(FIRST)
    assert broken_off(host, 2, state="absent")
    assert "found no saved state from before the last run" in str(refusal(host, "previous"))
    host.run()
    assert state(host) == before
