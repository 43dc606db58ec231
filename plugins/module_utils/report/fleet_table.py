# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts at once: one record and one table for all of them."""

import collections

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.pools import threshold
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text_table import text_table

# The worst first, so that it is read first.
STATE_ORDER = ("critical", "pressure", "recovering", "imminent", "soft", "unknown", "no facts", "normal")
COLUMNS = ("HOST", "TCP", "USED", "HIGH", "% OF HIGH", "FLAG", "SOCKETS", "UDP", "FINDINGS")


def fleet(facts_of_hosts):
    """Return [{host, socket_memory}] for {name: facts}, sorted by name; None stands for a host without facts."""
    return [{"host": host, "socket_memory": facts_of_hosts[host] or None} for host in sorted(facts_of_hosts)]


def fleet_table(hosts):
    """Return the lines of a table of *hosts* (from fleet), the worst first, and a last line that counts them."""
    rows = sorted((_cells(one["host"], one["socket_memory"]) for one in hosts), key=lambda row: (STATE_ORDER.index(row[1]), row[0]))
    counts = collections.Counter(row[1] for row in rows)
    total = "%d %s" % (len(rows), "host" if len(rows) == 1 else "hosts")
    return text_table([COLUMNS] + rows) + ["%s: %s" % (total, ", ".join("%d %s" % (counts[state], state) for state in STATE_ORDER if counts[state]))]


def _cells(host, facts):
    """Return the texts of one host."""
    if not facts or "tcp" not in facts:
        return (host, "no facts") + ("-",) * (len(COLUMNS) - 2)
    tcp, udp = facts["tcp"], facts.get("udp") or {}
    high = threshold(tcp, "high", "bytes")
    findings = [finding["id"] for finding in facts.get("findings") or []]
    return (
        host,
        tcp["state"] or "unknown",
        human_bytes(tcp["used"]["bytes"]),
        "-" if high is None else human_bytes(high),
        "-" if tcp["percent_of_high"] is None else "%.1f" % tcp["percent_of_high"],
        {True: "yes", False: "no", None: "?"}[tcp["kernel_flag"]],
        "-" if tcp["sockets"]["in_use"] is None else str(tcp["sockets"]["in_use"]),
        str(udp.get("state") or "unknown"),
        ", ".join(findings) or "none",
    )
