"""What the checks of exercises are made of: comparisons, and hints."""

import numpy as np


class Wrong(Exception):
    """What is wrong with an answer, in words that help to put it right."""


def same(answer, expected, hint, tolerance=1e-9):
    """Raise Wrong unless `answer` is `expected`, up to rounding.

    It tells a wrong type or shape by itself, and says `hint` for wrong numbers.
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
        raise Wrong(
            f"the shape is {answer.shape}, expected {expected.shape}; {hint}"
        )
    if not np.allclose(answer, expected, rtol=tolerance, atol=tolerance):
        raise Wrong(hint)


def is_same(answer, expected):
    """Whether `same` would pass: to find out which mistake it is."""
    try:
        same(answer, expected, "")
    except Wrong:
        return False
    return True
