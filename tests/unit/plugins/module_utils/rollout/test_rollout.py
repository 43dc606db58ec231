# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as worse, what does not, and what becomes of a batch."""

import copy

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.rollout.rollout import (
    judge_batch,
    regressions,
    sum_up,
    would_relieve,
)
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import sizes

LOW, PRESSURE, HIGH = 188886, 251851, 377772  # of the fixture el8_x86_64


@pytest.fixture
def before(host):
    return host.facts()


def later(before, counters=None, udp="normal", **tcp):
    """Return facts that differ from *before* in the state of TCP or UDP, or by what is added to counters."""
    after = copy.deepcopy(before)
    after["tcp"].update(tcp)
    after["udp"]["state"] = udp
    for name, number in (counters or {}).items():
        after["counters"][name] += number
    return after


def ids(before, after):
    return [one["id"] for one in regressions(before, after)]


@pytest.mark.parametrize(
    "old, new, worse",
    [
        ("normal", "normal", False),
        ("normal", "soft", False),
        ("normal", "imminent", True),
        ("soft", "recovering", True),
        ("soft", "pressure", True),
        ("normal", "critical", True),
        ("imminent", "pressure", False),
        ("recovering", "pressure", False),
        ("pressure", "recovering", False),
        ("pressure", "critical", False),
        ("critical", "critical", False),
        ("critical", "normal", False),
        ("normal", "stale", False),
        ("pressure", "stale", False),
        ("stale", "pressure", True),
    ],
)
def test_a_state_is_worse_that_harms_more(before, old, new, worse):
    assert ids(later(before, state=old), later(before, state=new)) == (["tcp-state"] if worse else [])


def test_more_of_the_same_trouble_is_worse_only_below_lowered_thresholds(before):
    first = later(before, state="pressure", kernel_flag=True)
    assert ids(first, later(first, state="critical", thresholds=sizes(LOW, PRESSURE, HIGH - 1))) == ["tcp-state"]
    assert ids(first, later(first, state="critical", thresholds=sizes(LOW, PRESSURE, HIGH + 1))) == []


@pytest.mark.parametrize(
    "old, new, worse",
    [
        ((None, False), (None, True), True),
        ((None, None), ("pressure", True), False),
        (("normal", False), (None, None), False),
        ((None, True), (None, True), False),
    ],
)
def test_without_a_state_the_flag_tells_and_without_both_nothing_can(before, old, new, worse):
    first, second = (later(before, state=state, kernel_flag=flag) for state, flag in (old, new))
    assert ids(first, second) == (["tcp-state"] if worse else [])


def test_the_message_says_from_what_to_what(before):
    after = later(before, state="critical", kernel_flag=True, used={"pages": 400000, "bytes": 1638400000})
    assert regressions(before, after) == [
        {
            "id": "tcp-state",
            "severity": "error",
            "subject": None,
            "evidence": {"before": "normal", "after": "critical"},
            "remedy": "The batch is rolled back.",
            "message": "TCP memory went from normal (4.7 MiB of 1.4 GiB, kernel flag no) to critical (1.5 GiB of 1.4 "
            "GiB, kernel flag yes)",
        }
    ]


def test_udp_at_its_limit_is_worse(before):
    after = later(before, udp="critical")
    assert ids(before, after) == ["udp-state"]
    assert ids(after, after) == []
    assert ids(later(before, udp=None), after) == []


UDP_LIMIT = 377775  # udp_mem[0] of the fixture
TCP_NAMES = ["TCPMemoryPressures", "TCPAbortOnMemory", "PFMemallocDrop"]
UDP_NAMES = ["UdpMemErrors", "Udp6MemErrors"]
DROPS = ["PruneCalled", "RcvPruned", "OfoPruned", "TCPRcvQDrop", "TCPOFODrop"]


def near(facts, tcp=LOW, udp=0, orphans=0, orphan_limit=65536):
    """Return *facts* with so many pages in use."""
    facts = copy.deepcopy(facts)
    facts["tcp"]["used"] = {"pages": tcp, "bytes": None if tcp is None else 4096 * tcp}
    facts["udp"]["used"] = {"pages": udp, "bytes": None if udp is None else 4096 * udp}
    facts["tcp"]["orphans"] = {"count": orphans, "limit": orphan_limit}
    return facts


@pytest.mark.parametrize("name", TCP_NAMES)
@pytest.mark.parametrize("used, worse", [(LOW, True), (LOW - 1, False), (None, False), (HIGH, True)])
def test_a_counter_of_tcp_counts_beside_a_pool_that_is_near_its_limit(before, name, used, worse):
    before["counters"][name] = 1000
    after = near(later(before, {name: 1}), tcp=used, udp=UDP_LIMIT)
    assert ids(before, after) == (["counter-" + name] if worse else [])
    assert not worse or regressions(before, after)[0]["message"] == name + " went from 1000 to 1001"


@pytest.mark.parametrize("name", UDP_NAMES)
@pytest.mark.parametrize("used, worse", [(283332, True), (283331, False), (None, False)])
def test_a_counter_of_udp_counts_from_three_quarters_of_its_limit_on(before, name, used, worse):
    after = near(later(before, {name: 1}), tcp=HIGH, udp=used)
    assert ids(before, after) == (["counter-" + name] if worse else [])


@pytest.mark.parametrize(
    "name, orphans, worse",
    [
        ("TCPAbortOnMemory", 16384, True),
        ("TCPAbortOnMemory", 16383, False),
        ("TCPAbortOnMemory", None, False),
        ("TCPMemoryPressures", 65536, False),
    ],
)
def test_an_orphan_that_was_reset_counts_beside_many_orphans(before, name, orphans, worse):
    assert ids(before, near(later(before, {name: 1}), tcp=0, orphans=orphans)) == (["counter-" + name] * worse)


def test_a_container_at_its_own_limit_does_not_roll_back_a_healthy_batch(before):
    """Its refused charges and a failed page allocation move everything there is, the pools of the host are nearly
    empty.
    """
    moved = dict.fromkeys(TCP_NAMES + UDP_NAMES + DROPS, 10**6)
    assert ids(before, later(before, moved)) == []
    assert not judge_batch({"a": tuned(before, later(before, moved))}, ["a"])["stop"]
    full = near(later(before, moved), tcp=LOW, udp=UDP_LIMIT)
    assert ids(before, full) == ["counter-" + name for name in TCP_NAMES + UDP_NAMES + DROPS]
    assert judge_batch({"a": tuned(before, full)}, ["a"])["roll_back"] == ["a"]


def test_a_flag_that_outlives_the_tune_that_relieved_the_host_is_no_regression(before):
    """It was raised, and before the next charge the tune lifted low above the usage."""
    assert (
        ids(before, near(later(before, {"TCPMemoryPressures": 1}, state="stale", kernel_flag=True), tcp=LOW - 1)) == []
    )


@pytest.mark.parametrize("old, more, worse", [(0, 1, True), (5, 5, False), (5, 6, True), (1000, 100, False)])
@pytest.mark.parametrize("name", DROPS)
def test_of_what_a_slow_reader_moves_too_only_more_than_ever_before_counts(before, name, old, more, worse):
    before["counters"][name] = old
    assert ids(before, near(later(before, {name: more}))) == (["counter-" + name] if worse else [])
    assert ids(before, later(before, {name: more})) == []


def test_the_end_of_pressure_and_other_counters_are_no_harm(before):
    assert ids(before, near(later(before, {"TCPMemoryPressuresChrono": 5000, "ListenDrops": 50}))) == []


def test_counters_that_are_null_or_were_reset_are_not_compared(before):
    assert (
        ids(
            dict(before, counters=dict(before["counters"], TCPMemoryPressures=None)),
            near(later(before, {"TCPMemoryPressures": 1})),
        )
        == []
    )
    before["counters"]["PruneCalled"] = 7
    assert ids(before, near(later(before, {"PruneCalled": -7, "TCPMemoryPressures": 3}))) == []


def test_a_host_in_trouble_is_not_blamed_for_its_counters(before):
    first = later(before, state="pressure", kernel_flag=True)
    assert ids(first, near(later(first, {"TCPMemoryPressures": 1, "TCPRcvQDrop": 99}))) == []
    assert ids(first, near(later(before, {"TCPMemoryPressures": 1}))) == []  # relieved


@pytest.mark.parametrize(
    "state, used, new, worth",
    [
        ("normal", 100, (1, 2, 3), True),
        ("pressure", 260000, (LOW * 2, PRESSURE * 2, HIGH * 2), True),
        ("pressure", 260000, (250000, 300000, 400000), True),
        ("pressure", 260000, (LOW, PRESSURE, HIGH * 2), False),
        ("pressure", 260000, (LOW, PRESSURE, HIGH), False),
        ("recovering", 200000, (LOW + 1, PRESSURE + 1, HIGH + 1), False),
        ("stale", 100, (LOW + 1, PRESSURE + 1, HIGH + 1), True),
        ("stale", 100, (LOW, PRESSURE, HIGH), True),  # the thresholds are not what holds it back
        ("critical", 400000, (300000, 390000, 410000), True),
        ("critical", 400000, (200000, 260000, 390000), False),
        ("pressure", None, (1, 2, 3), True),
    ],
)
def test_under_pressure_only_what_relieves_is_worth_a_try(before, state, used, new, worth):
    facts = later(before, state=state, kernel_flag=True, used={"pages": used, "bytes": None})
    settings = {"net.ipv4.tcp_mem": list(new)}
    assert would_relieve(facts, settings) is would_relieve(dict(facts, recommended={"settings": settings})) is worth


def test_what_processors_keep_uncounted_relieves_nothing(before):
    facts = later(before, state="recovering", kernel_flag=True, used={"pages": 200000, "bytes": None})
    facts["tcp"]["error_bound"]["pages"] = 512
    assert not would_relieve(facts, {"net.ipv4.tcp_mem": [199800, 266400, 399600]})
    assert would_relieve(facts, {"net.ipv4.tcp_mem": [200001, 266400, 399600]})
    assert would_relieve(facts, {}) and would_relieve(dict(facts, recommended=None))


def tuned(before, after=None, changed=True, **more):
    """Return what the role leaves of a host that was tuned."""
    facts = {"ansible_facts": {"socket_memory": before}}
    return dict(
        {
            "before": facts,
            "result": {"changed": changed},
            "after": {"ansible_facts": {"socket_memory": after or before}},
            "batch": None,
        },
        **more,
    )


UNREACHABLE = {"unreachable": True, "msg": "timed out"}


def test_one_host_that_is_worse_off_stops_its_batch(before):
    bad = later(before, state="pressure")
    verdict = judge_batch(
        {"a": tuned(before), "b": tuned(before, bad), "c": tuned(before, changed=False)}, ["a", "b", "c"]
    )
    assert (verdict["stop"], list(verdict["regressions"]), verdict["roll_back"]) == (True, ["b"], ["a", "b"])
    assert verdict["message"].startswith("b is worse off than before: TCP memory went from normal ")
    assert judge_batch({"a": tuned(before)}, ["a"]) == {
        "stop": False,
        "message": "",
        "regressions": {},
        "changed": ["a"],
        "roll_back": ["a"],
    }


@pytest.mark.parametrize(
    "left, stop",
    [
        (dict(changed=False), False),  # whatever happened to it, this run did not do it
        (dict(result=UNREACHABLE), True),
        (dict(after=UNREACHABLE), True),
        (dict(after=UNREACHABLE, result={"changed": False}), True),
        (dict(result={"failed": True}, after=None), False),
        (dict(before=UNREACHABLE, result=None, after=None), False),
        (dict(before=None, result=None, after=None), False),
    ],
)
def test_only_what_this_run_changed_can_be_its_fault_and_a_lost_host_is(before, left, stop):
    record = dict(
        tuned(before, later(before, state="pressure"), changed=left.get("changed", True)),
        **{name: left[name] for name in left if name != "changed"},
    )
    assert judge_batch({"a": record}, [])["stop"] is stop


def test_a_host_whose_facts_cannot_be_used_is_lost_and_the_others_are_judged(before):
    """The filter gives None for facts that are none."""
    unusable = {"ansible_facts": {"socket_memory": None}}
    bad = later(before, state="pressure")
    verdict = judge_batch(
        {"a": dict(tuned(before), after=unusable), "b": tuned(before, bad), "c": dict(tuned(before), before=None)},
        ["a", "b", "c"],
    )
    assert (list(verdict["regressions"]), verdict["roll_back"]) == (["a", "b", "c"], ["a", "b", "c"])
    assert verdict["message"].startswith("a is worse off than before: it cannot be read any more; b is worse")
    assert verdict["message"].endswith("c is worse off than before: it was not read before it was changed")


def test_a_host_that_only_lost_its_connection_is_rolled_back_over_another(before):
    assert judge_batch({"a": dict(tuned(before), after=UNREACHABLE)}, [])["roll_back"] == []
    assert judge_batch({"a": dict(tuned(before), after=UNREACHABLE)}, ["a"])["roll_back"] == ["a"]
    # A reading that failed says as little as none; a host that was not changed is not rolled back for it.
    lost = judge_batch({"a": dict(tuned(before, changed=False), after={"failed": True, "msg": "killed"})}, ["a"])
    assert (lost["stop"], list(lost["regressions"]), lost["roll_back"]) == (True, ["a"], [])


def test_many_harmed_hosts_are_counted_and_not_all_named(before):
    bad = later(before, state="pressure")
    names = ["host%02d" % number for number in range(30)]
    verdict = judge_batch({name: tuned(before, bad) for name in names}, names)
    assert sorted(verdict["regressions"]) == names
    assert verdict["message"].endswith(" and 20 more")
    assert "host09" in verdict["message"] and "host10" not in verdict["message"]


def test_the_summary_tells_what_became_of_each(before):
    stop = {
        "stop": True,
        "message": "d is worse off than before: it is",
        "changed": ["d", "e"],
        "roll_back": ["d", "e"],
        "regressions": {"d": []},
    }
    go_on = {"stop": False, "message": "", "changed": ["a", "c"], "roll_back": ["a", "c"], "regressions": {}}
    hosts = {
        "a": tuned(before, batch=go_on),
        "b": tuned(before, changed=False, batch=go_on),
        "c": tuned(before, batch=go_on),  # tuned, and failed at the gate
        "d": tuned(before, batch=stop),
        "e": tuned(before, result={"changed": False, "failed": True}, batch=stop),
        "f": {"before": None, "result": None, "after": None, "batch": None},
    }
    summary = sum_up(hosts, ["a", "b", "f"])
    assert summary == {
        "tuned": ["a"],
        "unchanged": ["b"],
        "failed": ["c", "e"],
        "rolled_back": ["d"],
        "not_reached": ["f"],
        "stopped": True,
        "message": (
            "The roll-out stopped: d is worse off than before: it is. 6 hosts: 1 tuned, 1 unchanged, 2 failed, 1 "
            "rolled back, 1 not reached. Failed: c, e. Rolled back: d. Not reached: f. Could not be rolled back: e. "
            "When they answer, run the playbook linux_net.socket_memory.rollback for them with "
            "tune_tcp_rollback_to=previous."
        ),
    }


def test_the_summary_of_a_quiet_roll_out_is_one_sentence(before):
    assert sum_up({"a": tuned(before)}, ["a"])["message"] == "1 host: 1 tuned."
    assert "1 to be tuned." in sum_up({"a": tuned(before)}, ["a"], True)["message"]


def test_the_summary_names_who_was_left_alone(before):
    left = tuned(before, result={"changed": False, "skipped": True})
    assert sum_up({"a": left}, [])["message"].endswith(
        "Failed: a. Left as it was, because the recommended thresholds would not relieve its pressure: a."
    )
