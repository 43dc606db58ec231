# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one shape of a saved state: what does not have it is refused, in words, and what becomes of it is never
nested.
"""

import copy
import json

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import (
    FORMAT,
    before_last_run,
    checked,
    held,
    is_known_file,
    is_known_value,
    pruned,
    settled,
    state_path,
    written_values,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import DROPIN, SAVED, kill_at

RMEM, FIN, PORTS = "net.ipv4.tcp_rmem", "net.ipv4.tcp_fin_timeout", "net.ipv4.ip_local_port_range"
FIRST = "%s = 4096 131072 16777216\n%s = 30\n" % (RMEM, FIN)
SECOND = "%s = 20\n" % FIN


def point(file, **runtime):
    return {
        "file": file,
        "runtime": {{"fin": FIN, "rmem": RMEM, "ports": PORTS}[name]: value for name, value in runtime.items()},
    }


STATE = {
    "format": FORMAT,
    "first": point(None, fin=60, rmem=[4096, 87380, 6291456], ports="1024 65000"),
    "previous": dict(point("a", fin=60, rmem=[1, 2, 3]), written=point("a", rmem=[1, 2, 3])),
    "written": point("b", fin=30, rmem=[1, 2, 4]),
    "under_way": dict(point("c", fin=20, ports=""), boot="one", state="present", previous=None),
    "made": ["/etc/sysctl.d", "/etc", "/var/lib"],
}


def test_a_whole_one_is_what_it_is():
    assert checked(copy.deepcopy(STATE), DROPIN) == STATE
    assert checked(dict(STATE, under_way=None, previous=None, made=[]), DROPIN)


@pytest.mark.parametrize(
    "path, value, named",
    [
        ((), [], "it has the fields"),
        ((), None, "it is None"),
        ((), {}, "it has format None, expected 3"),
        ((), 5, "it is 5"),
        (("format",), 1, "it has format 1, expected 3"),
        (("format",), 2, "it has format 2"),
        (("format",), "3", "it has format '3'"),
        (("format",), True, "it has format True"),
        (("format",), {"a": []}, "it has format dict"),
        (("more",), 1, "it has the fields 'first', 'format'"),
        (("first",), None, "first is None, expected the fields file, runtime"),
        (("first", "file"), 5, "first.file is 5, expected text"),
        (("first", "file"), "\ud800", "first.file is"),
        (("first", "file"), "x" * 200000, "first.file is"),
        (("first", "runtime"), [], "first.runtime is list, expected values by key"),
        (("first", "runtime", FIN), "60", "first.runtime of net.ipv4.tcp_fin_timeout is '60', expected a number"),
        (("first", "runtime", FIN), True, "is True, expected a number"),
        (("first", "runtime", FIN), 60.0, "is 60.0"),
        (("first", "runtime", FIN), [60], "is list"),
        (("first", "runtime", FIN), 2**64, "is 18446744073709551616"),
        (("first", "runtime", RMEM), [1, 2], "is list, expected 3 numbers"),
        (("first", "runtime", RMEM), [1, 2, None], "is list"),
        (("first", "runtime", RMEM), "1 2 3", "is '1 2 3'"),
        (("first", "runtime", PORTS), 5, "is 5, expected one line of text"),
        (("first", "runtime", PORTS), "a\nb", "is 'a\\nb'"),
        (("first", "runtime", PORTS), "a  b", "is 'a  b'"),
        (("first", "runtime", "../x"), "a", "first.runtime has '../x', which is no key"),
        (("first", "runtime", ""), "a", "has '', which"),
        (("first", "runtime", "a" * 2000), "a", "which is no key"),
        (("written", "runtime", "kernel.x"), "a", "first.runtime has no value of 'kernel.x'"),
        (("previous", "runtime", "kernel.x"), "a", "no value of 'kernel.x'"),
        (("previous", "written", "runtime", "kernel.x"), "a", "no value of"),
        (("under_way", "runtime", "kernel.x"), "a", "no value of 'kernel.x'"),
        (("written",), None, "written is None"),
        (("previous", "written"), {}, "previous.written has the fields none"),
        (("under_way", "state"), "gone", "under_way.state is 'gone'"),
        (("under_way", "boot"), "a\nb", "under_way.boot is"),
        (("under_way", "previous"), {}, "under_way.previous has the fields none"),
        (("made",), ["/home"], "made has a directory that no run makes"),
        (("made",), ["/etc", "/etc"], "made is list"),
        (("made",), [5], "made is list"),
        (("made",), {}, "made is dict"),
    ],
)
def test_anything_else_is_refused_and_named(path, value, named):
    state = {"": copy.deepcopy(STATE)}
    parent = state
    for step in ("",) + path[:-1]:
        parent, last = parent[step], path[-1] if path else ""
    if path:
        parent[last] = value
    else:
        state[""] = value
    if path == () and value == []:
        named = "it is list"
    with pytest.raises(ValueError) as caught:
        checked(state[""], DROPIN)
    assert named in str(caught.value) and len(str(caught.value)) < 400


def test_where_it_is():
    assert state_path(DROPIN) == SAVED and state_path("/usr/lib/sysctl.d/a.conf", "edited").endswith(
        "/usr-lib-sysctl.d-a.conf.edited"
    )


def test_what_it_says():
    assert held(None) == [] and held(STATE) == [PORTS, FIN, RMEM]
    assert written_values(STATE, FIN) == [30, 20] and written_values(STATE, PORTS) == [""]
    assert [is_known_value(STATE, FIN, value) for value in (60, 30, 20, 25)] == [True, True, True, False]
    assert [is_known_file(STATE, text) for text in (None, "b", "c", "a")] == [True, True, True, False]


@pytest.mark.parametrize(
    "text, running, expected",
    [
        ("b", {FIN: 30}, point("b", fin=30, rmem=[1, 2, 4], ports="1024 65000")),  # nothing of it came
        ("c", {FIN: 30, PORTS: ""}, point("c", fin=30, rmem=[1, 2, 4], ports="")),  # some
        ("x", {FIN: 20}, point("b", fin=20, rmem=[1, 2, 4], ports="1024 65000")),
    ],
)  # and somebody else was there
def test_of_a_run_that_did_not_end_counts_what_the_host_holds(text, running, expected):
    assert settled(STATE, text, running) == dict(STATE, under_way=None, written=expected)
    assert settled(dict(STATE, under_way=None), text, running) == dict(STATE, under_way=None)


def test_one_step_back():
    back = before_last_run(STATE)
    assert back == dict(
        STATE,
        previous=None,
        under_way=None,
        written=STATE["previous"]["written"],
        first=point(None, rmem=[4096, 87380, 6291456]),
    )
    assert before_last_run(dict(STATE, previous=dict(STATE["previous"], written=None))) is None
    assert set(pruned(STATE)["first"]["runtime"]) == {FIN, RMEM, PORTS}
    assert set(pruned(dict(STATE, under_way=None))["first"]["runtime"]) == {FIN, RMEM}


def test_it_never_grows(host):
    """Whatever runs come, end or not: no record in a record, and no more than a few texts."""
    sizes = set()
    for number in range(30):
        content = FIRST + "# %d\n" % (number % 2)
        if number % 3 == 0:
            kill_at(number % 5 + 1, lambda content=content: host.run(content))
        else:
            host.run(SECOND if number % 4 else content)
        if host.read(SAVED):
            text = host.read(SAVED).decode("utf-8")
            assert max(len(line) - len(line.lstrip()) for line in text.split("\n")) <= 6  # one blank for each level
            sizes.add(len(json.dumps(json.loads(text))))
    assert max(sizes) < 3000
    host.run()
    assert host.read(SAVED) is None


@pytest.mark.parametrize(
    "state, words",
    [
        (
            "present",
            "With force: true the host as it is now counts as the one before the first run; the rollback playbook "
            "with tune_tcp_rollback_force=true",
        ),
        (
            "absent",
            "With force: true (rollback playbook: tune_tcp_rollback_force=true) the file is removed, and the running "
            "values stay as they are",
        ),
        (
            "previous",
            "Nothing is known that force: true could go back to. state: absent with force: true removes the file",
        ),
    ],
)
@pytest.mark.parametrize(
    "text, why",
    [
        ('{"format": 1, "file": null}', "it has format 1, expected 3"),
        ("[" * 100000, "it nests too deep"),
        ("{}", "it has format None, expected 3"),
        ('{"format": 2', "Expecting"),
        ("", "Expecting value"),
        ("\0", "Expecting value"),
        (b"\xff", "Expecting value"),
    ],
)
def test_what_to_do_about_one_that_cannot_be_used(host, state, words, text, why):
    host.run(FIRST)
    host.write(SAVED, text)
    before = host.snapshot()
    for check_mode in (True, False):
        with pytest.raises(SocketMemoryError) as caught:
            host.run(SECOND if state == "present" else None, state=state, check_mode=check_mode)
        told = str(caught.value)
        assert (
            told.startswith("The saved state %s cannot be used: %s" % (SAVED, why))
            and ". Nothing was changed. " + words in told
        )
        assert told.endswith("Or look there for what was before, put it back by hand, and delete that file.")
        assert host.snapshot() == before


def as_foretold(result):
    settings = [
        dict(one, status="planned") if one["status"] in ("applied", "restored") else one for one in result["settings"]
    ]
    return dict(result, settings=settings, saved_state=None)


def test_force_goes_on_from_the_host_as_it_is(host):
    host.run(FIRST)
    host.write(SAVED, "{")
    foretold = host.run(SECOND, force=True, check_mode=True)
    assert host.read(SAVED) == b"{"
    result = host.run(SECOND, force=True)
    assert as_foretold(result) == foretold and "It is kept in %s." % SAVED.replace(".json", ".unusable") in " ".join(
        result["warnings"]
    )
    assert (
        host.read(SAVED.replace(".json", ".unusable")) == b"{"
        and host.read(SAVED.replace(".json", ".edited")) == FIRST.encode()
    )
    host.run()
    assert host.read(DROPIN) == FIRST.encode() and host.running(FIN) == 30, (
        "the original is what was there when force was given"
    )


def test_force_with_the_content_that_is_there(host):
    host.run(FIRST)
    host.write(SAVED, "{")
    assert not host.run(FIRST, force=True)["changed"]
    assert host.read(SAVED) is None and host.read(SAVED.replace(".json", ".unusable")) == b"{"
    assert not host.run(FIRST)["changed"]


def test_force_removes_the_file_and_leaves_what_is_not_known(host):
    host.run(FIRST)
    host.write(SAVED, "{")
    foretold = host.run(force=True, check_mode=True)
    result = host.run(force=True)
    assert result["changed"] and as_foretold(result) == foretold
    assert "The running values are left as they are" in result["warnings"][0]
    assert host.read(DROPIN) is None and host.running(FIN) == 30 and host.read(SAVED) is None
    assert host.read(SAVED.replace(".json", ".edited")) == FIRST.encode()
    assert not host.run()["changed"] and not host.run(force=True)["changed"]


def test_force_does_not_help_where_it_cannot_be_read(host, monkeypatch):
    """An error that may pass says nothing about what is saved."""
    host.run(FIRST)
    read = type(host.files).read

    def fail(files, path, *arguments):
        if path == SAVED:
            raise OSError(5, "Input/output error", path)
        return read(files, path, *arguments)

    monkeypatch.setattr(type(host.files), "read", fail)
    for content in (SECOND, None):
        with pytest.raises(
            SocketMemoryError,
            match="cannot be used: it cannot be read: Input/output error. Nothing was changed. Run again when it can",
        ):
            host.run(content, force=True)
