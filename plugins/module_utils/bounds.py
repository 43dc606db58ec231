# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounds of what comes from a host or from a person: numbers, quotes and lists. Read on every host, therefore without imports."""

LARGEST = (1 << 64) - 1  # an unsigned long on 64 bits, in which the kernel counts
SMALLEST = -(1 << 63)
INT_MAX = (1 << 31) - 1  # include/linux/limits.h; the "int" sysctl handlers of kernel/sysctl.c take no more
LONGEST_NUMBER = 20  # characters; LARGEST has as many digits. kernel/sysctl.c proc_get_long takes no longer word either (TMPBUFLEN - 2)
LONGEST_QUOTE = 80  # characters of foreign text in one message
LONGEST_SENTENCE = 500  # characters of a warning
MOST_TOLD = 50  # entries of a list in the facts

DIGITS = frozenset("0123456789")  # str.isdecimal() and int() take those of every script


def whole_number(text):
    """Return the decimal number that *text* is, None where it is none or has no place in 64 bits. int() itself takes no more than 4,300 digits."""
    digits = text[1:] if text[:1] == "-" else text
    if not digits or len(text) > LONGEST_NUMBER or not DIGITS.issuperset(digits):
        return None
    return bounded(int(text))


def bounded(number):
    """Return *number*, or None where it is none or has no place in 64 bits, with or without a sign."""
    return number if number is not None and SMALLEST <= number <= LARGEST else None


def quoted(value):
    """Return *value* as it is shown in a message: in quotes, on one line, and no longer than LONGEST_QUOTE characters of it."""
    if isinstance(value, str):
        return cut(value, LONGEST_QUOTE, repr)
    if isinstance(value, int) and bounded(value) is None:  # Python refuses to print one of more than 4,300 digits
        return "a number of %d bits" % value.bit_length()
    try:
        return cut(repr(value), LONGEST_QUOTE)
    except (RecursionError, ValueError):  # of what is in it
        return "something of the type %s" % type(value).__name__


def cut(text, most, shown=str):
    """Return *text*, as *shown*; no more than the first *most* characters of it, and three dots for the rest."""
    return shown(text) if len(text) <= most else shown(text[:most]) + "..."


def first_of(entries, most=MOST_TOLD):
    """Return ``(entries, left_out)``: the first *most* of a list, and how many there are beyond."""
    return entries[:most], max(0, len(entries) - most)


def sentences(texts):
    """Return the *texts* of warnings once each, in their order: no more than MOST_TOLD of LONGEST_SENTENCE characters, the last one tells of the rest."""
    told, left_out = first_of(list(dict.fromkeys(cut(text, LONGEST_SENTENCE - 3) for text in texts)))
    return told + ["%d more warnings are left out." % left_out] * bool(left_out)
