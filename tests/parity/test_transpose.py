"""Over drawn settings: the transpose is the adjoint, the two layers are each other's backward, three ways are one.

No PyTorch is asked here, but the settings are those that it is compared on.
"""

import numpy as np
from hypothesis import given

from minifcn.convolution import (
    adjoint_error,
    conv2d,
    conv2d_grad_input,
    conv_matrix,
    conv_transpose2d,
    symbolic_conv_matrix,
)
from minifcn.convolution.fast import phases
from minifcn.convolution.geometry import How
from minifcn.layers import Conv2d, ConvTranspose2d

from .compare import drawn, relative_error
from .drawing import convolutions, seeds, transposed_convolutions

ADJOINT = 1e-12


@drawn(100)
@given(convolutions(), seeds)
def test_the_transpose_is_the_adjoint(case, seed):
    """<C x, y> = <x, C^T y>, in every way in which C^T y is computed."""
    shape, weight_shape, how = case
    rng = np.random.default_rng(seed)
    x, weight = rng.standard_normal(shape), rng.standard_normal(weight_shape)
    y = rng.standard_normal(conv2d(x, weight, **how).shape)
    ways = [lambda v: conv2d_grad_input(v, weight, shape[2:], **how)]
    more = ("phases",) if phases.applies(How.of(**how)) else ()
    for algorithm in ("matrix", "textbook", "definition", *more):
        ways.append(lambda v, algorithm=algorithm: conv_transpose2d(v, weight, shape[2:], **how, algorithm=algorithm))
    for back in ways:
        assert adjoint_error(lambda v: conv2d(v, weight, **how), back, x, y) < ADJOINT


@drawn(60)
@given(transposed_convolutions(), seeds)
def test_the_layer_and_its_backward_are_adjoint(case, seed):
    shape, (channels, out, *kernel), how = case
    layer = ConvTranspose2d(channels, out * how["groups"], tuple(kernel), **how, bias=False).astype("float64")
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    assert adjoint_error(layer, layer.backward, x, rng.standard_normal(layer(x).shape)) < ADJOINT


@drawn(60)
@given(convolutions(), seeds)
def test_the_convolution_s_backward_is_a_transposed_convolution(case, seed):
    """Conv2d.backward is ConvTranspose2d.forward with the same weight, told the size to go back to."""
    shape, (out, _, *kernel), how = case
    rng = np.random.default_rng(seed)
    conv = Conv2d(shape[1], out, tuple(kernel), **how, bias=False).astype("float64")
    x = rng.standard_normal(shape)
    dy = rng.standard_normal(conv(x).shape)
    dx = conv.backward(dy)
    for algorithm in ("matrix", "textbook", "definition"):
        back = ConvTranspose2d(out, shape[1], tuple(kernel), **how, bias=False, algorithm=algorithm).astype("float64")
        back.weight.data = conv.weight.data
        assert relative_error(back(dy, output_size=shape[2:]), dx) < 1e-12


@drawn(25)
@given(transposed_convolutions(exact=True), seeds)
def test_the_transposed_convolution_s_backward_is_a_convolution(case, seed):
    """And its weight's gradient is the convolution's, with input and incoming gradient in each other's place."""
    shape, (channels, out, *kernel), how = case
    rng = np.random.default_rng(seed)
    up = ConvTranspose2d(channels, out * how["groups"], tuple(kernel), **how, bias=False).astype("float64")
    x = rng.standard_normal(shape)
    dy = rng.standard_normal(up(x).shape)
    dx = up.backward(dy)
    del how["output_padding"]
    for algorithm in ("im2col", "loops"):
        conv = Conv2d(out * how["groups"], channels, tuple(kernel), **how, bias=False, algorithm=algorithm)
        conv.astype("float64").weight.data = up.weight.data
        assert relative_error(conv(dy), dx) < 1e-12
        conv.backward(x)
        assert relative_error(conv.weight.grad, up.weight.grad) < 1e-12


@drawn(60)
@given(convolutions(), seeds)
def test_c_there_and_its_transpose_back_are_what_the_layers_do(case, seed):
    """dX(l+1)/dX(l) = C: pushing unit vectors through Conv2d gives C's columns, pulling them back C's rows."""
    shape, (out, _, *kernel), how = case
    rng = np.random.default_rng(seed)
    conv = Conv2d(shape[1], out, tuple(kernel), **how, bias=False).astype("float64")
    matrix = conv_matrix(conv.weight.data, shape[2:], **how)
    symbolic = symbolic_conv_matrix(conv.weight.data.shape, shape[2:], **how)
    np.testing.assert_array_equal(symbolic.at(conv.weight.data), matrix)
    entry = int(rng.integers(matrix.shape[1]))
    unit = np.zeros((1, *shape[1:]))
    unit.flat[entry] = 1
    y = conv(unit)
    assert relative_error(y.ravel(), matrix[:, entry]) < 1e-12
    row = int(rng.integers(matrix.shape[0]))
    dy = np.zeros_like(y)
    dy.flat[row] = 1
    assert relative_error(conv.backward(dy).ravel(), matrix[row]) < 1e-12
