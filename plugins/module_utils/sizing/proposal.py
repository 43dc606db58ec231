# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value with its reason as data: which words are made of it is in reasons."""

import collections


class Proposal(collections.namedtuple("Proposal", "value reasons numbers measured")):
    """A number that sizing arrives at, for a setting or on the way to one. It never changes: bounds give a new one.

    value: int, or list of int for a vector. reasons: keys of reasons.REASONS, whose words follow each other in one
    sentence. numbers: {name: number} that these words tell. measured: whether the value follows a measurement that is
    another one after the next boot: the size of memory, or a peak.
    """

    __slots__ = ()

    def __new__(cls, value, *reasons, measured=False, **numbers):
        """Return the proposal of *value* for *reasons*, with all other arguments as its numbers."""
        return tuple.__new__(cls, (value, reasons, numbers, measured))

    def with_value(self, value):
        """Return this with another *value*, such as the vector that was found by one of its numbers."""
        return tuple.__new__(Proposal, (value,) + self[1:])

    def at_most(self, limit):
        """Return this, or *limit* where that is less: its reasons come behind those of what it bounds."""
        return self if self.value <= limit.value else self._bounded(limit)

    def at_least(self, limit):
        """Return this, or *limit* where that is more: its reasons come behind those of what it bounds."""
        return self if self.value >= limit.value else self._bounded(limit)

    def _bounded(self, limit):
        numbers = dict(self.numbers, **limit.numbers)
        return Proposal(limit.value, *self.reasons + limit.reasons, measured=limit.measured, **numbers)


def larger(*proposals):
    """Return the largest of *proposals* with its own reasons, the first of equals."""
    return max(proposals, key=lambda proposal: proposal.value)


def smaller(*proposals):
    """Return the smallest of *proposals* with its own reasons, the first of equals."""
    return min(proposals, key=lambda proposal: proposal.value)
