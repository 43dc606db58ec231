# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the containers hold, read with nothing of this collection: the second witness."""

DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"
RECORD = "/var/lib/linux_net.socket_memory/etc-sysctl.d-99-tcp-memory.conf.json"


def privileged(host):
    """Return whether the kernel lets this container write its own keys."""
    return host.run("test -w /proc/sys/net/ipv4/tcp_rmem").rc == 0


def assignments(host):
    """Return {path below /proc/sys: words} of the drop-in."""
    lines = [line for line in host.file(DROPIN).content_string.splitlines() if line and not line.startswith("#")]
    return {"/proc/sys/" + line.split("=")[0].strip().replace(".", "/"): line.split("=")[1].split() for line in lines}


def test_file_is_written(host):
    """The file holds every key, also those that the namespace does not have."""
    file = host.file(DROPIN)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    assert "/proc/sys/net/ipv4/tcp_mem" in assignments(host)
    assert host.file(RECORD).mode == 0o600


def test_keys_of_the_host_are_out_of_reach(host):
    """tcp_mem belongs to the initial network namespace: the premise of all checks here."""
    assert not host.file("/proc/sys/net/ipv4/tcp_mem").exists


def test_own_keys_hold_where_the_container_may_write(host):
    """A privileged container runs with the values of the file; any other with those it started with."""
    for name in ("tcp_rmem", "tcp_wmem", "tcp_moderate_rcvbuf"):
        path = "/proc/sys/net/ipv4/" + name
        if privileged(host):
            assert host.file(path).content_string.split() == assignments(host)[path]
        else:
            assert host.run("echo 1 > %s" % path).rc != 0
