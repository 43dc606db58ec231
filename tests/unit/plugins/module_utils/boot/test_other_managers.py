# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else sets the keys: each manager from the files it leaves, active or not, and nobody from a name alone."""

import errno
import os

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot import other_managers as module
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.other_managers import (
    find_managers,
    keys_named,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.boot.sysctl_files import boot_values
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS

MEM, RMEM, WMEM, MAX = "net.ipv4.tcp_mem", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.core.rmem_max"
UNITS, LIB, ETC = "/usr/lib/systemd/system/", "/usr/lib/sysctl.d/", "/etc/sysctl.d/"


@pytest.fixture
def managers(host):
    """Return a function that writes {path: text} to the host and returns its managers as [(name, active, keys,
    evidence), …].
    """

    def find(tree):
        for path, text in tree.items():
            host.write(path, text)
        boot, _problems = boot_values(host.files, list(KEYS), "systemd")
        found, find.problems = find_managers(host.files, boot)
        return [(one["name"], one["active"], one["keys"], one["evidence"]) for one in found]

    find.host = host
    return find


def running(*names):
    """Return what systemd keeps of active services."""
    return {"/run/systemd/units/invocation:%s.service" % name: "" for name in ("sshd",) + names}


def test_a_plain_host_has_none(managers):
    assert managers({}) == [] and managers.problems == []


@pytest.mark.parametrize(
    "state, active", [({}, None), (running(), False), (running("bpftune"), True), (running("bpftuned"), False)]
)
def test_a_service_is_active_by_what_systemd_keeps_of_it(managers, state, active):
    tree = dict(
        {
            UNITS + "bpftune.service": "",
            "/usr/lib64/bpftune/net_buffer_tuner.so": "",
            "/usr/lib64/bpftune/ip_frag_tuner.so": "",
        },
        **state,
    )
    assert managers(tree) == [("bpftune", active, ["net.core.netdev_max_backlog"], UNITS + "bpftune.service")]


def test_bpftune_touches_what_its_installed_tuners_write(managers):
    tuners = {"/usr/lib64/bpftune/%s_buffer_tuner.so" % name: "" for name in ("tcp", "udp")}
    keys = managers(dict(tuners, **{"/etc/systemd/system/bpftune.service": ""}))[0][2]
    assert keys == sorted(
        [MEM, RMEM, WMEM, "net.ipv4.tcp_moderate_rcvbuf", "net.ipv4.udp_mem", MAX, "net.core.rmem_default"]
    )


PROFILE = {
    "/etc/tuned/active_profile": "mine\n",
    "/etc/tuned/mine/tuned.conf": "[sysctl]\nnet.ipv4.tcp_rmem = 4096 87380 16777216\nvm.swappiness = 10\n",
}


def test_tuned_by_what_its_profile_sets(managers):
    assert managers(dict(PROFILE, **running("tuned"))) == [("tuned", True, [RMEM], "/etc/tuned/active_profile")]


def test_a_profile_that_cannot_be_read_is_told_once_with_the_boot(managers):
    assert managers(dict(PROFILE, **{"/etc/tuned/mine/tuned.conf": os.mkfifo})) == []
    assert managers.problems == []
    (warning,) = managers.host.facts(gather_subset=["managers"])["warnings"]
    assert warning.startswith("/etc/tuned/mine/tuned.conf cannot be read")


SHEET = "[version]\nVERSION=1\n[sysctl]\n# net.core.wmem_max\n%s = 16777216\n%s =\n" % (MAX, RMEM)


@pytest.mark.parametrize(
    "order, sheets, keys",
    [
        ("3024346", {"/var/lib/saptune/working/notes/3024346": SHEET}, [MAX]),
        ("3024346", {"/var/lib/saptune/working/notes/1": SHEET}, []),
        (
            "1 mine",
            {"/etc/saptune/extra/mine.conf": SHEET, "/etc/saptune/override/1": "%s = 4096 16384 4194304\n" % WMEM},
            [MAX, WMEM],
        ),
    ],
)
def test_saptune_by_the_sheets_of_its_chosen_notes(managers, order, sheets, keys):
    tree = dict({"/etc/sysconfig/saptune": 'TUNE_FOR_NOTES=""\nNOTE_APPLY_ORDER="%s"\n' % order}, **sheets)
    assert managers(dict(tree, **running("saptune"))) == [("saptune", True, keys, "/etc/sysconfig/saptune")]


def test_services_that_set_none_of_the_keys_are_told_without_any(managers):
    tree = {
        UNITS + "kubelet.service": "",
        UNITS + "sapconf.service": "",
        "/usr/lib/sapconf/sapconf": "sysctl -w net.ipv4.tcp_slow_start_after_idle=0\n",
    }
    assert managers(dict(tree, **running("kubelet"))) == [
        ("sapconf", False, [], UNITS + "sapconf.service"),
        ("kubelet", True, [], UNITS + "kubelet.service"),
    ]


@pytest.mark.parametrize("lock, active", [({}, False), ({"/var/lock/subsys/ktune": ""}, True)])
def test_ktune(managers, lock, active):
    assert managers(dict({"/etc/sysctl.ktune": "%s = 1\n" % MAX}, **lock)) == [
        ("ktune", active, [MAX], "/etc/sysctl.ktune")
    ]


@pytest.mark.parametrize(
    "mode, state, active", [(0o755, ["NetworkManager"], True), (0o644, ["NetworkManager"], False), (0o755, [], False)]
)
def test_a_dispatcher_script_that_may_run_and_names_a_key(managers, mode, state, active):
    script, other = ("/etc/NetworkManager/dispatcher.d/%s" % name for name in ("pre-up.d/20-tcp", "10-other"))
    managers.host.write(script, "#!/bin/sh\necho 4096 87380 6291456 > /proc/sys/net/ipv4/tcp_rmem\n")
    os.chmod(managers.host.local(script), mode)
    assert managers(dict({other: "# sysctl -w net.ipv4.tcp_rmem\n"}, **running(*state))) == [
        ("networkmanager-dispatcher", active, [RMEM], script)
    ]


@pytest.mark.parametrize(
    "path, off, active",
    [
        ("/var/lib/cloud/scripts/per-boot/tcp.sh", False, True),
        ("/var/lib/cloud/instance/scripts/part-001", False, None),
        ("/var/lib/cloud/instance/cloud-config.txt", False, None),
        ("/etc/cloud/cloud.cfg.d/99-tcp.cfg", False, None),
        ("/etc/cloud/cloud.cfg", True, False),
    ],
)
def test_cloud_init_by_the_files_that_name_a_key(managers, path, off, active):
    tree = {
        path: "bootcmd:\n - sysctl -w net.ipv4.tcp_mem='1 2 3'\n",
        "/etc/cloud/cloud.cfg.d/05_logging.cfg": "output: x\n",
    }
    if off:
        tree["/etc/cloud/cloud-init.disabled"] = ""
    assert managers(tree) == [("cloud-init", active, [MEM], path)]


@pytest.mark.parametrize(
    "path, text, told",
    [
        ("/usr/lib/dracut/modules.d/00systemd/module-setup.sh", "inst_multiple -H -o /etc/sysctl.d/*.conf\n", True),
        ("/etc/dracut.conf.d/tcp.conf", 'install_items+=" /etc/sysctl.d/99-tcp-memory.conf "\n', True),
        ("/etc/dracut.conf.d/tcp.conf", '#install_items+=" /etc/sysctl.d/99-tcp-memory.conf "\n', False),
        ("/etc/initramfs-tools/hooks/tcp", "copy_file config /etc/sysctl.conf\n", True),
    ],
)
def test_an_initramfs_that_gets_a_copy_is_told_and_not_judged(managers, path, text, told):
    assert managers({path: text}) == ([("initramfs", None, [], path)] if told else [])


@pytest.mark.parametrize(
    "path, comment, name",
    [
        (ETC + "99-oracle-database-preinstall-19c-sysctl.conf", "", "oracle-database-preinstall"),
        (ETC + "99-oracle-rdbms-server-11gR2-preinstall-sysctl.conf", "", "oracle-database-preinstall"),
        (
            ETC + "renamed.conf",
            "# oracle-database-preinstall-19c setting for net.core.rmem_max is 4194304\n",
            "oracle-database-preinstall",
        ),
        (ETC + "97-oracle-database-sysctl.conf", "", "oracle-database"),
        (ETC + "91-NetApp-HANA.conf", "", "netapp"),
        (ETC + "sap_hana.conf", "", "sap"),
        (ETC + "99-zzz-override_cilium.conf", "", "cilium"),
        (ETC + "k8s.conf", "", "kubernetes"),
        (ETC + "99-chef-net.core.rmem_max.conf", "", "chef"),
        (LIB + "10.conf", "# HEADER: This file was autogenerated at 2026-01-01 by puppet.\n", "puppet"),
        (ETC + "10.conf", "# This file is managed by Salt. Do not edit.\n", "salt"),
        (ETC + "10.conf", "# not written by puppet\n", None),
        (ETC + "disapproved.conf", "", None),
        (ETC + "50-oracle.conf", "", None),
        (ETC + "99-sap-tcp-memory.conf", "# Managed by Ansible: role linux_net.socket_memory.tune_tcp\n", None),
    ],
)
def test_whose_a_file_of_sysctl_d_is(managers, path, comment, name):
    expected = [(name, True, [MAX], path)] if name else []
    assert managers({path: comment + "%s = 4194304\nvm.swappiness = 1\n" % MAX}) == expected


def test_a_file_that_is_hidden_or_sets_no_key_of_ours_manages_nothing(managers):
    assert managers({LIB + "sap.conf": "%s = 1\n" % MAX, ETC + "sap.conf": "vm.swappiness = 1\n"}) == []


@pytest.mark.parametrize(
    "text, keys",
    [
        ("sysctl -w net.ipv4.tcp_mem='1 2 3'", [MEM]),
        ("/proc/sys/net/ipv4/tcp_mem", [MEM]),
        ("net/ipv4/tcp_mem = 1", [MEM]),
        ("net.ipv4.tcp_mem: 1", [MEM]),
        ("net.ipv4.tcp_memory", []),
        ("net.ipv4.tcp_memory net.ipv4.tcp_mem", [MEM]),
        ("  # net.ipv4.tcp_mem\n; net.ipv4.tcp_mem", []),
        ("\udcff\x00", []),
    ],
)
def test_keys_named_in_a_text(text, keys):
    assert keys_named(text) == keys


class Locked(HostFiles):
    """A host whose files this user may not read, as cloud-init's are for anybody but root."""

    def read(self, path, *most):
        if path.startswith("/var/lib/cloud"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
        return super().read(path, *most)


def test_a_file_that_this_user_may_not_read_is_told_undecided_and_without_noise(host):
    path = "/var/lib/cloud/scripts/per-boot/tcp.sh"
    host.write(path, MEM)
    host.write("/var/lib/cloud/instance/cloud-config.txt", MEM)
    found, problems = find_managers(Locked(host.root), {})
    assert (
        {"name": "cloud-init", "active": None, "keys": [], "evidence": path} in found
        and len(found) == 2
        and problems == []
    )


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_passed_over(managers, make):
    assert (
        managers({"/etc/NetworkManager/dispatcher.d/x": make, "/etc/cloud/cloud.cfg": make}) == []
        and managers.problems == []
    )


def test_a_loop_of_links_is_named_and_costs_no_more_than_itself(managers):
    managers.host.write("/etc/NetworkManager/dispatcher.d/tcp", MEM)
    for path in ("/etc/NetworkManager/dispatcher.d/loop", "/etc/cloud/cloud.cfg.d"):
        managers.host.write(path, lambda local, path=path: os.symlink(path, local))
    assert [one[2] for one in managers({})] == [[MEM]]
    assert sorted(problem.partition(" ")[0] for problem in managers.problems) == [
        "/etc/NetworkManager/dispatcher.d/loop",
        "/etc/cloud/cloud.cfg.d",
    ]


def test_too_many_files_are_left_out_and_counted(managers, monkeypatch):
    monkeypatch.setattr(module, "MOST_FILES", 60)
    found = managers({"/etc/NetworkManager/dispatcher.d/%03d" % number: MEM for number in range(100)})
    assert 30 < len(found) < 100
    left_out = int(managers.problems[0].split()[0])
    assert left_out >= 100 - len(found)
    assert managers.problems == [
        "%d files of other tools were not read, whether these set keys is not known: "
        "all together have more than 60 files, or 8 MiB" % left_out
    ]


def test_a_note_may_be_called_anything(managers):
    """Such a name is a path of which Python says that it has a NUL, or no bytes."""
    settings = 'NOTE_APPLY_ORDER="a\0b \udcff ../../x %s 1"\n' % ("n" * 5000)
    managers.host.write("/etc/sysconfig/saptune", settings.encode("utf-8", "surrogateescape"))
    tree = {"/etc/saptune/extra/1.conf": MEM + " = 1 2 3\n"}
    assert managers(tree) == [("saptune", None, [MEM], "/etc/sysconfig/saptune")]


def test_whose_a_file_is_stands_at_its_head(managers):
    text = "# managed by puppet\n%s = 1\n" % MAX
    assert managers({ETC + "a.conf": "#" * 65000 + "\n" + text}) == [("puppet", True, [MAX], ETC + "a.conf")]
    assert managers({ETC + "a.conf": "#" * 66000 + "\n" + text}) == []
