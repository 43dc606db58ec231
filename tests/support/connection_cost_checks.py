# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares what measure_connections.py found on a kernel with what module_utils.connection_cost says of it."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    idle_bytes,
    receive_buffer_held,
    send_buffer_held,
    truesize,
    window_of_buffer,
)

# The constants are those of EL's configurations. Options of other builds move struct tcp_sock and the inode by some
# hundred bytes.
IDLE_TOLERANCE = 0.15
# MAX_TCP_HEADER is 192 to 320 by the same options, and the head of an skb 576 or 640 bytes: 64 of 897 for a segment of
# one byte.
SEGMENT_TOLERANCE = 0.08


def check_idle(found):
    """Slab per socket; nothing of it is in tcp_mem."""
    expected = idle_bytes(found["release"], found["page_size"])
    assert abs(found["idle"]["slab_bytes"] - expected) <= IDLE_TOLERANCE * expected, (found["idle"], expected)
    assert found["idle"]["pages"] == 0


def check_unread(found):
    """Each socket by what the kernel says of it; all of them in whole pages, each for itself."""
    for one in found["unread"]:
        expected = truesize(one["segment_bytes"] * one["segments"], one["segment_bytes"], found["release"])
        assert abs(one["charged"] - expected) <= SEGMENT_TOLERANCE * expected, (one, expected)
        pages = one["connections"] * -(-int(one["charged"]) // found["page_size"])
        assert abs(one["pages"] - pages) <= SEGMENT_TOLERANCE * pages, (one, pages)


def check_pool(found):
    """The kernel's counter is exact to the reserve of each processor, at both readings. Only where nobody else uses
    TCP meanwhile.
    """
    for one in found["unread"]:
        assert abs(one["pool_pages"] - one["pages"]) <= 2 * found["error_bound"], one


def check_buffers(found):
    """Doubled, and never below the minimum: exactly."""
    for one in found["buffers"]:
        assert one["receive"] == receive_buffer_held(one["asked"])
        assert one["send"] == send_buffer_held(one["asked"])


def check_windows(found):
    """The first window that is advertised, exactly."""
    for one in found["windows"]:
        assert one["window"] == window_of_buffer(one["buffer"], found["release"], one["adv_win_scale"]), one


CHECKS = (check_idle, check_unread, check_buffers, check_windows)
CHECKS_OF_A_QUIET_HOST = (*CHECKS, check_pool)
