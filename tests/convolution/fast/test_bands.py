"""The convolution band by band: equal to the loops, on any number of threads, and never all columns at once."""

import itertools
import tracemalloc
from functools import partial

import numpy as np
import pytest
from conv_cases import CASES, conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops, drawn
from threadpoolctl import threadpool_limits

from minifcn import convolution
from minifcn.convolution.fast import bands, products

conv2d = partial(convolution.conv2d, algorithm="im2col")
conv2d_grad_input = partial(convolution.conv2d_grad_input, algorithm="im2col")
conv2d_grad_weight = partial(convolution.conv2d_grad_weight, algorithm="im2col")


@pytest.fixture(params=["one band", "two bands", "a row a band", "small products"])
def band_bytes(request, monkeypatch):
    if request.param == "two bands":
        monkeypatch.setattr(bands, "LEAST_BYTES", 1)
    if request.param == "a row a band":
        monkeypatch.setattr(bands, "BAND_BYTES", 1)
    if request.param == "small products":
        monkeypatch.setattr(products, "LEAST_COLUMNS", 1)
        monkeypatch.setattr(products, "SMALL", 500)  # a band has 20 columns and more, each of up to 100 multiplications


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


@pytest.mark.parametrize("case", CASES)
def test_a_single_band_whose_channels_go_in_parts(case, monkeypatch):
    monkeypatch.setattr(bands, "WORTH_PARTS", 1)
    kernel, *how = case
    x, weight, dy = drawn(case)
    bias = np.arange(8.0)
    expected = conv2d_loops(x, weight, *how, bias=bias)
    np.testing.assert_array_equal(conv2d(x, weight, *how, bias=bias), expected)
    np.testing.assert_array_equal(conv2d(x[:1], weight, *how, bias=bias), expected[:1])  # straight into y
    dx = conv2d_grad_input(dy, weight, (6, 5), *how)
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *how))
    dw = conv2d_grad_weight(dy, x, kernel, *how)
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *how))


def test_bands_that_are_added_at_the_same_time_are_far_enough_apart(monkeypatch):
    for limit, images in ("BAND_BYTES", 2), ("LEAST_BYTES", 1):
        monkeypatch.setattr(bands, limit, 1)
        for rows in range(1, 60):
            for least in range(9):
                pieces = bands._bands((images, 1, rows, 5), 100, 0, 9, least)
                for turn in bands.in_turns(pieces, rows):
                    for (image, here), (other, there) in itertools.pairwise(turn):
                        assert image != other or there.start - here.stop >= least


@pytest.mark.parametrize("kernel, stride, dilation", [(3, 2, 1), (5, 2, 1), (4, 2, 2), (3, 3, 4), (7, 3, 1)])
def test_no_two_bands_of_the_input_gradient_add_to_the_same_row_at_the_same_time(
    monkeypatch, turns_of, kernel, stride, dilation
):
    monkeypatch.setattr(bands, "BAND_BYTES", 1)
    turns = turns_of(bands)
    reach, rows = dilation * (kernel - 1) + 1, 12
    height = (rows - 1) * stride + reach
    dy, weight = np.ones((1, 1, rows, 2)), np.ones((1, 1, kernel, 2))
    conv2d_grad_input(dy, weight, (height, 2 + stride), stride=stride, dilation=(dilation, 1))
    assert len(turns) > 1
    for turn in turns:
        for (_, here, _), (_, there, _) in itertools.pairwise(turn):
            assert (here.stop - 1) * stride + reach <= there.start * stride


def test_bands_of_whole_images_are_added_at_the_same_time():
    whole, halves = [(slice(i, i + 1), slice(0, 4)) for i in range(3)], [(slice(0, 1), slice(i, i + 2)) for i in (0, 2)]
    assert bands.in_turns(whole, 4) == [whole]
    assert bands.in_turns(halves, 4) == [halves[:1], halves[1:]]


def test_a_weight_too_large_for_lanes_is_summed_in_one(monkeypatch):
    case = ((3, 2), (2, 1), (1, 1), (1, 1), 2)
    x, _, dy = drawn(case, images=5)
    monkeypatch.setattr(products, "LANE_BYTES", 0)
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
