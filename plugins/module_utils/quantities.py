# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers as people write them, with their unit: 8MiB, 10Gbit/s, 20ms, 25%. What could be read in two ways is
refused.
"""

import collections
import math
import re

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import quoted
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import refuse

# kind: what a number without a unit means, and the units as (multiply, divide). Units are case-sensitive: b is not B.
KINDS = {
    "count": ("a plain number", {}),
    "fraction": ("the part itself, such as 0.25", {"%": (1, 100)}),
    "bytes": (
        "bytes",
        {"B": (1, 1), "KiB": (1 << 10, 1), "MiB": (1 << 20, 1), "GiB": (1 << 30, 1), "TiB": (1 << 40, 1)},
    ),
    "Mbit/s": ("Mbit/s", {"kbit/s": (1, 1000), "Mbit/s": (1, 1), "Gbit/s": (1000, 1), "Tbit/s": (10**6, 1)}),
    "ms": ("milliseconds", {"us": (1, 1000), "ms": (1, 1), "s": (1000, 1)}),
    "per second": ("a second", {"/s": (1, 1)}),
}
# Why a unit that people do write is refused.
AMBIGUOUS = {
    "bytes": " K, M, G, kB, MB and GB are read as powers of 1000 by some and of 1024 by others.",
    "Mbit/s": " Anything else could be bits or bytes, and of what time.",
    "ms": " An m could be minutes.",
}
WRITTEN = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([A-Za-z%/]*)\Z", re.ASCII)

# smallest, largest: in the unit that a plain number has. whole: whether a part of one makes no sense.
Quantity = collections.namedtuple("Quantity", "kind smallest largest whole")


def parse_quantity(name, quantity, value):
    """Return *value* of the option *name* as a number (int where it is whole) in the unit of its kind; 3.2GiB is
    rounded up to a byte.

    Raises SocketMemoryError for anything but a number in the range, alone or with an unambiguous unit: not for
    booleans, NaN, infinity.
    """
    number, hint = None, ""
    plain, units = KINDS[quantity.kind]
    if isinstance(value, str):
        written = WRITTEN.match(value.strip())
        unit = written.group(2) if written else None
        if written and (unit in units or unit == ""):
            multiply, divide = units.get(unit, (1, 1))
            number = (float(written.group(1)) if "." in written.group(1) else int(written.group(1))) * multiply
            number = number if divide == 1 else float(number) / divide
            if quantity.whole and multiply > 1:
                number = int(math.ceil(number))
        elif unit:
            hint = AMBIGUOUS.get(quantity.kind, "")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = value
    # NaN fails every comparison, so the range is asked in the positive.
    if (
        number is None
        or not quantity.smallest <= number <= quantity.largest
        or (quantity.whole and number != int(number))
    ):
        raise refuse(
            "workload." + name,
            quoted(value),
            "a %s from %s to %s"
            % ("whole number" if quantity.whole else "number", quantity.smallest, quantity.largest),
            _how_to_write(plain, units) + hint,
        )
    return int(number) if quantity.whole else float(number)


def _how_to_write(plain, units):
    """Return a sentence on how a number of a kind is written."""
    if not units:
        return "Write %s." % plain
    return "Write a plain number for %s, or one with %s." % (plain, " or ".join(sorted(units)))
