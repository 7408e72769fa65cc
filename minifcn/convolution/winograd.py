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

Lavin, Gray 2015, "Fast Algorithms for Convolutional Neural Networks", section 4. The transforms add and subtract
multiples up to 8, which costs a digit: some 3e-6 (relative) in float32 on VGG's layers.

Shapes: x (N, C, H, W), weight (O, C, 3, 3), y (N, O, oh, ow), padding (rows, columns).
"""

import numpy as np

from minifcn.backend import array_module
from minifcn.convolution.gemm import bands, flipped
from minifcn.convolution.im2col import part, windows
from minifcn.parallel import run_all, scratch

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
LANES = 2  # independent sums of the weight gradient, whatever the number of cores


def conv2d_winograd(x, weight, padding):
    """The convolution of x (N, C, H, W) with weight (O, C, 3, 3), stride 1 -> y (N, O, oh, ow)."""
    xp = array_module(x)
    (n, c), o = x.shape[:2], len(weight)
    oh, ow = (size + 2 * p - 2 for size, p in zip(x.shape[2:], padding))
    th, tw = -(-oh // TILE), -(-ow // TILE)  # tiles along each axis
    of_pixels, of_kernel, to_output = _matrices(x)
    kernels = (of_kernel @ weight.reshape(o * c, 9).T).reshape(ENTRIES, o, c)  # U (36, O, C)
    y = xp.empty((n, o, oh, ow), dtype=x.dtype)

    def convolve(images, rows):
        pixels = _tiles(x, images, rows, tw, REACH, padding, "pixels")  # (36, C, t)
        v = _product(of_pixels, pixels, "v")  # (36, C, t)
        m = xp.matmul(kernels, v, out=scratch("m", (ENTRIES, o, v.shape[2]), x.dtype, xp))
        tiles = _product(to_output, m, "tiles")  # (16, O, t)
        _put_tiles(tiles, y, images, rows, tw)

    run_all(convolve, bands(n, th, ENTRIES * c * tw * x.itemsize, kernels.nbytes), xp)
    return y


def winograd_grad_input(dy, weight, padding):
    """The gradient of conv2d_winograd's input: dy (N, O, oh, ow) -> dx (N, C, H, W)."""
    return conv2d_winograd(dy, flipped(weight, 1), tuple(2 - p for p in padding))


def winograd_grad_weight(dy, x, padding):
    """The gradient of conv2d_winograd's weight: dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C, 3, 3)."""
    xp = array_module(x)
    (n, o, oh, ow), c = dy.shape, x.shape[1]
    th, tw = -(-oh // TILE), -(-ow // TILE)
    of_pixels, of_kernel, to_output = _matrices(x)
    pieces = bands(n, th, ENTRIES * c * tw * x.itemsize, ENTRIES * o * c * x.itemsize)

    def correlate(lane):
        total = xp.zeros((ENTRIES, o, c), dtype=x.dtype)
        for images, rows in lane:
            v = _product(of_pixels, _tiles(x, images, rows, tw, REACH, padding, "pixels"), "v")  # (36, C, t)
            dm = _product(to_output.T, _tiles(dy, images, rows, tw, TILE, (0, 0), "tiles"), "m")  # (36, O, t)
            total += xp.matmul(dm, v.transpose(0, 2, 1), out=scratch("du", total.shape, x.dtype, xp))  # dU (36, O, C)
        return total

    lanes = max(1, min(LANES, len(pieces)))  # one even for a batch of no images: its sum is 0
    parts = run_all(correlate, ((pieces[lane::LANES],) for lane in range(lanes)), xp)
    for other in parts[1:]:
        parts[0] += other
    return (of_kernel.T @ parts[0].reshape(ENTRIES, o * c)).T.reshape(o, c, 3, 3)


def _matrices(x):
    """The three transforms in x's dtype, on its device."""
    return (array_module(x).asarray(m, dtype=x.dtype) for m in (OF_PIXELS, OF_KERNEL, TO_OUTPUT))


def _tiles(x, images, rows, across, size, padding, name):
    """Tiles of size x size pixels, 4 apart, of some images and rows of tiles -> (size*size, C, t).

    They are taken from a padded copy of just these rows, which fits the cache.
    """
    xp, (ph, pw) = array_module(x), padding
    c = x.shape[1]
    n, down = images.stop - images.start, rows.stop - rows.start
    height, width = TILE * (down - 1) + size, TILE * (across - 1) + size
    pixels = part(x, images, TILE * rows.start - ph, height, -pw, width)
    tiles = scratch(name, (size, size, c, n, down, across), x.dtype, xp)
    tiles[...] = windows(pixels, (size, size), (TILE, TILE), (1, 1)).transpose(2, 3, 1, 0, 4, 5)
    return tiles.reshape(size * size, c, -1)


def _put_tiles(tiles, y, images, rows, across):
    """Write tiles (16, O, t) to their place in y; those at the end may hang over it."""
    o = y.shape[1]
    n, down = images.stop - images.start, rows.stop - rows.start
    tiles = tiles.reshape(TILE, TILE, o, n, down, across).transpose(3, 2, 4, 0, 5, 1)  # (n, O, down, 4, across, 4)
    block = scratch("part", tiles.shape, y.dtype, array_module(y))
    block[...] = tiles
    target = y[images, :, TILE * rows.start : TILE * rows.stop]
    target[...] = block.reshape(n, o, TILE * down, TILE * across)[:, :, : target.shape[2], : target.shape[3]]


def _product(matrix, tiles, name):
    """matrix (e, s) @ tiles (s, C, t) -> (e, C, t)."""
    xp = array_module(tiles)
    s, c, t = tiles.shape
    out = scratch(name, (len(matrix), c * t), tiles.dtype, xp)
    return xp.matmul(matrix, tiles.reshape(s, c * t), out=out).reshape(len(matrix), c, t)
