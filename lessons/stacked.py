"""Formulas of several lines: fractions with a bar, brackets as high as they."""

import re
from typing import NamedTuple

from rich.cells import cell_len

OVER, BAR, END = "\ue000\ue001\ue002"  # a fraction: OVER 1 BAR 2 END
TALL = {  # a bracket's first line, those between, and its last
    "(": "⎛⎜⎝",
    ")": "⎞⎟⎠",
    "[": "⎡⎢⎣",
    "]": "⎤⎥⎦",
    "⌊": "⎢⎢⎣",
    "⌋": "⎥⎥⎦",
    "⌈": "⎡⎢⎢",
    "⌉": "⎤⎥⎥",
}
PAIRS = dict(zip("([⌊⌈", ")]⌋⌉"))


# What needs no brackets in a fraction: a number, a name with its indices, an
# absolute value, a function of something plain.
PLAIN = re.compile(
    r"∂?[^\W\d][^\s+\-/·()|[\]]*(\[[^]]*\][^\s\w]*)?|\d+|\|[^|]*\||\w+\(\w\)"
)


class Box(NamedTuple):
    """Lines of one width, and which of them continues the text beside it."""

    lines: list
    base: int = 0

    @property
    def width(self):
        return cell_len(self.lines[0])


def stacked(text):
    """The lines of a formula in which fractions are marked."""
    return [line.rstrip() for line in _inside(list(text), "")[0].lines]


def _inside(letters, closing):
    """Take letters away up to one of `closing`; -> (their Box, that letter)."""
    boxes = []
    while letters:
        letter = letters.pop(0)
        if letter in closing:
            return _beside(boxes), letter
        if letter == OVER:
            boxes.append(_fraction(letters))
        elif letter in PAIRS:
            boxes += _brackets(letter, letters, closing)
        else:
            boxes.append(Box([letter]))
    return _beside(boxes), ""


def _fraction(letters):
    parts = [_inside(letters, end)[0] for end in (BAR, END)]
    width = max(box.width for box in parts)
    above, below = ([_centred(x, width) for x in box.lines] for box in parts)
    return Box([*above, "─" * width, *below], len(above))


def _brackets(first, letters, closing):
    """The Boxes of a bracket, of what is in it, and of the one that closes it.

    Without such a one, what closes something further out ends it: "[0, 1)".
    """
    last = PAIRS[first]
    inner, end = _inside(letters, closing + last)
    if end != last:
        letters[:0] = end
    return [_tall(first, inner), inner, *[_tall(last, inner)] * (end == last)]


def _tall(bracket, inner):
    """A bracket as high as what is in it."""
    height = len(inner.lines)
    if height == 1:
        return Box([bracket])
    top, between, bottom = TALL[bracket]
    return Box([top, *between * (height - 2), bottom], inner.base)


def _centred(line, width):
    left = (width - cell_len(line)) // 2
    return " " * left + line + " " * (width - left - cell_len(line))


def _beside(boxes):
    """One Box of several, from left to right."""
    above = max((box.base for box in boxes), default=0)
    below = max((len(box.lines) - box.base for box in boxes), default=1)
    lines = [""] * (above + below)
    for box in boxes:
        blank = [" " * box.width]
        rows = blank * (above - box.base) + box.lines
        rows += blank * (len(lines) - len(rows))
        lines = [line + row for line, row in zip(lines, rows)]
    return Box(lines, above)


def flat(text):
    """The formula in one line: marked fractions as 1/2, (a + b)/c."""
    fraction = re.compile(f"{OVER}([^{OVER}{END}]*){BAR}([^{OVER}{END}]*){END}")
    while (found := fraction.search(text)) is not None:
        parts = (p if PLAIN.fullmatch(p) else f"({p})" for p in found.groups())
        text = text[: found.start()] + "/".join(parts) + text[found.end() :]
    return text
