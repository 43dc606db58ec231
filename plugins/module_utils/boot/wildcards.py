# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys a wildcard names: glob(3) and its braces (GLOB_BRACE), to which systemd-sysctl and sysctl leave it.

The time that anything here takes grows with the length of the wildcard, whatever is in it.
No regular expressions here, see sysctl_keys.
"""

SPECIAL = frozenset("*?[")  # systemd's src/basic/string-util.h GLOB_CHARS
# What may stand in the name of a key, for brackets.
NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
CLASSES = {
    "alpha": str.isalpha,
    "digit": str.isdigit,
    "alnum": str.isalnum,
    "lower": str.islower,
    "punct": "_".__eq__,
    "xdigit": "0123456789abcdef".__contains__,
    "print": str.isprintable,
    "graph": str.isprintable,
}
ANY_NUMBER, ANY_ONE = "*", "?"


class Wildcard:
    """A *pattern* without braces, of a path below /proc/sys."""

    __slots__ = ("_components",)

    def __init__(self, pattern):
        self._components = [_tokens(part) for part in pattern.split("/") if part not in ("", ".")]

    def matches(self, path):
        """Return whether glob(3) finds *path*, the path of a key below /proc/sys."""
        names = path.split("/")
        return len(names) == len(self._components) and all(map(_fits, names, self._components))


def _fits(name, tokens):
    """Return whether fnmatch(3) matches *name*, in time that grows with the square of its length."""
    if tokens is None or len(tokens) > 2 * len(name) + 1:  # no two of them are ANY_NUMBER in a row
        return False
    position = token = 0
    star = resume = -1
    while position < len(name):
        if token < len(tokens) and tokens[token] == ANY_NUMBER:
            star, resume, token = token, position, token + 1
        elif token < len(tokens) and (tokens[token] == ANY_ONE or name[position] in tokens[token][1:]):
            position, token = position + 1, token + 1
        elif star >= 0:
            resume, token = resume + 1, star + 1
            position = resume
        else:
            return False
    return all(one == ANY_NUMBER for one in tokens[token:])


def _tokens(pattern):
    """Return *pattern* as a list of ANY_NUMBER, ANY_ONE, and "=" before the characters that may stand at one place.

    None where no name of a key can match, such as for a bracket that is not closed: no name has a bracket.
    """
    tokens, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "\\" and position < len(pattern):
            tokens.append("=" + pattern[position])
            position += 1
        elif character == "[":
            negated = pattern[position : position + 1] in ("!", "^")
            inside = position + negated
            end = _end_of_bracket(pattern, inside)
            if end is None:
                return None
            tokens.append("=" + _in_bracket(negated, pattern[inside:end]))
            position = end + 1
        elif character != ANY_NUMBER:
            tokens.append(ANY_ONE if character == ANY_ONE else "=" + character)
        elif tokens[-1:] != [ANY_NUMBER]:
            tokens.append(ANY_NUMBER)
    return tokens


def _end_of_bracket(pattern, inside):
    """Return where the "]" is that closes a bracket, whose *inside* begins there; None without one."""
    last_class = None
    position = inside + (pattern[inside : inside + 1] == "]")  # as the first character it closes nothing
    while position < len(pattern):
        character = pattern[position]
        if character == "]":
            return position
        if character == "\\" and position + 1 == len(pattern):
            break
        end = _end_of_class(pattern, position) if character == "[" else None
        if end is not None:
            last_class = end - 1
        position = end or position + (2 if character == "\\" else 1)
    # What could be the end of a class was that of the bracket.
    return inside if last_class is None and pattern[inside : inside + 1] == "]" else last_class


def _end_of_class(pattern, start):
    """Return where a [:class:], or a character as [.x.] or [=x=], ends that begins at *start*; None without one."""
    kind, end = pattern[start + 1 : start + 2], start + 2
    if kind == ":":
        while pattern[end : end + 1].isalnum() or pattern[end : end + 1] == "_":
            end += 1
    elif kind in (".", "=") and pattern[end : end + 1] != "]":
        end += 1
    else:
        return None
    return end + 2 if pattern[end : end + 2] == kind + "]" else None


def _in_bracket(negated, inside):
    """Return the characters of a name that a bracket with this *inside* matches."""
    found, position = set(), 0
    while position < len(inside):
        end = _end_of_class(inside, position) if inside[position : position + 2] == "[:" else None
        if end is not None and end - position > 4:
            found.update(filter(CLASSES.get(inside[position + 2 : end - 2], "".__contains__), NAME_CHARACTERS))
            position = end
            continue
        first, position = _character(inside, position)
        if inside[position : position + 1] == "-" and position + 1 < len(inside):
            last, position = _character(inside, position + 1)
            found.update(one for one in NAME_CHARACTERS if first <= one <= last)
        else:
            found.add(first)
    return "".join(one for one in NAME_CHARACTERS if (one in found) != negated)


def _character(inside, position):
    """Return the character at *position* of the *inside* of a bracket, and where it ends.

    It may be written as [.x.] or [=x=], or behind a backslash.
    """
    if inside[position] == "\\" and position + 1 < len(inside):
        return inside[position + 1], position + 2
    word = inside[position : position + 5]
    if len(word) == 5 and word[0] == "[" and word[1] in ".=" and word[3] in ".=" and word[4] == "]":
        return word[2], position + 5
    return inside[position], position + 1


def expanded(pattern, most, longest):
    """Return the patterns that *pattern* stands for by its braces.

    None where these are more than *most*, or longer than *longest* together. Braces that are not closed are none, nor
    is what follows them.
    """
    unclosed = _first_unclosed(pattern)
    outer, alternatives, prefixes = [], [], [""]  # those of the braces that are open, and of the innermost
    start = position = 0
    while position < unclosed:
        character = pattern[position]
        if character == "{" or character in ",}" and outer:
            if start < position:
                prefixes = [prefix + pattern[start:position] for prefix in prefixes]
                if sum(map(len, prefixes)) > longest:
                    return None
            start = position + 1
            if character == "{":
                outer.append((alternatives, prefixes))
                alternatives, prefixes = [], [""]
            else:
                alternatives = alternatives + prefixes if alternatives else prefixes
                prefixes = [""]
                characters = len("".join(alternatives))
                if len(alternatives) > most or characters > longest:
                    return None
            if character == "}":
                found = alternatives
                alternatives, prefixes = outer.pop()
                if len(prefixes) * len(found) > most:
                    return None
                if found != [""]:
                    prefixes = found if prefixes == [""] else [prefix + one for prefix in prefixes for one in found]
                    if sum(map(len, prefixes)) > longest:
                        return None
        position += 2 if character == "\\" else 1
    patterns = [prefix + pattern[start:] for prefix in prefixes]
    return patterns if len(patterns) <= most and sum(map(len, patterns)) <= longest else None


def _first_unclosed(pattern):
    """Return where the first brace is that is not closed; the length of *pattern* where all are."""
    depth = opening = position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 1
        elif character == "{":
            opening = opening if depth else position
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        position += 1
    return opening if depth else len(pattern)
