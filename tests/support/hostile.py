# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that lie: what they answer with, where in an answer they do, and the inventories of many of them."""

import json
import pathlib
import shlex
import shutil
import sys

from .hostile_python import RAW

SUPPORT = pathlib.Path(__file__).parent
CAPTURE = SUPPORT.parent / "fixtures" / "el8_x86_64"

# More than the capture has: files that set the same keys or look like those of other tools, and a control group that
# met its limit.
MORE_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/sysctl.d/10-base.conf": "net.core.somaxconn = 1024\nnet.ipv4.tcp_tw_reuse = 1\n",
    "etc/sysctl.d/20-off.conf": "-net.ipv4.tcp_tw_reuse\n",
    "etc/sysctl.d/97-oracle-database-sysctl.conf": "net.core.somaxconn = 2048\nnet.core.wmem_max = 1048576\n",
    "etc/tuned/active_profile": "mine\n",
    "etc/tuned/mine/tuned.conf": "[sysctl]\nnet.core.somaxconn = 8192\n",
    "usr/lib/systemd/system/bpftune.service": "[Service]\nExecStart=/usr/sbin/bpftune\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    "sys/fs/cgroup/web.service/memory.current": "500000000\n",
    "sys/fs/cgroup/web.service/memory.stat": "anon 4096\nsock 12611584\n",
    "sys/fs/cgroup/web.service/memory.high": "max\n",
    "sys/fs/cgroup/web.service/memory.max": "536870912\n",
    "sys/fs/cgroup/web.service/memory.events": "low 0\nhigh 0\nmax 211\noom 0\noom_kill 0\n",
    "sys/fs/cgroup/web.service/memory.pressure": "some avg10=1.20 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 "
    "avg60=0.00 avg300=0.00 total=0\n",
}
DANGLING = "etc/sysctl.d/30-gone.conf"  # a warning
SETS_SOMETHING = "/etc/sysctl.d/97-oracle-database-sysctl.conf"

# A host under pressure: what differs in its facts.
PRESSURE = {
    ("tcp", "kernel_flag"): True,
    ("tcp", "state"): "pressure",
    ("tcp", "used"): {"pages": 600000, "bytes": 2457600000},
}


def payloads(canary):
    """Return {name: value} of what would leave the file *canary* behind if it were ever a template."""
    double, single = ("{{ lookup(%spipe%s, %stouch %s%s) }}" % (quote, quote, quote, canary, quote) for quote in "\"'")
    return {
        "call": double,
        # Without quotes: repr() and JSON put a backslash before those. canary_folder is in the inventory; a real host
        # puts such a text together.
        "bare": "{{ lookup(dict(pipe=0) | first, dict(touch=0) | first ~ canary_folder ~ %s) }}"
        % canary.rpartition("/")[2],
        "block": "{%% for one in lookup('pipe', 'touch %s') %%}{%% endfor %%}" % canary,
        "comment": "{# #}%s{# #}" % single,
        "nested": '{{ "%s" }}' % single,
        "raw": "{%% raw %%}%s{%% endraw %%}" % single,
        "tag": "!unsafe %s" % single,
        "header": "#jinja2: trim_blocks: False\n%s" % single,
        "expression": "lookup('pipe', 'touch %s')"
        % canary,  # for what is a template without braces, such as a condition
        "unsafe": {"__ansible_unsafe": single},
        "vault": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n%s\n" % single},
        # How ansible-core 2.19 and newer write a template that they trust.
        "trusted": {
            "__ansible_type": "_AnsibleTaggedStr",
            "value": single,
            "tags": [{"__ansible_type": "TrustedAsTemplate"}],
        },
    }


# Words that Ansible itself knows at the top of a result, with *text* wherever one can be.
WORDS_OF_ANSIBLE = {
    "exception": lambda text: text,
    "stdout": lambda text: text,
    "stderr": lambda text: text,
    "warnings": lambda text: [text],
    "invocation": lambda text: {"module_args": {text: text}},
    "add_host": lambda text: {"host_name": text, "groups": [text], "host_vars": {"evil": text}},
    "add_group": lambda text: text,
    "results": lambda text: [{"msg": text}],
    "skip_reason": lambda text: text,
    "ansible_facts": lambda text: {"evil": text, "ansible_connection": text, "discovered_interpreter_python": text},
    "_ansible_verbose_always": lambda text: text,
    "_ansible_no_log": lambda text: text,
    "_ansible_delegated_vars": lambda text: {"ansible_host": text},
    "_ansible_item_label": lambda text: text,
    "diff": lambda text: [
        {"before": text, "after": text + text, "before_header": text, "after_header": text, "prepared": text}
    ],
    "saved_state": lambda text: text,
    "msg": lambda text: text,
}


def wrong_types(value):
    """Return [(name, value), …] of what cannot stand where *value* does."""
    wrong = [("a list of other things", [[], {}]), ("lists 100 deep", RAW + "[" * 100 + "]" * 100)]
    if not isinstance(value, dict):
        wrong.append(("a dictionary", {"evil": []}))
    if not isinstance(value, list):  # where a list of numbers can stand, a number or a text may too
        wrong += [
            ("a number of 31 digits", 10**30),
            ("NaN", RAW + "NaN"),
            ("a number without bounds", RAW + "1e999"),
            ("a number of 5000 digits", RAW + "9" * 5000),
            ("lists deeper than any stack", RAW + "[" * 100000 + "]" * 100000),
        ]
    if isinstance(value, dict):
        wrong.append(("a text", "seven"))
    if not isinstance(value, bool):
        wrong.append(("a truth value", True))
    return wrong


def is_raw(value):
    """Return whether *value* is printed as it stands; not every reader of JSON takes it."""
    return isinstance(value, str) and value.startswith(RAW)


def steps(answer, whole=False):
    """Return the paths of what is in *answer*, of each kind one, with *whole* all.

    A kind is the name and the type, of a text also the name above it. Of a list only the first counts, and of keys that
    are data, such as those of the kernel.
    """
    kinds, found = set(), []

    def walk(value, path, above, name):
        kind = (name, type(value), above if isinstance(value, str) else None)
        if whole or kind not in kinds or isinstance(value, (dict, list)):
            kinds.add(kind)
            found.append(path)
        if isinstance(value, list):
            for number, one in enumerate(value if whole else value[:1]):
                walk(one, (*path, number), above, name)
        elif isinstance(value, dict):
            data = [key for key in sorted(value) if "." in key or name == "counters"]
            for key in sorted(value):
                if whole or key not in data[1:]:
                    walk(value[key], (*path, key), name, "data" if key in data else key)

    walk(answer, (), "", "")
    return found


def at(answer, path):
    """Return what is at *path* in *answer*. Raises LookupError, TypeError."""
    for step in path:
        answer = answer[step]
    return answer


def shown(path):
    """Return *path* as people write it."""
    return "".join("[%d]" % step if isinstance(step, int) else "." + step for step in path).lstrip(".") or "its top"


def make_tree(folder, **more):
    """Make the files of a host in *folder* and return its path. more: {path below /etc/sysctl.d: text}."""
    shutil.copytree(CAPTURE, folder)
    for name, text in [*MORE_FILES.items(), *(("etc/sysctl.d/" + name, text) for name, text in more.items())]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    (folder / DANGLING).symlink_to("/nowhere/at/all")
    return str(folder)


class Fleet:
    """Hosts below *folder*, and their inventory."""

    def __init__(self, folder):
        self.folder = folder
        self.canaries = folder / "canaries"
        self.canaries.mkdir(parents=True)
        self.results = folder / "results"
        self.told = {}  # {name of a host: in words what it does}
        self.strikes = {}
        self._variables = {}

    def add(self, told, plan):
        """Add a host that does what *plan* says, see hostile_python.py, and return its name. told: in words."""
        name = "h%04d" % len(self.told)
        folder = self.folder / name
        folder.mkdir()
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        python = folder / "python"
        command = [sys.executable, "-I", "-S", str(SUPPORT / "hostile_python.py"), str(folder)]
        python.write_text('#!/bin/sh\nexec %s "$@"\n' % shlex.join(command), encoding="utf-8")
        python.chmod(0o755)
        self.told[name] = told
        self.strikes[name] = plan.get("strikes", [])
        self._variables[name] = {"ansible_connection": "local", "ansible_python_interpreter": str(python)}
        return name

    def payload(self, name):
        """Return the payload *name* of the host that is added next."""
        return payloads(str(self.canaries / str(len(self.told))))[name]

    def keep(self, name, answers):
        """Write *answers* down, one for each visit, and return what makes a plan of it."""
        path = self.folder / (name + ".answers")
        path.write_text(json.dumps(answers), encoding="utf-8")
        return {"answers": str(path)}

    def inventory(self):
        """Return the path of the inventory."""
        path = self.folder / "hosts.json"
        path.write_text(
            json.dumps({"all": {"hosts": self._variables, "vars": {"canary_folder": " %s/" % self.canaries}}}),
            encoding="utf-8",
        )
        return str(path)

    def again(self):
        """Let the hosts begin anew."""
        for name in self.told:
            (self.folder / name / "visits").unlink(missing_ok=True)
        self.results.unlink(missing_ok=True)

    def what_ran(self):
        """Return, in words, the hosts whose text became a program since this was asked last."""
        names = ["h%04d" % int(path.name) for path in self.canaries.iterdir()]
        for path in self.canaries.iterdir():
            path.unlink()
        return ["%s: %s" % (name, self.told[name]) for name in sorted(names)]

    def read_results(self):
        """Return what callback/results_of_hosts.py wrote, as a list of {host, task, action, kind, result}."""
        return [json.loads(line) for line in self.results.read_text(encoding="utf-8").splitlines()]
