# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version of this collection, as its own files tell it."""

from __future__ import annotations

import json
import pathlib

import yaml

ROOT = pathlib.Path(__file__).parents[2]


def collection_version(root: pathlib.Path = ROOT) -> str | None:
    """Return the version in MANIFEST.json, which an installed collection has, else in galaxy.yml, which a clone has,
    else None.
    """
    try:
        return str(json.loads((root / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"])
    except (OSError, ValueError, LookupError, TypeError):
        pass
    try:
        return str(yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return None
