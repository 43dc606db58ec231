# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every controller reaches every host: also those whose Python 3.6 it refuses for its own modules, and in the ways fleets are reached."""

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


@pytest.fixture(scope="module")
def hosts():
    """The names of one host of each kind, with a user admin that must give a password and whose shell talks."""
    names = list(json.loads(fleet.INVENTORY.read_text())["all"]["children"]["fleet"]["hosts"])
    names = list({fleet.HOSTS[name]["kind"]: name for name in names}.values())
    for name in names:
        on_host(name, "id admin 2>/dev/null || useradd --create-home --shell /bin/bash admin; printf 'admin:secret\\nroot:secret\\n' | chpasswd; "
                      "echo 'admin ALL=(ALL) ALL' > /etc/sudoers.d/admin; cp -r /root/.ssh /home/admin/; chown -R admin /home/admin/.ssh; "
                      "echo 'echo \"### Authorized use only {{ 7 * 7 }} ###\"' > /home/admin/.bashrc")
    return names


def on_host(name, command):
    """Run *command* on the host."""
    subprocess.run([sys.executable, fleet.__file__, "shell", name, command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("controller", CONTROLLERS, ids=lambda path: path.rsplit("controller-", 1)[-1])
def test_controller_tunes_and_finds_nothing_to_do_again(hosts, controller, way):
    """A value of its own each time, so that there is something to write; then nothing."""
    timeout = 20 + CONTROLLERS.index(controller) * len(WAYS) + list(WAYS).index(way)
    workload = {"overrides": {"net.ipv4.tcp_fin_timeout": timeout}}
    variables = json.dumps(dict(WAYS[way], tune_tcp_workload=workload, tune_tcp_dropin="/etc/sysctl.d/z-controllers.conf"))
    command = [controller + "/ansible-playbook", "-i", str(fleet.INVENTORY), "-l", ",".join(hosts), "-e", variables, str(ROOT / "tune-tcp.yml")]
    for changed in (1, 0):
        run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert run.returncode == 0, run.stdout
        assert run.stdout.count("changed=%d " % changed) == len(hosts), run.stdout


def test_take_it_back(hosts):
    """And leave the hosts to the next test as they were."""
    command = [CONTROLLERS[0] + "/ansible-playbook", "-i", str(fleet.INVENTORY), "-l", ",".join(hosts)]
    command += ["-e", "tune_tcp_dropin=/etc/sysctl.d/z-controllers.conf", "linux_net.socket_memory.rollback"]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
