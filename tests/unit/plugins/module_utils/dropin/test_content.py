# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a drop-in may say is tested with the drop-in; here, how much of it is quoted."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.content import (
    check_path,
    first_edit,
    parse_content,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError

PATH, LONG = "/etc/sysctl.d/a.conf", "x" * 10**6


@pytest.mark.parametrize(
    "content",
    [
        LONG,
        LONG + " = 1",
        "-" + LONG,
        "net.core.rmem_max = " + LONG,
        "net.core.rmem_max = " + "9" * 5000,
        LONG + " = 1\n" + LONG + " = 2",
        "kernel.domainname = \x1b" + LONG,
    ],
)
def test_a_refusal_of_a_long_line_is_short(content):
    with pytest.raises(SocketMemoryError) as caught:
        parse_content(content, PATH)
    assert len(str(caught.value)) < 400


def test_a_refusal_of_a_long_path_is_short():
    with pytest.raises(SocketMemoryError) as caught:
        check_path("/etc/" + LONG)
    assert len(str(caught.value)) < 500


def test_an_edit_of_a_long_line_is_told_in_short():
    assert first_edit("a\n" + LONG, "a\nb") == "was edited: line 2 is '%s'..., written here was 'b'" % LONG[:80]
    assert first_edit("", LONG) == "was edited: line 1 is empty, written here was '%s'..." % LONG[:80]
