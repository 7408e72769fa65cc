"""ZeroPad2d: by hand, where it lies, and what it refuses. What every layer promises stands in test_layer.py."""

from fractions import Fraction

import numpy as np
import pytest

from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers import ZeroPad2d


def test_by_hand():
    layer = ZeroPad2d((1, 0, 0, 2))
    y = layer(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    np.testing.assert_array_equal(y, [[[[0, 1, 2], [0, 3, 4], [0, 0, 0], [0, 0, 0]]]])
    dx = layer.backward(np.arange(12.0).reshape(1, 1, 4, 3))
    np.testing.assert_array_equal(dx, [[[[1, 2], [4, 5]]]])


def test_one_number_is_for_all_sides():
    assert repr(ZeroPad2d(2)) == "ZeroPad2d((2, 2, 2, 2))"
    assert ZeroPad2d(2)(np.ones((2, 3, 4, 5))).shape == (2, 3, 8, 9)


def test_what_comes_back_is_no_part_of_what_was_given():
    layer, dy = ZeroPad2d(0), np.ones((1, 1, 2, 2))
    layer(dy)
    assert not np.shares_memory(layer.backward(dy), dy)


def test_where_the_map_lies():
    layer, place = ZeroPad2d((1, 2, 3, 4)), Place(10, Fraction(2), Fraction(0), 7)
    assert layer.output_place(0, place) == Place(17, Fraction(2), Fraction(-6), 7)
    assert layer.output_place(1, place) == Place(13, Fraction(2), Fraction(-2), 7)


@pytest.mark.parametrize(
    "padding, message",
    [
        ((1, 2), r"padding is \(1, 2\); expected a number or \(left, right, top, bottom\)"),
        (1.5, "padding is 1.5; expected a whole number"),
        ((0, 1, -1, 0), "padding is -1; expected at least 0"),
    ],
)
def test_other_paddings_are_refused(padding, message):
    with pytest.raises(InputError, match=f"^ZeroPad2d: {message}$"):
        ZeroPad2d(padding)


def test_another_input_or_gradient_is_refused():
    with pytest.raises(InputError, match=r"ZeroPad2d: input has shape \(3, 4\), expected \(N, C, H, W\)"):
        ZeroPad2d(1)(np.ones((3, 4)))
    with pytest.raises(InputError, match=r"ZeroPad2d: the output would have the shape .*, more numbers"):
        ZeroPad2d(10**9)(np.ones((1, 1, 2, 2)))
    layer = ZeroPad2d(1)
    layer(np.ones((1, 1, 2, 2)))
    with pytest.raises(InputError, match=r"ZeroPad2d: dy has shape \(1, 1, 2, 2\), the output \(1, 1, 4, 4\)"):
        layer.backward(np.ones((1, 1, 2, 2)))
