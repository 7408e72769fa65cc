"""Every kernel does what its plain function does in NumPy: the same bits, but for exp, log and their sums."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minifcn.backend import to_host
from minifcn.convolution.geometry import How
from minifcn.convolution.textbook import add_to_windows, columns_of
from minifcn.layers import MaxPool2d
from minifcn.layers.elementwise import bias_relu
from minifcn.layers.loss import softmax_loss, softmax_loss_grad
from minifcn.layers.pool import max_pool, spread
from minifcn.optim import sgd_update

from .drawing import by_kernels, drawn, dtypes, laid, launches, layouts, numbers, pair, seeds


def assert_bits(actual, expected):
    actual = to_host(actual)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(actual, expected)


@st.composite
def convolutions(draw):
    """(shape of a padded x, kernel size, stride, dilation), the kernel no larger than x."""
    kernel, stride, dilation = (draw(pair(1, most)) for most in (4, 3, 3))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    size = [draw(st.integers(least, least + 6)) for least in reach]
    return (draw(st.integers(1, 3)), draw(st.integers(1, 4)), *size), kernel, stride, dilation


@drawn(60)
@given(convolutions(), seeds, dtypes, layouts, launches)
def test_im2col(xp, case, seed, dtype, layout, how):
    shape, *setting = case
    x = numbers(seed, dtype, shape)
    with by_kernels(**how):
        columns = columns_of(laid(xp, x, layout), *setting)
    assert_bits(columns, columns_of(x, *setting))
    assert columns.flags.c_contiguous


@drawn(80)
@given(convolutions(), seeds, dtypes, layouts, layouts, launches)
def test_col2im(xp, case, seed, dtype, x_layout, columns_layout, how):
    shape, kernel, stride, dilation = case
    oh, ow = How(stride, (0, 0), dilation).output_size(shape[2:], kernel)
    x, columns = numbers(seed, dtype, shape), numbers(seed + 1, dtype, (*shape[:2], *kernel, oh, ow))
    with by_kernels(**how):
        add_to_windows(sums := laid(xp, x, x_layout), laid(xp, columns, columns_layout), stride, dilation)
    add_to_windows(x, columns, stride, dilation)
    assert_bits(sums, x)


def test_col2im_writes_to_a_part(xp):
    """Channels and rows of a larger array, as conv2d_grad_input gives them: nothing beside them changes."""
    x, columns = numbers(0, "float32", (3, 5, 9, 8)), numbers(1, "float32", (2, 2, 3, 3, 4, 6))
    part = slice(1, 3), slice(2, 4), slice(2, 8)
    sums = laid(xp, x)
    with by_kernels(FAR=1 << 30, BLOCK=256, PLANES=9, order="forward"):
        add_to_windows(sums[part], laid(xp, columns), (1, 1), (1, 1))
    add_to_windows(x[part], columns, (1, 1), (1, 1))
    assert_bits(sums, x)


@st.composite
def poolings(draw):
    """(shape, MaxPool2d): overlapping windows and gaps, ceil, padding, dilation."""
    kernel, stride, dilation = (draw(pair(1, most)) for most in (4, 3, 3))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    ceil_mode = draw(st.booleans())
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation)]
    size = [draw(st.integers(n, n + 7)) for n in least]
    return (draw(st.integers(1, 3)), draw(st.integers(1, 4)), *size), MaxPool2d(
        kernel, stride, padding, dilation, ceil_mode
    )


@drawn(120)
@given(poolings(), seeds, st.sampled_from((0, 0.1, 0.6)), dtypes, layouts, layouts, st.booleans(), launches)
def test_max_pool_and_its_gradient(xp, case, seed, special, dtype, x_layout, dy_layout, winners, how):
    shape, layer = case
    x = numbers(seed, dtype, shape, special)
    setting = layer.kernel_size, layer.how
    y, winner = max_pool(x, layer.output_size(x), *setting, True)
    with by_kernels(**how):
        y_device, winner_device = max_pool(laid(xp, x, x_layout), y.shape[2:], *setting, winners)
    assert_bits(y_device, y)
    if winners:
        assert_bits(winner_device, winner)
    else:
        assert winner_device is None
    dy = numbers(seed + 1, dtype, y.shape)
    with by_kernels(**how):
        dx = spread(laid(xp, dy, dy_layout), laid(xp, winner, x_layout), x.shape[2:], *setting)
    assert_bits(dx, spread(dy, winner, x.shape[2:], *setting))


def test_max_pool_numbers_more_taps_than_a_byte_counts(xp):
    x = numbers(0, "float32", (1, 2, 20, 19))
    setting = (17, 17), How((2, 1), (4, 3))
    y, winner = max_pool(x, (6, 9), *setting, True)
    assert winner.dtype == "int32"
    with by_kernels(FAR=1 << 30, BLOCK=256, PLANES=9, order="forward"):
        y_device, winner_device = max_pool(laid(xp, x), (6, 9), *setting, True)
        dx = spread(laid(xp, y), winner_device, (20, 19), *setting)
    assert_bits(winner_device, winner)
    assert_bits(y_device, y)
    assert_bits(dx, spread(y, winner, (20, 19), *setting))


shapes = st.tuples(*[st.integers(1, 3), st.integers(1, 5), st.integers(1, 7), st.integers(1, 7)])


@drawn(40)
@given(shapes, seeds, st.sampled_from((0, 0.3)), dtypes, layouts, layouts, launches)
def test_bias_relu(xp, shape, seed, special, dtype, y_layout, bias_layout, how):
    y, bias = numbers(seed, dtype, shape, special), numbers(seed + 1, dtype, shape[1])
    with by_kernels(**how):
        given = laid(xp, y, y_layout)
        assert bias_relu(given, laid(xp, bias, bias_layout)) is given
    with np.errstate(invalid="ignore"):  # inf - inf
        assert_bits(given, bias_relu(y, bias))


@drawn(60)
@given(shapes, seeds, dtypes, layouts, st.sampled_from(("int64", "int32", "uint8")), launches)
def test_softmax_loss_and_its_gradient(xp, shape, seed, dtype, layout, label, how):
    n, c, h, w = shape
    rng = np.random.default_rng(seed)
    scores = 10 * numbers(seed, dtype, (n, c, h * w))
    target, weights = rng.integers(0, c, (n, h * w)).astype(label), rng.random((n, h * w)).astype(dtype)
    softmax, loss = softmax_loss(scores, target.astype("int64"), weights)
    with by_kernels(**how):
        given = [laid(xp, array, layout) for array in (scores, target, weights)]
        softmax_device, loss_device = softmax_loss(*given)
    tolerance = {"rtol": 1e-12, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(to_host(softmax_device), softmax, **tolerance)
    np.testing.assert_allclose(to_host(loss_device), loss, **tolerance)
    assert softmax_device.dtype == loss_device.dtype == dtype
    with by_kernels(**how):
        dscores = softmax_loss_grad(laid(xp, softmax, layout), *given[1:])
    assert_bits(dscores, softmax_loss_grad(softmax, target.astype("int64"), weights))


def test_the_loss_takes_an_incoming_gradient_of_another_dtype(xp):
    """As the plain function does, and keeps the scores' own."""
    softmax, scale = numbers(0, "float32", (1, 3, 5)), numbers(1, "float64", (1, 5))
    target = np.array([[0, 2, 1, 1, 0]])
    with by_kernels(FAR=1 << 30, BLOCK=256, PLANES=9, order="forward"):
        dscores = softmax_loss_grad(*(laid(xp, array) for array in (softmax, target, scale)))
    expected = softmax_loss_grad(softmax, target, scale)
    assert dscores.dtype == expected.dtype == "float32"
    np.testing.assert_allclose(to_host(dscores), expected, rtol=1e-6, atol=1e-7)


def test_softmax_of_nan_and_infinities(xp):
    scores = np.array(
        [[0, np.nan, 1], [np.nan, 0, 1], [np.inf, 0, 1], [-np.inf, 0, 1], [1e38, -1e38, 0], [-np.inf] * 3]
    )
    scores = scores.T[None].astype("float32")
    target, weights = np.array([[0, 1, 2, 2, 0, 0]]), np.ones((1, 6), "float32")
    with np.errstate(invalid="ignore"):
        softmax, loss = softmax_loss(scores, target, weights)
    with by_kernels(FAR=1 << 30, BLOCK=256, PLANES=9, order="forward"):
        softmax_device, loss_device = softmax_loss(*(laid(xp, array) for array in (scores, target, weights)))
    np.testing.assert_allclose(to_host(softmax_device), softmax, rtol=1e-6)
    np.testing.assert_allclose(to_host(loss_device), loss, rtol=1e-6)


@drawn(40)
@given(
    shapes, seeds, dtypes, layouts, layouts, st.sampled_from((0, 0.0, 5e-4)), st.sampled_from((0, 0.9)),
    st.sampled_from(((), (0.7,), (1.0, True))), launches,
)  # fmt: skip
def test_sgd(xp, shape, seed, dtype, w_layout, g_layout, decay, momentum, more, how):
    w, v, g = (numbers(seed + i, dtype, shape) for i in range(3))
    on_device = laid(xp, w, w_layout), laid(xp, v, w_layout), laid(xp, g, g_layout)
    for _ in range(2):
        with by_kernels(**how):
            sgd_update(*on_device, 0.01, momentum, decay, *more)
        sgd_update(w, v, g, 0.01, momentum, decay, *more)
    for actual, expected in zip(on_device, (w, v, g)):
        assert_bits(actual, expected)
