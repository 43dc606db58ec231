# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between kernels and cannot be probed in a file."""

# Before Linux 6.0 and EL9.2 the memory counters are in fixed units (include/net/sock.h SK_MEM_QUANTUM), not in pages.
MEMORY_QUANTUM = 4096  # bytes
# net/core/sock.c SK_MEMORY_PCPU_RESERVE; what each CPU keeps where the kernel counts per CPU but has no mem_pcpu_rsv.
PER_CPU_RESERVE = 1024 * 1024  # bytes
EL9_RELEASE_WITH_PAGES = 284  # kernel-5.14.0-284 is EL9.2


def counts_in_pages(release):
    """Return whether the kernel *release* (uname -r) counts socket memory in pages with a per-CPU reserve.

    False: exact, in units of MEMORY_QUANTUM. None: the release cannot be read.
    """
    version, _dash, build = (release or "").partition("-")
    numbers = version.split(".")[:2]
    if len(numbers) < 2 or not all(number[:1].isdecimal() for number in numbers):
        return None
    if ".el9" in release and "uek" not in release:
        build = build.partition(".")[0]
        return build.isdecimal() and int(build) >= EL9_RELEASE_WITH_PAGES
    return numbers[0].isdecimal() and int(numbers[0]) >= 6
