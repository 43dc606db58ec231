# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of this collection: each calls a plain function. Each is documented in the .yml of its name.

Facts are checked here, wherever they come from. What leaves may hold text of a host, so it is marked as no template.
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks import drift as drifts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError, refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.shape import (
    ASSIGNED,
    checked_facts,
    usable_facts,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report import audit as audits
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report import rows, table
from ansible_collections.linux_net.socket_memory.plugins.module_utils.rollout import rollout
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import checked, record
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import capacity as capacities
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import recommend as sizes
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.collection_version import collection_version
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.defects import describe_defect
from jinja2 import pass_context


def recommend(facts, workload=None):
    """Return the settings for one host."""
    return sizes.recommend(checked_facts(facts), workload)


def assignments(recommendation, page_size):
    """Return the lines of a drop-in."""
    return sizes.assignments(checked(recommendation, record(ASSIGNED), "recommendation"), page_size)


def capacity(facts, workload=None):
    """Return how many connections one host carries."""
    return capacities.capacity(checked_facts(facts), workload)


def drift(settings, facts):
    """Return where one host differs from *settings*."""
    return drifts.drift(settings, checked_facts(facts, "limits", "boot"))


def would_relieve(facts, settings=None):
    """Return whether *settings* are worth a try on one host."""
    return rollout.would_relieve(checked_facts(facts, "tcp"), settings)


def regressions(before, after):
    """Return in what one host is worse off."""
    return rollout.regressions(*(checked_facts(facts, "tcp", "udp", "counters") for facts in (before, after)))


def audit(names, hostvars, active, reading, started=None):
    """Return the audit of the hosts *names*; *reading* names the variable with the result of the task that read
    each.
    """
    finished = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    variables = ((name, hostvars[name]) for name in names)
    told = [
        rows.row(str(name), (own.get("ansible_facts") or {}).get("socket_memory"), own.get(reading), name in active)
        for name, own in variables
    ]
    return audits.audit(told, collection_version(), started or finished, finished)


def audit_table(told):
    """Return the lines of a table of an audit, fresh or saved."""
    hosts = told.get("hosts") if isinstance(told, dict) else None
    if not isinstance(hosts, list) or not all(isinstance(one, dict) for one in hosts):
        raise refuse(
            "audit", "no list of hosts", "what an audit file holds", "Read socket-memory-audit.json with from_json."
        )
    return table.table([rows.saved_row(one) for one in hosts])


def jmespath(data, expression):
    """Return what the JMESPath *expression* finds in *data*, or in what it says where it is JSON text."""
    try:
        import jmespath as library
    except ImportError as error:
        raise AnsibleFilterError(
            "The filter linux_net.socket_memory.jmespath needs jmespath on the controller: pip install jmespath"
        ) from error
    # The library tells types by their exact name, which Ansible's own strings and dictionaries do not have.
    try:
        plain = json.loads(str(data) if isinstance(data, str) else json.dumps(data))
    except (TypeError, ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "too deep, or no data"
        raise refuse(
            "data",
            "text that is no JSON (%s)" % why,
            "data or JSON text, such as a saved audit",
            "Look at the file it comes from.",
        ) from error
    try:
        return library.search(expression, plain)
    except library.exceptions.JMESPathError as error:
        raise AnsibleFilterError("JMESPath expression %r: %s" % (expression, error)) from error


def rollout_batch(names, hostvars, active, prefix):
    """Return what judge_batch says about the hosts *names*, of what a role left in variables that begin with
    *prefix*.
    """
    hosts = _tuned(names, hostvars, prefix)
    for host in hosts.values():
        for reading in ("before", "after"):
            facts = rollout.facts_in(host[reading])
            if facts:
                host[reading] = {"ansible_facts": {"socket_memory": usable_facts(facts)}}
    return rollout.judge_batch(hosts, active)


def rollout_summary(names, hostvars, active, prefix, check_mode=False):
    """Return what sum_up says about the hosts *names*, likewise."""
    return rollout.sum_up(_tuned(names, hostvars, prefix), active, check_mode)


def _tuned(names, hostvars, prefix):
    """Return what a role left in the variables of each host; to get at those of a host costs milliseconds, so once."""
    variables = ((name, hostvars[name]) for name in names)
    return {
        name: {short: own.get(prefix + short) for short in ("before", "result", "after", "batch")}
        for name, own in variables
    }


def _checked_filter(function):
    """Return *function* with its refusals as errors of Ansible, and its result marked as no template."""

    @pass_context
    @functools.wraps(function)
    def filter_function(context, *arguments, **options):
        try:
            result = wrap_var(function(*arguments, **options))
        except SocketMemoryError as error:
            raise AnsibleFilterError(str(error)) from error
        except AnsibleError:
            raise
        except Exception as error:
            raise AnsibleFilterError(describe_defect(error)) from None
        # Up to ansible-core 2.18 a mark may get lost where a result becomes text and data again; the context of the
        # template keeps it.
        if hasattr(context, "unsafe"):
            context.unsafe = True
        return result

    return filter_function


class FilterModule:
    """What Ansible asks for the filters in this file."""

    def filters(self):
        """Return {name: function}."""
        public: tuple[Callable[..., Any], ...] = (capacity, drift, jmespath, recommend)
        of_roles = (assignments, audit, audit_table, regressions, rollout_batch, rollout_summary, would_relieve)
        named = {function.__name__: function for function in public}
        named.update({"_" + function.__name__: function for function in of_roles})
        return {name: _checked_filter(function) for name, function in named.items()}
