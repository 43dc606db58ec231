# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what a host costs, as ratios within one run: facts, a full tune, and the same keys by ansible.posix.sysctl, each against ping.

Every playbook runs in turn, round after round, against the same local hosts, with its tasks run and with its tasks skipped. "Whole" is
the cost above an empty playbook; "work" the cost above the same tasks skipped, that is without what Ansible takes for any task. CPU
is that of controller and target together, which here are one machine. Absolute times say little on a busy machine, their ratios do.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import run as gather  # noqa: E402
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sysctl_keys import format_value  # noqa: E402

from tests.support import this_host  # noqa: E402  (needs the path above)

LOOP = "loop of ansible.posix.sysctl"
NOTHING = [{"ansible.builtin.meta": "noop"}]


def playbooks(settings):
    """Return {name: tasks} of what is compared. settings: {key: value} for the loop of single keys."""
    return {
        "ping": [{"ansible.builtin.ping": None}],
        "facts": [{"linux_net.socket_memory.socket_memory_facts": None}],
        "tune": [{"ansible.builtin.import_role": {"name": "linux_net.socket_memory.tune_tcp"}}],
        LOOP: [{
            "ansible.posix.sysctl": {"name": "{{ item.name }}", "value": "{{ item.value }}", "sysctl_file": "/etc/sysctl.d/98-loop.conf", "sysctl_set": True},
            "loop": [{"name": key, "value": format_value(value)} for key, value in settings.items()],
        }],
    }


def measure(command, environment):
    """Return the (CPU, wall) seconds of *command*. Raises SystemExit with its output where it fails."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(process.stdout)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main():
    """Run the comparison and print one line per ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--collections", default="", help="where ansible.posix is, if not on the default path")
    arguments = parser.parse_args()
    reason = this_host.why_not()
    if reason:
        raise SystemExit("%s: %s" % (pathlib.Path(__file__).name, reason))
    settings = gather({"gather_subset": ["recommended"]})["ansible_facts"]["socket_memory"]["recommended"]["settings"]
    seconds = {}
    with tempfile.TemporaryDirectory() as folder, this_host.private_folders(), this_host.put_back():
        inventory = pathlib.Path(folder, "inventory.json")
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory.write_text(json.dumps({"all": {"hosts": {"host%d" % number: host for number in range(arguments.hosts)}}}))
        paths = [str(ROOT / "collections")] + [path for path in [arguments.collections] if path]
        environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_COLLECTIONS_PATH=":".join(paths), ANSIBLE_HOME=folder)
        commands = {}
        for name, tasks in playbooks(settings).items():
            for variant, variant_tasks in (("run", tasks), ("skipped", [dict(task, when=False) for task in tasks])):
                commands[name, variant] = variant_tasks
        commands["empty", "run"] = NOTHING
        for (name, variant), tasks in commands.items():
            path = pathlib.Path(folder, "%s-%s.json" % (name, variant))
            path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
            # One host at a time: they are all this machine, and its drop-ins have one lock.
            program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
            commands[name, variant] = [program, "--inventory", str(inventory), "--forks", "1", str(path)]
        for number in range(arguments.rounds + 1):
            for key, command in commands.items():
                result = measure(command, environment)
                if number:  # the first round warms up, and is the one that changes something
                    seconds.setdefault(key, []).append(result)

    def cost(name, column, baseline):
        return [one[column] - other[column] for one, other in zip(seconds[name, "run"], seconds[baseline])]

    print("%d hosts, %d rounds, per host: median (smallest to largest)" % (arguments.hosts, arguments.rounds))
    for name, other in (("facts", "ping"), ("tune", "ping"), (LOOP, "tune")):
        for title, baselines in (("whole", [("empty", "run")] * 2), ("work", [(name, "skipped"), (other, "skipped")])):
            for column, unit in enumerate(("CPU", "wall")):
                ratios = [one / two for one, two in zip(cost(name, column, baselines[0]), cost(other, column, baselines[1]))]
                print("%-40s %-5s %-4s %6.2f  (%.2f to %.2f)" % (
                    "%s / %s" % (name, other), title, unit, statistics.median(ratios), min(ratios), max(ratios)))
    for name in playbooks(settings):
        whole, work = (1000 * statistics.median(cost(name, 0, baseline)) / arguments.hosts for baseline in (("empty", "run"), (name, "skipped")))
        print("%-40s whole CPU  %5.0f ms, work CPU %5.0f ms" % (name, whole, work))


if __name__ == "__main__":
    main()
