# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsers of /proc/meminfo and /proc/zoneinfo: how much memory there is, and how much of it holds no socket memory.

Formats: fs/proc/meminfo.c meminfo_proc_show, mm/hugetlb.c hugetlb_report_meminfo, mm/vmstat.c zoneinfo_show_print in
the kernel.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import whole_number


def parse_meminfo(text):
    """Return {name: number} of the lines of /proc/meminfo, in kB, but HugePages_… are a number of pages. Lines without
    such a number are left out.
    """
    found = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        words = value.split()
        unit = [] if name.startswith("HugePages_") else ["kB"]
        number = whole_number(words[0]) if colon and words and words[1:] == unit else None
        if number is not None and number >= 0:
            found.setdefault(name.strip(), number)
    return found


def huge_pages(meminfo):
    """Return the kB that huge pages of all sizes take. meminfo: as parse_meminfo returns it.

    Kernels before 4.17 have no line Hugetlb; there it is the number of those of the default size.
    """
    if "Hugetlb" in meminfo:
        return meminfo["Hugetlb"]
    return meminfo.get("HugePages_Total", 0) * meminfo.get("Hugepagesize", 0)


def parse_movable_pages(text):
    """Return the managed pages of the zone Movable of all nodes in /proc/zoneinfo, None where one tells no number.

    Of other zones the number may be more than the memory of a virtual machine, so it is of no use here.
    """
    pages, is_movable = 0, False
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["Node"]:
            if is_movable:
                return None  # the zone before has ended without a number
            is_movable = words[-2:] == ["zone", "Movable"]
        elif is_movable and words[:1] == ["managed"]:
            number = whole_number(words[1]) if len(words) == 2 else None
            if number is None or number < 0:
                return None
            pages, is_movable = pages + number, False
    return None if is_movable else pages
