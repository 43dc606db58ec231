# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of an error of ours that nobody expected: where it is, and no text of it, which may hold text of a
host.
"""

from __future__ import annotations

import traceback


def describe_defect(error: Exception) -> str:
    """Return a sentence on the unexpected *error* with its type and place."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"This is a defect of linux_net.socket_memory: {type(error).__name__} in {place.name}, line {place.lineno} "
        f"of {place.filename.rpartition('/')[2]}. "
        "Nothing of it is used. Please report this sentence."
    )
