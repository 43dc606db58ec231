#!/usr/bin/python
# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action verdict, which runs on the controller only."""

DOCUMENTATION = r"""
module: verdict
short_description: Pass or fail a host on its facts
version_added: 0.1.0
description:
  - Shows one line that starts with C(PASS), C(WARN) or C(FAIL) and the host, and a table below where settings differ.
  - Fails the host where something that is asked for does not pass. Of several results, the worst counts and comes
    first.
  - Needs no connection to the host, and reads nothing. Where nothing is asked for, it is skipped.
options:
  facts:
    description: The facts to judge. Without, those of the host, C(ansible_facts.socket_memory).
    type: dict
  prove:
    description:
      - Prove that settings hold now and after the next boot. They are compared with the running values and with what
        the C(sysctl.d) files set at the next boot, by the facts V(limits) and V(boot).
      - Where C(sysctl --system) or tuned would leave another value, the message says so.
    type: dict
    suboptions:
      dropin:
        description: The path of the drop-in that is meant to hold them.
        type: str
        required: true
      settings:
        description: Values by key. Without it, what O(prove.dropin) assigns on the host.
        type: dict
      exceptions:
        description: Keys that are not judged, as a list, or as a dictionary with the reason for each.
        type: raw
        default: []
      strict:
        description: Whether to fail also where C(sysctl --system) or tuned would leave another value, or where a
          C(sysctl.d) file could not be read.
        type: bool
        default: false
      shadowed:
        description: V(warn) says C(FAIL) for the settings without failing, as
          O(linux_net.socket_memory.sysctl_dropin#module:shadowed) does.
        type: str
        choices: [fail, warn]
        default: fail
  gate:
    description:
      - Whether to judge if the host is under memory pressure, by the fact V(tcp), and by V(udp), V(cgroups) and
        V(kernel_log) where they were gathered.
      - With a window of observation a failing state fails where the host is in it at the end and was for the share
        O(rules.sustained) of the time that could be read. A state that did not last, or that only the kernel's counter
        shows, is a warning.
      - Time that could not be read is a warning too. If the end could not be read, the host fails.
    type: bool
    default: false
  fleet_budget:
    description:
      - How many of all hosts of the play may fail at the gate, a number, or a share such as V(5 %), which is rounded
        down. With it the fleet is judged instead of the host, so use C(run_once).
      - Hosts that failed, were unreachable or could not be read count too.
    type: str
  rules:
    description: What differs from the defaults of the gate.
    type: dict
    suboptions:
      severities:
        description:
          - Severities by the id of a finding, such as V(error) for C(tcp-soft). V(error) fails, V(warning) warns,
            V(info) is only in the result.
          - The other rules on states and severities are short forms of these.
        type: dict
      fail_states:
        description:
          - States of TCP memory that fail. Without it V(pressure), V(recovering) and V(critical).
          - On kernels before 6.0 and EL9.2 a state is only a warning where in the window nothing moves, is refused or
            changes. These keep memory of a load that is over.
        type: list
        elements: str
        choices: [normal, soft, imminent, pressure, recovering, stale, critical]
      warn_states:
        description:
          - States of TCP memory that warn. Without it V(soft), V(imminent) and V(stale). A state that is in neither
            list does neither.
          - V(stale) among them fails where it lasts in the window while segments move. Page allocation fails then.
        type: list
        elements: str
        choices: [normal, soft, imminent, pressure, recovering, stale, critical]
      sustained:
        description: Share of the window, from 0 to 1, for which a state must be held. With 0 any moment is enough, also
          one that is over. Without it 0.5.
        type: float
      udp:
        description:
          - What to do when UDP is at its only limit, for the share O(rules.sustained) of the window. V(fail) fails
            where datagrams are dropped in the window, else it warns. Without it V(fail).
          - If the limit or the usage could not be read, it is at most a warning.
        type: str
        choices: [fail, warn, ignore]
      orphans_warn_percent:
        description:
          - Orphaned connections, in percent of C(tcp_max_orphans), at which to warn. 0 is never. Without it 25.
          - The kernel counts an orphan whose peer does not answer twice, after an error four times, so it resets some
            at 25 % already.
        type: float
      orphans_fail_percent:
        description: Orphaned connections, in percent of C(tcp_max_orphans), at which to fail. 0 is never. Without it
          100.
        type: float
      time_wait_warn_percent:
        description: Connections in TIME-WAIT, in percent of C(tcp_max_tw_buckets), at which to warn. 0 is never.
          Without it 100.
        type: float
      time_wait_fail_percent:
        description: Connections in TIME-WAIT, in percent of C(tcp_max_tw_buckets), at which to fail. Without it never.
        type: float
      cgroups:
        description:
          - What to do when a control group that holds sockets is short of memory. It is if it met a limit in the
            window, if it waited for memory 10 % of the last 10 seconds, or, of version 1, if its sockets are at 90 % of
            their limit. Without it V(ignore).
        type: str
        choices: [fail, warn, ignore]
      kernel_log:
        description: What to do when the kernel log speaks of socket memory. Without it V(ignore).
        type: str
        choices: [fail, warn, ignore]
      kernel_log_seconds:
        description: Age in seconds at which a message no longer counts. Without it 600.
        type: float
      report_only:
        description: Whether to say C(FAIL) for the gate and the fleet without failing.
        type: bool
  reading:
    description:
      - The registered result of a task that read this host and was told to go on where it could not. Where it failed,
        the host fails, and where the host was unreachable, it is unreachable, with the same message, so that Ansible
        counts it.
    type: dict
    version_added: 0.2.0
  tune:
    description:
      - What the tasks that tuned this host returned. The host fails, whatever its facts say, where its batch has to
        stop, where its drop-in was not applied, or where it could not be read again.
      - O(prove) counts only where the drop-in was applied, not where the host was left as it was, nor in check mode
        where it would be changed. Keys that the kernel does not have are exceptions.
    type: dict
    suboptions:
      applied:
        description: What P(linux_net.socket_memory.sysctl_dropin#module) returned.
        type: dict
      read_again:
        description: What P(linux_net.socket_memory.socket_memory_facts#module) returned after that.
        type: dict
      read_before:
        description:
          - What P(linux_net.socket_memory.socket_memory_facts#module) returned before, with the subset
            V(recommended). Where its workload does not fit the host, the verdict warns.
        type: dict
      batch:
        description: What is known of the batch, with C(stop) and C(message). Empty where it was not judged.
        type: dict
  variables:
    description:
      - Names of variables by option, such as V(tune_tcp_dropin) for C(prove.dropin). A name that ends with C(*) stands
        for one variable for each suboption, such as V(pressure_gate_*) for O(rules). A variable that is null or does
        not exist leaves its option alone.
      - This is for roles with many variables. A template for each would cost as much as the rest of the task.
    type: dict
  report_only:
    description: Whether to say C(FAIL) without failing.
    type: bool
    default: false
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
    platforms: all
author:
  - linux_net.socket_memory contributors (@linux-net)
"""

EXAMPLES = r"""
- name: Prove that the settings hold now and after the next boot
  linux_net.socket_memory.verdict:
    prove:
      dropin: /etc/sysctl.d/99-tcp-memory.conf
  register: proof

- name: Fail a host that is under memory pressure, even for a moment
  linux_net.socket_memory.verdict:
    gate: true
    rules:
      sustained: 0

- name: Fail if more than 5 % of the hosts are under memory pressure
  linux_net.socket_memory.verdict:
    fleet_budget: 5 %
  run_once: true
"""

RETURN = r"""
msg:
  description: A line or paragraph. It says what the state is, since when, what the kernel does about it, and what to
    do. The table is below it.
  type: str
  returned: always
  sample: "PASS: web1: 6 settings hold now and after the next boot."
verdict:
  description: What was found, for machines.
  type: dict
  returned: when something was asked for
  contains:
    passes:
      description: Whether all that was asked for passes.
      type: bool
      returned: always
    verdict:
      description: V(pass), V(warn) or V(fail), the worst of all that was asked for.
      type: str
      returned: always
    state:
      description: The state of TCP memory, null where the gate was not asked for or the host was not read.
      type: str
      returned: always
    findings:
      description:
        - What was found, the worst first, each with C(id), C(severity), C(subject), C(message), C(evidence) and
          C(remedy). One that somebody silenced has C(silenced), the reason.
        - For O(prove) these are C(drift), with the C(wanted), C(running) and C(boot) values as evidence, and as
          information C(drift-by-procps), C(drift-by-tuned), C(boot-incomplete), C(not-available) and C(not-judged).
      type: list
      elements: dict
      returned: always
    tolerated:
      description: For O(fleet_budget), how many hosts may fail.
      type: int
      returned: with O(fleet_budget)
    judged:
      description: For O(fleet_budget), how many hosts were judged.
      type: int
      returned: with O(fleet_budget)
    not_well:
      description: For O(fleet_budget), the id of the worst finding by host.
      type: dict
      returned: with O(fleet_budget)
"""
