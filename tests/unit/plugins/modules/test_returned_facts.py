# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RETURN of socket_memory_facts documents the shape of the facts, no more and no less.

How deep it goes: every key of every dictionary and of every element of a list has an entry of its own, with four
exceptions.

- Dictionaries by keys of sysctl, or by counters of the kernel, are documented once, not for each name: values that are
  plain by the entry and its sample, values that are dictionaries by one entry C(KEY) that stands for any name.
- An amount of memory, C({pages, bytes}), is one value. Its sample shows both.
- C(keys) is told in the description above it: ansible-test refuses an entry of the name of a method of dictionaries.
- What a shape leaves open (the evidence of a finding) has no keys to document.
"""

import pytest
import yaml
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import FACTS, SIZE
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.counters import COUNTER_NAMES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import checked
from ansible_collections.linux_net.socket_memory.plugins.modules.socket_memory_facts import RETURN

COUNTERS = set(COUNTER_NAMES)
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list", "object": "dict"}
ENTRY = {"description", "type", "returned", "elements", "sample", "contains"}
DOCUMENTED = yaml.safe_load(RETURN)["ansible_facts"]["contains"]["socket_memory"]


def type_of(shape):
    """Return the type of *shape* as Ansible's documentation names it; "raw" for several."""
    types = [TYPES[name] for name in shape["type"] if name != "null"]
    return types[0] if len(types) == 1 else "raw"


def keys_of(shape):
    """Return {key: (shape, always)} of what has to be documented inside of *shape*, by the rule above."""
    inside = shape["items"] if "items" in shape else shape
    properties = inside.get("properties", {})
    if not properties or set(properties) == set(SIZE["properties"]):
        return {}
    if set(properties) <= set(KEYS) or set(properties) <= COUNTERS:
        elements = list(properties.values())
        return {"KEY": (elements[0], False)} if "properties" in elements[0] else {}
    return {key: (one, key in inside["required"]) for key, one in properties.items() if not hasattr(dict, key)}


def pairs(shape=None, documented=None, path="socket_memory"):
    """Yield (path, shape, always, entry) of every entry that is in both."""
    shape, documented = shape or FACTS, DOCUMENTED if documented is None else documented
    for key, (one, always) in keys_of(shape).items():
        entry = documented.get("contains", {}).get(key)
        if entry is not None:
            yield "%s.%s" % (path, key), one, always, entry
            yield from pairs(one, entry, "%s.%s" % (path, key))


def differing_keys(shape=None, documented=None, path="socket_memory"):
    """Return the paths that only one of both has."""
    shape, documented = shape or FACTS, DOCUMENTED if documented is None else documented
    wanted, found = keys_of(shape), documented.get("contains", {})
    differ = ["%s.%s" % (path, key) for key in sorted(set(wanted) ^ set(found))]
    return differ + [
        one
        for key in wanted
        if key in found
        for one in differing_keys(wanted[key][0], found[key], "%s.%s" % (path, key))
    ]


def test_every_key_is_documented_and_nothing_more():
    assert differing_keys() == []
    assert len(list(pairs())) > 150


def test_a_key_that_is_missing_or_too_much_is_found():
    """The test above can fail, at the top and at depth."""
    contains = dict(DOCUMENTED["contains"], more={})
    contains["tcp"] = dict(
        contains["tcp"], contains={key: one for key, one in contains["tcp"]["contains"].items() if key != "used"}
    )
    assert differing_keys(documented={"contains": contains}) == ["socket_memory.more", "socket_memory.tcp.used"]


@pytest.mark.parametrize("path, shape, always, entry", list(pairs()), ids=[path for path, *_rest in pairs()])
def test_an_entry_says_what_the_shape_says(path, shape, always, entry):
    assert set(entry) <= ENTRY
    assert entry["description"]
    assert entry["type"] == type_of(shape)
    assert entry.get("elements") == (type_of(shape["items"]) if entry["type"] == "list" else None)
    assert (entry["returned"] == "success") == always
    if "sample" in entry:
        assert subset(entry["sample"], checked(entry["sample"], shape, path)), "nothing of the sample may be dropped"
    if set(shape.get("properties", ())) == set(SIZE["properties"]):
        assert set(entry["sample"]) == set(SIZE["properties"])
    text = entry["description"] if isinstance(entry["description"], str) else " ".join(entry["description"])
    assert [word for word in shape.get("enum", ()) if "V(%s)" % word not in text] == [], (
        "every word that it may be is named"
    )


def subset(sample, whole):
    """Return whether all of *sample* is in *whole*, at every depth; what is absent is filled in there."""
    if isinstance(sample, dict):
        return all(key in whole and subset(one, whole[key]) for key, one in sample.items())
    if isinstance(sample, list):
        return len(sample) == len(whole) and all(map(subset, sample, whole))
    return sample == whole
