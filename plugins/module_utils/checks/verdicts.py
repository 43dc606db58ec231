# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a host in the end: one verdict of several."""

GRADES = ("fail", "warn", "pass")  # the worst first


def grade(verdict):
    """Return "pass", "warn" or "fail" for a verdict with ``passes``, and ``verdict`` where there is more than two to choose from."""
    return verdict.get("verdict") or ("pass" if verdict["passes"] else "fail")


def joined(verdicts):
    """Return one verdict of several, as of drift.prove and gate.judge: it passes where all do, and has all that they have.

    verdict: the worst of theirs. message: theirs in one line, the worst first.
    """
    ordered = sorted(verdicts, key=lambda one: GRADES.index(grade(one)))
    result = {}
    for one in ordered:
        result.update(one)
    return dict(result, passes=all(one["passes"] for one in verdicts), verdict=grade(ordered[0]), message=" ".join(one["message"] for one in ordered))
