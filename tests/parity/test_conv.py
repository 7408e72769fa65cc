"""Conv2d and ConvTranspose2d against PyTorch's."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minifcn.convolution.geometry import pair
from minifcn.layers import Conv2d, ConvTranspose2d

from .compare import assert_equal_to, check_layer, copy_state, drawn, fill, to_torch, torch
from .drawing import LAYOUTS, convolutions, layouts, normal, same_convolutions, seeds, transposed_convolutions

ALGORITHMS = ("matrix", "textbook", "definition", "im2col", "auto")


def check(ours, reference, channels, kernel, settings, shape, seed, layouts, dtype="float64", tolerance=None, **extra):
    """Build both layers from the same arguments and compare them."""
    rng = np.random.default_rng(seed)
    layer = ours(*channels, kernel, **settings, **extra).astype(dtype)
    fill(layer, rng)
    x_layout, dy_layout = layouts
    x = normal(rng, dtype, x_layout)(shape)
    check_layer(layer, reference(*channels, kernel, **settings), x, normal(rng, dtype, dy_layout), tolerance)


@drawn(80)
@given(convolutions(), st.booleans(), seeds, layouts, layouts)
def test_conv2d(case, bias, seed, x_layout, dy_layout):
    shape, (out, _, *kernel), settings = case
    settings = settings | {"bias": bias}
    channels = (shape[1], out)
    check(Conv2d, torch.nn.Conv2d, channels, tuple(kernel), settings, shape, seed, (x_layout, dy_layout))


# PyTorch copies x where the padding differs from side to side, which it warns of.
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@drawn(80)
@given(same_convolutions(), st.booleans(), seeds, layouts, layouts)
def test_conv2d_with_padding_same(case, bias, seed, x_layout, dy_layout):
    shape, (out, _, *kernel), settings = case
    channels, settings, layouts = (shape[1], out), settings | {"bias": bias}, (x_layout, dy_layout)
    check(Conv2d, torch.nn.Conv2d, channels, tuple(kernel), settings, shape, seed, layouts, tolerance=1e-12)


@drawn(60)
@given(convolutions(kernel=3), st.booleans(), seeds, layouts, layouts)
def test_conv2d_by_winograd(case, bias, seed, x_layout, dy_layout):
    shape, (out, *_), settings = case
    channels, layouts = (shape[1], out), (x_layout, dy_layout)
    settings = {"padding": settings["padding"], "bias": bias}
    check(Conv2d, torch.nn.Conv2d, channels, 3, settings, shape, seed, layouts, algorithm="winograd")


@drawn(60)
@given(convolutions(), st.booleans(), seeds, layouts, layouts)
def test_conv2d_by_columns_along_the_width(case, bias, seed, x_layout, dy_layout):
    shape, (out, _, kernel_rows, kernel_columns), settings = case
    kernel, settings = (kernel_rows + 1, kernel_columns), settings | {"stride": 1, "groups": 1, "bias": bias}
    channels, layouts = (shape[1], out), (x_layout, dy_layout)
    assume(
        all(
            n + 2 * p > d * (k - 1)
            for n, k, p, d in zip(shape[2:], kernel, *map(pair, (settings["padding"], settings["dilation"])))
        )
    )
    check(Conv2d, torch.nn.Conv2d, channels, kernel, settings, shape, seed, layouts, algorithm="mec")


@drawn(15)
@given(convolutions(), st.booleans(), seeds)
def test_conv2d_by_the_definition(case, bias, seed):
    shape, (out, _, *kernel), settings = case
    shape = (1, shape[1], *shape[2:])
    layouts = ("contiguous", "contiguous")
    channels, settings = (shape[1], out), settings | {"bias": bias}
    check(Conv2d, torch.nn.Conv2d, channels, tuple(kernel), settings, shape, seed, layouts, algorithm="loops")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@drawn(50)
@given(transposed_convolutions(), st.booleans(), seeds, layouts, layouts)
def test_conv_transpose2d(algorithm, case, bias, seed, x_layout, dy_layout):
    shape, (_, out, *kernel), settings = case
    settings = settings | {"bias": bias}
    channels = (shape[1], out * settings["groups"])
    reference = torch.nn.ConvTranspose2d
    layouts = (x_layout, dy_layout)
    check(ConvTranspose2d, reference, channels, tuple(kernel), settings, shape, seed, layouts, algorithm=algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@drawn(40)
@given(transposed_convolutions(exact=True), st.data(), seeds)
def test_conv_transpose2d_of_a_size_told_at_the_call(algorithm, case, data, seed):
    """PyTorch's output_size=, any that it admits: output, and both gradients."""
    shape, (_, out, *kernel), settings = case
    least = ConvTranspose2d(1, 1, tuple(kernel), **settings | {"groups": 1, "output_padding": 0}).windows
    size = tuple(data.draw(st.sampled_from(w.possible_sizes(n))) for w, n in zip(least, shape[2:], strict=True))
    rng = np.random.default_rng(seed)
    ours = ConvTranspose2d(shape[1], out * settings["groups"], tuple(kernel), **settings, algorithm=algorithm)
    fill(ours.astype("float64"), rng)
    theirs = copy_state(ours, torch.nn.ConvTranspose2d(shape[1], out * settings["groups"], tuple(kernel), **settings))
    x = rng.standard_normal(shape)
    x_torch = to_torch(x, requires_grad=True)
    y_torch = theirs(x_torch, output_size=size)
    assert_equal_to(y_torch, ours(x, output_size=size), "output")
    dy = rng.standard_normal(y_torch.shape)
    y_torch.backward(to_torch(dy))
    assert_equal_to(x_torch.grad, ours.backward(dy), "gradient of the input")
    assert_equal_to(theirs.weight.grad, ours.weight.grad, "gradient of the weight")
    assert_equal_to(theirs.bias.grad, ours.bias.grad, "gradient of the bias")


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
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_conv_transpose2d_in_every_layout(algorithm, layout, dtype):
    shape, reference = (2, 4, 7, 9), torch.nn.ConvTranspose2d
    layouts = (layout, layout)
    check(ConvTranspose2d, reference, (4, 6), (3, 2), TRANSPOSED, shape, 2, layouts, dtype, algorithm=algorithm)
