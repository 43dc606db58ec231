# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the transaction in this process, and takes and brings all that it may change. For private folders only, see
this_host.
"""

import pathlib

from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import transaction as dropin
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import state_path
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import read_running

from .this_host import FOLDERS, write_running

DROPIN = pathlib.Path("/etc/sysctl.d/99-tcp-memory.conf")
RECORD = pathlib.Path(state_path(str(DROPIN)))


def run(content=None, **params):
    """Run sysctl_dropin; without content state is absent."""
    defaults = {
        "path": str(DROPIN),
        "content": content,
        "state": "present" if content else "absent",
        "runtime": True,
        "unavailable": "skip",
        "shadowed": "fail",
        "only_raise": False,
        "force": False,
        "check_mode": False,
    }
    return dropin.run(dict(defaults, **params))


class Machine:
    """The files and the running values that a transaction may change, taken and brought as a whole."""

    def __init__(self, keys):
        self.keys = keys

    def values(self):
        """Return {key: running value}."""
        return {key: read_running(HostFiles(), key)[0] for key in self.keys}

    def take(self):
        """Return ({path: bytes}, values). The lock stays where it is."""
        files = {path: path.read_bytes() for folder in FOLDERS for path in folder.iterdir() if path.name != "lock"}
        return files, self.values()

    def bring(self, taken):
        """Bring the machine to what take() returned."""
        files, values = taken
        for path in set(self.take()[0]) - set(files):
            path.unlink()
        for path, content in files.items():
            path.write_bytes(content)
        now = self.values()
        write_running({key: value for key, value in values.items() if value != now[key]})

    def point(self):
        """Return the drop-in, None for none, and the running values: what must always fit together."""
        return DROPIN.read_text() if DROPIN.exists() else None, self.values()


def attempt(*arguments, **params):
    """Run and return what the host is told: None, or the refusal."""
    try:
        run(*arguments, **params)
    except SocketMemoryError as error:
        return str(error)
    return None
