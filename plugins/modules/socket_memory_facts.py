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
  - Reads what the kernel says about the memory of TCP and UDP sockets, adds states and findings, and returns it as
    RV(ansible_facts.socket_memory).
  - Says what the C(sysctl.d) files set at the next boot, which file and line sets it, and which other tools set the
    same keys.
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
      - Bytes of a memory page of the host in O(root). The live host gives its own.
    type: int
  window:
    description:
      - Seconds to observe the host, at most 3600. It is read up to 21 times, not more often than every 0.1 seconds, and
        the result is RV(ansible_facts.socket_memory.window). All other facts describe the end of the window.
      - A captured tree cannot be observed.
      - A connection is silent meanwhile. For minutes over SSH set C(ServerAliveInterval), or run the task with
        C(async).
    type: float
    default: 0
  since:
    description:
      - The facts of an earlier reading of the same host with the subsets V(tcp), V(udp) and V(counters). The window
        begins with it and ends now, at least O(window) seconds later; the host waits for what is left of that.
      - So all hosts of a play share one window, whatever the number of forks. Between the two readings nothing is
        seen but what the kernel counts.
    type: dict
  workload:
    description:
      - What the host is for; see the filter P(linux_net.socket_memory.recommend#filter) for the options.
    type: dict
    default: {}
  sysctl_dialect:
    description:
      - How the systemd of the host reads C(sysctl.d). V(systemd-239) is that of Enterprise Linux 8, which knows no
        wildcards.
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

- name: Read all hosts
  linux_net.socket_memory.socket_memory_facts:
    gather_subset: [tcp, udp, counters]

- name: Read all hosts again, five seconds later or more
  linux_net.socket_memory.socket_memory_facts:
    gather_subset: [tcp, udp]
    window: 5
    since: "{{ ansible_facts.socket_memory }}"

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
        monotonic_seconds:
          description:
            - The steady clock of the host when it was read, for the time between two readings. Null for a captured
              tree.
          type: float
          returned: success
          sample: 86400.25
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
        memory_usable:
          description:
            - Memory of the host in bytes without huge pages and without the zone Movable, neither of which holds socket
              memory. Sizes follow it. Where C(/proc/zoneinfo) cannot be read it is without huge pages, with a warning.
          type: int
          returned: success
          sample: 8253358080
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
          description: The one pool of TCP, TCPv6 and MPTCP.
          type: dict
          returned: with the subset V(tcp)
          contains:
            used:
              description: Memory that TCP uses.
              type: dict
              returned: success
              sample: {pages: 1200, bytes: 4915200}
            thresholds:
              description: The three numbers of C(net.ipv4.tcp_mem).
              type: dict
              returned: success
              contains:
                low:
                  description: Below it the kernel lowers its flag. Null where it cannot be read.
                  type: dict
                  returned: success
                  sample: {pages: 188888, bytes: 773685248}
                pressure:
                  description: Above it the kernel raises its flag. Null where it cannot be read.
                  type: dict
                  returned: success
                  sample: {pages: 251851, bytes: 1031581696}
                high:
                  description: Above it memory is refused. Null where it cannot be read.
                  type: dict
                  returned: success
                  sample: {pages: 377777, bytes: 1547374592}
            state:
              description:
                - The state of TCP memory, by the kernel's flag first and the numbers second. V(normal), V(soft),
                  V(imminent), V(pressure), V(recovering), V(stale), V(critical), or null where nothing can be told.
              type: str
              returned: success
              sample: normal
            kernel_flag:
              description: Whether the kernel says that TCP is under memory pressure, null where it does not tell.
              type: bool
              returned: success
              sample: false
            percent_of_high:
              description: What is used, in percent of the threshold C(high).
              type: float
              returned: success
              sample: 0.32
            error_bound:
              description:
                - How far the true memory may be from what the kernel counts. It is in no state, because the kernel
                  decides by what it counts.
              type: dict
              returned: success
              sample: {pages: 0, bytes: 0}
            sockets:
              description: Sockets of both IP versions.
              type: dict
              returned: success
              contains:
                in_use:
                  description: Sockets in use in this network namespace.
                  type: int
                  returned: success
                  sample: 150
                orphaned:
                  description: Connections that no process holds any more, of all network namespaces.
                  type: int
                  returned: success
                  sample: 0
                time_wait:
                  description: Connections that wait in TIME-WAIT, in this network namespace.
                  type: int
                  returned: success
                  sample: 45
                allocated:
                  description: Sockets that hold memory, of all network namespaces.
                  type: int
                  returned: success
                  sample: 180
            orphans:
              description: The orphaned connections and their limit.
              type: dict
              returned: success
              contains:
                count:
                  description: The same as RV(ansible_facts.socket_memory.tcp.sockets.orphaned).
                  type: int
                  returned: success
                  sample: 0
                limit:
                  description: C(net.ipv4.tcp_max_orphans).
                  type: int
                  returned: success
                  sample: 65536
            time_wait:
              description: The connections in TIME-WAIT and their limit.
              type: dict
              returned: success
              contains:
                count:
                  description: The same as RV(ansible_facts.socket_memory.tcp.sockets.time_wait).
                  type: int
                  returned: success
                  sample: 45
                limit:
                  description: C(net.ipv4.tcp_max_tw_buckets).
                  type: int
                  returned: success
                  sample: 65536
        udp:
          description: The memory of UDP and UDP-Lite. Only the first threshold has an effect.
          type: dict
          returned: with the subset V(udp)
          contains:
            used:
              description: Memory that UDP uses.
              type: dict
              returned: success
              sample: {pages: 12, bytes: 49152}
            thresholds:
              description: The three numbers of C(net.ipv4.udp_mem).
              type: dict
              returned: success
              contains:
                low:
                  description: Above it memory is refused. Null where it cannot be read.
                  type: dict
                  returned: success
                  sample: {pages: 377776, bytes: 1547370496}
                pressure:
                  description: Without effect in the kernel. Null where it cannot be read.
                  type: dict
                  returned: success
                  sample: {pages: 503702, bytes: 2063163392}
                high:
                  description: Without effect in the kernel. Null where it cannot be read.
                  type: dict
                  returned: success
                  sample: {pages: 755554, bytes: 3094749184}
            state:
              description:
                - V(normal), V(critical) where one more datagram of 64 KiB does not fit below C(low), or null where
                  nothing can be told.
              type: str
              returned: success
              sample: normal
            sockets:
              description: Sockets of both IP versions.
              type: dict
              returned: success
              contains:
                in_use:
                  description: Sockets in use in this network namespace.
                  type: int
                  returned: success
                  sample: 45
        sockets_used:
          description: Sockets of all kinds in this network namespace.
          type: int
          returned: with the subset V(tcp) or V(udp)
          sample: 500
        limits:
          description:
            - Every key this collection may manage, as the kernel has it now, a number or a list of numbers. Null
              where this kernel or namespace has no such key.
          type: dict
          returned: with the subset V(limits)
          sample: {net.ipv4.tcp_mem: [188888, 251851, 377776], net.core.rmem_max: 212992}
        limits_unreadable:
          description:
            - The keys that the kernel has and that could not be read, each with its reason. They are null in
              RV(ansible_facts.socket_memory.limits).
          type: dict
          returned: with the subset V(limits), where there are any
          sample: {net.ipv4.tcp_mem: Permission denied}
        counters:
          description:
            - Counters of the kernel that are about memory, by their names, of this network namespace, since boot, and
              what moved meanwhile (C(TcpInSegs), C(TcpOutSegs), C(TcpRetransSegs), C(UdpInDatagrams),
              C(Udp6InDatagrams)). Those of MPTCP begin with C(MPTcpExt). Null where a kernel does not have one.
            - C(UdpDrops) is what all UDP sockets dropped that exist now. Kernel 6.18 counts refused datagrams nowhere
              else. Null where there are more than 8,000 of an IP version.
          type: dict
          returned: with the subset V(counters)
          sample: {TCPMemoryPressures: 0, TCPMemoryPressuresChrono: 0, PruneCalled: 0, UdpMemErrors: 0}
        boot:
          description:
            - What the C(sysctl.d) files set at the next boot, by C(systemd-sysctl). A key that no file sets is
              absent.
          type: dict
          returned: with the subset V(boot)
          sample:
            net.ipv4.tcp_mem:
              value: [188888, 251851, 377776]
              file: /etc/sysctl.d/99-tcp-memory.conf
              line: 3
              overrides: [{value: [1, 2, 3], file: /usr/lib/sysctl.d/50-vendor.conf, line: 8}]
              procps: {value: [1, 2, 4], file: /etc/sysctl.conf, line: 5}
          contains:
            KEY:
              description: Stands for the name of a key, such as C(net.ipv4.tcp_mem).
              type: dict
              returned: for each key that a file sets
              contains:
                value:
                  description:
                    - A number, a list of numbers, or the text itself where the kernel refuses it or takes only the
                      first numbers of it.
                  type: raw
                  returned: success
                file:
                  description: The file that wins.
                  type: str
                  returned: success
                line:
                  description: The number of the line in it.
                  type: int
                  returned: success
                overrides:
                  description: The lines that lose, nearest first, at most 50.
                  type: list
                  elements: dict
                  returned: success
                  contains:
                    value:
                      description: As RV(ansible_facts.socket_memory.boot.KEY.value).
                      type: raw
                      returned: success
                    file:
                      description: The file that loses.
                      type: str
                      returned: success
                    line:
                      description: The number of the line in it.
                      type: int
                      returned: success
                overrides_left_out:
                  description: How many more lines lose.
                  type: int
                  returned: where there are more than 50
                procps:
                  description: What C(sysctl --system) would leave. Absent where the host has no such program.
                  type: dict
                  returned: where it would set the key
                  contains:
                    value:
                      description: As RV(ansible_facts.socket_memory.boot.KEY.value).
                      type: raw
                      returned: success
                    file:
                      description: The file that decides.
                      type: str
                      returned: success
                    line:
                      description: The number of the line in it.
                      type: int
                      returned: success
                tuned:
                  description:
                    - What tuned leaves each time it starts, by its active profile and by writing C(sysctl.d) once
                      more in its own order.
                    - Absent where the host has no tuned or it is switched off.
                  type: dict
                  returned: where it would set the key
                  contains:
                    value:
                      description: As RV(ansible_facts.socket_memory.boot.KEY.value).
                      type: raw
                      returned: success
                    file:
                      description: The file that decides.
                      type: str
                      returned: success
                    line:
                      description: The number of the line in it.
                      type: int
                      returned: success
        boot_by_others:
          description: The same C(procps) and C(tuned) for the keys that only they set, not the boot itself.
          type: dict
          returned: with the subset V(boot)
          sample: {net.core.somaxconn: {tuned: {value: 8192, file: /etc/tuned/mine/tuned.conf, line: 4}}}
          contains:
            KEY:
              description: Stands for the name of a key, such as C(net.ipv4.tcp_mem).
              type: dict
              returned: for each key that only they set
              contains:
                procps:
                  description: What C(sysctl --system) would leave. Absent where the host has no such program.
                  type: dict
                  returned: where it would set the key
                  contains:
                    value:
                      description: As RV(ansible_facts.socket_memory.boot.KEY.value).
                      type: raw
                      returned: success
                    file:
                      description: The file that decides.
                      type: str
                      returned: success
                    line:
                      description: The number of the line in it.
                      type: int
                      returned: success
                tuned:
                  description:
                    - What tuned leaves each time it starts, by its active profile and by writing C(sysctl.d) once
                      more in its own order.
                    - Absent where the host has no tuned or it is switched off.
                  type: dict
                  returned: where it would set the key
                  contains:
                    value:
                      description: As RV(ansible_facts.socket_memory.boot.KEY.value).
                      type: raw
                      returned: success
                    file:
                      description: The file that decides.
                      type: str
                      returned: success
                    line:
                      description: The number of the line in it.
                      type: int
                      returned: success
        boot_complete:
          description:
            - V(false) where a file or directory could not be read as text, such as a dangling link, a FIFO, or a file
              of more than 4 MiB. A warning names each; what it sets is not in C(boot).
            - Also where there are more than 10,000 files, 16 MiB, or 300,000 lines on network keys. Then the files
              that the boot reads last are read, and a warning tells how many are not.
          type: bool
          returned: with the subset V(boot)
          sample: true
        managers:
          description:
            - Who else sets keys of this collection, such as tuned, bpftune, an Oracle or SAP package, cloud-init, a
              hook of NetworkManager. At most 50.
            - C(keys) is the list of keys it sets. It is empty for an initramfs, and for a file that the user of the
              task may not read. In Jinja write C(manager['keys']), because C(manager.keys) is a method there.
            - Scripts are searched for the names of keys, they are not run. An initramfs is not unpacked.
          type: list
          elements: dict
          returned: with the subset V(managers)
          sample:
            - name: bpftune
              active: true
              keys: [net.ipv4.tcp_mem, net.ipv4.tcp_rmem, net.ipv4.tcp_wmem]
              evidence: /usr/lib/systemd/system/bpftune.service
          contains:
            name:
              description: The name of the tool.
              type: str
              returned: success
            active:
              description: Whether it runs now, or is read or run at the next boot. Null where files cannot tell.
              type: bool
              returned: success
            evidence:
              description: The file that says so.
              type: str
              returned: success
        managers_left_out:
          description: How many more there are.
          type: int
          returned: with the subset V(managers), where there are more than 50
          sample: 3
        recommended:
          description:
            - What the filter P(linux_net.socket_memory.recommend#filter) returns for this host, or null without
              memory or page size.
          type: dict
          returned: with the subset V(recommended)
          contains:
            settings:
              description: The value of each key.
              type: dict
              returned: success
              sample: {net.ipv4.tcp_mem: [377775, 503700, 755550]}
            reasons:
              description: The reason of each value, as a sentence.
              type: dict
              returned: success
              sample: {net.ipv4.tcp_mem: high is 18.75 % of usable memory}
            profile:
              description:
                - The profile of the workload, V(balanced), V(application_server), V(many_connections),
                  V(bulk_transfer) or V(low_latency).
              type: str
              returned: success
              sample: balanced
            budget:
              description: What the numbers rest on.
              type: dict
              returned: success
              contains:
                memory:
                  description: The memory that is shared out, without huge pages and ZONE_MOVABLE.
                  type: dict
                  returned: success
                  sample: {pages: 4029960, bytes: 16506716160}
                kernel_default:
                  description: The three numbers of C(net.ipv4.tcp_mem) that the kernel would choose, in pages.
                  type: list
                  elements: int
                  returned: success
                  sample: [188888, 251851, 377776]
                ceiling:
                  description: The most that C(tcp_mem) may take.
                  type: dict
                  returned: success
                  sample: {pages: 1007490, bytes: 4126679040}
                demand:
                  description: What the workload needs at its peak, null where it does not say.
                  type: dict
                  returned: success
                  sample: {pages: 64000, bytes: 262144000}
                demand_bytes:
                  description: The parts of the demand in bytes, or null.
                  type: dict
                  returned: success
                  contains:
                    connections:
                      description: What connections need.
                      type: float
                      returned: success
                      sample: 262144000
                    orphans:
                      description: What closed connections that still send need.
                      type: float
                      returned: success
                      sample: 0
                worst_case:
                  description:
                    - What the workload can come to at most, with all its connections and full buffers. Null where it
                      does not say.
                  type: dict
                  returned: success
                  sample: {pages: 320000, bytes: 1310720000}
                needs:
                  description: Everything that asks for memory.
                  type: list
                  elements: dict
                  returned: success
                  contains:
                    need:
                      description: What asks.
                      type: str
                      returned: success
                      sample: connections
                    low:
                      description: The least threshold C(low) that it asks for.
                      type: dict
                      returned: success
                      sample: {pages: 64000, bytes: 262144000}
                    formula:
                      description: How that comes about.
                      type: str
                      returned: success
                in_flight_bytes:
                  description: Bytes that are under way on the longest path, or null.
                  type: float
                  returned: success
                  sample: 25000000
                paths:
                  description: The paths of the workload.
                  type: list
                  elements: dict
                  returned: success
                  contains:
                    bandwidth_mbps:
                      description: Bandwidth in Mbit/s.
                      type: float
                      returned: success
                      sample: 10000
                    rtt_ms:
                      description: Round-trip time in milliseconds.
                      type: float
                      returned: success
                      sample: 20
                    in_flight_bytes:
                      description: Bytes that are under way at full rate.
                      type: float
                      returned: success
                      sample: 25000000
                    limit_mbps:
                      description: The throughput in Mbit/s that the buffers allow.
                      type: float
                      returned: success
                      sample: 10000
                    limit:
                      description: What sets this limit.
                      type: str
                      returned: success
                shares:
                  description: How the memory is shared out. The shares add up to it.
                  type: dict
                  returned: success
                  contains:
                    tcp:
                      description: For TCP.
                      type: dict
                      returned: success
                      sample: {pages: 755618, bytes: 3095011328}
                    udp:
                      description: For UDP.
                      type: dict
                      returned: success
                      sample: {pages: 0, bytes: 0}
                    structures:
                      description: For the structures beside the buffers.
                      type: dict
                      returned: success
                      sample: {pages: 0, bytes: 0}
                    rest:
                      description: For everything else.
                      type: dict
                      returned: success
                      sample: {pages: 3274342, bytes: 13411704832}
                fits:
                  description: Whether the demand fits, each null without a demand.
                  type: dict
                  returned: success
                  contains:
                    below_pressure:
                      description: Whether it stays below C(pressure).
                      type: bool
                      returned: success
                      sample: true
                    below_pressure_with_headroom:
                      description: The same with half as much again.
                      type: bool
                      returned: success
                      sample: true
                    below_ceiling:
                      description: Whether it stays below the ceiling.
                      type: bool
                      returned: success
                      sample: true
            lint:
              description: What lint says of the settings.
              type: list
              elements: dict
              returned: success
              contains:
                id:
                  description: The name of the rule.
                  type: str
                  returned: success
                  sample: tcp-mem-low
                severity:
                  description: V(error), V(warning) or V(info).
                  type: str
                  returned: success
                  sample: warning
                subject:
                  description: The key, file or tool that it is about, null where it is about the host.
                  type: str
                  returned: success
                message:
                  description: What is the matter, in one sentence.
                  type: str
                  returned: success
                evidence:
                  description: The numbers and names that it rests on, by name. They differ with the rule.
                  type: raw
                  returned: success
                remedy:
                  description: What to do.
                  type: str
                  returned: success
                silenced:
                  description: The reason that a person gave for silencing it.
                  type: str
                  returned: when it is silenced
        capacity:
          description:
            - What the filter P(linux_net.socket_memory.capacity#filter) returns for this host, or null without memory
              or page size.
          type: dict
          returned: with the subset V(capacity)
          contains:
            bytes_per_connection:
              description: What one connection holds, in bytes.
              type: dict
              returned: success
              contains:
                worst_case:
                  description: With full buffers.
                  type: int
                  returned: success
                  sample: 12713984
                default:
                  description: With the buffers that it starts with, full.
                  type: int
                  returned: success
                  sample: 103764
                observed:
                  description: On average now, null where the kernel's imprecision hides it.
                  type: int
                  returned: success
                  sample: 8192
                structures:
                  description: Beside the buffers.
                  type: int
                  returned: success
                  sample: 4096
            connections_until:
              description: How many connections, in all, bring the host there.
              type: dict
              returned: success
              contains:
                pressure:
                  description: Until TCP is under pressure.
                  type: dict
                  returned: success
                  contains:
                    worst_case:
                      description: With full buffers.
                      type: int
                      returned: success
                      sample: 81
                    default:
                      description: With the buffers that one starts with, full.
                      type: int
                      returned: success
                      sample: 9941
                    observed:
                      description: With what one holds on average now, or null.
                      type: int
                      returned: success
                      sample: 125925
                critical:
                  description: Until memory is refused.
                  type: dict
                  returned: success
                  contains:
                    worst_case:
                      description: With full buffers.
                      type: int
                      returned: success
                      sample: 121
                    default:
                      description: With the buffers that one starts with, full.
                      type: int
                      returned: success
                      sample: 14912
                    observed:
                      description: With what one holds on average now, or null.
                      type: int
                      returned: success
                      sample: 188888
                memory_full:
                  description: Until the structures alone fill the memory that sockets can use.
                  type: int
                  returned: success
                  sample: 4029960
            payload_that_fills_a_buffer:
              description: The payload in bytes that fills a receive buffer, or null.
              type: dict
              returned: success
              contains:
                full_segments:
                  description: In full segments.
                  type: int
                  returned: success
                  sample: 3145728
                one_byte_segments:
                  description: In segments of one byte.
                  type: int
                  returned: success
                  sample: 8192
            needs:
              description: What the connections of the workload need, null where it states none.
              type: dict
              returned: success
              contains:
                connections:
                  description: The connections.
                  type: int
                  returned: success
                  sample: 500
                tcp:
                  description: The TCP memory for them.
                  type: dict
                  returned: success
                  sample: {pages: 64000, bytes: 262144000}
                structures:
                  description: The memory for the structures beside it.
                  type: dict
                  returned: success
                  sample: {pages: 500, bytes: 2048000}
                stays_below:
                  description:
                    - The lowest threshold of V(low), V(pressure) and V(high) that this stays below, V(none) where it
                      is above all, null where that is not known.
                  type: str
                  returned: success
                  sample: low
            answers:
              description: All of it in sentences.
              type: list
              elements: str
              returned: success
        findings:
          description: What a person should know, errors first. Empty when nothing was found. At most 50.
          type: list
          elements: dict
          returned: with the subset V(findings)
          sample:
            - id: tcp-pressure
              severity: error
              subject: null
              message: TCP memory is under pressure.
              evidence: {state: pressure}
              remedy: Find the sockets that hold the memory (ss -tm).
          contains:
            id:
              description: The name of the rule.
              type: str
              returned: success
              sample: tcp-pressure
            severity:
              description: V(error), V(warning) or V(info).
              type: str
              returned: success
              sample: error
            subject:
              description: The key, file or tool that it is about, null where it is about the host.
              type: str
              returned: success
            message:
              description: What is the matter, in one sentence.
              type: str
              returned: success
            evidence:
              description: The numbers and names that it rests on, by name. They differ with the rule.
              type: raw
              returned: success
            remedy:
              description: What to do.
              type: str
              returned: success
            silenced:
              description: The reason that a person gave for silencing it.
              type: str
              returned: when it is silenced
        findings_left_out:
          description: How many more there are.
          type: int
          returned: with the subset V(findings), where there are more than 50
          sample: 2
        window:
          description: What was seen in the window of observation.
          type: dict
          returned: when O(window) is not 0
          contains:
            seconds:
              description: How long it was.
              type: float
              returned: success
              sample: 5.0
            samples:
              description: How often the host was looked at.
              type: int
              returned: success
              sample: 21
            counters:
              description:
                - By how much each counter rose, of this network namespace. Null where it is missing or was set back.
                - C(TCPMemoryPressures) also rises for pressure too short to be seen. C(TCPMemoryPressuresChrono), in
                  milliseconds, rises only when pressure ends, then also by the time before the window.
              type: dict
              returned: success
              sample: {TCPMemoryPressures: 1, TCPMemoryPressuresChrono: 0, PruneCalled: 7}
            udp:
              description: The window of UDP.
              type: dict
              returned: success
              contains:
                used:
                  description: Memory that was used.
                  type: dict
                  returned: success
                  contains:
                    first:
                      description: At the beginning.
                      type: dict
                      returned: success
                      sample: {pages: 12, bytes: 49152}
                    peak:
                      description: At the most.
                      type: dict
                      returned: success
                      sample: {pages: 12, bytes: 49152}
                    last:
                      description: At the end.
                      type: dict
                      returned: success
                      sample: {pages: 12, bytes: 49152}
                    change:
                      description: From the beginning to the end.
                      type: dict
                      returned: success
                      sample: {pages: 0, bytes: 0}
                trend:
                  description:
                    - V(rising), V(falling), or V(steady) where the change is not larger than C(tcp.error_bound). Null
                      where that is not known.
                  type: str
                  returned: success
                  sample: steady
                states:
                  description: The states that were seen, in order.
                  type: list
                  elements: dict
                  returned: success
                  sample: [{state: normal, seconds: 5.0}]
                  contains:
                    state:
                      description: V(normal), V(critical), or null where it could not be told.
                      type: str
                      returned: success
                    seconds:
                      description: The time spent in it.
                      type: float
                      returned: success
            tcp:
              description: The window of TCP.
              type: dict
              returned: success
              contains:
                used:
                  description: Memory that was used.
                  type: dict
                  returned: success
                  contains:
                    first:
                      description: At the beginning.
                      type: dict
                      returned: success
                      sample: {pages: 2289, bytes: 9375744}
                    peak:
                      description: At the most.
                      type: dict
                      returned: success
                      sample: {pages: 3079, bytes: 12611584}
                    last:
                      description: At the end.
                      type: dict
                      returned: success
                      sample: {pages: 2813, bytes: 11522048}
                    change:
                      description: From the beginning to the end.
                      type: dict
                      returned: success
                      sample: {pages: 524, bytes: 2146304}
                trend:
                  description:
                    - V(rising), V(falling), or V(steady) where the change is not larger than C(tcp.error_bound). Null
                      where that is not known.
                  type: str
                  returned: success
                  sample: rising
                states:
                  description: The states that were seen, in order.
                  type: list
                  elements: dict
                  returned: success
                  sample: [{state: soft, seconds: 1.25}, {state: pressure, seconds: 3.75}]
                  contains:
                    state:
                      description:
                        - V(normal), V(soft), V(imminent), V(pressure), V(recovering), V(stale), V(critical), or null
                          where it could not be told.
                      type: str
                      returned: success
                    seconds:
                      description: The time spent in it.
                      type: float
                      returned: success
                under_pressure:
                  description: The time under pressure.
                  type: dict
                  returned: success
                  contains:
                    seconds:
                      description: Seconds of the window.
                      type: float
                      returned: success
                      sample: 3.75
                    share:
                      description: The share of the time that could be read, null where none could.
                      type: float
                      returned: success
                      sample: 0.75
                    unreadable_seconds:
                      description: Seconds in which neither the kernel's flag nor the usage could be read.
                      type: float
                      returned: success
                      sample: 0.0
        cgroups:
          description:
            - Control groups that hold socket memory, or null where that cannot be read. One at its limit restricts
              its sockets as TCP pressure does, without raising the kernel's flag.
          type: dict
          returned: with the subset V(cgroups)
          contains:
            version:
              description:
                - The version of control groups. Version 1 counts sockets apart, and only in groups with a limit.
              type: int
              returned: success
              sample: 2
            groups:
              description: At most 20, those that hold most first.
              type: list
              elements: dict
              returned: success
              contains:
                path:
                  description: The group.
                  type: str
                  returned: success
                  sample: /system.slice/web.service
                socket_bytes:
                  description: Memory of its sockets.
                  type: int
                  returned: success
                  sample: 12611584
                memory_bytes:
                  description: All its memory, null with version 1.
                  type: int
                  returned: success
                  sample: 536870912
                high_bytes:
                  description: The limit above which its memory is reclaimed, null where there is none.
                  type: int
                  returned: success
                  sample: null
                max_bytes:
                  description:
                    - The limit of its memory, with version 1 of
                      RV(ansible_facts.socket_memory.cgroups.groups.socket_bytes). Null where there is none.
                  type: int
                  returned: success
                  sample: 536870912
                events:
                  description: Events by the kernel's names, since the group was made. Null where one cannot be read.
                  type: dict
                  returned: success
                  contains:
                    low:
                      description: Reclaimed although it was below its C(low).
                      type: int
                      returned: where the kernel counts it
                    high:
                      description: Reclaimed because it was above its C(high).
                      type: int
                      returned: where the kernel counts it
                    max:
                      description: Came to its limit.
                      type: int
                      returned: where the kernel counts it
                    oom:
                      description: Could not get memory.
                      type: int
                      returned: where the kernel counts it
                    oom_kill:
                      description: Processes that the kernel killed for that.
                      type: int
                      returned: where the kernel counts it
                    oom_group_kill:
                      description: Times that the kernel killed the whole group.
                      type: int
                      returned: where the kernel counts it
                    sock_throttled:
                      description: Sockets were held back.
                      type: int
                      returned: where the kernel counts it
                    failcnt:
                      description: Came to the limit of its sockets, with version 1.
                      type: int
                      returned: where the kernel counts it
                stalled_percent:
                  description:
                    - The share of the last 10 seconds in which something waited for memory, null where the kernel
                      does not measure it.
                  type: float
                  returned: success
                  sample: 1.2
                events_in_window:
                  description: The same during the window.
                  type: dict
                  returned: when O(window) is not 0
                  contains:
                    low:
                      description: Reclaimed although it was below its C(low).
                      type: int
                      returned: where the kernel counts it
                    high:
                      description: Reclaimed because it was above its C(high).
                      type: int
                      returned: where the kernel counts it
                    max:
                      description: Came to its limit.
                      type: int
                      returned: where the kernel counts it
                    oom:
                      description: Could not get memory.
                      type: int
                      returned: where the kernel counts it
                    oom_kill:
                      description: Processes that the kernel killed for that.
                      type: int
                      returned: where the kernel counts it
                    oom_group_kill:
                      description: Times that the kernel killed the whole group.
                      type: int
                      returned: where the kernel counts it
                    sock_throttled:
                      description: Sockets were held back.
                      type: int
                      returned: where the kernel counts it
                    failcnt:
                      description: Came to the limit of its sockets, with version 1.
                      type: int
                      returned: where the kernel counts it
            groups_left_out:
              description: How many more there are.
              type: int
              returned: where there are more than 20
              sample: 5
        kernel_log:
          description:
            - What the kernel log still holds about socket memory, by text, or null where it cannot be read. Pressure
              itself is never logged, and these messages, which are about orphaned connections, are rate-limited.
          type: list
          elements: dict
          returned: with the subset V(kernel_log)
          contains:
            text:
              description:
                - >-
                  The message, V(TCP: too many orphaned sockets) or
                  V(TCP: out of memory -- consider tuning tcp_mem).
              type: str
              returned: success
              sample: 'TCP: too many orphaned sockets'
            count:
              description: How often it is there.
              type: int
              returned: success
              sample: 3
            first_age_seconds:
              description: The age of the oldest.
              type: float
              returned: success
              sample: 912.5
            last_age_seconds:
              description: The age of the newest.
              type: float
              returned: success
              sample: 30.1
        warnings:
          description:
            - What could not be read, and why, in at most 50 sentences. If there are more, another one tells how many
              are left out.
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
        "since": {"type": "dict"},
        "workload": {"type": "dict", "default": {}},
        "sysctl_dialect": {"type": "str", "choices": ["auto", "systemd", "systemd-239"], "default": "auto"},
    },
}


def main():
    """Carry the arguments in and the result out."""
    serve(AnsibleModule(supports_check_mode=True, **ARGUMENTS), run)


if __name__ == "__main__":
    main()
