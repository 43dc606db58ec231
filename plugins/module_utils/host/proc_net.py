# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsers of /proc/net tables: by name, never by column number, tolerant of what they do not know.

Each takes the text of one file and returns ``(values, problems)``: *problems* are sentences about what could
not be read; the value concerned is None and the rest stands. Formats: net/ipv4/proc.c (sockstat, netstat,
snmp), net/ipv6/proc.c (sockstat6, snmp6), net/core/sock.c (protocols) in the kernel.
A number is one of at most 64 bits; -1 is how the kernel says "not counted".
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    DIGITS,
    bounded,
    cut,
    quoted,
    whole_number,
)

LONGEST_NAME = 80  # characters of a name in a message


def parse_sockstat(text):
    """Parse sockstat or sockstat6 into ``{"TCP": {"inuse": 5, "mem": 3}, …}``."""
    values, problems = {}, []
    for line in text.splitlines():
        protocol, colon, rest = line.partition(":")
        if not colon:
            if line.strip():
                problems.append("line without a protocol: %s" % quoted(line))
            continue
        fields = values.setdefault(protocol.strip(), {})
        words = rest.split()
        for name, word in zip(words[0::2], words[1::2] + [""]):
            fields[name] = whole_number(word)
            if fields[name] is None:
                problems.append(
                    "%s %s: %s"
                    % (_name(protocol), _name(name), _no_number(word) if word else "no value, the line is cut")
                )
    return values, problems


def parse_protocols(text):
    """Parse /proc/net/protocols into ``{"TCP": {"sockets": "3", "memory": "0", "press": "no", …}, …}`` (words as
    printed).
    """
    lines = text.splitlines()
    header = lines[0].split() if lines else []
    if "protocol" not in header:
        return {}, ["no header line with a column named protocol"]
    values, problems = {}, []
    for line in lines[1:]:
        row = dict(zip(header, line.split()))
        values[row.get("protocol")] = row
        if len(row) < len(header):
            problems.append("row of %s is cut" % _name(row.get("protocol") or "no protocol"))
    values.pop(None, None)
    return values, problems


def parse_header_pairs(text):
    """Parse /proc/net/netstat or snmp, pairs of a header and a value line, into ``{"TcpExt": {"PruneCalled": 0, …},
    …}``.

    Of a cut value line the last word is not trusted either: its end may be missing.
    """
    values, problems = {}, []
    headers = {}
    for line in text.splitlines():
        table, colon, rest = line.partition(":")
        words = rest.split()
        if not colon:
            if line.strip():
                problems.append("line without a table name: %s" % quoted(line))
        elif table not in headers:
            headers[table] = words
        else:
            names = headers.pop(table)
            numbers = [whole_number(word) for word in words]
            if len(numbers) < len(names):
                problems.append(
                    "%s: %d values for %d names, the line is cut" % (_name(table), len(numbers), len(names))
                )
                numbers = numbers[:-1] + [None] * (len(names) - len(numbers) + 1)
            for name, number, word in zip(names, numbers, words):
                if number is None and whole_number(word) is None:
                    problems.append("%s %s: %s" % (_name(table), _name(name), _no_number(word)))
            values.setdefault(table, {}).update(zip(names, numbers))
    problems.extend("%s: names without values, the file is cut" % _name(table) for table in headers)
    return values, problems


def parse_name_value(text):
    """Parse /proc/net/snmp6 (one name and one value a line) into ``{"Udp6MemErrors": 0, …}``."""
    values, problems = {}, []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        values[words[0]] = whole_number(words[1]) if len(words) == 2 else None
        if values[words[0]] is None:
            problems.append("%s: %s" % (_name(words[0]), _no_number(words[1]) if len(words) == 2 else "no number"))
    return values, problems


def parse_drops(text):
    """Parse /proc/net/udp or udp6 (net/ipv4/udp.c udp4_format_sock) into what its sockets dropped: the sum of the last
    column, None where it is another one.
    """
    lines = text.splitlines()
    if not lines or lines[0].split()[-1:] != ["drops"]:
        return None, ["no header line with drops as its last column"]
    drops, problems = 0, []
    for line in lines[1:]:
        number = whole_number(line[line.rstrip().rfind(" ") + 1 :].strip())
        if number is None or number < 0:
            return None, ["line without a number of drops: %s" % quoted(line)]
        drops += number
    return bounded(drops), problems


def _name(name):
    """Return what the host calls something as it is shown in a message, without quotes."""
    return cut(name.strip(), LONGEST_NAME, lambda text: repr(text)[1:-1])


def _no_number(word):
    """Return why *word* is not taken."""
    return "%s: %s" % (
        "not a number" if not DIGITS.issuperset(word.lstrip("-")) else "more than 64 bits hold",
        quoted(word),
    )
