# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shapes of data as JSON Schemas, and the check of data against them.

A shape is a JSON Schema (draft 2020-12) that uses only what the functions here make, so it also documents the data for
other programs. The check never shows what it found, only its kind: the data may come from a host, and a message is no
place for its text.
"""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.bounds import (
    LARGEST,
    LONGEST_TEXT,
    MOST_TOLD,
    cut,
)
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import refuse
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import printable

REMEDY = "Nothing of it is used."
KINDS = {
    "null": "nothing",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "a dictionary",
}


def integer(smallest=0, largest=LARGEST):
    """Return the shape of a whole number."""
    return {"type": ["integer"], "minimum": smallest, "maximum": largest}


def number(smallest=0, largest=LARGEST):
    """Return the shape of a number; neither infinity nor NaN is one."""
    return {"type": ["number"], "minimum": smallest, "maximum": largest}


def flag():
    """Return the shape of true or false."""
    return {"type": ["boolean"]}


def text(longest=LONGEST_TEXT, cut=False):
    """Return the shape of a text. A longer one is refused; with *cut* it loses its end, and says how much."""
    shape = {"type": ["string"], "maxLength": longest}
    return dict(shape, cut=True) if cut else shape


def choice(*words):
    """Return the shape of one of *words*."""
    return {"type": ["string"], "enum": list(words)}


def items(element, most=MOST_TOLD, least=0):
    """Return the shape of a list of *least* to *most* elements."""
    return {"type": ["array"], "items": element, "minItems": least, "maxItems": most}


def record(required=None, **optional):
    """Return the shape of a dictionary with known keys. A *required* key that is absent counts as unknown: null, or
    empty.
    """
    required = required or {}
    return {
        "type": ["object"],
        "properties": dict(required, **optional),
        "required": sorted(required),
        "additionalProperties": False,
    }


def mapping(element, most=MOST_TOLD, longest=LONGEST_TEXT):
    """Return the shape of a dictionary whose keys are any text that does not begin with "__": so do the marks in
    Ansible's own JSON.
    """
    return {
        "type": ["object"],
        "additionalProperties": element,
        "propertyNames": {"maxLength": longest, "pattern": "^(?!__)"},
        "maxProperties": most,
    }


def nullable(shape):
    """Return *shape*, or null."""
    return either(shape, {"type": ["null"]})


def either(*shapes):
    """Return the shape of what one of *shapes* describes; each must be of another type."""
    merged = {}
    for shape in shapes:
        merged.update(shape)
    merged["type"] = [kind for shape in shapes for kind in shape["type"]]
    return merged


def checked(value, shape, where):
    """Return *value*, plain and complete, as *shape* describes it: unknown keys are left out, absent ones that are
    required are null or empty.

    Control characters in text are replaced. where: what the value is called. Raises SocketMemoryError that names the
    place and the kind of what was found there, without any text of it.
    """
    try:
        return _checked(value, shape)
    except _Wrong as wrong:
        raise refuse(where + "".join(reversed(wrong.path)), wrong.found, wrong.expected, REMEDY) from None


class _Wrong(Exception):
    """Something that is not as its shape says; *path* grows from the inside while this is on its way out."""

    def __init__(self, found, shape):
        super().__init__(found)
        self.found = found
        self.expected = " or ".join(_expected(kind, shape) for kind in shape["type"])
        self.path = []


def _checked(value, shape):
    kind = kind_of(value)
    kinds = shape["type"]
    if kind not in kinds and not (kind == "integer" and "number" in kinds):
        raise _Wrong(KINDS.get(kind, "something else"), shape)
    if kind == "object":
        return _checked_object(value, shape)
    if kind == "array":
        return _checked_list(value, shape)
    if kind == "string":
        return _checked_text(value, shape)
    if kind in ("integer", "number") and not shape["minimum"] <= value <= shape["maximum"]:  # nor is NaN
        raise _Wrong("a number out of range", shape)
    return value


def kind_of(value):
    """Return the JSON type of *value*, None for what JSON does not have."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "boolean"
    for kind, python in (
        ("string", str),
        ("integer", int),
        ("object", dict),
        ("array", (list, tuple)),
        ("number", float),
    ):
        if isinstance(value, python):
            return kind
    return None


def shortened(message, longest):
    """Return *message* with at most *longest* characters of it, and a word on what is missing."""
    if len(message) <= longest:
        return message
    return "%s (%d more characters)" % (cut(message, longest), len(message) - longest)


def _checked_list(values, shape):
    if not shape["minItems"] <= len(values) <= shape["maxItems"]:
        raise _Wrong("a list of %d" % len(values), shape)
    element, found = shape["items"], []
    try:
        for value in values:
            found.append(_checked(value, element))
    except _Wrong as wrong:
        wrong.path.append("[%d]" % len(found))
        raise
    return found


def _checked_object(value, shape):
    properties = shape.get("properties")
    if properties is None:
        longest = shape["propertyNames"]["maxLength"]
        if len(value) > shape["maxProperties"] or not all(
            isinstance(name, str) and len(name) <= longest and name[:2] != "__" for name in value
        ):
            raise _Wrong("a dictionary of %d keys" % len(value), shape)
        try:
            return {printable(str(name)): _checked(one, shape["additionalProperties"]) for name, one in value.items()}
        except _Wrong as wrong:
            wrong.path.append(".*")
            raise
    found, required, name = {}, shape["required"], ""
    try:
        for name in value:  # in its order
            if name in properties:
                found[str(name)] = _checked(value[name], properties[name])
        for name in required:
            if name not in found:
                found[name] = _unknown(properties[name])
    except _Wrong as wrong:
        wrong.path.append("." + name)
        raise
    return found


def _unknown(shape):
    """Return what stands for a value that is absent."""
    for kind, empty in (("null", None), ("object", {}), ("array", [])):
        if kind in shape["type"]:
            return _checked(empty, shape)
    raise _Wrong("nothing", shape)


def _checked_text(value, shape):
    if "enum" in shape:
        if value not in shape["enum"]:
            raise _Wrong("another text", shape)
        return shape["enum"][shape["enum"].index(value)]  # ours, not that of the host
    if len(value) > shape["maxLength"]:
        if not shape.get("cut"):
            raise _Wrong("text of %d characters" % len(value), shape)
        value = shortened(value, shape["maxLength"])
    return printable(str(value))


def _expected(kind, shape):
    """Return what *shape* wants of a value of *kind*, in words."""
    if kind == "string":
        return (
            "one of " + ", ".join(shape["enum"])
            if "enum" in shape
            else "text of at most %d characters" % shape["maxLength"]
        )
    if kind in ("integer", "number"):
        return "%s from %s to %s" % (KINDS[kind], shape["minimum"], shape["maximum"])
    if kind == "array":
        return "a list of %d to %d" % (shape["minItems"], shape["maxItems"])
    if kind == "object" and "maxProperties" in shape:
        return "a dictionary of at most %d keys, each at most %d characters and without __ before it" % (
            shape["maxProperties"],
            shape["propertyNames"]["maxLength"],
        )
    return KINDS[kind]
