# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a real kernel can show: its flag, its hysteresis, and what it does to a vector it refuses."""

import json
import pathlib
import re

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils import dropin, dropin_commit, dropin_plan, dropin_restore, facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError

from ..support import tcp_pressure
from ..support.this_host import running

DROPIN = pathlib.Path("/etc/sysctl.d/99-tcp-memory.conf")


def tcp():
    """Return the tcp facts."""
    return facts.run({"gather_subset": ["tcp"]})["ansible_facts"]["socket_memory"]["tcp"]


@pytest.fixture
def small_thresholds():
    """Thresholds that loopback connections can pass, above what the processors may keep uncounted."""
    tcp_pressure.settle()
    base = max(2048, 4 * tcp()["error_bound"]["pages"])
    vector = (base, base * 3 // 2, base * 2)
    with tcp_pressure.thresholds(*vector):
        yield vector
    tcp_pressure.settle()


def test_states_follow_the_flag_through_its_hysteresis(small_thresholds):
    """The same usage is recovering on the way down and soft on the way up."""
    low, pressure, _high = small_thresholds
    seen = []

    def reach(state):
        def reached():
            now = tcp()
            if seen[-1:] != [now["state"]]:
                seen.append(now["state"])
            return now["state"] == state and (state not in ("soft", "recovering") or low <= now["used"]["pages"] <= pressure)
        return reached

    with tcp_pressure.load() as load:
        load.fill_until(reach("soft"))
        load.fill_until(reach("pressure"))
        load.drain_until(reach("recovering"))
        load.drain_until(reach("normal"))
        load.fill_until(reach("soft"))
    # At the edge the usage swings: the kernel collapses queues while it is under pressure.
    assert seen[0] == "normal"
    assert seen[1] == "soft"
    assert "recovering" not in seen[:seen.index("pressure")]
    assert set(seen) == {"normal", "soft", "pressure", "recovering"}


def test_every_state_from_the_same_usage_with_the_flag_down_and_up():
    """In both directions of the hysteresis the same numbers are told apart by the flag alone."""
    usage = max(4096, 8 * tcp()["error_bound"]["pages"])
    seen = {}
    for state, flag, now in tcp_pressure.stages(usage, tcp):
        assert (now["state"], now["kernel_flag"]) == (state, flag)
        seen.setdefault(tuple(now["thresholds"].values()), set()).add((state, flag))
    assert {frozenset(pair) for pair in seen.values()} == {
        frozenset([("normal", False)]), frozenset([("soft", False), ("recovering", True)]),
        frozenset([("imminent", False), ("pressure", True)]), frozenset([("critical", False), ("critical", True)])}


def test_roll_out_that_lowers_the_thresholds_below_the_usage_is_rolled_back(playbook, host_as_before):
    """The host was well before and is not afterwards: file and running values come back, and the play says from what to what."""
    vector = (4096, 6144, 8192)
    with tcp_pressure.load(tcp_pressure.STAGE_CONNECTIONS) as load, tcp_pressure.thresholds(*host_as_before["net.ipv4.tcp_mem"]):
        load.fill_with_nothing_left_to_send_until(lambda: tcp_pressure.used_pages() > vector[2] + tcp()["error_bound"]["pages"])
        run = playbook("tune-tcp.yml", variables=json.dumps({"tune_tcp_workload": {"overrides": {"net.ipv4.tcp_mem": vector}}}))
        assert run.failed, run.output
        assert re.search("FAIL: localhost: rolled back, because localhost is worse off than before: TCP memory went from normal .* to critical", run.output)
        assert "1 host: 1 rolled back. Rolled back: localhost." in run.output
        assert running() == host_as_before
        assert not DROPIN.exists()


def test_way_back_is_taken_also_where_errors_are_ignored_and_the_next_use_of_the_role_knows_nothing_of_it(playbook, host_as_before, tmp_path):
    """A play of somebody else, that goes on with other thresholds."""
    vector = (4096, 6144, 8192)
    harm = {"ansible.builtin.import_role": {"name": "linux_net.socket_memory.tune_tcp"}, "ignore_errors": True,
            "vars": {"tune_tcp_workload": {"overrides": {"net.ipv4.tcp_mem": vector}}}}
    went_back = {"ansible.builtin.assert": {"that": "tune_tcp_result.settings | selectattr('status', 'equalto', 'restored') | list | length > 0"}}
    again = {"ansible.builtin.import_role": {"name": "linux_net.socket_memory.tune_tcp"}, "vars": {"tune_tcp_gate": False}}
    play = tmp_path / "play.json"
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [harm, went_back, again]}]))
    with tcp_pressure.load(tcp_pressure.STAGE_CONNECTIONS) as load, tcp_pressure.thresholds(*host_as_before["net.ipv4.tcp_mem"]):
        load.fill_with_nothing_left_to_send_until(lambda: tcp_pressure.used_pages() > vector[2] + tcp()["error_bound"]["pages"])
        run = playbook(str(play))
    assert not run.failed, run.output
    assert "FAIL: localhost: rolled back, because localhost is worse off than before" in run.output
    assert "PASS: localhost: 6 settings hold now and after the next boot." in run.output
    assert (run.recap("rescued"), run.recap("ignored")) == (1, 1)
    assert DROPIN.exists()


def test_gate_fails_the_host_that_sits_in_pressure(playbook, small_thresholds):
    """The thresholds asked for are those that run: they would not relieve it, so nothing is written until it is well."""
    workload = '{"tune_tcp_workload": {"overrides": {"net.ipv4.tcp_mem": [%d, %d, %d]}}}' % small_thresholds
    with tcp_pressure.load() as load:
        load.fill_until(tcp_pressure.kernel_flag)
        with load.kept_full():
            run = playbook("tune-tcp.yml", variables=workload)
        assert run.failed, run.output
        assert "FAIL: localhost: TCP memory is " in run.output
        assert "kernel flag yes" in run.output
        assert "Left as it was, because the recommended thresholds would not relieve its pressure: localhost." in run.output
        assert not DROPIN.exists()
        load.drain_until(lambda: not tcp_pressure.kernel_flag())
    assert not playbook("tune-tcp.yml", variables=workload).failed


def test_half_taken_vector_is_put_back(monkeypatch, host_as_before):
    """The kernel writes element by element: of a vector whose third element it refuses it keeps the first two."""
    monkeypatch.setattr(dropin_plan, "lint", lambda *arguments: [])  # which would refuse the number before the kernel can
    attempts = []

    def spy(progress):
        attempts.append(running()["net.ipv4.tcp_rmem"])
        return dropin_restore.restore(progress)

    monkeypatch.setattr(dropin_commit, "restore", spy)
    parameters = {"path": str(DROPIN), "state": "present", "content": "net.ipv4.tcp_rmem = 5000 140000 2147483648\n", "runtime": True,
                  "unavailable": "skip", "shadowed": "fail", "only_raise": False, "force": False, "check_mode": False}
    with pytest.raises(SocketMemoryError, match="the kernel refused 5000 140000 2147483648"):
        dropin.run(parameters)
    assert attempts[0][:2] == [5000, 140000]  # half-taken indeed
    assert running() == host_as_before
    assert not DROPIN.exists()
