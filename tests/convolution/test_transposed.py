"""The transposed convolution by every algorithm, by hand and against the loops; contributions; wrong input."""

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops

from minifcn.backend import to_device
from minifcn.convolution import contributions, conv_transpose2d
from minifcn.errors import InputError

ALGORITHMS = ["matrix", "textbook", "definition"]
KERNEL = np.arange(1.0, 10).reshape(1, 1, 3, 3)


@pytest.fixture(params=ALGORITHMS)
def algorithm(request):
    return request.param


def test_the_slides_case_by_hand(algorithm):
    y = conv_transpose2d(np.array([[[[1.0, 10], [100, 1000]]]]), KERNEL, 4, algorithm=algorithm)
    expected = [[1, 12, 23, 30], [104, 1245, 2356, 3060], [407, 4578, 5689, 6090], [700, 7800, 8900, 9000]]
    np.testing.assert_array_equal(y, [[expected]])


def test_odd_sizes_by_hand(algorithm):
    """Stride 2, padding 1: of 5 and of 6 pixels the convolution makes 3."""
    x, weight = np.array([[[[1.0, 10.0, 100.0]]]]), np.array([[[[1.0, 2, 3]]]])
    for size, expected in ((5, [2, 13, 20, 130, 200]), (6, [2, 13, 20, 130, 200, 300])):
        y = conv_transpose2d(x, weight, (1, size), (1, 2), (0, 1), algorithm=algorithm)
        np.testing.assert_array_equal(y, [[[expected]]])


CASES = [  # kernel, size of y, (stride, padding, dilation, groups); 6 channels to 4
    ((3, 2), (5, 6), ((1, 1), (0, 0), (1, 1), 1)),
    ((2, 3), (6, 5), ((2, 3), (1, 0), (1, 1), 2)),
    ((3, 2), (7, 4), ((1, 2), (2, 1), (2, 3), 1)),
    ((1, 2), (3, 3), ((2, 1), (2, 4), (1, 1), 2)),  # more padding than kernel: the definition cuts pixels off
    ((1, 1), (6, 6), ((3, 4), (0, 0), (1, 1), 1)),  # pixels that nothing reaches
]


@pytest.mark.parametrize("case", CASES)
def test_against_the_loops(case, algorithm):
    kernel, size, how = case
    rng = np.random.default_rng(0)
    weight = rng.integers(-4, 5, (6, 4 // how[-1], *kernel)).astype(float)
    out = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(size, kernel, *how[:3])]
    x = rng.integers(-4, 5, (2, 6, *out)).astype(float)
    before = x.copy(), weight.copy()
    y = conv_transpose2d(x, weight, size, *how, algorithm)
    np.testing.assert_array_equal(y, conv2d_grad_input_loops(x, weight, size, *how))
    for array, copy in zip((x, weight), before):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_kept(dtype, algorithm):
    assert conv_transpose2d(np.ones((1, 1, 2, 2), dtype), KERNEL.astype(dtype), 4, algorithm=algorithm).dtype == dtype


def test_on_the_device(device, algorithm):
    x, weight = np.ones((2, 1, 3, 2), "float32"), KERNEL.astype("float32")
    expected = conv_transpose2d(x, weight, (6, 4), 2, 1, algorithm=algorithm)
    x, weight = to_device(x, "gpu"), to_device(weight, "gpu")
    device.forget()
    y = conv_transpose2d(x, weight, (6, 4), 2, 1, algorithm=algorithm)
    device.assert_copies()
    device.assert_same(y, expected)


class TestContributions:
    def test_a_kernel_of_3_with_stride_2_is_a_checkerboard(self):
        rows = np.array([1, 1, 2, 1, 2, 1, 1])  # three pixels lay three taps each, two apart
        np.testing.assert_array_equal(contributions(3, 3, 2), np.outer(rows, rows))

    def test_a_kernel_that_is_a_multiple_of_the_stride_is_even_inside(self):
        counts = contributions((3, 4), 4, 2, padding=1)
        assert counts.shape == (6, 8) and counts.dtype.kind == "i"
        assert (counts[1:-1, 1:-1] == 4).all()
        np.testing.assert_array_equal(counts[0], [1, 2, 2, 2, 2, 2, 2, 1])

    def test_dilation_and_output_padding_by_hand(self):
        # Taps 2 apart: pixels 0, 1 reach 0, 2 and 1, 3; output_padding adds a pixel that nothing reaches.
        np.testing.assert_array_equal(
            contributions((1, 2), (1, 2), dilation=(1, 2), stride=(1, 1), output_padding=(0, 1)), [[1, 1, 1, 1, 0]]
        )

    @pytest.mark.parametrize("how", [{}, {"stride": (2, 3), "padding": (1, 0), "dilation": (1, 2)}, {"stride": 4}])
    def test_it_is_the_transposed_convolution_of_ones(self, how):
        counts = contributions((3, 4), (2, 3), **how)
        expected = conv2d_grad_input_loops(np.ones((1, 1, 3, 4)), np.ones((1, 1, 2, 3)), counts.shape, **how)
        np.testing.assert_array_equal(counts, expected[0, 0])

    @pytest.mark.parametrize(
        "how, message",
        [
            ({"stride": 0}, "stride is 0"),
            ({"padding": 3}, "cuts the whole output away"),
            ({"output_padding": -1}, "output_padding is -1"),
            ({"stride": 2, "output_padding": 2}, r"output_padding \(2, 2\) is not below stride \(2, 2\)"),
        ],
    )
    def test_bad_input(self, how, message):
        with pytest.raises(InputError, match=message):
            contributions(2, 3, **how)


def test_a_batch_of_no_images(algorithm):
    assert conv_transpose2d(np.ones((0, 1, 2, 2)), KERNEL, 4, algorithm=algorithm).shape == (0, 1, 4, 4)


class TestBadInput:
    @pytest.mark.parametrize(
        "x, weight, size, message",
        [
            (
                np.ones((1, 2, 2)),
                KERNEL,
                4,
                r"x has shape \(1, 2, 2\), expected \(N, channels, rows, columns\)",
            ),
            ([[1.0]], KERNEL, 4, "x is a list, expected an array"),
            (np.ones((1, 1, 2, 2)), KERNEL[0], 4, r"weight has shape \(1, 3, 3\), expected \(O, C/groups"),
            (np.ones((1, 1, 2, 2), "float32"), KERNEL, 4, "x is float32, weight is float64"),
            (np.ones((1, 1, 2, 2), bool), KERNEL, 4, "x is bool, expected real numbers"),
            (np.ones((1, 1, 2, 2), complex), KERNEL, 4, "x is complex128, expected real numbers"),
            (np.ones((1, 2, 2, 2)), KERNEL, 4, r"x has shape \(1, 2, 2, 2\), but .* gives \(N, 1, 2, 2\)"),
            (np.ones((1, 1, 2, 2)), KERNEL, 5, r"of 5x5 pixels gives \(N, 1, 3, 3\)"),
            (np.ones((1, 1, 2, 2)), KERNEL, -4, "the size to go back to is -4; expected at least 1"),
            (np.ones((1, 1, 2, 2)), KERNEL, 2, "reaches over 3 pixels, but the padded input has only 2"),
        ],
    )
    def test_arrays_and_sizes(self, x, weight, size, message, algorithm):
        with pytest.raises(InputError, match=message):
            conv_transpose2d(x, weight, size, algorithm=algorithm)

    def test_an_unknown_method(self):
        with pytest.raises(InputError, match="algorithm 'fft' is none of auto, loops, matrix, definition, textbook"):
            conv_transpose2d(np.ones((1, 1, 2, 2)), KERNEL, 4, algorithm="fft")

    def test_a_matrix_over_the_limit(self):
        with pytest.raises(InputError, match="more than the limit of 64 MiB"):
            conv_transpose2d(np.ones((1, 1, 98, 98)), KERNEL, 100, algorithm="matrix")
