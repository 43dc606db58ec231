# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every controller reaches every host: also those whose Python 3.6 it refuses for its own modules, and in the ways
fleets are reached.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests" / "hosts"))
import fleet  # noqa: E402  (needs the path above)

# Folders with an ansible-playbook, separated like PATH; the one that runs this test if none are named.
CONTROLLERS = os.environ.get("FLEET_CONTROLLERS", os.path.dirname(sys.executable)).split(os.pathsep)
SUDO = {"ansible_user": "admin", "ansible_become_password": "secret"}
WAYS = {
    "as root": {},
    "without pipelining": {"ansible_ssh_pipelining": False},
    "sudo that asks for a password, below a shell that prints a banner": SUDO,
    "the same without pipelining": dict(SUDO, ansible_ssh_pipelining=False),
    "su": {"ansible_user": "admin", "ansible_become_method": "su", "ansible_become_password": "secret"},
    "without a named Python": {"ansible_python_interpreter": "auto"},
}


DROPIN = {"tune_tcp_dropin": "/etc/sysctl.d/z-controllers.conf"}


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """An inventory with one host of each kind for each of WAYS, and a user admin on them that must give a password
    and whose shell talks.
    """
    inventory = json.loads(fleet.INVENTORY.read_text())["all"]
    hosts = inventory["children"]["fleet"]["hosts"]
    hosts = {name: hosts[name] for name in {fleet.HOSTS[name]["kind"]: name for name in hosts}.values()}
    for name in hosts:
        on_host(
            name,
            "id admin 2>/dev/null || useradd --create-home --shell /bin/bash admin; printf "
            "'admin:secret\\nroot:secret\\n' | chpasswd; echo 'admin ALL=(ALL) ALL' > /etc/sudoers.d/admin; cp -r "
            "/root/.ssh /home/admin/; chown -R admin /home/admin/.ssh; echo 'echo \"### Authorized use only {{ 7 * 7 "
            "}} ###\"' > /home/admin/.bashrc",
        )
    inventory["children"] = {
        "way%d" % number: {"hosts": {"%s-%d" % (name, number): dict(hosts[name], **way) for name in hosts}}
        for number, way in enumerate(WAYS.values())
    }
    path = tmp_path_factory.mktemp("controllers") / "inventory.json"
    path.write_text(json.dumps({"all": inventory}))
    return path


def on_host(name, command):
    """Run *command* on the host."""
    subprocess.run(
        [sys.executable, fleet.__file__, "shell", name, command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def run(controller, *arguments):
    """Run ansible-playbook of *controller*."""
    process = subprocess.run(
        [controller + "/ansible-playbook", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout


@pytest.mark.parametrize("controller", CONTROLLERS, ids=lambda path: path.rsplit("controller-", 1)[-1])
def test_controller_tunes_and_finds_nothing_to_do_again(inventory, controller, tmp_path):
    """In each way. A value of its own each time, so that there is something to write; then nothing."""
    plays = []
    for number, way in enumerate(WAYS):
        timeout = 20 + CONTROLLERS.index(controller) * len(WAYS) + number
        variables = dict(
            DROPIN,
            target="way%d" % number,
            tune_tcp_serial="100%",
            tune_tcp_workload={"overrides": {"net.ipv4.tcp_fin_timeout": timeout}},
        )
        for outcome in ("changed", "not changed"):
            plays.append({"import_playbook": str(ROOT / "tune-tcp.yml"), "vars": variables})
            plays.append(
                {
                    "name": way,
                    "hosts": "way%d" % number,
                    "gather_facts": False,
                    "tasks": [{"name": outcome, "ansible.builtin.assert": {"that": "tune_tcp_result is " + outcome}}],
                }
            )
    playbook = tmp_path / "every-way.json"
    playbook.write_text(json.dumps(plays))
    run(controller, "-i", inventory, playbook)


def test_take_it_back(inventory):
    """And leave the hosts to the next test as they were."""
    run(CONTROLLERS[0], "-i", inventory, "-l", "way0", "-e", json.dumps(DROPIN), "linux_net.socket_memory.rollback")
