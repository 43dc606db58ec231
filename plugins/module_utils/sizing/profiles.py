# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The five profiles as data: what each sets, and why. What the workload says goes over what a profile assumes."""

import collections
import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import TCP_RMEM_MAX, TCP_WMEM_MAX
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ORPHANS,
    RMEM_DEFAULT,
    RMEM_MAX,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    WMEM_MAX,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.buffers import (
    ASKED,
    PATH,
    all_asked,
    assumed_buffer,
    fixed_asked,
    fixed_buffer,
    largest_asked,
    path_buffer,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.proposal import Proposal, larger
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.thresholds import (
    closing_limits,
    largest_need,
    parts_of_memory,
    udp_thresholds,
)

KIB, MIB = 1024, 1024 * 1024
MOST_WAITING = 65535  # beyond that, listen() of many programs and of older kernels counts in 16 bits


def fixed(value, reason, _host, _workload, _known):
    """Return the Proposal of a *value* that follows nothing."""
    return Proposal(value, reason)


def accept_queue(value, reason, _host, workload, _known):
    """Return somaxconn: *value*, or a power of two that holds the connections of one second where more are closed."""
    second = 1 << int(math.ceil(workload["churn"] or 1) - 1).bit_length()
    return larger(Proposal(value, reason), Proposal(min(second, MOST_WAITING), "accept queue of a second"))


def _follows_needs(receive, send, reason):
    """Return the rules of a profile whose thresholds follow the needs. receive, send: largest buffers in bytes."""
    return {
        TCP_MEM: (largest_need,),
        TCP_RMEM: (assumed_buffer, 128 * KIB, receive, (reason, "throughput")),
        TCP_WMEM: (assumed_buffer, 16 * KIB, send, (reason,)),
        RMEM_MAX: (all_asked,),
        WMEM_MAX: (all_asked,),
        "net.ipv4.tcp_moderate_rcvbuf": (fixed, 1, "moderate"),
    }


# share: part of memory that tcp_mem high takes where nothing needs more, None where tcp_mem follows no need.
# rules: {key: (function, its first arguments)}, in the order of the file. Behind these each function gets the host, the
# checked workload and what is known so far, {name: Proposal}: the needs of TCP, and what comes before it in STEPS.
Profile = collections.namedtuple("Profile", "share rules")
STEPS = {TCP_MEM: 0, PATH: 1, ASKED: 3, RMEM_MAX: 4, WMEM_MAX: 4}  # all others are 2
ALWAYS = {PATH: (path_buffer,), ASKED: (largest_asked,)}  # rules for what is no setting itself
PROFILES = {
    "balanced": Profile(3.0 / 16, _follows_needs(TCP_RMEM_MAX, TCP_WMEM_MAX, "default maximum")),
    "application_server": Profile(
        None,
        {  # a recipe found in many articles on application servers, exactly
            RMEM_MAX: (fixed_asked, 16 * MIB, "receive asked"),
            WMEM_MAX: (fixed_asked, 16 * MIB, "send asked"),
            TCP_RMEM: (fixed_buffer, 256 * KIB, 8 * MIB, "receive autotuning"),
            TCP_WMEM: (fixed_buffer, 256 * KIB, 8 * MIB, "send autotuning"),
            TCP_MEM: (parts_of_memory, (1.0 / 8, 1.0 / 4, 1.0 / 2)),
            "net.ipv4.tcp_moderate_rcvbuf": (fixed, 1, "moderate"),
            ORPHANS: (fixed, 131072, "unsent orphans"),
            "net.ipv4.tcp_fin_timeout": (fixed, 30, "fin timeout"),
            "net.ipv4.tcp_tw_reuse": (fixed, 1, "ports again"),
            "net.core.optmem_max": (fixed, 64 * KIB, "ancillary data"),
        },
    ),
    "many_connections": Profile(
        0.25,
        dict(
            _follows_needs(MIB, MIB, "one slow peer"),
            **{
                "net.ipv4.tcp_notsent_lowat": (fixed, 128 * KIB, "unsent waits"),
                "net.core.somaxconn": (accept_queue, 4096, "accept queue"),
            },
        ),
    ),
    "bulk_transfer": Profile(
        0.25,
        dict(
            _follows_needs(16 * MIB, 16 * MIB, "without a path"),
            **{
                "net.ipv4.tcp_limit_output_bytes": (fixed, MIB, "output limit"),
            },
        ),
    ),
    "low_latency": Profile(
        3.0 / 16,
        dict(
            _follows_needs(TCP_RMEM_MAX, TCP_WMEM_MAX, "default maximum"),
            **{
                "net.ipv4.tcp_notsent_lowat": (fixed, 16 * KIB, "unsent ages"),
                RMEM_DEFAULT: (fixed, MIB, "burst"),
            },
        ),
    ),
}


def proposals(host, workload, profile_rules, needs):
    """Return {key: Proposal} for one host: what the rules of its profile give and what the workload asks for on top.

    needs: of thresholds.tcp_needs().
    """
    known, rules = dict(needs), dict(profile_rules, **ALWAYS)
    for name in sorted(rules, key=lambda name: STEPS.get(name, 2)):
        function, *told = rules[name]
        known[name] = function(*told, host, workload, known)
    asked = dict(closing_limits(host, workload), **udp_thresholds(host, workload))
    return dict([(key, known[key]) for key in profile_rules], **asked)
