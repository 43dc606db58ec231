# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a host in the end: one verdict of several."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import worst_first
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import sentences

GRADES = ("fail", "warn", "pass")  # the worst first


def joined(verdicts):
    """Return {passes, verdict, state, message, findings} of several verdicts, as of drift.prove and gate.judge: it
    passes where all do.

    verdict: the worst of theirs. message: theirs in one line, the worst first. state: of TCP, None where no verdict is
    about it.
    """
    ordered = sorted(verdicts, key=lambda one: GRADES.index(one["verdict"]))
    return {
        "passes": all(one["passes"] for one in verdicts),
        "verdict": ordered[0]["verdict"],
        "state": next((one["state"] for one in verdicts if one.get("state")), None),
        "message": sentences([one["message"] for one in ordered]),
        "findings": worst_first([found for one in ordered for found in one["findings"]]),
    }
