"""Pooling: the largest or the mean of every window, channel by channel."""

from collections.abc import Iterator
from typing import Any

from minifcn.backend import Array, array_module
from minifcn.backend.kernels import by_kernel
from minifcn.backend.parallel import BLOCK, chunks, room, run_blocks, scratch
from minifcn.checks import flag
from minifcn.convolution.checks import check_floats, check_gradient
from minifcn.convolution.geometry import How, Pair, Setting, Window, map_size, pair, tap_dtype
from minifcn.errors import InputError
from minifcn.layers.layer import Layer
from minifcn.layers.unbatched import one_image_too


class Pool2d(Layer):
    """Base: windows without parameters."""

    fresh = True

    def __init__(
        self, kernel_size: Setting, stride: Setting | None, padding: Setting, dilation: Setting, ceil_mode: bool
    ) -> None:
        stride = kernel_size if stride is None else stride
        self.kernel_size = pair(kernel_size, "kernel_size", 1)
        self.stride, self.padding, self.dilation, _ = How.of(stride, padding, dilation)
        self.ceil_mode = flag(ceil_mode, f"{type(self).__name__}: ceil_mode")
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size)):
            raise InputError(f"{type(self).__name__}: padding {padding} is more than half the kernel {kernel_size}")

    @property
    def how(self) -> How:
        """How the kernel goes over the input."""
        return How(self.stride, self.padding, self.dilation)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window's arithmetic along rows and columns."""
        settings = zip(self.kernel_size, self.stride, self.padding, self.dilation)
        return tuple(Window(*axis, ceil=self.ceil_mode) for axis in settings)

    def output_size(self, x: Array) -> Pair:
        """(oh, ow) of an input (N, C, H, W) of floats. Raises InputError for another, or where it is too small."""
        check_floats(self, x)
        return map_size(self.windows, x.shape[2:])

    def starts(self, output_size: Pair, xp: Any) -> tuple[Array, Array]:
        """The first pixel of each window, below 0 in the padding: rows (oh, 1) and columns (ow,)."""
        rows, cols = (xp.arange(n) * s - p for n, s, p in zip(output_size, self.stride, self.padding))
        return rows[:, None], cols

    def __repr__(self) -> str:
        settings = ", ".join(f"{n}={getattr(self, n)}" for n in ("stride", "padding", "dilation"))
        return f"{type(self).__name__}({self.kernel_size}, {settings}, ceil_mode={self.ceil_mode})"


@one_image_too
class MaxPool2d(Pool2d):
    """y = the largest of each window; the padding counts as -inf, so it never wins.

    forward   x (N, C, H, W)        -> y (N, C, oh, ow), sizes as a convolution's, rounded up in ceil mode
    backward  dL/dy (N, C, oh, ow)  -> dL/dx (N, C, H, W): each dy goes to the winner; of equals to the first

    With `return_indices`, forward returns (y, indices): where each winner lies, row * W + column, int64,
    of the shape of y, as `MaxUnpool2d` takes them. Where a window holds a nan, y is nan and its winner undefined. Where
    dilation lets a window see nothing but padding, y is -inf, its dy goes nowhere, and its index is one outside the
    image or of some pixel that it does not see; PyTorch gives such an index, too.

    Arguments as in PyTorch. Raises InputError where the kernel is larger than the padded input.
    """

    def __init__(
        self,
        kernel_size: Setting,
        stride: Setting | None = None,
        padding: Setting = 0,
        dilation: Setting = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        self.return_indices = flag(return_indices, "MaxPool2d: return_indices")

    def forward(self, x: Array) -> Array:
        size = self.output_size(x)
        y, winner = max_pool(x, size, self.kernel_size, self.how, self.training or self.return_indices)
        self.keep(winner, x.shape[2:])
        return (y, self._indices(winner, x.shape[3])) if self.return_indices else y

    def backward(self, dy: Array) -> Array:
        winner, size = self.kept()
        check_gradient(self, dy, winner.shape)
        return spread(dy, winner, size, self.kernel_size, self.how)

    def _indices(self, winner, width):
        rows, cols = self.starts(winner.shape[2:], array_module(winner))
        taps_in_row = self.kernel_size[1]
        tap = self.kernel_size[0] * taps_in_row - 1 - winner.astype("int64")  # counted from the first
        rows = rows + tap // taps_in_row * self.dilation[0]  # (N, C, oh, ow)
        return rows * width + cols + tap % taps_in_row * self.dilation[1]


@by_kernel
def max_pool(x: Array, output_size: Pair, kernel_size: Pair, how: How, winners: bool) -> tuple[Array, Array | None]:
    """The largest of each window of x (N, C, H, W) -> (y, winner), (N, C, oh, ow) each, (y, None) without `winners`.

    A winner is the number of a tap, as `taps_of` counts them.
    """
    xp = array_module(x)
    y = xp.full((*x.shape[:2], *output_size), -xp.inf, dtype=x.dtype)
    winner = xp.zeros(y.shape, dtype=tap_dtype(kernel_size)) if winners else None
    taps = list(taps_of(kernel_size, how, x.shape[2:], output_size))

    def pool(block):
        best = y[block]
        for some in chunks(len(taps), best.size, room(BLOCK, xp)):  # of taps
            if winners:
                led = scratch("led", (some.stop - some.start, *best.shape), "bool", xp)
                led[...] = False
            for row, (_, out, taken) in enumerate(taps[some]):  # the last tap first, and >=: of equals the first wins
                part, candidate = best[out], x[block][taken]
                if winners:  # note where it is the largest so far
                    xp.greater_equal(candidate, part, out=led[row][out])
                xp.maximum(part, candidate, out=part)
            if winners:  # the last that led has won
                numbers = xp.arange(some.start, some.stop, dtype=winner.dtype).reshape(-1, 1, 1, 1, 1)
                last, so_far = (led * numbers).max(axis=0), winner[block]  # (taps, n, c, oh, ow) -> (n, c, oh, ow)
                xp.maximum(so_far, last, out=so_far)

    run_blocks(pool, x.shape, xp, axes=2)
    return y, winner


@by_kernel
def spread(values: Array, winner: Array, size: Pair, kernel_size: Pair, how: How) -> Array:
    """Add each of values (N, C, oh, ow) to the pixel that its `winner` names -> (N, C, H, W), (H, W) = size."""
    xp = array_module(values)
    planes = xp.zeros((*values.shape[:2], *size), dtype=values.dtype)
    taps = list(taps_of(kernel_size, how, size, values.shape[2:]))
    overlap = any(d * (k - 1) >= s for k, s, d in zip(kernel_size, how.stride, how.dilation))

    def add(block):
        for number, out, taken in taps:
            chosen = winner[block][out] == number
            part = planes[block][taken]
            if overlap:
                part += values[block][out] * chosen
            else:  # nothing was there
                xp.multiply(values[block][out], chosen, out=part)

    run_blocks(add, planes.shape, xp, axes=2)
    return planes


def taps_of(kernel_size: Pair, how: How, input_size: Pair, output_size: Pair) -> Iterator[tuple[int, tuple, tuple]]:
    """(number, index of the outputs, index of the inputs) of each tap: which outputs read which inputs.

    Numbers count from the last tap, 0, to the first, so that of several taps the first has the largest.
    """
    rows, cols = how.windows(kernel_size)
    for number, tap in enumerate(reversed(range(rows.kernel * cols.kernel))):
        out_rows, in_rows = rows.valid(tap // cols.kernel, input_size[0], output_size[0])
        out_cols, in_cols = cols.valid(tap % cols.kernel, input_size[1], output_size[1])
        yield number, (..., out_rows, out_cols), (..., in_rows, in_cols)


@one_image_too
class AvgPool2d(Pool2d):
    """y = the mean of each window; the padding counts as 0 and is counted, unless `count_include_pad` is False; a
    ceil-mode overhang never is.

    forward   x (N, C, H, W)        -> y (N, C, oh, ow)
    backward  dL/dy (N, C, oh, ow)  -> dL/dx (N, C, H, W): each dy in equal shares to its window

    Arguments as in PyTorch. Raises InputError where the kernel is larger than the padded input.
    """

    def __init__(
        self,
        kernel_size: Setting,
        stride: Setting | None = None,
        padding: Setting = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, 1, ceil_mode)
        self.count_include_pad = flag(count_include_pad, "AvgPool2d: count_include_pad")

    def forward(self, x: Array) -> Array:
        size = self.output_size(x)
        xp = array_module(x)
        counted = self.padding if self.count_include_pad else (0, 0)  # pixels on either side
        axes = zip(self.starts(size, xp), self.kernel_size, x.shape[2:], counted)
        rows, cols = (xp.minimum(first + k, n + p) - xp.maximum(first, -p) for first, k, n, p in axes)  # (oh, 1), (ow,)
        share = (1.0 / (rows * cols)).astype(x.dtype)  # (oh, ow)
        y = xp.zeros((*x.shape[:2], *size), dtype=x.dtype)
        taps = list(taps_of(self.kernel_size, self.how, x.shape[2:], size))

        def pool(block):
            total = y[block]
            for _, out, taken in taps:
                part = total[out]
                part += x[block][taken]
            total *= share

        run_blocks(pool, x.shape, xp, axes=2)
        self.keep(share, x.shape, y.shape, taps)
        return y

    def backward(self, dy: Array) -> Array:
        share, shape, output_shape, taps = self.kept()
        check_gradient(self, dy, output_shape)
        xp = array_module(dy)
        dx = xp.zeros(shape, dtype=dy.dtype)

        def spread(block):
            shared = dy[block] * share
            for _, out, taken in taps:
                part = dx[block][taken]
                part += shared[out]

        run_blocks(spread, dx.shape, xp, axes=2)
        return dx

    def __repr__(self) -> str:
        return super().__repr__() if self.count_include_pad else super().__repr__()[:-1] + ", count_include_pad=False)"
