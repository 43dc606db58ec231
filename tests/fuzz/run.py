# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fuzz all that takes text of a host or of a person: random inputs, made from the seed and a number.

    python tests/fuzz/run.py --inputs 1000000 --seed 7     # all of them, on all processors
    python tests/fuzz/run.py --again "sysctl.d:7:4711"     # one of them: target, seed, number

A fault is an exception other than a refusal, an answer out of its bounds, more than a second of processor time when
tried again alone, or more memory than MEMORY. The input of each is left in a file.
"""

import argparse
import collections
import contextlib
import multiprocessing
import os
import pathlib
import random
import resource
import signal
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "collections")]
    __package__ = "tests.fuzz"

from . import targets  # noqa: E402

SLOW = 1.0  # seconds of processor time
ENDLESS = 60  # the same, from which on an input is not waited for
MEMORY = 512 * 1024 * 1024  # bytes of address space that a process may need on top of what it has when it starts
FOLDER = ROOT / ".cache" / "fuzz"
CHUNK = 500  # inputs that a process takes at a time


class Endless(BaseException):
    """Raised in an input that does not end, past all that the code may catch."""


def make(name, seed, number):
    """Return the input of that number."""
    return targets.TARGETS[name].make(random.Random("%s:%d:%d" % (name, seed, number)))


def name_of(seed, number):
    """Return the name of the target of the input of that number."""
    names = [name for name, target in targets.TARGETS.items() for _time in range(target.weight)]
    return random.Random("%d:%d" % (seed, number)).choice(names)


def attempt(name, seed, number):
    """Try one input. Return (whether it was refused, None or what is wrong with it, seconds of processor time)."""
    given = make(name, seed, number)
    start = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, ENDLESS)
    refused, fault = False, None
    try:
        refused = targets.try_input(name, given)
    except Endless:
        fault = "did not end within %d seconds of processor time" % ENDLESS
    except Exception as error:  # that is what is looked for
        frames = traceback.extract_tb(error.__traceback__)[:-5:-1]
        places = ["%s:%d" % (os.path.basename(frame.filename), frame.lineno) for frame in frames]
        fault = "%s at %s: %.300s" % (type(error).__name__, " < ".join(places), error)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return refused, fault, time.process_time() - start


def _stop(_signal, _frame):
    raise Endless


def prepare():
    """Bound the memory of this process, and let what does not end be ended."""
    signal.signal(signal.SIGVTALRM, _stop)
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)


def chunk(work):
    """Try the inputs of some numbers; work: (seed, the first of them, the one behind the last).

    Return (counts, faults, slow): {(target, "tried" or "refused"): number}, [(target, number, fault), …], and
    [(target, number, seconds), …] of those that took more than SLOW.
    """
    seed, first, end = work
    counts, faults, slow = collections.Counter(), [], []
    for number in range(first, end):
        name = name_of(seed, number)
        refused, fault, seconds = attempt(name, seed, number)
        counts[name, "tried"] += 1
        counts[name, "refused"] += refused
        if fault:
            faults.append((name, number, fault))
        elif seconds > SLOW:
            slow.append((name, number, seconds))
    return counts, faults, slow


def fuzz(inputs, seed, workers=None):
    """Try that many *inputs*, in that many processes. Return what chunk does for all of them."""
    work = [(seed, first, min(inputs, first + CHUNK)) for first in range(0, inputs, CHUNK)]
    counts, faults, slow = collections.Counter(), [], []
    with multiprocessing.get_context("fork").Pool(workers, prepare) as pool:
        for found in pool.imap_unordered(chunk, work):
            counts.update(found[0])
            faults += found[1]
            slow += found[2]
    return counts, sorted(faults), sorted(slow)


def keep(name, seed, number):
    """Leave the input in a file, for people to read, and return its path; None where Python cannot print it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / ("%s-%d-%d.txt" % (name.replace(" ", "-"), seed, number))
    getattr(sys, "set_int_max_str_digits", lambda _most: None)(0)
    try:
        path.write_text(repr(make(name, seed, number)), encoding="utf-8", errors="backslashreplace")
    except RecursionError:
        return None
    return path


def main():
    """Fuzz, and print the seed, what was tried, and each fault with what makes it again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--workers", type=int, help="processes; one for each processor without it")
    parser.add_argument("--again", metavar="TARGET:SEED:NUMBER", help="try one input alone")
    arguments = parser.parse_args()
    if arguments.again:
        name, seed, number = arguments.again.rsplit(":", 2)
        prepare()
        given = make(name, int(seed), int(number))
        with contextlib.suppress(RecursionError, ValueError):  # too deep, or a number of too many digits
            print("%.2000r" % (given,))
        start = time.process_time()
        print("refused" if targets.try_input(name, given) else "taken", "in %.3f s" % (time.process_time() - start))
        return 0
    print("seed %d, %d inputs, Python %s" % (arguments.seed, arguments.inputs, sys.version.split()[0]), flush=True)
    start = time.time()
    counts, faults, slow = fuzz(arguments.inputs, arguments.seed, arguments.workers)
    signal.signal(signal.SIGVTALRM, _stop)
    for name, number, seconds in slow:
        alone = attempt(name, arguments.seed, number)[2]
        if alone > SLOW:
            faults.append((name, number, "%.2f s of processor time, alone %.2f s" % (seconds, alone)))
    for name in targets.TARGETS:
        print("%-16s %8d tried %8d refused" % (name, counts[name, "tried"], counts[name, "refused"]))
    tried, refused = (sum(counts[name, kind] for name in targets.TARGETS) for kind in ("tried", "refused"))
    print(
        "%-16s %8d tried %8d refused, %d slow at first, %d faults, %.0f s"
        % ("all", tried, refused, len(slow), len(faults), time.time() - start)
    )
    kinds = {}
    for name, number, fault in faults:
        kinds.setdefault((name, fault.split(": ")[0]), []).append((number, fault))
    for (name, _where), alike in list(kinds.items())[:50]:
        number, fault = alike[0]
        print(
            '%d times %s\n    python tests/fuzz/run.py --again "%s:%d:%d"\n    %s'
            % (len(alike), fault, name, arguments.seed, number, keep(name, arguments.seed, number))
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
