"""Columns along the width alone: equal to the loops, in bands of any size, on any number of threads."""

from functools import partial

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops, whole
from threadpoolctl import threadpool_limits

from minifcn import convolution
from minifcn.convolution.fast import mec
from minifcn.convolution.geometry import How
from minifcn.errors import InputError

conv2d = partial(convolution.conv2d, algorithm="mec")
conv2d_grad_input = partial(convolution.conv2d_grad_input, algorithm="mec")
conv2d_grad_weight = partial(convolution.conv2d_grad_weight, algorithm="mec")
CASES = {  # kernel, padding, dilation
    "3x3": ((3, 3), (1, 1), (1, 1)),
    "no padding": ((3, 2), (0, 0), (1, 1)),
    "more padding than the kernel reaches": ((2, 3), (4, 3), (1, 1)),
    "dilated": ((3, 2), (2, 1), (2, 3)),
    "one window": ((7, 6), (0, 0), (1, 1)),
    "wider than the image, in part": ((3, 8), (1, 4), (1, 1)),
}


@pytest.fixture(params=["images apart", "images together", "a row a band"])
def room(request, monkeypatch):
    monkeypatch.setattr(mec, "LEAST_PIXELS", 10_000 if request.param == "images together" else 1)
    monkeypatch.setattr(mec, "BAND_BYTES", 1 if request.param == "a row a band" else 1 << 20)


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("images", [0, 1, 5])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_all_are_the_loops(case, images):
    (kernel, padding, dilation), rng = case, np.random.default_rng(0)
    x, weight, bias = whole(rng, images, 4, 7, 6), whole(rng, 5, 4, *kernel), whole(rng, 5)
    how = 1, padding, dilation
    expected = conv2d_loops(x, weight, *how, bias=bias)
    np.testing.assert_array_equal(conv2d(x, weight, *how, bias=bias), expected)
    dy = whole(rng, *expected.shape)
    one = conv2d_grad_input(dy, weight, (7, 6), *how), conv2d_grad_weight(dy, x, kernel, *how)
    for dx, dw in (one, mec.conv2d_backward(dy, x, weight, How.of(*how))):
        np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (7, 6), *how))
        np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *how))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("band_bytes", [4096, 1 << 30], ids=["many bands", "one band"])
@pytest.mark.parametrize("pixels", [1, 200], ids=["images apart", "images together"])
def test_results_do_not_depend_on_the_number_of_threads(dtype, band_bytes, pixels, monkeypatch):
    """Bit for bit, with numbers whose sums do depend on their order."""
    rng = np.random.default_rng(1)
    x, weight, dy = (rng.standard_normal(s).astype(dtype) for s in ((5, 4, 13, 12), (6, 4, 3, 3), (5, 6, 13, 12)))
    monkeypatch.setattr(mec, "BAND_BYTES", band_bytes)
    monkeypatch.setattr(mec, "LEAST_PIXELS", pixels)

    def results():
        yield conv2d(x, weight, padding=1)
        yield conv2d_grad_input(dy, weight, (13, 12), padding=1)
        yield conv2d_grad_weight(dy, x, 3, padding=1)
        yield from mec.conv2d_backward(dy, x, weight, How(padding=(1, 1)))

    with threadpool_limits(3, user_api="blas"):  # as many threads of ours, too
        threaded = list(results())
    with threadpool_limits(1, user_api="blas"):
        for one, three in zip(results(), threaded, strict=True):
            np.testing.assert_array_equal(one, three)


def test_what_lies_between_two_images_reaches_neither():
    """Their rows lie below each other: a window over two of them is computed, and thrown away."""
    x, weight = np.ones((2, 1, 4, 4)), np.ones((1, 1, 3, 3))
    x[0] = np.inf
    y = conv2d(x, weight, padding=1)
    assert np.isinf(y[0]).all() and y[1].max() == 9


@pytest.mark.parametrize(
    "weight, how", [((4, 4, 1, 3), {}), ((4, 4, 3, 3), {"stride": (1, 2)}), ((4, 2, 3, 3), {"groups": 2})]
)
def test_where_it_does_not_apply(weight, how):
    assert not mec.applies(weight[2:], How.of(**how))
    with pytest.raises(InputError, match="algorithm mec is for kernels of several rows, stride 1, no groups; given"):
        conv2d(np.zeros((1, 4, 20, 20)), np.zeros(weight), **how, algorithm="mec")
