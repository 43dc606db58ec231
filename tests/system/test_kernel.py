# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a real kernel can show: its flag, its hysteresis, and what it does to a vector it refuses."""

import itertools
import json
import pathlib
import re

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import commit as dropin_commit
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import plan as dropin_plan
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import restore as dropin_restore
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import transaction as dropin
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import assemble as facts

from ..support import tcp_pressure, udp_pressure
from ..support.this_host import running

DROPIN = pathlib.Path("/etc/sysctl.d/99-tcp-memory.conf")


def tcp():
    """Return the tcp facts."""
    return facts.run({"gather_subset": ["tcp"]})["ansible_facts"]["socket_memory"]["tcp"]


def tcp_thresholds():
    """Return tcp_mem as it is."""
    return running()["net.ipv4.tcp_mem"]


def test_states_follow_the_flag_through_its_hysteresis():
    """The same usage is recovering on the way down and soft on the way up. Where it is judged, no other program can
    push it past a threshold.
    """
    unit = tcp_pressure.distance()
    # With so high a high, no connection holds more than its share: it would be refused from pressure on
    # (net/core/sock.c __sk_mem_raise_allocated).
    low, pressure, high = 2 * unit, 4 * unit, 1 << 28
    seen, calls = [], itertools.count()

    def state():
        now = tcp()["state"]
        if seen[-1:] != [now]:
            seen.append(now)
        return now

    def reached(enough):
        return lambda: (next(calls) % 16 or state()) and enough()  # on the way, too, but not after every send

    with (
        tcp_pressure.thresholds(low, pressure, high),
        tcp_pressure.load(48, tcp_pressure.RECEIVE_BUFFER, tcp_pressure.SEND_BUFFER) as load,
    ):

        def fill(pages):
            load.fill_until(reached(lambda: load.pages() >= pages), tcp_pressure.LARGE_CHUNK)
            return state()

        def drain(pages):
            load.drain_until(reached(lambda: load.pages() <= pages), tcp_pressure.LARGE_CHUNK)
            return state()

        tcp_pressure.settle()
        assert state() == "normal"
        assert fill(3 * unit) == "soft"
        assert fill(5 * unit) == "pressure"
        assert drain(3 * unit) == "recovering"
        assert drain(unit) == "normal"
        assert fill(3 * unit) == "soft"
    tcp_pressure.settle()
    # At the edges the usage swings: the kernel collapses queues while it is under pressure, and other programs take and
    # give back.
    assert not {"recovering", "critical"} & set(seen[: seen.index("pressure")])


def test_every_state_from_the_same_usage_with_the_flag_down_and_up():
    """In both directions of the hysteresis the same numbers are told apart by the flag alone."""
    seen = {}
    for state, flag, now in tcp_pressure.stages(None, tcp):
        assert (now["state"], now["kernel_flag"]) == (state, flag)
        seen.setdefault(tuple(one["pages"] for one in now["thresholds"].values()), set()).add((state, flag))
    assert {frozenset(pair) for pair in seen.values()} == {
        frozenset([("normal", False), ("stale", True)]),
        frozenset([("soft", False), ("recovering", True)]),
        frozenset([("imminent", False), ("pressure", True)]),
        frozenset([("critical", False), ("critical", True)]),
    }


def udp():
    """Return the udp facts, and what was dropped by all sockets."""
    found = facts.run({"gather_subset": ["udp", "counters"]})["ansible_facts"]["socket_memory"]
    return found["udp"], found["counters"]["UdpDrops"]


def test_udp_is_critical_before_and_where_the_kernel_drops():
    """The state never comes after the first drop, and the last datagram that fits is the last before it."""
    with udp_pressure.limit(udp_pressure.LIMIT), udp_pressure.group() as group:
        (now, dropped_before), seen = udp(), []
        dropped = dropped_before
        assert now["state"] == "normal"
        while dropped == dropped_before:
            group.send()
            now, dropped = udp()
            seen.append(now["state"])
            assert len(seen) < 50, now
        assert (seen[0], seen[-1]) == ("normal", "critical"), seen
        used, limit = now["used"]["pages"], now["thresholds"]["low"]["pages"]
        # What is refused is given back, so the number hardly passes the limit: a distance would hide it for good.
        bound = tcp()["error_bound"]["pages"]
        assert limit - 17 <= used <= limit + bound
    tcp_pressure.wait_until(lambda: udp()[0]["state"] == "normal", "UDP is normal again")


@pytest.fixture
def harm():
    """A usage that the running thresholds have room for, and the thresholds of these variables have not: (variables,
    running values).
    """
    with tcp_pressure.held() as usage:
        usage.enter("normal", False)
        vector = tcp_pressure.QUARTERS["critical"]
        vector = [usage.pages * quarter // 4 for quarter in vector]
        yield {"tune_tcp_workload": {"overrides": {"net.ipv4.tcp_mem": vector}}}, running()


def test_roll_out_that_lowers_the_thresholds_below_the_usage_is_rolled_back(playbook, harm):
    """The host was well before and is not afterwards: file and running values come back, and the play says from what
    to what.
    """
    variables, before = harm
    run = playbook("tune-tcp.yml", variables=json.dumps(variables))
    assert run.failed, run.output
    assert re.search(
        "FAIL: localhost: rolled back, because localhost is worse off than before: TCP memory went from normal .* to "
        "critical",
        run.output,
    )
    assert "1 host: 1 rolled back. Rolled back: localhost." in run.output
    assert running() == before
    assert not DROPIN.exists()


def test_way_back_is_taken_also_where_errors_are_ignored_and_the_next_use_of_the_role_knows_nothing_of_it(
    playbook, harm, tmp_path
):
    """A play of somebody else, that goes on with other thresholds."""
    does_harm = {
        "ansible.builtin.import_role": {"name": "linux_net.socket_memory.tune_tcp"},
        "ignore_errors": True,
        "vars": harm[0],
    }
    went_back = {
        "ansible.builtin.assert": {
            "that": "tune_tcp_result.settings | selectattr('status', 'equalto', 'restored') | list | length > 0"
        }
    }
    again = {
        "ansible.builtin.import_role": {"name": "linux_net.socket_memory.tune_tcp"},
        "vars": {"tune_tcp_gate": False},
    }
    play = tmp_path / "play.json"
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [does_harm, went_back, again]}]))
    run = playbook(str(play))
    assert not run.failed, run.output
    assert "FAIL: localhost: rolled back, because localhost is worse off than before" in run.output
    assert re.search(r"PASS: localhost: \d+ settings? hold now and after the next boot\.", run.output), run.output
    assert (run.recap("rescued"), run.recap("ignored")) == (1, 1)
    assert DROPIN.exists()


def test_gate_fails_the_host_that_stays_in_pressure(playbook):
    """The thresholds asked for are those that run: they would not relieve it, so nothing is written until it is
    well.
    """
    with tcp_pressure.held() as usage:
        usage.enter("pressure", True, charge=True)
        workload = json.dumps({"tune_tcp_workload": {"overrides": {"net.ipv4.tcp_mem": tcp_thresholds()}}})
        run = playbook("tune-tcp.yml", variables=workload)
        assert run.failed, run.output
        assert "FAIL: localhost: TCP memory is under pressure: " in run.output
        assert "kernel flag yes" in run.output
        assert (
            "Left as it was, because the recommended thresholds would not relieve its pressure: localhost."
            in run.output
        )
        assert not DROPIN.exists()
        usage.release()
        assert not playbook("tune-tcp.yml", variables=workload).failed


def test_half_taken_vector_is_put_back(monkeypatch, host_as_before):
    """The kernel writes element by element: of a vector whose third element it refuses it keeps the first two."""
    monkeypatch.setattr(
        dropin_plan, "lint", lambda *arguments: []
    )  # which would refuse the number before the kernel can
    attempts = []

    def spy(progress):
        attempts.append(running()["net.ipv4.tcp_rmem"])
        return dropin_restore.restore(progress)

    monkeypatch.setattr(dropin_commit, "restore", spy)
    parameters = {
        "path": str(DROPIN),
        "state": "present",
        "content": "net.ipv4.tcp_rmem = 5000 140000 2147483648\n",
        "runtime": True,
        "unavailable": "skip",
        "shadowed": "fail",
        "only_raise": False,
        "force": False,
        "check_mode": False,
    }
    with pytest.raises(SocketMemoryError, match="the kernel refused 5000 140000 2147483648"):
        dropin.run(parameters)
    assert attempts[0][:2] == [5000, 140000]  # half-taken indeed
    assert running() == host_as_before
    assert not DROPIN.exists()
