# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plug of a host is pulled while it is being tuned."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tests" / "hosts"), str(pathlib.Path(__file__).parent)]
import fleet  # noqa: E402  (needs the path above)
from held_play import HeldPlay  # noqa: E402

DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"


def on_host(name, command):
    """Return what *command* prints on the host."""
    return subprocess.run(
        [sys.executable, fleet.__file__, "shell", name, command], stdout=subprocess.PIPE, text=True, check=True
    ).stdout


@pytest.mark.parametrize("delay", [0, 0.4])
def test_lost_host_is_unreachable_and_holds_a_whole_file(tmp_path, delay):
    """Seconds after the start of the task that writes; later ones find it done."""
    name = list(json.loads(fleet.INVENTORY.read_text())["all"]["children"]["fleet"]["hosts"])[-1]
    before = on_host(name, "cat " + DROPIN)
    timeout = 30 + int(delay * 10)  # another value each time, so that there is something to write
    workload = {"tune_tcp_workload": {"overrides": {"net.ipv4.tcp_fin_timeout": timeout}}}
    play = HeldPlay(tmp_path, ROOT / "tune-tcp.yml", workload, [name], "Apply the drop-in")
    play.strike(delay, lambda: fleet.kill(name))
    code, output = play.end()
    assert code == 4, output  # ansible-playbook's code for unreachable hosts
    assert "UNREACHABLE!" in output

    fleet.start(name)
    fleet.wait_for(name)
    after = on_host(name, "cat " + DROPIN)
    new = "net.ipv4.tcp_fin_timeout = %d\n" % timeout
    assert after == before or after.endswith(new)
    running = on_host(name, "cat /proc/sys/net/ipv4/tcp_fin_timeout").strip()
    assert ("net.ipv4.tcp_fin_timeout = %s\n" % running in after) or (
        running == "60" and "tcp_fin_timeout" not in after
    )
    assert ".ansible-" not in on_host(name, "systemd-analyze cat-config sysctl.d 2>/dev/null || true")
    tune = [
        os.path.join(os.path.dirname(sys.executable), "ansible-playbook"),
        "-i",
        str(fleet.INVENTORY),
        "-l",
        name,
        str(ROOT / "tune-tcp.yml"),
    ]
    subprocess.run(tune, stdin=subprocess.DEVNULL, check=True)
    assert on_host(name, "cat " + DROPIN) == before
