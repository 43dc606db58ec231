# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A text table of many hosts."""

import collections

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import cut
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import threshold
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import FAILED, OK, UNREACHABLE
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text_table import text_table

# The worst first, so that it is read first.
STATE_ORDER = (
    "critical",
    "pressure",
    "recovering",
    "imminent",
    "stale",
    "soft",
    "unknown",
    UNREACHABLE,
    FAILED,
    "no facts",
    "normal",
)
COLUMNS = ("HOST", "TCP", "USED", "HIGH", "% OF HIGH", "FLAG", "SOCKETS", "UDP", "FINDINGS")
LONGEST_REASON = 100  # characters; the audit file has all of it


def table(rows):
    """Return the lines of a table of *rows* (of rows.row), the worst first, and a last line that counts them."""
    told = sorted((_cells(row) for row in rows), key=lambda cells: (STATE_ORDER.index(cells[1]), cells[0]))
    counts = collections.Counter(cells[1] for cells in told)
    total = "%d %s" % (len(told), "host" if len(told) == 1 else "hosts")
    counted = ", ".join("%d %s" % (counts[state], state) for state in STATE_ORDER if counts[state])
    return text_table([COLUMNS] + told) + ["%s: %s" % (total, counted or "none")]


def _cells(row):
    """Return the texts of one host."""
    facts = row["socket_memory"] or {}
    findings = "-" if "findings" not in facts else ", ".join(finding["id"] for finding in facts["findings"]) or "none"
    told = findings if row["status"] == OK else cut(row["reason"], LONGEST_REASON)
    if "tcp" not in facts:
        return (
            (row["host"], "no facts" if row["status"] == OK else row["status"]) + ("-",) * (len(COLUMNS) - 3) + (told,)
        )
    tcp, udp = facts["tcp"], facts.get("udp") or {}
    high = threshold(tcp, "high", "bytes")
    return (
        row["host"],
        (tcp["state"] or "unknown") if row["status"] == OK else row["status"],
        human_bytes(tcp["used"]["bytes"]),
        "-" if high is None else human_bytes(high),
        "-" if tcp["percent_of_high"] is None else "%.1f" % tcp["percent_of_high"],
        {True: "yes", False: "no", None: "?"}[tcp["kernel_flag"]],
        "-" if tcp["sockets"]["in_use"] is None else str(tcp["sockets"]["in_use"]),
        str(udp.get("state") or "unknown"),
        told,
    )
