# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ordinary modules do around the core: arguments in, result out. It takes an AnsibleModule and imports
none.
"""

import os

from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError


def serve(module, run):
    """Exit *module* with what *run*(params) returns, or fail it with its refusal."""
    try:
        result = run(dict(module.params, check_mode=module.check_mode))
    except SocketMemoryError as error:
        module.fail_json(msg="%s: %s" % (os.uname().nodename, error), **error.results)
    if not module._diff:  # of the task or of the run, as Ansible decided
        result.pop("diff", None)
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)
