"""The transposed convolution phase by phase: s*s small convolutions on the small map in place of a large one.

The convolution takes a large map x, stride s apart, to a small one y; its transpose takes y back to x. Cut the padded x
into cells of s x s pixels. A kernel of k taps reaches over T = ceil(k/s) cells along an axis. So seen from x, the pixel
at one place in its cell, its phase, draws on T x T pixels of y: always the same weights, whichever the cell. With
zeros where the kernel ends within its last cell, the weights are a matrix M, the same for all cells (below in one
group; T*T and s*s are the products of those along rows and columns):

    columns (O*T*T, cells)   the pixels of y on which each cell draws
    cells   (C*s*s, cells)   the pixels of x, cell by cell
    cells   = M^T columns    the transposed convolution: no pixel is added to twice, and none is computed in vain
    columns = M cells        the convolution: x is copied once, not once for each window; then T*T small maps are added
    dM      = columns cells^T

(Shi et al. 2016, arXiv 1609.05158, the sub-pixel convolution, and 1609.07009, which shows the two to be one.) It is for
strides above 1 and kernels without dilation, and goes band by band in the cache, as in `bands`.

Shapes and settings as in `textbook`.
"""

import math
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import PARTS, bands, cut, run_all, scratch
from minifcn.convolution.checks import check_host
from minifcn.convolution.fast.bands import BAND_BYTES, BAND_PIXELS, LEAST_BYTES, WORTH_PARTS, in_turns, windows
from minifcn.convolution.fast.products import add_product, lanes, summed
from minifcn.convolution.geometry import How, Pair
from minifcn.errors import InputError

SHORT = 8  # a stride below it: pixels are copied phase by phase, since NumPy is slow at short runs


def applies(how: How) -> bool:
    """Whether this is for a convolution with these settings."""
    return how.dilation == (1, 1) and max(how.stride) > 1


class Cells(NamedTuple):
    """How the padded large map falls into cells: `grid` is how many, `taps` T, both as (rows, columns)."""

    grid: Pair
    taps: Pair
    stride: Pair
    padding: Pair
    groups: int

    @classmethod
    def of(cls, small: Pair, kernel_size: Pair, how: How) -> "Cells":
        """Those of a convolution to the size `small`. Raises InputError where it has dilation, or no stride."""
        if not applies(how):
            raise InputError(
                f"algorithm phases is for strides above 1 and no dilation; given stride {how.stride}, dilation "
                f"{how.dilation}: use auto"
            )
        rows, cols = (-(-k // s) for k, s in zip(kernel_size, how.stride))
        grid = small[0] + rows - 1, small[1] + cols - 1
        return cls(grid, (rows, cols), how.stride, how.padding, how.groups)

    def bands(self, images: int, channels: int, matrix_size: int, itemsize: int) -> list[tuple[slice, slice]]:
        """Images and rows of cells whose `channels` fit the cache; a band has the rows of one window at least."""
        cell = channels * math.prod(self.stride) * itemsize
        row = self.grid[1] * cell
        most = max(BAND_BYTES, min(matrix_size * itemsize, BAND_PIXELS * cell))
        window = (self.taps[0] - 1) * row
        return bands(images, self.grid[0], row, max(most, 2 * window), max(matrix_size * itemsize, LEAST_BYTES, window))

    def parts(self, pieces: list, images: int, matrix_size: int) -> int:
        """Into how many parts to cut the work of each piece: of one that is alone and worth it."""
        return PARTS if len(pieces) == 1 and matrix_size * images * math.prod(self.grid) >= WORTH_PARTS else 1

    def columns(self, y: Array, images: slice, rows: slice) -> Array:
        """y (N, O, oh, ow) -> (G, O/G*T*T, n*r*gw): on which of its pixels each cell draws, in scratch memory."""
        (down, across), cells = self.taps, rows.stop - rows.start
        area = rows.start - down + 1, 1 - across, cells + down - 1, self.grid[1] + across - 1
        seen = windows(y, images, area, self.taps, (1, 1), (1, 1)).transpose(1, 2, 3, 0, 4, 5)
        columns = scratch("columns", seen.shape, y.dtype, np)  # (O, T, T, n, r, gw)
        columns[...] = seen
        return columns.reshape(self.groups, -1, math.prod(seen.shape[3:]))

    def take(self, x: Array, images: slice, rows: slice, parts: int) -> Array:
        """x (N, C, H, W) -> (G, C/G*s*s, n*r*gw): the pixels of each cell, in scratch memory."""
        (sh, sw), (ph, pw) = self.stride, self.padding
        area = rows.start * sh - ph, -pw, (rows.stop - rows.start) * sh, self.grid[1] * sw
        seen = windows(x, images, area, self.stride, self.stride, (1, 1)).transpose(1, 2, 3, 0, 4, 5)
        cells = scratch("cells", seen.shape, x.dtype, np)  # (C, s, s, n, r, gw)
        run_all(np.copyto, ((cells[some], seen[some]) for (some,) in cut(len(seen), parts)), np)
        return cells.reshape(self.groups, -1, math.prod(seen.shape[3:]))


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), weight (O, C/G, kh, kw) -> dx (N, C, H, W) with (H, W) = input_size."""
    check_host("phases", dy)
    (n, _, *small), (_, c, *kernel_size), groups = dy.shape, weight.shape, how.groups
    cells, (sh, sw) = Cells.of(small, kernel_size, how), how.stride
    matrix = _matrix(weight, cells).swapaxes(1, 2)  # (G, C/G*s*s, O/G*T*T)
    (gh, gw), (ph, pw), (h, w) = cells.grid, how.padding, input_size
    dx = np.empty((n, groups, c, max(gh * sh, ph + h), max(gw * sw, pw + w)), dtype=dy.dtype)
    dx[..., gh * sh :, :] = 0  # what no window sees
    dx[..., gw * sw :] = 0
    pieces = cells.bands(n, c * groups, matrix.size, dy.itemsize)
    parts = cells.parts(pieces, n, matrix.size)

    def spread(images, rows):
        columns = cells.columns(dy, images, rows)  # (G, O/G*T*T, t)

        def multiply(some):
            part = matrix[:, some.start * sh * sw : some.stop * sh * sw]
            product = scratch("product", (groups, part.shape[1], columns.shape[2]), dy.dtype, np)
            np.matmul(part, columns, out=product)
            pixels = dx[images, :, some, rows.start * sh : rows.stop * sh, : gw * sw]
            pixels = pixels.reshape(*pixels.shape[:3], -1, sh, gw, sw)  # a view
            product = product.reshape(groups, -1, sh, sw, len(pixels), pixels.shape[3], gw)
            product = product.transpose(4, 0, 1, 5, 2, 6, 3)  # (n, G, C/G, r, s, gw, s)
            for phase in range(sw) if sw < SHORT else (slice(None),):
                pixels[..., phase] = product[..., phase]

        run_all(multiply, cut(c, parts), np)

    run_all(spread, pieces, np)
    return dx.reshape(n, groups * c, *dx.shape[3:])[:, :, ph : ph + h, pw : pw + w]  # (N, C, H, W)


def conv2d(x: Array, weight: Array, how: How, bias: Array = None) -> Array:
    """x (N, C, H, W), weight (O, C/G, kh, kw), bias (O,) -> y (N, O, oh, ow)."""
    check_host("phases", x)
    n, c, o, (oh, ow) = len(x), x.shape[1], len(weight), how.output_size(x.shape[2:], weight.shape[2:])
    cells = Cells.of((oh, ow), weight.shape[2:], how)
    matrix = _matrix(weight, cells)  # (G, O/G*T*T, C/G*s*s)
    y = np.zeros((n, o, oh, ow), dtype=x.dtype)
    if bias is not None:
        y += bias.reshape(1, -1, 1, 1)  # (1, O, 1, 1)
    pieces = cells.bands(n, c, matrix.size, x.itemsize)
    parts = cells.parts(pieces, n, matrix.size)

    def convolve(images, rows):
        taken = cells.take(x, images, rows, parts)  # (G, C/G*s*s, t)
        columns = scratch("columns", (*matrix.shape[:2], taken.shape[2]), x.dtype, np)
        some = cut(matrix.shape[1], parts)
        run_all(np.matmul, ((matrix[:, i], taken, columns[:, i]) for (i,) in some), np)
        columns = columns.reshape(o, *cells.taps, -1, rows.stop - rows.start, cells.grid[1])  # (O, T, T, n, r, gw)
        for i, j in np.ndindex(*cells.taps):  # tap (i, j) of a cell is the pixel of y so many before it
            up, left = cells.taps[0] - 1 - i, cells.taps[1] - 1 - j
            first, last = max(rows.start, up), min(rows.stop, up + oh)
            if first < last:
                part = columns[:, i, j, :, first - rows.start : last - rows.start, left : left + ow]
                y[images, :, first - up : last - up] += part.swapaxes(0, 1)

    for turn in in_turns(pieces, cells.grid[0]):
        run_all(convolve, turn, np)
    return y


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C/G, kh, kw)."""
    check_host("phases", x)
    (n, o, *small), c, groups = dy.shape, x.shape[1], how.groups
    cells = Cells.of(small, kernel_size, how)
    (down, across), (sh, sw), (kh, kw) = cells.taps, how.stride, kernel_size
    shape = groups, o // groups * down * across, c // groups * sh * sw
    size = math.prod(shape)
    pieces = lanes(cells.bands(n, c, size, x.itemsize), size * x.itemsize)
    parts = cells.parts(pieces, n, size)

    def correlate(dm, first, images, rows):
        columns = cells.columns(dy, images, rows)  # (G, O/G*T*T, t)
        taken = cells.take(x, images, rows, parts).swapaxes(1, 2)  # (G, t, C/G*s*s)
        run_all(add_product, ((columns[:, i], taken, dm[:, i], first) for (i,) in cut(shape[1], parts)), np)

    dm = summed(correlate, pieces, [np.empty(shape, x.dtype) for _ in pieces])
    kernels = dm.reshape(o, down, across, c // groups, sh, sw)[:, ::-1, ::-1].transpose(0, 3, 1, 4, 2, 5)
    return np.ascontiguousarray(kernels.reshape(o, c // groups, down * sh, across * sw)[:, :, :kh, :kw])


def _matrix(weight, cells):
    """M (G, O/G*T*T, C/G*s*s) of weight (O, C/G, kh, kw); the taps in the order in which `windows` sees y's pixels."""
    (o, c, kh, kw), (down, across), (sh, sw) = weight.shape, cells.taps, cells.stride
    kernels = weight
    if (kh, kw) != (down * sh, across * sw):
        kernels = np.zeros((o, c, down * sh, across * sw), dtype=weight.dtype)
        kernels[:, :, :kh, :kw] = weight
    kernels = kernels.reshape(o, c, down, sh, across, sw)[:, :, ::-1, :, ::-1].transpose(0, 2, 4, 1, 3, 5)
    return kernels.reshape(cells.groups, o // cells.groups * down * across, c * sh * sw)
