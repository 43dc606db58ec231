# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same inputs for all targets each time, and proof that the fuzzer finds what it is there for. For more: run.py."""

import pickle

import pytest

from . import run, targets

SEED, INPUTS = 20261125, 20000


def test_no_input_is_a_fault():
    counts, faults, _slow = run.fuzz(INPUTS, SEED)
    assert faults == [], "python tests/fuzz/run.py --inputs %d --seed %d" % (INPUTS, SEED)
    assert sum(number for (_name, kind), number in counts.items() if kind == "tried") == INPUTS
    assert all(counts[name, "tried"] > INPUTS / 50 for name in targets.TARGETS)
    assert 0 < sum(counts[name, "refused"] for name in targets.TARGETS) < INPUTS / 2  # or none of them gets far


def endless(_given):
    while True:
        pass


@pytest.mark.parametrize(
    "what, fault",
    [
        (lambda given: int("9" * given), "ValueError at test_fuzz.py"),
        (lambda given: "x" * 2**30, "MemoryError at test_fuzz.py"),
        (lambda given: {"number": 2**64}, "AssertionError at targets.py"),
        (lambda given: float("nan"), "ValueError at "),
        (lambda given: ["x" * 10**5], "AssertionError at targets.py"),
        (endless, "did not end within"),
        (lambda given: given, None),
    ],
)
def test_a_fault_is_found(monkeypatch, what, fault):
    monkeypatch.setattr(
        targets, "TARGETS", {"one": targets.Target(lambda chance: 10 if chance.random() < 0.5 else 10000, what)}
    )
    monkeypatch.setattr(run, "ENDLESS", 0.1)
    counts, faults, _slow = run.fuzz(20, 7, workers=1)
    assert counts["one", "tried"] == 20
    assert (
        (len(faults) > 2 and all(found.startswith(fault) for _name, _number, found in faults))
        if fault
        else faults == []
    )


def written(given):
    """Return the input *given* in a form that can be compared, however deep it nests."""
    try:
        return pickle.dumps(given)
    except RecursionError:
        return "too deep"


def test_an_input_is_made_again_from_its_seed_and_number():
    for number in range(200):
        name = run.name_of(7, number)
        assert name == run.name_of(7, number) and written(run.make(name, 7, number)) == written(
            run.make(name, 7, number)
        )
