# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit of a fleet: what its file holds, and the sums over all hosts."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import SEVERITIES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import LONGEST_NAME
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import TCP_STATES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import ROW, STATUSES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import (
    choice,
    integer,
    items,
    nullable,
    record,
    text,
)

SCHEMA = 1  # goes up when a program that reads the file has to change
MOST_HOSTS = 1000000
UNKNOWN = "unknown"

_COUNTED = record(
    {"id": text(LONGEST_NAME), "severity": choice(*SEVERITIES), "findings": integer(1), "hosts": integer(1)}
)
SUMMARY = record(
    {
        "hosts": integer(),
        "status": record({status: integer() for status in STATUSES}),
        "tcp": record({state: integer() for state in TCP_STATES + (UNKNOWN,)}),
        "findings": items(_COUNTED, MOST_HOSTS),
    }
)
AUDIT = record(
    {
        "schema": integer(SCHEMA, SCHEMA),
        "collection": nullable(text(LONGEST_NAME)),
        "started": text(LONGEST_NAME),
        "finished": text(LONGEST_NAME),
        "summary": SUMMARY,
        "hosts": items(ROW, MOST_HOSTS),
    }
)


def audit(rows, collection, started, finished):
    """Return what the audit file holds of *rows* (of rows.row), which are sorted by the name of the host.

    collection: its version, or None. started, finished: UTC, ISO 8601 to the second with Z.
    """
    return {
        "schema": SCHEMA,
        "collection": collection,
        "started": started,
        "finished": finished,
        "summary": summary(rows),
        "hosts": sorted(rows, key=lambda row: row["host"]),
    }


def summary(rows):
    """Return the sums over *rows*: {hosts, status, tcp, findings}.

    status: {status: hosts}. tcp: {state: hosts} of those with facts about TCP, "unknown" where the state is None.
    findings: [{id, severity, findings, hosts}], errors first, then by id: how many of it there are, and on how many
    hosts.
    """
    status = dict.fromkeys(STATUSES, 0)
    tcp = dict.fromkeys(TCP_STATES + (UNKNOWN,), 0)
    found = {}
    for row in rows:
        status[row["status"]] += 1
        facts = row["socket_memory"] or {}
        if "tcp" in facts:
            tcp[facts["tcp"]["state"] or UNKNOWN] += 1
        for finding in facts.get("findings") or ():
            found.setdefault((SEVERITIES.index(finding["severity"]), finding["id"]), []).append(row["host"])
    return {
        "hosts": len(rows),
        "status": status,
        "tcp": tcp,
        "findings": [
            {"id": name, "severity": SEVERITIES[severity], "findings": len(hosts), "hosts": len(set(hosts))}
            for (severity, name), hosts in sorted(found.items())
        ],
    }
