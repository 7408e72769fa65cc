"""What the checks of exercises are made of: comparisons, and hints."""

import numpy as np

# Mistakes that come up in many exercises.
ADDS_ONCE = (
    "add with `+=`; with arrays i, in which an index is repeated, `y[i] += v` "
    "adds only once: use np.add.at(y, i, v)"
)
EMPTY = (
    "nothing is left: [p:-p] is empty for p = 0, as -0 is 0; write [p : n - p]"
)


class Wrong(Exception):
    """What is wrong with an answer, in words that help to put it right."""


def same(answer, expected, hint, tolerance=1e-9):
    """Raise Wrong unless `answer` is `expected`, up to rounding.

    It tells a wrong type or shape by itself, and says `hint` for wrong numbers,
    with the first of them.
    """
    if answer is None:
        raise Wrong("it returns None: is the `return` missing?")
    try:
        answer = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(
            f"it returns a {type(answer).__name__}, expected numbers"
        ) from None
    expected = np.asarray(expected, dtype=float)
    if answer.shape != expected.shape:
        hint = _of_shapes(answer, expected) or hint
        raise Wrong(
            f"the shape is {answer.shape}, expected {expected.shape}; {hint}"
        )
    right = np.isclose(answer, expected, rtol=tolerance, atol=tolerance)
    if not right.all():
        at = tuple(map(int, np.argwhere(~right)[0]))
        numbers = compared(answer[at], expected[at])
        raise Wrong(f"{hint}; {numbers}{_place(at)}")


def is_same(answer, expected):
    """Whether `same` would pass: to find out which mistake it is."""
    try:
        same(answer, expected, "")
    except Wrong:
        return False
    return True


def compared(answer, expected):
    """Two numbers in words: "yours 1, expected 0"."""
    words = [_number(answer), _number(expected)]
    if words[0] == words[1]:  # the difference lies in later digits
        words = [repr(float(answer)), repr(float(expected))]
    return f"yours {words[0]}, expected {words[1]}"


def _number(value):
    value = float(value)
    whole = value.is_integer() and abs(value) < 1e15
    return f"{value:.0f}" if whole else f"{value:.6g}"


def _place(at):
    """ " at (2, 3)" in a map, " at 2" in a list, nothing for a number alone."""
    where = f"({', '.join(map(str, at))})" if len(at) > 1 else str(*at)
    return f" at {where}" if at else ""


def _of_shapes(answer, expected):
    """The mistake that two shapes tell of, or None."""
    if answer.size == 0 < expected.size:
        return EMPTY
    if expected.ndim and answer.shape == 2 * expected.shape:
        return (
            "an outer product, all with all: (n, 1) with (n,) makes (n, n); "
            "which pairs belong together, and is a sum missing?"
        )
    more = answer.ndim > expected.ndim > 0
    own = expected.shape
    if more and own in (answer.shape[: len(own)], answer.shape[-len(own) :]):
        return "it has axes too many: is a sum over them missing?"
    return None
