# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet of real kernels on one machine: user-mode-linux hosts with systemd and sshd, in a network namespace of their
own.

    fleet.py up [HOST ...]       start them (all without names); writes .cache/hosts/fleet/inventory.json for Ansible
    fleet.py reboot [HOST ...]   boot them anew
    fleet.py status              who runs
    fleet.py shell HOST [COMMAND ...]
    fleet.py down                end them and leave nothing behind

Then, for example: ansible-playbook -i .cache/hosts/fleet/inventory.json linux_net.socket_memory.audit
"""

import argparse
import contextlib
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import images

FLEET = images.CACHE / "fleet"
INVENTORY = FLEET / "inventory.json"
NAMESPACE = "socket-memory-fleet"
BRIDGE = "fleet0"
NETWORK = "192.0.2.%d/24"  # TEST-NET-1 (RFC 5737); it exists in the namespace only, so it cannot collide
NEEDED = dict(
    images.NEEDED,
    **{
        "linux.uml": "user-mode-linux",
        "gcc": "gcc",
        "ip": "iproute2",
        "ethtool": "ethtool",
        "nc": "netcat-openbsd",
        "ssh": "openssh-client",
    },
)
LARGE_REGISTERS = pathlib.Path(__file__).with_name("large_registers.c")
SOCKETS = "/run/socket-memory-fleet-"
# Seconds. A host answers within a fraction of one, boots within 20, and is gone at once: on a machine that has nothing
# else to do.
CONNECT_TIMEOUT = 120
START_TIMEOUT = 600
END_TIMEOUT = 120
# How often a host is switched on before that is called a fault: on a busy machine, a kernel in user mode may wait for
# its disk for ever.
START_TRIES = 3
SSH_OPTIONS = (
    "ProxyCommand=ip netns exec %s nc %%h %%p" % NAMESPACE,
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    # Also for the handshake. To a host that is switched off no connection is made, whatever this says, as soon as
    # nobody knows its address any more.
    "ConnectTimeout=%d" % CONNECT_TIMEOUT,
    # A connection to a host that is switched off ends after 30 seconds without a sign of it; one that is only slow
    # gives signs.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=6",
    # One connection for everybody: a handshake takes such a host longer than most commands. It lasts until down(): were
    # it to end by itself, that could be while somebody begins to use it.
    "ControlMaster=auto",
    "ControlPersist=yes",
    "ControlPath=%s%%r@%%h" % SOCKETS,
)
# What tells them apart: memory in MiB, the kind of image, and the Python that Ansible shall use.
HOSTS = {
    "small": {"memory": 160, "kind": "el8"},
    "large": {"memory": 384, "kind": "el8"},
    "shadowed": {"memory": 192, "kind": "el8"},
    "pressured": {"memory": 256, "kind": "el8"},
    "debian": {"memory": 192, "kind": "debian"},
}
PYTHONS = {"el8": "/usr/libexec/platform-python", "debian": "/usr/bin/python3"}


def up(names):
    """Start the hosts *names* and wait until each answers. Raises HostError; then nothing is left running."""
    images.require(NEEDED)
    if leftovers():
        raise images.HostError(
            "A fleet is running, or was not ended: %s. End it first: fleet.py down" % ", ".join(leftovers())
        )
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(FLEET)
    FLEET.mkdir(parents=True)
    for kind in sorted({HOSTS[name]["kind"] for name in names}):
        images.disk(kind)
    try:
        images.run(
            "gcc", "-O2", "-shared", "-fPIC", "-nostdlib", "-o", str(FLEET / "large_registers.so"), str(LARGE_REGISTERS)
        )
        _make_network(names)
        for name in names:
            start(name)
        INVENTORY.write_text(json.dumps(inventory(names), indent=1) + "\n")
        for name in names:
            wait_for(name)
    except BaseException:
        down()
        raise


def wait_for(name, boot=None):
    """Wait until the host answers, in another boot than *boot*, and return in which. Where it does not, it is switched
    off and on again.

    Raises HostError with the end of its console after START_TRIES.
    """
    for tries in range(1, START_TRIES + 1):
        deadline = time.monotonic() + START_TIMEOUT
        panic = ""
        while time.monotonic() < deadline and not panic:
            now = boot_of(name)
            if now not in (None, boot):
                return now
            time.sleep(0.5)  # waits for the host to boot
            words = (FLEET / name / "console").read_text(errors="replace")
            panic = words.partition("Kernel panic")[1]
        if panic:
            console = "%s has ended. Its console says: %s" % (name, words.partition("Call Trace")[0][-1000:])
        else:
            console = "%s does not answer within %d s. Its console ends with: %s" % (name, START_TIMEOUT, words[-500:])
        if tries == START_TRIES:
            raise images.HostError(console)
        print("%s It is switched off and on again." % console, file=sys.stderr, flush=True)
        kill(name)
        start(name)


def boot_of(name):
    """Return what tells a boot of the host from any other, None where it does not answer."""
    return (
        _ssh(
            name,
            "cat",
            "/proc/sys/kernel/random/boot_id",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ).stdout
        or None
    )


def reboot(names):
    """Tell the hosts to boot and wait until each did. Raises HostError."""
    boots = {name: wait_for(name) for name in names}
    for name in names:
        _ssh(
            name, "systemctl", "reboot", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    for name in names:
        wait_for(name, boots[name])


def down():
    """End every host, and remove the namespace with all its interfaces. Says nothing where there is none."""
    _disconnect()
    for number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, END_TIMEOUT)):
        for group in _process_groups():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, number)
        deadline = time.monotonic() + seconds
        while _process_groups() and time.monotonic() < deadline:
            time.sleep(0.05)  # waits for processes to end
    if _process_groups():
        raise images.HostError("Not ended within %d s: %s." % (END_TIMEOUT, ", ".join(leftovers())))
    if os.path.exists("/run/netns/" + NAMESPACE):
        images.run("ip", "netns", "delete", NAMESPACE)
    shutil.rmtree(FLEET, ignore_errors=True)


def _disconnect(host="*"):
    """End the connections to *host*, an address, that wait for somebody to use them."""
    for socket in glob.glob(SOCKETS + "*@" + host):
        subprocess.run(
            ["ssh", "-O", "exit", "-o", "ControlPath=" + socket, "host"], stderr=subprocess.DEVNULL, check=False
        )


def leftovers():
    """Return what is there of a fleet: processes and the namespace."""
    found = ["process group %d" % group for group in _process_groups()]
    if os.path.exists("/run/netns/" + NAMESPACE):
        found.append("network namespace " + NAMESPACE)
    return found


def inventory(names):
    """Return the Ansible inventory of the hosts *names*."""
    common = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(images.private_key()),
        "ansible_ssh_common_args": " ".join("-o '%s'" % option for option in SSH_OPTIONS),
        "ansible_ssh_pipelining": True,
        "ansible_ssh_timeout": CONNECT_TIMEOUT,  # it goes before the option, and bounds the wait for sudo too
    }
    hosts = {
        name: {
            "ansible_host": _address(name).partition("/")[0],
            "ansible_python_interpreter": PYTHONS[HOSTS[name]["kind"]],
            "fleet_memory": HOSTS[name]["memory"],
        }
        for name in names
    }
    return {"all": {"vars": common, "children": {"fleet": {"hosts": hosts}}}}


def _address(name):
    return NETWORK % (11 + list(HOSTS).index(name))


def _make_network(names):
    """Make the namespace with a bridge, and for each host a cable whose other end is its network card."""
    inside = ("ip", "netns", "exec", NAMESPACE)
    images.run("ip", "netns", "add", NAMESPACE)
    images.run(*inside, "ip", "link", "set", "lo", "up")
    images.run(*inside, "ip", "link", "add", BRIDGE, "type", "bridge")
    images.run(*inside, "ip", "address", "add", NETWORK % 1, "dev", BRIDGE)
    images.run(*inside, "ip", "link", "set", BRIDGE, "up")
    for number, _name in enumerate(names):
        host, port = "host%d" % number, "port%d" % number
        images.run(*inside, "ip", "link", "add", host, "type", "veth", "peer", "name", port)
        images.run(*inside, "ip", "link", "set", port, "master", BRIDGE, "up")
        # A raw transport survives a reboot of the guest, a tap does not; it needs whole frames with whole checksums.
        images.run(*inside, "ip", "link", "set", host, "up", "promisc", "on")
        images.run(*inside, "ethtool", "-K", host, "tx", "off")
        images.run(*inside, "ethtool", "-K", port, "tx", "off")
        (FLEET / _name).mkdir()
        (FLEET / _name / "interface").write_text(host)


def start(name):
    """Switch the host on. It runs in its folder, because it opens its files by their names again when it reboots."""
    folder = FLEET / name
    command = [
        "ip",
        "netns",
        "exec",
        NAMESPACE,
        "linux.uml",
        "mem=%dM" % HOSTS[name]["memory"],
        "umid=" + name,
        "uml_dir=" + str(folder),
        "ubd0=disk.cow,%s" % images.disk(HOSTS[name]["kind"]),
        "root=/dev/ubda",
        "rw",
        "con=null",
        "con0=null,fd:2",
        "con1=null",
        "vec0:transport=raw,ifname=%s,depth=64,gro=1" % (folder / "interface").read_text(),
        "fleet_name=" + name,
        "fleet_address=" + _address(name),
        "quiet",
    ]
    environment = dict(os.environ, LD_PRELOAD="../large_registers.so")
    with open(folder / "console", "wb") as console:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
    (folder / "process").write_text(str(process.pid))


def kill(name):
    """Pull the plug of the host. Connections to it end at once, new ones within three seconds: it would take half a
    minute each to notice.
    """
    group = int((FLEET / name / "process").read_text())
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + END_TIMEOUT
    while group in _process_groups():
        if time.monotonic() > deadline:
            raise images.HostError("%s cannot be ended within %d s: process group %d." % (name, END_TIMEOUT, group))
        time.sleep(0.01)  # waits for its processes to end
    address = _address(name).partition("/")[0]
    images.run("ip", "netns", "exec", NAMESPACE, "ip", "neighbour", "flush", "to", address)
    _disconnect(address)


def _process_groups():
    """Return the process groups of the hosts that still run."""
    groups = []
    for path in FLEET.glob("*/process"):
        group = int(path.read_text())
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, _parent, its_group = status.read_text().rpartition(")")[2].split()[:3]
                if int(its_group) == group and state not in "ZX":
                    groups.append(group)
                    break
    return groups


def _ssh(name, *command, **options):
    """Run *command* on the host, or a shell. options: of subprocess.run. Returns the process."""
    words = ["ssh", "-i", str(images.private_key()), "-o", "BatchMode=yes"]
    for option in SSH_OPTIONS:
        words += ["-o", option]
    return subprocess.run([*words, "root@" + _address(name).partition("/")[0], *command], check=False, **options)


def main():
    """Do what the command line says. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["up", "reboot", "status", "shell", "down"])
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="HOST [COMMAND ...]")
    arguments = parser.parse_args()
    names = arguments.words or list(HOSTS)
    if arguments.action in ("up", "reboot", "shell"):
        unknown = [name for name in (names[:1] if arguments.action == "shell" else names) if name not in HOSTS]
        if unknown:
            raise images.HostError("No such host: %s. There are %s." % (", ".join(unknown), ", ".join(HOSTS)))
    if arguments.action == "up":
        up(names)
        print(INVENTORY)
    elif arguments.action == "reboot":
        reboot(names)
    elif arguments.action == "status":
        print("\n".join(leftovers()) or "no fleet")
    elif arguments.action == "shell":
        return _ssh(names[0], *names[1:] if arguments.words else ()).returncode
    else:
        down()
    return 0


if __name__ == "__main__":
    # Interrupted is no different from failed: whatever was started is ended.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    try:
        sys.exit(main())
    except images.HostError as error:
        sys.exit("fleet.py: %s" % error)
