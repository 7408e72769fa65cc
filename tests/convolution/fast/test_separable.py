"""Kernels that are a column times a row: which are, and the convolutions with them, equal to the loops."""

import numpy as np
import pytest
from conv_cases import CASES, conv2d_grad_input_loops, conv2d_loops, whole
from threadpoolctl import threadpool_limits

from minifcn.convolution import conv2d, conv2d_grad_input
from minifcn.convolution.fast import separable
from minifcn.convolution.geometry import How
from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import ConvTranspose2d, bilinear_weight

CASES_UP = [
    *CASES,
    ((4, 4), (2, 2), (0, 0), (1, 1), 1),  # as FCNs have them: two strides, no padding
    ((3, 5), (2, 4), (1, 2), (1, 1), 2),
    ((2, 2), (2, 2), (2, 1), (1, 1), 1),  # windows that lie wholly in the padding
]
LAYOUTS = [np.asfortranarray, lambda a: np.repeat(a, 2, axis=3)[..., ::2], lambda a: a[::-1, ..., ::-1]]


def weights(case, alike):
    """Kernels (4, 4/groups, kh, kw) of powers of two and zeros, each the product of a column and a row: exact."""
    (kh, kw), *_, groups = case
    rng, weight = np.random.default_rng(1), np.zeros((4, 4 // groups, *case[0]))
    for channel in range(4):
        column, row = 2.0 ** rng.integers(-2, 3, kh) * rng.integers(0, 2, kh), -(2.0 ** rng.integers(-2, 3, kw))
        product = weight[0, 0] if alike and channel else np.outer(column, row)
        weight[channel, channel % (4 // groups)] = product
    return weight


@pytest.fixture(params=["one tile", "a pixel a tile", "some of each"])
def tiles(request, monkeypatch):
    if request.param != "one tile":
        monkeypatch.setattr(separable, "TILE", (1, 1) if request.param == "a pixel a tile" else (2, 3))
        monkeypatch.setattr(separable, "TILE_BYTES", 1 if request.param == "a pixel a tile" else 300)


@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("images", [0, 1, 3])
@pytest.mark.parametrize("case", CASES_UP)
def test_both_are_the_loops(case, images, alike):
    _, *how = case
    rng, weight = np.random.default_rng(0), weights(case, alike)
    x, bias = whole(rng, images, 4, 6, 5), np.arange(4.0)
    expected = conv2d_loops(x, weight, *how, bias=bias)
    dy = whole(rng, *expected.shape)
    before = x.copy(), weight.copy(), dy.copy()
    np.testing.assert_array_equal(separable.conv2d(x, weight, How.of(*how), bias), expected)
    dx = separable.conv2d_grad_input(dy, weight, (6, 5), How.of(*how))
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *how))
    for array, copy in zip((x, weight, dy), before):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("turn", LAYOUTS)
def test_arrays_in_any_memory_layout(turn):
    case = (3, 5), (2, 4), (1, 2), (1, 1), 4
    how, rng = case[1:], np.random.default_rng(0)
    x, weight = turn(whole(rng, 3, 4, 6, 5)), turn(weights(case, alike=False))
    dy = turn(whole(rng, *conv2d_loops(x, weight, *how).shape))
    np.testing.assert_array_equal(separable.conv2d(x, weight, How.of(*how)), conv2d_loops(x, weight, *how))
    dx = separable.conv2d_grad_input(dy, weight, (6, 5), How.of(*how))
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *how))


@pytest.mark.parametrize("dtype, rounding", [("float64", 1e-14), ("float32", 2e-6)])
@pytest.mark.parametrize("kernel_size, stride", [(16, 8), (4, 2), (5, 3)])
def test_precision_with_bilinear_kernels(kernel_size, stride, dtype, rounding):
    """As exact as a sum of products can be: beside the loops in float64."""
    rng, weight = np.random.default_rng(1), bilinear_weight(3, kernel_size, dtype=dtype)
    x = rng.standard_normal((1, 3, 2, 3)).astype(dtype)
    size = tuple((n - 1) * stride + kernel_size for n in (2, 3))
    y = separable.conv2d_grad_input(x, weight, size, How.of(stride))
    exact = conv2d_grad_input_loops(x.astype("float64"), weight.astype("float64"), size, stride)
    assert y.dtype == dtype and abs(y - exact).max() < rounding * abs(exact).max()
    dx = separable.conv2d(y, weight, How.of(stride))
    exact = conv2d_loops(y.astype("float64"), weight.astype("float64"), stride)
    assert dx.dtype == dtype and abs(dx - exact).max() < rounding * abs(exact).max()


@pytest.mark.parametrize("groups", [1, 3])
def test_its_gradients_are_numerical_ones(groups):
    """Of the input only: kernels that are changed one number at a time are no products any more."""
    layer = ConvTranspose2d(3, 3, 5, 3, 1, groups=groups, algorithm="separable").astype("float64")
    layer.weight.data = bilinear_weight(3, 5, groups, "float64")
    layer.weight.trainable = False
    assert check_gradients(layer, np.random.default_rng(2).standard_normal((2, 3, 4, 3))).ok(1e-7)


@pytest.mark.parametrize("tile", [(2, 4), (16, 64)], ids=["many tiles", "one tile"])
def test_results_do_not_depend_on_the_number_of_threads(tile, monkeypatch):
    """Bit for bit."""
    rng, weight = np.random.default_rng(3), bilinear_weight(4, 4)
    dy, x = rng.standard_normal((3, 4, 13, 11), "float32"), rng.standard_normal((3, 4, 28, 24), "float32")
    monkeypatch.setattr(separable, "TILE", tile)

    def results():
        yield separable.conv2d(x, weight, How.of(2))
        yield separable.conv2d_grad_input(dy, weight, (28, 24), How.of(2))

    with threadpool_limits(3, user_api="blas"):  # as many threads of ours, too
        threaded = list(results())
    with threadpool_limits(1, user_api="blas"):
        for one, three in zip(results(), threaded, strict=True):
            np.testing.assert_array_equal(one, three)


class TestFactors:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("groups", [1, 3, 21])
    @pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 7, 15, 16, 63, 64])
    def test_bilinear_kernels_have_one_pair(self, kernel_size, groups, dtype):
        u, v = separable.factors(bilinear_weight(21, kernel_size, groups, dtype), groups)
        assert u.shape == v.shape == (1, kernel_size)
        middle = (kernel_size - 1) / 2
        tent = 1 - abs(np.arange(kernel_size) - middle) / ((kernel_size + 1) // 2)
        assert abs(np.outer(u[0], v[0]) - np.outer(tent, tent)).max() < 4 * np.finfo(dtype).eps

    def test_each_channel_may_have_its_own(self):
        weight = weights(((2, 3), 1, 1, 1, 1), alike=False)
        u, v = separable.factors(weight, 1)
        assert u.shape == (4, 2) and v.shape == (4, 3)
        for channel in range(4):
            np.testing.assert_array_equal(np.outer(u[channel], v[channel]), weight[channel, channel])

    def test_zeros_are_a_product(self):
        u, v = separable.factors(np.zeros((2, 2, 3, 3)), 1)
        assert not np.outer(u[0], v[0]).any()

    @pytest.mark.parametrize("groups", [1, 3])
    def test_any_number_between_different_channels_is_seen(self, groups):
        weight = bilinear_weight(6, 4, groups)
        size = 6 // groups
        for out, other in np.ndindex(weight.shape[:2]):
            if out % size != other:
                weight[out, other, 3, 0] = 1e-30
                assert separable.factors(weight, groups) is None
                weight[out, other] = 0
        assert separable.factors(weight, groups) is not None

    @pytest.mark.parametrize("change", [1 + 2e-6, 0, -1, np.nan, np.inf])
    def test_a_kernel_that_is_no_product_is_seen(self, change):
        weight = bilinear_weight(5, 4)
        weight[3, 3, 0, 2] *= change
        assert separable.factors(weight, 1) is None

    def test_a_tiny_number_counts_as_well_as_a_large_one(self):
        """Each number is compared with itself, not with the kernel's largest."""
        column = np.array([1.0, 1e-20])
        weight = np.outer(column, column)[None, None]
        assert separable.factors(weight, 1) is not None
        weight[0, 0, 1, 1] *= 2
        assert separable.factors(weight, 1) is None

    def test_other_channels_out_than_in_and_whole_numbers(self):
        assert separable.factors(np.zeros((4, 2, 3, 3)), 1) is None
        assert separable.factors(np.zeros((2, 2, 3, 3), int), 1) is None


def test_other_kernels_are_refused():
    weight = np.ones((2, 2, 3, 3))
    x, dy = np.ones((1, 2, 7, 7)), np.ones((1, 2, 3, 3))
    for run in (
        lambda: conv2d(x, weight, 2, algorithm="separable"),
        lambda: conv2d_grad_input(dy, weight, 7, 2, algorithm="separable"),
    ):
        with pytest.raises(InputError, match="algorithm separable is for kernels that are a column times a row"):
            run()
