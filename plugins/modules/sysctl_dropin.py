#!/usr/bin/python
# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sysctl.d file as a transaction."""

DOCUMENTATION = r"""
module: sysctl_dropin
short_description: Apply one sysctl.d file as a transaction over file and kernel
version_added: 0.1.0
description:
  - Writes one file for C(sysctl.d) and the values in it to the running kernel. Either all of it holds afterwards, or
    the task restores file and values and fails with the name of each key that did not hold.
  - Before anything is written, the values are checked against the memory of the host and the rules of the kernel, and
    the other C(sysctl.d) files are read to see whether this one would win at the next boot.
  - After writing, every value is read back from the kernel and the boot values are worked out again from the files.
  - The state before the first run and the one before the last run are saved below C(/var/lib/linux_net.socket_memory),
    so that O(state=absent) and O(state=previous) can restore them, also in a later run and after a reboot.
  - Writes to C(/proc/sys) itself; starts no process. Values that already hold are not written.
options:
  path:
    description:
      - The file, directly in one of the directories C(/etc/sysctl.d), C(/run/sysctl.d), C(/usr/local/lib/sysctl.d),
        C(/usr/lib/sysctl.d), with a name that ends in C(.conf).
    type: str
    required: true
  content:
    description:
      - The whole rendered file, the only source of keys and values. Comments are kept as they are.
      - One plain C(key = value) a line. Numbers must be decimal and complete.
      - Beside the keys of this collection any key may stand there that the kernel of the host has. Another one is
        refused, with the nearest known key. The key of a kernel module can be set once that module is loaded.
    type: str
  state:
    description:
      - V(present) writes O(content) to the file, and its values to the kernel.
      - V(absent) restores the state before the first run, that is the earlier file or none, and the earlier running
        values. A file that this module never wrote is left alone.
      - V(previous) restores the state before the last run that changed something. It undoes one run only; a
        second time changes nothing. An interrupted run and the run that completes it count as one.
      - Both refuse where somebody else changed the file or a running value since, see O(force). Values that a boot set
        from the files, and values that are again as before the first run, are no such changes.
    type: str
    choices: [present, absent, previous]
    default: present
  runtime:
    description: Whether to write the values to the kernel too, or only the file.
    type: bool
    default: true
  unavailable:
    description:
      - What to do about a key of this collection that this kernel or network namespace does not have, and about any key
        that is read-only. V(skip) writes it to the file only and says so.
    type: str
    choices: [skip, fail]
    default: skip
  shadowed:
    description:
      - What to do when another file would set a key at the next boot. V(fail) refuses before anything is written,
        V(warn) goes on and reports the status C(shadowed).
    type: str
    choices: [fail, warn]
    default: fail
  only_raise:
    description: Whether to refuse a content that lowers a size the host runs with.
    type: bool
    default: false
  silence:
    description:
      - Reasons by id, for warnings of lint that are right on this host. They are not given. The ids are in
        C(docs/findings.md).
    type: dict
    default: {}
  force:
    description:
      - With O(state=absent) and O(state=previous), whether to overwrite also what somebody else changed since. An
        edited file is kept as a copy beside the saved state.
      - Where the saved state cannot be used, whether to go on without it. With O(state=present) the host as it is now
        counts as the one before the first run, with O(state=absent) the file is removed and the running values stay.
        What was saved is kept as a copy. O(state=previous) is refused.
    type: bool
    default: false
extends_documentation_fragment:
  - linux_net.socket_memory.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    support: full
    platforms: linux
seealso:
  - module: linux_net.socket_memory.socket_memory_facts
author:
  - linux_net.socket_memory contributors (@linux-net)
"""

EXAMPLES = r"""
- name: Raise the TCP thresholds (pages, not bytes)
  linux_net.socket_memory.sysctl_dropin:
    path: /etc/sysctl.d/99-tcp-memory.conf
    content: |
      net.ipv4.tcp_mem = 393216 524288 786432
  become: true

- name: Show what a template would change, refuse to lower anything
  linux_net.socket_memory.sysctl_dropin:
    path: /etc/sysctl.d/99-tcp-memory.conf
    content: "{{ lookup('ansible.builtin.template', 'tcp-memory.conf.j2') }}"
    only_raise: true
  become: true
  check_mode: true
  diff: true

- name: Restore the state before the first run
  linux_net.socket_memory.sysctl_dropin:
    path: /etc/sysctl.d/99-tcp-memory.conf
    state: absent
  become: true

- name: Undo the last run only, whatever others changed since
  linux_net.socket_memory.sysctl_dropin:
    path: /etc/sysctl.d/99-tcp-memory.conf
    state: previous
    force: true
  become: true
"""

RETURN = r"""
saved_state:
  description:
    - Where the states before the first and the last run are saved. Null in check mode, and where nothing is saved.
  returned: success
  type: str
  sample: /var/lib/linux_net.socket_memory/etc-sysctl.d-99-tcp-memory.conf.json
settings:
  description: Every key of the content, and those that an earlier content held.
  returned: success, and failure after the content was understood
  type: list
  elements: dict
  contains:
    key:
      description: The key, with dots.
      type: str
      returned: always
    desired:
      description: The value that is wanted; a list of numbers for vectors.
      type: raw
      returned: always
    runtime_before:
      description: The running value before. Null where the kernel or network namespace has no such key.
      type: raw
      returned: always
    runtime_after:
      description: The running value after, read back from the kernel.
      type: raw
      returned: always
    boot_before:
      description: What the next boot would have set before. Null where no file sets the key.
      type: raw
      returned: always
    boot_after:
      description: What the next boot sets now.
      type: raw
      returned: always
    status:
      description: V(unchanged), V(applied), V(planned) (in check mode), V(skipped), V(shadowed), V(restored) or
        V(failed).
      type: str
      returned: always
    reason:
      description: Why, where the status needs one.
      type: str
      returned: always
  sample:
    - key: net.ipv4.tcp_mem
      desired: [393216, 524288, 786432]
      runtime_before: [188888, 251851, 377776]
      runtime_after: [393216, 524288, 786432]
      boot_before: null
      boot_after: [393216, 524288, 786432]
      status: applied
      reason: ""
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.transaction import run
from ansible_collections.linux_net.socket_memory.plugins.module_utils.ordinary_module import serve

ARGUMENTS = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "content": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent", "previous"], "default": "present"},
        "runtime": {"type": "bool", "default": True},
        "unavailable": {"type": "str", "choices": ["skip", "fail"], "default": "skip"},
        "shadowed": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
        "only_raise": {"type": "bool", "default": False},
        "silence": {"type": "dict", "default": {}},
        "force": {"type": "bool", "default": False},
    },
    "required_if": [("state", "present", ["content"])],
}


def main():
    """Carry the arguments in and the result out."""
    serve(AnsibleModule(supports_check_mode=True, **ARGUMENTS), run)


if __name__ == "__main__":
    main()
