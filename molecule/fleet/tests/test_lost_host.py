# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plug of a host is pulled while it is being tuned."""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests" / "hosts"))
import fleet  # noqa: E402  (needs the path above)

DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"


def on_host(name, command):
    """Return what *command* prints on the host."""
    return subprocess.run([sys.executable, fleet.__file__, "shell", name, command], stdout=subprocess.PIPE, text=True, check=True).stdout


def tune(name):
    """Return the command that tunes the host."""
    return [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "-i", str(fleet.INVENTORY), "-l", name, str(ROOT / "tune-tcp.yml")]


@pytest.mark.parametrize("delay", [0, 0.4])
def test_lost_host_is_unreachable_and_holds_a_whole_file(delay):
    """Seconds after the start of the task that writes; later ones find it done."""
    name = list(json.loads(fleet.INVENTORY.read_text())["all"]["children"]["fleet"]["hosts"])[-1]
    before = on_host(name, "cat " + DROPIN)
    timeout = 30 + int(delay * 10)  # another value each time, so that there is something to write
    workload = json.dumps({"tune_tcp_workload": {"overrides": {"net.ipv4.tcp_fin_timeout": timeout}}})
    run = subprocess.Popen(tune(name) + ["-e", workload], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, env=dict(os.environ, PYTHONUNBUFFERED="1"))
    output = ""
    for line in run.stdout:
        output += line
        if "Apply the drop-in" in line:
            time.sleep(delay)  # the parameter chooses the instant of the transaction at which the test strikes
            fleet.kill(name)
            break
    output += run.stdout.read()
    assert run.wait() == 4, output  # ansible-playbook's code for unreachable hosts
    assert "UNREACHABLE!" in output

    fleet.start(name)
    fleet.wait_for(name, time.monotonic() + fleet.START_TIMEOUT)
    after = on_host(name, "cat " + DROPIN)
    new = "net.ipv4.tcp_fin_timeout = %d\n" % timeout
    assert after == before or after.endswith(new)
    running = on_host(name, "cat /proc/sys/net/ipv4/tcp_fin_timeout").strip()
    assert ("net.ipv4.tcp_fin_timeout = %s\n" % running in after) or (running == "60" and "tcp_fin_timeout" not in after)
    assert ".ansible-" not in on_host(name, "systemd-analyze cat-config sysctl.d 2>/dev/null || true")
    subprocess.run(tune(name), stdin=subprocess.DEVNULL, check=True)
    assert on_host(name, "cat " + DROPIN) == before
