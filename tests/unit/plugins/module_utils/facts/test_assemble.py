# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of whole hosts: their shape, each kind of kernel, and one broken file at a time."""

import errno
import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import assemble as module
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts import gather
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel import counters
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS

HOST = {
    "monotonic_seconds",
    "kernel",
    "page_size",
    "memory_total",
    "memory_usable",
    "network_namespace",
    "container",
    "warnings",
}
SIZE = {"pages", "bytes"}
THRESHOLDS = {"low", "pressure", "high"}


def flat(value, path=""):
    """Return {"tcp.used.pages": 1200, …} of nested dicts."""
    if not isinstance(value, dict):
        return {path: value}
    return {name: one for key in value for name, one in flat(value[key], (path + " " + key).strip()).items()}


def names_below(facts, path):
    value = facts
    for name in path.split():
        value = value[name]
    return set(value)


BOOT, LIMITS = {"boot_by_others", "boot_complete"}, {"limits_unreadable"}  # beside the facts boot and limits


def test_shape_of_the_facts(host):
    facts = host.facts()
    assert set(facts) == HOST | set(module.SUBSETS) | {"sockets_used"} | BOOT | LIMITS
    for path, names in {
        "tcp": {
            "state",
            "kernel_flag",
            "used",
            "thresholds",
            "percent_of_high",
            "error_bound",
            "sockets",
            "orphans",
            "time_wait",
        },
        "tcp used": SIZE,
        "tcp error_bound": SIZE,
        "tcp thresholds": THRESHOLDS,
        "tcp thresholds low": SIZE,
        "tcp orphans": {"count", "limit"},
        "tcp time_wait": {"count", "limit"},
        "tcp sockets": {"in_use", "orphaned", "time_wait", "allocated"},
        "udp": {"state", "used", "thresholds", "sockets"},
        "udp used": SIZE,
        "udp thresholds": THRESHOLDS,
        "udp sockets": {"in_use"},
        "limits": set(KEYS),
        "boot": {"net.core.somaxconn", "net.ipv4.tcp_fin_timeout"},
        "boot net.core.somaxconn": {"value", "file", "line", "overrides"},
        "recommended": {"profile", "settings", "reasons", "budget", "lint"},
        "capacity": {"bytes_per_connection", "connections_until", "payload_that_fills_a_buffer", "needs", "answers"},
    }.items():
        assert names_below(facts, path) == names, path
    assert set(facts["counters"]) == set(counters.COUNTER_NAMES)


def test_this_very_machine_can_be_read():
    facts = module.run({})["ansible_facts"]["socket_memory"]
    assert set(facts) == HOST | set(module.SUBSETS) | {"sockets_used"} | BOOT | LIMITS
    assert facts["page_size"] == os.sysconf("SC_PAGE_SIZE") and facts["memory_total"] > 0


X86 = {
    "kernel": "4.18.0-553.el8_10.x86_64",
    "page_size": 4096,
    "memory_total": 16506716160,
    "network_namespace": "initial",
    "container": None,
    "tcp state": "normal",
    "tcp kernel_flag": False,
    "tcp used pages": 1200,
    "tcp used bytes": 4915200,
    "tcp percent_of_high": 0.32,
    "tcp error_bound pages": 0,
    "tcp thresholds low pages": 188886,
    "tcp sockets in_use": 150,
    "tcp sockets allocated": 180,
    "tcp time_wait count": 45,
    "tcp time_wait limit": 65536,
    "tcp orphans count": 0,
    "tcp orphans limit": 65536,
    "udp state": "normal",
    "udp used pages": 12,
    "udp sockets in_use": 45,
    "udp thresholds low pages": 377775,
    "sockets_used": 500,
    "limits net.core.rmem_max": 212992,
    "limits net.ipv4.tcp_rmem": [4096, 87380, 6291456],
    "limits net.core.mem_pcpu_rsv": None,
    "limits net.ipv4.tcp_notsent_lowat": 4294967295,
    "counters ListenDrops": 9,
    "counters UdpInErrors": 3,
    "counters Udp6MemErrors": 0,
    "counters TCPRcvQDrop": 0,
    "boot net.core.somaxconn value": 4096,
    "boot net.core.somaxconn file": "/usr/lib/sysctl.d/50-vendor.conf",
}


@pytest.mark.parametrize(
    "name, page_size, expected",
    [
        ("el8_x86_64", None, X86),
        # 1200 quanta of 4096 bytes are 75 pages; 12 are less than one, and rounded up.
        (
            "el8_aarch64_64k",
            65536,
            {
                "page_size": 65536,
                "tcp used pages": 75,
                "tcp used bytes": 4915200,
                "tcp percent_of_high": 0.32,
                "tcp error_bound pages": 0,
                "udp used pages": 1,
                "udp used bytes": 49152,
                "tcp state": "normal",
            },
        ),
        (
            "el9_4",
            None,
            {
                "tcp used pages": 269,
                "tcp error_bound pages": 1024,
                "tcp error_bound bytes": 4194304,
                "limits net.core.mem_pcpu_rsv": 256,
            },
        ),
        (
            "container",
            None,
            {
                "network_namespace": "other",
                "tcp thresholds low": None,
                "tcp percent_of_high": None,
                "tcp state": None,
                "tcp kernel_flag": False,
                "tcp used pages": 1200,
                "tcp orphans limit": None,
                "tcp orphans count": 0,
                "udp state": None,
                "limits net.ipv4.tcp_mem": None,
                "limits net.core.rmem_max": None,
                "limits net.core.somaxconn": 4096,
            },
        ),
        (
            "without_ipv6",
            None,
            {
                "tcp sockets in_use": 120,
                "udp sockets in_use": 40,
                "counters Udp6InErrors": None,
                "counters UdpInErrors": 3,
            },
        ),
        (
            "uek6_5_4",
            None,
            {
                "counters UdpMemErrors": None,
                "counters UdpSndbufErrors": 0,
                "counters TCPRcvQDrop": 0,
                "counters TcpInSegs": 918204,
                "counters TcpRetransSegs": 214,
                "counters UdpInDatagrams": 70211,
                "counters UdpDrops": None,
                "counters MPTcpExtRcvPruned": None,
                "counters TCPBacklogCoalesce": None,
                "tcp error_bound pages": 0,
            },
        ),
        (
            "el8_3",
            None,
            {
                "counters TCPRcvQDrop": None,
                "counters TCPZeroWindowDrop": None,
                "counters TCPWqueueTooBig": 0,
                "counters UdpMemErrors": None,
            },
        ),
        (
            "debian12_6.18",
            4096,
            {
                "kernel": "6.18.44-fc-v657",
                "memory_total": 24684092 * 1024,
                "tcp state": "normal",
                "tcp kernel_flag": False,
                "tcp used pages": 376,
                "tcp used bytes": 376 * 4096,
                "tcp thresholds low pages": 287901,
                "tcp thresholds pressure pages": 383868,
                "tcp thresholds high pages": 575802,
                "tcp error_bound pages": 512,
                "tcp sockets in_use": 42,
                "udp used pages": 0,
                "udp sockets in_use": 2,
                "limits net.core.rmem_max": 4194304,
                "limits net.core.mem_pcpu_rsv": 256,
                "counters UdpMemErrors": 0,
                "counters TCPMemoryPressures": 40,
                "counters MPTcpExtSndWndShared": 0,
                "counters MPTcpExtBacklogDrop": None,
                "counters BeyondWindow": 371,
                "counters UdpDrops": 37,
                "counters TcpInSegs": 121115,
            },
        ),
    ],
)
def test_each_kind_of_host(host_of, name, page_size, expected):
    facts = host_of(name).facts(page_size=page_size)
    found = flat(facts)
    assert {path: found[path] for path in expected} == expected
    assert facts["warnings"] == []


def test_without_a_page_size_sizes_are_null_and_counts_stand(host_of):
    facts = host_of("el8_aarch64_64k").facts()
    assert facts["tcp"]["used"] == facts["udp"]["used"] == {"pages": None, "bytes": None}
    assert facts["tcp"]["state"] is None and facts["recommended"] is facts["capacity"] is None
    assert facts["tcp"]["sockets"]["in_use"] == 150 and facts["tcp"]["thresholds"]["low"] == {
        "pages": 11805,
        "bytes": None,
    }
    assert facts["warnings"] == ["the page size of a captured tree cannot be read: sizes are null, give page_size"]


TCP_SIZE = ["tcp used pages", "tcp used bytes", "tcp percent_of_high", "tcp state"]
UDP_SIZE = ["udp used pages", "udp used bytes", "udp state"]
TCP_SOCKETS = ["tcp sockets " + name for name in ("in_use", "orphaned", "time_wait", "allocated")] + [
    "tcp orphans count",
    "tcp time_wait count",
]
SOCKSTAT = TCP_SIZE + UDP_SIZE + TCP_SOCKETS + ["udp sockets in_use", "sockets_used"]
TCP_MEM = ["limits net.ipv4.tcp_mem", "tcp percent_of_high", "tcp state"] + [
    "tcp thresholds %s %s" % (name, unit) for name in THRESHOLDS for unit in SIZE
]
NETSTAT, SNMP, UDP6 = (
    [
        "counters " + prefix + name
        for file, _table, prefix, names in counters.TABLES
        if file == wanted
        for name, _always in names
    ]
    for wanted in ("netstat", "snmp", "snmp6")
)
BROKEN, GARBAGE = "BROKEN", b"\x7fELF\xff\xfe\x00"


@pytest.mark.parametrize(
    "path, change, nulls, warning",
    [
        ("/proc/net/sockstat", None, SOCKSTAT, "/proc/net/sockstat does not exist"),
        ("/proc/net/sockstat", os.mkdir, SOCKSTAT, "/proc/net/sockstat cannot be read: not a regular file"),
        ("/proc/net/sockstat", os.mkfifo, SOCKSTAT, "/proc/net/sockstat cannot be read: not a regular file"),
        ("/proc/net/sockstat", GARBAGE, SOCKSTAT, "/proc/net/sockstat: line without a protocol"),
        (
            "/proc/net/sockstat",
            ("TCP: ", "TPC: "),
            TCP_SIZE + TCP_SOCKETS,
            "/proc/net/sockstat: no mem in the line of TCP",
        ),
        (
            "/proc/net/sockstat",
            (" mem 1200", " mem"),
            TCP_SIZE,
            "/proc/net/sockstat: TCP mem: no value, the line is cut",
        ),
        ("/proc/net/sockstat", (" mem 1200", ""), TCP_SIZE, "/proc/net/sockstat: no mem in the line of TCP"),
        ("/proc/net/sockstat", ("mem 12\n", "mem 1x2\n"), UDP_SIZE, "/proc/net/sockstat: UDP mem: not a number: '1x2'"),
        (
            "/proc/net/sockstat6",
            ("TCP6:", "TPC6:"),
            ["tcp sockets in_use"],
            "/proc/net/sockstat6: no inuse in the line of TCP6",
        ),
        ("/proc/net/protocols", None, ["tcp kernel_flag"], "/proc/net/protocols does not exist"),
        ("/proc/net/protocols", os.mkdir, ["tcp kernel_flag"], "/proc/net/protocols cannot be read"),
        ("/proc/net/protocols", ("press", "prass"), ["tcp kernel_flag"], "the press column of TCP says None"),
        (
            "/proc/net/protocols",
            ("TCP       2416", "TPC       2416"),
            ["tcp kernel_flag"],
            "the press column of TCP says None",
        ),
        (
            "/proc/net/protocols",
            ("   no     320", "   maybe  320"),
            ["tcp kernel_flag"],
            "the press column of TCP says 'maybe'",
        ),
        ("/proc/net/protocols", GARBAGE, ["tcp kernel_flag"], "/proc/net/protocols: no header line"),
        ("/proc/net/netstat", None, NETSTAT, "/proc/net/netstat does not exist"),
        (
            "/proc/net/netstat",
            (" PruneCalled", " PruneColled"),
            ["counters PruneCalled"],
            "/proc/net/netstat: no counter PruneCalled",
        ),
        (
            "/proc/net/netstat",
            (" 5 0 0 0\nIpExt", " 5 0\nIpExt"),
            ["counters TCPWqueueTooBig", "counters TCPZeroWindowDrop", "counters TCPRcvQDrop"],
            "TcpExt: 34 values for 36 names, the line is cut",
        ),
        ("/proc/net/snmp", os.mkdir, SNMP, "/proc/net/snmp cannot be read"),
        (
            "/proc/net/snmp",
            ("Udp: 70211 14 3 ", "Udp: 70211 14 ? "),
            ["counters UdpInErrors"],
            "/proc/net/snmp: Udp InErrors: not a number: '?'",
        ),
        ("/proc/net/snmp6", os.mkdir, UDP6, "/proc/net/snmp6 cannot be read"),
        (
            "/proc/net/snmp6",
            ("Udp6InErrors", "Udp6InErrers"),
            ["counters Udp6InErrors"],
            "/proc/net/snmp6: no counter Udp6InErrors",
        ),
        ("/proc/meminfo", None, ["memory_total", "memory_usable"], "/proc/meminfo does not exist"),
        ("/proc/meminfo", GARBAGE, ["memory_total", "memory_usable"], "/proc/meminfo: no line MemTotal"),
        (
            "/proc/sys/kernel/osrelease",
            None,
            ["kernel", "tcp error_bound pages", "tcp error_bound bytes"],
            "/proc/sys/kernel/osrelease does not exist",
        ),
        (
            "/proc/sys/net/ipv4/tcp_mem",
            os.mkdir,
            TCP_MEM,
            "/proc/sys/net/ipv4/tcp_mem cannot be read: not a regular file",
        ),
        (
            "/proc/sys/net/ipv4/tcp_mem",
            "188886\t251851\n",
            TCP_MEM,
            "net.ipv4.tcp_mem: the kernel printed '188886\\t251851\\n', not 3 numbers",
        ),
        ("/proc/sys/net/ipv4/tcp_mem", GARBAGE, TCP_MEM, "net.ipv4.tcp_mem: the kernel printed"),
        ("/proc/sys/net/core/rmem_max", "", ["limits net.core.rmem_max"], "net.core.rmem_max: the kernel printed ''"),
        (
            "/usr/lib/sysctl.d/50-vendor.conf",
            os.mkfifo,
            None,
            "/usr/lib/sysctl.d/50-vendor.conf cannot be read, what it sets is not known",
        ),
    ],
)
def test_one_broken_file_costs_its_own_facts_and_is_named(host, path, change, nulls, warning):
    subset = {"gather_subset": ["!recommended", "!capacity", "!findings"], "page_size": 4096}
    before = flat(host.facts(**subset))
    host.write(path, change)
    facts = host.facts(**subset)
    after = flat(facts)
    lost = {name for name in before if name != "warnings" and after.get(name) is None and before[name] is not None}
    if nulls is None:
        assert facts["boot"] == {}
    else:
        assert lost == {name for name in nulls if before[name] is not None} != set()
        assert {name for name in before if after.get(name) != before[name]} - lost == {"warnings"}
    assert facts["boot_complete"] == ("sysctl.d" not in path)
    assert any(warning in one for one in facts["warnings"]), facts["warnings"]


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ESTALE, errno.ENOMEM, errno.EINTR])
@pytest.mark.parametrize("window", [None, 0.1])
def test_a_key_that_cannot_be_read_is_not_absent(host, monkeypatch, number, window):
    """It is null too, but named, with the reason."""
    opened, key = os.open, "net.core.rmem_max"

    def fail(path, *arguments, **options):
        if path.endswith("/proc/sys/net/core/rmem_max"):
            raise OSError(number, os.strerror(number), path)
        return opened(path, *arguments, **options)

    assert host.facts(gather_subset=["limits"])["limits_unreadable"] == {}
    monkeypatch.setattr(os, "open", fail)
    if window:  # which is for a live host only
        monkeypatch.setattr(module, "_check_window", lambda *_arguments: True)
    facts = host.facts(gather_subset=["limits", "tcp"], window=window)
    assert facts["limits"][key] is None and facts["limits"]["net.core.mem_pcpu_rsv"] is None
    assert facts["limits_unreadable"] == {key: "cannot be read: " + os.strerror(number)}
    assert "/proc/sys/net/core/rmem_max cannot be read: " + os.strerror(number) in facts["warnings"]
    assert "limits_unreadable" not in host.facts(gather_subset=["tcp"], window=window)


def test_a_key_of_another_shape_is_not_absent(host):
    host.write("/proc/sys/net/ipv4/tcp_mem", "1\t2\n")
    facts = host.facts(gather_subset=["limits"])
    assert facts["limits_unreadable"] == {"net.ipv4.tcp_mem": "the kernel printed '1\\t2\\n', not 3 numbers"}


def test_a_missing_sockstat6_is_named_only_where_there_is_ipv6(host):
    host.write("/proc/net/sockstat6", None)
    assert host.facts()["warnings"] == ["/proc/net/sockstat6 does not exist"]
    host.write("/proc/net/if_inet6", None)
    assert host.facts()["warnings"] == []


@pytest.mark.parametrize(
    "path, change, warning",
    [
        ("/sys/devices/system/cpu/online", "all\n", "not a list of processors: 'all"),
        ("/sys/devices/system/cpu/online", None, "online does not exist"),
        ("/proc/sys/kernel/osrelease", "unknown\n", "'unknown' is no kernel release"),
        ("/proc/sys/kernel/osrelease", os.mkdir, "osrelease cannot be read"),
    ],
)
def test_an_error_bound_that_cannot_be_told_is_null(host_of, path, change, warning):
    host = host_of("el9_4")
    host.write(path, change)
    facts = host.facts(page_size=4096)
    assert facts["tcp"]["error_bound"] == {"pages": None, "bytes": None} and facts["tcp"]["state"] == "normal"
    assert [one for one in facts["warnings"] if warning in one]


@pytest.mark.parametrize(
    "words, subsets",
    [
        ([], module.SUBSETS),
        (["all"], module.SUBSETS),
        (["tcp", "boot"], ("tcp", "boot")),
        (["!boot"], set(module.SUBSETS) - {"boot"}),
        (["all", "!boot"], set(module.SUBSETS) - {"boot"}),
        (["tcp", "!tcp"], ()),
        (["!all"], ()),
    ],
)
def test_subsets_hold_what_was_asked_for_and_no_more(host, words, subsets):
    assert module.choose_subsets(words) == set(subsets)
    memory = {"sockets_used"} if set(subsets) & {"tcp", "udp"} else set()
    expected = HOST | set(subsets) | (BOOT if "boot" in subsets else set()) | (LIMITS if "limits" in subsets else set())
    assert set(host.facts(gather_subset=words)) - {"sockets_used"} == expected and memory <= set(
        host.facts(gather_subset=words)
    )


@pytest.mark.parametrize(
    "files, name",
    [
        ({}, None),
        ({"/run/systemd/container": "lxc\n"}, "lxc"),
        ({"/run/.containerenv": ""}, "podman"),
        ({"/.dockerenv": ""}, "docker"),
        ({"/proc/1/environ": "A=b\0container=systemd-nspawn\0"}, "systemd-nspawn"),
        ({"/proc/1/environ": "A=b\0container=\0"}, None),
        ({"/run/systemd/container": "\n", "/.dockerenv": ""}, "docker"),
    ],
)
def test_container(host, files, name):
    for path, text in files.items():
        host.write(path, text)
    assert host.facts(gather_subset=["!all"])["container"] == name


@pytest.mark.parametrize(
    "params, named",
    [
        ({"gather_subset": ["tpc"]}, "gather_subset: found 'tpc'"),
        ({"gather_subset": ["!tpc"]}, "gather_subset: found '!tpc'"),
        ({"root": "/no/such/tree"}, "root: found '/no/such/tree'"),
        ({"workload": {"profile": "fast"}}, "workload.profile"),
    ],
)
def test_wrong_parameters_are_refused(params, named):
    with pytest.raises(SocketMemoryError) as caught:
        module.run(params)
    assert named in str(caught.value)


def many(count):
    """Return as many files of sysctl.d that set one key, each with an odd line, and scripts that set another."""
    tree = {"/usr/lib/sysctl.d/50-vendor.conf": ""}
    for number in range(count):
        tree["/etc/sysctl.d/%03d.conf" % number] = "net odd %d\nnet.core.somaxconn = %d\n" % (number, number)
        tree["/etc/NetworkManager/dispatcher.d/%03d" % number] = "sysctl -w net.ipv4.tcp_mem='1 2 3'\n"
    return tree


@pytest.mark.parametrize("count, left_out", [(40, 0), (60, 10)])
def test_lists_are_bounded_and_say_what_is_left_out(host, count, left_out):
    for path, text in many(count).items():
        host.write(path, text)
    facts = host.facts(page_size=4096)
    boot = facts["boot"]["net.core.somaxconn"]
    assert boot["value"] == count - 1 and len(boot["overrides"]) == min(count - 1, 50)
    assert boot.get("overrides_left_out", 0) == max(0, left_out - 1) and facts.get("managers_left_out", 0) == left_out
    assert len(facts["managers"]) == min(count, 50)
    assert facts["warnings"][50:] == (["10 more warnings are left out."] if left_out else [])


def test_what_a_window_meets_at_every_look_is_told_once(host, monkeypatch):
    host.write("/proc/net/sockstat", None)
    monkeypatch.setattr(gather, "HostFiles", lambda root: host.files)
    answer = gather.read({"read": ["window"], "root": "/", "page_size": 4096, "window": 0.001})
    assert (
        answer["warnings"] == ["/proc/net/sockstat does not exist"] and len(answer["facts"]["window"]["samples"]) == 2
    )


@pytest.mark.parametrize(
    "page_size", [0, -4096, 256, 4097, 2**21, 2**100, 10**5000], ids=lambda size: "%d bits" % size.bit_length()
)
def test_a_page_size_that_no_kernel_has_is_refused(host, page_size):
    with pytest.raises(
        SocketMemoryError, match="page_size: found .*, expected a power of two, in bytes, from 512 to 1048576"
    ):
        host.facts(page_size=page_size)


@pytest.mark.parametrize(
    "path, change, nulls, warning",
    [
        (
            "/proc/net/sockstat",
            (" mem 1200", " mem " + "9" * 5000),
            TCP_SIZE,
            "/proc/net/sockstat: TCP mem: more than 64 bits hold: '999",
        ),
        (
            "/proc/net/sockstat",
            (" mem 1200", " mem 18446744073709551615"),
            ["tcp used bytes"],
            "/proc/net/sockstat: the memory of TCP is no memory that a host has: 18446744073709551615",
        ),
        (
            "/proc/net/netstat",
            (" 5 0 0 0\nIpExt", " 5 0 0 -1\nIpExt"),
            ["counters TCPRcvQDrop"],
            "/proc/net/netstat: TCPRcvQDrop is -1, which no counter is",
        ),
        (
            "/proc/net/netstat",
            (" 5 0 0 0\nIpExt", " 5 0 0 18446744073709551616\nIpExt"),
            ["counters TCPRcvQDrop"],
            "more than 64 bits hold",
        ),
        (
            "/proc/sys/net/ipv4/tcp_mem",
            "1 2 18446744073709551616\n",
            TCP_MEM,
            "net.ipv4.tcp_mem: the kernel printed '1 2 18446744073709551616\\n', not 3 numbers",
        ),
        (
            "/proc/meminfo",
            "MemTotal: %s kB\n" % ("9" * 5000),
            ["memory_total", "memory_usable"],
            "/proc/meminfo: no line MemTotal",
        ),
    ],
)
def test_a_number_that_64_bits_do_not_hold_is_null_and_named(host, path, change, nulls, warning):
    subset = {"gather_subset": ["!recommended", "!capacity", "!findings"], "page_size": 4096}
    before = flat(host.facts(**subset))
    host.write(path, change)
    facts = host.facts(**subset)
    after = flat(facts)
    lost = {name for name in before if after.get(name) is None and before[name] is not None}
    assert lost == set(nulls)
    assert any(warning in one for one in facts["warnings"]), facts["warnings"]


def test_sums_and_names_are_bounded_too(host):
    host.write("/proc/net/sockstat6", ("TCP6: inuse", "TCP6: inuse 18446744073709551615 x"))
    host.write("/run/systemd/container", "c" * 1000)
    facts = host.facts(page_size=4096)
    assert facts["tcp"]["sockets"]["in_use"] is None and facts["container"] == "c" * 80 + "..."
