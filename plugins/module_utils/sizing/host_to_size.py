# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host as sizing sees it: its memory, its kernel, and which of its running values must stay."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, format_value

# MemTotal differs a little from boot to boot and with every kernel, and so does a measured peak. Thresholds that follow
# them stay where they are while they are this near, so that a second run, or one after an update, changes nothing. The reason for a
# value that is kept stays longer: it alone is not worth a change of the file. But from a quarter of memory to 18.75 % it must not stay.
STEADY = 1.0 / 6  # user-mode-linux with 160 MiB: 13 % from boot to boot
STEADY_REASON = 0.3
ORPHANS = "net.ipv4.tcp_max_orphans"


class SizedHost:
    """What sizing needs of the facts of one host. Raises SocketMemoryError for facts without page size or memory size."""

    def __init__(self, facts, only_raise):
        for name in ("page_size", "memory_total"):
            if not facts.get(name):
                raise SocketMemoryError("No recommendation: the facts of this host do not tell %s. "
                                        "Gather them on the live host, or give page_size for a captured tree." % name)
        self.page_size = facts["page_size"]
        self.memory_total = facts["memory_total"]
        self.memory_pages = self.memory_total // self.page_size
        self.release = facts.get("kernel")
        self.error_bound = (facts.get("tcp", {}).get("error_bound") or {}).get("pages") or 0
        self.running = {key: value for key, value in (facts.get("limits") or {}).items() if value is not None}
        scale = self.running.get("net.ipv4.tcp_adv_win_scale")
        self.window_scale = scale if scale in range(-31, 32) else 1  # net/ipv4/sysctl_net_ipv4.c tcp_adv_win_scale_min, _max
        self.measured = set()  # the keys whose value rests on a measurement: the size of memory, or a peak
        self.keep = self._worth_keeping()
        if not only_raise:  # the kernel's documentation forbids to lower this one: live orphans would be reset
            self.keep = {key: value for key, value in self.keep.items() if key == ORPHANS}

    def _worth_keeping(self):
        """Return those of the running values that are sound: tcp_mem written in bytes must not be kept for being large."""
        results = lint(self.running, self.page_size, self.memory_total, self.error_bound)
        unsound = {found["subject"] for found in results if found["severity"] == "error"}
        return {key: value for key, value in self.running.items() if key not in unsound}

    def size(self, pages):
        """Return *pages* as {pages, bytes}."""
        return {"pages": pages, "bytes": pages * self.page_size}

    def size_of(self, number):
        """Return *number* bytes as {pages, bytes}, rounded up to whole pages."""
        return self.size(-(-number // self.page_size))

    def raised(self, key, value):
        """Return *value* for *key*, nowhere below what must be kept."""
        kept = self.keep.get(key)
        if kept is None or not KEYS[key].raisable:
            return value
        if not KEYS[key].fields:
            return kept if kept > value or self._near_below(key, [kept], [value]) else value
        return kept if self._near_below(key, kept, value) else [max(pair) for pair in zip(value, kept)]

    def _near_below(self, key, kept, value):
        return key in self.measured and all(old >= new * (1 - STEADY) for old, new in zip(kept, value))

    def reason(self, key, chosen, value, reason):
        """Return why *chosen* is set: *reason*, while it is what the profile gives (*value*), else that it was kept.

        A kept value is told without numbers that another run would not find again: the file must stay the same.
        """
        pairs = list(zip(chosen, value)) if KEYS[key].fields else [(chosen, value)]
        if chosen == value or (key in self.measured and all(abs(one - other) <= other * STEADY_REASON for one, other in pairs)):
            return reason
        text = "never lowered: beyond the limit the kernel resets orphans" if key == ORPHANS else "never below what the host ran with (only_raise)"
        return text if key in self.measured else "%s; the profile alone gives %s" % (text, format_value(value))
