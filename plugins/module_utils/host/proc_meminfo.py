# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsers of /proc/meminfo and /proc/zoneinfo: how much memory there is, and how much of it holds no socket memory.

Formats: fs/proc/meminfo.c meminfo_proc_show, mm/hugetlb.c hugetlb_report_meminfo, mm/vmstat.c zoneinfo_show_print in
the kernel.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import LONGEST_NUMBER, whole_number

# Of /proc/zoneinfo: mm/vmstat.c zoneinfo_show_print.
MOVABLE, NEXT_ZONE, MANAGED = "zone  Movable\n", "\nNode ", "\n        managed "


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


def usable(total, huge, movable):
    """Return the bytes of *total* that can hold socket memory, None where none are left. All in bytes.

    Huge pages may be in the zone Movable themselves (mm/hugetlb.c htlb_alloc_mask), and no file tells how many are. So
    it is at least what is left without both, and that is told. Where that is nothing, all that can be of one are in
    the other.
    """
    return next((left for left in (total - huge - movable, total - max(huge, movable)) if left > 0), None)


def parse_movable_pages(text):
    """Return the managed pages of the zone Movable of all nodes in /proc/zoneinfo, None where one tells no number.

    Of other zones the number may be more than the memory of a virtual machine, so it is of no use here.
    """
    pages, end = 0, -1
    while True:
        # Not line by line: of many processors and nodes the file has tens of thousands of lines of other zones.
        begin = text.find(MOVABLE, end + 1)
        if begin < 0:
            return pages
        end = text.find(NEXT_ZONE, begin)
        end = len(text) if end < 0 else end
        managed = text.find(MANAGED, begin, end) + len(MANAGED)
        word = text[managed : min(end, managed + LONGEST_NUMBER + 10)].split("\n", 1)[0]
        number = whole_number(word.strip()) if managed >= len(MANAGED) else None
        if number is None or number < 0:
            return None
        pages += number
