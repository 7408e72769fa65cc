"""ReLU, Linear, ZeroPad2d, Sequential, Dropout and Dropout2d against PyTorch's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn import layers
from minifcn.layers import Dropout, Dropout2d, Linear, ReLU, ZeroPad2d

from .compare import assert_equal_to, check_layer, drawn, fill, to_torch, torch
from .drawing import LAYOUTS, layouts, normal, seeds, tied

shapes = st.tuples(*[st.integers(1, 5)] * 4)


@drawn(40)
@given(shapes, st.booleans(), seeds, layouts, layouts)
def test_relu(shape, zeros, seed, x_layout, dy_layout):
    rng = np.random.default_rng(seed)
    x = (tied if zeros else normal)(rng, "float64", x_layout)(shape)
    check_layer(ReLU(), torch.nn.ReLU(), x, normal(rng, "float64", dy_layout))


@drawn(40)
@given(shapes.map(lambda shape: shape[:3]), st.booleans(), seeds, layouts, layouts)
def test_linear(sizes, bias, seed, x_layout, dy_layout):
    n, inputs, outputs = sizes
    rng = np.random.default_rng(seed)
    layer = Linear(inputs, outputs, bias=bias).astype("float64")
    fill(layer, rng)
    x = normal(rng, "float64", x_layout)((n, inputs))
    check_layer(layer, torch.nn.Linear(inputs, outputs, bias=bias), x, normal(rng, "float64", dy_layout))


@drawn(40)
@given(shapes, st.integers(0, 3) | st.tuples(*[st.integers(0, 3)] * 4), seeds, layouts, layouts)
def test_zero_pad2d(shape, padding, seed, x_layout, dy_layout):
    rng = np.random.default_rng(seed)
    x = normal(rng, "float64", x_layout)(shape)
    check_layer(ZeroPad2d(padding), torch.nn.ZeroPad2d(padding), x, normal(rng, "float64", dy_layout), 1e-12)


def small_net(kit):
    """The same small network from our layers or from PyTorch's: their constructors agree."""
    return kit.Sequential(
        kit.Conv2d(3, 4, (3, 2), padding=(1, 0)),
        kit.ReLU(),
        kit.MaxPool2d(2, ceil_mode=True),
        kit.Sequential(kit.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), kit.ReLU()),
        kit.ConvTranspose2d(6, 2, 3, stride=2, padding=1, output_padding=1),
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sequential(layout, dtype):
    rng = np.random.default_rng(1)
    net = small_net(layers).astype(dtype)
    fill(net, rng)
    x = normal(rng, dtype, layout)((2, 3, 13, 10))
    check_layer(net, small_net(torch.nn), x, normal(rng, dtype, layout))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_relu_and_linear_in_every_layout(layout, dtype):
    rng = np.random.default_rng(2)
    random = normal(rng, dtype, layout)
    check_layer(ReLU(), torch.nn.ReLU(), random((2, 3, 5, 7)), random)
    layer = Linear(7, 5).astype(dtype)
    fill(layer, rng)
    check_layer(layer, torch.nn.Linear(7, 5), random((6, 7)), random)


class Masked(torch.nn.Module):
    """Dropout with a given mask: PyTorch's own draws another one."""

    def __init__(self, mask):
        super().__init__()
        self.mask = mask

    def forward(self, x):
        return x * self.mask


class Once:
    """A dropout layer run once only, so that the mask it drew can be read from its output."""

    def __init__(self, layer, x):
        self.layer, self.y = layer, layer(x)

    def __call__(self, x):
        return self.y

    def __getattr__(self, name):
        return getattr(self.layer, name)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("kind", [Dropout, Dropout2d])
def test_dropout_while_training(kind, p, layout, dtype):
    rng = np.random.default_rng(3)
    x = normal(rng, dtype, layout)((3, 64, 5, 7))
    layer = kind(p)
    layer.reseed(5)
    layer = Once(layer, x)
    kept = layer.y != 0
    dropped = 1 - kept.mean()
    assert abs(dropped - p) < (0.15 if kind is Dropout2d else 0.05)
    if kind is Dropout2d:
        assert (kept.all(axis=(2, 3)) == kept.any(axis=(2, 3))).all()  # a channel whole, or not at all
    mask = kept.astype(dtype) / (1 - p)
    check_layer(layer, Masked(to_torch(mask)), x, normal(rng, dtype, layout))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["Dropout", "Dropout2d"])
def test_dropout_while_evaluating(name, layout, dtype):
    x = normal(np.random.default_rng(4), dtype, layout)((2, 3, 5, 7))
    before = x.copy()
    layer, module = {"Dropout": Dropout, "Dropout2d": Dropout2d}[name](0.5), getattr(torch.nn, name)(0.5)
    layer.eval()
    assert_equal_to(module.eval()(to_torch(x)), layer(x), "output", tolerance=1e-300)
    np.testing.assert_array_equal(x, before)
