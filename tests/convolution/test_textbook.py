"""Windows to columns and back: written out by hand, and against the definition of a window."""

import numpy as np
import pytest

from minifcn.convolution import col2im, im2col
from minifcn.convolution.textbook import pad, windows
from minifcn.errors import InputError

X = np.arange(1.0, 13.0).reshape(1, 1, 3, 4)  # rows 1 2 3 4 / 5 6 7 8 / 9 10 11 12

SETTINGS = [  # kernel, stride, padding, dilation
    ((2, 3), (1, 1), (0, 0), (1, 1)),
    ((3, 2), (2, 1), (1, 2), (1, 1)),
    ((3, 4), (3, 2), (1, 0), (1, 1)),  # blocks of stride taps: one and a bit, two
    ((2, 2), (3, 4), (0, 1), (1, 1)),  # a stride beyond the kernel: pixels between windows
    ((2, 3), (1, 2), (2, 1), (2, 3)),
    ((3, 1), (2, 2), (3, 1), (2, 1)),  # dilation along one axis only
]


def columns_by_definition(x, kernel, stride, padding, dilation):
    """A loop over every window's every entry, the padding being zeros."""
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = kernel, stride, padding, dilation
    n, c, h, w = x.shape
    oh = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    columns = np.zeros((n, c, kh, kw, oh, ow))
    for i, j, row, col in np.ndindex(kh, kw, oh, ow):
        y, z = row * sh - ph + i * dh, col * sw - pw + j * dw
        if 0 <= y < h and 0 <= z < w:
            columns[:, :, i, j, row, col] = x[:, :, y, z]
    return columns.reshape(n, c * kh * kw, oh * ow)


def test_every_window_is_a_column():
    expected = [
        [1, 2, 5, 6],
        [2, 3, 6, 7],
        [3, 4, 7, 8],
        [5, 6, 9, 10],
        [6, 7, 10, 11],
        [7, 8, 11, 12],
    ]
    np.testing.assert_array_equal(im2col(X, (2, 3)), [expected])


def test_stride_and_padding_written_out():
    expected = [[0, 0, 0, 0, 6, 8], [0, 0, 0, 5, 7, 0], [0, 2, 4, 0, 10, 12], [1, 3, 0, 9, 11, 0]]
    np.testing.assert_array_equal(im2col(X, 2, stride=2, padding=1), [expected])


def test_dilation_written_out():
    np.testing.assert_array_equal(im2col(X, (2, 2), dilation=(2, 3)), [[[1], [4], [9], [12]]])


def test_channels_follow_one_another_and_images_are_apart():
    x = np.arange(8.0).reshape(2, 2, 1, 2)  # image, channel: 01 23 / 45 67
    np.testing.assert_array_equal(im2col(x, (1, 2)), [[[0], [1], [2], [3]], [[4], [5], [6], [7]]])
    np.testing.assert_array_equal(im2col(x, 1), [[[0, 1], [2, 3]], [[4, 5], [6, 7]]])


@pytest.mark.parametrize("settings", SETTINGS)
def test_im2col_is_the_definition(settings):
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 6))
    np.testing.assert_array_equal(im2col(x, *settings), columns_by_definition(x, *settings))


def test_col2im_adds_where_windows_overlap():
    # Of 2x3 windows over 3x4 pixels: how many see each pixel.
    np.testing.assert_array_equal(
        col2im(np.ones((1, 6, 4)), (3, 4), (2, 3))[0, 0], [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]]
    )


def test_col2im_puts_each_entry_back():
    columns = np.array([[[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]]])  # two taps, three windows along one row
    np.testing.assert_array_equal(col2im(columns, (1, 4), (1, 2)), [[[[1, 12, 120, 200]]]])
    np.testing.assert_array_equal(
        col2im(columns, (1, 4), (1, 2), padding=(0, 1), stride=(1, 2)), [[[[2, 10, 20, 100]]]]
    )


def test_col2im_leaves_pixels_that_no_window_sees_at_zero():
    columns = np.array([[[1.0, 2.0]]])
    np.testing.assert_array_equal(col2im(columns, (2, 4), 1, stride=(2, 3)), [[[[1, 0, 0, 2], [0, 0, 0, 0]]]])


@pytest.mark.parametrize("shape", [(2, 12, 5), (2, 13, 6), (2, 0, 5)])
def test_col2im_of_columns_that_are_not_those_of_the_image(shape):
    with pytest.raises(InputError, match=r"expected \(N, C\*4, 6\) for 3x4 pixels"):
        col2im(np.zeros(shape), (3, 4), 2)


@pytest.mark.parametrize("settings", SETTINGS)
def test_col2im_is_the_transpose(settings):
    """<im2col(x), columns> = <x, col2im(columns)>, exactly: the numbers are whole."""
    rng = np.random.default_rng(1)
    x = rng.integers(-9, 10, (2, 3, 7, 6)).astype(float)
    expected = columns_by_definition(x, *settings)
    columns = rng.integers(-9, 10, expected.shape).astype(float)
    assert (expected * columns).sum() == (x * col2im(columns, (7, 6), *settings)).sum()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_stay_and_dtypes_are_kept(dtype):
    x = np.random.default_rng(2).standard_normal((1, 2, 5, 4)).astype(dtype)
    before = x.copy()
    columns = im2col(x, 3, padding=1)
    assert columns.dtype == dtype and columns.flags.c_contiguous and not np.shares_memory(columns, x)
    columns_before = columns.copy()
    assert col2im(columns, (5, 4), 3, padding=1).dtype == dtype
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(columns, columns_before)


def test_arrays_in_any_layout():
    x = np.random.default_rng(3).standard_normal((7, 6, 2, 3)).transpose(2, 3, 0, 1)[:, :, ::-1]
    np.testing.assert_array_equal(im2col(x, 3, 2, 1), columns_by_definition(x, *[(n, n) for n in (3, 2, 1, 1)]))


@pytest.mark.parametrize("kernel, dilation", [((5, 1), 1), ((1, 6), 1), ((2, 1), 4)])
def test_a_kernel_larger_than_the_image_is_refused(kernel, dilation):
    with pytest.raises(InputError, match="kernel reaches over"):
        im2col(X, kernel, dilation=dilation)
    with pytest.raises(InputError, match="kernel reaches over"):
        col2im(np.ones((1, 5, 1)), (3, 4), kernel, dilation=dilation)


def test_pad_puts_zeros_around():
    np.testing.assert_array_equal(pad(X[..., :1, :2], (1, 2))[0, 0], [[0] * 6, [0, 0, 1, 2, 0, 0], [0] * 6])


def test_a_negative_padding_crops_and_none_copies_nothing():
    np.testing.assert_array_equal(pad(X, (-1, 1))[0, 0], [[0, 5, 6, 7, 8, 0]])
    np.testing.assert_array_equal(pad(X, (0, -1))[0, 0], [[2, 3], [6, 7], [10, 11]])
    assert np.shares_memory(pad(X, (0, 0)), X)


def test_windows_are_a_view():
    x = X.copy()
    view = windows(x, (2, 2), (1, 2), (1, 1))
    assert view.shape == (1, 1, 2, 2, 2, 2)
    view[0, 0, 1, 1, 0, 1] = -1  # under the last tap of the first row's second window
    assert x[0, 0, 1, 3] == -1
