"""Winograd's convolution: 3x3 kernels with stride 1 in a quarter or a fifth of the multiplications.

A 6x6 tile of the output depends on the 8x8 pixels d below it. Directly it takes 36 * 9 = 324 multiplications for each
pair of channels; Winograd's F(6x6, 3x3) takes 64, one for each entry of the transformed tile (`tiling`):

    Y = A^T [ (G g G^T) * (B^T d B) ] A         g the kernel, * entry by entry, summed over the input channels

The sum over channels makes the middle 64 matrix products, one for each entry e: M[e] = U[e] V[e], with U (O, C) from
the kernels and V (C, tiles) from the image. The transforms around them are shared by all channels on the other side.

The gradients save the same multiplications. Each step's gradient is its transpose:

    dM = A dy A^T,   dU[e] = dM[e] V[e]^T,   dW = G^T dU G

and dx is a convolution again, of dy with the flipped kernels.

The work goes in bands of a few hundred tiles: their V and M are made, used and forgotten.

Lavin, Gray 2015, "Fast Algorithms for Convolutional Neural Networks", section 4. The transforms add and subtract
multiples up to 32, which costs a digit: in float32 on VGG's layers the error is up to 6.4e-6 of the output's norm, and
at its worst pixel 2e-5 of the largest. A number that is not finite spreads over its whole tile.

Shapes and settings as in `textbook`; E stands for the entries of a tile, 64 or 36.
"""

import math

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import PARTS, bands, chunks, cut, run_all, scratch
from minifcn.convolution.checks import check_host
from minifcn.convolution.fast.products import add_product, lanes, multiply, summed
from minifcn.convolution.fast.tiling import F4, F6, KERNEL, Band, Tiling, put_tiles, take_tiles, transform
from minifcn.convolution.geometry import How, Pair
from minifcn.convolution.transposed import way_back
from minifcn.errors import InputError

WORTH_LARGE = 0.9  # of F4's multiplications: with more, F6's kernels take longer than its products save
BAND_TILES = 600  # each product of a band reads all kernels, so not too few; V and M grow with it, so not too many
LEAST_TILES = 16  # of a band that is one of two, for two threads
CHUNK_BYTES = 1 << 21  # tiles transformed at a time: more leave the cache, fewer are many calls


def applies(kernel_size: Pair, how: How) -> bool:
    """Whether Winograd's algorithm is for a convolution with these settings."""
    return (*kernel_size, *how.stride, *how.dilation, how.groups) == (KERNEL, KERNEL, 1, 1, 1, 1, 1)


def tiling_of(output_size: Pair) -> Tiling:
    """F(6x6, 3x3), or where too much of its tiles would hang over the output's edge, F(4x4, 3x3)."""
    large, small = (way.entries * math.prod(way.tiles(output_size)) for way in (F6, F4))
    return F6 if large <= WORTH_LARGE * small else F4


def conv2d(x: Array, weight: Array, how: How, bias: Array = None, rectified: bool = False) -> Array:
    """x (N, C, H, W), weight (O, C, 3, 3), bias (O,) -> y (N, O, oh, ow); `rectified`: max(y, 0)."""
    _check(x, weight.shape[2:], how)
    size = how.output_size(x.shape[2:], weight.shape[2:])
    way = tiling_of(size).astype(x.dtype)
    u = _kernels(weight, way)  # (E, O, C)
    y = np.empty((len(x), len(weight), *size), dtype=x.dtype)
    pieces = _bands(y.shape, way)
    parts = PARTS if len(pieces) == 1 else 1

    def convolve(band):
        v = _take("v", way.b_t, way, x, band, how.padding, parts)  # (E, C, t)
        _put(_multiply(u, v, parts), way, y, band, bias, rectified, parts)

    run_all(convolve, ((band,) for band in pieces), np)
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), weight (O, C, 3, 3) -> dx (N, C, H, W): the convolution with the flipped kernels."""
    return conv2d(dy, *way_back(weight, how))


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C, 3, 3)."""
    _check(x, kernel_size, how)
    way = tiling_of(dy.shape[2:]).astype(x.dtype)

    def correlate(du, band, parts, first):
        v = _take("v", way.b_t, way, x, band, how.padding, parts)  # (E, C, t)
        dm = _take("m", way.a_t.T, way, dy, band, (0, 0), parts)  # (E, O, t)
        _correlate(dm, v, du, parts, first)

    return _sum_over_bands(correlate, dy.shape, x.shape[1], way)


def conv2d_backward(dy: Array, x: Array, weight: Array, how: How) -> tuple[Array, Array]:
    """dy (N, O, oh, ow), x (N, C, H, W), weight (O, C, 3, 3) -> dx, dW, for which dy's tiles are transformed once.

    Those of which dx is made give dW as well, as if dy were the input and x the gradient: then it is flipped.
    """
    _check(x, weight.shape[2:], how)
    way = tiling_of(x.shape[2:]).astype(x.dtype)
    kernels, back = way_back(weight, how)
    u = _kernels(kernels, way)  # (E, C, O)
    dx = np.empty(x.shape, dtype=x.dtype)

    def both(du, band, parts, first):
        v = _take("v", way.b_t, way, dy, band, back.padding, parts)  # (E, O, t)
        _put(_multiply(u, v, parts), way, dx, band, None, False, parts)
        _correlate(_take("m", way.a_t.T, way, x, band, (0, 0), parts), v, du, parts, first)

    flipped = _sum_over_bands(both, x.shape, dy.shape[1], way)  # (C, O, 3, 3)
    return dx, np.ascontiguousarray(flipped[:, :, ::-1, ::-1].swapaxes(0, 1))  # (O, C, 3, 3)


def _check(x, kernel_size, how):
    check_host("winograd", x)
    if not applies(kernel_size, how):
        raise InputError(
            f"algorithm winograd is for 3x3 kernels, stride 1, no dilation, no groups; given {kernel_size[0]}x"
            f"{kernel_size[1]}, stride {how.stride}, dilation {how.dilation}, groups {how.groups}: use auto"
        )


def _bands(output_shape, way):
    """Bands of about `BAND_TILES` that make up all tiles of an output (N, O, oh, ow)."""
    down, across = way.tiles(output_shape[2:])
    pieces = bands(output_shape[0], down, across, BAND_TILES, LEAST_TILES)
    return [Band(images, rows, across) for images, rows in pieces]


def _take(name, matrix, way, x, band, padding, parts):
    """The band's tiles (E, C, t) of x, transformed by matrix, in scratch memory."""
    out = scratch(name, (way.entries, x.shape[1], band.tiles), x.dtype, np)
    run_all(take_tiles, ((matrix, way.tile, x, band, padding, out, some) for some in _channels(out, parts)), np)
    return out


def _put(m, way, y, band, bias, rectified, parts):
    """Write the tiles of m (E, O, t) to y (N, O, oh, ow)."""
    run_all(put_tiles, ((way.a_t, m, y, band, bias, rectified, some) for some in _channels(m, parts)), np)


def _multiply(u, v, parts):
    """U (E, O, C), V (E, C, t) -> M (E, O, t), in scratch memory."""
    m = scratch("m", (len(u), u.shape[1], v.shape[2]), v.dtype, np)
    run_all(multiply, ((u[e], v[e], m[e]) for (e,) in cut(len(u), parts)), np)
    return m


def _correlate(dm, v, du, parts, first):
    """dU (E, O, C) += dM (E, O, t) V^T (E, t, C), or where it is the `first`, dU = that."""
    run_all(add_product, ((dm[e], v[e].swapaxes(1, 2), du[e], first) for (e,) in cut(len(du), parts)), np)


def _channels(tiles, parts=1):
    """Slices of the channels of an array (E, C, ...), so many or more: each fits a cache."""
    return chunks(tiles.shape[1], tiles[:, 0].nbytes, min(CHUNK_BYTES, tiles.nbytes // parts))


def _kernels(weight, way):
    """weight (O, C, 3, 3) -> U (E, O, C)."""
    o, c = weight.shape[:2]
    u = scratch("u", (way.entries, o, c), weight.dtype, np)

    def there(some):
        kernels = scratch("kernels", (KERNEL**2, *u[0, some].shape), u.dtype, np)  # (3*3, O, C)
        kernels.reshape(KERNEL, KERNEL, -1, c)[...] = weight[some].transpose(2, 3, 0, 1)
        transform(way.g, kernels, u[:, some])

    run_all(there, ((some,) for some in _channels(u)), np)
    return u


def _sum_over_bands(add, output_shape, c, way):
    """dW (O, C, 3, 3), the sum of dU (E, O, C) over the bands of an output (N, O, oh, ow).

    `add(du, band, parts, first)` adds a band's part to du; they go in lanes, as in `bands`.
    """
    o, dtype = output_shape[1], way.g.dtype
    pieces = lanes([(band,) for band in _bands(output_shape, way)], way.entries * o * c * dtype.itemsize)
    parts = PARTS if len(pieces) == 1 else 1
    sums = scratch("sums", (len(pieces), way.entries, o, c), dtype, np)  # dU of each lane
    du = summed(lambda du, first, band: add(du, band, parts, first), pieces, sums)  # (E, O, C)
    dw = np.empty((o, c, KERNEL, KERNEL), dtype=dtype)

    def back(some):
        kernels = scratch("kernels", (KERNEL, KERNEL, *du[0, some].shape), dtype, np)  # (3, 3, O, C)
        transform(way.g.T, du[:, some], kernels)
        dw[some] = kernels.transpose(2, 3, 0, 1)  # (O, C, 3, 3)

    run_all(back, ((some,) for some in _channels(du)), np)
    return dw
