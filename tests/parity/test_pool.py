"""MaxPool2d, AvgPool2d and MaxUnpool2d against PyTorch's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn import layers
from minifcn.layers import AvgPool2d, Layer, MaxPool2d, MaxUnpool2d

from .compare import assert_equal_to, check_layer, drawn, to_torch, torch
from .drawing import LAYOUTS, arrange, layouts, normal, pair, poolings, seeds, tied


@drawn(80)
@given(poolings(dilated=True), st.booleans(), seeds, layouts, layouts)
def test_max_pool2d(case, ties, seed, x_layout, dy_layout):
    shape, settings = case
    rng = np.random.default_rng(seed)
    # Below zero throughout, so that padding with 0 would win where padding with -inf must not.
    x = (tied if ties else normal)(rng, "float64", x_layout)(shape)
    x = np.subtract(x, 9, out=x) if x.flags.writeable else x
    check_layer(MaxPool2d(**settings), torch.nn.MaxPool2d(**settings), x, normal(rng, "float64", dy_layout))


@drawn(160)
@given(poolings(dilated=False), st.booleans(), seeds, layouts, layouts)
def test_avg_pool2d(case, counted, seed, x_layout, dy_layout):
    shape, settings = case[0], case[1] | {"count_include_pad": counted}
    rng = np.random.default_rng(seed)
    x = normal(rng, "float64", x_layout)(shape)
    check_layer(AvgPool2d(**settings), torch.nn.AvgPool2d(**settings), x, normal(rng, "float64", dy_layout), 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["MaxPool2d", "AvgPool2d"])
def test_overlapping_windows_in_every_layout(name, layout, dtype):
    settings = {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1), "ceil_mode": True}
    rng = np.random.default_rng(3)
    x = normal(rng, dtype, layout)((2, 3, 12, 9))
    layer, module = getattr(layers, name)(**settings), getattr(torch.nn, name)(**settings)
    check_layer(layer, module, x, normal(rng, dtype, layout))


@pytest.mark.parametrize("value", [-np.inf, -1e300])
def test_max_pool2d_of_a_plane_of_equal_values(value):
    x = np.full((1, 2, 5, 6), value)
    settings = {"kernel_size": 3, "stride": 2, "padding": 1}
    layer, module = MaxPool2d(**settings), torch.nn.MaxPool2d(**settings)
    np.testing.assert_array_equal(layer(x), module(torch.from_numpy(x.copy())).numpy())
    dy = np.random.default_rng(4).standard_normal((1, 2, 3, 3))
    x_torch = torch.from_numpy(x.copy()).requires_grad_()
    module(x_torch).backward(torch.from_numpy(dy.copy()))
    np.testing.assert_array_equal(layer.backward(dy), x_torch.grad.numpy())


@pytest.mark.parametrize("training", [True, False])
@drawn(60)
@given(poolings(dilated=True), st.booleans(), seeds, layouts)
def test_max_pool2d_indices(training, case, ties, seed, layout):
    shape, settings = case
    rng = np.random.default_rng(seed)
    x = (tied if ties else normal)(rng, "float64", layout)(shape)
    layer = MaxPool2d(**settings, return_indices=True).train(training)
    module = torch.nn.MaxPool2d(**settings, return_indices=True)
    x_torch = to_torch(x, requires_grad=True)
    (y, indices), (y_torch, indices_torch) = layer(x), module(x_torch)
    np.testing.assert_array_equal(y, y_torch.detach().numpy())
    np.testing.assert_array_equal(indices, indices_torch.numpy(), strict=True)
    if training:
        dy = rng.standard_normal(y.shape)
        y_torch.backward(to_torch(dy))
        assert_equal_to(x_torch.grad, layer.backward(dy), "gradient of the input")


class Unpool(Layer):
    """Our unpooling with its indices, as a layer of x."""

    def __init__(self, settings, indices, size):
        self.layer, self.indices, self.size = MaxUnpool2d(**settings), indices, size

    def forward(self, x):
        return self.layer(x, self.indices, self.size)

    def backward(self, dy):
        return self.layer.backward(dy)


class TorchUnpool(torch.nn.Module):
    """PyTorch's unpooling with its indices, as a module of x."""

    def __init__(self, settings, indices, size):
        super().__init__()
        self.module, self.indices, self.size = torch.nn.MaxUnpool2d(**settings), indices, size

    def forward(self, x):
        return self.module(x, self.indices, self.size)


def check_unpool(settings, indices, size, random):
    ours, theirs = arrange(indices.numpy(), "reversed"), indices
    check_layer(Unpool(settings, ours, size), TorchUnpool(settings, theirs, size), random(indices.shape), random)


@st.composite
def apart(draw):
    """(input shape, settings) of a pooling whose windows do not overlap; in ceil mode the last may hang over."""
    kernel = draw(pair(1, 4))
    stride = tuple(k + draw(st.integers(0, 2)) for k in kernel)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    size = [k + draw(st.integers(0, 9)) for k in kernel]
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 4)), *size)
    return shape, {"kernel_size": kernel, "stride": stride, "padding": padding}


@drawn(80)
@given(apart(), st.booleans(), seeds, layouts)
def test_max_unpool2d_to_the_size_before_pooling(case, ceil_mode, seed, layout):
    shape, settings = case
    rng = np.random.default_rng(seed)
    pool = torch.nn.MaxPool2d(**settings, ceil_mode=ceil_mode, return_indices=True)
    _, indices = pool(torch.from_numpy(rng.standard_normal(shape)))
    check_unpool(settings, indices, shape[2:], normal(rng, "float64", layout))


@drawn(40)
@given(pair(1, 4), pair(1, 5), st.integers(1, 3), seeds, layouts)
def test_max_unpool2d_to_its_own_size(kernel, size, channels, seed, layout):
    rng = np.random.default_rng(seed)
    shape = (2, channels, *(n * k for n, k in zip(size, kernel)))
    _, indices = torch.nn.MaxPool2d(kernel, return_indices=True)(torch.from_numpy(rng.standard_normal(shape)))
    check_unpool({"kernel_size": kernel}, indices, None, normal(rng, "float64", layout))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_max_unpool2d_of_overlapping_windows_with_winners_of_their_own(layout, dtype):
    # Windows of 3x3, two apart, that share a row or a column: each wins at its middle, (2i, 2j), or just right of it.
    rng = np.random.default_rng(5)
    rows, cols = 2 * np.arange(4)[:, None], 2 * np.arange(3)
    indices = rows * 6 + cols + rng.integers(0, 2, (2, 3, 4, 3))
    settings = {"kernel_size": 3, "stride": 2, "padding": 1}
    check_unpool(settings, torch.from_numpy(indices), (8, 6), normal(rng, dtype, layout))
