# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts hold, read with nothing of this collection: the second witness. True before the reboot and after."""

import pytest

THRESHOLDS = "/proc/sys/net/ipv4/tcp_mem"


def dropin(host):
    """Return the path of the drop-in on *host*; the refused one has its own only after the advice was followed."""
    later = "/etc/sysctl.d/z-99-tcp-memory.conf"
    return later if host.file(later).exists else "/etc/sysctl.d/99-tcp-memory.conf"


@pytest.fixture
def tuned(host):
    """The host, if it was tuned; the shadowed one is refused at first."""
    if not host.file(dropin(host)).exists:
        assert host.file("/etc/sysctl.d/99-zz-other-tool.conf").exists
        pytest.skip("refused, as it should be: another file would win")
    return host


def assignments(host):
    """Return {path below /proc/sys: words} of the drop-in."""
    lines = [line for line in host.file(dropin(host)).content_string.splitlines() if line and not line.startswith("#")]
    return {"/proc/sys/" + line.split("=")[0].strip().replace(".", "/"): line.split("=")[1].split() for line in lines}


def test_file_is_whole_and_private_to_root(tuned):
    """Mode, owner, and every key with its reason above it."""
    file = tuned.file(dropin(tuned))
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    lines = file.content_string.splitlines()
    assert all(lines[number - 1].startswith("# ") for number, line in enumerate(lines) if " = " in line and not line.startswith("#"))
    assert not tuned.run("ls -A /etc/sysctl.d | grep -F .ansible-").stdout


def test_kernel_runs_with_the_values_of_the_file(tuned):
    """Also after the reboot, when only the host's own systemd-sysctl can have set them."""
    values = assignments(tuned)
    assert THRESHOLDS in values
    for path, words in values.items():
        assert tuned.file(path).content_string.split() == words, path


def test_systemd_sysctl_is_content(tuned):
    """The service that sets them at boot ended well."""
    assert tuned.check_output("systemctl show --property=Result systemd-sysctl.service") == "Result=success"


def test_thresholds_follow_the_memory_of_the_host(tuned):
    """3 : 4 : 6, and high at about three sixteenths of memory, which is not the same after every boot."""
    low, pressure, high = (int(word) for word in tuned.file(THRESHOLDS).content_string.split())
    memory = int(tuned.check_output("awk '/^MemTotal:/ {print $2}' /proc/meminfo")) * 1024
    page = int(tuned.check_output("getconf PAGESIZE"))
    assert (low * 4, low * 2) == (pressure * 3, high)
    assert abs(high * page - memory * 3 / 16) < memory * 3 / 16 / 8


def test_nothing_is_left_but_the_saved_state(tuned):
    """The record leads back to the values from before; the lock is free."""
    folder = "/var/lib/linux_net.socket_memory"
    assert tuned.file(folder).mode == 0o700
    assert set(tuned.file(folder).listdir()) == {"lock", dropin(tuned).strip("/").replace("/", "-") + ".json"}
