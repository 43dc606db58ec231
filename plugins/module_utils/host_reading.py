# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured of a host before anything is judged: kernel, page size, memory, processors."""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel_generation import PER_CPU_RESERVE, counts_in_pages

X86_PAGE_SIZE = 4096  # the only one of x86_64; other architectures choose at build time


class HostReading:
    """Reads one host of *files* (HostFiles) and collects in *warnings* sentences about what could not be read.

    unreadable: {path: OSError} of what is there, or may be, and cannot be read.
    """

    def __init__(self, files):
        self.files = files
        self.warnings = []
        self.unreadable = {}

    def text(self, path, optional=False):
        """Return the text of *path*, or None with a warning; an *optional* file may be absent without one."""
        try:
            text = self.files.read_if_present(path)
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
        self.warnings.extend("%s: %s" % (path, problem) for problem in problems)
        return values

    def kernel(self):
        """Return the kernel release, or None."""
        release = (self.text("/proc/sys/kernel/osrelease") or "").strip() or None
        if release and counts_in_pages(release) is None:
            self.warnings.append("/proc/sys/kernel/osrelease: %r is no kernel release: how memory is counted is not known" % release)
        return release

    def page_size(self, given=None, release=None):
        """Return the page size in bytes: *given*, or that of the live host, or what the *release* of a captured tree implies."""
        if given:
            return given
        if self.files.live:
            return os.sysconf("SC_PAGE_SIZE")
        if release and release.endswith("x86_64"):
            return X86_PAGE_SIZE
        self.warnings.append("the page size of a captured tree cannot be read: sizes are null, give page_size")
        return None

    def memory_total(self):
        """Return MemTotal in bytes, or None."""
        text = self.text("/proc/meminfo")
        if text is None:
            return None
        for line in text.splitlines():
            words = line.split()
            if words[:1] == ["MemTotal:"] and len(words) == 3 and words[1].isdecimal():
                return int(words[1]) * 1024
        self.warnings.append("/proc/meminfo: no line MemTotal with a number of kB")
        return None

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
        return None if None in (in_pages, reserve, processors) else processors * reserve

    def _processors(self):
        """Return the number of online processors, from a list such as 0-3,8."""
        text = self.text("/sys/devices/system/cpu/online")
        if text is None:
            return None
        try:
            ranges = [[int(number) for number in part.split("-")] for part in text.strip().split(",")]
            return sum(numbers[-1] - numbers[0] + 1 for numbers in ranges)
        except ValueError:
            self.warnings.append("/sys/devices/system/cpu/online: not a list of processors: %r" % text[:40])
            return None
