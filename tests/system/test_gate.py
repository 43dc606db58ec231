# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window and the gate against real pressure, real orphans, a real limit of a control group, and hosts that
cannot be reached.
"""

import contextlib
import functools
import itertools
import json
import pathlib
import re
import socket
import subprocess
import sys
import time

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.gate import judge
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import assemble as facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import observation as window

from ..support import tcp_pressure, udp_pressure
from ..support.this_host import write_running

CGROUPS = pathlib.Path("/sys/fs/cgroup/memory")
TICKS = 0.02  # seconds: two of the slowest kernel, which counts by them
TRIES = 20


@pytest.fixture
def observe(monkeypatch):
    """Return the facts of this machine, observed for *seconds*. steps: {number of a look: what is done before it,
    however long that takes}.
    """

    def observe(seconds, *subsets, steps=None):
        looks = itertools.count(1)

        def sleep(duration):
            time.sleep(duration)  # the parameter chooses the length of the window
            (steps or {}).get(next(looks), lambda: None)()

        with monkeypatch.context() as patched:
            patched.setattr(window, "observe", functools.partial(window.observe, sleep=sleep))
            return facts.run({"gather_subset": ["tcp", "udp", *subsets], "window": seconds})["ansible_facts"][
                "socket_memory"
            ]

    return observe


@pytest.fixture
def usage():
    """A usage that is held still, below all thresholds."""
    with tcp_pressure.held() as usage:
        yield usage


class Spike:
    """Leads the host into pressure and out of it, by connections that are filled and drained, and keeps the times.

    The kernel counts both in the network namespace of the program that caused it. If that is another one, the test
    repeats it.
    """

    def __init__(self, connections, below):
        self.connections, self.below = connections, below
        self.start = self.raised = self.falling = self.over = None

    def rise(self):
        self.start = self.start or time.monotonic()
        self._repeat(self._fill, self._drain, "TCPMemoryPressures")
        self.raised = time.monotonic()

    def fall(self):
        self.falling = time.monotonic()
        self._repeat(self._drain, self._fill, "TCPMemoryPressuresChrono")
        self.over = time.monotonic()

    def _fill(self):
        self.connections.fill_until(tcp_pressure.kernel_flag, tcp_pressure.LARGE_CHUNK)

    def _drain(self):
        self.connections.drain_until(
            lambda: self.connections.pages() < self.below and not tcp_pressure.kernel_flag(), tcp_pressure.LARGE_CHUNK
        )

    def _repeat(self, work, undo, counter):
        for _try in range(TRIES):
            before = tcp_pressure.counters()[counter]
            work()
            if tcp_pressure.counters()[counter] > before:
                return
            undo()
        raise RuntimeError("%s was counted elsewhere %d times" % (counter, TRIES))


def test_a_spike_that_ends_in_the_window_is_seen_and_does_not_fail(observe):
    """The kernel counts it, and how long it lasted, too."""
    unit = tcp_pressure.distance()
    with (
        tcp_pressure.thresholds(2 * unit, 3 * unit, 4 * unit),
        tcp_pressure.load(48, tcp_pressure.RECEIVE_BUFFER, tcp_pressure.SEND_BUFFER) as load,
    ):
        tcp_pressure.settle()
        spike = Spike(load, unit)
        seen = observe(2, steps={3: spike.rise, 10: spike.fall})
    tcp_pressure.settle()
    window = seen["window"]
    # Left alone, the kernel collapses queues and soon lets pressure be recovering.
    assert {"pressure", "recovering"} & {one["state"] for one in window["tcp"]["states"]}
    assert 0 < window["tcp"]["under_pressure"]["share"] < 1
    assert (
        window["tcp"]["used"]["peak"]["pages"]
        > seen["tcp"]["thresholds"]["low"]["pages"]
        > window["tcp"]["used"]["last"]["pages"]
    )
    assert window["counters"]["TCPMemoryPressures"] >= 1
    lasted = window["counters"]["TCPMemoryPressuresChrono"] / 1000
    assert spike.falling - spike.raised - TICKS < lasted < spike.over - spike.start + TICKS
    verdict = judge(seen)
    assert (verdict["verdict"], verdict["findings"][0]["id"]) == ("warn", "tcp-spike")
    assert not judge(seen, {"sustained": 0})["passes"]


def test_pressure_that_goes_on_fails_and_the_chrono_says_nothing_of_it(observe, usage):
    """The kernel adds the time only when pressure ends."""
    usage.enter("pressure", True, charge=True)
    seen = observe(1.5)
    assert seen["window"]["tcp"]["under_pressure"] == {
        "seconds": seen["window"]["seconds"],
        "share": 1.0,
        "unreadable_seconds": 0.0,
    }
    assert (
        seen["window"]["counters"]["TCPMemoryPressures"] == seen["window"]["counters"]["TCPMemoryPressuresChrono"] == 0
    )
    verdict = judge(seen)
    assert (verdict["verdict"], verdict["findings"][0]["id"]) == ("fail", "tcp-pressure")
    assert "for at least %.1f seconds, the whole window" % seen["window"]["seconds"] in verdict["message"]


def test_recovering_fails_where_the_same_numbers_on_the_way_up_do_not(observe, usage):
    """Both with a usage between low and pressure, held for the whole window."""
    up = usage.enter("soft", False, look=lambda: observe(0.5))
    usage.turn(True)
    down = usage.enter("recovering", True, look=lambda: observe(0.5))
    assert up["tcp"]["thresholds"] == down["tcp"]["thresholds"]
    for seen in (up, down):  # what is counted is what was charged for the connections, and little else
        assert abs(seen["tcp"]["used"]["pages"] - usage.pages) < tcp_pressure.distance()
    assert (judge(up)["verdict"], judge(up)["findings"][0]["id"]) == ("warn", "tcp-soft")
    assert (judge(down)["verdict"], judge(down)["findings"][0]["id"]) == ("fail", "tcp-recovering")


def test_a_flag_above_which_low_was_raised_is_stale_until_the_next_charge(observe, usage):
    """As after a tune on an idle host, which must not fail; keep-alives move segments and charge nothing."""
    usage.turn(True)
    look = usage.enter("stale", True, look=lambda: observe(0))
    assert (judge(look)["verdict"], judge(look)["findings"][0]["id"]) == ("warn", "tcp-stale")
    with (
        contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener,
        contextlib.closing(socket.create_connection(listener.getsockname())) as client,
        contextlib.closing(listener.accept()[0]) as server,
    ):
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
            client.setsockopt(socket.IPPROTO_TCP, option, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        usage.turn(True)  # to connect has charged
        idle = usage.enter("stale", True, look=lambda: observe(2.5))
        # Where other programs move more than that, it is an error; here the numbers are made those of a quiet host.
        assert idle["window"]["counters"]["TcpInSegs"] + idle["window"]["counters"]["TcpOutSegs"] >= 4
        idle["window"]["counters"].update(TcpInSegs=10, TcpOutSegs=10)
        assert {one["state"] for one in idle["window"]["tcp"]["states"]} == {"stale"}
        assert (judge(idle)["verdict"], judge(idle)["findings"][0]["id"]) == ("warn", "tcp-stale")
        client.send(b"x")
        assert server.recv(1) == b"x"
    assert not tcp_pressure.kernel_flag()


def test_udp_at_its_limit_warns_and_fails_where_it_drops(observe):
    """On 6.18 no counter but that of each socket tells."""
    with udp_pressure.limit(udp_pressure.LIMIT), udp_pressure.group() as group:
        group.send(20)
        still = observe(0.5)
        drops = observe(0.5, steps={1: lambda: group.send(3)})
    assert still["udp"]["state"] == drops["udp"]["state"] == "critical"
    assert (judge(still)["verdict"], judge(still)["findings"][0]["id"]) == ("warn", "udp-critical")
    assert drops["window"]["counters"]["UdpDrops"] >= 2 * udp_pressure.SOCKETS
    verdict = judge(drops)
    assert (verdict["verdict"], verdict["findings"][0]["id"]) == ("fail", "udp-critical")
    assert "datagrams were dropped in the window" in verdict["message"]
    assert judge(drops, {"udp": "warn"})["verdict"] == "warn"


def test_orphans_that_the_kernel_resets_are_in_its_log(observe):
    """Of connections closed with unsent data: those closed when it knows that there are too many, the others by their
    next probe.

    It counts them every 100 ms (net/ipv4/tcp.c tcp_orphan_update), an idle processor later, and says so ten times in 5
    seconds at most, perhaps of another program (net/core/utils.c net_ratelimit_state): so there are more of them until
    it did both.
    """
    text = "TCP: too many orphaned sockets"
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(contextlib.closing(socket.socket()))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)

        def leave_orphans():
            senders = []
            for _number in range(20):
                sender = socket.create_connection(listener.getsockname())
                stack.enter_context(contextlib.closing(listener.accept()[0]))
                sender.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    sender.send(b"x" * 300000)
                senders.append(sender)
            for sender in senders:
                sender.close()

        def until_they_are_reset():
            before = tcp_pressure.counters()["TCPAbortOnMemory"]

            def reset_and_said():
                leave_orphans()
                said = facts.run({"gather_subset": ["kernel_log"]})["ansible_facts"]["socket_memory"]["kernel_log"]
                return tcp_pressure.counters()["TCPAbortOnMemory"] > before and any(
                    message["text"] == text and message["last_age_seconds"] < time.monotonic() - start
                    for message in said
                )

            tcp_pressure.wait_until(reset_and_said, "the kernel resets orphans and says so")

        write_running({"net.ipv4.tcp_max_orphans": 10})
        seen = observe(0.5, "kernel_log", steps={2: until_they_are_reset})
    assert seen["window"]["counters"]["TCPAbortOnMemory"] > 0
    assert text in [message["text"] for message in seen["kernel_log"]]
    verdict = judge(seen, {"kernel_log": "fail", "kernel_log_seconds": time.monotonic() - start})
    assert "kernel-log" in [one["id"] for one in verdict["findings"] if one["severity"] == "error"]


@pytest.mark.skipif(
    not (CGROUPS / "memory.kmem.tcp.limit_in_bytes").exists(), reason="needs control groups of version 1"
)
def test_a_control_group_at_its_limit_is_found_while_the_flag_says_no(observe):
    """A program in a group with 1 MiB for sockets fills connections that nobody reads."""
    group = CGROUPS / "socket-memory-test"
    group.mkdir()
    program = """
import contextlib, os, socket, sys
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
listener = socket.create_server(("127.0.0.1", 0))
pairs = [(socket.create_connection(listener.getsockname()), listener.accept()[0]) for number in range(8)]
for sender, receiver in pairs:
    sender.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            sender.send(b"x" * 65536)
print("full", flush=True)
sys.stdin.read()
"""
    try:
        (group / "memory.kmem.tcp.limit_in_bytes").write_text(str(1 << 20))
        with subprocess.Popen(
            [sys.executable, "-c", program, str(group)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == "full\n"
            seen = observe(0.5, "cgroups")
            process.stdin.close()
        found = [one for one in seen["cgroups"]["groups"] if one["path"] == "/socket-memory-test"]
        assert found and found[0]["max_bytes"] == 1 << 20
        assert seen["tcp"]["kernel_flag"] is False
        verdict = judge(seen, {"cgroups": "fail"})
        assert (verdict["verdict"], verdict["findings"][0]["id"]) == ("fail", "cgroup-pressure"), found
        assert judge(seen)["passes"]
    finally:
        group.rmdir()


@pytest.fixture
def gate(playbook, tmp_path):
    """Run the role on local hosts, those in *lost* out of reach. Returns a Run."""

    def run(hosts, lost=(), serial=None, **variables):
        inventory = tmp_path / "inventory.json"
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        nowhere = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
        inventory.write_text(
            json.dumps(
                {"all": {"hosts": {"host%d" % number: nowhere if number in lost else local for number in range(hosts)}}}
            )
        )
        play = {"hosts": "all", "gather_facts": False, "roles": ["linux_net.socket_memory.pressure_gate"]}
        path = tmp_path / "gate.json"
        path.write_text(json.dumps([dict(play, **({"serial": serial} if serial else {}))]))
        return playbook(
            str(path),
            "--inventory",
            str(inventory),
            variables=json.dumps(dict({"pressure_gate_window": 0}, **variables)),
        )

    return run


@pytest.mark.parametrize("lane", [True, False])
def test_the_role_fails_a_host_that_stays_in_pressure_in_both_lanes(gate, usage, lane):
    """And says so in one paragraph; report-only says the same and passes."""
    usage.enter("pressure", True, charge=True)
    failed = gate(1, pressure_gate_window=1, socket_memory_fast_lane=lane)
    reported = gate(1, pressure_gate_window=1, socket_memory_fast_lane=lane, pressure_gate_report_only=True)
    assert failed.failed
    assert "FAIL: host0: TCP memory is under pressure: " in failed.output
    assert re.search(r"It was so at both ends of \d+\.\d seconds", failed.output)
    assert not reported.failed
    assert "FAIL: host0: TCP memory is under pressure: " in reported.output


def test_a_good_host_takes_one_line(gate):
    """Of its own, in a fleet."""
    run = gate(3, pressure_gate_cgroups="warn", pressure_gate_kernel_log="warn", pressure_gate_kernel_log_seconds=0)
    assert not run.failed, run.output
    for number in range(3):
        assert "PASS: host%d: TCP memory is normal: " % number in run.output


def test_a_budget_tolerates_single_hosts_and_counts_those_out_of_reach(gate):
    """Batch after batch; hosts of later batches are not yet counted, and never reached once there are too many."""
    within = gate(6, lost=(1, 5), serial=2, pressure_gate_fleet_budget=2)
    assert "PASS: fleet: 1 of 2 hosts do not pass, 2 of 6 are tolerated (not-read: host1)." in within.output
    assert "PASS: fleet: 1 of 4 hosts do not pass" in within.output
    assert "PASS: fleet: 2 of 6 hosts do not pass, 2 of 6 are tolerated (not-read: host1, host5)." in within.output
    above = gate(6, lost=(1, 2), serial=3, pressure_gate_fleet_budget="20 %")
    assert above.failed
    assert "FAIL: fleet: 2 of 3 hosts do not pass, 1 of 6 are tolerated (not-read: host1, host2)." in above.output
    assert "host4: TCP memory" not in above.output


def test_a_budget_tolerates_pressure_until_it_is_too_much(gate):
    """Here every host is this machine, and normal is what fails."""
    states = {"pressure_gate_fail_states": ["normal", "soft"]}
    tolerant = gate(3, pressure_gate_fleet_budget=3, **states)
    assert not tolerant.failed, tolerant.output
    assert "FAIL: host0: TCP memory is " in tolerant.output
    assert gate(3, pressure_gate_fleet_budget=2, **states).failed
    assert not gate(3, pressure_gate_fleet_budget=2, pressure_gate_report_only=True, **states).failed
    assert gate(1, **states).failed
