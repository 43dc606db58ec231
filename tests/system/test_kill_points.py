# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transaction is killed before each of its system calls: nothing is torn, and every way leads on and back."""

import functools
import itertools
import re

import pytest

from ..support.kill_points import stop_before
from ..support.this_host import private_network
from ..support.transaction import DROPIN, Machine, attempt, run

KEYS = tuple("net.ipv4.tcp_" + name for name in ("rmem", "fin_timeout", "tw_reuse"))
FOREIGN = "# of somebody else\nnet.ipv4.tcp_fin_timeout = 45\n"
FIRST = "net.ipv4.tcp_rmem = 4096 131072 8388608\nnet.ipv4.tcp_fin_timeout = 30\n"
SECOND = (
    "net.ipv4.tcp_rmem = 4096 262144 16777216\nnet.ipv4.tcp_tw_reuse = 1\n"  # one key changes, one leaves, one comes
)
REFUSED = SECOND.replace("reuse = 1", "reuse = 3")  # the kernel takes 0, 1 and 2
THIRD = "net.ipv4.tcp_tw_reuse = 0\n"


def kinds(taken):
    """Return *taken* as something to compare, without the process id in the name of a temporary file."""
    files, values = taken
    return str(sorted((re.sub(r"\d+$", "", str(path)), content) for path, content in files.items())), str(values)


def killed_everywhere(machine, begin, work, step=1):
    """Kill work() before its system calls, every one or every *step*-th. Returns (how many, {kind: a state of the
    machine it left}).
    """
    left = {}
    for number in itertools.count(0, step):
        machine.bring(begin)
        if not stop_before(number, work):
            return number // step, left
        state = machine.take()
        left.setdefault(kinds(state), state)


def judge(machine, begin, end, left, work, original, steps):
    """Look at every state *left* by a kill. original, steps: the points that a way back may lead to."""
    whole = [begin[0].get(DROPIN), end[0].get(DROPIN), work.get("content", "").encode()]
    for state in left.values():
        files = state[0]
        assert files.get(DROPIN) in whole
        read_at_boot = [
            path
            for path in files
            if path.parent == DROPIN.parent and path.name.endswith(".conf") and not path.name.startswith(".")
        ]
        assert read_at_boot in ([], [DROPIN])

        machine.bring(state)
        attempt(**work)
        assert machine.take() == end  # also the record, and no leftover
        machine.bring(state)
        attempt()
        assert machine.point() == original
        machine.bring(state)
        refused = attempt(state="previous")
        if refused:  # restoring the original did not end: it can only be ended
            assert not work
            assert "found no saved state from before the last run" in refused
            assert machine.take() == state
        else:
            assert machine.point() in steps
        machine.bring(state)
        run(THIRD)
        assert machine.point()[0] == THIRD
        assert not run(THIRD)["changed"]
        run()
        assert machine.point() == original


@pytest.fixture
def machine():
    """The keys of a network namespace of our own."""
    with private_network():
        yield Machine(KEYS)


@pytest.mark.parametrize(
    "foreign, earlier, work",
    [
        (None, (), {"content": FIRST}),
        (FOREIGN, (), {"content": FIRST}),
        (None, (FIRST,), {"content": SECOND}),
        (FOREIGN, (FIRST,), {"content": REFUSED}),
        (None, (FIRST, SECOND), {}),
        (FOREIGN, (FIRST, SECOND), {}),
        (None, (FIRST, SECOND), {"state": "previous"}),
        (FOREIGN, (FIRST,), {"state": "previous"}),
    ],
    ids=[
        "first",
        "first over a file",
        "change",
        "refused",
        "absent",
        "absent with a file",
        "previous",
        "previous with a file",
    ],
)
def test_killed_before_every_system_call(machine, foreign, earlier, work):
    """Old or new file, nothing else read at boot; a re-run, both ways back and another content all get through."""
    if foreign:
        DROPIN.write_text(foreign)
    steps = [machine.point()]
    for content in earlier:
        run(content)
        steps.append(machine.point())
    begin = machine.take()
    refused = attempt(**work)
    end = machine.take()
    assert (refused or "").count("the kernel refused 3 (Invalid argument)") == (work.get("content") == REFUSED)
    if refused:
        assert end == begin
    points, left = killed_everywhere(machine, begin, functools.partial(attempt, **work))
    assert points > 100
    assert len(left) > 5
    judge(machine, begin, end, left, work, steps[0], steps)


def test_killed_while_tcp_mem_is_set():
    """The thresholds of this machine itself: only the initial network namespace has them. Some of the points."""
    key = "net.ipv4.tcp_mem"
    machine = Machine((key,))
    begin, original = machine.take(), machine.point()
    work = {"content": "%s = %s\n" % (key, " ".join(str(number + 256) for number in original[1][key]))}
    run(**work)
    end = machine.take()
    points, left = killed_everywhere(machine, begin, functools.partial(attempt, **work), step=8)
    assert points > 20
    assert {values[key][0] - original[1][key][0] for _files, values in left.values()} == {0, 256}
    judge(machine, begin, end, left, work, original, [original])
