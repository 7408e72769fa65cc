"""Winograd's convolution: 3x3 kernels with stride 1 in a quarter of the multiplications.

A 4x4 tile of the output depends on the 6x6 pixels d below it. Directly it takes 16 * 9 = 144 multiplications for each
pair of channels; Winograd's F(4x4, 3x3) takes 36, one for each entry of the transformed tile:

    Y = A^T [ (G g G^T) * (B^T d B) ] A         g the kernel, * entry by entry, summed over the input channels

The sum over channels makes the middle 36 matrix products, one for each entry e: M[e] = U[e] V[e], with U (O, C) from
the kernels and V (C, tiles) from the image. The transforms around them are linear, so each is one matrix: as a vector,
B^T d B is (B^T x B^T) d, with the Kronecker product x. All channels on the other side share their cost.

The gradients save the same multiplications. Each step's gradient is its transpose:

    dM = (A^T x A^T)^T dy,   dU[e] = dM[e] V[e]^T,   dW = (G x G)^T dU

and dx is a convolution again, of dy with the flipped kernels.

The work goes in bands of a few hundred tiles: their V and M are made, used and forgotten.

Lavin, Gray 2015, "Fast Algorithms for Convolutional Neural Networks", section 4. The transforms add and subtract
multiples up to 8, which costs a digit: some 3e-6 (relative) in float32 on VGG's layers.

Shapes: x (N, C, H, W), weight (O, C, 3, 3), y (N, O, oh, ow), padding (rows, columns).
"""

import math
from typing import NamedTuple

import numpy as np

from minifcn.backend import array_module
from minifcn.convolution.gemm import flipped
from minifcn.convolution.im2col import part, windows
from minifcn.parallel import bands, chunks, room, run_all, scratch

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
OF_PIXELS, OF_KERNEL, TO_OUTPUT = (np.kron(m, m) for m in (B_T, G, A_T))  # (36, 36), (36, 9), (16, 36)

BAND_TILES = 700  # each product of a band reads all kernels, so not too few; V and M grow with it, so not too many
LANES, LANE_BYTES = 4, 1 << 22  # independent sums of dU, whatever the number of threads; of a larger dU there is one
CHUNK_BYTES = 1 << 20  # tiles transformed at a time: about one core's L2 cache


class Band(NamedTuple):
    """Some images, some rows of their tiles, and how many tiles there are across."""

    images: slice
    rows: slice
    across: int

    @property
    def shape(self):
        """Images, rows and columns of tiles."""
        return self.images.stop - self.images.start, self.rows.stop - self.rows.start, self.across


def conv2d_winograd(x, weight, padding, bias=None):
    """The convolution of x (N, C, H, W) with weight (O, C, 3, 3), stride 1, bias (O,) -> y (N, O, oh, ow)."""
    xp = array_module(x)
    n, o = len(x), len(weight)
    oh, ow = (size + 2 * p - 2 for size, p in zip(x.shape[2:], padding))
    of_pixels, of_kernel, to_output = _matrices(x)
    kernels = _kernels(of_kernel, weight)  # U (36, O, C)
    y = xp.empty((n, o, oh, ow), dtype=x.dtype)

    def convolve(band):
        v = _transformed(of_pixels, x, band, padding, "v")  # (36, C, t)
        m = scratch("m", (ENTRIES, o, v.shape[2]), x.dtype, xp)
        _each_entry(lambda entries: xp.matmul(kernels[entries], v[entries], out=m[entries]), xp)
        _put_outputs(to_output, m, y, band, bias)

    run_all(convolve, ((band,) for band in _bands(n, oh, ow, xp)), xp)
    return y


def winograd_grad_input(dy, weight, padding):
    """The gradient of conv2d_winograd's input: dy (N, O, oh, ow) -> dx (N, C, H, W)."""
    return conv2d_winograd(dy, flipped(weight, 1), tuple(2 - p for p in padding))


def winograd_grad_weight(dy, x, padding):
    """The gradient of conv2d_winograd's weight: dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C, 3, 3)."""
    xp = array_module(x)
    (n, o, oh, ow), c = dy.shape, x.shape[1]
    of_pixels, of_kernel, to_output = _matrices(x)
    shape, pieces = (ENTRIES, o, c), _bands(n, oh, ow, xp)
    lanes = LANES if math.prod(shape) * x.itemsize <= LANE_BYTES else 1

    def correlate(lane):
        du = xp.zeros(shape, dtype=x.dtype)
        for band in lane:
            v = _transformed(of_pixels, x, band, padding, "v")  # (36, C, t)
            dm = _transformed(to_output.T, dy, band, (0, 0), "m")  # (36, O, t)

            def add(entries, dm=dm, v=v):
                product = scratch("du", du[entries].shape, du.dtype, xp)
                du[entries] += xp.matmul(dm[entries], v[entries].transpose(0, 2, 1), out=product)

            _each_entry(add, xp)
        return du

    du, *others = run_all(correlate, ((pieces[lane::lanes],) for lane in range(max(1, min(lanes, len(pieces))))), xp)
    for other in others:
        du += other
    dw = xp.empty((o, c, 3, 3), dtype=x.dtype)

    def back(some):
        dw[some] = (of_kernel.T @ du[:, some].reshape(ENTRIES, -1)).T.reshape(-1, c, 3, 3)

    run_all(back, _channels(du), xp)
    return dw


def _bands(images, height, width, xp):
    """Bands of about `BAND_TILES` that make up all tiles of an output of so many images."""
    down, across = -(-height // TILE), -(-width // TILE)
    return [Band(some, rows, across) for some, rows in bands(images, down, across, room(BAND_TILES, xp))]


def _each_entry(multiply, xp):
    """Call multiply(entries) for slices of all 36 entries, which are products of their own."""
    run_all(multiply, ((slice(e, e + REACH),) for e in range(0, ENTRIES, REACH)), xp)


def _matrices(x):
    """The three transforms in x's dtype, on its device."""
    return (array_module(x).asarray(m, dtype=x.dtype) for m in (OF_PIXELS, OF_KERNEL, TO_OUTPUT))


def _kernels(matrix, weight):
    """weight (O, C, 3, 3), transformed by the `matrix` of the kernels -> U (36, O, C)."""
    xp, (o, c) = array_module(weight), weight.shape[:2]
    u = xp.empty((ENTRIES, o, c), dtype=weight.dtype)

    def transform(some):
        u[:, some] = (matrix @ weight[some].reshape(-1, 9).T).reshape(ENTRIES, -1, c)

    run_all(transform, _channels(u), xp)
    return u


def _transformed(matrix, x, band, padding, name):
    """All tiles of a band, as `matrix` (36, size*size) makes them of size x size pixels each: (36, C, t)."""
    xp, c = array_module(x), x.shape[1]
    size = math.isqrt(matrix.shape[1])
    out = scratch(name, (ENTRIES, c, math.prod(band.shape)), x.dtype, xp)

    def transform(channels):
        _product(matrix, _tiles(x[:, channels], band, size, padding), out[:, channels])

    run_all(transform, _channels(out), xp)
    return out


def _tiles(x, band, size, padding):
    """Tiles of size x size pixels, 4 apart, of a band -> (size*size, C, t).

    They are taken from a padded copy of just these rows, which fits the cache.
    """
    n, down, across = band.shape
    height, width = TILE * (down - 1) + size, TILE * (across - 1) + size
    pixels = part(x, band.images, TILE * band.rows.start - padding[0], height, -padding[1], width)
    tiles = scratch("tiles", (size, size, x.shape[1], n, down, across), x.dtype, array_module(x))
    tiles[...] = windows(pixels, (size, size), (TILE, TILE), (1, 1)).transpose(2, 3, 1, 0, 4, 5)
    return tiles.reshape(size * size, x.shape[1], -1)


def _put_outputs(matrix, m, y, band, bias):
    """Write the tiles that `matrix` (16, 36) makes of m (36, O, t) to their place in y; the last may hang over it."""
    xp = array_module(m)

    def put(channels):
        some, (n, down, across) = m[:, channels], band.shape
        tiles = scratch("tiles", (TILE * TILE, *some.shape[1:]), m.dtype, xp)
        _product(matrix, some, tiles)
        tiles = tiles.reshape(TILE, TILE, -1, n, down, across).transpose(3, 2, 0, 1, 4, 5)  # (n, O, 4, 4, down, across)
        shift = 0 if bias is None else bias[channels].reshape(-1, 1, 1, 1, 1)
        block = scratch("part", (n, tiles.shape[1], down, TILE, across, TILE), m.dtype, xp)
        xp.add(tiles, shift, out=block.transpose(0, 1, 3, 5, 2, 4))
        pixels = y[band.images, channels, TILE * band.rows.start : TILE * band.rows.stop]
        block = block.reshape(n, -1, TILE * down, TILE * across)
        pixels[...] = block[:, :, : pixels.shape[2], : pixels.shape[3]]

    run_all(put, _channels(m), xp)


def _channels(transformed):
    """Slices of the channels of an array (36, C, ...) that fit a cache, and two at least."""
    most = min(room(CHUNK_BYTES, array_module(transformed)), transformed.nbytes // 2)
    return ((some,) for some in chunks(transformed.shape[1], transformed[:, 0].nbytes, most))


def _product(matrix, tiles, out):
    """matrix (e, s) @ tiles (s, C, t) -> out (e, C, t)."""
    xp = array_module(tiles)
    if xp is np:  # channel by channel: BLAS has a faster kernel for products as small as that
        np.matmul(matrix, tiles.transpose(1, 0, 2), out=out.transpose(1, 0, 2))
    else:
        out[...] = (matrix @ tiles.reshape(len(tiles), -1)).reshape(out.shape)
