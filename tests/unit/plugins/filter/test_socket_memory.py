# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters as doors: the same result as the function behind, and refusals in Ansible's way."""

import os
import sys

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.linux_net.socket_memory.plugins.filter import socket_memory
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import recommend

FILTERS = socket_memory.FilterModule().filters()
DROPIN = "/etc/sysctl.d/99-tcp-memory.conf"


class Tagged(str):
    """Text as Ansible hands it over: a subclass of str."""


def test_every_filter_is_documented_under_its_name():
    folder = os.path.dirname(socket_memory.__file__)
    assert sorted(FILTERS) == sorted(name[:-len(".yml")] for name in os.listdir(folder) if name.endswith(".yml"))


def test_a_door_gives_what_the_function_gives(host):
    facts = host.facts()
    workload = {"connections": 500, "buffer_bytes": 131072}
    assert FILTERS["recommend"](facts, workload) == recommend(facts, workload)
    assert FILTERS["recommend"](facts) == facts["recommended"]
    assert FILTERS["assignments"](facts["recommended"], facts["page_size"])[0]["key"] == "net.ipv4.tcp_mem"
    assert FILTERS["fleet_table"](FILTERS["fleet"]({"a": facts}))[-1] == "1 host: 1 normal"


@pytest.mark.parametrize("name, arguments", [
    ("recommend", ({}, {"profile": "fast"})), ("recommend", ({}, {})), ("drift", ({"net.ipv4.tcp_mem": "1 2"}, {"limits": {}, "boot": {}}))])
def test_refusals_become_filter_errors_with_the_same_words(name, arguments):
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS[name](*arguments)
    assert str(caught.value) == str(caught.value.__cause__)


def test_jmespath_sees_ansible_text_as_text():
    pytest.importorskip("jmespath")
    data = [{"host": Tagged("a"), "tcp": {"state": Tagged("normal")}}, {"host": Tagged("b"), "tcp": {"state": Tagged("pressure")}}]
    assert FILTERS["jmespath"](data, "[?starts_with(tcp.state, 'p')].host") == ["b"]
    with pytest.raises(AnsibleFilterError, match=r"JMESPath expression '\[\?'"):
        FILTERS["jmespath"](data, "[?")


def test_jmespath_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jmespath", None)
    with pytest.raises(AnsibleFilterError, match="pip install jmespath"):
        FILTERS["jmespath"]([], "[]")
