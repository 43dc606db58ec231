# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outputs as text that shows differences well, and the differences between two of them."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

WIDTH = 120  # what fits is on one line
PLACES_SHOWN = 5
TEXT_SHOWN = 400  # characters of a value
MISSING = object()


def text_of(value: Any) -> str:
    """Return *value* as JSON with sorted keys, one line for whatever fits on one, with a line break at its end."""
    return _lines(value, 0) + "\n"


def _lines(value: Any, indent: int) -> str:
    line = json.dumps(value, sort_keys=True, allow_nan=False)
    if not value or not isinstance(value, (dict, list, tuple)) or indent + len(line) <= WIDTH:
        return line
    inner = indent + 1
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_lines(value[key], inner)}" for key in sorted(value)]
    else:
        parts = [_lines(one, inner) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(" " * inner + part for part in parts) + "\n" + " " * indent + closing


def differences(recorded: Any, found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, recorded, found) for each value that differs, in the order of keys; MISSING for what one lacks."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        for key in sorted({*recorded, *found}):
            yield from differences(recorded.get(key, MISSING), found.get(key, MISSING), (*path, key))
    elif isinstance(recorded, list) and isinstance(found, list):
        for number, (old, new) in enumerate(itertools.zip_longest(recorded, found, fillvalue=MISSING)):
            yield from differences(old, new, (*path, str(number)))
    elif type(recorded) is not type(found) or recorded != found:
        yield " > ".join(path), recorded, found


def report(name: str, recorded: str, found: str) -> str | None:
    """Return what differs between the texts *recorded*, in the file *name*, and *found*; None where nothing does."""
    if recorded == found:
        return None
    places = list(differences(json.loads(recorded), json.loads(found)))
    if not places:
        return f"{name} holds the same values, but is written in another way."
    lines = [f"{name}: {len(places)} {'value differs' if len(places) == 1 else 'values differ'} from what is recorded."]
    for path, old, new in places[:PLACES_SHOWN]:
        lines += [f"at {path}", f"  recorded: {_shown(old, new)}", f"  found:    {_shown(new, old)}"]
    if len(places) > PLACES_SHOWN:
        lines.append(f"and {len(places) - PLACES_SHOWN} more")
    return "\n".join(lines)


def _shown(value: Any, other: Any) -> str:
    """Return *value* as a reader needs it beside *other*: of a long text the part around the first difference."""
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, sort_keys=True)
    if len(text) <= TEXT_SHOWN:
        return text
    other = "" if other is MISSING else json.dumps(other, sort_keys=True)
    same = next(
        (number for number, pair in enumerate(zip(text, other)) if pair[0] != pair[1]), min(len(text), len(other))
    )
    start = max(0, min(same - TEXT_SHOWN // 2, len(text) - TEXT_SHOWN))
    return f"{'… ' if start else ''}{text[start : start + TEXT_SHOWN]}{' …' if start + TEXT_SHOWN < len(text) else ''}"
