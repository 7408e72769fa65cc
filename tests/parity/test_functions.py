"""The pure functions of minifcn.convolution against PyTorch's: gradients, im2col, col2im, C."""

import numpy as np
import pytest
from hypothesis import given

from minifcn.convolution import col2im, conv2d, conv2d_grad_input, conv2d_grad_weight, conv_matrix, im2col

from .compare import assert_equal_to, drawn, to_torch, torch
from .drawing import convolutions, layouts, normal, seeds, transposed_convolutions

functional = torch.nn.functional


def unchanged(function, *arrays, **settings):
    """function(*arrays), having asserted that it leaves the arrays as they were."""
    before = [array.copy() if isinstance(array, np.ndarray) else array for array in arrays]
    result = function(*arrays, **settings)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    return result


@drawn(80)
@given(convolutions(), seeds, layouts)
def test_convolution_and_gradients(case, seed, layout):
    shape, weight_shape, settings = case
    random = normal(np.random.default_rng(seed), "float64", layout)
    x, weight = random(shape), random(weight_shape)
    x_torch, weight_torch = to_torch(x, True), to_torch(weight, True)
    theirs = functional.conv2d(x_torch, weight_torch, **settings)
    assert_equal_to(theirs, unchanged(conv2d, x, weight, **settings), "conv2d")

    dy = random(theirs.shape)
    theirs.backward(to_torch(dy))
    dx = unchanged(conv2d_grad_input, dy, weight, shape[2:], **settings)
    assert_equal_to(x_torch.grad, dx, "conv2d_grad_input")
    dw = unchanged(conv2d_grad_weight, dy, x, weight_shape[2:], **settings)
    assert_equal_to(weight_torch.grad, dw, "conv2d_grad_weight")


@drawn(60)
@given(convolutions(), seeds, layouts)
def test_im2col_is_unfold_and_col2im_is_fold(case, seed, layout):
    shape, (_, _, *kernel), settings = case
    settings = {name: settings[name] for name in ("stride", "padding", "dilation")}
    random = normal(np.random.default_rng(seed), "float64", layout)
    x = random(shape)
    theirs = functional.unfold(to_torch(x), tuple(kernel), **settings)
    ours = unchanged(im2col, x, tuple(kernel), **settings)
    assert_equal_to(theirs, ours, "im2col", tolerance=1e-300)  # it copies: not one bit may differ

    columns = random(ours.shape)
    theirs = functional.fold(to_torch(columns), shape[2:], tuple(kernel), **settings)
    ours = unchanged(col2im, columns, shape[2:], tuple(kernel), **settings)
    assert_equal_to(theirs, ours, "col2im")


@drawn(60)
@given(convolutions(), seeds, layouts)
def test_conv_matrix_is_the_convolution(case, seed, layout):
    shape, weight_shape, settings = case
    random = normal(np.random.default_rng(seed), "float64", layout)
    weight, x = random(weight_shape), random(shape[1:])
    matrix = unchanged(conv_matrix, weight, shape[2:], **settings)
    theirs = functional.conv2d(to_torch(x)[None], to_torch(weight), **settings)[0]
    assert matrix.shape == (theirs.numel(), x.size)
    assert_equal_to(theirs, (matrix @ x.ravel()).reshape(theirs.shape), "C @ x")


@drawn(60)
@given(transposed_convolutions(exact=True), seeds, layouts)
def test_conv_matrix_transposed_is_the_transposed_convolution(case, seed, layout):
    shape, weight_shape, settings = case
    random = normal(np.random.default_rng(seed), "float64", layout)
    weight, y = random(weight_shape), random(shape[1:])
    theirs = functional.conv_transpose2d(to_torch(y)[None], to_torch(weight), **settings)[0]
    del settings["output_padding"]  # it is part of the size that C starts from
    matrix = conv_matrix(weight, theirs.shape[1:], **settings)
    assert_equal_to(theirs, (matrix.T @ y.ravel()).reshape(theirs.shape), "C.T @ y")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bands_of_a_larger_image(dtype):
    """Large enough to be computed in several bands of rows, in float32 as well."""
    random = normal(np.random.default_rng(5), dtype, "contiguous")
    x, weight = random((2, 16, 61, 75)), random((24, 8, 3, 5))
    settings = {"stride": (2, 1), "padding": (2, 1), "dilation": (1, 2), "groups": 2}
    x_torch, weight_torch = to_torch(x, True), to_torch(weight, True)
    theirs = functional.conv2d(x_torch, weight_torch, **settings)
    dy = random(theirs.shape)
    theirs.backward(to_torch(dy))
    assert_equal_to(theirs, conv2d(x, weight, **settings), "conv2d")
    dx = conv2d_grad_input(dy, weight, x.shape[2:], **settings)
    assert_equal_to(x_torch.grad, dx, "conv2d_grad_input")
    dw = conv2d_grad_weight(dy, x, (3, 5), **settings)
    assert_equal_to(weight_torch.grad, dw, "conv2d_grad_weight")
