# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet of real kernels on one machine: user-mode-linux hosts with systemd and sshd, in a network namespace of their own.

    fleet.py up [HOST ...]       start them (all without names); writes .cache/hosts/fleet/inventory.json for Ansible
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
NEEDED = dict(images.NEEDED, **{"linux.uml": "user-mode-linux", "ip": "iproute2", "ethtool": "ethtool", "nc": "netcat-openbsd", "ssh": "openssh-client"})
SOCKETS = "/run/socket-memory-fleet-"
# Seconds. A host answers within a fraction of one, boots within 20, and is gone at once: on a machine that has nothing else to do.
CONNECT_TIMEOUT = 120
START_TIMEOUT = 900
END_TIMEOUT = 120
SSH_OPTIONS = (
    "ProxyCommand=ip netns exec %s nc %%h %%p" % NAMESPACE,
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    # Also for the handshake. To a host that is switched off no connection is made, whatever this says, as soon as nobody knows its address any more.
    "ConnectTimeout=%d" % CONNECT_TIMEOUT,
    # A connection to a host that is switched off ends after 30 seconds without a sign of it; one that is only slow gives signs.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=6",
    # One connection for everybody: a handshake takes such a host longer than most commands. It lasts until down(): were it to end by
    # itself, that could be while somebody begins to use it.
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
        raise images.HostError("A fleet is running, or was not ended: %s. End it first: fleet.py down" % ", ".join(leftovers()))
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(FLEET)
    FLEET.mkdir(parents=True)
    for kind in sorted({HOSTS[name]["kind"] for name in names}):
        images.disk(kind)
    try:
        _make_network(names)
        for name in names:
            start(name)
        INVENTORY.write_text(json.dumps(inventory(names), indent=1) + "\n")
        deadline = time.monotonic() + START_TIMEOUT
        for name in names:
            wait_for(name, deadline)
    except BaseException:
        down()
        raise


def wait_for(name, deadline):
    """Wait until the host answers. Raises HostError with the end of its console once time.monotonic() is past *deadline*."""
    while _ssh(name, "true", quiet=True):
        time.sleep(0.5)  # waits for the host to boot
        if time.monotonic() > deadline:
            console = (FLEET / name / "console").read_text(errors="replace")
            raise images.HostError("%s does not answer within %d s. Its console ends with: %s" % (name, START_TIMEOUT, console[-500:]))


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
        subprocess.run(["ssh", "-O", "exit", "-o", "ControlPath=" + socket, "host"], stderr=subprocess.DEVNULL, check=False)


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
    hosts = {name: {"ansible_host": _address(name).partition("/")[0],
                    "ansible_python_interpreter": PYTHONS[HOSTS[name]["kind"]],
                    "fleet_memory": HOSTS[name]["memory"]} for name in names}
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
        "ip", "netns", "exec", NAMESPACE, "linux.uml", "mem=%dM" % HOSTS[name]["memory"], "umid=" + name, "uml_dir=" + str(folder),
        "ubd0=disk.cow,%s" % images.disk(HOSTS[name]["kind"]), "root=/dev/ubda", "rw", "con=null", "con0=null,fd:2", "con1=null",
        "vec0:transport=raw,ifname=%s,depth=64,gro=1" % (folder / "interface").read_text(),
        "fleet_name=" + name, "fleet_address=" + _address(name), "quiet",
    ]
    with open(folder / "console", "wb") as console:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
    (folder / "process").write_text(str(process.pid))


def kill(name):
    """Pull the plug of the host. Connections to it end at once, new ones within three seconds: it would take half a minute each to notice."""
    os.killpg(int((FLEET / name / "process").read_text()), signal.SIGKILL)
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


def _ssh(name, *command, quiet=False):
    """Run *command* on the host, or a shell. Returns its exit code."""
    words = ["ssh", "-i", str(images.private_key()), "-o", "BatchMode=yes"]
    for option in SSH_OPTIONS:
        words += ["-o", option]
    words += ["root@" + _address(name).partition("/")[0], *command]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(words, stdout=output, stderr=output, stdin=subprocess.DEVNULL if quiet else None, check=False).returncode


def main():
    """Do what the command line says. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["up", "status", "shell", "down"])
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="HOST [COMMAND ...]")
    arguments = parser.parse_args()
    names = arguments.words or list(HOSTS)
    if arguments.action in ("up", "shell"):
        unknown = [name for name in (names if arguments.action == "up" else names[:1]) if name not in HOSTS]
        if unknown:
            raise images.HostError("No such host: %s. There are %s." % (", ".join(unknown), ", ".join(HOSTS)))
    if arguments.action == "up":
        up(names)
        print(INVENTORY)
    elif arguments.action == "status":
        print("\n".join(leftovers()) or "no fleet")
    elif arguments.action == "shell":
        return _ssh(names[0], *names[1:] if arguments.words else ())
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
