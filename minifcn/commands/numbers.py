"""Numbers as they are typed after an option: in digits that everybody reads alike, and no larger than can be meant."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

DIGITS = 18  # as many as each whole number of 64 bits may have
SHOWN = 40  # letters of what is no number


def whole(text: str) -> int:
    """ "-3" -> -3. Python reads "٣", "1_000" and numbers of a thousand digits, too: nobody means these."""
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ArgumentTypeError(f"{_short(text)} is no whole number, as 8")
    if len(text) > DIGITS:
        raise ArgumentTypeError(f"{_short(text)} is out of range: a number has at most {DIGITS} digits here")
    return int(text)


def real(text: str) -> float:
    """ "1e-3" -> 0.001; neither "nan" nor what is infinite, as "1e400" would be."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.ASCII | re.IGNORECASE):
        raise ArgumentTypeError(f"{_short(text)} is no number, as 0.1")
    if abs(number := float(text)) == float("inf"):
        raise ArgumentTypeError(f"{_short(text)} is out of range: a number is below 1e308 here")
    return number


READ: dict[Any, Callable[[str], Any]] = {int: whole, float: real}  # what reads a setting of that type


def _short(text):
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}... ({len(text)} letters)"
