"""The convolution as one matrix product, with its two gradients: the page that everybody knows, and the reference here.

A convolution looks at one window of its input for every output pixel. im2col copies each window into a column, so that
one product does them all; col2im is its transpose: it adds every column back to where its window was.
(Chellapilla, Puri, Simard 2006, "High Performance Convolutional Neural Networks for Document Processing".)

    y = W im2col(x) + b        conv2d
    dx = col2im(W^T dy)        conv2d_grad_input   (as a layer of its own: the transposed convolution)
    dW = dy im2col(x)^T        conv2d_grad_weight

Shapes: x (N, C, H, W), weight (O, C/G, kh, kw) in G groups, y (N, O, oh, ow). In the products the images stand side by
side, columns (C/G*kh*kw, N*oh*ow) for each group. `how` is (stride, padding, dilation, groups), sizes are pairs, (rows,
columns).
"""

import math
from collections.abc import Iterator

from minifcn.backend import Array, array_module
from minifcn.backend.kernels import by_kernel
from minifcn.backend.memory import column_bytes
from minifcn.convolution.checks import check_numbers
from minifcn.convolution.geometry import How, Pair, Setting, pair
from minifcn.errors import InputError


def conv2d(x: Array, weight: Array, how: How, bias: Array = None) -> Array:
    """x (N, C, H, W), weight (O, C/G, kh, kw), bias (O,) -> y (N, O, oh, ow)."""
    matrix = weight.reshape(len(weight), -1)  # (O, C/G*kh*kw)
    size = how.output_size(x.shape[2:], weight.shape[2:])
    y = array_module(x).empty((len(x), len(weight), *size), dtype=x.dtype)  # (N, O, oh, ow)
    padded = pad(x, how.padding)
    for seen, made, outs in _pieces(y, weight.shape, how):
        columns = columns_of(padded[seen], weight.shape[2:], how.stride, how.dilation)  # (C/G*kh*kw, n*r*ow)
        _put_product(y[made], matrix[outs], columns)
        del columns  # before the next ones are made
    if bias is not None:
        y += bias.reshape(1, -1, 1, 1)  # (1, O, 1, 1)
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), weight (O, C/G, kh, kw) -> dx (N, C, H, W) with (H, W) = input_size."""
    matrix = weight.reshape(len(weight), -1)  # (O, C/G*kh*kw)
    (h, w), (ph, pw), channels = input_size, how.padding, weight.shape[1] * how.groups
    padded = array_module(dy).zeros((len(dy), channels, h + 2 * ph, w + 2 * pw), dtype=dy.dtype)
    for seen, made, outs in _pieces(dy, weight.shape, how):
        columns = matrix[outs].T @ _rows(dy[made])  # (C/G*kh*kw, n*r*ow)
        n, _, *pixels = dy[made].shape
        columns = columns.reshape(*weight.shape[1:], n, *pixels).transpose(3, 0, 1, 2, 4, 5)  # (n, C/G, kh, kw, r, ow)
        add_to_windows(padded[seen], columns, how.stride, how.dilation)
        del columns
    return padded[:, :, ph : ph + h, pw : pw + w]  # (N, C, H, W)


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C/G, kh, kw)."""
    xp = array_module(x)
    dw = xp.empty((dy.shape[1], x.shape[1] // how.groups, *kernel_size), dtype=x.dtype)
    matrix = dw.reshape(len(dw), -1)  # (O, C/G*kh*kw), a view
    padded = pad(x, how.padding)
    for seen, made, outs in _pieces(dy, dw.shape, how):
        rows, group = _rows(dy[made]), matrix[outs]
        columns = columns_of(padded[seen], kernel_size, how.stride, how.dilation)  # (C/G*kh*kw, n*r*ow)
        if made[0].start == made[2].start == 0:  # the group's first piece
            xp.matmul(rows, columns.T, out=group)  # (O/G, C/G*kh*kw)
        else:
            group += rows @ columns.T
        del columns
    return dw


def im2col(x: Array, kernel_size: Setting, stride: Setting = 1, padding: Setting = 0, dilation: Setting = 1) -> Array:
    """Copy every window of x into a column.

    x (N, C, H, W) -> columns (N, C*kh*kw, oh*ow), the layout of PyTorch's `unfold`; dtype kept.
    Raises InputError where the kernel is larger than the padded input.
    """
    check_numbers("x", x, "(N, C, H, W)")
    kernel, how = pair(kernel_size, "kernel_size", 1), How.of(stride, padding, dilation)
    how.output_size(x.shape[2:], kernel)  # refuses a kernel that does not fit
    columns = windows(pad(x, how.padding), kernel, how.stride, how.dilation)  # (N, C, kh, kw, oh, ow)
    n, c, kh, kw, oh, ow = columns.shape
    return array_module(x).ascontiguousarray(columns).reshape(n, c * kh * kw, oh * ow)  # (N, C*kh*kw, oh*ow)


def col2im(
    columns: Array,
    input_size: Setting,
    kernel_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
) -> Array:
    """Add every column back to its window: the transpose of `im2col`, PyTorch's `fold`.

    columns (N, C*kh*kw, oh*ow), input_size (H, W) -> x (N, C, H, W); dtype kept.
    Raises InputError where the kernel is larger than the padded input.
    """
    check_numbers("columns", columns, "(N, C*kh*kw, oh*ow)")
    (kh, kw), (h, w) = pair(kernel_size, "kernel_size", 1), pair(input_size, "input_size", 1)
    how = How.of(stride, padding, dilation)
    (ph, pw), (oh, ow) = how.padding, how.output_size((h, w), (kh, kw))
    n, c = columns.shape[0], columns.shape[1] // (kh * kw)
    if columns.shape[1:] != (c * kh * kw, oh * ow):
        raise InputError(
            f"columns have shape {tuple(columns.shape)}, expected (N, C*{kh * kw}, {oh * ow}) for {h}x{w} pixels"
        )
    x = array_module(columns).zeros((n, c, h + 2 * ph, w + 2 * pw), dtype=columns.dtype)
    add_to_windows(x, columns.reshape(n, c, kh, kw, oh, ow), how.stride, how.dilation)
    return x[:, :, ph : ph + h, pw : pw + w]  # (N, C, H, W)


def pad(x: Array, padding: Pair) -> Array:
    """(N, C, H, W) -> (N, C, H + 2ph, W + 2pw), zeros around it; a negative padding crops. No copy for 0."""
    (ph, pw), (h, w) = padding, x.shape[2:]
    x = x[:, :, max(0, -ph) : h - max(0, -ph), max(0, -pw) : w - max(0, -pw)]
    if max(ph, pw) <= 0:
        return x
    padded = array_module(x).zeros((*x.shape[:2], h + 2 * ph, w + 2 * pw), dtype=x.dtype)
    padded[:, :, max(0, ph) : max(0, ph) + x.shape[2], max(0, pw) : max(0, pw) + x.shape[3]] = x
    return padded  # (N, C, H + 2ph, W + 2pw)


def windows(x: Array, kernel_size: Pair, stride: Pair, dilation: Pair) -> Array:
    """Every window of a padded x (N, C, H, W), as a view: (N, C, kh, kw, oh, ow). Writing to it writes to x."""
    (kh, kw), (sh, sw), (dh, dw) = kernel_size, stride, dilation
    n, c, h, w = x.shape
    oh = (h - dh * (kh - 1) - 1) // sh + 1
    ow = (w - dw * (kw - 1) - 1) // sw + 1
    bn, bc, bh, bw = x.strides
    return array_module(x).lib.stride_tricks.as_strided(
        x, (n, c, kh, kw, oh, ow), (bn, bc, bh * dh, bw * dw, bh * sh, bw * sw)
    )


@by_kernel
def columns_of(x: Array, kernel_size: Pair, stride: Pair, dilation: Pair) -> Array:
    """The windows of a padded x (N, C, H, W), copied into columns (C*kh*kw, N*oh*ow)."""
    columns = windows(x, kernel_size, stride, dilation).transpose(1, 2, 3, 0, 4, 5)  # (C, kh, kw, N, oh, ow)
    return columns.reshape(math.prod(columns.shape[:3]), -1)  # (C*kh*kw, N*oh*ow)


@by_kernel
def add_to_windows(x: Array, columns: Array, stride: Pair, dilation: Pair) -> None:
    """Add columns (N, C, kh, kw, oh, ow) to the windows of a padded x (N, C, H, W), in place.

    Windows overlap, so they cannot be added all at once. Taps less than a stride apart never meet, though: with
    dilation 1 a whole block of stride x stride taps goes at a time, else one tap.
    """
    kh, kw, oh, ow = columns.shape[2:]
    bh, bw = (s if d == 1 else 1 for s, d in zip(stride, dilation))
    for i in range(0, kh, bh):
        for j in range(0, kw, bw):
            block = columns[:, :, i : i + bh, j : j + bw]
            corner = x[:, :, i * dilation[0] :, j * dilation[1] :]
            views = windows(corner, block.shape[2:4], stride, (1, 1))[..., :oh, :ow]
            views += block


def _pieces(y: Array, weight_shape: tuple, how: How) -> Iterator[tuple]:
    """What is done at a time: one group, and as many images or rows as `column_bytes` hold columns of.

    -> (seen, made, outs): indices of the padded x (n, C/G, ..., W) that is looked at, of the y (n, O/G, r, ow) that is
    made of it, and of its output channels.
    """
    (n, o, oh, ow), (_, c, kh, kw) = y.shape, weight_shape
    rows = max(1, column_bytes(array_module(y)) // (c * kh * kw * ow * y.itemsize))
    images, rows = max(1, rows // oh), min(rows, oh)
    stride, reach = how.stride[0], how.dilation[0] * (kh - 1) + 1
    for group in range(how.groups):
        ins, outs = (slice(group * size, (group + 1) * size) for size in (c, o // how.groups))
        for i in range(0, max(1, n), images):  # a batch of no images is a piece, too
            for row in range(0, oh, rows):
                some, seen = slice(i, i + images), slice(row * stride, (min(row + rows, oh) - 1) * stride + reach)
                yield (some, ins, seen), (some, outs, slice(row, row + rows)), outs


def _put_product(y: Array, matrix: Array, columns: Array) -> None:
    """y = matrix (O, K) @ columns (K, n*r*ow), for y (n, O, r, ow): without a copy where its memory lies like that."""
    n, o, *pixels = y.shape
    if n == 1 and y.flags.c_contiguous:
        array_module(y).matmul(matrix, columns, out=y.reshape(o, -1))
    else:
        y[...] = (matrix @ columns).reshape(o, n, *pixels).swapaxes(0, 1)  # (n, O, r, ow)


def _rows(y: Array) -> Array:
    """y (n, O, r, ow) -> (O, n*r*ow)."""
    return y.swapaxes(0, 1).reshape(y.shape[1], -1)
