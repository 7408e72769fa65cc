"""Taps that see nothing but padding are left out, and nothing changes."""

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops, whole

from minifcn.convolution.fast import bands
from minifcn.convolution.fast.taps import seen_taps
from minifcn.convolution.geometry import How

CASES = {  # size, kernel, (stride, padding, dilation), the taps that are left
    "fc6 on 3x3 pixels": ((3, 3), (7, 7), (1, 3), (5, 5)),
    "on 3x4": ((3, 4), (7, 7), (1, 3), (5, 7)),
    "one pixel": ((1, 1), (7, 5), (1, (3, 2)), (1, 1)),
    "strides": ((3, 3), (7, 7), (2, 3), (5, 5)),  # windows begin at -3 and -1
    "dilation": ((2, 3), (5, 5), (1, 4, 2), (3, 3)),  # taps at -4, -2, 0, ... and one further
    "more at one end": ((1, 1), (4, 4), (2, 2), (2, 2)),  # two taps before the pixel, one after it
    "all": ((8, 8), (7, 7), (1, 3), (7, 7)),
    "all, in much padding": ((8, 8), (3, 3), (1, 100), (3, 3)),
}


@pytest.mark.parametrize("size, kernel, how, left", CASES.values(), ids=CASES)
def test_the_output_is_the_same(size, kernel, how, left):
    rng = np.random.default_rng(0)
    (_, rows, cols), _ = seen_taps(size, kernel, How.of(*how))
    assert (rows.stop - rows.start, cols.stop - cols.start) == left
    x, weight = whole(rng, 2, 3, *size), whole(rng, 4, 3, *kernel)
    y = bands.conv2d(x, weight, How.of(*how))
    np.testing.assert_array_equal(y, conv2d_loops(x, weight, *how))
    dy = whole(rng, *y.shape)
    dx = bands.conv2d_grad_input(dy, weight, size, How.of(*how))
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, size, *how))
    dw = bands.conv2d_grad_weight(dy, x, kernel, How.of(*how))
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *how))
