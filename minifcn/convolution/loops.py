"""The convolution and its two gradients, one pixel at a time: the definition, to read and to test against.

    y[n, o, y, x] = b[o] + sum over c, i, j of  weight[o, c, i, j] * x[n, c, y*s - p + i*d, x*s - p + j*d]

Every fast version must equal these. Shapes and settings as in `textbook`.
"""

from collections.abc import Iterator

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.convolution.geometry import How, Pair


def conv2d(x: Array, weight: Array, how: How, bias: Array = None) -> Array:
    """x (N, C, H, W), weight (O, C/groups, kh, kw), bias (O,) -> y (N, O, oh, ow)."""
    size = how.output_size(x.shape[2:], weight.shape[2:])
    y = array_module(x).zeros((len(x), len(weight), *size), dtype=x.dtype)
    for out, entry, pixel in _products(x.shape, weight.shape, how):
        y[out] += weight[entry] * x[pixel]
    if bias is not None:
        for o in range(len(bias)):
            y[:, o] += bias[o]
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow) -> dx (N, C, H, W): each product of the forward pass sends its share back to its pixel."""
    dx = array_module(dy).zeros((len(dy), weight.shape[1] * how.groups, *input_size), dtype=dy.dtype)
    for out, entry, pixel in _products(dx.shape, weight.shape, how):
        dx[pixel] += weight[entry] * dy[out]
    return dx


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C/groups, kh, kw): each product's share goes to its kernel entry."""
    dw = array_module(dy).zeros((dy.shape[1], x.shape[1] // how.groups, *kernel_size), dtype=dy.dtype)
    for out, entry, pixel in _products(x.shape, dw.shape, how):
        dw[entry] += x[pixel] * dy[out]
    return dw


def _products(input_shape: tuple, weight_shape: tuple, how: How) -> Iterator[tuple]:
    """Every product of a convolution: (output pixel, kernel entry, input pixel), those in the padding left out."""
    (n, _, height, width), (o, c, kh, kw) = input_shape, weight_shape
    (sh, sw), (ph, pw), (dh, dw), groups = how
    for image, out, row, col, i, j in np.ndindex(n, o, *how.output_size((height, width), (kh, kw)), kh, kw):
        h, w = row * sh - ph + i * dh, col * sw - pw + j * dw
        if 0 <= h < height and 0 <= w < width:
            first = out // (o // groups) * c  # this group's first input channel
            for channel in range(c):
                yield (image, out, row, col), (out, channel, i, j), (image, first + channel, h, w)
