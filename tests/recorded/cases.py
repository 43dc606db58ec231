# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the areas share: hosts to look at, and outputs as they are recorded."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jinja2
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    FilterModule,
    SocketMemoryError,
    captured,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.compare import MISSING, differences

# Where fsync, which the transaction calls often, costs nothing.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4
MEM, UDP_MEM = "net.ipv4.tcp_mem", "net.ipv4.udp_mem"
RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
MAX, WMAX, START = "net.core.rmem_max", "net.core.wmem_max", "net.core.rmem_default"
FIN, REUSE = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_tw_reuse"
ORPHANS, WAITING, BACKLOG = "net.ipv4.tcp_max_orphans", "net.ipv4.tcp_max_tw_buckets", "net.core.somaxconn"


@contextlib.contextmanager
def host_of(name: str = "el8_x86_64", files: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Give a Host (tests/unit/helpers.py) on a copy of a fixture or variant. files: {path: what Host.write takes}."""
    umask = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            host = captured(name, os.path.realpath(folder))
            for path, text in (files or {}).items():
                host.write(path, text)
            yield host
    finally:
        os.umask(umask)


def outcome(function: Callable[..., Any], *arguments: Any, **options: Any) -> dict[str, Any]:
    """Return {result: what the function returns}, or {refused: its message} and what comes with it."""
    try:
        return {"result": function(*arguments, **options)}
    except SocketMemoryError as error:
        return dict(error.results, refused=str(error))


def environment() -> jinja2.Environment:
    """Return a template environment with our filters; of what Ansible adds to Jinja our templates use nothing else."""
    found = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    found.filters.update({f"linux_net.socket_memory.{name}": one for name, one in FilterModule().filters().items()})
    return found


def filtered(name: str, value: Any, *arguments: Any) -> Any:
    """Return what the filter *name* makes of *value* in a template."""
    templates = environment()
    context = templates.from_string("").new_context()
    return templates.call_filter(f"linux_net.socket_memory.{name}", value, arguments, context=context)


def told(value: Any, root: str = "") -> Any:
    """Return *value* as JSON holds it, without the directory *root* of a host in its texts."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return json.loads(text.replace(root, "ROOT") if root else text)


def changes(before: Any, after: Any) -> Any:
    """Return what of *after* differs from *before*: of dictionaries these keys only, "(gone)" for what is gone."""
    before, after = told(before), told(after)
    return _changes(before, after) if next(differences(before, after), None) else {}


def _changes(before: Any, after: Any) -> Any:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    return {
        key: _changes(before.get(key), after[key]) if key in after else "(gone)"
        for key in {*before, *after}
        if next(differences(before.get(key, MISSING), after.get(key, MISSING)), None)
    }
