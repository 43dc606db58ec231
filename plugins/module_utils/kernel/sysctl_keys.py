# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sysctl keys this collection manages: their shape, their unit, and how values are read and written.

No regular expressions here: on a host the import of re costs more than all that is done with it.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    DIGITS,
    INT_MAX,
    LARGEST,
    LONGEST_NUMBER,
    bounded,
    quoted,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse


class Key:
    """What is known of a key.

    fields: names of the elements of a vector, None for a scalar.
    unit: pages, bytes, seconds, sockets, packets, flag.
    raisable: a larger value gives more room, so that "only raise" has a meaning for it.
    largest: what the kernel computes with safely; more is refused.
    """

    def __init__(self, fields, unit, raisable, largest):
        self.fields = fields
        self.unit = unit
        self.raisable = raisable
        self.largest = largest


THRESHOLDS = ("low", "pressure", "high")  # Documentation/networking/ip-sysctl.rst, tcp_mem
ABSENT = "absent"  # the reason why a key has no value: this kernel or network namespace has no such key
BUFFER_SIZES = ("min", "default", "max")  # same, tcp_rmem

KEYS = {
    "net.ipv4.tcp_mem": Key(THRESHOLDS, "pages", True, INT_MAX),
    "net.ipv4.udp_mem": Key(THRESHOLDS, "pages", True, INT_MAX),
    "net.ipv4.tcp_rmem": Key(BUFFER_SIZES, "bytes", True, INT_MAX),
    "net.ipv4.tcp_wmem": Key(BUFFER_SIZES, "bytes", True, INT_MAX),
    # SO_RCVBUF and SO_SNDBUF double what they are given (net/core/sock.c sk_setsockopt), so half of INT_MAX.
    "net.core.rmem_max": Key(None, "bytes", True, INT_MAX // 2),
    "net.core.wmem_max": Key(None, "bytes", True, INT_MAX // 2),
    "net.core.rmem_default": Key(None, "bytes", True, INT_MAX),
    "net.core.wmem_default": Key(None, "bytes", True, INT_MAX),
    "net.core.optmem_max": Key(None, "bytes", True, INT_MAX),
    "net.ipv4.udp_rmem_min": Key(None, "bytes", True, INT_MAX),
    "net.ipv4.udp_wmem_min": Key(None, "bytes", True, INT_MAX),
    "net.ipv4.tcp_moderate_rcvbuf": Key(None, "flag", False, INT_MAX),
    # Read for the ratio of window to buffer, and to be restored; kernels from 6.6 and EL9.4 on ignore it.
    "net.ipv4.tcp_adv_win_scale": Key(None, "flag", False, 31),
    "net.ipv4.tcp_max_orphans": Key(None, "sockets", True, INT_MAX),
    "net.ipv4.tcp_max_tw_buckets": Key(None, "sockets", True, INT_MAX),
    "net.ipv4.tcp_fin_timeout": Key(None, "seconds", False, INT_MAX),
    "net.ipv4.tcp_tw_reuse": Key(None, "flag", False, INT_MAX),
    "net.ipv4.tcp_notsent_lowat": Key(None, "bytes", False, 2 * INT_MAX + 1),
    "net.ipv4.tcp_limit_output_bytes": Key(None, "bytes", True, INT_MAX),
    "net.core.somaxconn": Key(None, "sockets", True, INT_MAX),
    "net.core.netdev_max_backlog": Key(None, "packets", True, INT_MAX),
    "net.core.mem_pcpu_rsv": Key(None, "pages", True, INT_MAX),
}

# Those that rules name.
TCP_MEM, UDP_MEM = "net.ipv4.tcp_mem", "net.ipv4.udp_mem"
RESERVE = "net.core.mem_pcpu_rsv"
TCP_RMEM, TCP_WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
RMEM_MAX, WMEM_MAX, RMEM_DEFAULT = "net.core.rmem_max", "net.core.wmem_max", "net.core.rmem_default"
ORPHANS, TIME_WAIT = "net.ipv4.tcp_max_orphans", "net.ipv4.tcp_max_tw_buckets"

# Those of each base, for a word of a text that the kernel reads.
DIGITS_OF = {8: frozenset("01234567"), 10: DIGITS, 16: DIGITS | frozenset("abcdefABCDEF")}
LONGEST_KEY = 255  # characters; the kernel's are shorter than 100, also with the name of an interface
NAME_CHARACTERS = DIGITS | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.:@+-")


def normalise_key(text):
    """Return the dotted name of a key written with dots or slashes, as sysctl.d(5) reads it.

    The first separator decides; with slashes, a dot is part of a name: net/ipv4/conf/eth0.1 is net.ipv4.conf.eth0/1.
    """
    separator = next((character for character in text if character in "./"), ".")
    if separator == "/":
        return text.translate({ord("."): "/", ord("/"): "."})
    return text


def key_path(key):
    """Return the path below /proc/sys of a dotted *key*. Raises SocketMemoryError for a name that could leave it."""
    parts = key.translate({ord("."): "/", ord("/"): "."}).split("/")
    if len(key) > LONGEST_KEY or any(part in ("", ".", "..") or not NAME_CHARACTERS.issuperset(part) for part in parts):
        raise refuse(
            quoted(key),
            "a character or an empty part no sysctl has",
            "a name such as net.ipv4.tcp_mem",
            "Correct the key.",
        )
    return "/proc/sys/" + "/".join(parts)


def parse_value(key, value):
    """Return *value* for *key* as the collection holds it: list of int, or int; for a key not in KEYS, a string of
    words.

    *value* is what a person wrote: text, int or list of int. Raises SocketMemoryError for anything the kernel would
    misread or take only in part: a wrong number of elements, signs, octal, hexadecimal, units, YAML booleans.
    """
    words = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(word, bool) or not isinstance(word, (int, str)) for word in words):
        raise refuse(
            key, quoted(value), "whole numbers", "Write numbers; on, off, true and false are not values of a sysctl."
        )
    too_large = [word for word in words if isinstance(word, int) and bounded(word) is None]
    if too_large:
        raise refuse(key, quoted(too_large[0]), "numbers of at most %d" % LARGEST, "Use a smaller number.")
    text = " ".join(str(word) for word in words)
    if any(not " " <= character <= "~" and character != "\t" for character in text):
        raise refuse(key, quoted(text), "one line of plain text", "Remove the line break or control character.")
    if "=" in text:
        raise refuse(key, quoted(text), "a value without '='", "Give each key its own line.")
    words = text.split()
    if key not in KEYS:
        if not words:
            raise refuse(key, "no value", "a value", "Write one or remove the line.")
        return " ".join(words)
    fields = KEYS[key].fields
    for word in words:
        # Decimal only: the kernel reads 010 as octal 8 and 0x10 as hexadecimal 16 (kernel/sysctl.c strtoul_lenient).
        if not DIGITS.issuperset(word) or (word[0] == "0" and word != "0"):
            raise refuse(
                key,
                quoted(text),
                "decimal numbers without sign, unit or leading zero",
                "Write each number out in %s." % KEYS[key].unit,
            )
        if len(word) > LONGEST_NUMBER or int(word) > LARGEST:
            raise refuse(key, quoted(text), "numbers of at most %d" % LARGEST, "Use a smaller number.")
    if len(words) != len(fields or "1"):
        wanted = "3 numbers (%s)" % ", ".join(fields) if fields else "1 number"
        raise refuse(
            key,
            "%d in %s" % (len(words), quoted(text)),
            wanted,
            "Write all of them: the kernel would keep the old rest.",
        )
    numbers = [int(word) for word in words]
    return numbers if fields else numbers[0]


def kernel_number(word):
    """Return *word* as the kernel reads a number: decimal, 0x hexadecimal or 0 octal.

    None where it is none, or too large for 64 bits; and kernel/sysctl.c proc_get_long takes no longer word than
    LONGEST_NUMBER.
    """
    digits = word[1:] if word[:1] == "-" else word
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[:1] == "0" else 10
    digits = digits[2:] if base == 16 else digits
    if not digits or len(word) > LONGEST_NUMBER or not DIGITS_OF[base].issuperset(digits):
        return None
    return bounded(int(word, base))


def read_kernel_value(key, text):
    """Return what the kernel prints for *key*, or would hold after *text* is written, in the shape of parse_value.

    Raises SocketMemoryError where it has another shape.
    """
    words = text.split()
    if key not in KEYS:
        return " ".join(words)
    numbers = [kernel_number(word) for word in words[: len(THRESHOLDS) + 1]]
    if None in numbers or len(numbers) != len(KEYS[key].fields or "1"):
        wanted = "3 numbers" if KEYS[key].fields else "1 number"
        raise SocketMemoryError("%s: the kernel printed %s, not %s" % (key, quoted(text), wanted))
    return numbers if KEYS[key].fields else numbers[0]


def format_value(value):
    """Return *value* as one line for a sysctl.d file or /proc/sys."""
    return " ".join(str(number) for number in value) if isinstance(value, list) else str(value)


def running_value(files, key):
    """Return the value of *key* on the host of *files* (HostFiles), None where its kernel or network namespace has no
    such key.

    Raises OSError where it cannot be read, which is no absence; SocketMemoryError where it has another shape.
    """
    text = files.read_if_present(key_path(key))
    return None if text is None else read_kernel_value(key, text)


def read_running(files, key):
    """Return ``(value, reason)`` of *key* on the host of *files* (HostFiles): one of the two is None.

    *reason* tells why there is no value: ABSENT, or a sentence about what is wrong.
    """
    try:
        value = running_value(files, key)
        return value, ABSENT if value is None else None
    except OSError as error:
        return None, "%s cannot be read: %s" % (key_path(key), error.strerror)
    except SocketMemoryError as error:
        return None, str(error)
