# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host as sizing sees it: its memory, its kernel, and which of its running values must stay."""

import collections

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import idle_bytes
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import (
    MEMORY_DIVISOR,
    kernel_defaults,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    ORPHANS,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    UDP_MEM,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal

# MemTotal differs a little from boot to boot and with every kernel, and so does a measured peak. Thresholds that
# follow them stay where they are while they are this near, so that a second run, or one after an update, changes
# nothing. The reason for a value that is kept stays longer: it alone is not worth a change of the file. But from a
# quarter of memory to 18.75 % it must not stay.
STEADY = 1.0 / 6  # user-mode-linux with 160 MiB: 13 % from boot to boot
STEADY_REASON = 0.3

THRESHOLDS_OF_MEMORY, BUFFERS = (TCP_MEM, UDP_MEM), (TCP_RMEM, TCP_WMEM)


class HostToSize(
    collections.namedtuple(
        "HostToSize",
        "page_size memory_total memory_pages usable_pages idle_bytes release error_bound running defaults window_scale "
        "kept small_buffers",
    )
):
    """What sizing needs of the facts of one host. It never changes.

    page_size, memory_total: bytes. memory_pages, usable_pages: whole pages, all of them and those that can hold socket
    memory: neither huge pages nor ZONE_MOVABLE. idle_bytes: of the structures of one connection, beside tcp_mem.
    release: uname -r, None where it is not known. error_bound: pages that processors may keep uncounted. running:
    {key: value} of now. defaults: {key: value} that its kernel gives itself, see kernel_defaults. window_scale:
    net.ipv4.tcp_adv_win_scale, 1 where it is not known. kept: those of running that must stay. small_buffers: whether
    the maxima of tcp_rmem and tcp_wmem need not stay, nor reach those of the kernel.
    """

    __slots__ = ()

    @property
    def usable_bytes(self):
        """Return the bytes of memory that can hold socket memory."""
        return self.usable_pages * self.page_size

    def size(self, pages):
        """Return *pages* as {pages, bytes}."""
        return {"pages": pages, "bytes": pages * self.page_size}

    def pages_of(self, number):
        """Return the whole pages that *number* bytes take."""
        return -(-number // self.page_size)

    def size_of(self, number):
        """Return *number* bytes as {pages, bytes}, rounded up to whole pages."""
        return self.size(self.pages_of(number))

    def structures(self, workload):
        """Return the bytes of the structures of all connections of *workload*."""
        return (workload["connections"] or 0) * self.idle_bytes

    def now(self, key):
        """Return the value of *key* that runs, or where that is not known the one that the kernel gives itself."""
        return self.running.get(key, self.defaults.get(key))

    def keeping(self, only_raise, small_buffers=False):
        """Return this host with the running values that must stay: the sound ones, or without *only_raise* the orphans.

        Unsound is tcp_mem that was written in bytes: it must not stay for being large. tcp_max_orphans must not be
        lowered, says the kernel's documentation: live orphans would be reset. small_buffers: as of the class.
        """
        kept = {key: value for key, value in self.running.items() if only_raise or key == ORPHANS}
        unsound = {found["subject"] for found in self.lint(kept, {}) if found["severity"] == "error"}
        kept = {key: value for key, value in kept.items() if key not in unsound}
        return self._replace(kept=kept, small_buffers=small_buffers)

    def lint(self, settings, running):
        """Return what lint finds in *settings* of this host. running: {key: value} to compare with."""
        return lint(
            settings,
            self.page_size,
            self.memory_total,
            self.error_bound,
            running,
            memory_usable=self.usable_bytes,
        )

    def not_below_default(self, key, proposal):
        """Return *proposal* for *key*, nowhere below what the kernel gives itself, but for thresholds of memory.

        Those have ceilings that may be less, see thresholds.
        """
        default = self.defaults.get(key)
        if default is None or not KEYS[key].raisable or key in THRESHOLDS_OF_MEMORY:
            return proposal
        value = self._larger(key, proposal.value, default)
        if value == proposal.value:
            return proposal
        follows_memory = key in BUFFERS and default[2] == self.memory_pages // MEMORY_DIVISOR * self.page_size
        reasons = proposal.reasons + ("not below default",)
        return Proposal(value, *reasons, measured=proposal.measured or follows_memory, **proposal.numbers)

    def raised(self, key, proposal):
        """Return *proposal* for *key*, nowhere below what must be kept, with the reason for what it is then.

        A kept value is told without numbers that another run would not find again: the file must stay the same.
        """
        if key not in self.kept or not KEYS[key].raisable:
            return proposal
        wanted, kept = _numbers(key, proposal.value), _numbers(key, self.kept[key])
        compared = len(wanted) - (self.small_buffers and key in BUFFERS)
        near = proposal.measured and all(old >= new * (1 - STEADY) for new, old in zip(wanted, kept))
        if near and all(old <= new * (1 + STEADY) for new, old in zip(wanted[compared:], kept[compared:])):
            value = self.kept[key]
        else:
            value = self._larger(key, proposal.value, self.kept[key])
        if value == proposal.value:
            return proposal
        near_enough = (abs(one - new) <= new * STEADY_REASON for new, one in zip(wanted, _numbers(key, value)))
        if proposal.measured and all(near_enough):
            return proposal.with_value(value)
        reasons = ["never lowered" if key == ORPHANS else "only raised"] + ["profile alone"] * (not proposal.measured)
        return Proposal(value, *reasons, measured=proposal.measured, alone=proposal.value)

    def _larger(self, key, value, other):
        """Return *value* for *key*, where *other* is more that instead, in its order; a small buffer has no other
        maximum.
        """
        if not KEYS[key].fields:
            return max(value, other)
        if key not in BUFFERS:
            return list(map(max, value, other))
        least, start = map(max, value[:2], other[:2])
        start = max(least, start)
        return [least, start, max(start, value[2], 0 if self.small_buffers else other[2])]


def _numbers(key, value):
    return value if KEYS[key].fields else [value]


def host_to_size(facts):
    """Return the HostToSize of *facts*, the value of ansible_facts.socket_memory; nothing is kept yet, see keeping().

    Raises SocketMemoryError for facts without page size or memory size.
    """
    for name in ("page_size", "memory_total"):
        if not facts.get(name):
            raise SocketMemoryError(
                "No recommendation: the facts of this host do not have %s. "
                "Gather them on the live host, or give page_size for a captured tree." % name
            )
    page_size, memory_total, release = facts["page_size"], facts["memory_total"], facts.get("kernel")
    running = {key: value for key, value in (facts.get("limits") or {}).items() if value is not None}
    scale = running.get("net.ipv4.tcp_adv_win_scale")
    memory_pages = memory_total // page_size
    return HostToSize(
        page_size,
        memory_total,
        memory_pages,
        (facts.get("memory_usable") or memory_total) // page_size,
        idle_bytes(release, page_size),
        release,
        error_bound=(facts.get("tcp", {}).get("error_bound") or {}).get("pages") or 0,
        running=running,
        defaults=kernel_defaults(release, page_size, memory_pages),
        window_scale=scale if scale in range(-31, 32) else 1,  # net/ipv4/sysctl_net_ipv4.c tcp_adv_win_scale_min, _max
        kept={},
        small_buffers=False,
    )
