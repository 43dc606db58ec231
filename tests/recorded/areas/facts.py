# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of every fixture and variant, of each subset, state, broken file and way to set a key at boot."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

from ansible_collections.linux_net.socket_memory.tests.recorded.cases import (
    BACKLOG,
    FIN,
    GIB,
    KIB,
    MAX,
    MEM,
    MIB,
    REUSE,
    RMEM,
    changes,
    host_of,
    told,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    find_messages,
    observe,
    sizes,
    under_memory_pressure,
    window,
)

ALL = ["all", "cgroups", "kernel_log"]
# fixture or variant: (its page size, None where the facts find it themselves; the host it is like, None for none)
ORIGIN, IDLE = "el8_x86_64", "el8_4.18.0-147/idle"
HOSTS = {
    ORIGIN: (None, None),
    "el8_aarch64_64k": (65536, ORIGIN),
    "el9_4": (None, ORIGIN),
    "container": (None, ORIGIN),
    "without_ipv6": (None, ORIGIN),
    "uek6_5_4": (None, ORIGIN),
    "el8_3": (None, ORIGIN),
    "debian12_6.18": (4096, None),
    IDLE: (4096, None),
    "el8_4.18.0-147/loaded": (4096, IDLE),
    "el8_4.18.0-147/pressure": (4096, IDLE),
    "el8_4.18.0-147/drained-still-charged": (4096, "el8_4.18.0-147/pressure"),
}
SUBSETS = (
    "tcp",
    "udp",
    "limits",
    "counters",
    "boot",
    "managers",
    "recommended",
    "capacity",
    "findings",
    "cgroups",
    "kernel_log",
)
# As the roles and the README ask for them, and words that cancel each other.
CHOICES = (
    [],
    ["all"],
    ["!all"],
    ["tcp", "!tcp"],
    ["all", "!boot", "!managers"],
    ["tcp", "findings"],
    ["tcp", "limits", "boot"],
    ["tcp", "udp", "cgroups", "kernel_log"],
    ["tcp", "udp", "limits", "counters", "recommended"],
    *([name] for name in SUBSETS),
    *([f"!{name}"] for name in SUBSETS),
)
# Pages in use around each threshold of el8_x86_64 (188886, 251851, 377772), also as far as el9_4 may miscount them.
USED = (0, 188885, 188886, 189910, 251851, 251852, 252876, 377772, 377773, 378797)

SOCKSTAT, PROTOCOLS, NETSTAT, SNMP, SNMP6 = (
    "/proc/net/" + name for name in ("sockstat", "protocols", "netstat", "snmp", "snmp6")
)
ONLINE, RELEASE = "/sys/devices/system/cpu/online", "/proc/sys/kernel/osrelease"
NO_TEXT = b"\x7fELF\xff\xfe\x00"
BROKEN = {
    "no sockstat": {SOCKSTAT: None},
    "sockstat is a directory": {SOCKSTAT: os.mkdir},
    "sockstat is a FIFO": {SOCKSTAT: os.mkfifo},
    "sockstat is no text": {SOCKSTAT: NO_TEXT},
    "sockstat without TCP": {SOCKSTAT: ("TCP: ", "TPC: ")},
    "sockstat is cut": {SOCKSTAT: (" mem 1200", " mem")},
    "sockstat without mem": {SOCKSTAT: (" mem 1200", "")},
    "sockstat with a letter in a number": {SOCKSTAT: ("mem 12\n", "mem 1x2\n")},
    "no sockstat6": {"/proc/net/sockstat6": None},
    "sockstat6 without TCP6": {"/proc/net/sockstat6": ("TCP6:", "TPC6:")},
    "no protocols": {PROTOCOLS: None},
    "protocols without press": {PROTOCOLS: ("press", "prass")},
    "protocols without TCP": {PROTOCOLS: ("TCP       2416", "TPC       2416")},
    "protocols neither yes nor no": {PROTOCOLS: ("   no     320", "   maybe  320")},
    "protocols is no text": {PROTOCOLS: NO_TEXT},
    "no netstat": {NETSTAT: None},
    "netstat without a counter": {NETSTAT: (" PruneCalled", " PruneColled")},
    "netstat is cut": {NETSTAT: (" 5 0 0 0\nIpExt", " 5 0\nIpExt")},
    "snmp is a directory": {SNMP: os.mkdir},
    "snmp with no number": {SNMP: ("Udp: 70211 14 3 ", "Udp: 70211 14 ? ")},
    "snmp6 without a counter": {SNMP6: ("Udp6InErrors", "Udp6InErrers")},
    "no meminfo": {"/proc/meminfo": None},
    "meminfo is no text": {"/proc/meminfo": NO_TEXT},
    "no release": {RELEASE: None},
    "a release of letters": {RELEASE: "unknown\n"},
    "no list of processors": {RELEASE: "6.12.0-55.el10.x86_64\n", ONLINE: "all\n"},
    "no file of processors": {RELEASE: "6.12.0-55.el10.x86_64\n", ONLINE: None},
    "tcp_mem is a directory": {"/proc/sys/net/ipv4/tcp_mem": os.mkdir},
    "tcp_mem of two numbers": {"/proc/sys/net/ipv4/tcp_mem": "188886\t251851\n"},
    "rmem_max is empty": {"/proc/sys/net/core/rmem_max": ""},
    "no network keys": {"/proc/sys/net/ipv4/" + name: None for name in ("tcp_mem", "udp_mem", "tcp_rmem")},
    "a sysctl.d file that is a FIFO": {"/usr/lib/sysctl.d/50-vendor.conf": os.mkfifo},
}
RUNNING = {  # values that earn findings
    "high above memory": {"/proc/sys/net/ipv4/tcp_mem": "188886 251851 99999999\n"},
    "thresholds out of order": {"/proc/sys/net/ipv4/tcp_mem": "251851 188886 377772\n"},
    "a fin_timeout of 0": {"/proc/sys/net/ipv4/tcp_fin_timeout": "0\n"},
    "a default above the maximum": {"/proc/sys/net/core/rmem_default": "4000000\n"},
    "orphans above a quarter": {SOCKSTAT: ("orphan 0", "orphan 16385")},
    "udp at its limit": {SOCKSTAT: ("mem 12\n", "mem 377775\n")},
}
CONTAINERS = {
    "systemd": {"/run/systemd/container": "lxc\n"},
    "podman": {"/run/.containerenv": ""},
    "docker": {"/.dockerenv": ""},
    "environment": {"/proc/1/environ": "A=b\0container=systemd-nspawn\0"},
    "empty": {"/run/systemd/container": "\n", "/proc/1/environ": "A=b\0container=\0"},
}

ETC, RUN, LOCAL, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/local/lib/sysctl.d/", "/usr/lib/sysctl.d/"
UNITS, RUNS = "/usr/lib/systemd/system/", "/run/systemd/units/invocation:%s.service"
PROCPS = {"/usr/lib64/libproc2.so.0": ""}
TUNED = {
    "/etc/tuned/active_profile": "mine\n",
    "/etc/tuned/mine/tuned.conf": f"[sysctl]\n{FIN}=7\n{RMEM}=4096 87380 16777216\n",
}
OLD_SYSTEMD = {"/usr/lib/systemd/libsystemd-shared-239.so": ""}


def one(value: Any, key: str = FIN) -> str:
    """Return a line of a sysctl.d file."""
    return f"{key} = {value}\n"


def link(target: str) -> Any:
    """Return what makes a link to *target*."""
    return lambda path: os.symlink(target, path)


def script(path: str) -> None:
    """Make an executable script that writes a key."""
    with open(path, "w", encoding="ascii") as stream:
        stream.write("#!/bin/sh\necho 4096 87380 6291456 > /proc/sys/net/ipv4/tcp_rmem\n")
    os.chmod(path, stat.S_IRWXU)


BOOT = {
    "etc over run over local over lib": {
        ETC + "a.conf": one(1),
        RUN + "a.conf": one(2),
        LOCAL + "a.conf": one(3),
        LIB + "a.conf": one(4),
    },
    "names by bytes over all directories": {LOCAL + "b.conf": one(3), LIB + "c.conf": one(4), ETC + "B.conf": one(5)},
    "names that are not read": {
        ETC + ".z.conf": one(1),
        ETC + "z.conf.bak": one(2),
        ETC + "README": one(4),
        ETC + "+.conf": one(5),
    },
    "losers nearest first": {LIB + "a.conf": one(1) + one(2), ETC + "b.conf": "#\n" + one(3)},
    "a mask": {LIB + "a.conf": one(1), ETC + "a.conf": link("/dev/null"), "/dev/null": ""},
    "a link to sysctl.conf": {"/etc/sysctl.conf": "#\n" + one(7), ETC + "99-sysctl.conf": link("../sysctl.conf")},
    "a key with slashes": {ETC + "a.conf": "net/ipv4/tcp_fin_timeout=1\nnet/ipv4.tcp_tw_reuse = 1\n"},
    "a failure that is ignored": {ETC + "a.conf": f"-{FIN} = 1\n- {REUSE} = 1\n"},
    "wildcards below a key in full": {ETC + "a.conf": one(1) + "net.ipv4.tcp_fin_* = 2\nnet.ipv4.tcp_*_reuse = 1\n"},
    "wildcards of systemd 239": {ETC + "a.conf": "net.ipv4.tcp_fin_* = 2\nnet.ipv4.tcp_*_reuse = 1\n", **OLD_SYSTEMD},
    "an exclusion": {ETC + "a.conf": one(1), ETC + "b.conf": f"-{FIN}\n", **PROCPS},
    "an exclusion of systemd 239": {ETC + "a.conf": one(1), ETC + "b.conf": f"-{FIN}\n", **OLD_SYSTEMD},
    "braces": {ETC + "a.conf": "net.ipv4.{tcp_fin_timeou?,x} = 1\n"},
    "values of another shape": {ETC + "a.conf": one("1x") + one("1 2", MEM) + one("", REUSE) + one("16M", MAX)},
    "a line that is no assignment": {ETC + "a.conf": f"{FIN} 1\n" + one(2)},
    "many odd lines": {ETC + "a.conf": "net 1\n" * 1000},
    "a line of a mebibyte": {ETC + "a.conf": one(1) + "#" * MIB + "\n" + one(2)},
    "a directory": {ETC + "a.conf": os.mkdir, LIB + "a.conf": one(1), LIB + "b.conf": one(2)},
    "a dangling link": {ETC + "a.conf": link("/nowhere"), ETC + "b.conf": one(2)},
    "a loop of links": {ETC + "a.conf": link("a.conf"), ETC + "b.conf": one(2)},
    "a file that is too large": {ETC + "a.conf": "#" * 5000000, ETC + "b.conf": one(2)},
    "too many wildcards": {ETC + "a.conf": "".join(f"net.*{number} = 1\n" for number in range(600)) + one(2)},
    "another value of procps": {"/etc/sysctl.conf": one(9, BACKLOG), ETC + "a.conf": one(1, BACKLOG), **PROCPS},
    "procps of EL9": {
        "/etc/sysctl.conf": one(9),
        ETC + "a.conf": f"--{FIN} = 1\n{REUSE} = 1 2\n",
        "/usr/lib64/libprocps.so.8": "",
    },
    "procps of EL8": {"/etc/sysctl.conf": one("9 8"), ETC + "a.conf": f"-{FIN} = 1\n", "/usr/lib64/libprocps.so.7": ""},
    "a value of tuned": {ETC + "a.conf": one(1), **TUNED},
    "tuned without its re-apply": {
        ETC + "a.conf": one(1),
        **TUNED,
        "/etc/tuned/tuned-main.conf": "reapply_sysctl = 0\n",
    },
    "tuned is off": {ETC + "a.conf": one(1), **TUNED, "/etc/systemd/system/multi-user.target.wants/sshd.service": ""},
    "tuned includes, drops and only raises": {
        "/etc/tuned/active_profile": "mine\n",
        "/etc/tuned/mine/tuned.conf": f"[main]\ninclude=base\n[sysctl]\n{BACKLOG}=>2048\ndrop={FIN}\n",
        "/usr/lib/tuned/base/tuned.conf": f"[sysctl]\n{FIN}=1\n{REUSE}=1\n",
    },
    "tuned replaces, switches off and takes quotes away": {
        "/etc/tuned/active_profile": "base mine\n",
        "/usr/lib/tuned/base/tuned.conf": f"[sysctl]\n{FIN}=1\n[other]\ntype=sysctl\nenabled=false\n{REUSE}=1\n",
        "/etc/tuned/mine/tuned.conf": (
            f'[sysctl]\nreplace=1\n# why\n{BACKLOG}="512"  # inline\n{MAX}=<1024\n[net]\nuname_regex=x\n{REUSE}=0\n'
        ),
    },
    "a profile that cannot be read": {**TUNED, "/etc/tuned/mine/tuned.conf": os.mkfifo},
    "all three programs": {
        ETC + "a.conf": one(1) + one(1, REUSE),
        "/etc/sysctl.conf": one(3) + one(9, MAX),
        **TUNED,
        **PROCPS,
    },
}
# What a file of sysctl.d may say of FIN, for each program that reads it.
LINES = (
    one(1),
    "net/ipv4/tcp_fin_timeout=1",
    f"  \t{FIN}\t=\t1\t\r",
    f"-{FIN} = 1",
    f"- {FIN} = 1",
    f"--{FIN} = 1",
    f"#{FIN} = 1\n ; {FIN} = 2",
    one(1) + f"-{FIN}",
    f"-{FIN}\nnet.ipv4.tcp_fin_* = 1",
    one(1) + one("2x"),
    one("1 # why"),
    f"{FIN} =",
    f"{FIN} = 1 = 2",
    f"={FIN} = 1",
    f"{FIN} = 1\r{FIN} = 2",
    f"{FIN} = 1\0{FIN} = 2",
    f"{FIN} = 1\0 2",
    f"\v{FIN} = 1",
    f"# x\r{FIN} = 1",
    f".{FIN} = 1",
    f"{FIN}. = 1",
    "net..ipv4.tcp_fin_timeout = 1",
    "net//ipv4/./tcp_fin_timeout = 1",
    "net/ipv4/../ipv4/tcp_fin_timeout = 1",
    "net/ipv4.tcp_fin_timeout = 1",
    "net.ipv4.tcp_fin_* = 1\nnet.ipv4.tcp_* = 2\nnet.ipv4.tcp_fin_* = 3",
    "net.* = 1",
    "net.ipv4.{tcp_fin_timeou?,x} = 1",
    "net.ipv4.[!x]cp_fin_timeout = 1",
    "net.ipv4.[[:lower:]]cp_fin_timeout = 1",
    "net.ipv4.[]a-t]cp_fin_timeout = 1",
    "net.ipv4.[t-a]cp_fin_timeout = 1",
    "net.ipv4.\\tcp_fin_* = 1",
    "net.ipv4.tcp_fin_timeout[ = 1",
)
BOOT_FINDINGS = ("values of another shape", "procps of EL9", "a value of tuned", "all three programs", "an exclusion")
MANAGERS = {
    "bpftune runs": {UNITS + "bpftune.service": "", "/usr/lib64/bpftune/tcp_buffer_tuner.so": "", RUNS % "bpftune": ""},
    "bpftune is stopped": {
        UNITS + "bpftune.service": "",
        "/usr/lib64/bpftune/udp_buffer_tuner.so": "",
        RUNS % "sshd": "",
    },
    "tuned runs": {**TUNED, RUNS % "tuned": ""},
    "saptune": {
        "/etc/sysconfig/saptune": 'NOTE_APPLY_ORDER="1"\n',
        "/var/lib/saptune/working/notes/1": f"[sysctl]\n{MAX} = 16777216\n",
    },
    "kubelet and sapconf": {UNITS + "kubelet.service": "", UNITS + "sapconf.service": "", RUNS % "kubelet": ""},
    "ktune": {"/etc/sysctl.ktune": one(1, MAX), "/var/lock/subsys/ktune": ""},
    "a dispatcher script": {"/etc/NetworkManager/dispatcher.d/20-tcp": script, RUNS % "NetworkManager": ""},
    "cloud-init": {
        "/var/lib/cloud/scripts/per-boot/tcp.sh": f"sysctl -w {MEM}='1 2 3'\n",
        "/etc/cloud/cloud.cfg.d/99.cfg": f"- {MEM}\n",
    },
    "a loop of links": {
        "/etc/cloud/cloud.cfg.d": link("cloud.cfg.d"),
        "/etc/NetworkManager/dispatcher.d/loop": link("loop"),
    },
    "an initramfs": {"/etc/dracut.conf.d/tcp.conf": 'install_items+=" /etc/sysctl.d/99-tcp-memory.conf "\n'},
    "a package of Oracle loses": {
        ETC + "99-oracle-database-preinstall-19c-sysctl.conf": one(4194304, MAX),
        ETC + "99-tcp-memory.conf": one(212992, MAX),
    },
    "a package of Oracle wins": {
        ETC + "97-oracle-database-sysctl.conf": one(4194304, MAX),
        ETC + "10-mine.conf": one(212992, MAX),
    },
    "files by name and by comment": {
        ETC + "91-NetApp-HANA.conf": one(1, MAX),
        ETC + "k8s.conf": one(1, BACKLOG),
        ETC + "10.conf": "# HEADER: This file was autogenerated at 2026-01-01 by puppet.\n" + one(1),
    },
    "bpftune beside a file of the administrator": {
        UNITS + "bpftune.service": "",
        "/usr/lib64/bpftune/tcp_buffer_tuner.so": "",
        RUNS % "bpftune": "",
        ETC + "99-tcp-memory.conf": one("4096 87380 6291456", RMEM),
    },
}

GROUPS = "/sys/fs/cgroup/"
SERVICE = {
    "memory.current": "536870912\n",
    "memory.high": "max\n",
    "memory.max": "536870912\n",
    "memory.stat": "anon 5\nsock 8192\n",
    "memory.events": "low 0\nhigh 0\nmax 211\noom 0\n",
    "memory.pressure": "some avg10=12.50 avg60=1.00 avg300=0.20 total=99\n",
}
UNLIMITED = {
    "memory.kmem.tcp.limit_in_bytes": "9223372036854771712\n",
    "memory.kmem.tcp.usage_in_bytes": "0\n",
    "memory.kmem.tcp.failcnt": "0\n",
}


def group(path: str, files: dict[str, str], **other: str) -> dict[str, str]:
    """Return the files of a control group."""
    return {
        f"{GROUPS}{path}/{name}": text
        for name, text in {**files, **{f"memory.{name}": text for name, text in other.items()}}.items()
    }


CGROUPS = {
    "none": {},
    "version 2": {
        GROUPS + "cgroup.controllers": "cpu memory pids\n",
        GROUPS + "memory.stat": "sock 999\n",
        **group("system.slice", SERVICE, max="max\n", high="700000000\n", stat="sock 9000\n"),
        **group("system.slice/web.service", SERVICE),
        **group("system.slice/idle.service", SERVICE, stat="anon 5\nsock 0\n"),
        **group("broken", SERVICE, events="max 1 2\n"),
    },
    "version 1": {
        **group("memory", UNLIMITED),
        **group(
            "memory/docker/1",
            {**UNLIMITED, "memory.kmem.tcp.limit_in_bytes": "1048576\n", "memory.kmem.tcp.usage_in_bytes": "983040\n"},
        ),
    },
}
# of /dev/kmsg: priority, seconds, text
KERNEL_LOG = (
    (6, 1, "eth0: link up"),
    (6, 10, "TCP: too many orphaned sockets"),
    (6, 20, "TCP: out of memory -- consider tuning tcp_mem"),
    (6, 90, "TCP: too many orphaned sockets"),
    (14, 91, "TCP: too many orphaned sockets"),
    (6, 92, "note: TCP: too many orphaned sockets"),
)


class Played:
    """A host whose TCP is in the states of a script, (until second, state, pages); its clock moves when it sleeps."""

    def __init__(self, script: tuple[tuple[float, str | None, int | None], ...], bound: int) -> None:
        self.now, self.script, self.bound, self.counted = 0.0, script, bound, 0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now = round(self.now + seconds, 6)

    def look(self) -> dict[str, Any]:
        """Return the facts tcp and udp of now."""
        state, pages = next((state, pages) for until, state, pages in self.script if self.now <= until)
        used = {"pages": pages, "bytes": pages and 4096 * pages}
        flag = None if state is None else state in ("pressure", "recovering")
        return {
            "tcp": {
                "kernel_flag": flag,
                "used": used,
                "thresholds": sizes(2000, 3000, 4000),
            },
            "udp": {"used": {"pages": 5, "bytes": 20480}, "thresholds": sizes(9, 9, 9)},
        }

    def count(self) -> dict[str, int | None]:
        """Return counters: one rises, one went past 32 bits, one was set back, one is not there."""
        self.counted += 1
        first = self.counted == 1
        return {
            "TCPMemoryPressures": self.counted,
            "PruneCalled": 2**32 - 3 if first else 4,
            "RcvPruned": 1000 if first else 4,
            "OfoPruned": None,
        }


WINDOWS = {
    "one look and one more": (0.1, ((0.1, "normal", 1),), 0),
    "a spike": (5, ((0.99, "normal", 100), (1.99, "pressure", 3079), (2.49, "recovering", 2500), (5, "soft", 2100)), 0),
    "less than the kernel may miscount": (2, ((1, "normal", 100), (2, "normal", 612)), 512),
    "at the last look only": (5, ((4.9, "normal", 9), (5, "pressure", 5)), 0),
    "nothing can be read": (1, ((1, None, None),), 0),
}


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}."""
    return {
        "hosts": dict(_hosts()),
        "subsets": dict(_subsets()),
        "states": dict(_states()),
        "broken files": dict(_changed(BROKEN, ["!recommended", "!capacity"])),
        "running values": dict(_changed(RUNNING, ["findings", "recommended"])),
        "containers": dict(_changed(CONTAINERS, ["!all"])),
        "boot": dict(_changed(BOOT, ["boot"])),
        "findings of the boot": dict(_changed({name: BOOT[name] for name in BOOT_FINDINGS}, ["findings"])),
        "managers": dict(_changed(MANAGERS, ["managers", "findings"])),
        "dialects": dict(_dialects()),
        "lines": dict(_lines()),
        "control groups": dict(_changed(CGROUPS, ["cgroups"])),
        "kernel log": {
            "messages": find_messages(
                [
                    b"%d,812,%d,-;%s\n" % (priority, seconds * 10**6, text.encode())
                    for priority, seconds, text in KERNEL_LOG
                ],
                100.0,
            )
        },
        "windows": dict(_windows()),
        "workloads": dict(_workloads()),
    }


def _hosts() -> Iterator[tuple[str, Any]]:
    """Yield the facts of each host, or what differs in them from those of the host that it is like."""
    whole = {}
    for name, (page_size, like) in HOSTS.items():
        with host_of(name) as host:
            whole[name] = host.facts(gather_subset=ALL, page_size=page_size)
        yield (f"{name}, other than {like}", changes(whole[like], whole[name])) if like else (name, told(whole[name]))
    with host_of("el8_aarch64_64k") as host:
        yield "el8_aarch64_64k without its page size", changes(whole["el8_aarch64_64k"], host.facts(gather_subset=ALL))


def _subsets() -> Iterator[tuple[str, Any]]:
    """Yield the facts that each choice of subsets leaves out, and what it tells otherwise than all facts do."""
    with host_of() as host:
        whole = host.facts(gather_subset=ALL)
        for words in CHOICES:
            facts = host.facts(gather_subset=words)
            yield (
                " ".join(words) or "nothing chosen",
                {
                    "missing": " ".join(sorted({*whole} - {*facts})),
                    "other": changes({key: whole.get(key) for key in facts}, facts),
                },
            )


def _states() -> Iterator[tuple[str, Any]]:
    """Yield {pages in use: [state, under pressure or not, percent of high, finding, …]} for each kernel and flag."""
    for name, used_before in (("el8_x86_64", "mem 1200"), ("el9_4", "mem 269")):
        with host_of(name) as host:
            sockstat, protocols = (host.read(path).decode() for path in (SOCKSTAT, PROTOCOLS))
            for flag, word in (("no", "   no "), ("yes", "  yes "), ("unreadable", "   ?? ")):
                host.write(PROTOCOLS, protocols.replace("   no ", word))
                found = {}
                for used in USED:
                    host.write(SOCKSTAT, sockstat.replace(used_before, f"mem {used}"))
                    facts = host.facts(gather_subset=["tcp", "findings"])
                    found[f"{used:6}"] = [
                        facts["tcp"]["state"],
                        under_memory_pressure(facts),
                        facts["tcp"]["percent_of_high"],
                        *(f"{one['severity']} {one['id']}" for one in facts["findings"]),
                    ]
                yield f"{name}, flag {flag}", found


def _changed(cases: dict[str, dict[str, Any]], subset: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield what each of *cases*, {path: what is written}, changes in the facts *subset* of a host."""
    with host_of() as host:
        before = host.facts(gather_subset=subset)
    for name, files in cases.items():
        with host_of(files=files) as host:
            yield name, changes(before, host.facts(gather_subset=subset))


def _dialects() -> Iterator[tuple[str, Any]]:
    """Yield what each dialect that can be chosen makes of wildcards and exclusions."""
    with host_of(files={ETC + "a.conf": f"net.ipv4.tcp_fin_* = 2\n-{BACKLOG}\n"}) as host:
        for dialect in ("auto", "systemd", "systemd-239"):
            facts = host.facts(gather_subset=["boot"], sysctl_dialect=dialect)
            yield dialect, {name: facts[name] for name in ("boot", "boot_by_others", "boot_complete", "warnings")}


def _lines() -> Iterator[tuple[str, Any]]:
    """Yield what each program makes of each text: [systemd, systemd 239, procps 4.0, 3.3.17, 3.3.15, tuned]."""
    with host_of(files={**TUNED, "/etc/tuned/mine/tuned.conf": "[sysctl]\n", LIB + "50-vendor.conf": None}) as host:
        for text in LINES:
            host.write(ETC + "a.conf", text)
            values = []
            for dialect, library in (
                ("systemd", "libproc2.so.0"),
                ("systemd-239", "libprocps.so.8"),
                ("systemd", "libprocps.so.7"),
            ):
                host.write("/usr/lib64/" + library, "")
                facts = host.facts(gather_subset=["boot"], sysctl_dialect=dialect)
                host.write("/usr/lib64/" + library, None)
                boot = facts["boot"].get(FIN, {})
                others = [
                    (facts["boot_by_others"].get(FIN) or boot).get(name, {}).get("value")
                    for name in ("procps", "tuned")
                ]
                values.append([boot.get("value"), *others])
            (new, newest, tuned), (old, middle, _tuned), (_same, oldest, _still) = values
            yield text, [new, old, newest, middle, oldest, tuned]


def _windows() -> Iterator[tuple[str, Any]]:
    """Yield what is seen of each script."""
    for name, (seconds, states, bound) in WINDOWS.items():
        played = Played(states, bound)
        seen = observe(seconds, played.look, played.count, lambda played=played: played.now, played.sleep)
        yield name, window(seen, bound, 4096)


def _workloads() -> Iterator[tuple[str, Any]]:
    """Yield what a workload changes in the facts recommended and capacity."""
    workload = {
        "profile": "many_connections",
        "connections": 50000,
        "buffer_bytes": 64 * KIB,
        "observed_peak": "facts",
        "container_memory_bytes": 4 * GIB,
    }
    with host_of() as host:
        subset = ["recommended", "capacity"]
        yield (
            "many_connections",
            changes(host.facts(gather_subset=subset), host.facts(gather_subset=subset, workload=workload)),
        )
