# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of a task, checked as a module checks them."""

from __future__ import annotations

import difflib
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError


def checked_arguments(validator: ArgumentSpecValidator, arguments: dict[str, Any], plugin: str) -> dict[str, Any]:
    """Return *arguments* as *validator* wants them. Raises SocketMemoryError that names the *plugin* and all that is
    wrong.
    """
    found = validator.validate(arguments)
    if not found.error_messages:
        return found.validated_parameters
    known = sorted(validator.argument_spec)
    messages = []
    for error in found.errors:
        if isinstance(error, UnsupportedError):
            near = {
                word: difflib.get_close_matches(word, known, 1)
                for word in sorted(set(map(str, arguments)) - set(known))
            }
            named = ", ".join(f"{word} (did you mean {found[0]}?)" if found else word for word, found in near.items())
            messages.append(
                f"unsupported option {named}. Supported are {', '.join(known)}"
                if named
                else f"unsupported option {error.msg}".rstrip(".")
            )
        else:
            messages.append(error.msg.rstrip("."))
    raise SocketMemoryError(f"{plugin}: {'; '.join(messages)}.")
