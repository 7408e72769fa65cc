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

Shapes: x (N, C, H, W), weight (O, C, 3, 3), y (N, O, oh, ow), padding (rows, columns).
"""

from typing import NamedTuple

from minifcn.backend import array_module
from minifcn.backend.parallel import PARTS, bands, chunks, cut, room, run_all, scratch
from minifcn.convolution.fast.bands import LANE_BYTES, LANES, add_product
from minifcn.convolution.im2col import part, windows

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
    """Some images, some rows of their tiles, how many tiles there are across, and into how many parts to cut it."""

    images: slice
    rows: slice
    across: int
    parts: int

    @property
    def shape(self):
        """Images, rows and columns of tiles."""
        return self.images.stop - self.images.start, self.rows.stop - self.rows.start, self.across


def conv2d_winograd(x, weight, padding, bias=None):
    """The convolution of x (N, C, H, W) with weight (O, C, 3, 3), stride 1, bias (O,) -> y (N, O, oh, ow)."""
    xp = array_module(x)
    n, o = len(x), len(weight)
    oh, ow = (size + 2 * p - 2 for size, p in zip(x.shape[2:], padding))
    b_t, g, a_t = _matrices(x)
    u = _kernels(g, weight)  # (36, O, C)
    y = xp.empty((n, o, oh, ow), dtype=x.dtype)

    def convolve(band):
        v = _tiles(b_t, x, band, padding, "v")  # (36, C, t)
        m = scratch("m", (ENTRIES, o, v.shape[2]), x.dtype, xp)
        run_all(lambda e: xp.matmul(u[e], v[e], out=m[e]), cut(ENTRIES, band.parts), xp)
        _put_outputs(a_t, m, y, band, bias)

    pieces = _bands(n, oh, ow, xp)
    run_all(convolve, ((band._replace(parts=1 if len(pieces) > 1 else PARTS),) for band in pieces), xp)
    return y


def winograd_grad_input(dy, weight, padding):
    """The gradient of conv2d_winograd's input: dy (N, O, oh, ow) -> dx (N, C, H, W)."""
    flipped = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d_winograd(dy, flipped, tuple(2 - p for p in padding))


def winograd_grad_weight(dy, x, padding):
    """The gradient of conv2d_winograd's weight: dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C, 3, 3)."""
    xp = array_module(x)
    (n, o, oh, ow), c = dy.shape, x.shape[1]
    b_t, g, a_t = _matrices(x)
    pieces = _bands(n, oh, ow, xp)
    lanes = max(1, min(LANES, len(pieces))) if ENTRIES * o * c * x.itemsize <= LANE_BYTES else 1

    sums = scratch("sums", (lanes, ENTRIES, o, c), x.dtype, xp)  # dU of each lane

    def correlate(du, lane):
        if not lane:  # a batch of no images
            du[...] = 0
        for number, band in enumerate(lane):
            band = band._replace(parts=1 if lanes > 1 else PARTS)
            v = _tiles(b_t, x, band, padding, "v")  # (36, C, t)
            dm = _tiles(a_t.T, dy, band, (0, 0), "m")  # (36, O, t)

            def multiply(e, dm=dm, v=v, first=number == 0):
                add_product(dm[e], v[e].transpose(0, 2, 1), du[e], first)

            run_all(multiply, cut(ENTRIES, band.parts), xp)

    run_all(correlate, ((sums[lane], pieces[lane::lanes]) for lane in range(lanes)), xp)
    du = sums[0]
    for other in sums[1:]:
        du += other
    dw = xp.empty((o, c, 3, 3), dtype=x.dtype)

    def back(some):
        kernels = scratch("kernels", (3, 3, *du[0, some].shape), dw.dtype, xp)
        _transform(g.T, du[:, some], kernels)
        dw[some] = kernels.transpose(2, 3, 0, 1)

    run_all(back, _channels(du, PARTS), xp)
    return dw


def _bands(images, height, width, xp):
    """Bands of about `BAND_TILES` that make up all tiles of an output of so many images."""
    down, across = -(-height // TILE), -(-width // TILE)
    return [Band(some, rows, across, 1) for some, rows in bands(images, down, across, room(BAND_TILES, xp))]


def _matrices(x):
    """B^T, G and A^T in x's dtype, on its device."""
    return (array_module(x).asarray(m, dtype=x.dtype) for m in (B_T, G, A_T))


def _transform(matrix, tiles, out):
    """matrix (m, s), tiles of s*s numbers each (s*s, C, t) -> matrix @ tile @ matrix^T of each, in out (m*m, C, t)."""
    xp, (m, s), (c, t) = array_module(tiles), matrix.shape, tiles.shape[-2:]
    half = scratch("half", (m, s, c * t), tiles.dtype, xp)
    # A batch of products with many columns each, in which BLAS has no need to move the tiles.
    xp.matmul(matrix, tiles.reshape(s, s, c * t).transpose(1, 0, 2), out=half.transpose(1, 0, 2))
    xp.matmul(matrix, half, out=out.reshape(m, m, c * t))


def _kernels(g, weight):
    """weight (O, C, 3, 3) -> U (36, O, C)."""
    xp, (o, c) = array_module(weight), weight.shape[:2]
    u = scratch("u", (ENTRIES, o, c), weight.dtype, xp)

    def transform(some):
        kernels = scratch("kernels", (3, 3, *u[0, some].shape), u.dtype, xp)
        kernels[...] = weight[some].transpose(2, 3, 0, 1)
        _transform(g, kernels.reshape(9, -1, c), u[:, some])

    run_all(transform, _channels(u, PARTS), xp)
    return u


def _tiles(matrix, x, band, padding, name):
    """All tiles of a band, of s x s pixels each and 4 apart, transformed by `matrix` (6, s) -> (36, C, t).

    They are taken from a padded copy of just these rows of a few channels, which fits the cache.
    """
    xp, c, size, (n, down, across) = array_module(x), x.shape[1], matrix.shape[1], band.shape
    height, width = TILE * (down - 1) + size, TILE * (across - 1) + size
    out = scratch(name, (ENTRIES, c, n * down * across), x.dtype, xp)

    def transform(channels):
        top, left = TILE * band.rows.start - padding[0], -padding[1]
        pixels = part(x[:, channels], band.images, top, height, left, width)
        views = windows(pixels, (size, size), (TILE, TILE), (1, 1)).transpose(2, 3, 1, 0, 4, 5)
        tiles = scratch("tiles", views.shape, x.dtype, xp)  # (s, s, C, n, down, across)
        tiles[...] = views
        _transform(matrix, tiles.reshape(size * size, -1, out.shape[2]), out[:, channels])

    run_all(transform, _channels(out, band.parts), xp)
    return out


def _put_outputs(a_t, m, y, band, bias):
    """Write the tiles A^T M A of m (36, O, t) to their place in y; those at the end may hang over it."""
    xp, (n, down, across) = array_module(m), band.shape

    def put(channels):
        tiles = scratch("tiles", (TILE * TILE, *m[:, channels].shape[1:]), m.dtype, xp)
        _transform(a_t, m[:, channels], tiles)
        tiles = tiles.reshape(TILE, TILE, -1, n, down, across).transpose(3, 2, 0, 1, 4, 5)  # (n, O, 4, 4, down, across)
        shift = 0 if bias is None else bias[channels].reshape(-1, 1, 1, 1, 1)
        block = scratch("part", (n, tiles.shape[1], down, TILE, across, TILE), m.dtype, xp)
        xp.add(tiles, shift, out=block.transpose(0, 1, 3, 5, 2, 4))
        pixels = y[band.images, channels, TILE * band.rows.start : TILE * band.rows.stop]
        block = block.reshape(n, -1, TILE * down, TILE * across)
        pixels[...] = block[:, :, : pixels.shape[2], : pixels.shape[3]]

    run_all(put, _channels(m, band.parts), xp)


def _channels(transformed, parts):
    """Slices of the channels of an array (36, C, ...), so many or more: each fits a cache."""
    most = min(room(CHUNK_BYTES, array_module(transformed)), transformed.nbytes // parts)
    return ((some,) for some in chunks(transformed.shape[1], transformed[:, 0].nbytes, most))
