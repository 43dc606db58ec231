# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The five profiles: what each sets, and why. What the workload says goes over what a profile assumes."""

import collections
import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.connection_cost import window_of_buffer
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import INT_MAX, KEYS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.path_buffers import (
    LARGEST_ASSUMED_BUFFER,
    MIB,
    TCP_RMEM_MAX,
    TCP_WMEM_MAX,
    USUAL_LONG_RTT,
    assumed_buffer,
    path_buffer,
    throughput_sentence,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.thresholds import (
    FLOOR_REASON,
    closing_limits,
    floor_unit,
    tcp_needs,
    tcp_thresholds,
    udp_thresholds,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

MEM, UDP_MEM = "net.ipv4.tcp_mem", "net.ipv4.udp_mem"
RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
CAPS = ("net.core.rmem_max", "net.core.wmem_max")
UDP_START = "net.core.rmem_default"
AUTOTUNING = {"net.ipv4.tcp_moderate_rcvbuf": (1, "receive buffers follow the need of each connection")}
MOST_WAITING = 65535  # beyond that, listen() of many programs and of older kernels counts in 16 bits

AS_THE_KERNEL = "the kernel's default maximum: no path was given"

# share: part of memory for tcp_mem high. buffer: largest buffer of one connection in bytes where no path is stated, None for the
# kernel's own; why: the reason for it. extras: {key: (value, reason)}.
Profile = collections.namedtuple("Profile", "share buffer why extras")
PROFILES = {
    "balanced": Profile(3.0 / 16, None, AS_THE_KERNEL, {}),
    "many_connections": Profile(0.25, MIB, "one slow peer holds no more", {
        "net.ipv4.tcp_notsent_lowat": (128 * 1024, "what is not yet sent waits in the application, not in each socket"),
        "net.core.somaxconn": (4096, "connections that wait for accept(); EL8 starts at 128"),
    }),
    "bulk_transfer": Profile(0.25, LARGEST_ASSUMED_BUFFER, "the most that is given without a stated path", {
        "net.ipv4.tcp_limit_output_bytes": (MIB, "as kernels since 4.20 have it: the 256 KiB of EL8 let a fast interface run dry"),
    }),
    "low_latency": Profile(3.0 / 16, None, AS_THE_KERNEL, {
        "net.ipv4.tcp_notsent_lowat": (16 * 1024, "data that is not yet sent ages in the application, which can still replace it"),
        UDP_START: (MIB, "a burst of datagrams survives until a reader is scheduled: 212992 bytes are some 90 of 1000 bytes"),
    }),
    "application_server": None,  # a fixed recipe, see _application_server
}


def recommended(host, workload):
    """Return ({key: (value, reason)}, needs) for one host: what the profile gives and what the workload asks for on top.

    needs: of thresholds.tcp_needs(), as shown in the budget. Keys whose value rests on a measurement are added to host.measured.
    """
    profile = PROFILES[workload["profile"]]
    needs = tcp_needs(host, workload, (workload["memory_fraction"] or profile.share) if profile else None)
    settings = _application_server(host, workload) if profile is None else _sized(host, workload, profile, needs)
    if workload["paths"]:
        _fit_paths(host, workload, settings)
    settings.update(closing_limits(host, workload))
    udp = udp_thresholds(host, workload)
    if udp:
        settings[UDP_MEM] = udp[:2]
        if udp[2]:
            host.measured.add(UDP_MEM)
    if workload["churn"] and workload["profile"] == "many_connections":
        waiting = min(1 << int(math.ceil(workload["churn"]) - 1).bit_length(), MOST_WAITING)
        if waiting > settings["net.core.somaxconn"][0]:
            settings["net.core.somaxconn"] = (waiting, "connections that wait for accept(): those of one second, as many come as are closed")
    _fit_caps(host, workload, settings)
    return settings, needs


def _sized(host, workload, profile, needs):
    """Return the settings of a profile with sized thresholds."""
    tcp_mem, reason, measured = tcp_thresholds(host, workload, needs)
    if measured:
        host.measured.add(MEM)
    settings = {MEM: (tcp_mem, reason)}
    for key, start, default in ((RMEM, 131072, TCP_RMEM_MAX), (WMEM, 16384, TCP_WMEM_MAX)):
        size, why = assumed_buffer(host, profile.buffer or default), profile.why
        if size < (profile.buffer or default):
            why = "the kernel's default maximum for a host of little memory"
            host.measured.add(key)
        elif key == RMEM:
            why += "; a window of " + throughput_sentence(window_of_buffer(size, host.release, host.window_scale), USUAL_LONG_RTT)
        settings[key] = ([4096, start, size], why)
    for key in CAPS:
        settings[key] = (0, "no less for an application that asks than autotuning gives")
    settings.update(AUTOTUNING)
    settings.update(profile.extras)
    return settings


def _application_server(host, workload):
    """A recipe found in many articles on application servers, exactly: 1/8, 1/4 and 1/2 of memory, fixed buffers."""
    fraction = workload["memory_fraction"]
    high = int(host.memory_pages * fraction) if fraction else host.memory_pages // 2
    thresholds = [min(high // 4, INT_MAX // 4), min(high // 2, INT_MAX // 2), min(high, INT_MAX)]
    reason = "low, pressure and high at %s of memory" % ("1/4, 1/2 and all of %.4g %%" % (100 * fraction) if fraction else "1/8, 1/4 and 1/2")
    floor = floor_unit(host)
    if thresholds[0] < 3 * floor:
        thresholds, reason = [max(pair) for pair in zip(thresholds, (3 * floor, 4 * floor, 6 * floor))], FLOOR_REASON
    host.measured.add(MEM)
    settings = {
        "net.core.rmem_max": (16 * MIB, "receive buffer an application may ask for"),
        "net.core.wmem_max": (16 * MIB, "send buffer an application may ask for"),
        RMEM: ([4096, 256 * 1024, 8 * MIB], "start and limit of receive autotuning"),
        WMEM: ([4096, 256 * 1024, 8 * MIB], "start and limit of send autotuning"),
        MEM: (thresholds, reason),
    }
    settings.update(AUTOTUNING)
    settings.update({
        "net.ipv4.tcp_max_orphans": (131072, "closed connections that may still hold unsent data"),
        "net.ipv4.tcp_fin_timeout": (30, "orphans in FIN-WAIT-2 go after 30 s; TIME-WAIT stays 60 s whatever is set here"),
        "net.ipv4.tcp_tw_reuse": (1, "outgoing connections may reuse TIME-WAIT ports, also beyond loopback"),
        "net.core.optmem_max": (64 * 1024, "ancillary data of one socket, not a total"),
    })
    return settings


def _fit_paths(host, workload, settings):
    """Raise the buffers to what the longest of the stated paths needs; where the profile's own are limited, replace them."""
    size, reason, measured = path_buffer(host, workload, settings[MEM][0][0])
    for key in (RMEM, WMEM):
        (smallest, start, largest), _reason = settings[key]
        if size > largest:
            settings[key] = ([smallest, start, size], reason)
            host.measured.discard(key)
            if measured:
                host.measured.add(key)


def _fit_caps(host, workload, settings):
    """Raise what an application may ask for to what autotuning gives and to what the workload says that it asks for."""
    largest = max([workload[name] or 0 for name in ("receive_buffer_bytes", "send_buffer_bytes", "udp_buffer_bytes")]
                  + [host.raised(key, settings[key][0])[2] for key in (RMEM, WMEM)]
                  + [host.raised(key, settings[key][0]) for key in (UDP_START,) if key in settings])
    for key in CAPS:
        value, reason = settings[key]
        if largest > value:
            asked = "" if value == 0 else "; raised to %s, which autotuning gives or the workload asks for" % human_bytes(largest)
            settings[key] = (min(largest, KEYS[key].largest), reason + asked)
            if host.measured & {RMEM, WMEM}:
                host.measured.add(key)
