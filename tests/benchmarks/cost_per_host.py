# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what a host costs, as ratios within one run: facts, a full tune, and twelve keys by ansible.posix.sysctl, each
against ping.

Every playbook runs in turn, round after round, against the same hosts: local ones that are all this machine, or those
of an inventory. From each the cost of an empty playbook is taken off, and in a second column that of the same playbook
with its tasks skipped: what is left then is what the tasks do, without what Ansible takes for having them. CPU is that
of the controller, and of the hosts where they are local. Absolute times say little on a busy machine, their ratios do.
With local hosts it also tells where the time goes, and what the hosts cost in memory of the controller.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from ansible_collections.linux_net.socket_memory.plugins.action.socket_memory_facts import reading  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import format_value  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils import fast_lane  # noqa: E402

from tests.support import this_host  # noqa: E402  (needs the path above)

LOOP = "12 keys by ansible.posix.sysctl"
KEYS_IN_LOOP = 12
TUNE = "tune"
ROLE = {"ansible.builtin.import_role": {"name": "linux_net.socket_memory.tune_tcp", "rolespec_validate": False}}
SERIAL = [1, "10%", "100%"]  # the batches of the playbook


def playbooks(settings, serial):
    """Return {name: a play, or the name of a playbook} of what is compared. settings: {key: value} for the loop of
    single keys; serial: of the tune.
    """
    tasks = {
        "ping": {"ansible.builtin.ping": None},
        "facts": {"linux_net.socket_memory.socket_memory_facts": None},
        TUNE: ROLE,
        LOOP: {
            "ansible.posix.sysctl": {
                "name": "{{ item.name }}",
                "value": "{{ item.value }}",
                "sysctl_file": "/etc/sysctl.d/98-loop.conf",
                "sysctl_set": True,
            },
            "loop": [{"name": key, "value": format_value(value)} for key, value in settings.items()],
        },
    }
    plays = {"empty": [{"ansible.builtin.meta": "noop"}]}
    for name, task in tasks.items():
        plays[name], plays[skipped(name)] = [task], [dict(task, when=False)]
    plays = {name: {"hosts": "all", "gather_facts": False, "tasks": play} for name, play in plays.items()}
    plays[skipped(TUNE)]["serial"] = serial
    return dict(plays, **{TUNE: "linux_net.socket_memory.tune_tcp"})


def skipped(name):
    """Return the name of the play *name* with its tasks skipped."""
    return name + ", skipped"


def measure(command, environment=None, text=""):
    """Return the CPU and wall seconds and the largest resident MiB of *command*. Raises SystemExit with its output
    where it fails.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as given:
        given.write(text)
        given.seek(0)
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=given, stdout=output, stderr=subprocess.STDOUT
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read())
    return {"CPU": usage.ru_utime + usage.ru_stime, "wall": wall, "MiB": usage.ru_maxrss / 1024}


def rounds_of(commands, environment, number):
    """Return {name: [measurement, ...]} of {name: command}, all in turn; a first round warms up, and is the one that
    changes something.
    """
    measured = {name: [] for name in commands}
    for turn in range(number + 1):
        for name, command in commands.items():
            result = measure(command, environment)
            if turn:
                measured[name].append(result)
    return measured


def spread(numbers, unit=""):
    """Return the median and the range of *numbers* as text."""
    return "%7.2f%s  (%.2f to %.2f)" % (statistics.median(numbers), unit, min(numbers), max(numbers))


def where_it_goes(rounds):
    """Print what the host's own work is made of: the script of the fast lane, and less and less of it."""
    text = fast_lane.script(reading({}), "")
    stages = (
        ("start of the interpreter", "pass"),
        ("decoding and loading the core", text.replace("module.read(", "dict(")),
        (
            "compiling it, where the Python is another",
            text.replace("module.read(", "dict(").replace("if same", "if False"),
        ),
        ("reading, and answering", text),
    )
    milliseconds = {name: [] for name, _script in stages}
    for _turn in range(10 * rounds):
        for name, script in stages:
            milliseconds[name].append(1000 * measure([sys.executable, "-I", "-S", "-"], text=script)["CPU"])
    start, loaded, compiled, whole = (statistics.median(milliseconds[name]) for name, _script in stages)
    print("\nCPU of all facts on the host, in ms, without what Ansible takes on the controller:")
    for (name, _script), cost in zip(stages, (start, loaded - start, compiled - loaded, whole - loaded)):
        print("%-45s %5.1f" % (name, cost))


def main():
    """Run the comparison and print one line per ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=40, help="local hosts")
    parser.add_argument("--inventory", help="other hosts than local ones: they are tuned for real")
    parser.add_argument(
        "--forks", type=int, default=1, help="local hosts are one machine, and its drop-ins have one lock"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--serial", nargs="+", default=SERIAL, help="the batches of the tune; 100%% for one, without a canary"
    )
    parser.add_argument("--collections", default="", help="where ansible.posix is, if not on the default path")
    arguments = parser.parse_args()
    if arguments.inventory:
        compare(arguments, arguments.inventory, [])
        return
    reason = this_host.why_not()
    if reason:
        raise SystemExit("%s: %s" % (pathlib.Path(__file__).name, reason))
    with tempfile.TemporaryDirectory() as folder, this_host.private_folders(), this_host.put_back():
        inventory = pathlib.Path(folder, "inventory.json")
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory.write_text(
            json.dumps({"all": {"hosts": {"host%d" % number: host for number in range(arguments.hosts)}}})
        )
        compare(arguments, str(inventory), ["--limit", "host0"])
    where_it_goes(arguments.rounds)


def compare(arguments, inventory, one_host):
    """Print the ratios for the hosts of *inventory*; with *one_host*, the arguments that choose one, also what each
    further host takes in memory.
    """
    # The values that this host has: the loop compares, as a tune does that finds all in place.
    settings = {key: value for key, value in this_host.running().items() if value is not None}
    settings = dict(list(settings.items())[:KEYS_IN_LOOP])
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(ROOT / "collections")] + [path for path in [arguments.collections] if path]
        environment = dict(
            os.environ,
            ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
            ANSIBLE_COLLECTIONS_PATH=":".join(paths),
            ANSIBLE_HOME=folder,
        )
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        commands = {}
        for name, playbook in playbooks(settings, arguments.serial).items():
            if isinstance(playbook, dict):
                play, playbook = playbook, os.path.join(folder, "%d.json" % len(commands))
                pathlib.Path(playbook).write_text(json.dumps([play]))
            commands[name] = [program, "--inventory", inventory, "--forks", str(arguments.forks), playbook]
        commands[TUNE] += ["--extra-vars", json.dumps({"tune_tcp_serial": arguments.serial})]
        measured = rounds_of(commands, environment, arguments.rounds)
        alone = {name: commands[name] + one_host for name in ("empty", "ping", "facts", TUNE)} if one_host else {}
        alone = rounds_of(alone, environment, 1)

    def ratios(name, other, unit, without):
        costs = [
            [one[unit] - less[unit] for one, less in zip(measured[which], measured[without(which)])]
            for which in (name, other)
        ]
        return spread([one / two for one, two in zip(*costs)])

    print(
        "%d rounds, median (smallest to largest): %s"
        % (arguments.rounds, "above an empty playbook; above the same one with its tasks skipped")
    )
    for name, other in (("facts", "ping"), (TUNE, "ping"), (LOOP, TUNE)):
        for unit in ("CPU", "wall"):
            both = [ratios(name, other, unit, without) for without in (lambda _name: "empty", skipped)]
            print("%-42s %-4s %s   %s" % ("%s / %s" % (name, other), unit, *both))
    for name in alone:
        more = measured[name][0]["MiB"] - alone[name][0]["MiB"]
        print(
            "%-45s %s"
            % (
                "controller, %s" % name,
                "%5.1f MiB with one host, %+.2f MiB with each further one"
                % (alone[name][0]["MiB"], more / (arguments.hosts - 1)),
            )
        )


if __name__ == "__main__":
    main()
