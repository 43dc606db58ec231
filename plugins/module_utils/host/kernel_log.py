# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel log still holds about socket memory. Pressure itself is never logged, so an empty log proves
nothing.
"""

import errno
import os
import time

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import whole_number

# net/ipv4/tcp.c tcp_check_oom: both are about orphans. They are rate-limited together with all other messages of the
# network.
MESSAGES = ("TCP: too many orphaned sockets", "TCP: out of memory -- consider tuning tcp_mem")
PATH = "/dev/kmsg"
LARGEST_RECORD = 8192  # bytes; include/linux/printk.h CONSOLE_EXT_LOG_MAX, a shorter read fails with EINVAL
MOST_RECORDS = 200000  # a buffer of 16 MiB holds fewer; 10,000 take about 10 ms


def read_kernel_log(reading):
    """Return [{text, count, first_age_seconds, last_age_seconds}, …] of MESSAGES, or None with a warning in
    *reading* (HostReading).
    """
    if not reading.files.live:
        reading.warnings.append("%s: a captured tree has no kernel log to read" % PATH)
        return None
    try:
        handle = os.open(PATH, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reading.warnings.append("%s cannot be read: %s" % (PATH, error.strerror))
        return None
    try:
        return find_messages(_records(handle), time.monotonic())
    except OSError as error:
        reading.warnings.append("%s cannot be read: %s" % (PATH, error.strerror))
        return None
    finally:
        os.close(handle)


def _records(handle):
    """Yield the records of the log, oldest first, as bytes. Raises OSError."""
    for _number in range(MOST_RECORDS):
        try:
            yield os.read(handle, LARGEST_RECORD)
        except OSError as error:
            if error.errno == errno.EAGAIN:  # there is no more
                return
            if error.errno != errno.EPIPE:  # EPIPE: overwritten meanwhile, the next read goes on with what is there
                raise


def find_messages(records, now):
    """Return MESSAGES found in *records* of /dev/kmsg, in the shape of read_kernel_log. now: seconds since boot,
    without suspends.

    A record is "priority,sequence,microseconds,flags;text" (Documentation/ABI/testing/dev-kmsg). Who may write to
    /dev/kmsg can write such a text too, but not as the kernel's facility, which is 0.
    """
    found = {}
    for record in records:
        prefix, _semicolon, text = record.partition(b";")
        text = text.partition(b"\n")[0].decode("ascii", "replace").strip()
        if text not in MESSAGES:
            continue
        fields = [whole_number(field) for field in prefix.decode("ascii", "replace").split(",")] + [None, None]
        priority, microseconds = fields[0], fields[2]
        if priority is not None and priority >> 3 == 0 and microseconds is not None and microseconds >= 0:
            age = round(max(0.0, now - microseconds / 1e6), 1)
            one = found.setdefault(text, {"text": text, "count": 0, "first_age_seconds": age})
            one["count"] += 1
            one["last_age_seconds"] = age
    return [found[text] for text in MESSAGES if text in found]
