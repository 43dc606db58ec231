# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public functions whose outputs are recorded. Where they move, only these imports change."""

from ansible_collections.linux_net.socket_memory.plugins.action.socket_memory_facts import ActionModule as FactsAction
from ansible_collections.linux_net.socket_memory.plugins.action.sysctl_dropin import ActionModule as DropinAction
from ansible_collections.linux_net.socket_memory.plugins.action.verdict import ActionModule as VerdictAction
from ansible_collections.linux_net.socket_memory.plugins.filter.socket_memory import FilterModule
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.drift import drift, prove
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.gate import judge, judge_fleet
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.assemble import run as run_facts
from ansible_collections.linux_net.socket_memory.plugins.module_utils.facts.window import window
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.kernel_log import find_messages
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.observation import observe
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.defaults import kernel_defaults
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.generations import counts_in_pages
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.states import under_memory_pressure
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.audit import audit
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.rows import row
from ansible_collections.linux_net.socket_memory.plugins.module_utils.report.table import table
from ansible_collections.linux_net.socket_memory.plugins.module_utils.rollout.rollout import (
    judge_batch,
    regressions,
    sum_up,
    would_relieve,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.capacity import capacity
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.recommend import assignments, recommend
from ansible_collections.linux_net.socket_memory.plugins.module_utils.sizing.workload import check_workload
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import (
    DROPIN,
    Kernel,
    captured,
    ignore,
    refuse,
    sizes,
    take,
    take_half,
)
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import SAVED as RECORD

__all__ = (
    "DROPIN",
    "RECORD",
    "DropinAction",
    "FactsAction",
    "FilterModule",
    "Kernel",
    "SocketMemoryError",
    "VerdictAction",
    "assignments",
    "audit",
    "capacity",
    "captured",
    "check_workload",
    "counts_in_pages",
    "drift",
    "find_messages",
    "ignore",
    "judge",
    "judge_batch",
    "judge_fleet",
    "kernel_defaults",
    "lint",
    "observe",
    "prove",
    "recommend",
    "refuse",
    "regressions",
    "row",
    "run_facts",
    "sizes",
    "sum_up",
    "table",
    "take",
    "take_half",
    "under_memory_pressure",
    "window",
    "would_relieve",
)
