"""Columns along the width alone: of a 3x3 kernel a third of im2col's copies, for three products in place of one.

im2col copies the image kh*kw times. But where a kernel goes down row by row, the windows of its second row are those of
its first, a row further: what was copied for one row of the kernel is there for the next. So it is enough to copy the
image kw times, shifted by a column each:

    f[j, c, i, q] = x[c, i, q + j]                             (kw*C, (oh + kh - 1)*ow)

The columns for the kernel's row i are a view of it, which BLAS takes as it is:

    y = sum over i of W[i] f[:, i*ow : i*ow + oh*ow]           W[i] (O, kw*C): row i of all kernels
    dW[i] = dy f[:, i*ow : i*ow + oh*ow]^T

and dx is a convolution again, of dy with the flipped kernels. Where dW is asked for as well, dy's columns are enough:
with x beside them they give the flipped dW, as if dy were the input and x the gradient. The work goes in bands of rows,
as in `bands`.

Cho, Brand 2017, "MEC: Memory-efficient Convolution for Deep Neural Network" (arXiv 1706.06873).

Shapes and settings as in `textbook`.
"""

import math
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import PARTS, chunks, cut, run_all, scratch
from minifcn.convolution.checks import check_host
from minifcn.convolution.fast.products import add_product, lanes, multiply, summed
from minifcn.convolution.geometry import How, Pair
from minifcn.convolution.transposed import way_back
from minifcn.errors import InputError

BAND_BYTES = 1 << 20  # of shifted copies: about one core's L2 cache
LEAST_PIXELS = 256  # in a product: smaller maps go several at a time


def applies(kernel_size: Pair, how: How) -> bool:
    """Whether there are several rows of the kernel to share a copy, which go down row by row."""
    return kernel_size[0] > 1 and how.stride == (1, 1) and how.groups == 1


def conv2d(x: Array, weight: Array, how: How, bias: Array = None, rectified: bool = False) -> Array:
    """x (N, C, H, W), weight (O, C, kh, kw), bias (O,) -> y (N, O, oh, ow); `rectified`: max(y, 0)."""
    kernel_size, size = weight.shape[2:], _output_size(x, weight.shape[2:], how)
    matrices = _rows_of(weight)
    y = np.empty((len(x), len(weight), *size), dtype=x.dtype)
    pieces = _bands(y.shape, matrices[0, 0].nbytes)
    parts = PARTS if len(pieces) == 1 else 1

    def convolve(images, rows):
        columns = _shifted(x, images, rows, kernel_size, size[1], how)
        _multiply(matrices, columns, y[images, :, rows], parts, bias, rectified)

    run_all(convolve, pieces, np)
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), weight (O, C, kh, kw) -> dx (N, C, H, W): the convolution with the flipped kernels."""
    return conv2d(dy, *way_back(weight, how))


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C, kh, kw)."""
    (_, ow), (o, c), (kh, kw) = _output_size(x, kernel_size, how), (dy.shape[1], x.shape[1]), kernel_size
    shape = kh, kw * c, o
    pieces = lanes(_bands(dy.shape, c * kw * x.itemsize), math.prod(shape) * x.itemsize)
    parts = PARTS if len(pieces) == 1 else 1

    def correlate(dw, first, images, rows):
        columns = _shifted(x, images, rows, kernel_size, ow, how)
        _add_products(columns, dy[images, :, rows], parts, dw, first)

    dw = summed(correlate, pieces, [np.empty(shape, x.dtype) for _ in pieces])  # (kh, kw*C, O)
    return np.ascontiguousarray(dw.reshape(kh, kw, c, o).transpose(3, 2, 0, 1))  # (O, C, kh, kw)


def conv2d_backward(dy: Array, x: Array, weight: Array, how: How) -> tuple[Array, Array]:
    """dy (N, O, oh, ow), x (N, C, H, W), weight (O, C, kh, kw) -> dx, dW, of one set of columns of dy."""
    (o, c, kh, kw), kernel_size = weight.shape, weight.shape[2:]
    _output_size(x, kernel_size, how)
    kernels, back = way_back(weight, how)
    matrices = _rows_of(kernels)
    dx, shape = np.empty(x.shape, dtype=dy.dtype), (kh, kw * o, c)
    pieces = lanes(_bands(dx.shape, matrices[0, 0].nbytes), math.prod(shape) * x.itemsize)
    parts = PARTS if len(pieces) == 1 else 1

    def both(dw, first, images, rows):
        columns = _shifted(dy, images, rows, kernel_size, dx.shape[3], back)
        _multiply(matrices, columns, dx[images, :, rows], parts)
        _add_products(columns, x[images, :, rows], parts, dw, first)

    flipped = summed(both, pieces, [np.empty(shape, dy.dtype) for _ in pieces])  # (kh, kw*O, C)
    flipped = flipped.reshape(kh, kw, o, c)[::-1, ::-1]  # (kh, kw, O, C)
    return dx, np.ascontiguousarray(flipped.transpose(2, 3, 0, 1))  # (O, C, kh, kw)


class Columns(NamedTuple):
    """Those of some images and rows of the output: kh times (kw*C, t), a view for each row of the kernel.

    Several images lie below each other, `height` rows each, of which the last give nothing: t = n*height*ow less those.
    """

    views: list[Array]
    height: int


def _rows_of(weight):
    """weight (O, C, kh, kw) -> (kh, O, kw*C): the rows of all kernels."""
    o, c, kh, kw = weight.shape
    return np.ascontiguousarray(weight.transpose(2, 0, 3, 1)).reshape(kh, o, kw * c)


def _multiply(matrices, columns, band, parts, bias=None, rectified=False):
    """Write matrices (kh, O, kw*C) times the columns, and a bias (O,), to a band (n, O, r, ow); `rectified` or not."""
    n, o, r, ow = band.shape
    if n == 1:
        total = band[0].reshape(o, -1)  # (O, r*ow), a view
    else:
        whole = scratch("total", (o, n, columns.height, ow), band.dtype, np)
        total = whole.reshape(o, -1)[:, : columns.views[0].shape[1]]  # (O, t)

    def multiply_some(some):
        for number, (matrix, view) in enumerate(zip(matrices, columns.views)):
            product = scratch("product", total[some].shape, total.dtype, np) if number else total[some]
            multiply(matrix[some], view, product)
            if number:
                total[some] += product
        if bias is not None:
            total[some] += bias[some, None]
        if rectified:
            np.maximum(total[some], 0, out=total[some])

    run_all(multiply_some, cut(o, parts), np)
    if n > 1:
        band[...] = whole[:, :, :r].swapaxes(0, 1)


def _add_products(columns, band, parts, sums, first):
    """Add the products of the columns with a band (n, O, r, ow) of the same pixels to sums (kh, kw*C, O)."""
    n, o, r, ow = band.shape
    if n == 1:
        flat = band[0].reshape(o, -1)  # (O, r*ow), a view
    else:
        whole = scratch("total", (o, n, columns.height, ow), band.dtype, np)
        whole[:, :, :r] = band.swapaxes(0, 1)
        whole[:, :, r:] = 0  # between two images
        flat = whole.reshape(o, -1)[:, : columns.views[0].shape[1]]  # (O, t)
    some = cut(sums.shape[1], parts)
    run_all(add_product, ((v[i], flat.T, dw[i], first) for (i,) in some for v, dw in zip(columns.views, sums)), np)


def _shifted(x, images, rows, kernel_size, ow, how):
    """The Columns of x (N, C, H, W), in scratch memory."""
    (n, c, h, w), (kh, kw), down = x[images].shape, kernel_size, how.dilation[0]
    height = rows.stop - rows.start + down * (kh - 1)
    top = rows.start - how.padding[0]
    inside = slice(min(height, max(0, -top)), max(0, min(height, h - top)))  # of these rows, those in x
    shifted = scratch("columns", (kw, c, n, height, ow), x.dtype, np)
    shifted[:, :, :, : inside.start] = 0
    shifted[:, :, :, inside.stop :] = 0
    seen = x[images, :, top + inside.start : top + inside.stop].swapaxes(0, 1)  # (C, n, ..., W)
    _, across = how.windows(kernel_size)
    for column in range(kw):
        outs, taken = across.valid(column, w, ow)
        part = shifted[column, :, :, inside]
        part[..., : outs.start] = 0
        part[..., outs.stop :] = 0
        part[..., outs] = seen[..., taken]
    flat = shifted.reshape(kw * c, -1)  # (kw*C, n*height*ow)
    t = flat.shape[1] - down * (kh - 1) * ow
    return Columns([flat[:, row * down * ow : row * down * ow + t] for row in range(kh)], height)


def _bands(output_shape, column_bytes):
    """The pieces of an output (N, O, oh, ow): rows of one image, or where it is small, several images."""
    n, _, oh, ow = output_shape
    if oh * ow < LEAST_PIXELS:
        return [(images, slice(0, oh)) for images in chunks(n, oh * ow, 2 * LEAST_PIXELS)]
    rows = chunks(oh, ow * column_bytes, max(BAND_BYTES, LEAST_PIXELS * column_bytes))
    return [(slice(i, i + 1), some) for i in range(n) for some in rows]


def _output_size(x, kernel_size, how):
    check_host("mec", x)
    if not applies(kernel_size, how):
        raise InputError(
            f"algorithm mec is for kernels of several rows, stride 1, no groups; given {kernel_size[0]}x"
            f"{kernel_size[1]}, stride {how.stride}, groups {how.groups}: use auto"
        )
    return how.output_size(x.shape[2:], kernel_size)
