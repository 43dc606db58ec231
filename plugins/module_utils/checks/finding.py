# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one kind of finding, and checks as data: lint, findings, gate, drift and roll-out regressions all have this
form.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    LONGEST_TEXT,
    cut,
    within_bounds,
)

SEVERITIES = ("error", "warning", "info")  # the worst first: errors fail a play, warnings warn


def finding(identifier, severity, subject, message, evidence, remedy):
    """Return a finding as a dictionary of these names.

    identifier: a word that users name to silence it or to change its severity; each has an entry in the docs. subject:
    the sysctl key, file or control group that it is about, None for the host. evidence: the numbers that message is
    made of; one that 64 bits do not hold is None, as in all facts.
    """
    return {
        "id": identifier,
        "severity": severity,
        "subject": subject,
        "message": cut(message, LONGEST_TEXT - 3),
        "evidence": within_bounds(evidence),
        "remedy": cut(remedy, LONGEST_TEXT - 3),
    }


class Check:
    """A check as data.

    identifier, severity: of its findings. needs: the parts of the data without which it cannot be made. rule: a
    function of the data that yields (subject, evidence) for each thing it finds, or (subject, evidence, severity) where
    that depends. message, remedy: texts, or functions of subject and evidence that return them.
    """

    def __init__(self, identifier, severity, needs, rule, message, remedy):
        self.identifier = identifier
        self.severity = severity
        self.needs = needs
        self.rule = rule
        self.message = message
        self.remedy = remedy

    def findings(self, data):
        """Return what this check finds in *data* ({part: value}), nothing where a part that it needs is absent or
        None.
        """
        if any(data.get(part) is None for part in self.needs):
            return []
        return [
            finding(
                self.identifier,
                severity[0] if severity else self.severity,
                subject,
                _said(self.message, subject, evidence),
                evidence,
                _said(self.remedy, subject, evidence),
            )
            for subject, evidence, *severity in self.rule(data)
        ]


def _said(text, subject, evidence):
    return text(subject, evidence) if callable(text) else text


def with_severities(findings, severities):
    """Return *findings* with the severities that a user gave some ids, {id: severity}."""
    return worst_first([dict(found, severity=severities.get(found["id"], found["severity"])) for found in findings])


def run_checks(checks, data):
    """Return what *checks* find in *data*, the worst first."""
    return worst_first([found for check in checks for found in check.findings(data)])


def worst_first(findings):
    """Return *findings* by their severity, those that are silenced last."""
    return sorted(findings, key=lambda found: ("silenced" in found, SEVERITIES.index(found["severity"])))


def silence(findings, reasons):
    """Return *findings* with those marked that *reasons* ({id: reason}) name: "silenced" holds the reason, the
    severity stays. Errors cannot be silenced.
    """
    return worst_first(
        [
            dict(found, silenced=reasons[found["id"]])
            if found["id"] in reasons and found["severity"] != "error"
            else found
            for found in findings
        ]
    )


def counting(findings, severity):
    """Return those of *findings* that have *severity* and are not silenced."""
    return [found for found in findings if found["severity"] == severity and "silenced" not in found]
