# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fast lane and the ordinary module, side by side, and what a host can do to the fast lane."""

import base64
import json
import os
import pathlib
import re
import stat
import sys

import pytest

from ..support.this_host import running

FACTS, DROPIN_MODULE = ("linux_net.socket_memory." + name for name in ("socket_memory_facts", "sysctl_dropin"))
DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"
CONTENT = "net.ipv4.tcp_fin_timeout = 55\nnet.ipv4.tcp_rmem = 4096 131072 33000000\n"


@pytest.fixture
def task(playbook, tmp_path):
    """Run one task and return its result and the Run."""

    def run(module, arguments=None, keywords=None, variables=None, check=False):
        # The result is printed by a task that starts no process: the module that writes a file took as long as all the
        # rest.
        tasks = [
            dict({module: arguments or {}}, register="one", ignore_errors=True, **keywords or {}),
            {"ansible.builtin.debug": {"msg": "result:{{ one | to_json | b64encode }}"}},
        ]
        path = tmp_path / "play.json"
        path.write_text(
            json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": variables or {}, "tasks": tasks}])
        )
        ran = playbook(str(path), *(["--check", "--diff"] if check else []))
        return json.loads(base64.b64decode(re.search("result:([A-Za-z0-9+/=]+)", ran.output).group(1))), ran

    return run


def interpreter(tmp_path, text):
    """Return the path of a program that stands in for the host's Python."""
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"ansible_python_interpreter": str(path)}


def comparable(result):
    """Return *result* without what differs from run to run."""
    result = json.loads(json.dumps(result))
    result.pop("invocation", None)
    result.pop("exception", None)
    if result.get(
        "failed"
    ):  # a refusal on the controller knows the host's name in the inventory, one on the host its own
        result["msg"] = result["msg"].split(": ", 1)[1]
    memory = result.get("ansible_facts", {}).get("socket_memory", {})
    for name in ("counters", "sockets_used", "tcp", "udp", "window", "cgroups", "kernel_log", "monotonic_seconds"):
        if name in memory:
            memory[name] = sorted(memory[name]) if isinstance(memory[name], dict) else None
    if memory.get("capacity"):  # a part of it says what connections hold now
        del memory["capacity"]["answers"]
        for one in (
            memory["capacity"]["bytes_per_connection"],
            *(memory["capacity"]["connections_until"][name] for name in ("pressure", "critical")),
        ):
            del one["observed"]
    return result


@pytest.mark.parametrize(
    "module, arguments",
    [
        (FACTS, {}),
        (FACTS, {"gather_subset": ["tcp", "!udp"]}),
        (FACTS, {"gather_subset": ["tcp", "cgroups", "kernel_log"], "window": 0.3}),
        (FACTS, {"window": -1}),
        (FACTS, {"gather_subset": ["tpc"]}),
        (FACTS, {"workload": {"connections": 5}}),
        (FACTS, {"root": "/nowhere"}),
        (DROPIN_MODULE, {"path": DROPIN, "content": CONTENT}),
        (DROPIN_MODULE, {"path": DROPIN, "content": "net.ipv4.tcp_tw_reuse = 3\n"}),
        (DROPIN_MODULE, {"path": DROPIN, "content": "net.ipv4.tcp_mem = 1 2\n"}),
        (DROPIN_MODULE, {"path": "/tmp/x.conf", "content": CONTENT}),
        (DROPIN_MODULE, {"path": DROPIN, "state": "absent"}),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_both_doors_give_the_same_result(task, host_as_before, module, arguments, check):
    """Key by key; the second way finds the host as the first did."""
    results = []
    for lane in (True, False):
        result, _run = task(module, arguments, variables={"socket_memory_fast_lane": lane}, check=check)
        results.append(comparable(result))
        if module == DROPIN_MODULE and not check:
            task(DROPIN_MODULE, {"path": DROPIN, "state": "absent"})
            assert running() == host_as_before
    assert results[0] == results[1]


def test_missing_and_unknown_arguments_are_refused_on_the_controller(task, tmp_path):
    """No process is started on the host."""
    for arguments, words in (
        ({}, "missing required arguments: path"),
        ({"path": DROPIN}, "content"),
        ({"path": DROPIN, "pth": 1}, "pth"),
    ):
        result, _run = task(DROPIN_MODULE, arguments, variables=interpreter(tmp_path, "touch %s/started" % tmp_path))
        assert result["failed"]
        assert words in result["msg"]
    assert not (tmp_path / "started").exists()


def test_one_process_per_task_and_nothing_left_behind(task, tmp_path):
    """The Python that is given is started once; no temporary folder is made."""
    home = tmp_path / "home"
    home.mkdir()
    result, _run = task(
        FACTS,
        variables=dict(
            interpreter(tmp_path, 'echo "$HOME" >> %s/starts; exec %s "$@"' % (tmp_path, sys.executable)),
            ansible_remote_tmp=str(home),
        ),
    )
    assert not result.get("failed"), result
    assert len((tmp_path / "starts").read_text().splitlines()) == 1
    assert not list(home.iterdir())


def test_keywords_of_a_task_work(task):
    """Loops, delegation, environment, no_log and async, which takes the ordinary module."""
    result, _run = task(FACTS, {"gather_subset": ["{{ item }}"]}, {"loop": ["tcp", "limits"]})
    assert [
        ("tcp" in one["ansible_facts"]["socket_memory"], "limits" in one["ansible_facts"]["socket_memory"])
        for one in result["results"]
    ] == [(True, False), (False, True)]
    for keywords in (
        {"delegate_to": "localhost"},
        {"environment": {"LC_ALL": "C", "PYTHONPATH": "/nowhere"}},
        {"async": 3600, "poll": 1},
    ):
        result, run = task(FACTS, {"gather_subset": ["tcp"]}, keywords)
        assert "tcp" in result["ansible_facts"]["socket_memory"], run.output
    result, run = task(DROPIN_MODULE, {"path": DROPIN, "content": "# secret\n" + CONTENT}, {"no_log": True}, check=True)
    assert result["changed"]
    assert "secret" not in run.output


@pytest.mark.parametrize(
    "text, words",
    [
        ('echo banner; exec %s "$@"' % sys.executable, None),
        ("echo '{{ 7 * 7 }}' >&2; exit 3", "exit code 3 and it gave no answer. The host said: {{ 7 * 7 }}"),
        ("kill -9 $$", "it was killed (out of memory?)"),
        ('%s "$@" | head -c 200' % sys.executable, "its answer is not whole"),
        ('exec %s "$@" > /dev/full' % sys.executable, "No space left on device"),
        ("printf '\\033[2J'; exit 1", "it gave no answer"),
        ("yes | head -c 30000000", "it printed more than 2097152 bytes"),
        ("yes", "it printed more than 2097152 bytes"),
    ],
)
def test_whatever_a_host_does_is_one_readable_failure(task, tmp_path, text, words):
    """And nothing of it is run, evaluated or shown raw."""
    result, run = task(FACTS, {"gather_subset": ["tcp"]}, variables=interpreter(tmp_path, text))
    if words is None:
        assert "tcp" in result["ansible_facts"]["socket_memory"]
    else:
        assert result["failed"]
        assert words in result["msg"]
        assert len(result["msg"]) < 1500
    assert "\x1b" not in run.output


def test_a_host_cannot_set_what_is_not_ours(task, tmp_path):
    """An answer with other facts, or with words that mean something to Ansible, is cut to what the module returns."""
    forged = tmp_path / "forge.py"
    forged.write_text(
        "import re, sys, json\n"
        "mark = re.search('<[0-9a-f]{32}>', sys.stdin.read()).group()\n"
        "failed = {'failed': True, 'msg': 'no'} if len(sys.argv) > 1 else {}\n"
        "print(mark + json.dumps(dict({'ansible_facts': {'ansible_connection': 'ssh'}, 'facts': {'kernel': '{{ 7 * 7 "
        "}}', 'limits': {}}, 'warnings': [],"
        " '_ansible_no_log': True, 'add_host': {'host_name': 'evil'}, 'changed': False}, **failed)) + mark)\n"
    )
    variables = interpreter(tmp_path, "exec %s %s" % (sys.executable, forged))
    result, _run = task(FACTS, {"gather_subset": ["limits"]}, variables=variables)
    nothing = ("monotonic_seconds", "page_size", "memory_total", "memory_usable", "network_namespace", "container")
    unknown = dict.fromkeys(nothing)
    assert result["ansible_facts"]["socket_memory"] == dict(unknown, kernel="{{ 7 * 7 }}", warnings=[], limits={})
    assert "add_host" not in result
    result, _run = task(FACTS, variables=variables)
    assert "The host left out parts of its answer: boot, boot_by_others" in result["msg"]
    result, _run = task(FACTS, variables=interpreter(tmp_path, "exec %s %s failed" % (sys.executable, forged)))
    assert result["failed"] and "ansible_facts" not in result


def test_no_python_is_said_in_one_sentence(task):
    """With what to do about it."""
    result, _run = task(FACTS, variables={"ansible_python_interpreter": "/nowhere/python3"})
    assert (
        "No Python on the host: tried /nowhere/python3. Install python3, or set ansible_python_interpreter to one "
        "that is there" in result["msg"]
    )


def test_interpreter_may_have_arguments(task):
    """Such as /usr/bin/env python3."""
    result, _run = task(
        FACTS, {"gather_subset": ["tcp"]}, variables={"ansible_python_interpreter": "/usr/bin/env %s" % sys.executable}
    )
    assert "tcp" in result["ansible_facts"]["socket_memory"]


def test_sudo_that_asks_for_a_password_without_pipelining(task, tmp_path):
    """A local connection gives such a sudo a terminal and no data: the script must come another way, or nobody would
    ever answer.
    """
    sudo = tmp_path / "sudo"
    sudo.write_text("""#!/bin/sh
while [ "${1#-}" != "$1" ]; do
    case $1 in -p) prompt=$2; shift ;; -u) shift ;; esac
    shift
done
printf '%s' "$prompt" >/dev/tty
read -r password </dev/tty
exec "$@"
""")
    sudo.chmod(0o755)
    variables = {
        "ansible_become": True,
        "ansible_become_user": "daemon",
        "ansible_become_exe": str(sudo),
        "ansible_become_password": "secret",
        "ansible_pipelining": False,
    }
    result, run = task(FACTS, {"gather_subset": ["tcp"]}, variables=variables)
    assert "tcp" in result.get("ansible_facts", {}).get("socket_memory", {}), run.output


def test_python_is_found_where_none_is_named(task):
    """In the same round trip."""
    if not any(os.path.exists(path) for path in ("/usr/bin/python3", "/usr/libexec/platform-python")):
        pytest.skip("this machine has no system Python 3")
    result, _run = task(FACTS, {"gather_subset": ["tcp"]}, variables={"ansible_python_interpreter": "auto"})
    assert "tcp" in result["ansible_facts"]["socket_memory"]


def test_file_content_arrives_byte_for_byte(task):
    """Not only ASCII: comments may be in any language."""
    task(DROPIN_MODULE, {"path": DROPIN, "content": "# größer\n" + CONTENT})
    assert pathlib.Path(DROPIN).read_bytes() == ("# größer\n" + CONTENT).encode()
