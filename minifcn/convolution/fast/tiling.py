"""Winograd's tiles: the matrices of their transforms, and the way from an image to transformed tiles and back.

How few multiplications do m outputs of a kernel of three take? To multiply two polynomials take their values at enough
points, multiply those, and find the polynomial that goes through the products. A convolution is the transpose of that
(Toom, Cook; Winograd 1980, "Arithmetic Complexity of Computations"). With m + 1 points, and infinity as one more, each
output of a tile is a sum over m + 2 products:

    y = A^T [(G g) * (B^T d)]       d (m+2) pixels, g (3) the kernel, * entry by entry, y (m) outputs

and along both axes of a picture Y = A^T [(G g G^T) * (B^T d B)] A. Small points keep the matrices' numbers small, and
with them what is lost when large parts cancel.
"""

import math
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import scratch

KERNEL = 3


class Tiling(NamedTuple):
    """F(m x m, 3x3): the three matrices of the transforms along one axis."""

    b_t: Array  # (m+2, m+2): of a tile's pixels
    g: Array  # (m+2, 3): of a kernel
    a_t: Array  # (m, m+2): back to m outputs

    @property
    def tile(self) -> int:
        """m, the outputs of a tile along one axis."""
        return len(self.a_t)

    @property
    def entries(self) -> int:
        """Of a transformed tile: its multiplications."""
        return len(self.b_t) ** 2

    def tiles(self, size: tuple[int, int]) -> tuple[int, int]:
        """(down, across): how many make up an output of `size`; the last may hang over."""
        return -(-size[0] // self.tile), -(-size[1] // self.tile)

    def astype(self, dtype: np.dtype) -> "Tiling":
        """The same in another dtype."""
        return Tiling(*(matrix.astype(dtype) for matrix in self))


def toom_cook(*points: float) -> Tiling:
    """The tiling of these points and infinity, in float64. The second point is 1: see `put_tiles`."""
    m, degrees = len(points) - KERNEL + 2, np.arange(len(points))
    b_t, g, a_t = np.zeros((m + 2, m + 2)), np.zeros((m + 2, KERNEL)), np.zeros((m, m + 2))
    for row, point in enumerate(points):
        others = [other for other in points if other != point]
        b_t[row, :-1] = np.poly(others)[::-1]  # the polynomial that is 0 at all other points
        g[row] = point ** degrees[:KERNEL] / np.prod([point - other for other in others])
        a_t[:, row] = point ** degrees[:m]
    b_t[-1] = np.poly(points)[::-1]
    g[-1, -1] = a_t[-1, -1] = 1
    return Tiling(b_t, g, a_t)


F4 = toom_cook(0.0, 1, -1, 2, -2)  # 36 multiplications for 16 outputs: 2.25 each, where the definition has 9
F6 = toom_cook(0.0, 1, -1, 2, -2, 1 / 2, -1 / 2)  # 64 for 36: 1.78


class Band(NamedTuple):
    """Some images and some rows of their tiles."""

    images: slice
    rows: slice
    across: int  # tiles in a row

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many: images, rows of tiles, and tiles in a row."""
        return self.images.stop - self.images.start, self.rows.stop - self.rows.start, self.across

    @property
    def tiles(self) -> int:
        """How many in all."""
        return math.prod(self.shape)


def take_tiles(matrix: Array, tile: int, x: Array, band: Band, padding: tuple, out: Array, channels: slice) -> None:
    """Some channels' tiles of a band, transformed: matrix (e, s) @ pixels (s, s) @ matrix^T, to out (e*e, C, t).

    The tiles lie `tile` pixels apart in x (N, C, H, W) with so much padding. Rows first: they are long, shared by all
    tiles beside each other, and BLAS takes them as they lie in x.
    """
    (entries, size), (n, down, across), images = matrix.shape, band.shape, x[band.images, channels]
    (c, h, w), width = images.shape[1:], tile * (across - 1) + size
    half = scratch("half", (entries, c, n, down, width), x.dtype, np)
    begin, end = max(0, padding[1]), min(width, padding[1] + w)  # of these columns, those inside x
    half[..., :begin], half[..., end:] = 0, 0
    images = images[..., begin - padding[1] : end - padding[1]]  # (n, C, H, W)
    whole = [row for row in range(down) if 0 <= tile * (band.rows.start + row) - padding[0] <= h - size]
    inside = slice(whole[0], whole[-1] + 1) if whole else slice(0, 0)  # rows of tiles that see no padding: in one call
    if whole:
        top = tile * (band.rows.start + inside.start) - padding[0]
        pixels = _every(images[:, :, top:], 2, len(whole), tile, size)  # (n, C, rows, s, W)
        np.matmul(matrix, pixels, out=half[:, :, :, inside, begin:end].transpose(2, 1, 3, 0, 4))
    for row in (*range(inside.start), *range(inside.stop, down)):
        top = tile * (band.rows.start + row) - padding[0]
        first, last = (min(max(at, 0), h) for at in (top, top + size))
        target = half[:, :, :, row, begin:end].transpose(2, 1, 0, 3)  # (n, C, e, W)
        np.matmul(matrix[:, first - top : last - top], images[:, :, first:last], out=target)
    tiles = scratch("tiles", (entries, size, c, n, down, across), x.dtype, np)
    np.copyto(tiles, np.moveaxis(_every(half, 4, across, tile, size), 5, 1))
    transformed = out.reshape(entries, entries, *out.shape[1:])[:, :, channels]
    np.matmul(matrix, tiles.reshape(entries, size, -1), out=transformed.reshape(entries, entries, -1))


def put_tiles(a_t: Array, m: Array, y: Array, band: Band, bias: Array | None, rectified: bool, channels: slice) -> None:
    """Write some channels' tiles A^T M A + bias of m (e*e, O, t), or max(., 0) of that, to their place in y.

    y is (N, O, oh, ow). The bias is added to M, which it changes: at the point 1 all powers are 1, so A^T makes of that
    entry the same number everywhere.
    """
    (tile, entries), (n, down, across) = a_t.shape, band.shape
    m = m[:, channels]
    if bias is not None:
        m[entries + 1] += bias[channels, None]
    o, tiles = m.shape[1], m.reshape(entries, entries, -1)
    half = scratch("half", (tile, entries, tiles.shape[2]), m.dtype, np)
    np.matmul(a_t, tiles.swapaxes(0, 1), out=half.swapaxes(0, 1))
    pixels = scratch("tiles", (tile, tiles.shape[2], tile), m.dtype, np)
    np.matmul(a_t, half, out=pixels.swapaxes(1, 2))
    pixels = pixels.reshape(tile, o, n, down, across * tile).transpose(0, 2, 1, 3, 4)  # (tile, n, O, down, cols)
    target = y[band.images, channels, tile * band.rows.start : tile * band.rows.stop]
    whole, rest = divmod(target.shape[2], tile)
    rows = target[:, :, : whole * tile].reshape(*target.shape[:2], whole, tile, target.shape[3])  # a view
    _write(pixels[:, :, :, :whole].transpose(1, 2, 3, 0, 4), rows, rectified)
    if rest:
        _write(pixels[:rest, :, :, whole].transpose(1, 2, 0, 3), target[:, :, whole * tile :], rectified)


def _write(lines, place, rectified):
    """Write lines, as far as they go, to their place, or max(., 0) of them."""
    lines = lines[..., : place.shape[-1]]
    np.maximum(lines, 0, out=place) if rectified else np.copyto(place, lines)


def _every(array, axis, count, step, size):
    """View of an array's axis as `count` windows of `size`, `step` apart: (.., count, size, ..)."""
    shape, strides = list(array.shape), list(array.strides)
    shape[axis : axis + 1], strides[axis : axis + 1] = (count, size), (step * strides[axis], strides[axis])
    return np.lib.stride_tricks.as_strided(array, shape, strides)


def transform(matrix: Array, tiles: Array, out: Array) -> None:
    """matrix (m, s), tiles (s*s, ...) -> matrix @ tile @ matrix^T of each, in out (m*m, ...)."""
    m, s = matrix.shape
    tiles = tiles.reshape(s, s, -1)
    half = scratch("half", (m, s, tiles.shape[2]), tiles.dtype, np)
    # A batch of products with many columns each, in which BLAS has no need to move the tiles.
    np.matmul(matrix, tiles.swapaxes(0, 1), out=half.swapaxes(0, 1))
    np.matmul(matrix, half, out=out.reshape(m, m, -1))
