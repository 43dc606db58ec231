# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host whose files are a dictionary, so that one is made in no time."""

import errno
import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import (
    MAXIMUM_FILE_SIZE,
    HostFiles,
    check_path,
)


class MemoryFiles(HostFiles):
    """tree: {path: text, or the number of the error that opening it gives}. Links are not followed, there are none."""

    def __init__(self, tree):
        super().__init__("/nonexistent")
        self.tree = tree
        self.below = {}  # {folder: {name, …}}
        for path in tree:
            while path != "/":
                folder, name = os.path.split(path)
                names = self.below.setdefault(folder, set())
                if name in names:
                    break
                names.add(name)
                path = folder

    def local_path(self, path):
        check_path(path)
        return self.root + path

    def exists(self, path):
        return path in self.tree or path in self.below

    def names(self, path):
        check_path(path)
        if isinstance(self.tree.get(path), int):
            raise OSError(self.tree[path], os.strerror(self.tree[path]), path)
        return sorted(self.below.get(path, ()))

    def folders(self, path, most):
        return [name for name in self.names(path) if path + "/" + name in self.below][:most]

    def read(self, path, most=None):
        check_path(path)
        text = self.tree.get(path, errno.EINVAL if path in self.below else errno.ENOENT)
        if isinstance(text, str) and len(text) > (MAXIMUM_FILE_SIZE if most is None else most):
            text = errno.EFBIG
        if isinstance(text, int):
            raise OSError(text, os.strerror(text), path)
        return text
