# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes and foreign text as people read them."""

UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")


def human_bytes(number):
    """Return *number* bytes in the largest binary unit that leaves at least 1: "512 bytes", "1.0 GiB"; None is
    "unknown".
    """
    if number is None:
        return "unknown"
    if number < 1024:
        return "%d bytes" % number
    size = float(number)
    for unit in UNITS:
        size /= 1024
        if size < 1023.95 or unit == UNITS[-1]:
            return "%.1f %s" % (size, unit)


def printable(text):
    """Return *text* with control characters, those that reorder text, and undecodable bytes replaced by U+FFFD; line
    breaks and tabs stay.
    """
    if text.isprintable():  # without a regular expression: on a host its compilation costs more than all the text
        return text
    return "".join(character if character.isprintable() or character in "\t\n" else "\ufffd" for character in text)


def sentences(texts):
    """Return *texts* as one paragraph: each ends with a full stop, empty ones are left out."""
    return " ".join(text if text.endswith((".", "!", "?")) else text + "." for text in texts if text)


def times(number):
    """Return "once", or "7 times"."""
    return "once" if number == 1 else "%d times" % number
