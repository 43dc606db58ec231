# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A row for each host of a report: whether it could be read, why not, and its facts."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import LONGEST_SENTENCE, cut
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import FACTS, checked_facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import choice, nullable, record, text
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

STATUSES = OK, UNREACHABLE, FAILED = ("ok", "unreachable", "failed")
ROW = record(
    {"host": text(), "status": choice(*STATUSES), "reason": nullable(text()), "socket_memory": nullable(FACTS)}
)

NOT_READ = "Nothing was read of this host."
NO_REASON = "No reason was given."
LOST = "It failed or was unreachable earlier in the play."


def row(host, facts, reading=None, active=True):
    """Return {host, status, reason, socket_memory} of one host; reason is None where the status is "ok".

    facts: the value of ansible_facts.socket_memory, or nothing. reading: the result of the task that read it, where
    that is known. active: whether the host still takes part in the play. Where the reading failed, facts are those of
    an earlier one, in a cache, so they are left out; of a host that was lost for another reason they are kept.
    """
    reading = reading if isinstance(reading, dict) else {}
    if reading.get("unreachable"):
        return _row(host, UNREACHABLE, why(reading, host))
    if reading.get("failed"):
        return _row(host, FAILED, why(reading, host))
    if not facts:
        return _row(host, FAILED, NOT_READ if active else LOST)
    try:
        facts = checked_facts(facts)
    except SocketMemoryError as error:
        return _row(host, FAILED, str(error))
    return _row(host, OK, None, facts) if active else _row(host, FAILED, LOST, facts)


def saved_row(saved):
    """Return the row that *saved* is, checked again: a row of row(), or the {host, socket_memory} of audits before
    schema 1.
    """
    made = row(str(saved.get("host")), saved.get("socket_memory"))
    status = saved.get("status", OK)
    return (
        made
        if status == OK or status not in STATUSES
        else _row(made["host"], status, why({"msg": saved.get("reason")}, made["host"]), made["socket_memory"])
    )


def _row(host, status, reason, facts=None):
    return {"host": host, "status": status, "reason": reason, "socket_memory": facts}


def why(result, host):
    """Return what the *result* of a task that failed on *host* says, in one line, without the words that Ansible
    puts before it.
    """
    told = printable(" ".join(str(result.get("msg") or NO_REASON).split()))
    for words in ("Task failed: ", "Action failed: ", "%s: " % host):  # the first two since ansible-core 2.19
        if told.startswith(words):
            told = told[len(words) :]
    return cut(told, LONGEST_SENTENCE)
