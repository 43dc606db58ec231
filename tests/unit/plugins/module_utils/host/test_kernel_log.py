# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found in the kernel log, and what is not believed."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.kernel_log import find_messages

ORPHANS, MEMORY = b"TCP: too many orphaned sockets", b"TCP: out of memory -- consider tuning tcp_mem"


def record(text, seconds, priority=6):
    """As /dev/kmsg gives it: information of the kernel is priority 6, a continuation line with variables may follow."""
    return b"%d,812,%d,-;%s\n SUBSYSTEM=net\n" % (priority, seconds * 1000000, text)


def test_messages_are_counted_and_dated():
    records = [record(b"eth0: link up", 1), record(ORPHANS, 10), record(MEMORY, 20), record(ORPHANS, 90)]
    assert find_messages(records, 100.0) == [
        {"text": ORPHANS.decode(), "count": 2, "first_age_seconds": 90.0, "last_age_seconds": 10.0},
        {"text": MEMORY.decode(), "count": 1, "first_age_seconds": 80.0, "last_age_seconds": 80.0},
    ]


def test_what_is_no_such_message_is_left_out():
    records = [
        record(ORPHANS, 10, priority=14),  # facility 1: a program wrote it
        record(b"note: " + ORPHANS, 10),
        record(ORPHANS + b"!", 10),
        b"",
        b"no semicolon",
        b";" + ORPHANS,
        b"6,1;" + ORPHANS,
        b"x,1,2,-;" + ORPHANS,
        b"6,1,y,-;" + ORPHANS,
        b"6,1,2,-;\xff\xfe" + ORPHANS,
    ]
    assert find_messages(records, 100.0) == []


def test_a_captured_tree_has_none(host):
    facts = host.facts(gather_subset=["kernel_log"])
    assert facts["kernel_log"] is None and facts["warnings"] == ["/dev/kmsg: a captured tree has no kernel log to read"]


def test_numbers_that_are_none_are_not_believed():
    digits = b"9" * 5000
    assert (
        find_messages(
            [
                digits + b",1,2,-;" + ORPHANS,
                b"6,1," + digits + b",-;" + ORPHANS,
                b"6,1,-5,-;" + ORPHANS,
                b"-1,1,5,-;" + ORPHANS,
            ],
            100.0,
        )
        == []
    )
