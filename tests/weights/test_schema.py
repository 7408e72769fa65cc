"""What values must be: each check admits what it names, and refuses the rest by name."""

import math

import pytest

from minifcn.errors import InputError
from minifcn.weights import schema
from minifcn.weights.schema import listing, number, one_of, optional, parse, table, whole

POINT = table({"x": whole(), "y": number(-1, 1)}, {"name": schema.text})


@pytest.mark.parametrize(
    "check, values",
    [
        (schema.text, ["a", " ", "사과\n"]),
        (schema.flag, [True, False]),
        (whole(0, 255), [0, 255]),
        (number(), [-1, 1.5, 1e308]),
        (schema.above_0, [1, 1e-300]),
        (schema.figure, [0, -2.5, math.nan]),
        (one_of("RGB", "BGR"), ["BGR"]),
        (optional(whole()), [None, 3]),
        (optional(whole(), "same"), ["same", 3]),
        (listing(whole(), 1, 2), [[0], [1, 2]]),
        (POINT, [{"x": 1, "y": 0.5}, {"y": -1, "x": 0, "name": "a"}]),
        (table({}, others=schema.anything), [{}, {"a": [{}]}]),
    ],
)
def test_what_is_admitted(check, values):
    for value in values:
        check(value, "it")


@pytest.mark.parametrize(
    "check, value, words",
    [
        (schema.text, "", "e is '', expected a text of 1 to 100000 letters"),
        (schema.text, "x" * 100_001, "expected a text of 1 to 100000 letters"),
        (schema.text, 3, "e is 3, expected a text"),
        (schema.flag, 1, "e is 1, expected true or false"),
        (whole(), True, "e is True, expected a whole number from 0"),
        (whole(), 2.0, "e is 2.0, expected a whole number"),
        (whole(0, 255), -1, "e is -1, expected a whole number from 0 to 255"),
        (whole(0, 255), 256, "e is 256, expected a whole number from 0 to 255"),
        (number(), math.nan, "e is nan, expected a finite number"),
        (number(), math.inf, "e is inf, expected a finite number"),
        (number(), 10**400, "expected a finite number"),
        (number(0, 1), 1.5, "e is 1.5, expected a number from 0 to 1"),
        (schema.above_0, 0, "e is 0, expected a finite number above 0"),
        (schema.figure, math.inf, "e is inf, expected a finite number"),
        (schema.figure, "1", "e is '1', expected a finite number"),
        (one_of("RGB", "BGR"), "rgb", "e is 'rgb', expected 'RGB' or 'BGR'"),
        (one_of("RGB"), [], "e is [], expected 'RGB'"),
        (optional(whole(), "same"), None, "e is None, expected a whole number"),
        (listing(whole()), "abc", "e is 'abc', expected a list"),
        (listing(whole(), 3, 3), [1, 2], "e is a list of 2, expected 3"),
        (listing(whole(), 1), [], "e is a list of 0, expected 1 to"),
        (listing(whole()), [0, 1, None], "e[2] is None, expected a whole number"),
        (POINT, [], "e is [], expected an object with names and values"),
        (POINT, {"x": 1}, "e.y is missing, expected x, y"),
        (POINT, {"x": 1, "y": 2}, "e.y is 2, expected a number from -1 to 1"),
        (POINT, {"x": 1, "y": 1, "z": 1}, "e has the entry 'z', expected none but x, y, name"),
        (table({"p": listing(POINT)}), {"p": [{"x": 1, "y": "a"}]}, "e.p[0].y is 'a', expected a number"),
    ],
)
def test_what_is_refused(check, value, words):
    with pytest.raises(InputError) as error:
        check(value, "e")
    assert words in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "{", "nul", "[1,]", b"\xff\xfe{", "[" * 100_000, "[" + "9" * 5000 + "]", "[" * 500 + "]" * 500]
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(InputError, match="JSON"):
        parse(text)


def test_json_is_as_deep_and_as_long_as_admitted(monkeypatch):
    for depth in (1, schema.DEEPEST):
        assert parse("[" * depth + "]" * depth) is not None
    with pytest.raises(InputError, match="more than 20 brackets one in the other"):
        parse("[" * 22 + "]" * 22)
    monkeypatch.setattr(schema, "LONGEST", 4)
    assert parse("[12]") == [12]
    with pytest.raises(InputError, match="it has 5 letters of JSON, expected at most 4"):
        parse("[123]")
