# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script that a host runs: the core files that its work needs, packed, and the call of one function.

Each file goes as bytecode for a Python like the controller's, and as source for others.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import importlib.util
import json
import marshal
import pathlib
import re
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

PACKAGE = "ansible_collections.linux_net.socket_memory.plugins.module_utils"
# Of one core file by another, at its top. To parse the source for these would take longer than to compile it.
IMPORT = re.compile(rf"^from {re.escape(PACKAGE)}(?:\.([\w.]+))? import (?:\(([^)]*)\)|(.*))", re.MULTILINE)
FOLDER = pathlib.Path(__file__).parent.parent / "module_utils"

# Runs on the host: Python 3.6 syntax, and its first lines that of any Python 3, so that an old one can say so.
# A Python that has the same bytecode as the controller's, by its magic number, is spared the compilation.
SCRIPT = """\
import sys
if sys.version_info < (3, 6):
    words = "Python %%d.%%d is too old, 3.6 or newer is needed" %% sys.version_info[:2]
    sys.stdout.write("%(mark)s{\\"failed\\": true, \\"msg\\": \\"" + words + "\\"}%(mark)s")
    sys.exit(0)
import binascii, marshal, zlib
package = sys.modules["%(package)s"] = type(sys)("%(package)s")
same = getattr(sys.modules.get("_frozen_importlib_external"), "MAGIC_NUMBER", None) == %(magic)r
def unpack(text):
    return zlib.decompress(binascii.a2b_base64(text))
def answer():
    for name, code, source in %(parts)r:
        module = type(sys)("%(package)s." + name)
        exec(marshal.loads(unpack(code)) if same else compile(unpack(source), name + ".py", "exec"), module.__dict__)
        sys.modules[module.__name__] = module
        folder, _, last = module.__name__.rpartition(".")
        setattr(sys.modules.setdefault(folder, type(sys)(folder)), last, module)
    try:
        return module.%(function)s(%(params)r)
    except package.errors.SocketMemoryError as error:
        return dict(error.results, failed=True, msg=str(error))
    except Exception as error:
        import traceback
        words = "unexpected %%s: %%s" %% (type(error).__name__, error)
        return {"failed": True, "msg": words, "exception": traceback.format_exc()}
result = answer()
sys.stdout.write("%(mark)s" + package.json_text.dumps(result) + "%(mark)s\\n")
"""


@dataclasses.dataclass
class Work:
    """What a host has to do: the *function* of the core file *core*, with *params*. parts: core files which that
    imports only when needed.
    """

    core: str
    function: str
    params: dict[str, Any]
    parts: Iterable[str] = ()


def _packed(data: bytes) -> str:
    """Return *data* as it is sent."""
    return base64.b64encode(zlib.compress(data)).decode()


class Part(NamedTuple):
    """A core file as it is sent, and the names of the core files that it imports at its top, with dots."""

    code: str
    source: str
    needs: list[str]


@functools.cache
def part(name: str) -> Part:
    """Return the core file *name*, packed once."""
    source = _path(name).read_text(encoding="utf-8")
    code = marshal.dumps(compile(source, f"{name}.py", "exec", dont_inherit=True, optimize=2))
    needs = []
    for file, in_parentheses, on_the_line in IMPORT.findall(source):
        names = (in_parentheses or on_the_line).split(",")
        files = [f"{file}.{one.split()[0]}".lstrip(".") for one in names if one.strip()]
        needs += [file] if _path(file).is_file() else files
    return Part(_packed(code), _packed(source.encode()), needs)


def _path(name: str) -> pathlib.Path:
    """Return where the core file *name*, such as kernel.states, stands."""
    return FOLDER.joinpath(*name.split(".")).with_suffix(".py")


def needed(names: Iterable[str]) -> list[str]:
    """Return *names* and all they need, what is needed before what needs it; the last name stays last."""
    ordered: list[str] = []

    def add(name: str) -> None:
        if name not in ordered:
            for other in part(name).needs:
                add(other)
            ordered.append(name)

    for name in names:
        add(name)
    return ordered


def script(work: Work, mark: str) -> str:
    """Return the script that does *work* on a host and prints the answer between two *mark*s."""
    parts = [(name, *part(name)[:2]) for name in needed(["json_text", *work.parts, work.core])]
    return SCRIPT % {
        "mark": mark,
        "package": PACKAGE,
        "magic": importlib.util.MAGIC_NUMBER,
        "parts": parts,
        "function": work.function,
        "params": json.loads(json.dumps(work.params)),
    }  # plain types, whose representation is Python
