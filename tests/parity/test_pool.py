"""MaxPool2d and AvgPool2d against PyTorch's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn import layers
from minifcn.layers import AvgPool2d, MaxPool2d

from .compare import check_layer, drawn, torch
from .drawing import LAYOUTS, layouts, normal, poolings, seeds, tied


@drawn(80)
@given(poolings(dilated=True), st.booleans(), seeds, layouts, layouts)
def test_max_pool2d(case, ties, seed, x_layout, dy_layout):
    shape, settings = case
    rng = np.random.default_rng(seed)
    # Below zero throughout, so that padding with 0 would win where padding with -inf must not.
    x = (tied if ties else normal)(rng, "float64", x_layout)(shape)
    x = np.subtract(x, 9, out=x) if x.flags.writeable else x
    check_layer(MaxPool2d(**settings), torch.nn.MaxPool2d(**settings), x, normal(rng, "float64", dy_layout))


@drawn(120)
@given(poolings(dilated=False), seeds, layouts, layouts)
def test_avg_pool2d(case, seed, x_layout, dy_layout):
    shape, settings = case
    rng = np.random.default_rng(seed)
    x = normal(rng, "float64", x_layout)(shape)
    check_layer(AvgPool2d(**settings), torch.nn.AvgPool2d(**settings), x, normal(rng, "float64", dy_layout))


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
