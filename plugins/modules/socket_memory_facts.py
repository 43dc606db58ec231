#!/usr/bin/python
# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about the socket memory of a host."""

DOCUMENTATION = r"""
module: socket_memory_facts
short_description: Gather the state of socket memory of a Linux host
version_added: 0.1.0
description:
  - Reads what the kernel says about the memory of TCP and UDP sockets, judges it, and returns it as RV(ansible_facts.socket_memory).
  - Tells what the C(sysctl.d) files will set at the next boot and which file and line says so, and which other tools set the same keys.
  - Recommends settings for the host and a workload.
  - Reads files only, starts no process, needs no root.
options:
  gather_subset:
    description:
      - What to gather. Every name stands for the key of the same name in the facts, C(!name) leaves one out.
      - V(all) stands for all of them but V(cgroups) and V(kernel_log), which have to be named.
      - The facts about the host itself are always there.
    type: list
    elements: str
    default: [all]
  root:
    description:
      - A directory that holds a captured tree of a host, such as a sosreport, with C(proc), C(sys) and C(etc) in it.
    type: str
    default: /
  page_size:
    description:
      - Bytes of a memory page of the host in O(root). The live host is asked itself.
    type: int
  window:
    description:
      - Seconds to observe the host, at most 3600. It is looked at up to 21 times, not more often than every 0.1 seconds, and what
        was seen is RV(ansible_facts.socket_memory.window). All other facts describe the end of the window.
      - A captured tree cannot be observed.
      - A connection is silent meanwhile. For minutes over SSH set C(ServerAliveInterval), or run the task with C(async).
    type: float
    default: 0
  workload:
    description:
      - What the host is for; see the filter P(linux_net.socket_memory.recommend#filter) for the options.
    type: dict
    default: {}
  sysctl_dialect:
    description:
      - How the systemd of the host reads C(sysctl.d). V(systemd-239) is that of Enterprise Linux 8, which knows no wildcards.
      - V(auto) goes by the version of the systemd library on the host.
    type: str
    choices: [auto, systemd, systemd-239]
    default: auto
extends_documentation_fragment:
  - linux_net.socket_memory.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Changes nothing.
  platform:
    support: full
    platforms: linux
seealso:
  - module: linux_net.socket_memory.sysctl_dropin
  - plugin: linux_net.socket_memory.recommend
    plugin_type: filter
author:
  - linux_net.socket_memory contributors (@linux-net)
"""

EXAMPLES = r"""
- name: Gather everything
  linux_net.socket_memory.socket_memory_facts:

- name: Stop where TCP is under memory pressure
  ansible.builtin.assert:
    that: ansible_facts.socket_memory is not linux_net.socket_memory.under_memory_pressure

- name: See what a file server with 500 clients would need
  linux_net.socket_memory.socket_memory_facts:
    gather_subset: [recommended]
    workload:
      connections: 500
      buffer_bytes: 128KiB

- name: Observe for five seconds
  linux_net.socket_memory.socket_memory_facts:
    gather_subset: [tcp, udp]
    window: 5

- name: Read a sosreport on the controller
  linux_net.socket_memory.socket_memory_facts:
    root: /srv/sosreports/web1
    page_size: 65536
  delegate_to: localhost
"""

RETURN = r"""
ansible_facts:
  description: The facts. A number that the host cannot give is null, never 0.
  returned: success
  type: dict
  contains:
    socket_memory:
      description: The socket memory of the host.
      returned: success
      type: dict
      contains:
        kernel:
          description: The kernel release.
          type: str
          returned: success
          sample: 4.18.0-553.el8_10.x86_64
        page_size:
          description: Bytes of a memory page.
          type: int
          returned: success
          sample: 4096
        memory_total:
          description: Memory of the host in bytes.
          type: int
          returned: success
          sample: 16506716160
        network_namespace:
          description: V(initial), or V(other) where C(tcp_mem), C(udp_mem) and C(tcp_max_orphans) do not exist.
          type: str
          returned: success
          sample: initial
        container:
          description: The kind of container the host is, such as V(podman), or null.
          type: str
          returned: success
          sample: podman
        tcp:
          description:
            - The one pool of TCP, TCPv6 and MPTCP. RV(ansible_facts.socket_memory.tcp.state) is V(normal), V(soft), V(imminent),
              V(pressure), V(recovering), V(critical), or null where nothing can be told.
            - C(used), C(thresholds) and C(error_bound) are in pages of the host; C(sockets.in_use) counts both IP versions.
          type: dict
          returned: with the subset V(tcp)
          sample:
            state: normal
            kernel_flag: false
            used: {pages: 1200, bytes: 4915200}
            thresholds: {low: 188888, pressure: 251851, high: 377776}
            percent_of_high: 0.32
            error_bound: {pages: 0, bytes: 0}
            sockets: {in_use: 150, orphaned: 0, time_wait: 45, allocated: 180}
            orphans: {count: 0, limit: 65536}
            time_wait: {count: 45, limit: 65536}
          contains:
            state:
              description: The state of TCP memory, by the kernel's flag first and the numbers second.
              type: str
              returned: success
        udp:
          description: The memory of UDP and UDP-Lite, V(normal) or V(critical). Only the first threshold has an effect.
          type: dict
          returned: with the subset V(udp)
          sample:
            state: normal
            used: {pages: 12, bytes: 49152}
            thresholds: {low: 377776, pressure: 503702, high: 755552}
            sockets: {in_use: 45}
        sockets_used:
          description: Sockets of all kinds in this network namespace.
          type: int
          returned: with the subset V(tcp) or V(udp)
          sample: 500
        limits:
          description: Every key this collection may manage, as the kernel has it now. Null where this kernel or namespace has no such key.
          type: dict
          returned: with the subset V(limits)
          sample:
            net.ipv4.tcp_mem: [188888, 251851, 377776]
            net.core.rmem_max: 212992
        counters:
          description: Counters that tell of memory, by the kernel's names, of this network namespace, since boot.
          type: dict
          returned: with the subset V(counters)
          sample: {TCPMemoryPressures: 0, TCPMemoryPressuresChrono: 0, PruneCalled: 0, UdpMemErrors: 0}
        boot:
          description:
            - What the C(sysctl.d) files set at the next boot, by C(systemd-sysctl). A key that no file sets is absent.
            - C(value) is the text itself where the kernel refuses it, or takes only the first numbers of it. C(overrides) are the lines
              that lose, nearest first; C(overrides_left_out) counts those beyond the first 50, where there are.
            - C(procps) is what C(sysctl --system) would leave and C(tuned) what tuned leaves each time it starts, by its active profile and
              by writing C(sysctl.d) once more in its own order. Each is absent where the host has no such program, it is switched off, or
              it does not set the key.
          type: dict
          returned: with the subset V(boot)
          sample:
            net.ipv4.tcp_mem:
              value: [188888, 251851, 377776]
              file: /etc/sysctl.d/99-tcp-memory.conf
              line: 3
              overrides:
                - {file: /usr/lib/sysctl.d/50-vendor.conf, line: 8, value: [1, 2, 3]}
              procps: {value: [1, 2, 4], file: /etc/sysctl.conf, line: 5}
        boot_by_others:
          description: The same C(procps) and C(tuned) for the keys that only they set, not the boot itself.
          type: dict
          returned: with the subset V(boot)
          sample:
            net.core.somaxconn:
              tuned: {value: 8192, file: /etc/tuned/mine/tuned.conf, line: 4}
        boot_complete:
          description:
            - V(false) where a file or directory could not be read as text, such as a dangling link, a FIFO, or a file of more than 4 MiB.
              A warning names each; what it sets is not in C(boot).
            - Also where there are more than 10,000 files, 16 MiB, or 300,000 lines on network keys. Then the files that
              the boot reads last are read, and a warning tells how many are not.
          type: bool
          returned: with the subset V(boot)
          sample: true
        managers:
          description:
            - Who else sets keys of this collection, such as tuned, bpftune, an Oracle or SAP package, cloud-init, a hook of NetworkManager.
            - C(active) tells whether it runs now, or is read or run at the next boot; null where files cannot tell. C(keys) are the keys it
              sets, C(evidence) is the file that says so.
            - At most 50; C(managers_left_out), beside it, counts the rest, where there are more.
            - Scripts are searched for the names of keys, they are not run. An initramfs is not unpacked, so its C(keys) are empty. So they are for
              a file that the user of the task may not read.
          type: list
          elements: dict
          returned: with the subset V(managers)
          sample:
            - name: bpftune
              active: true
              keys: [net.ipv4.tcp_mem, net.ipv4.tcp_rmem, net.ipv4.tcp_wmem]
              evidence: /usr/lib/systemd/system/bpftune.service
        recommended:
          description: What the filter P(linux_net.socket_memory.recommend#filter) returns for this host, or null without memory or page size.
          type: dict
          returned: with the subset V(recommended)
          sample: {profile: balanced, settings: {}, reasons: {}, budget: {}, lint: []}
        capacity:
          description: What the filter P(linux_net.socket_memory.capacity#filter) returns for this host, or null without memory or page size.
          type: dict
          returned: with the subset V(capacity)
          sample: {bytes_per_connection: {}, connections_until: {}, payload_that_fills_a_buffer: {}, needs: null, answers: []}
        findings:
          description: What a person should know, with the severity V(error), V(warning) or V(info), errors first. Empty when all is well.
          type: list
          elements: dict
          returned: with the subset V(findings)
          sample:
            - id: tcp-pressure
              severity: error
              message: >-
                TCP memory is under pressure: 12.1 MiB of 16.0 MiB (75.6 % of high), kernel flag yes; windows stop growing, queues are pruned,
                sockets above the average lose data.
              evidence: {}
              remedy: Find the sockets that hold the memory (ss -tm).
        window:
          description:
            - What was seen in the window of observation. C(used) is in pages of the host and bytes; C(trend) is V(steady) where C(change)
              is not larger than what the kernel may miscount. C(states) are those seen, in order, with the time spent in each.
            - C(under_pressure) tells the time under pressure, and its share of the time that could be read. In
              C(unreadable_seconds) neither the kernel's flag nor the usage could be.
            - C(counters) tells by how much each counter rose, of this network namespace; null where it is missing or was set back.
              C(TCPMemoryPressures) also rises for pressure too short to be seen; C(TCPMemoryPressuresChrono), in milliseconds, only
              when pressure ends, then also by the time before the window.
          type: dict
          returned: when O(window) is not 0
          sample:
            seconds: 5.0
            samples: 21
            tcp:
              used:
                first: {pages: 2289, bytes: 9375744}
                peak: {pages: 3079, bytes: 12611584}
                last: {pages: 2813, bytes: 11522048}
                change: {pages: 524, bytes: 2146304}
              trend: rising
              states: [{state: soft, seconds: 1.25}, {state: pressure, seconds: 3.25}, {state: recovering, seconds: 0.5}]
              under_pressure: {seconds: 3.75, share: 0.75, unreadable_seconds: 0.0}
            udp:
              used:
                first: {pages: 12, bytes: 49152}
                peak: {pages: 12, bytes: 49152}
                last: {pages: 12, bytes: 49152}
                change: {pages: 0, bytes: 0}
              trend: steady
              states: [{state: normal, seconds: 5.0}]
            counters: {TCPMemoryPressures: 1, TCPMemoryPressuresChrono: 0, PruneCalled: 7}
        cgroups:
          description:
            - Control groups that hold socket memory, at most 20, those that hold most first, or null. One at its limit restricts its sockets
              as TCP pressure does, without raising the kernel's flag.
            - C(groups_left_out) counts the rest, where there are more.
            - C(high_bytes) and C(max_bytes) are the limits of C(memory_bytes), null where there is none. Version 1 counts sockets apart, and
              only in groups with a limit; there C(memory_bytes) is null and C(max_bytes) the limit of C(socket_bytes).
            - C(events) count since the group was made, C(events_in_window), with O(window), during the window. C(stalled_percent)
              is the share of the last 10 seconds in which something waited for memory, null where the kernel does not measure it.
          type: dict
          returned: with the subset V(cgroups)
          sample:
            version: 2
            groups:
              - path: /system.slice/web.service
                socket_bytes: 12611584
                memory_bytes: 536870912
                high_bytes: null
                max_bytes: 536870912
                events: {low: 0, high: 0, max: 211, oom: 0, oom_kill: 0}
                events_in_window: {low: 0, high: 0, max: 3, oom: 0, oom_kill: 0}
                stalled_percent: 1.2
        kernel_log:
          description:
            - What the kernel log still holds about socket memory, by text, or null where it cannot be read. Pressure itself is never logged, and
              these messages, which are about orphaned connections, are rate-limited.
          type: list
          elements: dict
          returned: with the subset V(kernel_log)
          sample:
            - {text: "TCP: too many orphaned sockets", count: 3, first_age_seconds: 912.5, last_age_seconds: 30.1}
        warnings:
          description:
            - What could not be read, and why, in at most 50 sentences. If there are more, another one tells how many are
              left out.
          type: list
          elements: str
          returned: success
          sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.assemble import run
from ansible_collections.linux_net.socket_memory.plugins.module_utils.ordinary_module import serve

ARGUMENTS = {
    "argument_spec": {
        "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
        "root": {"type": "str", "default": "/"},
        "page_size": {"type": "int"},
        "window": {"type": "float", "default": 0},
        "workload": {"type": "dict", "default": {}},
        "sysctl_dialect": {"type": "str", "choices": ["auto", "systemd", "systemd-239"], "default": "auto"},
    },
}


def main():
    """Carry the arguments in and the result out."""
    serve(AnsibleModule(supports_check_mode=True, **ARGUMENTS), run)


if __name__ == "__main__":
    main()
