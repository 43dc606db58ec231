# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that are not tuned, read with nothing of this collection: after a refusal, and after the rollback, before
and after a reboot.
"""

BUFFERS = (
    "/proc/sys/net/ipv4/tcp_rmem",
    "/proc/sys/net/ipv4/tcp_wmem",
    "/proc/sys/net/core/rmem_max",
    "/proc/sys/net/core/wmem_max",
)
THRESHOLDS = "/proc/sys/net/ipv4/tcp_mem"
OTHER_TOOL = "/etc/sysctl.d/99-zz-other-tool.conf"


def before(host):
    """Return {path: words} as it was before anything was tuned."""
    lines = host.file("/root/values-before").content_string.splitlines()
    return {path: value.split() for path, _colon, value in (line.partition(":") for line in lines)}


def words(host, path):
    """Return the words of *path* now."""
    return host.file(path).content_string.split()


def test_files_are_gone(host):
    """Nothing of the collection is left for the next boot."""
    assert not host.run("ls -A /etc/sysctl.d | grep -E 'tcp-memory|ansible'").stdout
    assert not host.file("/var/lib/linux_net.socket_memory").exists


def test_buffers_are_as_before(host):
    """Of small hosts the last element, the maximum, follows the memory of each boot."""
    values = before(host)
    for path in BUFFERS:
        now, then = words(host, path), values[path]
        assert (now if len(now) == 1 else now[:2]) == (then if len(then) == 1 else then[:2]), path


def test_thresholds_are_as_before(host):
    """Or, after a boot, what the kernel makes of the memory of that boot: 3 : 4 : 6; or what the other tool's file
    says.
    """
    now = words(host, THRESHOLDS)
    low, pressure, high = map(int, now)
    as_before = now == before(host)[THRESHOLDS]
    by_default = low * 2 == high and pressure // 4 * 3 == low
    assert (
        as_before or (low, pressure, high) == (2000, 4000, 8000)
        if host.file(OTHER_TOOL).exists
        else as_before or by_default
    )
