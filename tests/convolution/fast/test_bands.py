"""The fast convolution and its gradients against the loops, band by band, on any number of threads.

The numbers are small whole ones, so that sums are exact in any order and equality is exact too.
"""

import tracemalloc

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from minifcn.convolution import conv2d, conv2d_grad_input, conv2d_grad_weight
from minifcn.convolution.fast import bands
from minifcn.convolution.loops import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops
from minifcn.errors import InputError

CASES = [  # kernel, stride, padding, dilation, groups; image (4 channels) of 6x5
    ((1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((3, 2), (1, 1), (3, 2), (1, 1), 2),  # more padding than the kernel reaches: the input's gradient is cropped
    ((3, 2), (2, 1), (1, 0), (1, 2), 1),
    ((2, 3), (1, 1), (0, 1), (2, 1), 4),
    ((2, 2), (3, 2), (1, 1), (1, 1), 2),  # a stride beyond the kernel: pixels that no window sees
    ((6, 5), (1, 1), (0, 0), (1, 1), 1),  # one window: an output much smaller than the input
    ((4, 4), (2, 3), (2, 3), (1, 1), 1),
]


def whole(rng, *shape):
    return rng.integers(-4, 5, shape).astype(float)


def drawn(case, images=3):
    """x, weight and dy for one of CASES."""
    kernel, *_, groups = case
    rng = np.random.default_rng(0)
    x, weight = whole(rng, images, 4, 6, 5), whole(rng, 8, 4 // groups, *kernel)
    return x, weight, whole(rng, *conv2d_loops(x, weight, *case[1:]).shape)


@pytest.fixture(params=["one band", "a row a band"])
def band_bytes(request, monkeypatch):
    if request.param == "a row a band":
        monkeypatch.setattr(bands, "BAND_BYTES", 1)


@pytest.mark.usefixtures("band_bytes")
@pytest.mark.parametrize("case", CASES)
def test_all_three_are_the_loops(case):
    kernel, *how = case
    x, weight, dy = drawn(case)
    np.testing.assert_array_equal(conv2d(x, weight, *how), conv2d_loops(x, weight, *how))
    dx = conv2d_grad_input(dy, weight, (6, 5), *how)
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *how))
    dw = conv2d_grad_weight(dy, x, kernel, *how)
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *how))


def test_bands_that_are_added_at_the_same_time_are_far_enough_apart(monkeypatch):
    monkeypatch.setattr(bands, "BAND_BYTES", 1)
    for rows in range(1, 60):
        for least in range(9):
            pieces = bands._column_bands((2, 1, rows, 5), 100, 0, np, least)
            for (images, here), (others, there) in zip(pieces, pieces[2:]):
                assert images != others or there.start - here.stop >= least


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_of_the_input_is_the_transpose(case):
    """<conv2d(x), y> = <x, conv2d_grad_input(y)>"""
    _, *how = case
    x, weight, y = drawn(case)
    assert (conv2d(x, weight, *how) * y).sum() == (x * conv2d_grad_input(y, weight, (6, 5), *how)).sum()


def test_a_weight_too_large_for_lanes_is_summed_in_one(monkeypatch):
    case = ((3, 2), (2, 1), (1, 1), (1, 1), 2)
    x, _, dy = drawn(case, images=5)
    monkeypatch.setattr(bands, "LANE_BYTES", 0)
    np.testing.assert_array_equal(conv2d_grad_weight(dy, x, *case), conv2d_grad_weight_loops(dy, x, *case))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("band_bytes", [4096, 1 << 30], ids=["many bands", "one band"])
def test_results_do_not_depend_on_the_number_of_threads(dtype, band_bytes, monkeypatch):
    """Bit for bit, with numbers whose sums do depend on their order."""
    rng = np.random.default_rng(1)
    x, weight, dy = (rng.standard_normal(s).astype(dtype) for s in ((5, 4, 13, 12), (6, 4, 3, 3), (5, 6, 13, 12)))
    monkeypatch.setattr(bands, "BAND_BYTES", band_bytes)

    def results():
        how = {"padding": 1}
        yield conv2d(x, weight, **how)
        yield conv2d_grad_input(dy, weight, (13, 12), **how)
        yield conv2d_grad_input(dy[:, :, :7, :6], weight, (13, 12), stride=2, **how)
        yield conv2d_grad_weight(dy, x, 3, **how)

    with threadpool_limits(3, user_api="blas"):  # as many threads of ours, too
        threaded = list(results())
    with threadpool_limits(1, user_api="blas"):
        for one, three in zip(results(), threaded, strict=True):
            np.testing.assert_array_equal(one, three)


def test_the_columns_of_a_layer_are_never_there_all_at_once(monkeypatch):
    monkeypatch.setattr(bands, "BAND_BYTES", 1 << 15)
    x = np.ones((1, 16, 64, 64), np.float32)
    weight, dy = np.ones((4, 16, 3, 3), np.float32), np.ones((1, 4, 64, 64), np.float32)
    for run in (  # their columns take 9, 9 and 5.5 times the image
        lambda: conv2d(x, weight, padding=1),
        lambda: conv2d_grad_weight(dy, x, 3, padding=1),
        lambda: conv2d_grad_input(dy[:, :, :30, :30], np.ones((4, 16, 5, 5), np.float32), (64, 64), stride=2),
    ):
        tracemalloc.start()
        run()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3.5 * x.nbytes  # a padded copy, the result and some bands


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride, size", [(1, (6, 5)), (2, (3, 3))])
def test_inputs_stay_and_dtypes_are_kept(dtype, stride, size):
    rng = np.random.default_rng(2)
    x, weight, dy = arrays = [whole(rng, *s).astype(dtype) for s in ((2, 4, 6, 5), (3, 4, 3, 3), (2, 3, *size))]
    before = [array.copy() for array in arrays]
    assert conv2d(x, weight, stride, 1).dtype == dtype
    assert conv2d_grad_input(dy, weight, (6, 5), stride, 1).dtype == dtype
    assert conv2d_grad_weight(dy, x, 3, stride, 1).dtype == dtype
    for array, same in zip(arrays, before):
        np.testing.assert_array_equal(array, same)


def test_arrays_in_any_layout():
    rng = np.random.default_rng(3)
    x, weight = whole(rng, 6, 5, 4, 2).transpose(3, 2, 0, 1), whole(rng, 3, 3, 3, 4)[::-1].transpose(0, 3, 1, 2)
    dy = whole(rng, 2, 5, 6, 3).transpose(0, 3, 2, 1)
    np.testing.assert_array_equal(conv2d(x, weight, 1, 1), conv2d_loops(x, weight, 1, 1))
    dx = conv2d_grad_input(dy, weight, (6, 5), 1, 1)
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), 1, 1))
    np.testing.assert_array_equal(conv2d_grad_weight(dy, x, 3, 1, 1), conv2d_grad_weight_loops(dy, x, 3, 1, 1))


class TestBadInput:
    X = np.ones((1, 4, 6, 5))

    @pytest.mark.parametrize(
        "shape, groups, message",
        [
            ((2, 3, 3, 3), 1, r"x has 4 channels, but a weight of shape \(2, 3, 3, 3\) in 1 groups takes 3"),
            ((2, 4, 3, 3), 2, "in 2 groups takes 8"),
            ((3, 2, 3, 3), 2, r"weight of shape \(3, 2, 3, 3\) does not divide into 2 groups"),
        ],
    )
    def test_channels_that_do_not_match(self, shape, groups, message):
        with pytest.raises(InputError, match=message):
            conv2d(self.X, np.ones(shape), groups=groups)

    def test_a_kernel_larger_than_the_padded_input(self):
        with pytest.raises(InputError, match="reaches over 9 pixels, but the padded input has only 8"):
            conv2d(self.X, np.ones((2, 4, 9, 1)), padding=1)

    @pytest.mark.parametrize("shape", [(1, 2, 4, 2), (1, 2, 6, 5), (1, 3, 4, 3)])
    def test_a_dy_that_is_not_the_convolutions(self, shape):
        with pytest.raises(InputError, match=r"convolution of 6x5 pixels gives \(N, 2, 4, 3\)"):
            conv2d_grad_input(np.ones(shape), np.ones((2, 4, 3, 3)), (6, 5))

    def test_a_dy_that_is_not_the_convolutions_for_the_weight(self):
        with pytest.raises(InputError, match="dy is 1 images of 4x2, but the convolution of x gives 1 of 4x3"):
            conv2d_grad_weight(np.ones((1, 2, 4, 2)), self.X, 3)


@pytest.mark.parametrize("case", CASES)
def test_a_bias_is_added_to_every_pixel_of_its_channel(case):
    x, weight, _ = drawn(case)
    bias = np.arange(8.0)
    expected = conv2d_loops(x, weight, *case[1:]) + bias.reshape(1, 8, 1, 1)
    np.testing.assert_array_equal(conv2d(x, weight, *case[1:], bias=bias), expected)
    np.testing.assert_array_equal(conv2d(x[:1], weight, *case[1:], bias=bias), expected[:1])  # straight into y


@pytest.mark.parametrize(
    "bias, what",
    [
        (np.ones(3), r"bias has shape \(3,\), expected \(2,\), one for each output channel"),
        (np.ones((2, 1)), r"bias is of shape \(2, 1\)"),
        (np.ones(2, np.float32), "bias is float32, weight is float64"),
        ([0.0, 0.0], "bias is a list"),
    ],
)
def test_a_bias_that_does_not_fit(bias, what):
    with pytest.raises(InputError, match=what):
        conv2d(np.ones((1, 1, 4, 4)), np.ones((2, 1, 3, 3)), bias=bias)
