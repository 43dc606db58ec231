# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints how long the gate takes for many hosts with a window of observation, beyond the window, in runs that only read
the facts.

Both run in turn against the same local hosts, --forks of them at a time. All hosts share one window, so the gate should
take the window and at most 2.5 times such a run. Changes nothing.
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
FACTS = [{"linux_net.socket_memory.socket_memory_facts": None}]
GATE = [{"ansible.builtin.import_role": {"name": "linux_net.socket_memory.pressure_gate"}}]


def main():
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--forks", type=int, help="hosts at a time, all unless it is given")
    parser.add_argument("--window", type=float, default=5, help="seconds")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    taken = {"facts": [], "gate": []}
    with tempfile.TemporaryDirectory() as folder:
        inventory = pathlib.Path(folder, "inventory.json")
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory.write_text(
            json.dumps(
                {
                    "all": {
                        "hosts": {"host%d" % number: host for number in range(arguments.hosts)},
                        "vars": {"pressure_gate_window": arguments.window, "pressure_gate_report_only": True},
                    }
                }
            )
        )  # whatever happens to this machine meanwhile
        environment = dict(
            os.environ,
            ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
            ANSIBLE_COLLECTIONS_PATH=str(ROOT / "collections"),
            ANSIBLE_HOME=folder,
        )
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        for number in range(arguments.rounds + 1):
            for name, tasks in (("facts", FACTS), ("gate", GATE)):
                path = pathlib.Path(folder, name + ".json")
                path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
                started = time.monotonic()
                process = subprocess.run(
                    [
                        program,
                        "--inventory",
                        str(inventory),
                        "--forks",
                        str(arguments.forks or arguments.hosts),
                        str(path),
                    ],
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                )
                if process.returncode:
                    raise SystemExit(process.stdout)
                if number:  # the first round warms up
                    taken[name].append(time.monotonic() - started)
    ratios = [(gate - arguments.window) / facts for gate, facts in zip(taken["gate"], taken["facts"])]
    print(
        "%d hosts: facts %.2f s, gate with a window of %g s %.2f s: (gate - window) / facts %.2f (%.2f to %.2f)"
        % (
            arguments.hosts,
            statistics.median(taken["facts"]),
            arguments.window,
            statistics.median(taken["gate"]),
            statistics.median(ratios),
            min(ratios),
            max(ratios),
        )
    )


if __name__ == "__main__":
    main()
