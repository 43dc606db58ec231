# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data against its shape."""

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.shape import (
    checked,
    choice,
    either,
    flag,
    integer,
    items,
    mapping,
    nullable,
    number,
    record,
    text,
)

SIZE = record({"pages": nullable(integer()), "bytes": nullable(integer())})
HOST = record(
    {"name": text(5), "used": SIZE, "list": items(integer(), 3)},
    state=choice("up", "down"),
    extra=mapping(integer(), 2, 4),
    share=number(0, 1),
)


@pytest.mark.parametrize(
    "value, expected",
    [
        ({"name": "a"}, {"name": "a", "used": {"pages": None, "bytes": None}, "list": []}),
        (
            {"name": "a", "used": {"pages": 5, "evil": 1}, "list": (1, 2), "evil": {}},
            {"name": "a", "used": {"pages": 5, "bytes": None}, "list": [1, 2]},
        ),
        (
            {"name": "a\x1b\u202e", "used": {}, "state": "up", "extra": {"k": 1}, "share": 1},
            {
                "name": "a\ufffd\ufffd",
                "used": {"pages": None, "bytes": None},
                "list": [],
                "state": "up",
                "extra": {"k": 1},
                "share": 1,
            },
        ),
    ],
)
def test_what_is_known_stays_what_is_absent_is_unknown_and_the_rest_goes(value, expected):
    assert checked(value, HOST, "host") == expected


@pytest.mark.parametrize(
    "change, message",
    [
        (5, "host: found a whole number, expected a dictionary. Nothing of it is used."),
        ({"name": None}, "host.name: found nothing, expected text of at most 5 characters."),
        ({"name": "secret"}, "host.name: found text of 6 characters, expected text of at most 5 characters."),
        ({"name": b"secret"}, "host.name: found something else, expected text of at most 5 characters."),
        ({}, "host.name: found nothing, expected text of at most 5 characters."),
        ({"name": "a", "used": []}, "host.used: found a list, expected a dictionary."),
        (
            {"name": "a", "used": {"pages": True}},
            "host.used.pages: found true or false, expected a whole number from 0 to 18446744073709551615 or nothing.",
        ),
        (
            {"name": "a", "used": {"pages": -1}},
            "host.used.pages: found a number out of range, expected a whole number from 0 to",
        ),
        ({"name": "a", "used": {"pages": 1 << 64}}, "host.used.pages: found a number out of range"),
        ({"name": "a", "used": {"pages": 1.0}}, "host.used.pages: found a number, expected a whole number"),
        ({"name": "a", "list": [1, 2, 3, 4]}, "host.list: found a list of 4, expected a list of 0 to 3."),
        ({"name": "a", "list": [1, "secret"]}, "host.list[1]: found text, expected a whole number"),
        ({"name": "a", "state": "secret"}, "host.state: found another text, expected one of up, down."),
        (
            {"name": "a", "share": float("nan")},
            "host.share: found a number out of range, expected a number from 0 to 1.",
        ),
        ({"name": "a", "share": float("inf")}, "host.share: found a number out of range"),
        (
            {"name": "a", "extra": {"a": 1, "b": 2, "c": 3}},
            "host.extra: found a dictionary of 3 keys, expected a dictionary of at most 2 keys",
        ),
        ({"name": "a", "extra": {"secret": 1}}, "host.extra: found a dictionary of 1 keys"),
        ({"name": "a", "extra": {"__a": 1}}, "host.extra: found a dictionary of 1 keys"),
        ({"name": "a", "extra": {5: 1}}, "host.extra: found a dictionary of 1 keys"),
        ({"name": "a", "extra": {"k": "secret"}}, "host.extra.*: found text, expected a whole number"),
    ],
)
def test_a_refusal_names_the_place_and_shows_no_text_of_it(change, message):
    with pytest.raises(SocketMemoryError) as caught:
        checked(change, HOST, "host")
    assert str(caught.value).startswith(message)
    assert "secret" not in str(caught.value)


def test_one_of_several_types():
    shape = either(items(integer(), 3, 3), integer(), text(9))
    assert [checked(value, shape, "x") for value in ([1, 2, 3], 7, "word")] == [[1, 2, 3], 7, "word"]
    for wrong in (None, [1], {}, True, 1.5):
        with pytest.raises(SocketMemoryError):
            checked(wrong, shape, "x")


def test_a_text_that_may_be_long_is_cut_and_says_by_how_much():
    assert checked("x" * 12, text(10, cut=True), "x") == "x" * 10 + "... (2 more characters)"


class Tagged(str):
    """Text as Ansible hands it over."""


def test_what_comes_out_is_plain():
    found = checked({"name": Tagged("a"), "state": Tagged("up"), "extra": {Tagged("k"): 1}}, HOST, "host")
    assert {type(found["name"]), type(found["state"]), type(list(found["extra"])[0])} == {str}
    assert checked(True, flag(), "x") is True
