# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounds of what comes from a host or from a person: numbers, quotes and lists.

Read on every host, therefore without imports.
"""

LARGEST = (1 << 64) - 1  # an unsigned long on 64 bits, in which the kernel counts
SMALLEST = -(1 << 63)
INT_MAX = (1 << 31) - 1  # include/linux/limits.h; the "int" sysctl handlers of kernel/sysctl.c take no more
# Characters; LARGEST has as many digits. kernel/sysctl.c proc_get_long takes no longer word either (TMPBUFLEN - 2).
LONGEST_NUMBER = 20
LONGEST_QUOTE = 80  # characters of foreign text in one message
DEEPEST_QUOTE = 4  # lists in lists
LONGEST_TEXT = 4096  # characters; PATH_MAX of include/uapi/linux/limits.h
LONGEST_SENTENCE = 500  # characters of a warning
MOST_TOLD = 50  # entries of a list in the facts

DIGITS = frozenset("0123456789")  # str.isdecimal() and int() take those of every script


def whole_number(text):
    """Return the decimal number that *text* is, None where it is none or has no place in 64 bits.

    int() itself raises ValueError for more than 4,300 digits, and older ones take their time.
    """
    digits = text[1:] if text[:1] == "-" else text
    if not digits or len(text) > LONGEST_NUMBER or not DIGITS.issuperset(digits):
        return None
    return bounded(int(text))


def bounded(number):
    """Return *number*, or None where it is none or has no place in 64 bits, with or without a sign."""
    return number if number is not None and SMALLEST <= number <= LARGEST else None


def within_bounds(value):
    """Return *value* with None for every number in it that has no place in 64 bits."""
    if isinstance(value, dict):
        return {name: within_bounds(one) for name, one in value.items()}
    if isinstance(value, list):
        return [within_bounds(one) for one in value]
    return bounded(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def quoted(value):
    """Return *value* as a message shows it: as repr() does, but of no more than LONGEST_QUOTE characters of it."""
    if isinstance(value, str):
        return cut(value, LONGEST_QUOTE, repr)
    return cut(_shown(value, DEEPEST_QUOTE), LONGEST_QUOTE)


def _shown(value, depth):
    """Return at least the first LONGEST_QUOTE characters of repr(value), and not many more.

    Nothing deeper than *depth* is in it. repr() itself makes each text in it again at each depth.
    """
    if isinstance(value, (str, bytes)):
        return cut(value, LONGEST_QUOTE, repr)
    if isinstance(value, int) and bounded(value) is None:  # Python refuses to print one of more than 4,300 digits
        return "a number of %d bits" % value.bit_length()
    if not isinstance(value, (dict, list, tuple, set, frozenset)):
        return repr(value)
    opening, closing = "[]" if isinstance(value, list) else "()" if isinstance(value, tuple) else "{}"
    parts, length = [], 0
    for one in value:
        parts.append(_shown(one, depth - 1) if depth else "...")
        if depth and isinstance(value, dict):
            parts[-1] += ": " + _shown(value[one], depth - 1)
        length += len(parts[-1])
        if not depth or length > LONGEST_QUOTE:
            break
    return opening + ", ".join(parts) + closing


def cut(text, most, shown=str):
    """Return *text*, as *shown*; no more than the first *most* characters of it, and three dots for the rest."""
    return shown(text) if len(text) <= most else shown(text[:most]) + "..."


def first_of(entries, most=MOST_TOLD):
    """Return ``(entries, left_out)``: the first *most* of a list, and how many there are beyond."""
    return entries[:most], max(0, len(entries) - most)


def sentences(texts):
    """Return the *texts* of warnings once each, in their order: MOST_TOLD of LONGEST_SENTENCE characters at most.

    If there are more, another one tells how many.
    """
    told, left_out = first_of(list(dict.fromkeys(cut(text, LONGEST_SENTENCE - 3) for text in texts)))
    return told + ["%d more warnings are left out." % left_out] * bool(left_out)
