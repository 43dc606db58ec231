# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between kernels and cannot be probed in a file. Read on every host, therefore without re: see
sysctl_keys.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import whole_number

# Before Linux 6.0 and EL9.2 the memory counters are in fixed units (include/net/sock.h SK_MEM_QUANTUM), not in pages.
MEMORY_QUANTUM = 4096  # bytes
# net/core/sock.c SK_MEMORY_PCPU_RESERVE; what each CPU keeps where the kernel counts per CPU but has no mem_pcpu_rsv.
PER_CPU_RESERVE = 1024 * 1024  # bytes
EL9_RELEASE_WITH_PAGES = 284  # kernel-5.14.0-284 is EL9.2

# include/net/tcp.h TCP_DEFAULT_SCALING_RATIO, in 256ths: what a connection starts with where the kernel measures the
# ratio itself. Backported to EL9 without a change of its 5.14.
WINDOW_RATIO = 128  # from 6.10 and EL9.6 (kernel-5.14.0-570) on
FIRST_WINDOW_RATIO = 65  # 1,200 bytes in a page and its skb; 6.6 to 6.9, EL9.4 (kernel-5.14.0-427) and 9.5
EL9_RELEASES_WITH_RATIO = ((570, WINDOW_RATIO), (427, FIRST_WINDOW_RATIO))
VERSIONS_WITH_RATIO = (((6, 10), WINDOW_RATIO), ((6, 6), FIRST_WINDOW_RATIO))

# Since which version a default is what it is, the newest first; the last one holds for every older kernel.
# net/ipv4/tcp.c tcp_init: tcp_rmem[1], 128 KiB from 4.20 on, and the most of tcp_rmem[2], 32 MiB from 6.16 on.
RECEIVE_STARTS = (((4, 20), 131072), ((0, 0), 87380))  # bytes
RECEIVE_MAXIMA = (((6, 16), 32 * 1024 * 1024), ((0, 0), 6 * 1024 * 1024))  # bytes
# net/core/sock.c sysctl_rmem_max, sysctl_wmem_max: before 6.18 SK_RMEM_MAX, 256 packets of 256 bytes.
ASKED_MAXIMA = (((6, 18), 4 * 1024 * 1024), ((0, 0), 212992))  # bytes
# net/ipv4/tcp_ipv4.c tcp_sk_init, sysctl_tcp_limit_output_bytes
OUTPUT_LIMITS = (((6, 16), 4 * 1024 * 1024), ((4, 20), 1024 * 1024), ((0, 0), 256 * 1024))  # bytes
# net/core/sock.c sysctl_optmem_max; from 6.8 on of each network namespace, net/core/net_namespace.c
ANCILLARY_MAXIMA = (((6, 8), 128 * 1024), ((0, 0), 20480))  # bytes
# include/linux/socket.h SOMAXCONN
ACCEPT_QUEUES = (((5, 4), 4096), ((0, 0), 128))


def _leading_number(text):
    """Return the number that *text* begins with, None without one, and for one that is too large."""
    return whole_number(text[: len(text) - len(text.lstrip("0123456789"))])


def kernel_version(release):
    """Return (major, minor) of the kernel *release* (uname -r), None where it cannot be read."""
    numbers = tuple(_leading_number(part) for part in (release or "").split(".")[:2])
    return numbers if len(numbers) == 2 and None not in numbers else None


def _el9_release(release):
    """Return the number that Red Hat counts its 5.14 with (570 of 5.14.0-570.32.1.el9_6), None for any other kernel."""
    if ".el9" not in release or "uek" in release:
        return None
    return _leading_number(release.partition("-")[2]) or 0


def counts_in_pages(release):
    """Return whether the kernel *release* (uname -r) counts socket memory in pages with a per-CPU reserve.

    False: exact, in units of MEMORY_QUANTUM. None: the release cannot be read.
    """
    version = kernel_version(release)
    if not version:
        return None
    el9 = _el9_release(release)
    return version >= (6, 0) if el9 is None else el9 >= EL9_RELEASE_WITH_PAGES


def since(steps, release):
    """Return what the kernel *release* (uname -r) has of *steps*, ((version, value), …) with the newest first.

    A release that cannot be read gets the last, the oldest.
    """
    version = kernel_version(release) or (0, 0)
    return next(value for first, value in steps if version >= first)


def window_ratio(release):
    """Return how many 256ths of its receive buffer a new connection may advertise as window on the kernel *release*.

    Later the kernel measures the ratio of payload to memory. None: it does not, net.ipv4.tcp_adv_win_scale sets the
    ratio. A release that cannot be read gets the smallest ratio.
    """
    version = kernel_version(release)
    if not version:
        return FIRST_WINDOW_RATIO
    el9 = _el9_release(release)
    found, steps = (version, VERSIONS_WITH_RATIO) if el9 is None else (el9, EL9_RELEASES_WITH_RATIO)
    return next((ratio for first, ratio in steps if found >= first), None)
