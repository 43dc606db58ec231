# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what it costs a host to find out what the next boot sets, from 60 files with 1,500 lines, within the facts
run.

It is the CPU of the facts run with the fact boot less that of the same run without it, so the code for it, which the
host compiles, is in it. The ratios are to a Python that does nothing and to the facts run without it.
"""

import argparse
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from ansible_collections.linux_net.socket_memory.plugins.action.socket_memory_facts import reading  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.assemble import SUBSETS  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils import fast_lane  # noqa: E402

from tests.support import this_host  # noqa: E402  (needs the path above)

FILES, LINES = 60, 25  # and lines in each
TARGET = 15  # milliseconds of CPU
OTHERS = (
    "kernel.pid_max",
    "fs.file-max",
    "vm.swappiness",
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv6.conf.default.accept_ra",
)


def plant(folder):
    """Fill *folder* with the files of a host: comments, other keys, and managed keys again and again."""
    chance = random.Random(1)
    for number in range(FILES):
        lines = []
        for place in range(LINES):
            key = chance.choice(sorted(KEYS))
            value = "%d %d %d" % (place + 1, 2000, 3000) if KEYS[key].fields else "%d" % (5000 + place)
            lines.append(
                chance.choice(
                    [
                        "# set for a reason that somebody once wrote down here\n",
                        "%s = 1\n" % chance.choice(OTHERS),
                        "%s = %s\n" % (key, value),
                    ]
                )
            )
        (folder / ("%02d-file.conf" % number)).write_text("".join(lines), encoding="utf-8")


def cpu(command, text):
    """Return the CPU milliseconds of *command* with *text* on its standard input."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=text, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def script(subsets):
    """Return what the fast lane sends to a host for these *subsets*."""
    return fast_lane.script(reading({"gather_subset": subsets}), "<mark>").encode()


def main():
    """Run the comparison and print one line per number."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="the Python of the host")
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    if os.geteuid():
        raise SystemExit("%s: needs root, for a folder of its own over /etc/sysctl.d" % pathlib.Path(__file__).name)
    without = [subset for subset in SUBSETS if "boot" not in SUBSETS[subset]]
    python = [arguments.python, "-I", "-S"]
    commands = {
        "bare": (python + ["-c", "pass"], b""),
        "without": (python + ["-"], script(without)),
        "with": (python + ["-"], script(without + ["boot"])),
    }
    with this_host.private_folders():
        plant(this_host.FOLDERS[0])
        seconds = {name: [] for name in commands}
        for _round in range(arguments.rounds):
            for name, command in commands.items():
                seconds[name].append(cpu(*command))
    bare, without, whole = (statistics.median(seconds[name]) for name in ("bare", "without", "with"))
    print("%d files, %d lines, %d rounds, medians of CPU" % (FILES, FILES * LINES, arguments.rounds))
    print("a Python that does nothing       %6.1f ms" % bare)
    print("facts without boot               %6.1f ms" % without)
    print("boot on top of that              %6.1f ms  (target: below %d ms)" % (whole - without, TARGET))
    print("boot / a Python that does nothing %5.2f" % ((whole - without) / bare))
    print("boot / facts without boot         %5.2f" % ((whole - without) / without))


if __name__ == "__main__":
    main()
