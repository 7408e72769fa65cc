"""Conv2d and ConvTranspose2d against PyTorch's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.layers import Conv2d, ConvTranspose2d

from .compare import check_layer, drawn, fill, torch
from .drawing import LAYOUTS, convolutions, layouts, normal, seeds, transposed_convolutions

METHODS = ("matrix", "columns", "auto")


def check(ours, reference, channels, kernel, settings, shape, seed, layouts, dtype="float64", **extra):
    """Build both layers from the same arguments and compare them."""
    rng = np.random.default_rng(seed)
    layer = ours(*channels, kernel, **settings, **extra).astype(dtype)
    fill(layer, rng)
    x_layout, dy_layout = layouts
    x = normal(rng, dtype, x_layout)(shape)
    check_layer(layer, reference(*channels, kernel, **settings), x, normal(rng, dtype, dy_layout))


@drawn(80)
@given(convolutions(), st.booleans(), seeds, layouts, layouts)
def test_conv2d(case, bias, seed, x_layout, dy_layout):
    shape, (out, _, *kernel), settings = case
    settings = settings | {"bias": bias}
    channels = (shape[1], out)
    check(Conv2d, torch.nn.Conv2d, channels, tuple(kernel), settings, shape, seed, (x_layout, dy_layout))


@pytest.mark.parametrize("method", METHODS)
@drawn(50)
@given(transposed_convolutions(), st.booleans(), seeds, layouts, layouts)
def test_conv_transpose2d(method, case, bias, seed, x_layout, dy_layout):
    shape, (_, out, *kernel), settings = case
    settings = settings | {"bias": bias}
    channels = (shape[1], out * settings["groups"])
    reference = torch.nn.ConvTranspose2d
    layouts = (x_layout, dy_layout)
    check(ConvTranspose2d, reference, channels, tuple(kernel), settings, shape, seed, layouts, method=method)


CONV = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
TRANSPOSED = CONV | {"output_padding": (1, 0)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("dy_layout", LAYOUTS)
@pytest.mark.parametrize("x_layout", LAYOUTS)
def test_conv2d_in_every_layout(x_layout, dy_layout, dtype):
    shape = (2, 4, 15, 11)
    check(Conv2d, torch.nn.Conv2d, (4, 6), (3, 2), CONV, shape, 1, (x_layout, dy_layout), dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", METHODS)
def test_conv_transpose2d_in_every_layout(method, layout, dtype):
    shape, reference = (2, 4, 7, 9), torch.nn.ConvTranspose2d
    layouts = (layout, layout)
    check(ConvTranspose2d, reference, (4, 6), (3, 2), TRANSPOSED, shape, 2, layouts, dtype, method=method)
