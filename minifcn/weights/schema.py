"""What values in a JSON must be, told once and checked before anything relies on them.

A `Check` is called with a value and its name in the file. InputError where the value is something else: "palette[3] is
'red', expected a list". Checks are put together: `listing(whole(0, 255), 3, 3)`.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from minifcn.errors import InputError
from minifcn.text import brief

Check = Callable[[Any, str], None]
LONGEST = 1 << 25  # letters: a history of 100,000 epochs, or half a million names of pictures
DEEPEST = 20  # brackets in brackets
WORDY = 100_000  # letters of one text
MOST = 1_000_000_000  # of anything that is counted
LARGEST = sys.float_info.max


def parse(text: str | bytes) -> Any:
    """The value that a JSON tells. InputError where it is none, or longer or deeper than what is written here."""
    if len(text) > LONGEST:
        raise InputError(f"it has {len(text)} letters of JSON, expected at most {LONGEST}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is no JSON ({error})") from error
    level = _brackets([value])
    for _ in range(DEEPEST):
        level = _brackets(item for held in level for item in (held.values() if isinstance(held, dict) else held))
    if level:
        raise InputError(f"its JSON has more than {DEEPEST} brackets one in the other")
    return value


def text(value: Any, name: str) -> None:
    """A text that is not empty."""
    fits = _kept(lambda value: isinstance(value, str) and 0 < len(value) <= WORDY, f"a text of 1 to {WORDY} letters")
    fits(value, name)


def flag(value: Any, name: str) -> None:
    """True or false."""
    _kept(lambda value: isinstance(value, bool), "true or false")(value, name)


def whole(least: int = 0, most: int = MOST) -> Check:
    """A whole number."""
    return _kept(lambda value: type(value) is int and least <= value <= most, f"a whole number from {least} to {most}")


def number(least: float = -LARGEST, most: float = LARGEST) -> Check:
    """A finite number."""
    range_ = "a finite number" if (least, most) == (-LARGEST, LARGEST) else f"a number from {least:g} to {most:g}"
    return _kept(lambda value: type(value) in (int, float) and least <= value <= most, range_)


def above_0(value: Any, name: str) -> None:
    """A finite number above 0."""
    _kept(lambda value: type(value) in (int, float) and 0 < value <= LARGEST, "a finite number above 0")(value, name)


def figure(value: Any, name: str) -> None:
    """A number that was measured: what was measured of nothing is NaN."""
    if not (isinstance(value, float) and math.isnan(value)):
        number()(value, name)


def one_of(*values: Any) -> Check:
    """One of these texts and numbers."""
    return _kept(lambda value: value in values and not isinstance(value, bool), " or ".join(map(repr, values)))


def optional(check: Check, *values: Any) -> Check:
    """What another check admits, or null; or one of other values instead of null."""

    def checked(value, name):
        if value not in (values or (None,)):
            check(value, name)

    return checked


def listing(check: Check, least: int = 0, most: int = MOST) -> Check:
    """A list of so many values, each of which a check admits."""

    def checked(value, name):
        if not isinstance(value, list):
            raise InputError(f"{name} is {brief(value)}, expected a list")
        if not least <= len(value) <= most:
            span = f"{least}" if least == most else f"{least} to {most}"
            raise InputError(f"{name} is a list of {len(value)}, expected {span}")
        for place, item in enumerate(value):
            check(item, f"{name}[{place}]")

    return checked


def table(needed: Mapping[str, Check], more: Mapping[str, Check] | None = None, others: Check | None = None) -> Check:
    """An object with the entries `needed`, and perhaps some of `more`; `others` admits those of any other name."""
    known = {**needed, **(more or {})}

    def checked(value, name):
        before = f"{name}." if name else ""
        if not isinstance(value, dict):
            raise InputError(f"{name or 'it'} is {brief(value)}, expected an object with names and values")
        if lost := [key for key in needed if key not in value]:
            raise InputError(f"{before}{lost[0]} is missing, expected {', '.join(needed)}")
        for key, item in value.items():
            check = known.get(key, others)
            if check is None:
                raise InputError(f"{name or 'it'} has the entry {brief(key)}, expected none but {', '.join(known)}")
            check(item, before + key[:40])

    return checked


def anything(value: Any, name: str) -> None:
    """Whatever a newer version may have to tell."""


def _brackets(values):
    return [value for value in values if isinstance(value, (list, dict))]


def _kept(fits: Callable[[Any], bool], expected: str) -> Check:
    def checked(value, name):
        if not fits(value):
            raise InputError(f"{name} is {brief(value)}, expected {expected}")

    return checked
