# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception of the domain: a refusal or a failure, told to the person who must act on it."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import cut, quoted

LONGEST_FOUND = 300  # characters of what is refused, in its message


class SocketMemoryError(Exception):
    """Raised by every domain function that refuses its input or could not do its work.

    The text names the key or file, what was found, what was expected and what to do. *results* are
    structured values (such as C(settings)) which a module returns next to the message.
    """

    def __init__(self, message, **results):
        super().__init__(message)
        self.results = results


def refuse(subject, found, expected, remedy):
    """Return the SocketMemoryError for *subject*: every refusal reads alike, in the same order. Long ones are cut."""
    subject, found = (cut(text, LONGEST_FOUND) if isinstance(text, str) else quoted(text) for text in (subject, found))
    return SocketMemoryError("%s: found %s, expected %s. %s" % (subject, found, expected, remedy))
