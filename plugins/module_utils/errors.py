# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception of the domain: a refusal or a failure, told to the person who must act on it."""


class SocketMemoryError(Exception):
    """Raised by every domain function that refuses its input or could not do its work.

    The text names the key or file, what was found, what was expected and what to do. *results* are
    structured values (such as C(settings)) which a module returns next to the message.
    """

    def __init__(self, message, **results):
        super().__init__(message)
        self.results = results


def refuse(subject, found, expected, remedy):
    """Return the SocketMemoryError for *subject*: every refusal reads alike, in the same order.

    All four are texts of ours. What somebody else wrote goes through bounds.quoted first.
    """
    return SocketMemoryError("%s: found %s, expected %s. %s" % (subject, found, expected, remedy))
