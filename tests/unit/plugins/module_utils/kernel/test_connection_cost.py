# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What connections cost, as arithmetic; tests/system compares it with the running kernel."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import (
    buffer_for_window,
    idle_bytes,
    receive_buffer_held,
    send_buffer_for_flight,
    send_buffer_held,
    truesize,
    window_of_buffer,
)

EL8 = "4.18.0-553.66.1.el8_10.x86_64"
EL9_2 = "5.14.0-284.30.1.el9_2.x86_64"
EL9_4 = "5.14.0-427.42.1.el9_4.x86_64"
EL9_6 = "5.14.0-570.32.1.el9_6.x86_64"
UEK7 = "5.15.0-305.176.4.el9uek.x86_64"
EL10 = "6.12.0-55.24.1.el10_0.x86_64"
RELEASES = (EL8, EL9_2, EL9_4, EL9_6, UEK7, "6.1.0", "6.8.0-31-generic", EL10, "6.18.44", "", None)


@pytest.mark.parametrize(
    "release, expected", [(EL8, 3919), (EL9_6, 4312), (UEK7, 4312), ("6.1.176", 4043), (EL10, 3980), ("unknown", 4312)]
)
def test_idle_connection(release, expected):
    """About 4 kB, by generation; an unknown kernel is taken for the costliest."""
    assert idle_bytes(release, 4096) == expected


def test_larger_pages_waste_less_of_a_slab():
    assert idle_bytes(EL8, 65536) < idle_bytes(EL8, 16384) < idle_bytes(EL8, 4096) < 1.05 * idle_bytes(EL8, 65536)


@pytest.mark.parametrize(
    "payload, segment, release, expected",
    [
        (0, 1448, EL8, 0),
        (1, 1448, EL8, 1281),
        (10, 1, EL8, 12810),
        (10, 1, EL10, 8970),
        (1448, 1448, EL10, 2344),
        (1449, 1448, EL10, 3241),
        (131072, 65536, EL10, 132864),
        (1, 1, None, 1281),
    ],
)
def test_each_segment_costs_a_whole_skb(payload, segment, release, expected):
    assert truesize(payload, segment, release) == expected


@pytest.mark.parametrize(
    "release, scale, expected",
    [
        (EL8, 1, 32768),
        (EL8, 2, 49152),
        (EL8, -2, 16384),
        (EL8, 0, 65536),
        (EL8, 31, 65536),
        (EL8, -31, 0),
        (EL9_2, 2, 49152),
        (UEK7, 2, 49152),
        ("6.5.13", 2, 49152),
        (EL9_4, 2, 16640),
        ("6.8.0-31-generic", 2, 16640),
        (EL9_6, 2, 32768),
        (EL10, 2, 32768),
        ("6.18.44", -2, 32768),
        ("unknown", 1, 16640),
    ],
)
def test_window_of_64_kib(release, scale, expected):
    """From EL9.4 and 6.6 on the sysctl does nothing."""
    assert window_of_buffer(65536, release, scale) == expected


@pytest.mark.parametrize(
    "release, expected", [(EL8, 50000000), (EL9_2, 50000000), (EL9_4, 98461539), (EL9_6, 75000000), (EL10, 75000000)]
)
def test_buffer_for_a_path(release, expected):
    """10 Gbit/s times 20 ms."""
    assert buffer_for_window(25000000, release) == expected


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("scale", [-14, -2, -1, 0, 1, 2, 5, 14])
def test_buffer_always_lets_the_window_be_advertised(release, scale):
    for window in (1, 2, 3, 1447, 65535, 65536, 25000001, (1 << 30) - 1):
        assert window_of_buffer(buffer_for_window(window, release, scale), release, scale) >= window


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_costs_less_than_its_payload_and_more_costs_more(release):
    last = 0
    for payload in (1, 2, 1448, 1449, 100000):
        for segment in (1, 100, 1448, 65483):
            assert truesize(payload, segment, release) > payload
        assert truesize(payload, 1448, release) > last
        last = truesize(payload, 1448, release)
    assert 3500 < idle_bytes(release, 4096) < 4500


@pytest.mark.parametrize(
    "asked, receive, send",
    [
        (0, 2304, 4608),
        (1, 2304, 4608),
        (1152, 2304, 4608),
        (1153, 2306, 4608),
        (2305, 4610, 4610),
        (65536, 131072, 131072),
        (2**31 - 1, 2**31 - 2, 2**31 - 2),
        (2**40, 2**31 - 2, 2**31 - 2),
    ],
)
def test_kernel_doubles_what_is_asked(asked, receive, send):
    assert (receive_buffer_held(asked), send_buffer_held(asked)) == (receive, send)


def test_a_send_buffer_is_enough_for_bbr_which_needs_the_most():
    assert send_buffer_for_flight(25000000) == 75000000
