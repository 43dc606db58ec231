# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the packages of module_utils: each imports only from those before it, and no two files import each
other.
"""

import ast
import os
import re

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils import errors

FOLDER = os.path.dirname(errors.__file__)
PACKAGE = errors.__name__[: -len(".errors")]
ORDER = (
    "",
    "kernel",
    "host",
    "boot",
    "checks",
    "sizing",
    "dropin",
    "facts",
    "rollout",
    "report",
)  # "" are the basics at the top level
MOST_LEVELS = 8
ARCHITECTURE = os.path.join(FOLDER, os.pardir, os.pardir, "docs", "architecture.md")


def files():
    """Return the names of all files, with dots."""
    found = []
    for folder, _folders, names in os.walk(FOLDER):
        inside = os.path.relpath(folder, FOLDER).replace(os.sep, ".")
        found += [(inside + "." + name[:-3]).lstrip(".") for name in names if name.endswith(".py")]
    return sorted(found)


def imports(name):
    """Return the files that the file *name* imports, anywhere in it."""
    with open(os.path.join(FOLDER, *name.split(".")) + ".py", encoding="utf-8") as stream:
        nodes = ast.walk(ast.parse(stream.read()))
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module.startswith(PACKAGE):
            inside = node.module[len(PACKAGE) + 1 :]
            found |= {inside} & set(files()) or {(inside + "." + alias.name).lstrip(".") for alias in node.names}
    return found


def package(name):
    return name.rpartition(".")[0]


@pytest.mark.parametrize("name", files())
def test_a_file_imports_only_from_its_own_package_and_those_before_it(name):
    assert package(name) in ORDER
    allowed = ORDER[: ORDER.index(package(name)) + 1]
    assert [other for other in sorted(imports(name)) if package(other) not in allowed] == []


def test_there_is_no_circle_and_no_long_way():
    levels = {}
    waiting = {name: imports(name) for name in files()}
    while waiting:
        ready = [name for name, others in waiting.items() if others <= set(levels)]
        assert ready, "a circle: %s" % sorted(waiting)
        for name in ready:
            levels[name] = 1 + max([levels[other] for other in waiting.pop(name)] or [0])
    assert max(levels.values()) <= MOST_LEVELS, levels


@pytest.fixture(scope="module")
def documented():
    """Return the text of docs/architecture.md."""
    with open(ARCHITECTURE, encoding="utf-8") as stream:
        return stream.read()


def test_the_documented_packages_are_these_in_this_order(documented):
    table = documented[documented.index("## The packages") : documented.index("## Where to look")]
    assert tuple(re.findall(r"^\| (?:`(\w+)`|\(top level\)) \|", table, re.MULTILINE)) == ORDER


def test_each_file_and_function_that_the_document_names_is_there(documented):
    file = r"`(?:plugin_utils/(\w+)|([a-z]+)/(\w+))\.py`"
    named = re.findall(file + r"(?: \(((?:`\w+`(?:, )?)+)\))?", documented)
    assert len(named) > 20
    for utility, folder, name, functions in named:
        path = os.path.join(FOLDER, *[os.pardir, "plugin_utils", utility] if utility else [folder, name])
        with open(path + ".py", encoding="utf-8") as stream:
            source = stream.read()
        assert [word for word in re.findall(r"\w+", functions) if word not in source] == [], name
