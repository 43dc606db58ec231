# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes docs/audit-schema.json, the JSON Schema of the audit file, from the shapes of the collection: python
tests/support/audit_schema.py
"""

import collections
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[2]
FILE = ROOT / "docs" / "audit-schema.json"
LEAST_SHARED = 100  # characters of JSON; what is shorter is easier to read where it stands


def schema():
    """Return the JSON Schema (draft 2020-12) of the audit file. What comes more than once is below "$defs", by the
    key where it came first.
    """
    from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.audit import AUDIT, SCHEMA

    times = collections.Counter(json.dumps(shape) for _key, shape in _shapes(AUDIT, "audit"))
    names = {}
    for key, shape in _shapes(AUDIT, "audit"):
        told = json.dumps(shape)
        if times[told] > 1 and len(told) >= LEAST_SHARED and told not in names:
            same = [name for name in names.values() if name.rstrip("0123456789") == key]
            names[told] = key + (str(len(same) + 1) if same else "")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Audit of linux_net.socket_memory, schema %d" % SCHEMA,
    }
    shared = {name: _inside(json.loads(told), names) for told, name in names.items()}
    return dict(whole, **dict(_inside(AUDIT, names), **{"$defs": shared}))


def _shapes(shape, key):
    """Yield (key, shape) of every shape in *shape*, the outer ones first."""
    yield key, shape
    for name, one in shape.get("properties", {}).items():
        yield from _shapes(one, name)
    for name in ("items", "additionalProperties"):
        if isinstance(shape.get(name), dict):
            yield from _shapes(shape[name], key)


def _inside(shape, names):
    """Return *shape* with references for the shapes in it that have one of *names*."""
    found = dict(shape)
    if "properties" in shape:
        found["properties"] = {key: _reference(one, names) for key, one in shape["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(shape.get(name), dict):
            found[name] = _reference(shape[name], names)
    return found


def _reference(shape, names):
    name = names.get(json.dumps(shape))
    return _inside(shape, names) if name is None else {"$ref": "#/$defs/" + name}


def text():
    """Return the text of the file."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "collections"))
    FILE.write_text(text(), encoding="ascii")
    print("%s: %d kB" % (FILE.relative_to(ROOT), FILE.stat().st_size // 1000))
