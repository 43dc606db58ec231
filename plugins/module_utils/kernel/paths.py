# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much is in flight on a path, and how fast TCP is on it."""

import math

# Bytes that TCP can announce: window scale 14 (RFC 7323), net/ipv4/tcp_output.c tcp_select_initial_window.
LARGEST_WINDOW = 1024 * 1024 * 1024 - 1


def bandwidth_delay_product(bandwidth_mbps, rtt_ms):
    """Return the bytes in flight on a path of *bandwidth_mbps* (10^6 bit/s) and *rtt_ms*."""
    return int(math.ceil(bandwidth_mbps * 1000000 / 8 * rtt_ms / 1000))


def throughput_mbps(window_bytes, rtt_ms):
    """Return the Mbit/s that a window of *window_bytes* lets through, one window a round trip."""
    return window_bytes * 8 / 1000.0 / rtt_ms
