"""What the checks of exercises say: which number is wrong and where, and the mistakes that shapes tell of."""

import numpy as np
import pytest

from lessons.hints import Wrong, compared, is_same, same


def hint_for(answer, expected):
    with pytest.raises(Wrong) as told:
        same(answer, expected, "wrong for 2")
    return str(told.value)


@pytest.mark.parametrize(
    ("answer", "expected", "hint"),
    [
        ([[0, 0], [0, 1]], [[0, 0], [0, 0]], "wrong for 2; yours 1, expected 0 at (1, 1)"),
        ([1, 2.5, 9], [1, 2, 3], "wrong for 2; yours 2.5, expected 2 at 1"),
        (4, 6, "wrong for 2; yours 4, expected 6"),
        (np.nan, 6, "wrong for 2; yours nan, expected 6"),
        ([np.inf], [1], "wrong for 2; yours inf, expected 1 at 0"),
        (132863337, 132863336, "wrong for 2; yours 132863337, expected 132863336"),
        (0.12345678, 0.12345679, "wrong for 2; yours 0.12345678, expected 0.12345679"),
        (None, 6, "it returns None: is the `return` missing?"),
        ("six", 6, "it returns a str, expected numbers"),
        ([6, 6], 6, "the shape is (2,), expected (); wrong for 2"),
    ],
)
def test_a_wrong_answer_is_told_with_its_first_wrong_number(answer, expected, hint):
    assert hint_for(answer, expected) == hint


@pytest.mark.parametrize(
    ("answer", "expected", "hint"),
    [
        (np.zeros((0, 0)), np.zeros((3, 3)), "[p:-p] is empty for p = 0"),
        (np.ones((3, 3)), np.ones(3), "an outer product"),
        (np.ones((4, 5, 4, 5)), np.ones((4, 5)), "an outer product"),
        (np.ones((4, 2, 3)), np.ones((2, 3)), "is a sum over them missing?"),
        (np.ones((2, 3, 4)), np.ones((2, 3)), "is a sum over them missing?"),
        (np.ones((3, 2)), np.ones((2, 3)), "expected (2, 3); wrong for 2"),
    ],
)
def test_a_shape_tells_of_a_mistake(answer, expected, hint):
    assert hint in hint_for(answer, expected)


def test_rounding_is_forgiven():
    same(1 + 1e-12, 1, "wrong")
    assert is_same([1.0, 2.0], (1, 2)) and not is_same(1.001, 1)
    same(1.001, 1, "wrong", tolerance=0.01)


def test_numbers_that_look_alike_are_told_in_full():
    assert compared(1 / 3, 1 / 3 + 1e-8) == "yours 0.3333333333333333, expected 0.3333333433333333"
