# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which services run, as the files of systemd tell."""

# systemd keeps a link invocation:UNIT here for as long as UNIT is active (src/core/unit.c unit_unlink_state_files),
# EL8's too.
ACTIVE_UNITS = "/run/systemd/units"


def service_is_active(files, name):
    """Return whether the service *name* is active on the host of *files* (HostFiles); None where no systemd runs, or
    it was not captured.
    """
    try:
        units = files.names(ACTIVE_UNITS)
    except OSError:
        return None
    return "invocation:%s.service" % name in units if units else None
