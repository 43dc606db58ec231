# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tuned hosts hold, read with nothing of this collection: the second witness. True before the reboot and
after.
"""

THRESHOLDS = "/proc/sys/net/ipv4/tcp_mem"


def dropin(host):
    """Return the path of the drop-in on *host*: on the shadowed one the name that was advised."""
    return "/etc/sysctl.d/%s99-tcp-memory.conf" % ("z-" if host.backend.get_hostname() == "shadowed" else "")


def assignments(host):
    """Return {path below /proc/sys: words} of the drop-in."""
    lines = [line for line in host.file(dropin(host)).content_string.splitlines() if line and not line.startswith("#")]
    return {"/proc/sys/" + line.split("=")[0].strip().replace(".", "/"): line.split("=")[1].split() for line in lines}


def test_file_is_whole_and_private_to_root(host):
    """Mode, owner, and every key with its reason above it."""
    file = host.file(dropin(host))
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    lines = file.content_string.splitlines()
    assert all(
        lines[number - 1].startswith("# ")
        for number, line in enumerate(lines)
        if " = " in line and not line.startswith("#")
    )
    assert not host.run("ls -A /etc/sysctl.d | grep -F .ansible-").stdout


def test_kernel_runs_with_the_values_of_the_file(host):
    """Also after the reboot, when only the host's own systemd-sysctl can have set them."""
    values = assignments(host)
    assert THRESHOLDS in values
    running = (line.split(":", 1) for line in host.check_output("grep -H . " + " ".join(values)).splitlines())
    assert {path: value.split() for path, value in running} == values


def test_systemd_sysctl_is_content(host):
    """The service that sets them at boot ended well."""
    assert host.check_output("systemctl show --property=Result systemd-sysctl.service") == "Result=success"


def test_thresholds_follow_the_memory_of_the_host(host):
    """3 : 4 : 6, and high at about three sixteenths of memory, which is not the same after every boot."""
    low, pressure, high = (int(word) for word in host.file(THRESHOLDS).content_string.split())
    memory = int(host.check_output("awk '/^MemTotal:/ {print $2}' /proc/meminfo")) * 1024
    page = int(host.check_output("getconf PAGESIZE"))
    assert (low * 4, low * 2) == (pressure * 3, high)
    assert abs(high * page - memory * 3 / 16) < memory * 3 / 16 / 8


def test_nothing_is_left_but_the_saved_state(host):
    """The record leads back to the values from before; the lock is free."""
    folder = "/var/lib/linux_net.socket_memory"
    assert host.file(folder).mode == 0o700
    assert set(host.file(folder).listdir()) == {"lock", dropin(host).strip("/").replace("/", "-") + ".json"}
