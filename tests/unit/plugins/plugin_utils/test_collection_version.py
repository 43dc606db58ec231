# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version of the collection, from the files that tell it."""

import json
import pathlib

import yaml
from ansible_collections.linux_net.socket_memory.plugins.plugin_utils.collection_version import ROOT, collection_version


def test_the_version_is_that_of_this_collection():
    galaxy = ROOT / "galaxy.yml"
    if galaxy.exists():  # a clone; an installed collection has the manifest instead
        assert collection_version() == yaml.safe_load(galaxy.read_text())["version"]
    else:
        assert collection_version() == json.loads((ROOT / "MANIFEST.json").read_text())["collection_info"]["version"]


def test_the_manifest_goes_first_and_nothing_is_no_error(tmp_path: pathlib.Path):
    assert collection_version(tmp_path) is None
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3\n")
    assert collection_version(tmp_path) == "1.2.3"
    for wrong in ("{", "[]", "{}", '{"collection_info": null}'):
        (tmp_path / "MANIFEST.json").write_text(wrong)
        assert collection_version(tmp_path) == "1.2.3"
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "4.5.6"}}')
    assert collection_version(tmp_path) == "4.5.6"
    (tmp_path / "MANIFEST.json").unlink()
    (tmp_path / "galaxy.yml").write_text("version: [")
    assert collection_version(tmp_path) is None
