# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON without the import of json, which on a host costs a third of the work of a small task.

CPython's own json is a layer above C functions, and these are used here as it does (Lib/json/encoder.py, scanner.py).
Where they are not at hand, it is json itself.
"""

# Digits; int() takes a time that grows with their square, and a float has at most 309 before its point.
LONGEST_NUMBER = 400


def _integer(text):
    """Return the int that *text* says. Raises ValueError for one that nobody means."""
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number of %d digits" % len(text))
    return int(text)


class _Context:
    """What the C scanner asks for; as json.JSONDecoder has it."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = _integer
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
    """Return what the JSON *text* says. Raises ValueError, and nothing else, for one that is none or nests too deep."""
    try:
        from _json import make_scanner
    except ImportError:
        return _loads_by_json(text)
    stripped = text.strip(" \t\n\r")
    try:
        value, end = make_scanner(_Context)(stripped, 0)  # type: ignore[arg-type] # a class serves
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
    except (StopIteration, SystemError):
        # How the scanner says no to its own Python layer. To say where, it looks for the exception of json among the
        # modules that are loaded; in Python 3.10 and 3.11 it then has none to raise (Modules/_json.c raise_errmsg),
        # hence SystemError.
        return _loads_by_json(text)
    if end != len(stripped):
        raise ValueError("more than JSON from character %d on" % end)
    return value


def _loads_by_json(text):
    """Do the same by json itself, which always knows how to refuse."""
    import json

    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
