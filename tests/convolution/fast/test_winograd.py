"""Winograd's convolution and its gradients against the loops, its precision in float32, and independence of threads."""

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops
from threadpoolctl import threadpool_limits

from minifcn.convolution import conv2d, conv2d_grad_input, conv2d_grad_weight
from minifcn.convolution.fast import winograd
from minifcn.convolution.fast.tiling import F4, F6
from minifcn.convolution.geometry import How


def by_winograd(x, weight, padding, bias=None):
    return winograd.conv2d(x, weight, How(padding=padding), bias)


def grad_input(dy, weight, padding):
    size = tuple(n + 2 - 2 * p for n, p in zip(dy.shape[2:], padding))
    return winograd.conv2d_grad_input(dy, weight, size, How(padding=padding))


def grad_weight(dy, x, padding):
    return winograd.conv2d_grad_weight(dy, x, (3, 3), How(padding=padding))


def both_gradients(dy, x, weight, padding):
    return winograd.conv2d_backward(dy, x, weight, How(padding=padding))


CASES = [  # images, channels, outputs, rows, columns, padding
    (1, 1, 1, 6, 6, (0, 0)),
    (2, 3, 2, 7, 9, (1, 1)),
    (3, 2, 4, 5, 11, (0, 2)),
    (1, 2, 3, 3, 3, (0, 0)),
    (2, 1, 2, 1, 4, (1, 1)),
    (1, 2, 2, 9, 6, (4, 3)),  # windows that lie wholly in the padding
]


@pytest.fixture(params=["one band", "two bands", "a row of tiles a band"])
def band_tiles(request, monkeypatch):
    if request.param == "two bands":
        monkeypatch.setattr(winograd, "LEAST_TILES", 1)
    if request.param == "a row of tiles a band":
        monkeypatch.setattr(winograd, "BAND_TILES", 1)


@pytest.fixture(params=[F4, F6], ids=["F(4x4)", "F(6x6)"])
def tiling(request, monkeypatch):
    monkeypatch.setattr(winograd, "tiling_of", lambda output_size: request.param)


@pytest.mark.usefixtures("band_tiles", "tiling")
@pytest.mark.parametrize("case", CASES)
def test_all_are_the_loops(case):
    n, c, o, h, w, padding = case
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(shape) for shape in ((n, c, h, w), (o, c, 3, 3), o))
    expected = conv2d_loops(x, weight, 1, padding, bias=bias)
    dy = rng.standard_normal(expected.shape)
    before = x.copy(), weight.copy(), dy.copy()
    close = {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(by_winograd(x, weight, padding, bias), expected, **close)
    apart = grad_input(dy, weight, padding), grad_weight(dy, x, padding)
    for dx, dw in (apart, both_gradients(dy, x, weight, padding)):
        np.testing.assert_allclose(dx, conv2d_grad_input_loops(dy, weight, (h, w), 1, padding), **close)
        np.testing.assert_allclose(dw, conv2d_grad_weight_loops(dy, x, 3, 1, padding), **close)
    for array, copy in zip((x, weight, dy), before):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    "output_size, tiling",
    [
        ((698, 698), F6),
        ((96, 96), F6),
        ((88, 88), F6),
        ((6, 6), F6),  # 64 multiplications, not 4 * 36
        ((44, 44), F4),  # 64 * 64, not 121 * 36: few tiles, for which kernels are dear
        ((14, 14), F4),  # 9 * 64, 16 * 36
        ((4, 4), F4),
        ((6, 4), F6),  # 64, 72
        ((12, 4), F4),  # 128, 108
    ],
)
def test_the_larger_tiles_where_they_save_enough(output_size, tiling):
    assert winograd.tiling_of(output_size) is tiling


def test_a_batch_of_no_images():
    weight = np.ones((3, 2, 3, 3))
    none, no_dy = np.ones((0, 2, 8, 8)), np.ones((0, 3, 8, 8))
    assert by_winograd(none, weight, (1, 1)).shape == (0, 3, 8, 8)
    assert grad_input(no_dy, weight, (1, 1)).shape == (0, 2, 8, 8)
    dx, dw = both_gradients(no_dy, none, weight, (1, 1))
    assert dx.shape == (0, 2, 8, 8)
    for gradient in (dw, grad_weight(no_dy, none, (1, 1))):
        np.testing.assert_array_equal(gradient, np.zeros((3, 2, 3, 3)))


def test_nothing_of_an_earlier_call_is_left_in_the_padding():
    """Scratch memory is used again: what a larger image left there must not leak into a smaller one's border."""
    rng = np.random.default_rng(1)
    weight = rng.standard_normal((2, 2, 3, 3))
    by_winograd(np.full((1, 2, 30, 30), 1e9), weight, (2, 2))
    x = rng.standard_normal((1, 2, 5, 6))
    np.testing.assert_allclose(by_winograd(x, weight, (2, 2)), conv2d_loops(x, weight, 1, 2), rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("tiling")
@pytest.mark.parametrize("channels, size", [(8, (34, 41)), (64, (34, 41)), (256, (20, 23)), (512, (16, 13))])
def test_precision_in_float32(channels, size):
    """Within 2e-5 of direct convolution in float64, outputs and both gradients, with the channels of VGG."""
    rng = np.random.default_rng(2)
    x, weight = rng.standard_normal((1, channels, *size)), rng.standard_normal((channels, channels, 3, 3))
    dy = rng.standard_normal(x.shape)
    narrow = [array.astype("float32") for array in (x, weight, dy)]
    dx, dw = both_gradients(narrow[2], *narrow[:2], (1, 1))
    pairs = (
        (by_winograd(*narrow[:2], (1, 1)), conv2d(x, weight, 1, 1)),
        (grad_input(narrow[2], narrow[1], (1, 1)), conv2d_grad_input(dy, weight, size, 1, 1)),
        (grad_weight(narrow[2], narrow[0], (1, 1)), conv2d_grad_weight(dy, x, 3, 1, 1)),
        (dx, conv2d_grad_input(dy, weight, size, 1, 1)),
        (dw, conv2d_grad_weight(dy, x, 3, 1, 1)),
    )
    for ours, exact in pairs:
        assert ours.dtype == "float32"
        assert np.linalg.norm(ours - exact) < 2e-5 * np.linalg.norm(exact)


@pytest.mark.parametrize("tiles", [9, 1000], ids=["many bands", "one band"])
def test_results_do_not_depend_on_the_number_of_threads(tiles, monkeypatch):
    """Bit for bit."""
    rng = np.random.default_rng(3)
    x, weight, dy = (rng.standard_normal(s, "float32") for s in ((2, 8, 40, 33), (6, 8, 3, 3), (2, 6, 40, 33)))
    monkeypatch.setattr(winograd, "BAND_TILES", tiles)

    def results():
        return (
            by_winograd(x, weight, (1, 1)),
            grad_input(dy, weight, (1, 1)),
            grad_weight(dy, x, (1, 1)),
            *both_gradients(dy, x, weight, (1, 1)),
        )

    with threadpool_limits(3, user_api="blas"):  # as many threads of ours, too
        threaded = results()
    with threadpool_limits(1, user_api="blas"):
        for one, other in zip(threaded, results(), strict=True):
            np.testing.assert_array_equal(one, other)
