# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The five profiles as data: what each sets, and why. What the workload says goes over what a profile assumes."""

import collections
import functools
import math

from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import OUTPUT_LIMITS, since
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    KEYS,
    ORPHANS,
    RMEM_DEFAULT,
    RMEM_MAX,
    TCP_MEM,
    TCP_RMEM,
    TCP_WMEM,
    WMEM_MAX,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.buffers import (
    LARGEST_ASKED,
    RECEIVE_PATH,
    RECEIVE_START,
    SEND_PATH,
    SEND_START,
    asked,
    assumed_buffer,
    fixed_asked,
    fixed_buffer,
    moderated,
    needed_buffer,
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
MODERATE, LIMIT_OUTPUT = "net.ipv4.tcp_moderate_rcvbuf", "net.ipv4.tcp_limit_output_bytes"
RECEIVE_ASKED = (TCP_RMEM, ("receive_buffer_bytes", "udp_buffer_bytes"))
SEND_ASKED = (TCP_WMEM, ("send_buffer_bytes",))


def fixed(value, reason, _host, _workload, _known):
    """Return the Proposal of a *value* that follows nothing."""
    return Proposal(value, reason)


def accept_queue(value, reason, _host, workload, _known):
    """Return somaxconn: *value*, or a power of two that holds the connections of one second where more are closed."""
    second = 1 << int(math.ceil(workload["churn"] or 1) - 1).bit_length()
    return larger(Proposal(value, reason), Proposal(min(second, MOST_WAITING), "accept queue of a second"))


def output_limit(value, reason, host, _workload, _known):
    """Return *value* for tcp_limit_output_bytes, None on a kernel that gives itself as much."""
    return Proposal(value, reason) if since(OUTPUT_LIMITS, host.release) < value else None


def _follows_needs(receive=None, send=None):
    """Return the rules of a profile whose thresholds follow the needs.

    receive, send: the largest buffers in bytes, with the reasons; None where only a path asks for them.
    """
    return {
        TCP_MEM: (largest_need,),
        TCP_RMEM: _buffer(TCP_RMEM, RECEIVE_START, receive),
        TCP_WMEM: _buffer(TCP_WMEM, SEND_START, send),
        RMEM_MAX: (asked,) + RECEIVE_ASKED,
        WMEM_MAX: (asked,) + SEND_ASKED,
        MODERATE: (moderated, 1, "moderate"),
    }


def _buffer(key, start, assumed):
    return (assumed_buffer, key, start) + assumed if assumed else (needed_buffer, key, start)


# share: part of usable memory that tcp_mem high takes where nothing needs more, None where tcp_mem follows no need.
# rules: {key: (function, its first arguments)}, in the order of the file. Behind these each function gets the host, the
# checked workload and what is known so far, {name: Proposal}: the needs of TCP, and what comes before it in STEPS. None
# leaves the key out. exact: whether it is given as it is, also below what the kernel gives itself. small_buffers:
# whether its maxima of tcp_rmem and tcp_wmem are meant to be less than those of the kernel, or what runs.
Profile = collections.namedtuple("Profile", "share rules exact small_buffers")
STEPS = {TCP_MEM: 0, RECEIVE_PATH: 1, SEND_PATH: 1, RMEM_MAX: 3, WMEM_MAX: 3, MODERATE: 3}  # all others are 2
ALWAYS = {RECEIVE_PATH: (path_buffer, "receive"), SEND_PATH: (path_buffer, "send")}  # for what is no setting itself
_follows = functools.partial(Profile, exact=False, small_buffers=False)
PROFILES = {
    "balanced": _follows(3.0 / 16, _follows_needs()),
    "application_server": Profile(
        None,
        {  # a recipe found in many articles on application servers, exactly
            RMEM_MAX: (fixed_asked, 16 * MIB, "receive asked") + RECEIVE_ASKED,
            WMEM_MAX: (fixed_asked, 16 * MIB, "send asked") + SEND_ASKED,
            TCP_RMEM: (fixed_buffer, TCP_RMEM, 256 * KIB, 8 * MIB, "receive autotuning"),
            TCP_WMEM: (fixed_buffer, TCP_WMEM, 256 * KIB, 8 * MIB, "send autotuning"),
            TCP_MEM: (parts_of_memory, (1.0 / 8, 1.0 / 4, 1.0 / 2)),
            MODERATE: (fixed, 1, "moderate"),
            ORPHANS: (fixed, 131072, "unsent orphans"),
            "net.ipv4.tcp_fin_timeout": (fixed, 30, "fin timeout"),
            "net.ipv4.tcp_tw_reuse": (fixed, 1, "ports again"),
            "net.core.optmem_max": (fixed, 64 * KIB, "ancillary data"),
        },
        exact=True,
        small_buffers=False,
    ),
    "many_connections": Profile(
        0.25,
        dict(
            _follows_needs((MIB, ("one slow peer", "throughput")), (MIB, ("one slow peer",))),
            **{
                "net.ipv4.tcp_notsent_lowat": (fixed, 128 * KIB, "unsent waits"),
                "net.core.somaxconn": (accept_queue, 4096, "accept queue"),
            },
        ),
        exact=False,
        small_buffers=True,
    ),
    "bulk_transfer": _follows(
        0.25,
        dict(
            _follows_needs((16 * MIB, ("without a path", "throughput")), (16 * MIB, ("without a path",))),
            **{LIMIT_OUTPUT: (output_limit, MIB, "output limit")},
        ),
    ),
    "low_latency": _follows(
        3.0 / 16,
        dict(
            _follows_needs(),
            **{
                "net.ipv4.tcp_notsent_lowat": (fixed, 16 * KIB, "unsent ages"),
                RMEM_DEFAULT: (fixed, MIB, "burst"),
            },
        ),
    ),
}


def proposals(host, workload, profile, needs):
    """Return {key: Proposal} for one host: what the rules of its *profile* give and what the workload asks for on top.

    needs: of thresholds.tcp_needs(). What the host must keep is kept, and overrides go over everything: what follows a
    setting follows what will be in the file.
    """
    overrides = {key: Proposal(value, "overrides") for key, value in workload["overrides"].items()}
    known, rules = dict(needs, **overrides), dict(profile.rules, **ALWAYS)
    for name in sorted(rules, key=lambda name: STEPS.get(name, 2)):
        if name not in overrides:
            function, *told = rules[name]
            known[name] = _bounded(host, profile, name, function(*told, host, workload, known))
    more = dict(closing_limits(host, workload), **udp_thresholds(host, workload, known))
    for key in more:
        if key not in overrides:
            known[key] = _bounded(host, profile, key, more[key])
    return {
        key: known[key]
        for key in list(profile.rules) + list(more) + list(overrides)
        if known[key] and not (workload["only_raise"] and key not in overrides and _holds_more(host, key))
    }


def _bounded(host, profile, name, proposal):
    """Return *proposal* within what the kernel of the host gives itself, and what the host must keep; None for none."""
    if proposal is None or name not in KEYS:
        return proposal
    return host.raised(name, proposal if profile.exact else host.not_below_default(name, proposal))


def _holds_more(host, key):
    """Return whether *key* runs with more than a file shall say: the kernel cuts what is asked to LARGEST_ASKED."""
    return key in (RMEM_MAX, WMEM_MAX) and host.running.get(key, 0) > LARGEST_ASKED
