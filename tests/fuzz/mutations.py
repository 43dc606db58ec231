# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of an input: texts, and the values of options, are damaged at random."""

import json

LONGEST = 100000  # characters of an input
DIGITS = "0123456789"
# What parsers look at: ends of lines, quotes, comments, brackets; digits of other scripts; what has no place in UTF-8.
CHARACTERS = (
    "\n",
    "\r",
    "\0",
    "\t",
    " ",
    "\v",
    "\f",
    "\x1c",
    "\x85",
    "\u2028",
    "\xa0",
    "#",
    ";",
    "=",
    ":",
    ",",
    "-",
    "+",
    ".",
    "/",
    "\\",
    '"',
    "'",
    "%",
    "*",
    "?",
    "[",
    "]",
    "!",
    "^",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "_",
    "0",
    "9",
    "a",
    "Z",
    "\u0661",
    "\xb2",
    "\u00e9",
    "\u0130",
    "\u1e9e",
    "\ufeff",
    "\ufffd",
    "\U0001f600",
    "\ud800",
    "\udfff",
    "\udc80",
    "\udcff",
    "\x1b",
    "\x7f",
)
WORDS = (
    "-1",
    "0",
    "00",
    "010",
    "0x10",
    "+5",
    "1e9",
    "1_0",
    "nan",
    "inf",
    "NaN",
    "-Infinity",
    "yes",
    "no",
    "max",
    "true",
    "null",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775809",
    "99999999999999999999",
    "999999999999999999999",
    "2147483648",
    "0-99999999999",
    "[[:alpha:]]",
    "[!",
    "{a,b}",
    "..",
    "/./",
    "//",
    "../../etc/passwd",
    "$(x)",
    "{{ 1 }}",
)
BRACKETS = ("[", "{", "(", "[!", "[[:", "{,", "{a,", "/.", "../", "*?", "[]")


def text(chance, seeds, tokens=()):
    """Return a text made of one or two of *seeds* by a few mutations. tokens: words that this format knows."""
    found = chance.choice(seeds)
    for _number in range(chance.choice((0, 1, 1, 2, 2, 3, 5, 8))):
        found = chance.choice(MUTATIONS)(chance, found, seeds, tokens)[:LONGEST]
    return found


def as_read(found):
    """Return the text *found* as it is read from a file: there only bytes are, which may be no UTF-8."""
    return found.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")


def _slice(chance, found, most=200):
    start = chance.randrange(len(found) + 1)
    return start, min(len(found), start + chance.randrange(1, most))


def _flip(chance, found, _seeds, _tokens):
    data = bytearray(found.encode("utf-8", "surrogatepass"))
    for _number in range(chance.choice((1, 1, 2, 5))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data).decode("utf-8", "surrogateescape")


def _cut(chance, found, _seeds, _tokens):
    return found[: chance.randrange(len(found) + 1)]


def _remove(chance, found, _seeds, _tokens):
    start, end = _slice(chance, found)
    return found[:start] + found[end:]


def _repeat(chance, found, _seeds, _tokens):
    start, end = _slice(chance, found, chance.choice((3, 10, 200)))
    most = chance.choice((3, 30, 300)) if chance.random() < 0.95 else LONGEST
    return found[:end] + found[start:end] * (chance.randrange(1, most) // max(1, end - start)) + found[end:]


def _insert(chance, found, _seeds, tokens):
    place = chance.randrange(len(found) + 1)
    number = 1 if chance.random() < 0.9 else chance.choice((10, 1000) if chance.random() < 0.9 else (20000,))
    return found[:place] + chance.choice(CHARACTERS + WORDS + tuple(tokens) * 5) * number + found[place:]


def _swap(chance, found, _seeds, tokens):
    words = found.split(" ")
    for _number in range(chance.choice((1, 1, 3))):
        one, other = chance.randrange(len(words)), chance.randrange(len(words))
        words[one] = words[other] if chance.random() < 0.5 else chance.choice(WORDS + tuple(tokens) * 5)
    return " ".join(words)


def _lines(chance, found, seeds, _tokens):
    lines = found.split("\n")
    kind = chance.random()
    if kind < 0.3:
        chance.shuffle(lines)
    elif kind < 0.6:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    else:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(chance.choice(seeds).split("\n")))
    return "\n".join(lines)


def _digits(chance, found, _seeds, _tokens):
    """Make a number long: Python refuses to convert one of more than 4,300 digits, and older ones take their time."""
    places = [place for place, character in enumerate(found[:2000]) if character in DIGITS] or [len(found)]
    place = chance.choice(places)
    length = chance.choice((3, 19, 20, 21, 25) if chance.random() < 0.8 else (400, 4299, 4301, 5000, 50000))
    return found[:place] + chance.choice(DIGITS) * length + found[place:]


def _deep(chance, found, _seeds, _tokens):
    place = chance.randrange(len(found) + 1)
    opening = chance.choice(BRACKETS)
    depth = chance.choice((5, 50, 500)) if chance.random() < 0.9 else 10000
    closing = {"[": "]", "{": "}", "(": ")"}.get(opening[0], "") if chance.random() < 0.5 else ""
    return found[:place] + opening * depth + closing * depth + found[place:]


def _splice(chance, found, seeds, _tokens):
    other = chance.choice(seeds)
    return found[: chance.randrange(len(found) + 1)] + other[chance.randrange(len(other) + 1) :]


MUTATIONS = (_flip, _cut, _remove, _repeat, _insert, _insert, _swap, _swap, _lines, _digits, _deep, _splice)


def value(chance, given, tokens=()):
    """Return *given*, a value of lists, dictionaries, numbers and texts, with one to three of its nodes replaced."""
    found = json.loads(json.dumps(given))
    for _number in range(chance.choice((0, 1, 1, 1, 2, 3))):
        found = _replaced(chance, found, tokens)
    return found


def _replaced(chance, found, tokens):
    """Return *found* with one node of it replaced, or removed, or added."""
    if isinstance(found, dict) and found and chance.random() < 0.9:
        name = chance.choice(list(found))
        if chance.random() < 0.1:
            del found[name]
        elif chance.random() < 0.1:
            found[odd_key(chance, tokens)] = found.pop(name)
        else:
            found[name] = _replaced(chance, found[name], tokens)
        return found
    if isinstance(found, list) and found and chance.random() < 0.9:
        place = chance.randrange(len(found))
        if chance.random() < 0.2:
            found[place : place + 1] = found[place : place + 1] * chance.choice((0, 2, 100))
        else:
            found[place] = _replaced(chance, found[place], tokens)
        return found
    if isinstance(found, str) and chance.random() < 0.6:
        return text(chance, [found], tokens)
    return odd_value(chance, tokens)


def odd_key(chance, tokens):
    """Return what may stand as a key."""
    return chance.choice(
        (5, None, True, 1.5, "", 10**5000, text(chance, [chance.choice(tuple(tokens) or ("x",))], tokens))
    )


def odd_value(chance, tokens):
    """Return a value that nobody means."""
    kind = chance.randrange(12)
    if kind < 3:
        return chance.choice(
            (
                0,
                1,
                -1,
                2**31 - 1,
                2**31,
                2**63,
                2**64 - 1,
                2**64,
                -(2**63),
                10**18,
                10**30,
                10**400,
                10**5000,
                -(10**5000),
            )
        )
    if kind < 5:
        return chance.choice(
            (0.0, -0.0, 0.5, 1e-320, 1e308, -1e308, float("nan"), float("inf"), -float("inf"), 1e15, 0.1 + 0.2)
        )
    if kind < 6:
        return chance.choice((None, True, False, b"bytes", (1, 2), {1, 2}))
    if kind < 8:
        return chance.choice(
            (
                [],
                {},
                [[]],
                [None],
                {"": None},
                [1, 2, 3],
                [3, 2, 1],
                ["1", "2", "3"],
                [10**5000],
                {"a": {"b": {"c": []}}},
            )
        )
    if kind < 9:
        return deep(chance.choice((20, 500, 3000)), chance.choice(([], {})))
    return text(chance, tuple(tokens) + WORDS + ("8MiB", "10Gbit/s", "20ms", "25%", "1 2 3"), tokens)


def deep(depth, inside):
    """Return *inside* in that many lists, or dictionaries."""
    for _number in range(depth):
        inside = [inside] if isinstance(inside, list) else {"a": inside}
    return inside
