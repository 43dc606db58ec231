# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that lies cannot run anything on its controller, cannot fill its memory, and fails alone.

Its Python is tests/support/hostile_python.py: it takes a true answer and changes it, in one place or everywhere. What
it puts there would make a file if it were ever a template. The hosts have files of their own, so the kernel and the
files of this machine are not touched. Root is needed for the mount namespaces of some of them.

As it is, each kind of place gets one lie, and each lie goes everywhere once. With HOSTILE_HOST=everything each place
gets every lie, through each way, on both lanes; that takes hours:

    HOSTILE_HOST=everything pytest tests/system/test_hostile_host.py
"""

import collections
import functools
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from ..support import hostile, hostile_python
from .conftest import ROOT, Run, environment, program

HOSTS_OF_ITS_OWN = True
EVERYTHING = os.environ.get("HOSTILE_HOST") == "everything"
FACTS, DROPIN, VERDICT = (
    "linux_net.socket_memory." + name for name in ("socket_memory_facts", "sysctl_dropin", "verdict")
)
TUNE, VERIFY, AUDIT, ROLLBACK = (
    "linux_net.socket_memory." + name for name in ("tune_tcp", "verify", "audit", "rollback")
)
LANES = {"fast": True, "ordinary": False}  # socket_memory_fast_lane

# What only a programmer should ever see.
OURS = re.compile(
    r"Traceback|[Uu]nexpected|Error in callback|MODULE FAILURE"
    r"|\b(?:Key|Type|Value|Attribute|Index|Lookup|Recursion|Memory|Overflow|ZeroDivision|Unicode\w+)Error\b"
    r"|has no attribute(?! 'socket_memory')"
)  # that one is Ansible's own word for facts that are not there
LONGEST_MESSAGE = 2000  # characters of a message
LONGEST_RESULT = 200000  # characters of all that a host told, which goes into logs and caches
TOO_MUCH = "MiB|bytes|characters|too (?:large|long|much)"
LARGEST_PROCESS = 300  # MiB: ansible-core itself takes 60 to 150
ADDRESS_SPACE = 1536  # MiB for each process, so that a failure of these tests does not take the machine down
SHOWN = int(os.environ.get("HOSTILE_HOST_SHOWN", "20"))  # of what is wrong
LONG = 900  # seconds, after which a run is not expected to end any more


@pytest.fixture
def host_as_before():
    """Nothing of this machine is changed here."""


@pytest.fixture
def private_folders():
    """Nothing of this machine is changed here."""


def run(fleet, name, *arguments, variables=None, limited=False, **settings):
    """Run a playbook, by its plays, its tasks, its file or its FQCN, or "ansible" itself, against the hosts of
    *fleet*. Returns a Run, with peak, in MiB.
    """
    if isinstance(name, list):
        path = fleet.folder / "plays.json"
        plays = name if "hosts" in name[0] else [{"hosts": "all", "gather_facts": False, "tasks": name}]
        path.write_text(json.dumps(plays), encoding="utf-8")
        name = str(path)
    command = [program("ansible")] if name == "ansible" else [program("ansible-playbook"), name]
    command += [*arguments, "--inventory", fleet.inventory(), "--extra-vars", json.dumps(variables or {})]
    settings = dict(
        {
            "ANSIBLE_FORKS": "10",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(hostile.SUPPORT / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "results_of_hosts",
            "RESULTS_OF_HOSTS": str(fleet.results),
        },
        **settings,
    )
    limits = "resource.setrlimit(resource.RLIMIT_AS, (%d << 20,) * 2)" % ADDRESS_SPACE if limited else "None"
    # Of all that it waited for, and that these waited for, this tells the largest.
    watch = (
        "import resource, subprocess, sys; ran = subprocess.run(sys.argv[1:], check=False, preexec_fn=lambda: %s); "
        % limits
        + "print('\\n%d' % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(ran.returncode)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", watch, *command],
        cwd=ROOT,
        env=environment(fleet.folder, **settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _errors = process.communicate(timeout=LONG)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    text, _newline, peak = output.rstrip("\n").rpartition("\n")
    ran = Run(subprocess.CompletedProcess(command, process.returncode, text))
    ran.peak = int(peak) // 1024
    return ran


@pytest.fixture(scope="module")
def true_answers(tmp_path_factory):
    """Return a function that tells, for a lane, what an honest host answers: {name: [first answer, …]}.

    tuned: to the role tune_tcp, and to the way back because of another host. refused: the same where another file goes
    over the drop-in. reads: to the tasks of TASKS_READ.
    """

    @functools.cache
    def record(lane):
        folder = tmp_path_factory.mktemp(lane)
        tune, read = hostile.Fleet(folder / "tune"), hostile.Fleet(folder / "read")
        recorded = {}

        def add(fleet, name, strikes=(), **more):
            recorded[name] = folder / name
            recorded[name].mkdir()
            tree = hostile.make_tree(folder / (name + "-tree"), **more)
            fleet.add(name, {"tree": tree, "record": str(recorded[name]), "strikes": list(strikes)})

        add(tune, "tuned")
        add(tune, "worse", under_pressure(lane, 3))
        add(tune, "refused", **{"zz-later.conf": "net.ipv4.tcp_mem = 100000 200000 300000\n"})
        add(read, "reads")
        variables = {"socket_memory_fast_lane": LANES[lane], "tune_tcp_serial": "100%"}
        ran = run(tune, TUNE, variables=variables)
        assert "FAIL: h0000: rolled back, because h0001 is worse off" in ran.output and "use the path" in ran.output, (
            ran.output
        )
        ran = run(read, TASKS_READ, variables=variables)
        assert ran.code == 0, ran.output
        answers = {
            name: [
                json.loads((path / ("%d.json" % number)).read_text(encoding="utf-8"))
                for number in range(1, 1 + len(list(path.iterdir())))
            ]
            for name, path in recorded.items()
        }
        for answer in answers["reads"]:
            facts = functools.reduce(lambda place, step: place.get(step, {}), facts_in(lane), answer)
            if "kernel_log" in facts:  # that of this machine
                facts["kernel_log"] = [
                    {
                        "text": "TCP: too many orphaned sockets",
                        "count": 3,
                        "first_age_seconds": 912.5,
                        "last_age_seconds": 30.1,
                    }
                ]
        return answers

    return record


def facts_in(lane):
    """Return where the facts are in an answer."""
    return ("facts",) if lane == "fast" else ("ansible_facts", "socket_memory")


def under_pressure(lane, visit):
    """Return the strikes that make a host sit in pressure."""
    return [
        {"at": visit, "do": "put", "path": [*facts_in(lane), *path], "value": value}
        for path, value in hostile.PRESSURE.items()
    ]


TASKS_READ = [
    {FACTS: {"gather_subset": ["all", "cgroups", "kernel_log"]}},
    {FACTS: {"gather_subset": ["tcp", "udp", "cgroups", "kernel_log"], "window": 0.1}},
    {FACTS: {"gather_subset": ["tcp", "limits", "boot"]}},
    {DROPIN: {"path": "/etc/sysctl.d/99-tcp-memory.conf", "content": "net.core.somaxconn = 5000\n"}},
    {DROPIN: {"path": "/etc/sysctl.d/99-tcp-memory.conf", "state": "absent"}},
    {FACTS: {"gather_subset": ["tcp", "udp", "counters", "cgroups", "kernel_log"]}},
    {
        FACTS: {
            "gather_subset": ["tcp", "udp", "cgroups", "kernel_log"],
            "window": 0.1,
            "since": "{{ ansible_facts.socket_memory }}",
        }
    },
]
READ_ALL, READ_GATE, READ_VERIFY, ROLLED_BACK, READ_FIRST, READ_AGAIN = 0, 1, 2, 4, 5, 6
EVERY_PAYLOAD = list(hostile.payloads("/1"))
FEW_PAYLOADS = ["bare", "call", "block", "trusted", "unsafe", "vault"]


def add_lies(fleet, plan, answer, visit, everywhere=(), places=(), types=False, words=False, every=1):
    """Add hosts that answer as *plan* says, each with another lie at *visit*, whose true *answer* is given.

    everywhere: the names of payloads that go everywhere at once. places: of those that go to one place at a time.
    types: whether something of a wrong type goes to each place. words: whether those that Ansible knows are said.
    every: 2 for every other place, but for those whose name says what a host may say, or holds keys that are data.
    """

    def lie(told, *strikes):
        fleet.add("visit %d, %s" % (visit, told), dict(plan, strikes=[dict(one, at=visit) for one in strikes]))

    def word(name):
        return {"do": "put", "path": [name], "value": hostile.WORDS_OF_ANSIBLE[name](fleet.payload("call"))}

    for name in EVERY_PAYLOAD if EVERYTHING and everywhere else everywhere:
        for keys in (True, False) if EVERYTHING or name == "bare" else (False,):
            lie(
                "%s everywhere%s" % (name, "" if keys else " but in keys"),
                {"do": "everywhere", "value": fleet.payload(name), "keys": keys},
            )
    for number, path in enumerate(hostile.steps(answer, EVERYTHING)):
        value, where = hostile.at(answer, path), hostile.shown(path)
        if number % every and not EVERYTHING and not {"state", "kernel_flag", "counters", "boot"} & set(path[-1:]):
            continue
        for name in EVERY_PAYLOAD if EVERYTHING and places else places:
            payload = fleet.payload(name)
            text = isinstance(payload, str)
            if isinstance(value, dict):  # and one that is no text
                lie(
                    "%s added to %s" % (name, where),
                    {"do": "add", "path": path, "key": payload if text else "evil", "value": payload},
                    {"do": "add", "path": path, "key": "more", "value": fleet.payload("trusted")},
                )
            if isinstance(value, list) and text:
                lie("%s added to %s" % (name, where), {"do": "add", "path": path, "value": payload})
            if path and (EVERYTHING or text and not isinstance(value, (dict, list))):
                lie("%s at %s" % (name, where), {"do": "put", "path": path, "value": fleet.payload(name)})
            if path and EVERYTHING and text and isinstance(path[-1], str):
                lie("%s for the key %s" % (name, where), {"do": "rename", "path": path, "key": fleet.payload(name)})
        wrong = hostile.wrong_types(value) if types and path else []
        for name, one in wrong if EVERYTHING or not wrong else [wrong[number % len(wrong)]]:
            lie("%s at %s" % (name, where), {"do": "put", "path": path, "value": one, "wrong": True})
    failure = {"do": "put", "path": [], "value": {"failed": True, "changed": False, "msg": "no"}}
    for name in hostile.WORDS_OF_ANSIBLE if words else ():
        lie("the word %s" % name, word(name))
        if EVERYTHING:
            lie("the word %s of a failure" % name, failure, word(name))
    if words:
        lie("all words", *map(word, hostile.WORDS_OF_ANSIBLE))
        lie("all words of a failure", failure, *map(word, hostile.WORDS_OF_ANSIBLE))


def assert_none(what, complaints):
    """Fail with the first of *complaints*, one a line."""
    complaints = [str(one) for one in complaints]
    assert not complaints, "\n".join(["%s: %d" % (what, len(complaints)), *complaints[:SHOWN]])


def assert_harmless(fleet, ran, talkative=False, plays=True):
    """Nothing of a host ran, none of our own errors was shown, and each host that failed did so with one plain
    sentence.
    """
    assert_none("ran on the controller", fleet.what_ran())
    assert "PLAY RECAP" in ran.output or not plays, ran.output[-3000:]
    if talkative:  # then Ansible itself shows where errors come from
        return
    complaints = []
    for one in fleet.read_results():
        message = one["result"].get("msg")
        if one["kind"] in ("failed", "ignored") and not one["result"].get("results"):
            if not isinstance(message, str) or OURS.search(message) or len(message) > LONGEST_MESSAGE + 200:
                complaints.append(
                    "%s (%s), %s: %.300s" % (one["host"], fleet.told.get(one["host"]), one["task"], message)
                )
    assert_none("no plain sentence", complaints)
    assert_none("shown", (line for line in ran.lines if OURS.search(line)))


def assert_refused(fleet, lane):
    """What has a wrong type never gets through: the host fails, or is left without it."""
    complaints, visits = [], collections.Counter()
    for one in fleet.read_results():
        visits[one["host"]] += one["action"] in (FACTS, DROPIN)
        for strike in fleet.strikes[one["host"]] if one["kind"] == "ok" and one["action"] in (FACTS, DROPIN) else ():
            if strike.get("wrong") and visits[one["host"]] == strike["at"]:
                path = tuple(strike["path"])
                if path[:1] == ("facts",) and lane == "fast":
                    path = ("ansible_facts", "socket_memory", *path[1:])
                try:
                    value = hostile.at(one["result"], path)
                except (LookupError, TypeError):
                    continue
                if value is not None and (value == strike["value"] or hostile.is_raw(strike["value"])):
                    complaints.append("%s (%s): %.100r" % (one["host"], fleet.told[one["host"]], value))
    assert_none("got through", complaints)


def assert_judged(fleet, name, beginning):
    """The host *name* got a verdict, or a failure, that begins so."""
    messages = [str(one["result"].get("msg")) for one in fleet.read_results() if one["host"] == name]
    assert any(message.startswith(beginning) for message in messages), messages


@pytest.fixture
def fleet(tmp_path):
    """Hosts to add to."""
    return hostile.Fleet(tmp_path / "hosts")


@pytest.mark.parametrize("lane", LANES)
def test_hosts_that_lie_before_they_are_tuned_or_while(true_answers, fleet, lane):
    """At the first reading, and in what the drop-in module returns; an honest host among them is tuned, and passes."""
    answers, thorough = true_answers(lane), EVERYTHING or lane == "fast"
    tuned, refused = fleet.keep("tuned", answers["tuned"]), fleet.keep("refused", answers["refused"])
    honest = fleet.add("honest", tuned)
    fleet.add("honest, and refused", refused)
    places = ["bare"] * thorough
    add_lies(fleet, tuned, answers["tuned"][0], 1, FEW_PAYLOADS, places, types=EVERYTHING, every=4)
    add_lies(fleet, tuned, answers["tuned"][1], 2, FEW_PAYLOADS, places, types=thorough, words=thorough)
    add_lies(fleet, refused, answers["refused"][1], 2, FEW_PAYLOADS[:2], places, types=EVERYTHING)
    ran = run(fleet, TUNE, variables={"socket_memory_fast_lane": LANES[lane], "tune_tcp_serial": "100%"})
    assert_harmless(fleet, ran)
    assert_judged(fleet, honest, "PASS: %s: " % honest)
    assert_refused(fleet, lane)


@pytest.mark.parametrize("lane", LANES)
def test_hosts_that_lie_in_one_batch_after_they_were_tuned(true_answers, fleet, lane):
    """At the second reading, and on the way back; an honest host among them is told why it goes back."""
    answers, thorough = true_answers(lane), EVERYTHING or lane == "fast"
    tuned = fleet.keep("tuned", answers["tuned"])
    honest = fleet.add("honest", tuned)
    fleet.add("under pressure", dict(tuned, strikes=under_pressure(lane, 3)))
    add_lies(fleet, tuned, answers["tuned"][2], 3, FEW_PAYLOADS[:4], ["bare"] * EVERYTHING, types=thorough, every=3)
    add_lies(fleet, tuned, answers["tuned"][3], 4, FEW_PAYLOADS[:4], ["bare"] * thorough, types=EVERYTHING, every=3)
    ran = run(fleet, TUNE, variables={"socket_memory_fast_lane": LANES[lane], "tune_tcp_serial": "100%"})
    assert_harmless(fleet, ran)
    assert_judged(fleet, honest, "FAIL: %s: rolled back, because " % honest)
    assert_refused(fleet, lane)


def test_each_host_that_lies_after_it_was_tuned_by_itself(true_answers, fleet):
    """One text that Ansible knows to be a host's keeps it from looking at any other of the same value, so each lie
    gets a batch of its own.
    """
    answers = true_answers("fast")
    add_lies(fleet, fleet.keep("tuned", answers["tuned"]), answers["tuned"][2], 3, EVERY_PAYLOAD, ["bare"], every=3)
    use = {
        "ansible.builtin.debug": {
            "msg": "{{ ansible_failed_result }} {{ tune_tcp_batch | default }} {{ tune_tcp_result | default }}"
        }
    }
    block = {"block": [{"ansible.builtin.import_role": {"name": TUNE}}], "rescue": [use]}
    ran = run(fleet, [{"hosts": name, "gather_facts": False, "tasks": [block]} for name in fleet.told])
    assert_harmless(fleet, ran)
    assert ran.code == 0


# as plays get at the facts of another host; Ansible does not look into it for marks
HOST = "hostvars[inventory_hostname].ansible_facts.socket_memory"
WANTED = {"net.core.somaxconn": 77, "net.ipv4.tcp_tw_reuse": 1, "net.core.wmem_max": 1048576}
WORSE = {
    "tcp": {"state": "pressure", "kernel_flag": True},
    "udp": {"state": "critical"},
    "counters": {"TCPMemoryPressures": 999999999},
}
# What users take from facts, FACTS: by themselves, and by what this collection has for it.
PLAIN = {
    "all": "{{ FACTS }}",
    "text": "TCP is {{ FACTS.tcp.state }}, {{ FACTS.kernel }}",
    "names": "{{ FACTS.counters | default({}) | list }}",
    "warnings": "{{ FACTS.warnings | join('; ') }}",
    "findings": "{{ FACTS.findings | default([]) | map(attribute='message') | join('; ') }}",
}
FILTERED = {
    "asked": "{{ FACTS | linux_net.socket_memory.jmespath('@') }}",
    "asked_for_some": "{{ FACTS | linux_net.socket_memory.jmespath('[kernel, tcp.state, boot.*.file, keys(boot)]') }}",
    "sized": "{{ (FACTS | linux_net.socket_memory.recommend({'profile': 'application_server'})).lint | "
    "map(attribute='message') | list }}",
    "reasons": "{{ (FACTS | linux_net.socket_memory.recommend({})).reasons.values() | list }}",
    "carried": "{{ (FACTS | linux_net.socket_memory.capacity({})).answers }}",
    "differs": "{{ %s | linux_net.socket_memory.drift(FACTS) | map(attribute='message', default='') | list }}" % WANTED,
    "differs_why": "{{ %s | linux_net.socket_memory.drift(FACTS) | map(attribute='reason', default='') | list }}"
    % WANTED,
    "worse": "{{ FACTS | linux_net.socket_memory.regressions(FACTS | combine(%s, recursive=true)) | "
    "map(attribute='message') | list }}" % WORSE,
    "table": "{{ {inventory_hostname: FACTS} | linux_net.socket_memory.fleet | linux_net.socket_memory.fleet_table }}",
    "lines": "{{ FACTS | linux_net.socket_memory.recommend({}) | "
    "linux_net.socket_memory.assignments(FACTS.page_size) | map(attribute='comment') | list }}",
    "relieved": "{{ FACTS | linux_net.socket_memory.would_relieve }}",
    "presses": "{{ FACTS is linux_net.socket_memory.under_memory_pressure }}",
}


def taking(facts, expressions, together):
    """Return tasks that take *expressions* from *facts*, and use what they took once more; in one task where
    *together*.
    """
    groups = [list(expressions)] if together else [[name] for name in expressions]
    tasks = [
        {
            "ansible.builtin.set_fact": {"taken_" + name: expressions[name].replace("FACTS", facts) for name in group},
            "ignore_errors": True,
        }
        for group in groups
    ]
    return [*tasks, {"ansible.builtin.debug": {"msg": ["{{ taken_%s | default }}" % name for name in expressions]}}]


def judging(**facts):
    """Return a task that judges facts, and one that uses what comes of it."""
    return [
        {
            VERDICT: dict(
                facts,
                gate=True,
                prove={"dropin": hostile.SETS_SOMETHING, "settings": WANTED},
                rules={"cgroups": "warn", "kernel_log": "warn"},
            ),
            "register": "judged",
            "ignore_errors": True,
        },
        {
            "ansible.builtin.debug": {
                "msg": ["{{ judged }}", "{{ inventory_hostname }} says {{ judged.msg | default }}"]
            }
        },
    ]


READ = {FACTS: {"gather_subset": ["all", "cgroups", "kernel_log"]}, "register": "answer", "ignore_errors": True}
# A result as a whole, in loops, in conditions, kept, after a failure and in a rescue.
USED = [
    {"ansible.builtin.debug": {"var": "answer"}, "failed_when": "answer.msg | default('') is search('no such text')"},
    {"ansible.builtin.debug": {"msg": "{{ item }}"}, "with_items": "{{ %s.findings | default([]) }}" % HOST},
    {"ansible.builtin.debug": {"msg": "{{ item }}"}, "loop": "{{ %s.warnings | default([]) }}" % HOST},
    {
        "ansible.builtin.set_fact": {
            "kept": "{{ answer }}",
            "sentence": "It said {{ answer.msg | default }}",
            "judgement": "{{ judged | default }}",
            "reason": "It says {{ judged.msg | default }}",
        }
    },
    {
        "block": [
            {
                VERDICT: {
                    "facts": "{{ %s | default({}) }}" % HOST,
                    "gate": True,
                    "rules": {"fail_states": ["normal", "soft"]},
                }
            }
        ],
        "rescue": [
            {
                "ansible.builtin.set_fact": {
                    "failure": "{{ ansible_failed_result }}",
                    "why": "because {{ ansible_failed_result.msg | default }}",
                }
            }
        ],
    },
    {
        "ansible.builtin.debug": {
            "msg": [
                "{{ %s | default }}" % name for name in ("kept", "sentence", "judgement", "reason", "failure", "why")
            ]
        }
    },
]


GONE = {
    "ansible.builtin.meta": "end_host",
    "when": "ansible_facts.socket_memory is not defined",
}  # a host without facts has nothing more to give


@pytest.mark.parametrize("lane", LANES)
def test_facts_in_the_hands_of_their_users(true_answers, fleet, lane):
    """Registered, kept, taken to pieces, judged, rescued; and what a cache kept of them is read by a second play."""
    thorough = EVERYTHING or lane == "fast"
    answer = true_answers(lane)["reads"][READ_ALL]
    plan = fleet.keep("reads", [answer])
    honest = fleet.add("honest", plan)
    add_lies(fleet, plan, answer, 1, EVERY_PAYLOAD if thorough else FEW_PAYLOADS[:4])
    everywhere = list(fleet.told)
    add_lies(fleet, plan, answer, 1, places=["bare"], every=2 if thorough else 6)
    text = [name for name in fleet.told if name not in everywhere]
    add_lies(fleet, plan, answer, 1, types=thorough)  # each costs one task
    wrong = [name for name in fleet.told if name not in everywhere + text]
    taken = {**PLAIN, **FILTERED}
    plays = [
        (everywhere, [READ, *USED, GONE, *taking(HOST, taken, together=False), *judging(), *USED]),
        (text, [READ, GONE, *taking(HOST, taken, together=True), *judging()]),
        (wrong, [READ, GONE, *judging()[:1]]),
    ]
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(fleet.folder / "cache")}
    ran = run(
        fleet,
        [{"hosts": names, "gather_facts": False, "tasks": tasks} for names, tasks in plays if names],
        variables={"socket_memory_fast_lane": LANES[lane]},
        **cache,
    )
    assert_harmless(fleet, ran)
    assert_judged(fleet, honest, "FAIL: %s: 0 of 3 settings hold" % honest)
    assert_refused(fleet, lane)

    fleet.again()
    tasks = [GONE, {"ansible.builtin.debug": {"var": "ansible_facts"}}, *judging()]
    ran = run(fleet, [{"hosts": everywhere + text, "gather_facts": False, "tasks": tasks}], **cache)
    assert_harmless(fleet, ran)
    assert_judged(fleet, honest, "FAIL: %s: 0 of 3 settings hold" % honest)


def test_kept_facts_that_are_wrong(true_answers, fleet):
    """From a file, as the option facts of a verdict and for the filters, from a cache, and from an audit, with the
    play of docs/sizing.md.
    """
    facts = true_answers("fast")["reads"][READ_ALL]["facts"]
    facts = dict(
        facts,
        warnings=["one"],
        findings=[{"id": "boot-differs", "severity": "warning", "message": "one", "evidence": {}, "remedy": "one"}],
    )
    kept = []

    def add(told, *strikes):
        name = fleet.add(told, {})
        kept.append({"host": name, "socket_memory": hostile_python.struck(facts, strikes)})
        (fleet.folder / name / "facts.json").write_text(json.dumps(kept[-1]["socket_memory"]), encoding="utf-8")
        return name

    honest = add("as they were")
    for name in EVERY_PAYLOAD if EVERYTHING else FEW_PAYLOADS:
        add("%s everywhere" % name, {"do": "everywhere", "value": fleet.payload(name), "keys": False})
    for number, path in enumerate(hostile.steps(facts, EVERYTHING)[1:]):
        lies = [("bare", fleet.payload("bare"))]
        if EVERYTHING or number % 2:
            lies += [one for one in hostile.wrong_types(hostile.at(facts, path)) if not hostile.is_raw(one[1])]
        for name, value in lies if EVERYTHING else [lies[number // 2 % len(lies)]] * (number % 4 < 2):
            add("%s at %s" % (name, hostile.shown(path)), {"do": "put", "path": path, "value": value})
    read = "(lookup('ansible.builtin.file', '%s/' ~ inventory_hostname ~ '/facts.json') | from_json)" % fleet.folder
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(fleet.folder / "cache")}
    run(
        fleet,
        [{"ansible.builtin.set_fact": {"socket_memory": "{{ %s }}" % read, "cacheable": True}, "ignore_errors": True}],
        **cache,
    )
    for place, options, settings in ((read, {"facts": "{{ %s }}" % read}, {}), (HOST, {}, cache)):
        fleet.again()
        ran = run(fleet, [*taking(place, FILTERED, together=not EVERYTHING), *judging(**options)], **settings)
        assert_harmless(fleet, ran)
        assert_judged(fleet, honest, "FAIL: %s: 0 of 3 settings hold" % honest)

    fleet.again()
    audit = fleet.folder / "audit.json"
    audit.write_text(json.dumps({"hosts": kept}), encoding="utf-8")
    ran = run(fleet, what_if(fleet), variables={"audit": str(audit)})
    assert_harmless(fleet, ran)
    assert "%s: tcp_mem" % honest in ran.output


def what_if(fleet):
    """Return the path of the play in docs/sizing.md that tries a workload on an audit."""
    text = (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8").partition("## What if")[2]
    path = fleet.folder / "what-if.yml"
    path.write_text(re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1), encoding="utf-8")
    return str(path)


def test_the_other_playbooks(true_answers, fleet, tmp_path):
    """Verify, the gate, the audit with its report, the way back and one task by itself: plain, in check mode with a
    diff, and talkative.
    """
    reads = true_answers("fast")["reads"]
    gate = [
        {
            "ansible.builtin.import_role": {"name": "linux_net.socket_memory.pressure_gate"},
            "vars": {
                "pressure_gate_window": 0.1,
                "pressure_gate_cgroups": "warn",
                "pressure_gate_kernel_log": "warn",
                "pressure_gate_fleet_budget": "90 %",
            },
        }
    ]
    sampling = [dict(gate[0], vars=dict(gate[0]["vars"], pressure_gate_sampling=True))]
    ways = [
        ([READ_VERIFY], VERIFY, ["--check", "--diff"], "FAIL: h0000: 0 of 2 settings hold"),
        ([READ_FIRST, READ_AGAIN], gate, ["-vvv"], "WARN: h0000: "),
        ([READ_GATE], sampling, [], "WARN: h0000: "),
        ([READ_ALL], AUDIT, [], "HOST "),
        ([ROLLED_BACK], ROLLBACK, ["--diff", "-vvv"], None),
        ([ROLLED_BACK], ROLLBACK, ["--check"], None),
        ([READ_ALL], "ansible", ["all", "--module-name", FACTS], None),
    ]
    for number, (visits, name, arguments, beginning) in enumerate(ways):
        fleet = hostile.Fleet(tmp_path / str(number))
        plan = fleet.keep("answers", [reads[visit] for visit in visits])
        honest = fleet.add("honest", plan)
        for at, visit in enumerate(visits, 1):
            add_lies(fleet, plan, reads[visit], at, FEW_PAYLOADS, ["bare"] * EVERYTHING, words=name == ROLLBACK)
        ran = run(
            fleet,
            name,
            *arguments,
            variables={"tune_tcp_dropin": hostile.SETS_SOMETHING},
            ANSIBLE_CALLBACK_RESULT_FORMAT="yaml",
        )
        assert_harmless(fleet, ran, talkative="-vvv" in arguments, plays=name != "ansible")
        if beginning:
            assert beginning in ran.output
        if name == AUDIT:
            ran = run(fleet, what_if(fleet), variables={"audit": str(fleet.folder / "socket-memory-audit.json")})
            assert_harmless(fleet, ran)
            assert "%s: tcp_mem" % honest in ran.output


def test_what_a_host_prints_has_a_bound_in_the_memory_of_its_controller(true_answers, fleet):
    """Without end, or very much at once, where an answer should be, in front of it, or in it; an honest host beside
    them is read.
    """
    answers = true_answers("fast")
    reads = answers["reads"][READ_GATE]
    honest = fleet.add("honest", fleet.keep("reads", [reads]))
    floods = {}
    for name, number in (
        ("endless", 0),
        ("endless lines", 0),
        ("endless answer", 0),
        ("endless errors", 0),
        ("megabytes", 400),
    ):
        floods[fleet.add(name, {"print": [name, number]})] = TOO_MUCH
    plan = fleet.keep("empty", [dict(reads, warnings=[])])

    def answer(told, path, value, said=TOO_MUCH):
        floods[fleet.add(told, dict(plan, strikes=[{"do": "put", "path": path, "value": value}]))] = said

    answer("an answer of 9 MiB", ["facts", "evil"], "y" * (9 << 20))
    answer("2.7 million empty lists", ["facts", "evil"], hostile_python.RAW + "[%s]" % ",".join(["[]"] * 2700000))
    answer("a number of 8 million digits", ["facts", "page_size"], hostile_python.RAW + "7" * 8000000)
    answer("100,000 warnings", ["warnings"], ["warning %d of a host" % number for number in range(100000)], None)
    answer("a kernel of 7 MB", ["facts", "kernel"], "y" * 7000000, None)
    floods[fleet.add("a message of 7 MB", dict(fleet.keep("failure", [{"failed": True, "msg": "y" * 7000000}])))] = (
        "[0-9].* more|of 7[,.]?000[,.]?0"
    )
    ran = run(
        fleet,
        [{FACTS: {"gather_subset": ["tcp", "udp", "cgroups", "kernel_log"]}, "ignore_errors": True}, *judging()],
        limited=True,
        ANSIBLE_FORKS="2",
    )
    assert_harmless(fleet, ran)
    assert_judged(fleet, honest, "FAIL: %s: " % honest)
    assert ran.peak < LARGEST_PROCESS, "%d MiB" % ran.peak
    results = {one["host"]: one["result"] for one in fleet.read_results() if one["action"] == FACTS}
    assert set(results) == set(fleet.told)
    for name, said in floods.items():
        length, message = len(json.dumps(results[name])), results[name].get("msg", "")
        assert length < LONGEST_RESULT, "%s: %d characters get on" % (fleet.told[name], length)
        assert not said or re.search(said, message), "%s, which is not said: %s" % (fleet.told[name], message)
