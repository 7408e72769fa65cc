"""Winograd's convolution: 3x3 kernels with stride 1 in a quarter of the multiplications.

A 4x4 tile of the output depends on the 6x6 pixels d below it. Directly it takes 16 * 9 = 144 multiplications for each
pair of channels; Winograd's F(4x4, 3x3) takes 36, one for each entry of the transformed tile:

    Y = A^T [ (G g G^T) * (B^T d B) ] A         g the kernel, * entry by entry, summed over the input channels

The sum over channels makes the middle 36 matrix products, one for each entry e: M[e] = U[e] V[e], with U (O, C) from
the kernels and V (C, tiles) from the image. The transforms around them are shared by all channels on the other side.

The gradients save the same multiplications. Each step's gradient is its transpose:

    dM = A dy A^T,   dU[e] = dM[e] V[e]^T,   dW = G^T dU G

and dx is a convolution again, of dy with the flipped kernels.

The work goes in bands of a few hundred tiles: their V and M are made, used and forgotten.

Lavin, Gray 2015, "Fast Algorithms for Convolutional Neural Networks", section 4. The transforms add and subtract
multiples up to 8, which costs a digit: some 3e-6 (relative) in float32 on VGG's layers.

Shapes and settings as in `textbook`.
"""

import math
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import PARTS, bands, chunks, cut, run_all, scratch
from minifcn.convolution.checks import check_host
from minifcn.convolution.fast.bands import windows
from minifcn.convolution.fast.products import add_product, lanes
from minifcn.convolution.geometry import How, Pair
from minifcn.errors import InputError

TILE, REACH = 4, 6  # pixels of an output tile, and of the input below it, along one axis
ENTRIES = REACH * REACH
B_T = [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
G = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
A_T = [
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
]

BAND_TILES = 700  # each product of a band reads all kernels, so not too few; V and M grow with it, so not too many
CHUNK_BYTES = 1 << 21  # tiles transformed at a time: more leave the cache, fewer are many calls


class Band(NamedTuple):
    """Some images and some rows of their tiles."""

    images: slice
    rows: slice
    shape: tuple[int, int, int]  # how many: images, rows and columns of tiles

    @property
    def tiles(self) -> int:
        """How many in all."""
        return math.prod(self.shape)


def applies(kernel_size: Pair, how: How) -> bool:
    """Whether Winograd's algorithm is for a convolution with these settings."""
    return (*kernel_size, *how.stride, *how.dilation, how.groups) == (3, 3, 1, 1, 1, 1, 1)


def conv2d(x: Array, weight: Array, how: How, bias: Array = None, rectified: bool = False) -> Array:
    """x (N, C, H, W), weight (O, C, 3, 3), bias (O,) -> y (N, O, oh, ow); `rectified`: max(y, 0)."""
    _check(x, weight.shape[2:], how)
    (o, c), (oh, ow) = weight.shape[:2], (size + 2 * p - 2 for size, p in zip(x.shape[2:], how.padding))
    b_t, a_t = np.array(B_T, x.dtype), np.array(A_T, x.dtype)
    u = _kernels(weight)  # (36, O, C)
    y = np.empty((len(x), o, oh, ow), dtype=x.dtype)
    pieces = _bands(y.shape)
    parts = PARTS if len(pieces) == 1 else 1

    def convolve(band):
        v = scratch("v", (ENTRIES, c, band.tiles), x.dtype, np)  # (36, C, t)
        m = scratch("m", (ENTRIES, o, band.tiles), x.dtype, np)  # (36, O, t)
        run_all(_take_tiles, ((b_t, x, band, how.padding, v, some) for some in _channels(v, parts)), np)
        run_all(np.matmul, ((u[e], v[e], m[e]) for (e,) in cut(ENTRIES, parts)), np)
        run_all(_put_tiles, ((a_t, m, y, band, bias, rectified, some) for some in _channels(m, parts)), np)

    run_all(convolve, ((band,) for band in pieces), np)
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), weight (O, C, 3, 3) -> dx (N, C, H, W): the convolution with the flipped kernels."""
    return conv2d(dy, _flipped(weight), how._replace(padding=_full(how)))


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C, 3, 3)."""
    _check(x, kernel_size, how)
    o, c = dy.shape[1], x.shape[1]
    b_t, a_t = np.array(B_T, x.dtype), np.array(A_T, x.dtype)
    pieces = lanes(_bands(dy.shape), ENTRIES * o * c * x.itemsize)
    parts = PARTS if len(pieces) == 1 else 1
    sums = scratch("sums", (len(pieces), ENTRIES, o, c), x.dtype, np)  # dU of each lane

    def correlate(du, lane):
        if not lane:  # a batch of no images
            du[...] = 0
        for number, band in enumerate(lane):
            v = scratch("v", (ENTRIES, c, band.tiles), x.dtype, np)  # (36, C, t)
            dm = scratch("m", (ENTRIES, o, band.tiles), x.dtype, np)  # (36, O, t)
            run_all(_take_tiles, ((b_t, x, band, how.padding, v, some) for some in _channels(v, parts)), np)
            run_all(_take_tiles, ((a_t.T, dy, band, (0, 0), dm, some) for some in _channels(dm, parts)), np)
            products = ((dm[e], v[e].swapaxes(1, 2), du[e], number == 0) for (e,) in cut(ENTRIES, parts))
            run_all(add_product, products, np)

    run_all(correlate, zip(sums, pieces), np)
    return _grad_kernels(sums)


def conv2d_backward(dy: Array, x: Array, weight: Array, how: How) -> tuple[Array, Array]:
    """dy (N, O, oh, ow), x (N, C, H, W), weight (O, C, 3, 3) -> dx, dW, for which dy's tiles are transformed once.

    Those of which dx is made give dW as well, as if dy were the input and x the gradient: then it is flipped.
    """
    _check(x, weight.shape[2:], how)
    (o, c), u = weight.shape[:2], _kernels(_flipped(weight))  # (36, C, O)
    b_t, a_t = np.array(B_T, x.dtype), np.array(A_T, x.dtype)
    dx = np.empty(x.shape, dtype=x.dtype)
    pieces = lanes(_bands(dx.shape), ENTRIES * o * c * x.itemsize)
    parts = PARTS if len(pieces) == 1 else 1
    sums = scratch("sums", (len(pieces), ENTRIES, c, o), x.dtype, np)  # dU of each lane

    def both(du, lane):
        if not lane:  # a batch of no images
            du[...] = 0
        for number, band in enumerate(lane):
            v = scratch("v", (ENTRIES, o, band.tiles), x.dtype, np)  # (36, O, t)
            m = scratch("m", (ENTRIES, c, band.tiles), x.dtype, np)  # (36, C, t)
            run_all(_take_tiles, ((b_t, dy, band, _full(how), v, some) for some in _channels(v, parts)), np)
            run_all(np.matmul, ((u[e], v[e], m[e]) for (e,) in cut(ENTRIES, parts)), np)
            run_all(_put_tiles, ((a_t, m, dx, band, None, False, some) for some in _channels(m, parts)), np)
            run_all(_take_tiles, ((a_t.T, x, band, (0, 0), m, some) for some in _channels(m, parts)), np)
            products = ((m[e], v[e].swapaxes(1, 2), du[e], number == 0) for (e,) in cut(ENTRIES, parts))
            run_all(add_product, products, np)

    run_all(both, zip(sums, pieces), np)
    return dx, np.ascontiguousarray(_flipped(_grad_kernels(sums)))


def _flipped(weight):
    """weight (O, C, 3, 3) -> (C, O, 3, 3), of the convolution back from dy to dx."""
    return weight[:, :, ::-1, ::-1].swapaxes(0, 1)


def _full(how):
    """The padding with which it goes over dy."""
    return 2 - how.padding[0], 2 - how.padding[1]


def _grad_kernels(sums):
    """dU (lanes, 36, O, C) -> dW (O, C, 3, 3) of their sum."""
    du, *others = sums
    for other in others:
        du += other
    dw = np.empty((*du.shape[1:], 3, 3), dtype=du.dtype)
    g = np.array(G, du.dtype)

    def back(some):
        kernels = scratch("kernels", (3, 3, *du[0, some].shape), dw.dtype, np)  # (3, 3, O, C)
        _transform(g.T, du[:, some], kernels)
        dw[some] = kernels.transpose(2, 3, 0, 1)  # (O, C, 3, 3)

    run_all(back, ((some,) for some in _channels(du, PARTS)), np)
    return dw


def _check(x, kernel_size, how):
    check_host("winograd", x)
    if not applies(kernel_size, how):
        raise InputError(
            f"algorithm winograd is for 3x3 kernels, stride 1, no dilation, no groups; given {kernel_size[0]}x"
            f"{kernel_size[1]}, stride {how.stride}, dilation {how.dilation}, groups {how.groups}: use auto"
        )


def _bands(output_shape):
    """Bands of about `BAND_TILES` that make up all tiles of an output (N, O, oh, ow)."""
    n, down, across = output_shape[0], -(-output_shape[2] // TILE), -(-output_shape[3] // TILE)
    pieces = bands(n, down, across, BAND_TILES)
    return [Band(some, rows, (some.stop - some.start, rows.stop - rows.start, across)) for some, rows in pieces]


def _channels(transformed, parts):
    """Slices of the channels of an array (36, C, ...), so many or more: each fits a cache."""
    return chunks(transformed.shape[1], transformed[:, 0].nbytes, min(CHUNK_BYTES, transformed.nbytes // parts))


def _transform(matrix, tiles, out):
    """matrix (m, s), tiles of s*s numbers each (s*s, C, t) -> matrix @ tile @ matrix^T of each, in out (m*m, C, t)."""
    (m, s), (c, t) = matrix.shape, tiles.shape[-2:]
    half = scratch("half", (m, s, c * t), tiles.dtype, np)
    # A batch of products with many columns each, in which BLAS has no need to move the tiles.
    np.matmul(matrix, tiles.reshape(s, s, c * t).transpose(1, 0, 2), out=half.transpose(1, 0, 2))
    np.matmul(matrix, half, out=out.reshape(m, m, c * t))


def _kernels(weight):
    """weight (O, C, 3, 3) -> U (36, O, C)."""
    o, c = weight.shape[:2]
    g, u = np.array(G, weight.dtype), scratch("u", (ENTRIES, o, c), weight.dtype, np)

    def transform(some):
        kernels = scratch("kernels", (3, 3, *u[0, some].shape), u.dtype, np)
        kernels[...] = weight[some].transpose(2, 3, 0, 1)  # (3, 3, O, C)
        _transform(g, kernels.reshape(9, -1, c), u[:, some])

    run_all(transform, ((some,) for some in _channels(u, PARTS)), np)
    return u


def _take_tiles(matrix, x, band, padding, out, channels):
    """Some channels' tiles of a band, s x s pixels each and 4 apart, transformed by `matrix` (6, s), to out (36, C, t).

    They are taken from a padded copy of just these rows of a few channels, which fits the cache.
    """
    size, (_, down, across) = matrix.shape[1], band.shape
    corner = TILE * band.rows.start - padding[0], -padding[1]
    area = *corner, TILE * (down - 1) + size, TILE * (across - 1) + size
    views = windows(x[:, channels], band.images, area, (size, size), (TILE, TILE), (1, 1))
    views = views.transpose(2, 3, 1, 0, 4, 5)  # (s, s, C, n, down, across)
    tiles = scratch("tiles", views.shape, x.dtype, np)
    tiles[...] = views
    _transform(matrix, tiles.reshape(size * size, -1, band.tiles), out[:, channels])


def _put_tiles(a_t, m, y, band, bias, rectified, channels):
    """Write the tiles A^T M A of m (36, O, t) to their place in y; those at the end may hang over it."""
    n, down, across = band.shape
    tiles = scratch("tiles", (TILE * TILE, *m[:, channels].shape[1:]), m.dtype, np)
    _transform(a_t, m[:, channels], tiles)
    tiles = tiles.reshape(TILE, TILE, -1, n, down, across).transpose(3, 2, 0, 1, 4, 5)  # (n, O, 4, 4, down, across)
    shift = 0 if bias is None else bias[channels].reshape(-1, 1, 1, 1, 1)
    block = scratch("part", (n, tiles.shape[1], down, TILE, across, TILE), m.dtype, np)
    np.add(tiles, shift, out=block.transpose(0, 1, 3, 5, 2, 4))
    if rectified:
        np.maximum(block, 0, out=block)
    pixels = y[band.images, channels, TILE * band.rows.start : TILE * band.rows.stop]
    block = block.reshape(n, -1, TILE * down, TILE * across)
    pixels[...] = block[:, :, : pixels.shape[2], : pixels.shape[3]]
