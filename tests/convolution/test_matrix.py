"""The convolution's matrix: entry by entry as on the slides, then any setting against the loops."""

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops, conv2d_loops

from minifcn.convolution import conv_matrix
from minifcn.convolution.geometry import How
from minifcn.convolution.matrix import conv_matrix_bytes
from minifcn.errors import InputError

A, B, C, D, E, F, G, H, I = range(1, 10)  # noqa: E741 - the kernel's entries, row by row
KERNEL = np.array([[[[A, B, C], [D, E, F], [G, H, I]]]], float)

SLIDE = [  # 3x3 kernel on 4x4 pixels: a row an output, a column a pixel
    [A, B, C, 0, D, E, F, 0, G, H, I, 0, 0, 0, 0, 0],
    [0, A, B, C, 0, D, E, F, 0, G, H, I, 0, 0, 0, 0],
    [0, 0, 0, 0, A, B, C, 0, D, E, F, 0, G, H, I, 0],
    [0, 0, 0, 0, 0, A, B, C, 0, D, E, F, 0, G, H, I],
]

TRANSPOSED = [  # the way back: a row a pixel, a column an output
    [A, 0, 0, 0],
    [B, A, 0, 0],
    [C, B, 0, 0],
    [0, C, 0, 0],
    [D, 0, A, 0],
    [E, D, B, A],
    [F, E, C, B],
    [0, F, 0, C],
    [G, 0, D, 0],
    [H, G, E, D],
    [I, H, F, E],
    [0, I, 0, F],
    [0, 0, G, 0],
    [0, 0, H, G],
    [0, 0, I, H],
    [0, 0, 0, I],
]


def test_the_slides_matrix():
    np.testing.assert_array_equal(conv_matrix(KERNEL, (4, 4)), SLIDE)


@pytest.mark.parametrize(
    "weight, groups, message",
    [
        (KERNEL[0], 1, r"weight has shape \(1, 3, 3\), expected \(O, C/groups, kh, kw\)"),
        (KERNEL.tolist(), 1, "weight is a list, expected an array"),
        (KERNEL[:0], 1, r"weight has shape \(0, 1, 3, 3\), which is no kernel"),
        (KERNEL, 2, r"a weight of shape \(1, 1, 3, 3\) does not divide into 2 groups"),
    ],
)
def test_a_weight_that_is_none_is_refused(weight, groups, message):
    with pytest.raises(InputError, match=message):
        conv_matrix(weight, 4, groups=groups)


def test_its_transpose_takes_four_outputs_to_sixteen_pixels():
    matrix = conv_matrix(KERNEL, 4)
    np.testing.assert_array_equal(matrix.T, TRANSPOSED)
    np.testing.assert_array_equal(
        (matrix.T @ [1, 10, 100, 1000]).reshape(4, 4),
        [
            [1, 12, 23, 30],
            [104, 1245, 2356, 3060],
            [407, 4578, 5689, 6090],
            [700, 7800, 8900, 9000],
        ],
    )


def test_padding_and_stride_written_out():
    weight = np.array([[[[A, B], [C, D]]]], float)
    expected = [  # windows start at (-1, -1), (-1, 1), (1, -1), (1, 1) of 2x3 pixels
        [D, 0, 0, 0, 0, 0],
        [0, C, D, 0, 0, 0],
        [0, 0, 0, B, 0, 0],
        [0, 0, 0, 0, A, B],
    ]
    np.testing.assert_array_equal(conv_matrix(weight, (2, 3), stride=2, padding=1), expected)


def test_channels_and_groups_are_blocks():
    weight = np.array([[2.0, 3.0], [5.0, 7.0]])
    np.testing.assert_array_equal(conv_matrix(weight.reshape(2, 2, 1, 1), 1), weight)
    grouped = conv_matrix(weight.reshape(4, 1, 1, 1), 1, groups=2)
    np.testing.assert_array_equal(grouped, [[2, 0], [3, 0], [0, 5], [0, 7]])


CASES = [  # kernel, stride, padding, dilation, groups; 4 channels of 5x4 to 6
    ((3, 2), (1, 1), (0, 0), (1, 1), 1),
    ((2, 3), (2, 1), (1, 2), (1, 1), 2),
    ((3, 2), (1, 2), (2, 1), (2, 3), 1),
    ((2, 2), (3, 3), (0, 1), (1, 1), 2),
    ((2, 1), (1, 1), (6, 0), (1, 1), 1),  # windows that lie wholly in the padding: rows of zeros
]


@pytest.mark.parametrize("case", CASES)
def test_c_times_x_is_the_convolution_and_c_transposed_the_way_back(case):
    kernel, *how = case
    rng = np.random.default_rng(0)
    x = rng.integers(-5, 6, (1, 4, 5, 4)).astype(float)
    weight = rng.integers(-5, 6, (6, 4 // case[-1], *kernel)).astype(float)
    expected = conv2d_loops(x, weight, *how)
    y = rng.integers(-5, 6, expected.shape).astype(float)

    matrix = conv_matrix(weight, (5, 4), *how)
    assert matrix.shape == (expected.size, x.size)
    np.testing.assert_array_equal(matrix @ x.ravel(), expected.ravel())
    np.testing.assert_array_equal(matrix.T @ y.ravel(), conv2d_grad_input_loops(y, weight, (5, 4), *how).ravel())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_the_weights_and_the_weight_stays(dtype):
    weight = KERNEL.astype(dtype)
    assert conv_matrix(weight, (4, 5), padding=1).dtype == dtype
    np.testing.assert_array_equal(weight, KERNEL)


def test_a_matrix_over_the_usual_limit_is_refused_with_its_size_and_none_lifts_it():
    weight = np.full((1, 1, 1, 1), 3.0)
    with pytest.raises(InputError, match=r"matrix 2900 x 2900 takes 64\.16 MiB, more than the limit of 64 MiB"):
        conv_matrix(weight, (1, 2900))  # 2900^2 * 8 bytes
    matrix = conv_matrix(weight, (1, 2900), limit=None)
    assert matrix.shape == (2900, 2900)
    assert (matrix[0, 0], matrix[0, 1], matrix[-1, -1]) == (3, 0, 3)


def test_the_limit_is_settable():
    size = 4 * 16 * 8
    assert conv_matrix_bytes(KERNEL, (4, 4), How()) == size
    np.testing.assert_array_equal(conv_matrix(KERNEL, 4, limit=size), SLIDE)
    with pytest.raises(InputError, match="limit=None"):
        conv_matrix(KERNEL, 4, limit=size - 1)


def test_bytes_count_all_channels():
    weight = np.zeros((6, 2, 3, 3), np.float32)  # 4 channels in 2 groups
    assert conv_matrix_bytes(weight, (5, 4), How(groups=2)) == (6 * 3 * 2) * (4 * 5 * 4) * 4


def test_a_kernel_larger_than_the_padded_input_is_refused():
    with pytest.raises(InputError, match="reaches over 3 pixels, but the padded input has only 2"):
        conv_matrix(KERNEL, (4, 2))
