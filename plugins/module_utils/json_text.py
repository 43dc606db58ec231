# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON without the import of json, which on a host costs a third of the work of a small task.

CPython's own json is a layer above C functions, and these are used here as it does (Lib/json/encoder.py, scanner.py). Where they are
not at hand, it is json itself.
"""


class _Context:
    """What the C scanner asks for; as json.JSONDecoder has it."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float  # NaN, Infinity, -Infinity


def dumps(value):
    """Return *value* as JSON in one line. Raises TypeError for what JSON cannot hold."""
    try:
        from _json import encode_basestring_ascii, make_encoder
    except ImportError:
        import json
        return json.dumps(value)
    return "".join(make_encoder(None, _refuse, encode_basestring_ascii, None, ": ", ", ", False, False, True)(value, 0))


def _refuse(value):
    raise TypeError("%r is nothing that JSON can hold" % (value,))


def loads(text):
    """Return what the JSON *text* says. Raises ValueError for a text that is none."""
    try:
        from _json import make_scanner
    except ImportError:
        import json
        return json.loads(text)
    text = text.strip(" \t\n\r")
    try:
        value, end = make_scanner(_Context)(text, 0)
    except StopIteration as error:
        raise ValueError("no JSON at character %s" % error.value) from error
    if end != len(text):
        raise ValueError("more than JSON from character %d on" % end)
    return value
