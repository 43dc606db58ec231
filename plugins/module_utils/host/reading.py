# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured of a host before anything is judged: kernel, page size, memory, processors."""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    bounded,
    first_of,
    quoted,
    whole_number,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import proc_meminfo
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import (
    PER_CPU_RESERVE,
    counts_in_pages,
)

X86_PAGE_SIZE = 4096  # the only one of x86_64; other architectures choose at build time
LARGEST_TABLE = 1024 * 1024  # bytes; what the kernel prints of a host with 512 processors is smaller
LARGEST_ZONEINFO = 16 * LARGEST_TABLE  # it has six lines for each processor in each zone of each node
LONGEST_RELEASE = 64  # characters; include/uapi/linux/utsname.h __NEW_UTS_LEN
MOST_PROCESSORS = 65536  # CONFIG_NR_CPUS is at most 8192 (arch/x86/Kconfig, arch/powerpc/platforms/Kconfig.cputype)
MOST_PROBLEMS = 5  # told of one file: the rest of a damaged one says the same


class HostReading:
    """Reads one host of *files* (HostFiles) and collects in *warnings* sentences about what could not be read.

    unreadable: {path: OSError} of what is there, or may be, and cannot be read.
    """

    def __init__(self, files):
        self.files = files
        self.warnings = []
        self.unreadable = {}

    def text(self, path, optional=False, largest=LARGEST_TABLE):
        """Return the text of *path*, or None with a warning; an *optional* file may be absent without one.

        largest: bytes; a larger file is not read.
        """
        try:
            text = self.files.read_if_present(path, largest)
        except OSError as error:
            self.warnings.append("%s cannot be read: %s" % (path, error.strerror))
            self.unreadable[path] = error
            return None
        if text is None and not optional:
            self.warnings.append("%s does not exist" % path)
        return text

    def table(self, path, parse, optional=False):
        """Return the values that *parse* (of proc_net) finds in *path*, {} where there is nothing to read."""
        text = self.text(path, optional)
        if text is None:
            return {}
        values, problems = parse(text)
        self.tell(path, problems)
        return values

    def tell(self, path, problems):
        """Warn of *problems* with *path*; of no more than the first MOST_PROBLEMS."""
        told, left_out = first_of(problems, MOST_PROBLEMS)
        if left_out:
            told = told + ["%d more problems" % left_out]
        self.warnings.extend("%s: %s" % (path, problem) for problem in told)

    def kernel(self):
        """Return the kernel release, or None."""
        release = (self.text("/proc/sys/kernel/osrelease") or "").strip() or None
        is_too_long = release is not None and len(release) > LONGEST_RELEASE
        if release and (is_too_long or counts_in_pages(release) is None):
            self.warnings.append(
                "/proc/sys/kernel/osrelease: %s is no kernel release: "
                "how memory is counted is not known" % quoted(release)
            )
        return None if is_too_long else release

    def page_size(self, given=None, release=None):
        """Return the page size in bytes: *given*, or that of the live host, or what the *release* of a captured tree
        implies.
        """
        if given:
            return given
        if self.files.live:
            return os.sysconf("SC_PAGE_SIZE")
        if release and release.endswith("x86_64"):
            return X86_PAGE_SIZE
        self.warnings.append("the page size of a captured tree cannot be read: sizes are null, give page_size")
        return None

    def memory_of_host(self, page_size):
        """Return (total, usable), the bytes of memory of the host and those of them that sockets can use; each None
        where it is not known.

        Huge pages hold no socket memory, nor does the zone Movable (include/linux/mmzone.h ZONE_MOVABLE): the kernel
        takes it from the zones up to Normal (mm/page_alloc.c nr_free_buffer_pages). page_size: bytes, or None.
        """
        text = self.text("/proc/meminfo")
        if text is None:
            return None, None
        meminfo = proc_meminfo.parse_meminfo(text)
        total = bounded((meminfo.get("MemTotal") or 0) * 1024) or None
        if total is None:
            self.warnings.append("/proc/meminfo: no line MemTotal with a number of kB")
            return None, None
        if "\nHugetlb:" in text and "Hugetlb" not in meminfo:
            self.warnings.append("/proc/meminfo: no number of kB in the line Hugetlb")
        movable = self._movable_pages() or 0
        if movable and not page_size:
            self.warnings.append("/proc/zoneinfo: the zone Movable has %d pages of an unknown size" % movable)
        usable = proc_meminfo.usable(total, proc_meminfo.huge_pages(meminfo) * 1024, movable * (page_size or 0))
        if usable is None:
            self.warnings.append("/proc/meminfo: huge pages or the zone Movable are no less than MemTotal")
        return total, usable

    def _movable_pages(self):
        """Return the pages of the zone Movable of all nodes, None with a warning where that is not known."""
        text = self.text("/proc/zoneinfo", largest=LARGEST_ZONEINFO)
        if text is None:
            return None
        pages = proc_meminfo.parse_movable_pages(text)
        if pages is None:
            self.warnings.append("/proc/zoneinfo: a zone Movable without a number of managed pages")
        return pages

    def error_bound(self, release, page_size, reserve):
        """Return by how many pages the kernel may miscount socket memory (include/net/proto_memory.h), or None.

        reserve: net.core.mem_pcpu_rsv in pages, None where the kernel or the network namespace has no such key.
        """
        in_pages = counts_in_pages(release)
        if in_pages is False:
            return 0
        if reserve is None and page_size:
            reserve = PER_CPU_RESERVE // page_size
        processors = self._processors()
        return None if None in (in_pages, reserve, processors) else bounded(processors * reserve)

    def _processors(self):
        """Return the number of online processors, from a list such as 0-3,8.

        It is in ascending order (lib/vsprintf.c bitmap_list_string).
        """
        text = self.text("/sys/devices/system/cpu/online")
        if text is None:
            return None
        count, next_one = 0, 0
        for part in text.strip().split(","):
            first, dash, last = part.partition("-")
            first, last = whole_number(first), whole_number(last if dash else first)
            if None in (first, last) or not next_one <= first <= last < MOST_PROCESSORS:
                self.warnings.append("/sys/devices/system/cpu/online: not a list of processors: %s" % quoted(text))
                return None
            count, next_one = count + last - first + 1, last + 1
        return count
