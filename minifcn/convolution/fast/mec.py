"""Columns along the width alone: of a 3x3 kernel a third of im2col's copies, for three products in place of one.

im2col copies the image kh*kw times. But where a kernel goes down row by row, the windows of its second row are those of
its first, a row further: what was copied for one row of the kernel is there for the next. So it is enough to copy the
image kw times, shifted by a column each:

    f[j, c, i, q] = x[c, i, q + j]                             (kw*C, (oh + kh - 1)*ow)

The columns for the kernel's row i are a view of it, which BLAS takes as it is:

    y = sum over i of W[i] f[:, i*ow : i*ow + oh*ow]           W[i] (O, kw*C): row i of all kernels
    dW[i] = dy f[:, i*ow : i*ow + oh*ow]^T

and dx is a convolution again, of dy with the flipped kernels. The work goes in bands of rows, as in `bands`.

Cho, Brand 2017, "MEC: Memory-efficient Convolution for Deep Neural Network" (arXiv 1706.06873).

Shapes and settings as in `textbook`.
"""

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import PARTS, chunks, cut, run_all, scratch
from minifcn.convolution.checks import check_host
from minifcn.convolution.fast.bands import add_product, lanes
from minifcn.convolution.geometry import How, Pair
from minifcn.errors import InputError

BAND_BYTES = 1 << 20  # of shifted copies: about one core's L2 cache
LEAST_PIXELS = 256  # in a product: smaller maps go several at a time


def applies(kernel_size: Pair, how: How) -> bool:
    """Whether there are several rows of the kernel to share a copy, which go down row by row."""
    return kernel_size[0] > 1 and how.stride == (1, 1) and how.groups == 1


def conv2d(x: Array, weight: Array, how: How, bias: Array = None) -> Array:
    """x (N, C, H, W), weight (O, C, kh, kw), bias (O,) -> y (N, O, oh, ow)."""
    (o, c, kh, kw), size = weight.shape, _output_size(x, weight.shape[2:], how)
    matrices = np.ascontiguousarray(weight.transpose(2, 0, 3, 1)).reshape(kh, o, kw * c)  # (kh, O, kw*C)
    y = np.empty((len(x), o, *size), dtype=x.dtype)
    pieces = _bands(y.shape, c * kw * x.itemsize)
    parts = PARTS if len(pieces) == 1 else 1

    def convolve(images, rows):
        views, height = _shifted(x, images, rows, (kh, kw), size[1], how)  # kh times (kw*C, t)
        band = y[images, :, rows]  # (n, O, r, ow)
        if alone := len(band) == 1:
            total = band[0].reshape(o, -1)  # (O, r*ow), a view
        else:
            whole = scratch("total", (o, len(band), height, size[1]), y.dtype, np)
            total = whole.reshape(o, -1)[:, : views[0].shape[1]]  # (O, t)

        def multiply(some):
            for number, (matrix, view) in enumerate(zip(matrices, views)):
                add_product(matrix[some], view, total[some], number == 0)
            if bias is not None:
                total[some] += bias[some, None]

        run_all(multiply, cut(o, parts), np)
        if not alone:
            band[...] = whole[:, :, : band.shape[2]].swapaxes(0, 1)

    run_all(convolve, pieces, np)
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), weight (O, C, kh, kw) -> dx (N, C, H, W): the convolution with the flipped kernels."""
    full = tuple(d * (k - 1) - p for k, p, d in zip(weight.shape[2:], how.padding, how.dilation))
    return conv2d(dy, weight[:, :, ::-1, ::-1].swapaxes(0, 1), how._replace(padding=full))


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C, kh, kw)."""
    (_, ow), (o, c), (kh, kw) = _output_size(x, kernel_size, how), (dy.shape[1], x.shape[1]), kernel_size
    shape = kh, o, kw * c
    pieces = lanes(_bands(dy.shape, c * kw * x.itemsize), kh * o * kw * c * x.itemsize)
    parts = PARTS if len(pieces) == 1 else 1

    def correlate(*lane):
        dw = np.empty(shape, dtype=x.dtype) if lane else np.zeros(shape, dtype=x.dtype)  # no lane: no images
        for number, (images, rows) in enumerate(lane):
            views, height = _shifted(x, images, rows, kernel_size, ow, how)  # kh times (kw*C, t)
            band = dy[images, :, rows]  # (n, O, r, ow)
            if len(band) == 1:
                flat = band[0].reshape(o, -1)  # (O, r*ow), a view
            else:
                whole = scratch("total", (o, len(band), height, ow), dy.dtype, np)
                whole[:, :, : band.shape[2]] = band.swapaxes(0, 1)
                whole[:, :, band.shape[2] :] = 0  # between two images
                flat = whole.reshape(o, -1)[:, : views[0].shape[1]]  # (O, t)
            some = cut(o, parts)
            products = ((flat[i], view.T, dw[row, i], number == 0) for (i,) in some for row, view in enumerate(views))
            run_all(add_product, products, np)
        return dw

    dw, *others = run_all(correlate, pieces, np)
    for other in others:
        dw += other
    return np.ascontiguousarray(dw.reshape(kh, o, kw, c).transpose(1, 3, 0, 2))  # (O, C, kh, kw)


def _shifted(x, images, rows, kernel_size, ow, how):
    """For each row of the kernel the columns (kw*C, t) of some images and output rows, in scratch memory; their height.

    Several images lie below each other, height rows each, of which the last give nothing: t = n*height*ow less those.
    """
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
    return [flat[:, row * down * ow : row * down * ow + t] for row in range(kh)], height


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
    return tuple(h + 2 * p - d * (k - 1) for h, k, p, d in zip(x.shape[2:], kernel_size, how.padding, how.dilation))
