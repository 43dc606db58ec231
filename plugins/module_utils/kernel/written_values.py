# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel makes of a text that somebody writes to a key: it reads numbers one by one and keeps those before an
error.

No regular expressions here, see sysctl_keys.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    INT_MAX,
    LONGEST_NUMBER,
    LONGEST_QUOTE,
    cut,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, kernel_number
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

# kernel/sysctl.c proc_get_long: what it skips before a number is all that lib/ctype.c calls a space, and that is
# Latin-1.
SPACES = " \t\n\v\f\r\udca0"

# The range of each element, where it is not that of an int (net/ipv4/sysctl_net_ipv4.c, net/core/sysctl_net_core.c,
# 6.18). The keys of one byte take any int before 5.13, as does optmem_max before 6.8: that differs for senseless values
# only.
RANGES = {
    "net.ipv4.tcp_mem": (0, 2**64 - 1),
    "net.ipv4.udp_mem": (0, 2**64 - 1),
    "net.ipv4.tcp_rmem": (1, INT_MAX),
    "net.ipv4.tcp_wmem": (1, INT_MAX),
    "net.ipv4.udp_rmem_min": (1, INT_MAX),
    "net.ipv4.udp_wmem_min": (1, INT_MAX),
    "net.core.rmem_max": (2304, INT_MAX),  # include/net/sock.h SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF on 64 bits
    "net.core.rmem_default": (2304, INT_MAX),
    "net.core.wmem_max": (4608, INT_MAX),
    "net.core.wmem_default": (4608, INT_MAX),
    "net.core.optmem_max": (0, INT_MAX),
    "net.core.somaxconn": (0, INT_MAX),
    "net.core.mem_pcpu_rsv": (256, INT_MAX),
    "net.ipv4.tcp_tw_reuse": (0, 2),
    "net.ipv4.tcp_moderate_rcvbuf": (0, 255),
    "net.ipv4.tcp_notsent_lowat": (0, 2 * INT_MAX + 1),
    "net.ipv4.tcp_fin_timeout": (-(INT_MAX // 1000), INT_MAX // 1000),  # seconds, kept in jiffies: HZ is 1000 on EL
}
ANY_INT = (-INT_MAX - 1, INT_MAX)


def numbers_taken(key, text):
    """Return the numbers that the kernel takes when *text* is written to the managed *key*: fewer than the key has
    where it refuses one.
    """
    least, most = RANGES.get(key, ANY_INT)
    numbers = []
    for _element in KEYS[key].fields or "1":
        text = text.lstrip(SPACES)
        start = text[: LONGEST_NUMBER + 1]  # a longer word is no number
        word = start.replace("\t", " ").replace("\n", " ").partition(" ")[0]
        number = kernel_number(word)
        if number is None or not least <= number <= most:
            break
        numbers.append(number)
        text = text[len(word) :]
    return numbers


def held_after(key, texts):
    """Return ``(value, decisive)``: what *key* holds after *texts* are written in this order, and the index of the last
    that counts.

    value: list of int or int. Where the texts do not decide it all, because the kernel refuses them or takes a vector
    in part, it is the text that was to be set, no more than its first LONGEST_QUOTE characters. A key that is not
    managed holds the words of the last text.
    """
    last = len(texts) - 1
    if key not in KEYS:
        return " ".join(printable(texts[last]).split()), last
    elements, decisive = [None] * len(KEYS[key].fields or "1"), None
    for index in range(last, -1, -1):
        numbers = numbers_taken(key, texts[index])
        if numbers and decisive is None:
            decisive = index
        elements = [
            later if later is not None else number
            for later, number in zip(elements, numbers + elements[len(numbers) :])
        ]
        if None not in elements:
            return elements if KEYS[key].fields else elements[0], decisive
    decisive = last if decisive is None else decisive
    return cut(texts[decisive], LONGEST_QUOTE, printable), decisive
