# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of itself: its kernel and its sysctl.d files. This is the part of the facts that runs on the
host.
"""

import os
import time

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    LONGEST_QUOTE,
    bounded,
    cut,
    first_of,
    quoted,
    sentences,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host import proc_net
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.reading import LARGEST_TABLE, HostReading
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import TABLES, UDP_DROPS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import (
    MEMORY_QUANTUM,
    counts_in_pages,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import (
    ABSENT,
    KEYS,
    THRESHOLDS,
    key_path,
    read_running,
)

# memory: tcp, udp and sockets_used; managers need boot
READABLE = ("memory", "limits", "counters", "boot", "managers", "window", "cgroups", "kernel_log")
# What each gives of the facts.
GIVES = {"memory": ("tcp", "udp", "sockets_used"), "boot": ("boot", "boot_by_others", "boot_complete")}
# What some of them need beyond the imports of this file, which import it only then: on a host every import is compiled
# anew.
PARTS = {
    "boot": ("boot.next_boot",),
    "managers": ("boot.other_managers",),
    "window": ("host.observation",),
    "cgroups": ("host.control_groups",),
    "kernel_log": ("host.kernel_log",),
}

LARGEST_PAGE = 1024 * 1024  # bytes; arch/hexagon/Kconfig, which has the largest

CONTAINER_MARKS = (("/run/.containerenv", "podman"), ("/.dockerenv", "docker"))


def read(params):
    """Return {facts: {…}, warnings: [sentence, …]}: what a host says of itself, nothing of it judged.

    params: read (names of what to read, from READABLE), root (directory), page_size (bytes or None), sysctl_dialect,
    window (seconds), since (the fact monotonic_seconds of an earlier reading, or None). With a window, everything
    describes its end; it is observed, or where it began with an earlier reading, waited for. Raises SocketMemoryError
    for a wrong root or page size, and for an earlier reading of another boot, before anything is read.
    """
    wanted = set(params["read"])
    root = params.get("root") or "/"
    if not os.path.isdir(root):
        raise refuse(
            "root", quoted(root), "a directory with proc/ and etc/ in it", "Name the top of the captured tree."
        )
    page_size = params.get("page_size")
    if page_size is not None and (not 512 <= page_size <= LARGEST_PAGE or page_size & (page_size - 1)):
        raise refuse(
            "page_size",
            quoted(page_size),
            "a power of two, in bytes, from 512 to %d" % LARGEST_PAGE,
            "Use what getconf PAGESIZE says on the host.",
        )
    reading = _Reading(HostFiles(root))
    if params.get("since") is not None:
        _wait_for_end(params["since"], params["window"])
    facts = reading.host(page_size)
    facts["monotonic_seconds"] = None if os.path.abspath(root) != "/" else round(time.monotonic(), 3)
    cgroups_before = reading.cgroups() if {"window", "cgroups"} <= wanted else None
    if "window" in wanted:
        facts["window"] = reading.window(facts, params["window"])
    elif wanted & {"memory", "limits"}:
        facts.update(reading.limits())
        if "memory" in wanted:
            facts.update(reading.memory(facts))
    if "cgroups" in wanted:
        facts["cgroups"] = reading.cgroups(cgroups_before)
    if "kernel_log" in wanted:
        facts["kernel_log"] = reading.kernel_log()
    if "counters" in wanted:
        facts["counters"] = reading.counters()
    if "boot" in wanted:
        facts.update(reading.boot(params.get("sysctl_dialect") or "auto"))
    if "managers" in wanted:
        facts["managers"], left_out = first_of(reading.managers(facts["boot"]))
        if left_out:
            facts["managers_left_out"] = left_out
    return {"facts": facts, "warnings": sentences(reading.warnings)}  # a window meets the same trouble at every look


def _wait_for_end(since, seconds):
    """Wait until a window of *seconds* has passed that began at *since* by the host's clock.

    The hosts that Ansible serves first wait, and all windows pass meanwhile.
    """
    left = since + seconds - time.monotonic()
    if left > seconds:
        raise refuse(
            "since",
            "an earlier reading that this host has still to come to",
            "one of the same boot",
            "The host has booted since. Read it again.",
        )
    if left > 0:
        time.sleep(left)  # a window is nothing else


class _Reading(HostReading):
    """Reads what the facts of one host need."""

    def host(self, page_size):
        """Return the facts about the host itself."""
        release = self.kernel()
        page_size = self.page_size(page_size, release)
        memory_total, memory_usable = self.memory_of_host(page_size)
        return {
            "kernel": release,
            "page_size": page_size,
            "memory_total": memory_total,
            "memory_usable": memory_usable,
            "network_namespace": self._network_namespace(),
            "container": self._container(),
        }

    def _network_namespace(self):
        """The kernel registers tcp_mem in the initial network namespace only (net/ipv4/sysctl_net_ipv4.c
        ipv4_table).
        """
        if not self.files.exists("/proc/sys/net/ipv4"):
            self.warnings.append("/proc/sys/net/ipv4 does not exist: the network namespace is not known")
            return None
        return "initial" if self.files.exists("/proc/sys/net/ipv4/tcp_mem") else "other"

    def _container(self):
        name = self.text("/run/systemd/container", optional=True)
        if name and name.strip():
            return cut(name.strip(), LONGEST_QUOTE)
        for path, name in CONTAINER_MARKS:
            if self.files.exists(path):
                return name
        try:
            environment = self.files.read_if_present("/proc/1/environ") or ""
        except OSError:  # only root may read it
            environment = ""
        for word in environment.split("\0"):
            if word.startswith("container=") and word != "container=":
                return cut(word[len("container=") :], LONGEST_QUOTE)
        return None

    def limits(self):
        """Return the facts limits, {key: value or None} for every managed key, and limits_unreadable, {key: reason}.

        None without a reason is what this kernel or namespace does not have.
        """
        limits, unreadable = {}, {}
        for key in KEYS:
            limits[key], reason = read_running(self.files, key)
            if reason not in (None, ABSENT):
                self.warnings.append(reason)
                unreadable[key] = reason.replace(key_path(key) + " ", "", 1).replace(key + ": ", "", 1)
        return {"limits": limits, "limits_unreadable": unreadable}

    def boot(self, dialect):
        """Return the facts boot, boot_by_others and boot_complete: what the sysctl.d files set at the next boot, and
        what others make of them.
        """
        from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.next_boot import read_boot

        boot, problems = read_boot(self.files, list(KEYS), dialect)
        self.warnings.extend(problems)
        return boot

    def managers(self, boot):
        """Return who else sets the keys. boot: the fact of that name."""
        from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.other_managers import find_managers

        managers, problems = find_managers(self.files, boot)
        self.warnings.extend(problems)
        return managers

    def window(self, facts, seconds):
        """Observe the host for *seconds* and return what was seen; limits, tcp, udp and sockets_used of *facts* are
        those of the last look.
        """
        from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.observation import observe

        def look():
            facts.update(self.limits())
            facts.update(self.memory(facts))
            return {"tcp": facts["tcp"], "udp": facts["udp"]}

        return observe(seconds, look, self.counters)

    def cgroups(self, before=None):
        """Return the control groups that hold socket memory."""
        from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.control_groups import read_cgroups

        return read_cgroups(self, before)

    def kernel_log(self):
        """Return what the kernel log says about socket memory."""
        from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.kernel_log import read_kernel_log

        return read_kernel_log(self)

    def memory(self, facts):
        """Return the facts tcp, udp and sockets_used."""
        limits, page_size = facts["limits"], facts["page_size"]
        in_pages = counts_in_pages(facts["kernel"])
        sockstat = self.table("/proc/net/sockstat", proc_net.parse_sockstat)
        has_ipv6 = self.files.exists("/proc/net/if_inet6")
        sockstat6 = self.table("/proc/net/sockstat6", proc_net.parse_sockstat, optional=not has_ipv6)
        if has_ipv6 and not sockstat6:
            sockstat6 = {"TCP6": {"inuse": None}, "UDP6": {"inuse": None}}
        protocols = self.table("/proc/net/protocols", proc_net.parse_protocols)
        bound = self.error_bound(facts["kernel"], page_size, limits["net.core.mem_pcpu_rsv"])
        tcp = {
            "kernel_flag": self._kernel_flag(protocols),
            "used": self._used(sockstat, "TCP", page_size, in_pages),
            "thresholds": _thresholds(limits["net.ipv4.tcp_mem"], page_size),
            "error_bound": {
                "pages": bound,
                "bytes": bounded(bound * page_size) if bound is not None and page_size else None,
            },
            "sockets": {
                "in_use": self._in_use(sockstat, sockstat6, "TCP"),
                "orphaned": self._number(sockstat, "TCP", "orphan"),
                "time_wait": self._number(sockstat, "TCP", "tw"),
                "allocated": self._number(sockstat, "TCP", "alloc"),
            },
        }
        tcp["orphans"] = {"count": tcp["sockets"]["orphaned"], "limit": limits["net.ipv4.tcp_max_orphans"]}
        tcp["time_wait"] = {"count": tcp["sockets"]["time_wait"], "limit": limits["net.ipv4.tcp_max_tw_buckets"]}
        udp = {
            "used": self._used(sockstat, "UDP", page_size, in_pages),
            "thresholds": _thresholds(limits["net.ipv4.udp_mem"], page_size),
            "sockets": {"in_use": self._in_use(sockstat, sockstat6, "UDP")},
        }
        return {"tcp": tcp, "udp": udp, "sockets_used": self._number(sockstat, "sockets", "used")}

    def _number(self, table, protocol, name):
        """Return a number of a sockstat table, or None with a warning where the line or the word is missing."""
        fields = table.get(protocol)
        if table and (fields is None or name not in fields):
            self.warnings.append("/proc/net/sockstat: no %s in the line of %s" % (name, protocol))
        return (fields or {}).get(name)

    def _in_use(self, sockstat, sockstat6, protocol):
        """Return the sockets in use of both families; IPv6 counts apart (net/ipv6/proc.c), and not at all where
        there is none.
        """
        number = self._number(sockstat, protocol, "inuse")
        if number is None or not sockstat6:
            return number
        fields = sockstat6.get(protocol + "6", {})
        if "inuse" not in fields:
            self.warnings.append("/proc/net/sockstat6: no inuse in the line of %s6" % protocol)
        number6 = fields.get("inuse")
        return None if number6 is None else bounded(number + number6)

    def _used(self, sockstat, protocol, page_size, in_pages):
        """Return the memory of *protocol* as {pages, bytes}, converted where the kernel counts in fixed quanta."""
        number = self._number(sockstat, protocol, "mem")
        unit = page_size if in_pages or page_size == MEMORY_QUANTUM else MEMORY_QUANTUM
        if number is None or page_size is None or (in_pages is None and page_size != MEMORY_QUANTUM):
            return {"pages": number if in_pages else None, "bytes": None}
        used = {"pages": bounded(-(-number * unit // page_size)), "bytes": bounded(number * unit)}
        if None in used.values():
            text = "/proc/net/sockstat: the memory of %s is no memory that a host has: %d"
            self.warnings.append(text % (protocol, number))
        return used

    def _kernel_flag(self, protocols):
        """Return the pressure flag of TCP, which TCPv6 and MPTCP share: True, False, or None with a warning."""
        word = protocols.get("TCP", {}).get("press")
        flag = {"yes": True, "no": False}.get(word)
        if flag is None and protocols:
            self.warnings.append("/proc/net/protocols: the press column of TCP says %s, not yes or no" % quoted(word))
        return flag

    def counters(self):
        """Return {name: number or None} of the counters of memory; they belong to this network namespace."""
        read = {
            "netstat": self.table("/proc/net/netstat", proc_net.parse_header_pairs),
            "snmp": self.table("/proc/net/snmp", proc_net.parse_header_pairs),
            "snmp6": self.table("/proc/net/snmp6", proc_net.parse_name_value, optional=True),
        }
        counters = {}
        for file, table, prefix, names in TABLES:
            numbers = read[file].get(table, {}) if table else read[file]
            for name, always in names:
                told = name if table else prefix + name
                counters[prefix + name] = self._counter("/proc/net/" + file, numbers, told, always and read[file])
        counters[UDP_DROPS] = self._udp_drops()
        return counters

    def _udp_drops(self):
        """Return what all UDP sockets of this network namespace dropped that exist now, or None.

        With 8,000 sockets it takes 55 ms (measured, 6.18). More of one IP version are not read: LARGEST_TABLE.
        """
        drops = []
        for path in ("/proc/net/udp", "/proc/net/udp6"):
            try:
                text = self.files.read_if_present(path, LARGEST_TABLE)
            except OSError:
                return None
            if text is not None:
                number, problems = proc_net.parse_drops(text)
                self.tell(path, problems)
                drops.append(number)
        return bounded(sum(drops)) if drops and None not in drops else None

    def _counter(self, path, table, name, expected):
        if expected and name not in table:
            self.warnings.append("%s: no counter %s" % (path, name))
        number = table.get(name)
        if number is not None and number < 0:  # the kernel counts upwards from 0 (include/net/snmp.h)
            self.warnings.append("%s: %s is %d, which no counter is" % (path, name, number))
            return None
        return number


def _thresholds(vector, page_size):
    """Return a tcp_mem or udp_mem vector by the names of its elements as {pages, bytes}, each None where the key is
    absent.
    """
    return {
        name: None if pages is None else {"pages": pages, "bytes": bounded(pages * page_size) if page_size else None}
        for name, pages in zip(THRESHOLDS, vector or (None, None, None))
    }
