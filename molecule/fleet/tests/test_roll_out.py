# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A roll-out in three batches: the second does harm, the controller is killed in it, a host of it boots meanwhile."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tests" / "hosts"), str(pathlib.Path(__file__).parent)]
import fleet  # noqa: E402  (needs the path above)
from held_play import HeldPlay  # noqa: E402

DROPIN = "/etc/sysctl.d/z-roll-out.conf"  # sorts behind the other tool's file on one of the hosts
RECORD = "/var/lib/linux_net.socket_memory/etc-sysctl.d-z-roll-out.conf.json"
BATCHES = (("small",), ("large", "shadowed"), ("pressured", "debian"))
HOSTS = sum(BATCHES, ())
TCP_MEM = (
    2048,
    3072,
    4096,
)  # pages: more than an idle host uses, less than the load of the test, with room to reach the host
KEY = "/proc/sys/net/ipv4/tcp_mem"
TRIES = 6000  # looks of a host at something that takes seconds, a tenth of one apart
# Prints what a host holds as JSON: its drop-in, whether its saved state can be read, its running value.
LOOK = """%s -c 'import json, os
read = lambda path: open(path).read() if os.path.exists(path) else None
record = read("%s")
print(json.dumps([read("%s"), record and bool(json.loads(record)), read("%s").split()]))'"""


def on_host(name, command):
    """Return what *command* prints on the host."""
    return subprocess.run(
        [sys.executable, fleet.__file__, "shell", name, command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def look(name):
    """Return (text of the drop-in or None, whether its saved state can be read, None without one, words of the
    running value) of the host.
    """
    return json.loads(on_host(name, LOOK % (fleet.PYTHONS[fleet.HOSTS[name]["kind"]], RECORD, DROPIN, KEY)))


VARIABLES = {
    "tune_tcp_dropin": DROPIN,
    "tune_tcp_serial": [len(batch) for batch in BATCHES],
    "tune_tcp_workload": {"overrides": {"net.ipv4.tcp_mem": TCP_MEM}},
}


def playbook(name, code=0):
    """Run a playbook on all hosts to the end and return what it printed."""
    command = [
        os.path.join(os.path.dirname(sys.executable), "ansible-playbook"),
        "-i",
        str(fleet.INVENTORY),
        "-l",
        ",".join(HOSTS),
        str(name),
    ]
    run = subprocess.run(
        command + ["-e", json.dumps(VARIABLES)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, ANSIBLE_CALLBACK_RESULT_FORMAT="json"),
        check=False,
    )
    assert run.returncode == code, run.stdout
    return run.stdout


def tune(code=0):
    """Roll out to the end and return what was printed."""
    return playbook(ROOT / "tune-tcp.yml", code)


def tune_until_second_batch_is_written(folder):
    """Return a roll-out that goes no further than that before it is struck."""
    return HeldPlay(folder, ROOT / "tune-tcp.yml", VARIABLES, HOSTS, "Apply the drop-in", 2)


@pytest.fixture
def before():
    """The hosts as they are without the roll-out: {name: words of the running value}. Afterwards they are so again."""
    found = {name: look(name) for name in HOSTS}
    assert all(text is None for text, _record, _words in found.values())
    yield {name: words for name, (_text, _record, words) in found.items()}
    playbook("linux_net.socket_memory.rollback")


def assert_whole_and_consistent(before):
    """Every host holds the whole new file and runs by it, or has none and runs as before; its saved state can be
    read.
    """
    new, _record, _words = look(BATCHES[0][0])
    thresholds = "net.ipv4.tcp_mem = %d %d %d\n" % TCP_MEM
    assert thresholds in new
    for name in HOSTS:
        text, _record, words = look(name)
        assert text is None or text.count("\n") == new.count("\n") and thresholds in text, name
        assert words == [str(number) for number in TCP_MEM] or words == before[name], name


def assert_converges():
    """A later roll-out reaches every host, and finds nothing to do after that."""
    output = tune()
    assert "5 hosts: " in output and "failed" not in output.rpartition("5 hosts: ")[2].split("PLAY RECAP")[0], output
    assert all(look(name)[1:] == [True, [str(number) for number in TCP_MEM]] for name in HOSTS)
    assert "5 hosts: 5 unchanged." in tune()


def test_batch_that_does_harm_is_rolled_back_and_the_next_is_not_touched(before):
    """A load that the old thresholds have room for, and the new ones have not."""
    victim, neighbour = BATCHES[1]
    load, python = (
        (ROOT / "tests" / "support" / "tcp_pressure.py").read_text(),
        fleet.PYTHONS[fleet.HOSTS[victim]["kind"]],
    )
    on_host(
        victim,
        "cat > /root/tcp_pressure.py << 'END'\n%s\nEND\n"
        "systemd-run --unit=load %s /root/tcp_pressure.py --connections 48 --hold 3500" % (load, python),
    )
    on_host(
        victim,
        "for try in $(seq %d); do systemctl is-failed load && exit 1; journalctl -u load | grep 'pages used' && exit; "
        "sleep 0.1; done; exit 1" % TRIES,
    )
    output = tune(2)
    assert "%s is worse off than before: TCP memory went from " % victim in output
    for name in BATCHES[1]:
        assert "FAIL: %s: rolled back, because %s is worse" % (name, victim) in output
    assert "5 hosts: 1 tuned, 2 rolled back, 2 not reached." in output
    assert look(BATCHES[0][0])[2] == [str(number) for number in TCP_MEM]
    for name in BATCHES[1]:
        assert look(name)[::2] == [None, before[name]]
    for name in BATCHES[2]:
        assert look(name) == [None, None, before[name]]
        assert name + " " not in output.partition("PLAY RECAP")[2]
    on_host(victim, "systemctl stop load")
    assert_converges()


@pytest.mark.parametrize("delay", [0, 0.2])
def test_controller_that_is_killed_leaves_whole_files_and_a_way_on(before, tmp_path, delay):
    """SIGKILL for it and all it started while the second batch writes."""
    play = tune_until_second_batch_is_written(tmp_path)
    play.strike(delay, lambda: os.killpg(play.process.pid, signal.SIGKILL))
    code, output = play.end()
    assert code == -signal.SIGKILL, output
    for name in BATCHES[1]:  # a transaction under way on a host outlives its connection: let it end
        on_host(
            name,
            "for try in $(seq %d); do pgrep -f -- '[-]I -S -' > /dev/null || exit 0; sleep 0.1; done; exit 1" % TRIES,
        )
    assert_whole_and_consistent(before)
    assert all(look(name) == [None, None, before[name]] for name in BATCHES[2])
    assert_converges()


def test_host_that_boots_while_it_is_written_stops_the_roll_out(before, tmp_path):
    """It counts as harmed; its neighbour is rolled back; after the boot it holds what its file says, and can be
    tuned.
    """
    victim, neighbour = BATCHES[1]
    play = tune_until_second_batch_is_written(tmp_path)
    play.strike(0, lambda: fleet.kill(victim))
    code, output = play.end()
    assert code, output
    assert "%s is worse off than before: it cannot be read any more" % victim in output
    assert "FAIL: %s: rolled back, because %s" % (neighbour, victim) in output
    assert "5 hosts: 1 tuned, 1 failed, 1 rolled back, 2 not reached." in output
    assert look(neighbour)[::2] == [None, before[neighbour]]
    fleet.start(victim)
    fleet.wait_for(victim)
    before[victim] = look(victim)[2]  # without a file the kernel's own, which follows the memory of this boot
    text, _record, words = look(victim)
    assert text is None or words == [str(number) for number in TCP_MEM]
    assert_whole_and_consistent(before)
    assert_converges()
