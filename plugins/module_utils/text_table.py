# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of text as the lines of a table."""

import re

from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable


def text_table(rows):
    """Return one line for each of *rows* (equally long sequences of text), cells padded to the width of their column.

    A cell stays on its line and moves nothing: white space in it becomes blanks, control characters are replaced.
    """
    cells = [[re.sub(r"\s", " ", printable(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
