# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that the modules of this collection share in their documentation."""


class ModuleDocFragment:
    """The attributes every module states."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Tells what it would do without changing anything.
  diff_mode:
    description: Tells exactly what differs before and after, in files and in running values.
  platform:
    description: The systems it runs on.
    platforms: linux
"""
