# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script that is sent, as each Python runs it. Controller only."""

import ast
import shutil
import subprocess
import sys

import pytest
from ansible_collections.linux_net.socket_memory.plugins.action.socket_memory_facts import ActionModule
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.assemble import reading_params
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.gather import PARTS
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils import host_answer, host_script

MARK = "<mark>"


@pytest.mark.parametrize(
    "name",
    sorted(
        ".".join(path.relative_to(host_script.FOLDER).with_suffix("").parts)
        for path in host_script.FOLDER.rglob("*.py")
    ),
)
def test_a_part_needs_what_it_imports_at_its_top(name):
    """By Python's own parser; the fast lane looks at the text."""
    needs = []
    for node in ast.parse(
        host_script.FOLDER.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    ).body:
        _before, package, module = (getattr(node, "module", None) or "").partition(host_script.PACKAGE)
        if package:
            files = [module[1:]] + [(module[1:] + "." + alias.name).lstrip(".") for alias in node.names]
            needs += [
                file
                for file in files
                if file and host_script.FOLDER.joinpath(*file.split(".")).with_suffix(".py").is_file()
            ]
    assert host_script.part(name).needs == needs


def test_parts_go_before_what_needs_them():
    """And what a call does not need is not sent."""
    for entry in ("facts.gather", "dropin.transaction"):
        names = host_script.needed([entry])
        assert names[-1] == entry
        assert all(names.index(need) < names.index(name) for name in names for need in host_script.part(name).needs)
    assert "boot.sysctl_files" not in host_script.needed(["facts.gather"])
    assert host_script.needed(["boot.sysctl_files", "facts.gather"])[-1] == "facts.gather"


@pytest.mark.parametrize("version", ["python3.%d" % minor for minor in range(6, 15)])
def test_script_runs_on_every_python(version, tmp_path):
    """As it runs on a host, there with a captured tree instead of the real one."""
    python = shutil.which(version)
    if python is None or subprocess.run([python, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("no %s on this machine" % version)
    (tmp_path / "proc" / "net").mkdir(parents=True)
    (tmp_path / "proc" / "net" / "sockstat").write_text("TCP: inuse 1 orphan 2 tw 3 alloc 4 mem 5\n")
    params = reading_params({"root": str(tmp_path), "page_size": 4096})
    text = host_script.script(
        host_script.Work("facts.gather", "read", params, [part for parts in PARTS.values() for part in parts]), MARK
    )
    ran = subprocess.run(
        [python, "-I", "-S", "-"], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True
    )
    answer = host_answer.read_answer(ran.stdout.decode(), MARK, ActionModule.wanted)
    assert answer["facts"]["tcp"]["sockets"]["orphaned"] == 2
    assert ran.stderr == b""


def test_what_costs_a_host_most_is_not_imported(tmp_path):
    """Each of these imports costs more than reading the host."""
    parts = ["dropin.transaction", *(part for parts in PARTS.values() for part in parts)]
    (tmp_path / "etc" / "sysctl.d").mkdir(parents=True)
    (tmp_path / "etc" / "sysctl.d" / "a.conf").write_text("net.ipv4.tcp_mem = 1 2 3\nnet.ipv4.*_mem = 1\n")
    text = host_script.script(
        host_script.Work("facts.gather", "read", reading_params({"root": str(tmp_path), "page_size": 4096}), parts),
        MARK,
    )
    text += "sys.stderr.write(' '.join(sys.modules))\n"
    ran = subprocess.run([sys.executable, "-I", "-S", "-"], input=text.encode(), capture_output=True, check=True)
    assert host_answer.read_answer(ran.stdout.decode(), MARK, ActionModule.wanted)["facts"]["boot"]
    assert not {"re", "json", "collections", "contextlib", "functools", "typing"} & set(ran.stderr.decode().split())


def test_refusal_and_accident_are_one_readable_failure():
    """A refusal is the sentence; an accident comes with its traceback."""
    for params, words in (
        ({"read": [], "root": "/nowhere"}, "root: found '/nowhere'"),
        ({"read": 7}, "unexpected TypeError"),
    ):
        text = host_script.script(host_script.Work("facts.gather", "read", params), MARK)
        ran = subprocess.run([sys.executable, "-I", "-S", "-"], input=text.encode(), stdout=subprocess.PIPE, check=True)
        answer = host_answer.read_answer(ran.stdout.decode(), MARK, ActionModule.wanted)
        assert answer["failed"]
        assert words in answer["msg"]
        assert ("Traceback" in answer.get("exception", "")) == ("unexpected" in words)
