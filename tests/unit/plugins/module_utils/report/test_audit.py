# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the audit file holds."""

import json

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.audit import AUDIT, audit, summary
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import row
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import checked
from ansible_collections.linux_net.socket_memory.tests.support import audit_schema
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import captured

CASES = ("idle", "loaded", "pressure", "drained-still-charged")
STARTED, FINISHED = "2026-11-26T02:32:55Z", "2026-11-26T02:33:10Z"


def rows_of_fixtures(folder):
    """Return rows of captured hosts, and of some that were not read; *folder* is for their copies."""
    read = [row(name, captured("el8_4.18.0-147/" + name, folder / name).facts(page_size=4096)) for name in CASES]
    read.append(row("debian", captured("debian12_6.18", folder / "debian").facts()))
    return read + [row("gone", None, {"unreachable": True, "msg": "no route"}), row("none", None)]


def test_the_audit_is_as_its_shape_says(tmp_path):
    rows = rows_of_fixtures(tmp_path)
    made = audit(rows, "0.2.0", STARTED, FINISHED)
    assert checked(made, AUDIT, "audit") == made
    assert list(made) == ["schema", "collection", "started", "finished", "summary", "hosts"]
    assert (made["schema"], made["collection"], made["started"], made["finished"]) == (1, "0.2.0", STARTED, FINISHED)
    assert [one["host"] for one in made["hosts"]] == sorted(one["host"] for one in rows)


def test_the_sums_are_those_of_the_rows(tmp_path):
    rows = rows_of_fixtures(tmp_path)
    sums = summary(rows)
    assert sums["hosts"] == 7
    assert sums["status"] == {"ok": 5, "unreachable": 1, "failed": 1}
    states = [one["socket_memory"]["tcp"]["state"] for one in rows if one["socket_memory"]]
    assert sums["tcp"] == {state: states.count(state) for state in sums["tcp"]} and sum(sums["tcp"].values()) == 5
    assert sums["tcp"]["pressure"] == 2
    found = [
        (finding["id"], finding["severity"], one["host"])
        for one in rows
        if one["socket_memory"]
        for finding in one["socket_memory"]["findings"]
    ]
    assert found
    assert sum(one["findings"] for one in sums["findings"]) == len(found)
    for one in sums["findings"]:
        hosts = [host for name, severity, host in found if (name, severity) == (one["id"], one["severity"])]
        assert (one["findings"], one["hosts"]) == (len(hosts), len(set(hosts)))


def test_findings_are_summed_by_id_and_severity_the_worst_first():
    def host(name, *findings):
        told = [
            {"id": id_, "severity": severity, "message": "", "evidence": {}, "remedy": ""} for id_, severity in findings
        ]
        return row(name, {"kernel": "x", "findings": told})

    rows = [
        host("a", ("x", "warning"), ("x", "warning"), ("z", "error")),
        host("b", ("x", "warning"), ("x", "error")),
        row("c", None),
    ]
    assert summary(rows)["findings"] == [
        {"id": "x", "severity": "error", "findings": 1, "hosts": 1},
        {"id": "z", "severity": "error", "findings": 1, "hosts": 1},
        {"id": "x", "severity": "warning", "findings": 3, "hosts": 2},
    ]
    assert sum(summary(rows)["tcp"].values()) == 0


def test_the_shipped_schema_is_made_from_the_shapes():
    """Where it differs: python tests/support/audit_schema.py"""
    assert audit_schema.FILE.read_text(encoding="ascii") == audit_schema.text()


def test_what_is_shared_in_the_schema_is_what_stands_in_the_shape():
    """The references put back give the shape."""
    whole = audit_schema.schema()
    shared = whole.pop("$defs")

    def put_back(one):
        if isinstance(one, dict):
            return (
                put_back(shared[one["$ref"].rpartition("/")[2]])
                if "$ref" in one
                else {key: put_back(value) for key, value in one.items()}
            )
        return [put_back(value) for value in one] if isinstance(one, list) else one

    assert {key: value for key, value in put_back(whole).items() if key not in ("$schema", "title")} == AUDIT


def test_other_programs_find_the_audit_as_the_schema_says(tmp_path):
    """With the package jsonschema, where it is there; it also says that the schema is one."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = json.loads(audit_schema.text())
    validator.check_schema(schema)
    made = json.loads(json.dumps(audit(rows_of_fixtures(tmp_path), None, STARTED, FINISHED)))
    assert [error.message for error in validator(schema).iter_errors(made)] == []
    for wrong in (
        dict(made, schema=2),
        dict(made, more=1),
        dict(made, hosts=[dict(made["hosts"][0], status="well")]),
        {},
    ):
        assert list(validator(schema).iter_errors(wrong))
