# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a host and on a fleet, and the paragraph that goes with it."""

import copy

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.gate import judge, judge_fleet
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError

PAGES = {
    "normal": 100000,
    "soft": 200000,
    "imminent": 260000,
    "pressure": 260000,
    "recovering": 200000,
    "stale": 100000,
    "critical": 400000,
    None: 1200,
}


def in_state(facts, state, spans=None, **counters):
    """Return *facts* of a host in *state*, observed as *spans*, a list of (state, seconds)."""
    facts = copy.deepcopy(facts)
    used = {"pages": PAGES[state], "bytes": 4096 * PAGES[state]}
    flag = state in ("pressure", "recovering", "stale", "critical")
    facts["tcp"].update(
        state=state,
        used=used,
        kernel_flag=flag,
        percent_of_high=round(PAGES[state] / 3777.74, 2),
    )
    if spans:
        facts["window"] = {
            "seconds": sum(seconds for _state, seconds in spans),
            "samples": 21,
            "counters": dict({"TCPMemoryPressures": 0, "PruneCalled": None}, **counters),
            "tcp": {
                "states": [{"state": one, "seconds": seconds} for one, seconds in spans],
                "trend": "rising",
                "used": {"first": used, "peak": used, "last": used},
            },
            "udp": {"states": [{"state": "normal", "seconds": 1.0}]},
        }
    return facts


def found(result):
    words = {"error": "fail", "warning": "warn"}
    return result["verdict"], [
        (one["id"], words[one["severity"]]) for one in result["findings"] if one["severity"] != "info"
    ]


@pytest.fixture
def healthy(host):
    return host.facts()


def test_a_healthy_host_passes_with_one_sentence(healthy):
    assert judge(healthy) == {
        "passes": True,
        "verdict": "pass",
        "state": "normal",
        "findings": [],
        "message": "TCP memory is normal: 4.7 MiB of 1.4 GiB (0.3 % of high), kernel flag no.",
    }


@pytest.mark.parametrize(
    "state, verdict",
    [
        ("normal", "pass"),
        ("soft", "warn"),
        ("imminent", "warn"),
        ("pressure", "fail"),
        ("recovering", "fail"),
        ("stale", "warn"),
        ("critical", "fail"),
    ],
)
@pytest.mark.parametrize("observed", [False, True])
def test_each_state_held_to_the_end(healthy, state, verdict, observed):
    result = judge(in_state(healthy, state, [(state, 5.0)] if observed else None))
    assert found(result) == (verdict, [("tcp-" + state, verdict)] if verdict != "pass" else [])
    assert result["passes"] == (verdict != "fail")


def test_the_same_numbers_with_opposite_flags(healthy):
    assert judge(in_state(healthy, "soft"))["passes"] and not judge(in_state(healthy, "recovering"))["passes"]


@pytest.mark.parametrize(
    "spans, sustained, verdict, reason",
    [
        ([("normal", 2.5), ("pressure", 2.5)], 0.5, "fail", "tcp-pressure"),
        ([("normal", 2.6), ("pressure", 2.4)], 0.5, "warn", "tcp-spike"),  # began just now
        ([("normal", 5.0), ("pressure", 0.0)], 0.5, "warn", "tcp-spike"),
        ([("normal", 5.0), ("pressure", 0.0)], 0, "fail", "tcp-pressure"),
        ([("pressure", 4.5), ("normal", 0.5)], 0.5, "warn", "tcp-spike"),  # is over
        ([("pressure", 4.5), ("normal", 0.5)], 0, "fail", "tcp-spike"),
        (
            [("pressure", 1.0), ("recovering", 1.5), ("critical", 2.5)],
            1,
            "fail",
            "tcp-critical",
        ),  # one failing state after the other
        ([("pressure", 2.0), ("soft", 0.5), ("recovering", 2.5)], 1, "warn", "tcp-spike"),
        ([("pressure", 2.0), ("soft", 0.5), ("recovering", 2.5)], 0.9, "fail", "tcp-recovering"),
        ([("normal", 5.0)], 0, "pass", None),
    ],
)
def test_a_host_must_sit_in_pressure_to_fail(healthy, spans, sustained, verdict, reason):
    result = judge(in_state(healthy, spans[-1][0], spans), {"sustained": sustained})
    assert found(result) == (verdict, [(reason, verdict)] if reason else [])


FAIL, SPIKE, PARTLY = ("tcp-pressure", "fail"), ("tcp-spike", "warn"), ("tcp-partly-unknown", "warn")


@pytest.mark.parametrize(
    "spans, sustained, expected",
    [
        ([(None, 3.0), ("pressure", 2.0)], 0.5, ("fail", [FAIL, PARTLY])),  # all that could be read
        ([(None, 3.0), ("pressure", 2.0)], 1, ("fail", [FAIL, PARTLY])),
        ([(None, 4.75), ("pressure", 0.25)], 0.5, ("fail", [FAIL, PARTLY])),
        ([(None, 5.0), ("pressure", 0.0)], 0.5, ("fail", [FAIL, PARTLY])),
        ([("normal", 1.0), (None, 3.0), ("pressure", 1.0)], 0.5, ("fail", [FAIL, PARTLY])),
        ([("normal", 1.1), (None, 3.0), ("pressure", 0.9)], 0.5, ("warn", [PARTLY, SPIKE])),
        ([("pressure", 1.0), (None, 3.0), ("pressure", 1.0)], 1, ("fail", [FAIL, PARTLY])),
        ([("pressure", 2.0), (None, 2.5), ("normal", 0.5)], 0.5, ("warn", [PARTLY, SPIKE])),  # is over
        ([(None, 4.0), ("normal", 1.0)], 0.5, ("warn", [PARTLY])),
        ([(None, 5.0), ("normal", 0.0)], 0.5, ("warn", [PARTLY])),
        ([("normal", 4.75), (None, 0.25), ("normal", 0.0)], 0.5, ("warn", [PARTLY])),
        ([("normal", 4.75), (None, 0.25), ("normal", 0.0)], 0, ("warn", [PARTLY])),
        ([("pressure", 4.5), (None, 0.5)], 0.5, ("fail", [("tcp-unknown", "fail")])),  # the end cannot be read
        ([(None, 5.0)], 0.5, ("fail", [("tcp-unknown", "fail")])),
    ],
)
@pytest.mark.parametrize("is_told", [True, False])
def test_time_that_could_not_be_read_is_not_time_that_was_well(healthy, spans, sustained, expected, is_told):
    facts = in_state(healthy, spans[-1][0], spans)
    if spans[-1][0] is None:
        facts["tcp"]["kernel_flag"] = None
    if is_told:
        facts["window"]["tcp"]["under_pressure"] = {
            "unreadable_seconds": sum(seconds for state, seconds in spans if state is None)
        }
    result = judge(facts, {"sustained": sustained})
    assert found(result) == expected
    assert ("neither the flag nor the usage could be read" in result["message"]) == (PARTLY in expected[1])


@pytest.mark.parametrize("facts, seconds", [({"network_namespace": "other"}, None), ({}, 0.0)])
def test_a_flag_that_says_no_is_enough_where_there_are_no_thresholds(healthy, facts, seconds):
    """As in a container: the flag was read at every look."""
    facts = dict(in_state(healthy, None, [(None, 5.0)]), **facts)
    facts["window"]["tcp"]["under_pressure"] = {} if seconds is None else {"unreadable_seconds": seconds}
    assert judge(facts)["verdict"] == "pass"


@pytest.mark.parametrize(
    "entered, sustained, expected",
    [
        (0, 0.5, ("pass", [])),
        (None, 0.5, ("pass", [])),
        (3, 0.5, ("warn", [("tcp-spike", "warn")])),
        (3, 0, ("fail", [("tcp-spike", "fail")])),
    ],
)
def test_pressure_between_two_looks_is_known_from_the_counter(healthy, entered, sustained, expected):
    result = judge(in_state(healthy, "normal", [("normal", 5.0)], TCPMemoryPressures=entered), {"sustained": sustained})
    assert found(result) == expected
    assert ("entered pressure 3 times within 5.0 seconds, too briefly to be seen" in result["message"]) == bool(entered)


def test_which_states_fail_and_warn_can_be_chosen(healthy):
    rules = {"fail_states": ["critical"], "warn_states": ["pressure"]}
    assert [
        judge(in_state(healthy, state), rules)["verdict"] for state in ("soft", "recovering", "pressure", "critical")
    ] == ["pass", "pass", "warn", "fail"]


OLD, NEW = ("4.18.0-553.el8_10.x86_64", "5.14.0-162.6.1.el9_1.x86_64"), ("5.14.0-284.11.1.el9_2.x86_64", "6.18.44")
STALE = [("stale", 5.0)]
PAGES_FAIL, CLEARS = "so page allocation fails", "the next charge clears the flag"


@pytest.mark.parametrize(
    "spans, segments, verdict, words",
    [
        (None, None, "warn", "The next charge clears the flag"),
        (STALE, 0, "warn", CLEARS),
        (STALE, 20, "warn", CLEARS),  # one connection that is probed each second, over loopback, as measured
        (STALE, 50, "warn", CLEARS),
        (STALE, 51, "fail", PAGES_FAIL),
        (STALE, None, "warn", "The next charge clears the flag"),  # not known
        ([("stale", 1.0), ("normal", 1.5), ("stale", 2.5)], 9000, "fail", PAGES_FAIL),
        (
            [("normal", 0.25), ("stale", 4.75)],
            9000,
            "warn",
            "if it does not, page allocation fails",
        ),  # not at both ends
        ([("stale", 0.5), ("normal", 3.5), ("stale", 1.0)], 9000, "pass", None),  # not for half of the time
    ],
)
@pytest.mark.parametrize("kernel", OLD + NEW)
def test_a_stale_flag_fails_only_where_it_lasts_while_segments_move(healthy, spans, segments, verdict, words, kernel):
    facts = in_state(dict(healthy, kernel=kernel), "stale", spans, TcpInSegs=segments, TcpOutSegs=segments and 0)
    result = judge(facts)
    assert found(result) == (verdict, [("tcp-stale", verdict)] if words else [])
    assert words is None or words in result["message"]
    assert ("Raise tcp_mem" in result["message"]) is False
    assert ("PFMemallocDrop, at allocstall" in result["message"]) == (verdict == "fail")


def test_what_a_user_says_of_a_stale_flag_counts(healthy):
    moving = in_state(healthy, "stale", STALE, TcpInSegs=9000, TcpOutSegs=0)
    assert judge(moving, {"severities": {"tcp-stale": "warning"}})["verdict"] == "warn"
    assert judge(in_state(healthy, "stale"), {"fail_states": ["stale"]})["verdict"] == "fail"
    assert judge(moving, {"warn_states": ["soft"]})["verdict"] == "pass"  # neither fails nor warns


def test_a_flag_that_was_seen_up_was_not_up_too_briefly_to_be_seen(healthy):
    facts = in_state(healthy, "stale", STALE, TcpInSegs=9000, TcpOutSegs=0, TCPMemoryPressures=30)
    result = judge(facts)
    assert found(result) == ("fail", [("tcp-stale", "fail")]) and "entered 30 times" in result["message"]


STILL = {"TcpInSegs": 1, "TcpOutSegs": 2, "PruneCalled": 0}
OVER, NUMBERS = "so the load seems to be over", "Numbers alone cannot tell whether the load goes on"


@pytest.mark.parametrize("state", ["pressure", "recovering", "critical"])
@pytest.mark.parametrize("kernel, keeps", [(one, True) for one in OLD] + [(one, False) for one in NEW])
@pytest.mark.parametrize(
    "counted, moved_pages, is_over",
    [
        (STILL, 0, True),
        (dict(STILL, TcpInSegs=49), 0, False),  # something moves
        (dict(STILL, PruneCalled=1), 0, False),  # something is refused
        (dict(STILL, TCPAbortOnMemory=1), 0, False),
        (STILL, 1, False),  # the usage changes
        ({}, 0, False),  # what moves is not known
    ],
)
def test_where_a_kernel_keeps_what_was_freed_nothing_that_moves_is_a_warning(
    healthy, state, kernel, keeps, counted, moved_pages, is_over
):
    facts = in_state(dict(healthy, kernel=kernel), state, [(state, 5.0)], **counted)
    first = facts["window"]["tcp"]["used"]["first"]
    facts["window"]["tcp"]["used"]["first"] = dict(first, pages=first["pages"] - moved_pages)
    verdict = "warn" if keeps and is_over else "fail"
    result = judge(facts)
    assert found(result) == (verdict, [("tcp-" + state, verdict)])
    assert (OVER in result["message"]) == (verdict == "warn")
    assert NUMBERS not in result["message"]
    one_look = judge(in_state(dict(healthy, kernel=kernel), state))
    assert found(one_look) == ("fail", [("tcp-" + state, "fail")])
    assert (NUMBERS in one_look["message"]) == keeps


def test_soft_keeps_its_words_on_every_kernel(healthy):
    for kernel in OLD + NEW:
        message = judge(in_state(dict(healthy, kernel=kernel), "soft", [("soft", 5.0)], **STILL))["message"]
        assert OVER not in message and NUMBERS not in message


def test_what_moves_on_every_host_is_not_told_as_trouble(healthy):
    facts = in_state(healthy, "soft", [("soft", 5.0)], TcpInSegs=9, TcpOutSegs=9, UdpInDatagrams=9, PruneCalled=2)
    assert "The kernel counted in the window: PruneCalled 2." in judge(facts)["message"]


def test_the_paragraph_says_all_of_it(healthy):
    facts = in_state(
        healthy,
        "pressure",
        [("normal", 1.0), ("pressure", 1.0), ("recovering", 1.0), ("pressure", 2.0)],
        TCPMemoryPressures=1,
        PruneCalled=7,
        TCPMemoryPressuresChrono=900,
    )
    facts["cgroups"] = {
        "version": 2,
        "groups": [
            {"path": "/web", "socket_bytes": 900 * 2**20, "memory_bytes": 1, "max_bytes": None, "stalled_percent": None}
        ],
    }
    assert judge(facts)["message"] == (
        "TCP memory is under pressure: 1015.6 MiB of 1.4 GiB (68.8 % of high), kernel flag yes; windows stop growing, "
        "queues are pruned, sockets above high / number of sockets lose data. It has been so for 4.0 seconds, 4.0 of "
        "5.0 in all, entered once; rising, with a peak of 1015.6 MiB. Pressure begins above 983.8 MiB and ends at "
        "737.8 MiB or below. The kernel counted in the window: PruneCalled 7. Of all control groups, /web holds most "
        "socket memory: 900.0 MiB. Find the sockets that hold the memory (ss -tm); raise tcp_mem if there is room."
    )


@pytest.mark.parametrize("facts", [None, {}, {"kernel": "4.18.0"}])
def test_a_host_that_was_not_read_is_not_known_to_be_well(facts):
    assert found(judge(facts)) == ("fail", [("not-read", "fail")])


def test_a_host_of_which_nothing_can_be_read(healthy):
    facts = in_state(healthy, None)
    assert judge(facts)["verdict"] == "pass"  # a container: the flag says no
    facts["tcp"]["kernel_flag"] = None
    assert found(judge(facts)) == ("fail", [("tcp-unknown", "fail")])


@pytest.mark.parametrize(
    "count, expected, words",
    [
        (16383, None, None),
        (16384, "warn", "25 % of tcp_max_orphans."),
        (16385, "warn", "25 % of tcp_max_orphans: the kernel resets those whose peer does not answer and that"),
        (32769, "warn", "the kernel resets those whose peer does not answer."),
        (65535, "warn", "100 % of tcp_max_orphans: the kernel resets those whose peer does not answer."),
        (65536, "fail", "100 % of tcp_max_orphans: the kernel resets every connection that a program closes before"),
        (65537, "fail", "all of it and its end (FIN), responses in flight included"),
    ],
)
def test_orphans_with_the_penalty_of_the_kernel(healthy, count, expected, words):
    healthy["tcp"]["orphans"]["count"] = count
    result = judge(healthy)
    assert found(result) == (expected or "pass", [("tcp-orphans", expected)] if expected else [])
    assert words is None or words in result["message"]
    assert judge(healthy, {"orphans_warn_percent": 0, "orphans_fail_percent": 0})["verdict"] == "pass"


@pytest.mark.parametrize(
    "count, limit, rules, verdict",
    [
        (65535, 65536, {}, "pass"),
        (65536, 65536, {}, "warn"),
        (40000, 65536, {"time_wait_fail_percent": 50}, "fail"),
        (None, 65536, {}, "pass"),
        (5, None, {}, "pass"),
        (5, 0, {}, "pass"),
    ],
)
def test_time_wait(healthy, count, limit, rules, verdict):
    healthy["tcp"]["time_wait"] = {"count": count, "limit": limit}
    assert judge(healthy, rules)["verdict"] == verdict


@pytest.mark.parametrize(
    "spans, rule, expected",
    [
        (None, "fail", "warn"),
        (None, "warn", "warn"),
        (None, "ignore", "pass"),
        ([("normal", 2.0), ("critical", 3.0)], "fail", "fail"),
        ([("normal", 2.0), ("critical", 3.0)], "warn", "warn"),
        ([("normal", 2.0), ("critical", 3.0)], "ignore", "pass"),
        ([("normal", 3.0), ("critical", 2.0)], "fail", "pass"),
    ],
)
def test_udp(healthy, spans, rule, expected):
    facts = in_state(healthy, "normal", [("normal", 5.0)], UdpDrops=3) if spans else copy.deepcopy(healthy)
    facts["udp"].update(state="critical", used={"pages": 380000, "bytes": 4096 * 380000})
    if spans:
        facts["window"]["udp"]["states"] = [{"state": state, "seconds": seconds} for state, seconds in spans]
    assert judge(facts, {"udp": rule})["verdict"] == expected


@pytest.mark.parametrize(
    "counted, verdict",
    [
        ({}, "warn"),
        ({"UdpRcvbufErrors": 0, "UdpMemErrors": None, "UdpDrops": 0, "UdpInErrors": 5}, "warn"),
        ({"UdpRcvbufErrors": 1}, "fail"),
        ({"UdpMemErrors": 1}, "fail"),
        ({"Udp6RcvbufErrors": 1}, "fail"),
        ({"Udp6MemErrors": 1}, "fail"),
        ({"UdpDrops": 386, "UdpMemErrors": 0}, "fail"),  # as 6.18 counts
    ],
)
def test_udp_at_its_limit_fails_only_where_something_is_dropped(healthy, counted, verdict):
    facts = in_state(healthy, "normal", [("normal", 5.0)], **counted)
    facts["udp"].update(state="critical", used={"pages": 377770, "bytes": 4096 * 377770})
    facts["window"]["udp"]["states"] = [{"state": "critical", "seconds": 5.0}]
    result = judge(facts)
    assert found(result) == (verdict, [("udp-critical", verdict)])
    assert ("were dropped in the window" in result["message"]) == (verdict == "fail")
    assert judge(facts, {"udp": "warn"})["verdict"] == "warn" and judge(facts, {"udp": "ignore"})["verdict"] == "pass"
    assert judge(facts, {"severities": {"udp-critical": "error"}})["verdict"] == "fail"


@pytest.mark.parametrize(
    "spans, rule, expected",
    [
        ([(None, 3.0), ("critical", 2.0)], "fail", [("udp-critical", "fail"), ("udp-unknown", "warn")]),
        ([(None, 3.0), ("critical", 2.0)], "warn", [("udp-critical", "warn"), ("udp-unknown", "warn")]),
        ([(None, 3.0), ("critical", 2.0)], "ignore", []),
        (
            [("critical", 2.0), (None, 3.0)],
            "fail",
            [("udp-critical", "fail"), ("udp-unknown", "warn")],
        ),  # when it was read last
        ([("normal", 2.5), (None, 1.0), ("critical", 1.5)], "fail", [("udp-unknown", "warn")]),
        ([(None, 0.5), ("normal", 4.5)], "fail", [("udp-unknown", "warn")]),
        ([(None, 5.0)], "fail", [("udp-unknown", "warn")]),
        (None, "fail", [("udp-unknown", "warn")]),
        (None, "ignore", []),
    ],
)
def test_udp_that_could_not_be_read(healthy, spans, rule, expected):
    facts = in_state(healthy, "normal", [("normal", 5.0)], UdpMemErrors=1) if spans else copy.deepcopy(healthy)
    facts["udp"].update(state=spans[-1][0] if spans else None)
    if facts["udp"]["state"] is None:
        facts["udp"].update(used={"pages": None, "bytes": None}, thresholds=dict.fromkeys(("low", "pressure", "high")))
    if spans:
        facts["window"]["udp"]["states"] = [{"state": state, "seconds": seconds} for state, seconds in spans]
    assert found(judge(facts, {"udp": rule}))[1] == expected
    facts["network_namespace"] = "other"  # which has no limit of UDP
    assert ("udp-unknown", "warn") not in found(judge(facts, {"udp": rule}))[1]


@pytest.mark.parametrize(
    "group, words",
    [
        ({"events_in_window": {"low": 9, "high": 0, "max": 3}}, "short of memory (max 3 times)"),
        ({"events_in_window": {"low": 9, "max": 0}}, None),
        ({}, None),
        ({"stalled_percent": 12.5}, "waiting for memory 12 % of the time"),
        ({"stalled_percent": 9.9}, None),
        ({"memory_bytes": None, "max_bytes": 8192}, "its sockets are at their limit of 8.0 KiB"),
        ({"memory_bytes": None, "max_bytes": 16384}, None),
    ],
)
def test_control_groups_count_only_when_asked(healthy, group, words):
    healthy["cgroups"] = {
        "version": 2,
        "groups": [
            dict(
                {
                    "path": "/web",
                    "socket_bytes": 8192,
                    "memory_bytes": 900,
                    "high_bytes": None,
                    "max_bytes": 1000,
                    "events": {"max": 500},
                    "stalled_percent": None,
                },
                **group,
            )
        ],
    }
    result = judge(healthy, {"cgroups": "warn"})
    assert found(result) == (("warn", [("cgroup-pressure", "warn")]) if words else ("pass", []))
    assert words is None or words in result["message"]
    assert judge(healthy)["verdict"] == "pass"


def test_the_kernel_log_by_its_age(healthy):
    healthy["kernel_log"] = [
        {"text": "TCP: too many orphaned sockets", "count": 3, "first_age_seconds": 900.0, "last_age_seconds": 30.1}
    ]
    result = judge(healthy, {"kernel_log": "fail"})
    assert (
        found(result) == ("fail", [("kernel-log", "fail")])
        and 'said "TCP: too many orphaned sockets" 3 times, last 30 seconds ago' in result["message"]
    )
    assert judge(healthy, {"kernel_log": "fail", "kernel_log_seconds": 30})["passes"]
    healthy["kernel_log"] = None
    assert judge(healthy, {"kernel_log": "fail"})["passes"]


def test_the_worst_reason_is_first_and_a_remedy_is_said_once(healthy):
    facts = in_state(healthy, "soft")
    facts["tcp"]["orphans"]["count"] = 70000
    facts["kernel_log"] = [
        {"text": "TCP: too many orphaned sockets", "count": 1, "first_age_seconds": 1.0, "last_age_seconds": 1.0}
    ]
    result = judge(facts, {"kernel_log": "warn"})
    assert found(result) == ("fail", [("tcp-orphans", "fail"), ("tcp-soft", "warn"), ("kernel-log", "warn")])
    assert result["message"].count("Find who closes connections") == 1


def test_a_user_changes_the_severity_of_a_finding(healthy):
    soft = in_state(healthy, "soft")
    assert found(judge(soft, {"severities": {"tcp-soft": "error"}})) == ("fail", [("tcp-soft", "fail")])
    silent = judge(soft, {"severities": {"tcp-soft": "info"}})
    assert (silent["verdict"], [one["id"] for one in silent["findings"]]) == ("pass", ["tcp-soft"])
    assert silent["message"].startswith("TCP memory is soft") and "Raise tcp_mem" not in silent["message"]
    assert (
        judge(in_state(healthy, "pressure"), {"severities": {"tcp-pressure": "warning"}, "fail_states": ["pressure"]})[
            "verdict"
        ]
        == "warn"
    )


@pytest.mark.parametrize(
    "rules, named",
    [
        ({"severities": {"tcp-sof": "error"}}, "severities: found the id 'tcp-sof'"),
        ({"severities": {"tcp-soft": "fail"}}, "severities.tcp-soft: found 'fail'"),
        ({"severities": ["tcp-soft"]}, "severities: found ['tcp-soft']"),
        ({"fail_state": []}, "rule: found 'fail_state'"),
        ({"fail_states": ["presure"]}, "fail_states"),
        ({"fail_states": "pressure"}, "fail_states"),
        ({"sustained": 1.5}, "sustained: found 1.5, expected a share from 0 to 1"),
        ({"sustained": "half"}, "sustained"),
        ({"sustained": True}, "sustained"),
        ({"udp": "no"}, "udp: found 'no', expected one of fail, warn, ignore"),
        ({"orphans_fail_percent": -1}, "orphans_fail_percent"),
        ({"fail_states": [["pressure"]]}, "fail_states"),
        ({"orphans_fail_percent": "9" * 5000}, "orphans_fail_percent: found '999"),
        ({"orphans_fail_percent": 10**5000}, "orphans_fail_percent: found a number of 16610 bits"),
        ({"sustained": "\u0661"}, "sustained"),
        ({"sustained": float("nan")}, "sustained"),
        ({10**5000: 1}, "rule: found a number of 16610 bits"),
        ({"kernel_log_seconds": [10**5000]}, "kernel_log"),
    ],
)
def test_wrong_rules_are_refused(healthy, rules, named):
    with pytest.raises(SocketMemoryError) as caught:
        judge(healthy, rules)
    assert named in str(caught.value)


def test_numbers_may_come_as_text(healthy):
    assert (
        judge(in_state(healthy, "pressure", [("normal", 4.0), ("pressure", 1.0)]), {"sustained": "0.2"})["verdict"]
        == "fail"
    )


@pytest.mark.parametrize(
    "budget, tolerated", [(0, 0), (3, 3), ("3", 3), ("5 %", 0), ("25%", 2), (" 50 % ", 5), ("100 %", 10)]
)
def test_a_budget_is_a_number_or_a_share_of_all_hosts(healthy, budget, tolerated):
    hosts = {"host%d" % number: healthy for number in range(10)}
    assert judge_fleet(hosts, budget, list(hosts), list(hosts))["tolerated"] == tolerated


@pytest.mark.parametrize(
    "budget",
    [
        "",
        "5.5",
        "-1",
        "101 %",
        "5 % of all",
        None,
        True,
        "9" * 5000,
        pytest.param(10**5000, id="huge"),
        "\u0661",
        [5],
        float("inf"),
    ],
)
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(SocketMemoryError):
        judge_fleet({"a": None}, budget, ["a"], ["a"])


def test_a_fleet_against_its_budget(healthy):
    hosts = {"host%02d" % number: healthy for number in range(20)}
    hosts.update(
        {
            "host03": in_state(healthy, "pressure"),
            "host07": in_state(healthy, "critical"),
            "host09": in_state(healthy, "pressure"),
            "host12": {},
        }
    )
    names = sorted(hosts)
    result = judge_fleet(hosts, "20 %", names, names)
    assert result == {
        "passes": True,
        "verdict": "pass",
        "findings": [],
        "tolerated": 4,
        "judged": 20,
        "not_well": {
            "host03": "tcp-pressure",
            "host07": "tcp-critical",
            "host09": "tcp-pressure",
            "host12": "not-read",
        },
        "message": "4 of 20 hosts do not pass, 4 of 20 are tolerated (not-read: host12; tcp-critical: host07; "
        "tcp-pressure: host03, host09).",
    }
    assert not judge_fleet(hosts, 3, names, names)["passes"]
    assert judge_fleet(hosts, 3, names, names, {"fail_states": ["critical"]})["passes"]


def test_of_a_batch_lost_hosts_count_and_hosts_to_come_do_not(healthy):
    hosts = {"a": healthy, "b": healthy, "c": None, "d": None}  # b was read before it was lost
    result = judge_fleet(hosts, 1, ["a", "c", "d"], ["a", "c"])
    assert (result["judged"], result["not_well"]) == (3, {"b": "not-read", "c": "not-read"})


def test_a_message_about_many_hosts_stays_short(healthy):
    names = ["host%03d" % number for number in range(200)]
    result = judge_fleet(dict.fromkeys(names, in_state(healthy, "pressure")), 0, names, names)
    assert (
        len(result["message"]) < 250 and "host009 and 190 more" in result["message"] and len(result["not_well"]) == 200
    )


@pytest.mark.parametrize("name", ["cgroups", "kernel_log"])
def test_what_was_asked_for_and_cannot_be_read_is_a_warning(healthy, name):
    healthy[name] = None
    verdict = judge(healthy, {name: "fail"})
    assert found(verdict) == ("warn", [(name.replace("_", "-") + "-unreadable", "warn")])
    assert judge(healthy)["verdict"] == "pass"


def two_looks(facts, first, last, **counters):
    """Return *facts* of a host that was read in the state *first* and 5 seconds later in *last*."""
    facts = in_state(facts, last, [(first, 5.0)] + [(last, 0.0)] * (last != first), **counters)
    facts["window"]["samples"] = 2
    return facts


@pytest.mark.parametrize(
    "first, last, counters, verdict, reason",
    [
        ("pressure", "pressure", {}, "fail", "tcp-pressure"),
        ("recovering", "critical", {}, "fail", "tcp-critical"),
        ("normal", "pressure", {}, "warn", "tcp-spike"),
        ("normal", "pressure", {"TCPMemoryPressuresChrono": 2498}, "warn", "tcp-spike"),
        ("normal", "pressure", {"TCPMemoryPressuresChrono": 2500}, "fail", "tcp-pressure"),
        ("normal", "pressure", {"TCPMemoryPressuresChrono": 10**9}, "fail", "tcp-pressure"),
        ("normal", "critical", {"TCPMemoryPressuresChrono": 5000}, "warn", "tcp-spike"),
        ("normal", "critical", {"TCPRcvQDrop": 1}, "fail", "tcp-critical"),
        ("pressure", "normal", {"TCPMemoryPressuresChrono": 5000}, "warn", "tcp-spike"),
        ("normal", "normal", {"TCPMemoryPressures": 3}, "warn", "tcp-spike"),
        ("normal", "normal", {}, "pass", None),
        ("soft", "soft", {}, "warn", "tcp-soft"),
        ("normal", "soft", {"TCPMemoryPressuresChrono": 5000}, "pass", None),
    ],
)
def test_of_two_looks_both_count_or_what_the_kernel_counted_between_them(
    healthy, first, last, counters, verdict, reason
):
    result = judge(two_looks(healthy, first, last, **counters))
    assert found(result) == (verdict, [(reason, verdict)] if reason else [])


@pytest.mark.parametrize(
    "first, last, words",
    [
        ("pressure", "pressure", "It was so at both ends of 5.0 seconds"),
        ("normal", "pressure", "It is in pressure at the end of 5.0 seconds, and was not at their beginning."),
        ("pressure", "normal", "It was in pressure at the beginning of 5.0 seconds, and is no longer."),
    ],
)
def test_two_looks_are_told_as_what_they_are(healthy, first, last, words):
    assert words in judge(two_looks(healthy, first, last))["message"]


def test_pressure_that_had_ended_is_told(healthy):
    result = judge(two_looks(healthy, "normal", "pressure", TCPMemoryPressuresChrono=4000))
    assert "It is so at the end of 5.0 seconds, after 4.0 seconds of pressure that had ended" in result["message"]


@pytest.mark.parametrize(
    "allocated, words", [(1000, "850 of 1000 TCP sockets are in other network namespaces"), (180, "")]
)
def test_counters_that_see_few_of_the_sockets_are_told(healthy, allocated, words):
    facts = two_looks(healthy, "normal", "normal")
    facts["tcp"]["sockets"]["allocated"] = allocated
    result = judge(facts)
    assert result["verdict"] == "pass" and words in result["message"]
    assert bool(words) == ("namespaces" in result["message"])


def test_udp_at_its_limit_at_the_end_counts_where_datagrams_were_dropped(healthy):
    facts = two_looks(healthy, "normal", "normal", UdpRcvbufErrors=4)
    facts["udp"]["state"] = "critical"
    facts["window"]["udp"]["states"] = [{"state": "normal", "seconds": 5.0}, {"state": "critical", "seconds": 0.0}]
    assert found(judge(facts)) == ("fail", [("udp-critical", "fail")])
    facts["window"]["counters"]["UdpRcvbufErrors"] = 0
    assert found(judge(facts)) == ("pass", [])
