# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of this collection: doors to the functions that also run on the hosts. Each is documented in the .yml of its name."""

import functools
import json

from ansible.errors import AnsibleFilterError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.capacity import capacity
from ansible_collections.linux_net.socket_memory.plugins.module_utils.drift import drift
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.fleet import fleet, fleet_table
from ansible_collections.linux_net.socket_memory.plugins.module_utils.rollout import judge_batch, regressions, sum_up, would_relieve
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing import assignments, recommend


def jmespath(data, expression):
    """Return what the JMESPath *expression* finds in *data*."""
    try:
        import jmespath as library
    except ImportError as error:
        raise AnsibleFilterError("The filter linux_net.socket_memory.jmespath needs jmespath on the controller: pip install jmespath") from error
    # The library tells types by their exact name, which Ansible's own strings and dictionaries do not have.
    plain = json.loads(json.dumps(data))
    try:
        return library.search(expression, plain)
    except library.exceptions.JMESPathError as error:
        raise AnsibleFilterError("JMESPath expression %r: %s" % (expression, error)) from error


def rollout_batch(names, hostvars, active):
    """Return what judge_batch says about the hosts *names*."""
    return judge_batch(_tuned(names, hostvars), active)


def rollout_summary(names, hostvars, active, check_mode=False):
    """Return what sum_up says about the hosts *names*."""
    return sum_up(_tuned(names, hostvars), active, check_mode)


def _tuned(names, hostvars):
    """Return what the role tune_tcp left in the variables of each host; to get at those of a host costs milliseconds, so once."""
    variables = ((name, hostvars[name]) for name in names)
    return {name: {short: own.get("tune_tcp_" + short) for short in ("before", "result", "after", "batch")} for name, own in variables}


def _door(function):
    """Return *function* with its refusals told in Ansible's way."""
    @functools.wraps(function)
    def filter_function(*arguments, **options):
        try:
            return function(*arguments, **options)
        except SocketMemoryError as error:
            raise AnsibleFilterError(str(error)) from error
    return filter_function


class FilterModule:
    """What Ansible asks for the filters in this file."""

    def filters(self):
        """Return {name: function}."""
        functions = (assignments, capacity, drift, fleet, fleet_table, jmespath, recommend, regressions, rollout_batch, rollout_summary, would_relieve)
        return {function.__name__: _door(function) for function in functions}
