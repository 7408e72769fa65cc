"""The textbook's convolution band by band in a CPU's cache, over its cores.

The columns of a whole layer are kh*kw times as large as its input and fit no cache. So the work goes in bands of output
rows whose columns do: they are made, multiplied and forgotten while still in the cache. Several bands are worked on
at a time, two where the work would fit one: a thread that does all steps of its own band waits for nobody. Where the
weights outweigh the columns there is one, and its channels are shared. Small images go several to a band, pixel by
pixel beside each other, so that what is copied are their pixels in a row and not a few pixels of each.

Shapes and settings as in `textbook`.
"""

import math

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import PARTS, bands, cut, run_all, scratch
from minifcn.convolution.checks import check_host
from minifcn.convolution.fast.products import add_product, lanes, multiply, summed
from minifcn.convolution.fast.taps import put_taps, seen_taps, take_taps
from minifcn.convolution.geometry import How, Pair
from minifcn.convolution.textbook import add_to_windows
from minifcn.convolution.transposed import gathers, way_back

BAND_BYTES = 1 << 20  # columns of a band: about one core's L2 cache
BAND_PIXELS = 256  # but as much as the weights that they are multiplied with, up to so many columns
WORTH_PARTS = 1 << 23  # multiplications of a single band that is cut: fewer are done before a second thread has begun
LEAST_BYTES = 1 << 18  # of columns, in a band that is one of two for two threads


def conv2d(x: Array, weight: Array, how: How, bias: Array = None, rectified: bool = False) -> Array:
    """x (N, C, H, W), weight (O, C/G, kh, kw), bias (O,) -> y (N, O, oh, ow); `rectified`: max(y, 0)."""
    check_host("im2col", x)
    seen, how = seen_taps(x.shape[2:], weight.shape[2:], how)
    weight = take_taps(weight, seen)
    (n, _, *size), (o, _, *kernel_size), groups = x.shape, weight.shape, how.groups
    oh, ow = how.output_size(size, kernel_size)
    w = weight.reshape(groups, o // groups, -1)  # (G, O/G, C/G*kh*kw)
    shift = None if bias is None else bias.reshape(groups, -1, 1)  # (G, O/G, 1)
    y = np.empty((n, o, oh, ow), dtype=x.dtype)
    pieces = _bands(y.shape, w[..., 0, :].nbytes, w.nbytes, math.prod(kernel_size))
    parts = _parts(pieces, w.size * n * oh * ow)

    def convolve(images, rows):
        columns = _columns(x, images, rows, kernel_size, how, parts)  # (G, C/G*kh*kw, t)
        band = y[images, :, rows]
        band = band.reshape(len(band), groups, -1, *band.shape[2:])  # (n, G, O/G, r, ow)
        run_all(_multiply, ((w, columns, shift, rectified, band, some) for (some,) in cut(o // groups, parts)), np)

    run_all(convolve, pieces, np)
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), weight (O, C/G, kh, kw) -> dx (N, C, H, W) with (H, W) = input_size."""
    check_host("im2col", dy)
    seen, how = seen_taps(input_size, weight.shape[2:], how)
    weight = take_taps(weight, seen)
    (h, w), (n, _, oh, ow), (o, c, *kernel_size) = input_size, dy.shape, weight.shape
    stride, padding, dilation, groups = how
    taps = math.prod(kernel_size)
    if gathers((oh, ow), weight.shape, how):
        # Without a stride it is a convolution with the flipped kernels, which gathers and never adds twice.
        return conv2d(dy, *way_back(weight, how))

    wt = weight.reshape(groups, o // groups, -1).transpose(0, 2, 1)  # (G, C/G*kh*kw, O/G)
    dx = np.zeros((n, c * groups, h + 2 * padding[0], w + 2 * padding[1]), dtype=dy.dtype)
    reach = dilation[0] * (kernel_size[0] - 1) + 1
    overlap = -(-reach // stride[0]) - 1  # so many rows of windows further down still see a window's pixels
    pieces = _bands(dy.shape, wt[..., 0].nbytes, weight.nbytes, taps, least_rows=overlap)
    parts = _parts(pieces, weight.size * n * oh * ow) if groups == 1 else 1

    def spread(images, rows, some):
        band = _rows(dy[images, :, rows], groups)  # (G, O/G, t)
        matrix = wt[:, some.start * taps : some.stop * taps]  # (G, c*kh*kw, O/G)
        columns = scratch("columns", (*matrix.shape[:2], band.shape[2]), dy.dtype, np)
        np.matmul(matrix, band, out=columns)
        part = target = dx[images, some.start * groups : some.stop * groups, rows.start * stride[0] :]
        if len(part) > 1:  # whole images, to which nobody else adds
            target = _beside("target", part.shape, dy.dtype)  # (n, G*c, ..., W)
            target[...] = 0
        columns = columns.reshape(target.shape[1], *kernel_size, -1, ow, len(target))  # (G*c, kh, kw, r, ow, n)
        columns = columns.transpose(5, 0, 1, 2, 3, 4)  # (n, G*c, kh, kw, r, ow)
        if stride != (1, 1):
            add_to_windows(target, columns, stride, dilation)
        else:
            for i, j in np.ndindex(*kernel_size):  # the same tap by tap, as plain slices
                block = columns[:, :, i, j]
                row, col = i * dilation[0], j * dilation[1]
                target[:, :, row : row + block.shape[2], col : col + ow] += block
        if target is not part:
            part[...] = target

    for turn in in_turns(pieces, oh):
        run_all(spread, ((*piece, *some) for piece in turn for some in cut(c, parts)), np)
    return dx[:, :, padding[0] : padding[0] + h, padding[1] : padding[1] + w]  # (N, C, H, W)


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C/G, kh, kw)."""
    check_host("im2col", x)
    seen, how = seen_taps(x.shape[2:], kernel_size, how)
    counted = tuple(some.stop - some.start for some in seen[1:])
    (n, o, oh, ow), c, groups, taps = dy.shape, x.shape[1], how.groups, math.prod(counted)
    shape = groups, o // groups, c // groups * taps
    dw_bytes = math.prod(shape) * x.itemsize
    pieces = lanes(_bands(dy.shape, groups * shape[2] * x.itemsize, dw_bytes, taps), dw_bytes)
    parts = _parts(pieces, math.prod(shape) * n * oh * ow)

    def correlate(dw, first, images, rows):
        columns = _columns(x, images, rows, counted, how, parts).transpose(0, 2, 1)  # (G, t, C/G*kh*kw)
        band = _rows(dy[images, :, rows], groups)  # (G, O/G, t)
        some = cut(shape[2], parts)  # each moves its own columns, and all the few rows of dy
        run_all(add_product, ((band, columns[..., i], dw[..., i], first) for (i,) in some), np)

    dw = summed(correlate, pieces, [np.empty(shape, x.dtype) for _ in pieces]).reshape(o, c // groups, *counted)
    return put_taps(dw, seen, kernel_size)  # (O, C/G, kh, kw)


def windows(
    x: Array, images: slice, area: tuple, kernel_size: Pair, stride: Pair, dilation: Pair, beside: bool = False
) -> Array:
    """Every window (n, C, kh, kw, oh, ow) of an area (top, left, height, width) of some images; outside x are zeros.

    A view of x where all of it lies inside, else of a copy in scratch memory, which stays in the cache; with `beside`
    of a copy where the images' pixels lie beside each other.
    """
    n, (c, h, w), (top, left, height, width) = images.stop - images.start, x.shape[1:], area
    if top >= 0 and left >= 0 and top + height <= h and left + width <= w and not beside:
        part = x[images, :, top : top + height, left : left + width]
    else:
        size = n, c, height, width
        part = _beside("part", size, x.dtype) if beside else scratch("part", size, x.dtype, np)
        rows = slice(max(0, -top), max(0, -top, min(height, h - top)))  # of the copy, those inside x
        cols = slice(max(0, -left), max(0, -left, min(width, w - left)))
        part[:, :, : rows.start] = 0
        part[:, :, rows.stop :] = 0
        part[:, :, rows, : cols.start] = 0
        part[:, :, rows, cols.stop :] = 0
        part[:, :, rows, cols] = x[images, :, top + rows.start : top + rows.stop, left + cols.start : left + cols.stop]
    (kh, kw), (sh, sw), (dh, dw) = kernel_size, stride, dilation
    shape = n, c, kh, kw, (height - dh * (kh - 1) - 1) // sh + 1, (width - dw * (kw - 1) - 1) // sw + 1
    bn, bc, bh, bw = part.strides
    strides = bn, bc, bh * dh, bw * dw, bh * sh, bw * sw
    return np.lib.stride_tricks.as_strided(part, shape, strides)


def _columns(x, images, rows, kernel_size, how, parts):
    """The columns (G, C/G*kh*kw, r*ow*n) of some images and output rows, in scratch memory; a view for a 1x1 kernel."""
    stride, padding, dilation, groups = how
    height = (rows.stop - rows.start - 1) * stride[0] + dilation[0] * (kernel_size[0] - 1) + 1
    area = rows.start * stride[0] - padding[0], -padding[1], height, x.shape[3] + 2 * padding[1]
    seen = windows(x, images, area, kernel_size, stride, dilation, beside=images.stop - images.start > 1)
    columns = seen = seen.transpose(1, 2, 3, 4, 5, 0)  # (C, kh, kw, r, ow, n)
    if math.prod(kernel_size) * math.prod(stride) > 1:
        columns = scratch("columns", seen.shape, x.dtype, np)
        run_all(np.copyto, ((columns[some], seen[some]) for (some,) in cut(len(seen), parts)), np)
    return columns.reshape(groups, math.prod(columns.shape[:3]) // groups, math.prod(columns.shape[3:]))


def _beside(name, shape, dtype):
    """Scratch memory for images (n, C, h, w) whose numbers at one place lie beside each other: (C, h, w, n) there."""
    return scratch(name, (*shape[1:], shape[0]), dtype, np).transpose(3, 0, 1, 2)


def _rows(dy, groups):
    """dy (n, O, r, ow) -> (G, O/G, r*ow*n)."""
    return dy.transpose(1, 2, 3, 0).reshape(groups, dy.shape[1] // groups, -1)


def _multiply(w, columns, shift, rectified, band, some):
    """Write w (G, O/G, K) @ columns (G, K, r*ow*n) + shift to band (n, G, O/G, r, ow); `some` of O/G alone."""
    w, band = w[:, some], band[:, :, some]
    n, *_, r, ow = band.shape
    if n == 1:
        product = band[0].reshape(*w.shape[:2], -1)  # (G, O/G, r*ow), a view
    else:
        product = scratch("product", (*w.shape[:2], columns.shape[2]), band.dtype, np)
    multiply(w, columns, product)
    if shift is not None:
        product += shift[:, some]
    if rectified:
        np.maximum(product, 0, out=product)
    if n > 1:
        band[...] = product.reshape(*w.shape[:2], r, ow, n).transpose(4, 0, 1, 2, 3)  # (n, G, O/G, r, ow)


def _bands(output_shape, column_bytes, weight_bytes, taps, least_rows=1):
    """The bands of an output (N, O, oh, ow) whose columns, of so many bytes each, have the room they should.

    No band but the last has less than least_rows. The columns of a 1x1 kernel are the image as it lies, where it is
    alone: so it is, if it has enough pixels.
    """
    n, _, oh, ow = output_shape
    row_bytes = ow * column_bytes
    most = max(BAND_BYTES, min(weight_bytes, BAND_PIXELS * column_bytes))
    if taps == 1 and oh * ow >= BAND_PIXELS // 2:
        most = min(most, oh * row_bytes)
    least = max(weight_bytes, LEAST_BYTES, least_rows * row_bytes)
    return bands(n, oh, row_bytes, max(most, 2 * least_rows * row_bytes), least)  # bands are half full at least


def in_turns(pieces: list[tuple[slice, slice]], height: int) -> list[list]:
    """The bands (images, rows) that may be added at the same time: neighbours in one image of that height overlap."""
    whole = all(rows.stop - rows.start == height for _, rows in pieces)
    return [pieces] if whole else [pieces[::2], pieces[1::2]]


def _parts(pieces, multiplications):
    """Into how many parts to cut the channels of each piece: a single one that is worth it."""
    return PARTS if len(pieces) == 1 and multiplications >= WORTH_PARTS else 1
