# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is fuzzed: everything that takes text of a host or of a person.

Each target makes an input and hands it to the code, which may take it, or refuse it with a SocketMemoryError. Anything
else that it raises is a fault. What it returns must be of bounded size, with numbers of 64 bits, and JSON.
"""

import errno
import json
import pathlib
import sys

from ansible_collections.linux_net.socket_memory.plugins.module_utils import bounds, errors, shape
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import next_boot as boot_executors
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import other_managers as managers
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import procps_sysctl as sysctl_procps
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import (
    shadowing,
    sysctl_files,
    tuned,
    wildcards,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks import drift, gate, lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks import registry as findings
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import content as dropin_content
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import assemble as facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import gather
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import shape as facts_shape
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import control_groups as cgroups
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import kernel_log, proc_net
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import observation as window
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.reading import HostReading
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel import generations as kernel_generation
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel import states, sysctl_keys
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel import written_values as kernel_writes
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report import audit, rows, table
from ansible_collections.linux_net.socket_memory.plugins.module_utils.rollout import rollout
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import capacity, workload
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import recommend as sizing

from . import mutations
from .memory_files import MemoryFiles

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
LARGEST_ANSWER = 1024 * 1024  # characters of JSON that one host may answer
LONGEST_KEY = 4096
LONGEST_TEXT = 8192  # the traceback of an answer; a path in a sentence is shorter
KEYS = tuple(sysctl_keys.KEYS)
ERRORS = (errno.EACCES, errno.EIO, errno.EINVAL, errno.EFBIG, errno.ELOOP)


def _tree(name):
    """Return {path: text} of a captured host."""
    folder = FIXTURES / name
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent != folder]
    return {
        "/" + path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="surrogateescape")
        for path in paths
    }


HOSTS = [_tree("el8_x86_64"), _tree("debian12_6.18")]


def _seeds(*paths):
    return [host[path] for host in HOSTS for path in paths if path in host]


class Target:
    """make: returns an input, of a random.Random. run: hands it to the code and returns what is to be in order."""

    def __init__(self, make, run, weight=1):
        self.make, self.run, self.weight = make, run, weight


def damaged(chance, seeds, tokens=()):
    """Return the text of a file that was one of *seeds*."""
    return mutations.as_read(mutations.text(chance, seeds, tokens))


def of_text(run, seeds, tokens=()):
    """Return the Target whose input is the text of a file."""
    seeds = list(seeds)
    return Target(lambda chance: damaged(chance, seeds, tokens), run)


# Parsers of /proc


def reading_of(path):
    """Return a function of a text: the HostReading of a host that has it at *path*."""
    return lambda text: HostReading(MemoryFiles({path: text}))


def run_reading(path, use):
    """Return the function that lets *use* look at a HostReading; what it warned of counts too."""

    def run(text):
        reading = reading_of(path)(text)
        return [use(reading), bounds.sentences(reading.warnings)]

    return run


SOCKSTAT, NETSTAT = "/proc/net/sockstat", "/proc/net/netstat"
CPUS = "/sys/devices/system/cpu/online"
RELEASES = (
    "4.18.0-553.el8_10.x86_64\n",
    "5.14.0-570.32.1.el9_6.x86_64\n",
    "6.12.0-1.el10.aarch64+64k\n",
    "5.4.17-2136.338.4.2.el8uek.x86_64\n",
    "6.18\n",
)


def run_processors(reading):
    return reading.error_bound("6.12.0", 4096, 2**64 - 1)


def run_kernel(reading):
    release = reading.kernel()
    return [
        release,
        kernel_generation.kernel_version(release),
        kernel_generation.counts_in_pages(release),
        kernel_generation.window_ratio(release),
        reading.error_bound(release, 4096, None),
    ]


# A whole host: what it says, what is made of it on the controller

PARTS = ("memory", "limits", "counters", "boot", "managers", "cgroups")


def make_host(chance):
    tree = dict(chance.choice(HOSTS))
    for _number in range(chance.choice((1, 1, 2, 4))):
        path = chance.choice(sorted(tree))
        kind = chance.random()
        if kind < 0.05:
            del tree[path]
        elif kind < 0.1:
            tree[path] = chance.choice(ERRORS)
        elif isinstance(tree[path], str):
            tree[path] = damaged(chance, [tree[path]], KEYS)
    return tree


def read_host(tree, parts=PARTS):
    """Return what gather.read answers of the host of *tree*."""
    usual = gather.HostFiles
    gather.HostFiles = lambda root: MemoryFiles(tree)
    try:
        return gather.read({"read": parts, "root": "/", "page_size": 4096})
    finally:
        gather.HostFiles = usual


def answer_of(tree, parts=PARTS):
    """Return what the host of *tree* answers, with a window in which it stays as it is, and its warnings."""
    answer = read_host(tree, parts)
    check(answer)
    told = json.loads(json.dumps(answer["facts"]))
    clock = iter(range(100)).__next__
    told["window"] = window.observe(
        1, lambda: {"tcp": told["tcp"], "udp": told["udp"]}, lambda: told["counters"], clock, lambda _seconds: None
    )
    return told, answer["warnings"]


def run_host(tree):
    told, warnings = answer_of(tree)
    try:
        told = shape.checked(told, facts_shape.ANSWER, "answer")
    except errors.SocketMemoryError as error:
        raise AssertionError("what the reading gives is refused: %s" % error) from error
    return used(assembled(told, warnings))


def assembled(told, warnings):
    """Return the facts as the module returns them."""
    result = facts.assemble({"facts": told, "warnings": warnings}, {"gather_subset": ["all", "cgroups"]})
    found = result["ansible_facts"]["socket_memory"]
    try:
        return facts_shape.checked_facts(found)
    except errors.SocketMemoryError as error:
        raise AssertionError("own facts are refused: %s" % error) from error


def used(told):
    """Return what the controller makes of checked facts."""
    fleet = [rows.row("a", told), rows.row("b", None)]
    made = [
        told,
        gate.judge(told, {"cgroups": "warn"}),
        gate.judge_fleet({"a": told}, 1, ["a"], ["a"]),
        drift.prove(told, DROPIN),
        findings.find(told),
        table.table(fleet),
        audit.summary(fleet),
    ]
    for size in (sizing.recommend, capacity.capacity):
        if told["page_size"] and told["memory_total"]:
            made.append(size(told, {}))
    if {"tcp", "udp", "counters"} <= set(told):
        made.append(rollout.regressions(told, told))
        made.append(rollout.would_relieve(told, {KEYS[0]: [1, 2, 3]}))
    return made


_ANSWERS = []


def answers():
    """Return what healthy hosts answer, made once."""
    if not _ANSWERS:
        for host in HOSTS:
            tree = dict(host, **TOOLS)
            tree[CGROUP + "/cgroup.controllers"] = "memory\n"
            tree.update({"%s/a.service/%s" % (CGROUP, name): text for name, text in GROUP.items()})
            _ANSWERS.append(answer_of(tree)[0])
    return _ANSWERS


def make_facts(chance):
    """Make facts of which somebody changed something."""
    whole = assembled(json.loads(json.dumps(chance.choice(answers()))), [])
    return mutations.value(chance, whole, KEYS + states.TCP_STATES)


def run_facts(given):
    return used(facts_shape.checked_facts(given))


# What a host prints

MARK = "<mark>"


def make_answer(chance):
    changed = mutations.value(chance, chance.choice(answers()), KEYS + states.TCP_STATES)
    told = {"facts": changed, "warnings": [], "changed": False}
    if chance.random() < 0.2:
        told = mutations.value(chance, {"failed": True, "msg": "m", "exception": "e"})
    try:
        printed = json.dumps(told)
    except (RecursionError, TypeError, ValueError):
        printed = "[" * 100000
    printed = "banner\n" + MARK + printed + MARK + "\nSOCKET-MEMORY-EXIT=0\n"
    return mutations.text(chance, [printed], (MARK, "{", "}", "[")) if chance.random() < 0.7 else printed


def run_answer(text):
    wanted = host_answer.expected({"facts": facts_shape.ANSWER, "warnings": facts_shape.WARNINGS})
    try:
        answer = host_answer.read_answer(text, MARK, wanted)
        whole = {"tcp", "udp", "limits", "boot"} <= set(answer.get("facts", ()))  # else the action refuses it
        return used(assembled(answer["facts"], answer["warnings"])) if whole else answer
    except host_answer.NoAnswer as reason:
        check_message(reason)
        assert len(host_answer.explain(reason, 1, text, ("python3",), False)) <= 2 * host_answer.LONGEST_MESSAGE
        raise errors.SocketMemoryError("no answer") from reason


# The kernel log and control groups

RECORDS = (
    "6,812,90000000,-;TCP: too many orphaned sockets\n SUBSYSTEM=net\n",
    "4,813,90000001,-;TCP: out of memory -- consider tuning tcp_mem\n",
    "30,1,2,-;systemd[1]: started\n",
)


def run_records(text):
    return kernel_log.find_messages([line.encode("utf-8", "surrogateescape") for line in text.split("\0")], 5000.0)


CGROUP = "/sys/fs/cgroup"
GROUP = {
    "memory.current": "536870912\n",
    "memory.high": "max\n",
    "memory.max": "536870912\n",
    "memory.stat": "anon 5\nsock 8192\nshmem 0\n",
    "memory.events": "low 0\nhigh 0\nmax 211\noom 0\noom_kill 0\n",
    "memory.pressure": "some avg10=12.50 avg60=1.00 avg300=0.20 total=99\nfull avg10=0.00 total=1\n",
}
OLD_GROUP = {
    "memory.kmem.tcp.limit_in_bytes": "1048576\n",
    "memory.kmem.tcp.usage_in_bytes": "983040\n",
    "memory.kmem.tcp.failcnt": "3\n",
}


def make_groups(chance):
    old = chance.random() < 0.3
    top, files = (CGROUP + "/memory", OLD_GROUP) if old else (CGROUP, GROUP)
    tree = {} if old else {CGROUP + "/cgroup.controllers": "cpu memory pids\n"}
    number = chance.choice((1, 2, 5, 60)) if chance.random() < 0.998 else 3000
    share = 2.0 / number / len(files) + 0.01  # of the files that are damaged
    for place in range(number):
        deep = "/" + "deep/" * chance.choice((1, 300)) + "x"
        folder = top + chance.choice(("/system.slice", "/user.slice/user-0.slice", "/a/b/c/d", deep)) + "/g%d" % place
        for name, text in files.items():
            tree[folder + "/" + name] = damaged(chance, [text]) if chance.random() < share else text
    return tree


def run_groups(tree):
    reading = HostReading(MemoryFiles(tree))
    before = cgroups.read_cgroups(reading)
    after = cgroups.read_cgroups(reading, before)
    return [after, bounds.sentences(reading.warnings)]


# Files of sysctl.d, of tuned, of other tools

DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"
NAMES = (
    "10-a.conf",
    "50-b.conf",
    "99-sysctl.conf",
    "99-tcp-memory.conf",
    "zz.conf",
    ".hidden.conf",
    "\udcff.conf",
    "a{b,c}.conf",
    "README",
    "~.conf",
)
ASSIGNMENTS = tuple("%s = %s\n" % (key, "1 2 3" if sysctl_keys.KEYS[key].fields else "1000") for key in KEYS)
LINES = ASSIGNMENTS + (
    "# a comment\n",
    "-net.ipv4.tcp_mem\n",
    "-net/ipv4/tcp_rmem = 1 2 3\n",
    "net.ipv4.tcp_* = 4096 5 6\n",
    "net.*.{somaxconn,tcp_?mem} = 1\n",
    "net.ipv4.[!a-s]*_fin_timeout = 7\n",
    "net/ipv4/[[:alpha:]]cp_mem=1 2 3\n",
    "net..ipv4.tcp_mem = 1 2 3 # x\n",
    "net.ipv4.tcp_mem = 0x10 010 99\r\n",
    "vm.swappiness = 1\n",
    "net.ipv4.ip_forward=1\n",
    "\n",
)
# The library of systemd and that of procps, which tell the dialects.
LIBRARIES = (
    (),
    ("/usr/lib/systemd/libsystemd-shared-239.so", "/usr/lib64/libprocps.so.7"),
    ("/usr/lib64/libprocps.so.8",),
    ("/usr/lib64/libproc2.so.0", "/usr/lib/systemd/libsystemd-shared-257.so"),
)


def make_sysctl(chance):
    tree = dict.fromkeys(chance.choice(LIBRARIES), "")
    for _number in range(chance.choice((1, 2, 4, 8))):
        text = "".join(chance.choice(LINES) for _line in range(chance.choice((1, 2, 5, 20))))
        path = chance.choice(sysctl_files.DIRECTORIES) + "/" + chance.choice(NAMES)
        tree[path] = chance.choice(ERRORS) if chance.random() < 0.05 else damaged(chance, [text], KEYS)
    if chance.random() < 0.3:
        tree["/etc/sysctl.conf"] = damaged(chance, ["".join(ASSIGNMENTS[:3])], KEYS)
    return tree


def run_sysctl(tree):
    files, told, problems = MemoryFiles(tree), [], []
    for dialect in ("systemd", "systemd-239"):
        told.append(sysctl_files.boot_values(files, KEYS, dialect))
        problems += told[-1][1]
    for version in ("4.0", "3.3.17", "3.3.15"):
        told.append(sysctl_procps.resolve(sysctl_files.SysctlFiles(files, KEYS), version))
    text, boot = "".join(ASSIGNMENTS), told[0][0]
    winners = [one["file"] for one in boot.values()] or [DROPIN]
    told.append(shadowing.files_that_hide(files, KEYS[:2], DROPIN, text))
    told.append(shadowing.path_that_wins(files, DROPIN, text, {KEYS[0]: [1, 2, 3]}, winners))
    return [boot, told[1][0]] + told[2:] + [bounds.sentences(problems), all_of(files)]


def all_of(files):
    """Return what is told of the next boot of a host, and of who else sets the keys."""
    found, problems = boot_executors.read_boot(files, KEYS)
    others, more = managers.find_managers(files, found["boot"])
    return [found, bounds.first_of(others)[0], bounds.sentences(problems + more)]


PROFILE = """[main]
summary=Mine
include=throughput-performance, other

[sysctl]
net.ipv4.tcp_rmem="4096 87380 16777216"
net.core.somaxconn=>2048
net/ipv4/tcp_mem = 1 2 3 # x
  4
[mine]
type=sysctl
replace=1
drop=net.core.somaxconn
net.ipv4.tcp_fin_timeout=${x}
"""
PROFILES = ("mine", "throughput-performance", "other", "network-latency")


def make_tuned(chance):
    tree = {"/etc/tuned/active_profile": damaged(chance, ["mine\n", "mine other\n"], PROFILES)}
    for name in PROFILES + tuple("p%d" % number for number in range(chance.choice((0, 0, 0, 150)))):
        text = PROFILE.replace("other", "p%d" % (int(name[1:]) + 1)) if name[1:].isdigit() else PROFILE
        path = "%s/%s/tuned.conf" % (chance.choice(tuned.PROFILE_DIRECTORIES), name)
        tree[path] = damaged(chance, [text], PROFILES + KEYS) if chance.random() < 0.5 else text
    if chance.random() < 0.5:
        tree["/etc/tuned/tuned-main.conf"] = damaged(chance, ["# x\nreapply_sysctl = 1\ndaemon = 1\n"])
    tree["/etc/sysctl.d/a.conf"] = ASSIGNMENTS[0]
    return tree


TOOLS = {
    "/usr/lib/systemd/system/bpftune.service": "",
    "/usr/lib64/bpftune/tcp_buffer_tuner.so": "",
    "/run/systemd/units/invocation:bpftune.service": "",
    "/etc/sysconfig/saptune": 'SAPTUNE_VERSION="3"\nNOTE_APPLY_ORDER="2382421 1410736"\n',
    "/var/lib/saptune/working/notes/2382421": "net.ipv4.tcp_mem = 1\n",
    "/usr/lib/systemd/system/sapconf.service": "",
    "/etc/sysconfig/sapconf": "TCP_MEM=net.ipv4.tcp_mem\n",
    "/etc/sysctl.ktune": "net.core.rmem_max = 1\n",
    "/etc/NetworkManager/dispatcher.d/50-tcp": "#!/bin/sh\nsysctl -w net.ipv4.tcp_rmem='1 2 3'\n",
    "/var/lib/cloud/scripts/per-boot/x": "echo 1 > /proc/sys/net/core/somaxconn\n",
    "/etc/cloud/cloud.cfg": "bootcmd: []\n",
    "/etc/dracut.conf.d/a.conf": 'install_items+=" /etc/sysctl.d/a.conf "\n',
    "/etc/sysctl.d/10-oracle.conf": "# oracle-database-preinstall-19c setting\nnet.core.rmem_max = 4194304\n",
}


def make_tools(chance):
    tree = dict(TOOLS)
    for path in chance.sample(sorted(tree), chance.choice((1, 2, 4))):
        seeds = [tree[path], "".join(LINES)]
        tree[path] = chance.choice(ERRORS) if chance.random() < 0.1 else damaged(chance, seeds, KEYS)
    for number in range(chance.choice((0, 0, 0, 0, 300))):
        tree["/etc/NetworkManager/dispatcher.d/%d" % number] = "net.ipv4.tcp_mem"
    return tree


def run_tools(tree):
    return all_of(MemoryFiles(tree))


# What people write

CONTENT = "# Managed\n" + "".join(ASSIGNMENTS[:6]) + "net/core/optmem_max=65536\n"


def run_content(text):
    try:
        dropin_content.check_path(text[:300])
    except errors.SocketMemoryError as error:
        check_message(error)
    edit = dropin_content.first_edit(text, CONTENT) if text != CONTENT else None
    return [edit, dropin_content.parse_content(text, DROPIN)]


def make_key_and_value(chance):
    key = chance.choice(KEYS) if chance.random() < 0.8 else mutations.text(chance, KEYS)
    seeds = ("1 2 3", "4096\t131072\t6291456\n", "1000", "0x1F", "-1")
    written = mutations.text(chance, seeds) if chance.random() < 0.7 else mutations.value(chance, [1, 2, "3"])
    return key, mutations.text(chance, seeds), written


def run_key_and_value(given):
    key, text, written = given
    told = [sysctl_keys.key_path(key)]  # before anything is made of its value
    if key in KEYS:
        told.append(kernel_writes.held_after(key, [text, "1", text]))
    for function, value in ((sysctl_keys.read_kernel_value, text), (sysctl_keys.parse_value, written)):
        try:
            told.append(function(key, value))
        except errors.SocketMemoryError as error:
            check_message(error)
    return told if key in KEYS else []  # the words of another key may be many


WORKLOADS = (
    {"profile": "balanced", "connections": 2000, "buffer_bytes": "128KiB", "active_fraction": "25%"},
    {
        "profile": "bulk_transfer",
        "buffer_limit_bytes": "64MiB",
        "paths": [{"bandwidth_mbps": "10Gbit/s", "rtt_ms": "20ms"}, {"bandwidth_mbps": 100, "rtt_ms": 0.5}],
    },
    {
        "profile": "application_server",
        "only_raise": False,
        "memory_fraction": 0.25,
        "overrides": {"net.ipv4.tcp_mem": [100000, 200000, 300000]},
    },
    {
        "profile": "many_connections",
        "connections": 10**6,
        "bandwidth_mbps": 1000,
        "rtt_ms": "20ms",
        "churn": "2000/s",
        "container_memory_bytes": "4GiB",
    },
    {
        "profile": "low_latency",
        "observed_peak": "1.5GiB",
        "udp_sockets": 500,
        "udp_buffer_bytes": "1MiB",
        "silence": {"narrow-band": "measured"},
    },
    {"observed_peak": "facts", "receive_buffer_bytes": 4096, "send_buffer_bytes": "1MiB", "direction": "send"},
)
WORKLOAD_WORDS = tuple(workload.QUANTITIES) + workload.OTHERS + workload.PROFILE_NAMES + workload.DIRECTIONS + KEYS
MEMORY = (512 << 20, 16 << 30, 4 << 40)
_FACTS = {}


def sized_facts(size, page_size):
    """Return the facts of a host of *size* bytes, made once."""
    if (size, page_size) not in _FACTS:
        tree = dict(HOSTS[1], **{"/proc/meminfo": "MemTotal: %d kB\n" % (size // 1024)})
        _FACTS[size, page_size] = dict(read_host(tree, ("memory", "limits"))["facts"], page_size=page_size)
    return _FACTS[size, page_size]


def make_workload(chance):
    options = mutations.value(chance, chance.choice(WORKLOADS), WORKLOAD_WORDS)
    return chance.choice(MEMORY), chance.choice((4096, 65536)), options


def run_workload(given):
    size, page_size, options = given
    host = sized_facts(size, page_size)
    found = sizing.recommend(host, options)
    return [found, sizing.assignments(found, page_size), capacity.capacity(host, options)]


NUMBERS = (0, 1, 2, 255, 1024, 4096, 2**20, 2**31 - 1, 2**31, 2**32, 2**63, 2**64 - 1)


def settings(chance):
    """Return some keys with numbers of which none is meant."""
    found = {}
    for key in chance.sample(KEYS, chance.randrange(1, 6)):
        fields = sysctl_keys.KEYS[key].fields
        numbers = [
            chance.choice(NUMBERS + (chance.randrange(2 ** chance.randrange(1, 65)),) * 10) for _field in fields or "1"
        ]
        found[key] = numbers if fields else numbers[0]
    return found


def make_settings(chance):
    memory = chance.choice((None, 0, 512 << 20, 16 << 30, 2**64 - 1))
    return (
        settings(chance),
        chance.choice((None, 4096, 65536)),
        memory,
        chance.choice((0, 256, 2**40)),
        settings(chance),
        mutations.value(chance, settings(chance)),
    )


def run_settings(given):
    wanted, page_size, memory, error_bound, running, odd = given
    return [
        lint.lint(wanted, page_size, memory, error_bound, running, only_raise=True),
        lint.lint(running, page_size, memory),
        drift.drift(odd, {"limits": running, "boot": {}}),
    ]


RULES = {
    "fail_states": ["pressure", "critical"],
    "warn_states": ["soft"],
    "sustained": 0.5,
    "udp": "fail",
    "orphans_warn_percent": 25,
    "orphans_fail_percent": "100",
    "cgroups": "ignore",
    "kernel_log_seconds": 600,
}


def make_rules(chance):
    budgets = mutations.value(chance, chance.choice((["5 %"], [3], ["3"])), ("5 %",))
    return mutations.value(chance, RULES, tuple(gate.RULES) + states.TCP_STATES), budgets


def run_rules(given):
    rules, budgets = given
    told = []
    for budget in budgets if isinstance(budgets, list) else [budgets]:
        try:
            told.append(gate.judge_fleet({"a": None}, budget, ["a"], ["a"]))
        except errors.SocketMemoryError as error:
            check_message(error)
    return told + [gate.check_rules(rules)]


PATTERNS = (
    "net/ipv4/tcp_*",
    "net/*/somaxconn",
    "net/ipv4/[!a-s]*",
    "net/ipv4/{tcp_{r,w}mem,x*}",
    "net/ipv4/[[:alpha:]]cp_mem",
    "net/ipv4/[]r]mem",
    "net/./ipv4//tcp_\\mem",
)


def run_memory(reading):
    return reading.memory_of_host(4096)


def run_pattern(text):
    found = wildcards.expanded(text, sysctl_files.MOST_WILDCARDS, sysctl_files.MOST_CHARACTERS)
    made = [wildcards.Wildcard(one) for one in found or []]
    return [sum(one.matches(key.replace(".", "/")) for one in made) for key in KEYS]


TARGETS = {
    "sockstat": of_text(proc_net.parse_sockstat, _seeds(SOCKSTAT, "/proc/net/sockstat6"), ("TCP:", "inuse", "mem")),
    "protocols": of_text(proc_net.parse_protocols, _seeds("/proc/net/protocols"), ("protocol", "press", "TCP")),
    "netstat": of_text(proc_net.parse_header_pairs, _seeds(NETSTAT, "/proc/net/snmp"), ("TcpExt:", "Udp:")),
    "udp": of_text(proc_net.parse_drops, _seeds("/proc/net/udp", "/proc/net/udp6"), ("drops", ":")),
    "snmp6": of_text(proc_net.parse_name_value, _seeds("/proc/net/snmp6")),
    "meminfo": of_text(
        run_reading("/proc/meminfo", run_memory), _seeds("/proc/meminfo"), ("MemTotal:", "Hugetlb:", "kB")
    ),
    "zoneinfo": of_text(
        run_reading("/proc/zoneinfo", run_memory), _seeds("/proc/zoneinfo"), ("Node 0, zone  Movable\n", "managed")
    ),
    "cpu list": of_text(run_reading(CPUS, run_processors), ("0-3,8\n", "0\n", "0-127\n", "1-2,4-5,9\n"), ("0-3", ",")),
    "osrelease": of_text(run_reading("/proc/sys/kernel/osrelease", run_kernel), RELEASES, (".el9", "uek")),
    "host": Target(make_host, run_host, 2),
    "facts": Target(make_facts, run_facts, 2),
    "kernel log": of_text(run_records, ("\0".join(RECORDS),) + RECORDS),
    "control groups": Target(make_groups, run_groups),
    "sysctl.d": Target(make_sysctl, run_sysctl, 3),
    "tuned": Target(make_tuned, run_tools),
    "tools": Target(make_tools, run_tools),
    "content": of_text(run_content, [CONTENT, "".join(LINES)], KEYS),
    "key and value": Target(make_key_and_value, run_key_and_value),
    "workload": Target(make_workload, run_workload, 2),
    "settings": Target(make_settings, run_settings),
    "rules": Target(make_rules, run_rules),
    "wildcards": of_text(run_pattern, PATTERNS, ("[:alpha:]", "{a,b}", "[!", "net/")),
}
if sys.version_info >= (3, 10):  # what runs on the controller only
    from ansible_collections.linux_net.socket_memory.plugins.plugin_utils import host_answer

    TARGETS["answer"] = Target(make_answer, run_answer)
# The saved state of a drop-in (record) belongs here as "facts" does, once it is checked against one shape: to its check
# first, and then to what works with it.


# What is in order


def check(found, largest=bounds.LARGEST):
    """Raise AssertionError where *found*, which is told to people and programs, is not in bounds."""
    text = json.dumps(found, allow_nan=False)
    assert len(text) <= LARGEST_ANSWER, "%d characters" % len(text)
    _check_values(found, largest)


def check_message(error):
    """Raise AssertionError where the message of a refusal is too long for a person."""
    assert len(str(error)) <= 2500, "a message of %d characters" % len(str(error))


def _check_values(found, largest):
    if isinstance(found, dict):
        for key, one in found.items():
            assert not isinstance(key, str) or len(key) <= LONGEST_KEY, "a key of %d characters" % len(key)
            _check_values(one, largest)
    elif isinstance(found, (list, tuple)):
        for one in found:
            _check_values(one, largest)
    elif isinstance(found, str):
        assert len(found) <= LONGEST_TEXT, "a text of %d characters" % len(found)
    elif isinstance(found, int):
        assert -largest <= found <= largest, "a number of %d bits" % found.bit_length()


# What parsers themselves return is no answer yet: only its numbers are looked at.
RAW = ("sockstat", "protocols", "netstat", "snmp6", "content", "key and value")
# What is computed of facts that somebody made up may be larger than what a host can say.
COMPUTED = ("facts", "answer")


def check_raw(found):
    """Raise AssertionError where numbers of *found* are too large."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        for one in found:
            check_raw(one)
    elif isinstance(found, int):
        assert bounds.bounded(found) is not None, "a number of %d bits" % found.bit_length()


def try_input(name, given):
    """Hand the input *given* to the target *name*. Return whether it was refused.

    Raises what the code raised, and AssertionError for what is not in bounds.
    """
    try:
        found = TARGETS[name].run(given)
    except errors.SocketMemoryError as error:
        check_message(error)
        return True
    if name in RAW:
        check_raw(found)
    else:
        check(found, 1 << 128 if name in COMPUTED else bounds.LARGEST)
    return False
