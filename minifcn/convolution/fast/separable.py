"""Convolutions whose kernels are products of a column and a row, one for each channel: along one axis, then the other.

Bilinear upsampling has such kernels, K[i, j] = u[i] v[j], each from a channel to itself, with zeros between different
channels. Then the matrix C of a channel is the Kronecker product of two small ones: U (oh, H), which holds u once in
every row, a stride further each time, and V (ow, W), the same of v. With x a channel's large map and y its small one,

    y = U x V^T      the convolution
    x = U^T y V      its transpose, the upsampling

The maps go in tiles, so that few of the zeros of U and V are multiplied with. The gradient of the weights has no such
form.

Shapes and settings as in `textbook`; O = C.
"""

from typing import NamedTuple

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import bands, chunks, run_all, scratch
from minifcn.convolution.checks import check_host
from minifcn.convolution.geometry import How, Pair, Window
from minifcn.errors import InputError

TILE = 16, 64  # rows and columns of the small map at a time: more would be more zeros, fewer more calls
TILE_BYTES = 1 << 18  # of the images and channels that are worked on at a time
ROUNDINGS = 4  # by how many a number of a kernel may differ from the product of its column's and its row's


def factors(weight: Array, groups: int) -> tuple[Array, Array] | None:
    """u (C, kh) and v (C, kw) of weight (O, C/G, kh, kw), or None where it is no product of such.

    (1, kh) and (1, kw) where all channels have one kernel. Every number is looked at: weights may change at any time.
    """
    (o, c, kh, kw), own = weight.shape, np.arange(len(weight))
    if o != c * groups or weight.dtype.kind != "f" or (c > 1 and weight[0, 1].any()):
        return None
    if c > 1:
        # Each group's kernels in a line: one that is its own channel's, then c others, again and again.
        others = weight.reshape(groups, c * c, kh * kw)[:, 1:].reshape(groups, c - 1, c + 1, kh * kw)[:, :, :-1]
        if others.any():
            return None
    kernels = weight[own, own % c]  # (C, kh, kw)
    if (kernels == kernels[0]).all():
        kernels = kernels[:1]
    every, largest = np.arange(len(kernels)), np.abs(kernels).reshape(len(kernels), -1).argmax(axis=1)
    row, col = np.divmod(largest, kw)
    top = kernels[every, row, col][:, None]  # (C, 1)
    with np.errstate(invalid="ignore"):  # what is infinite is no product of anything
        u, v = kernels[every, :, col], kernels[every, row] / np.where(top == 0, 1, top)
        error = np.abs(kernels - u[:, :, None] * v[:, None, :])
    exact = (error <= ROUNDINGS * np.finfo(weight.dtype).eps * np.abs(kernels)).all()
    return (u, v) if exact else None


class Axis(NamedTuple):
    """The convolution along one axis: U (C, small, large), or (1, ..) for all channels, and its window."""

    matrix: Array
    window: Window

    @classmethod
    def of(cls, kernels: Array, window: Window, large: int, small: int) -> "Axis":
        """That of kernels (C, k) or (1, k), from `large` pixels to `small`."""
        taps = np.arange(window.kernel) * window.dilation
        places = np.arange(small)[:, None] * window.stride + taps  # (small, k), counted from the padding's first pixel
        matrix = np.zeros((len(kernels), small, max(places[-1, -1] + 1, window.padding + large)), dtype=kernels.dtype)
        matrix[:, np.arange(small)[:, None], places] = kernels[:, None]
        return cls(matrix[..., window.padding : window.padding + large], window)

    def part(self, channels: slice, small: slice, large: slice) -> Array:
        """Of the matrix."""
        return self.matrix[channels if len(self.matrix) > 1 else slice(None), small, large]

    def looks_at(self, small: slice) -> slice:
        """The pixels of the large map that some of the small one look at."""
        stride, start = self.window.stride, small.start * self.window.stride - self.window.padding
        return _within(start, start + (small.stop - small.start - 1) * stride + self.window.reach, self.matrix.shape[2])

    def looked_at_by(self, large: slice) -> slice:
        """The pixels of the small map that look at some of the large one."""
        start, stop = large.start + self.window.padding, large.stop + self.window.padding
        first = -(-(start - self.window.reach + 1) // self.window.stride)
        return _within(first, (stop - 1) // self.window.stride + 1, self.matrix.shape[1])


def conv2d(x: Array, weight: Array, how: How, bias: Array = None) -> Array:
    """x (N, C, H, W), weight (C, C/G, kh, kw), bias (C,) -> y (N, C, oh, ow)."""
    small = how.output_size(x.shape[2:], weight.shape[2:])
    down, across = _axes(x, weight, how, x.shape[2:], small)
    y = np.empty((*x.shape[:2], *small), dtype=x.dtype)

    def narrow(images, channels, rows, cols):
        above, beside = down.looks_at(rows), across.looks_at(cols)
        half = _half(images, channels, rows, beside, x.dtype)  # (n, c, r, W)
        np.matmul(down.part(channels, rows, above), x[images, channels, above, beside], out=half)
        v = across.part(channels, cols, beside)  # (c, ow, W)
        np.matmul(half, v.swapaxes(1, 2), out=y[images, channels, rows, cols])

    run_all(narrow, _tiles(y, (1, 1), x.shape[3]), np)
    if bias is not None:
        y += bias.reshape(1, -1, 1, 1)  # (1, C, 1, 1)
    return y


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dy (N, C, oh, ow), weight (C, C/G, kh, kw) -> dx (N, C, H, W) with (H, W) = input_size."""
    down, across = _axes(dy, weight, how, input_size, dy.shape[2:])
    dx = np.empty((*dy.shape[:2], *input_size), dtype=dy.dtype)

    def widen(images, channels, rows, cols):
        above, beside = down.looked_at_by(rows), across.looked_at_by(cols)
        half = _half(images, channels, above, cols, dy.dtype)  # (n, c, r, W)
        np.matmul(dy[images, channels, above, beside], across.part(channels, beside, cols), out=half)
        u = down.part(channels, above, rows)  # (c, r, H)
        np.matmul(u.swapaxes(1, 2), half, out=dx[images, channels, rows, cols])

    run_all(widen, _tiles(dx, how.stride, dx.shape[3]), np)
    return dx


def _axes(x, weight, how, large, small):
    """The Axis of the rows and that of the columns, from the size large = (H, W) to small = (oh, ow)."""
    check_host("separable", x)
    found = factors(weight, how.groups)
    if found is None:
        raise InputError(
            "algorithm separable is for kernels that are a column times a row each, in floats, and 0 between different "
            "channels; these are not: use auto"
        )
    return [Axis.of(*axis) for axis in zip(found, how.windows(weight.shape[2:]), large, small)]


def _within(start, stop, size):
    """The part of start..stop that lies within 0..size, as a slice, which may be empty."""
    start = min(max(start, 0), size)
    return slice(start, max(start, min(stop, size)))


def _half(images, channels, rows, cols, dtype):
    """Scratch memory for what is done along one axis."""
    return scratch("half", [some.stop - some.start for some in (images, channels, rows, cols)], dtype, np)


def _tiles(out, stride, width):
    """Cut an array (N, C, H, W) into tiles of `TILE` pixels of the small map: [(images, channels, rows, columns)].

    width  columns of the large map, of which each channel has as many rows as a tile of the small one, in between
    """
    (n, c, h, w), (down, across) = out.shape, (most * s for most, s in zip(TILE, stride))
    some = bands(n, c, min(h, down) * width * out.itemsize, TILE_BYTES)
    cuts = [(rows, cols) for rows in chunks(h, 1, down) for cols in chunks(w, 1, across)]
    return [(*piece, *tile) for piece in some for tile in cuts]
