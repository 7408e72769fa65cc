"""What goes between the checks and an answer: values as they were, and nothing but values."""

from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest

from lessons.grading.wire import from_line, to_line

VALUES = [
    None,
    True,
    3,
    -0.1,
    float("inf"),
    "김",
    np.float32(0.1),
    np.arange(6, dtype="uint8").reshape(2, 3)[:, ::2],
    np.array([1 + 2j]),
    np.zeros((0, 3)),
    (1, [2.5, (None,)], {"a": np.ones(2), (0, 1): "b"}),
]


def nothing(_):
    raise TypeError("it cannot travel")


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_as_they_went(value):
    found = from_line(to_line({"value": value}, nothing), nothing)["value"]
    np.testing.assert_equal(found, value)
    assert type(found) is type(value)
    if isinstance(value, np.ndarray):
        assert found.dtype == value.dtype and found.flags.writeable


def test_what_is_like_a_value_becomes_one():
    pair = namedtuple("pair", "a b")
    objects = np.array([Fraction(1, 2), 3], dtype=object)
    found = from_line(to_line({"a": range(3), "b": pair(1, 2), "c": objects}, nothing), nothing)
    assert found == {"a": [0, 1, 2], "b": (1, 2), "c": [0.5, 3]}


def test_what_is_none_travels_as_a_number():
    line = to_line({"value": [print]}, lambda value: 7 if value is print else None)
    assert from_line(line, {7: "here"}.get) == {"value": ["here"]}
    with pytest.raises(TypeError, match="cannot travel"):
        to_line({"value": {1, 2}}, nothing)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense\n",
        b"[1]\n",
        b'{"a": {"eval": "1"}}\n',
        b'{"a": {"array": ["|O", [1], "AAAAAAAAAAA="]}}\n',
        b'{"a": {"array": ["<f8", [1000000000], "AAAAAAAAAAA="]}}\n',
        b'{"a": {"object": 99}}\n',
        b'{"a": ' + b'{"list": [' * 5000,
    ],
)
def test_no_message_is_a_value_error(line):
    with pytest.raises(ValueError, match="no message"):
        from_line(line, [].__getitem__)
