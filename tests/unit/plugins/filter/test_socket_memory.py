# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters: the same result as the function behind, and refusals in Ansible's way."""

import functools
import json
import os
import re
import sys

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.linux_net.socket_memory.plugins.filter import socket_memory
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import recommend
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.collection_version import collection_version

# Each takes the context of a template first.
FILTERS = {
    name: functools.partial(function, object()) for name, function in socket_memory.FilterModule().filters().items()
}
DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"


def table_of(facts):
    """Return the table of hosts by their *facts*."""
    hostvars = {name: {"ansible_facts": {"socket_memory": one}} for name, one in facts.items()}
    return FILTERS["_audit_table"](FILTERS["_audit"](list(facts), hostvars, list(facts), "read"))


class Tagged(str):
    """Text as Ansible hands it over: a subclass of str."""


def test_every_filter_is_documented_under_its_name():
    folder = os.path.dirname(socket_memory.__file__)
    assert sorted(FILTERS) == sorted(name[: -len(".yml")] for name in os.listdir(folder) if name.endswith(".yml"))


def test_a_door_gives_what_the_function_gives(host):
    facts = host.facts()
    workload = {"connections": 500, "buffer_bytes": 131072}
    assert FILTERS["recommend"](facts, workload) == recommend(facts, workload)
    assert FILTERS["recommend"](facts) == facts["recommended"]
    assert FILTERS["_assignments"](facts["recommended"], facts["page_size"])[0]["key"] == "net.ipv4.tcp_mem"
    assert table_of({"a": facts})[-1] == "1 host: 1 normal"


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("recommend", ({}, {"profile": "fast"})),
        ("recommend", ({}, {})),
        ("drift", ({"net.ipv4.tcp_mem": "1 2"}, {"limits": {}, "boot": {}})),
    ],
)
def test_refusals_become_filter_errors_with_the_same_words(name, arguments):
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS[name](*arguments)
    assert str(caught.value) == str(caught.value.__cause__)


WRONG = [
    {"tcp": {}, "page_size": "{{ 1 }}"},
    {"tcp": "x"},
    dict.fromkeys(["udp"], {"state": 5}),
    {"tcp": {"used": {"bytes": float("-inf")}}},
    "text",
    5,
    {"findings": [{"id": "a", "severity": "bad"}]},
    {"counters": {"PruneCalled": "x"}},
    {"tcp": {"state": "well"}},
]


@pytest.mark.parametrize("facts", WRONG)
def test_facts_that_are_none_are_refused_without_their_text(facts):
    for name, arguments in (("recommend", ()), ("capacity", ()), ("_would_relieve", ()), ("_regressions", (facts,))):
        with pytest.raises(AnsibleFilterError, match="^facts.*: found .*, expected .*"):
            FILTERS[name](facts, *arguments)
    with pytest.raises(AnsibleFilterError, match="^facts"):
        FILTERS["drift"]({"net.core.somaxconn": 5}, facts)


def test_one_host_with_wrong_facts_does_not_spoil_the_table_of_the_others(host):
    hosts = dict({"wrong%d" % number: facts for number, facts in enumerate(WRONG)}, right=host.facts(), none=None)
    lines = table_of(hosts)
    assert [line.split()[1:3] for line in lines[1:-1]] == [["failed", "-"]] * 10 + [["normal", "4.7"]]
    forged = dict(
        host.facts(),
        findings=[{"id": "none\nweb9  normal", "severity": "info", "message": "", "evidence": {}, "remedy": ""}],
    )
    assert len(table_of({"d": forged})) == 3


def test_an_audit_goes_by_the_reading_and_by_who_still_takes_part(host):
    hostvars = {
        "gone": {"ansible_facts": {"socket_memory": host.facts()}, "read": {"unreachable": True, "msg": "no route"}},
        "right": {"ansible_facts": {"socket_memory": host.facts()}, "read": {"changed": False}},
        "lost": {},
    }
    made = FILTERS["_audit"](list(hostvars), hostvars, ["right"], "read", "2026-11-26T02:32:55Z")
    assert [(one["host"], one["status"]) for one in made["hosts"]] == [
        ("gone", "unreachable"),
        ("lost", "failed"),
        ("right", "ok"),
    ]
    assert made["collection"] == collection_version() and made["started"] == "2026-11-26T02:32:55Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["finished"])
    assert FILTERS["_audit"]([], {}, [], "read")["started"]


@pytest.mark.parametrize("told", [None, "x", [], {}, {"hosts": "x"}, {"hosts": ["x"]}])
def test_what_is_no_audit_is_refused(told):
    with pytest.raises(AnsibleFilterError, match="^audit: found no list of hosts"):
        FILTERS["_audit_table"](told)


def test_parts_that_were_not_gathered_are_named(host):
    facts = {name: value for name, value in host.facts().items() if name != "boot"}
    with pytest.raises(AnsibleFilterError, match="facts: found no part boot, expected the subset boot"):
        FILTERS["drift"]({"net.core.somaxconn": 5}, facts)
    assert FILTERS["recommend"]({"page_size": 4096, "memory_total": 1 << 34, "limits": {"net.core.somaxconn": 5}})[
        "settings"
    ]


def test_what_leaves_a_filter_is_no_template(host):
    """By the mark of a text up to ansible-core 2.18, which may get lost on the way, and by that of the template;
    newer cores trust nothing by itself.
    """
    context = type("Context", (), {"unsafe": False})()
    found = socket_memory.FilterModule().filters()["jmespath"](context, {"a{{ 1 }}": "{{ 1 }}"}, "@")
    assert context.unsafe
    assert (
        found == wrap_var({"a{{ 1 }}": "{{ 1 }}"})
        and [type(text) for pair in found.items() for text in pair] == [type(wrap_var("{{ 1 }}"))] * 2
    )


def test_jmespath_sees_ansible_text_as_text():
    pytest.importorskip("jmespath")
    data = [
        {"host": Tagged("a"), "tcp": {"state": Tagged("normal")}},
        {"host": Tagged("b"), "tcp": {"state": Tagged("pressure")}},
    ]
    assert FILTERS["jmespath"](data, "[?starts_with(tcp.state, 'p')].host") == ["b"]
    with pytest.raises(AnsibleFilterError, match=r"JMESPath expression '\[\?'"):
        FILTERS["jmespath"](data, "[?")


def test_jmespath_reads_the_text_of_a_saved_audit():
    pytest.importorskip("jmespath")
    saved = json.dumps({"hosts": [{"host": "a", "status": "ok"}, {"host": "{{ 1 }}", "status": "failed"}]})
    for text in (saved, Tagged(saved), wrap_var(saved)):
        context = type("Context", (), {"unsafe": False})()
        found = socket_memory.FilterModule().filters()["jmespath"](context, text, "hosts[?status!='ok'].host")
        assert found == ["{{ 1 }}"] and context.unsafe and type(found[0]) is type(wrap_var("{{ 1 }}"))


@pytest.mark.parametrize("text", ["", "{", "web1", '{"a": 1} x', "[" * 100000])
def test_jmespath_says_that_text_is_no_json(text):
    pytest.importorskip("jmespath")
    with pytest.raises(AnsibleFilterError, match="^data: found text that is no JSON .*, expected data or JSON text"):
        FILTERS["jmespath"](text, "@")


def test_jmespath_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jmespath", None)
    with pytest.raises(AnsibleFilterError, match="pip install jmespath"):
        FILTERS["jmespath"]([], "[]")
