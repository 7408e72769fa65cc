"""Pooling without strides, by hand: the same weights, a smaller field, other scores."""

import numpy as np
import pytest
from hypothesis import given

from minifcn.alternatives import Variant, rarefied, receptive_field, tradeoff, without_pool_strides
from minifcn.errors import InputError
from minifcn.layers import Conv2d, Dropout, MaxPool2d, ReLU

from .drawing import conv, drawn, nets, row, two_step


def test_the_filter_now_meets_other_neighbours():
    # Rectified differences 2 0 3 0 5, of neighbours 2 3 3 5; each with 10 times the next: no score of the net's own 32.
    found = without_pool_strides(two_step())
    np.testing.assert_array_equal(found(row(0, 2, 1, 4, 4, 9)), row(32, 33, 53))
    np.testing.assert_array_equal(two_step()(row(0, 2, 1, 4, 4, 9)), row(32))
    assert receptive_field(found) == (1, 4) and receptive_field(two_step()) == (1, 5)


def test_strides_of_convolutions_stay():
    net = without_pool_strides([conv(1, 1, stride=3), MaxPool2d((1, 2)), ReLU()])
    assert [layer.stride for _, layer in net.children() if hasattr(layer, "stride")] == [(1, 3), (1, 1)]


def test_the_weights_are_shared():
    net = two_step()
    for one, other in zip(without_pool_strides(net).parameters(), net.parameters(), strict=True):
        assert one is other
    assert net.named["2"].stride == (1, 2)


def test_the_table_by_hand():
    # Two 3x3 convolutions, 1 -> 2 -> 4 channels, and a pooling after each, on 12x12 pixels. Maps:
    # as is             10x10, 5x5, 3x3, 1x1       field 3 + 1 + 2 * 2 + 2
    # strides left out  10x10, 9x9, 7x7, 6x6             3 + 1 + 2 + 1
    # rarefied          10x10, 9x9, 5x5, 3x3             as is
    net = [Conv2d(1, 2, 3), MaxPool2d(2), Conv2d(2, 4, 3), MaxPool2d(2)]
    parameters, first = 2 * 9 + 2 + 4 * 18 + 4, 100 * 18
    assert tradeoff(net, (12, 12)) == [
        Variant("as is", (4, 4), parameters, (10, 10), first + 9 * 72),
        Variant("strides left out", (1, 1), parameters, (7, 7), first + 49 * 72),
        Variant("rarefied", (1, 1), parameters, (10, 10), first + 25 * 72),
    ]


@drawn(60)
@given(nets(padded=True))
def test_fields_shrink_and_stay(case):
    net, image = case
    as_is, left_out, holes = tradeoff(net, image.shape[2:])
    assert as_is.parameters == left_out.parameters == holes.parameters
    assert all(small <= large for small, large in zip(left_out.receptive_field, as_is.receptive_field))
    assert holes.receptive_field == as_is.receptive_field and holes.stride == (1, 1)
    assert as_is.multiply_adds <= holes.multiply_adds


def test_without_any_later_filter_both_are_one():
    net = [conv(1, 2), MaxPool2d((1, 2))]
    image = row(3, 1, 4, 1, 5, 9)
    np.testing.assert_array_equal(without_pool_strides(net)(image), rarefied(net)(image))


@pytest.mark.parametrize("function", [without_pool_strides, lambda net: tradeoff(net, (8, 8))])
def test_a_layer_of_another_kind(function):
    with pytest.raises(InputError, match="layer 1 is a Dropout, expected Conv2d, ReLU or MaxPool2d"):
        function([ReLU(), Dropout()])


def test_an_image_too_small():
    with pytest.raises(InputError, match="use a larger image"):
        tradeoff([Conv2d(1, 1, 3)], (2, 5))
