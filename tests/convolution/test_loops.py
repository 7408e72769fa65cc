"""The reference itself, against products and sums written out by hand."""

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops

from minifcn.errors import InputError

X = np.arange(1.0, 13.0).reshape(1, 1, 3, 4)  # rows 1 2 3 4 / 5 6 7 8 / 9 10 11 12
W = np.array([[[[1.0, 2.0], [0.0, -1.0]]]])  # not symmetrical: a kernel turned round would show


def test_one_window_at_a_time():
    # top left: 1*1 + 2*2 - 6 = -1, and each step adds 1 + 2 - 1 = 2 a column, 8 a row
    np.testing.assert_array_equal(conv2d_loops(X, W), [[[[-1, 1, 3], [7, 9, 11]]]])


def test_stride_padding_and_dilation_apart_for_rows_and_columns():
    # Taps two columns apart, windows from row -1 and columns -1, 0, 1, 2; rows 2 apart.
    expected = [[[[-2, -3, -4, 0], [2 * 6 - 10, 5 + 2 * 7 - 11, 6 + 2 * 8 - 12, 7]]]]
    y = conv2d_loops(X, W, stride=(2, 1), padding=(1, 1), dilation=(1, 2))
    np.testing.assert_array_equal(y, expected)


def test_channels_are_summed_within_their_group_only():
    x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1)
    weight = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]]).reshape(4, 2, 1, 1)
    whole = conv2d_loops(x[:, :2], weight)
    np.testing.assert_array_equal(whole.ravel(), [21, 42, 63, 84])
    grouped = conv2d_loops(x, weight, groups=2)
    np.testing.assert_array_equal(grouped.ravel(), [1 + 20, 2 + 40, 3 * 3 + 4 * 30, 3 * 4 + 4 * 40])


def test_images_are_apart():
    y = conv2d_loops(np.concatenate([X, 2 * X]), W)
    np.testing.assert_array_equal(y[1], [[[-2, 2, 6], [14, 18, 22]]])


def test_gradient_of_the_input():
    # Each dy lays its kernel onto the image; where two meet they add up.
    dy = np.array([[[[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]]]])
    expected = [[1, 12, 120, 200], [2, 24 - 1, 240 - 10, 400 - 100], [0, -2, -20, -200]]
    np.testing.assert_array_equal(conv2d_grad_input_loops(dy, W, (3, 4))[0, 0], expected)


def test_gradient_of_the_input_under_stride_and_padding():
    # Windows start at -1 and 1 along both axes: of the outer ones only the inner taps lie on the image.
    dy = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    dx = conv2d_grad_input_loops(dy, W, (3, 3), stride=2, padding=1)
    np.testing.assert_array_equal(dx[0, 0], [[-1, 0, -10], [200, 1000, 2000], [-100, 0, -1000]])


def test_gradient_of_the_weight():
    # dW[i, j] = sum over windows of dy times the pixel that lies under the kernel's entry (i, j)
    dy = np.array([[[[1.0, 0.0, 2.0], [0.0, -1.0, 0.0]]]])
    expected = [[1 + 6 - 6, 2 + 8 - 7], [5 + 14 - 10, 6 + 16 - 11]]
    np.testing.assert_array_equal(conv2d_grad_weight_loops(dy, X, 2)[0, 0], expected)


def test_gradient_of_the_weight_in_groups_sums_over_images():
    x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1, 1)
    dy = np.array([[10.0, 20.0], [30.0, 40.0]]).reshape(2, 2, 1, 1)
    dw = conv2d_grad_weight_loops(dy, x, 1, groups=2)
    assert dw.shape == (2, 1, 1, 1)
    np.testing.assert_array_equal(dw.ravel(), [1 * 10 + 3 * 30, 2 * 20 + 4 * 40])


def test_gradient_of_the_weight_under_padding():
    # The four windows of 3x3 taps around a 2x2 image: entry (0, 0) only ever meets pixel (0, 0), in the last window.
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    dy = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    dw = conv2d_grad_weight_loops(dy, x, 3, padding=1)
    np.testing.assert_array_equal(dw[0, 0], [[1000, 2100, 200], [3010, 4321, 402], [30, 43, 4]])


def test_the_dtype_is_kept():
    assert conv2d_loops(X.astype("float32"), W.astype("float32")).dtype == "float32"


def test_a_kernel_larger_than_the_image_is_refused():
    with pytest.raises(InputError, match="padded input has only 3"):
        conv2d_loops(X, np.ones((1, 1, 4, 1)))
