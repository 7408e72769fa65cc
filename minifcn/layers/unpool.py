"""Unpooling: maxima back to where they came from."""

from minifcn.backend import Array, array_module
from minifcn.checks import is_array
from minifcn.convolution.checks import check_floats, check_gradient
from minifcn.convolution.geometry import Pair, Setting, Window, tap_dtype, told_size
from minifcn.errors import InputError
from minifcn.layers.pool import Pool2d, spread, taps_of
from minifcn.layers.unbatched import one_image_too


@one_image_too
class MaxUnpool2d(Pool2d):
    """Each x at the place its maximum came from, zeros elsewhere: the transpose of taking the winners (Zeiler, Fergus
    2014, arXiv 1311.2901, section 2.1; the slides' "unpooling").

    forward   x and indices (N, C, h, w), as `MaxPool2d(..., return_indices=True)` of the same settings returns them
              -> y (N, C, H, W), H = (h - 1)s - 2p + k; or `output_size` (H, W), as several sizes pool to h x w
    backward  dL/dy (N, C, H, W)  -> dL/dx (N, C, h, w): the dy at those places

    Where windows overlap and two of them name one pixel, their values add up, as in every transpose; PyTorch keeps one
    of them, undefined which. An inf or nan in x makes its window nan, as 0 * inf is nan.

    Arguments as in PyTorch. Raises InputError where the indices are no integers, of another shape than x or outside
    their windows, and where no pooling of output_size gives h x w.
    """

    def __init__(self, kernel_size: Setting, stride: Setting | None = None, padding: Setting = 0) -> None:
        super().__init__(kernel_size, stride, padding, dilation=1, ceil_mode=False)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window's arithmetic along rows and columns."""
        return tuple(Window(*axis, transposed=True) for axis in zip(self.kernel_size, self.stride, self.padding))

    def forward(self, x: Array, indices: Array, output_size: Setting | None = None) -> Array:
        size = self.output_size(x, output_size)
        winner = self._winner(x, indices, size)
        y = spread(x, winner, size, self.kernel_size, self.how)
        self.keep(winner, y.shape)
        return y

    def backward(self, dy: Array) -> Array:
        winner, shape = self.kept()
        check_gradient(self, dy, shape)
        xp = array_module(dy)
        dx = xp.zeros(winner.shape, dtype=dy.dtype)
        for number, out, taken in taps_of(self.kernel_size, self.how, shape[2:], winner.shape[2:]):
            part = dx[out]
            part += dy[taken] * (winner[out] == number)
        return dx

    def output_size(self, x: Array, wanted: Setting | None = None) -> Pair:
        """(H, W) for x (N, C, h, w), or `wanted`. Raises InputError where that does not pool to (h, w)."""
        if wanted is None:
            return super().output_size(x)
        check_floats(self, x)
        possible = []  # the sizes that pool to (h, w), rounded down or, in ceil mode, up
        for n, kernel, stride, padding in zip(x.shape[2:], self.kernel_size, self.stride, self.padding):
            last = (n - 1) * stride - padding  # the last window's first pixel, which must be there
            least = last + max(1, kernel - padding - (stride - 1))
            possible.append(range(max(1, least), last + kernel - padding + stride))
        return told_size("MaxUnpool2d", wanted, x.shape[2:], possible)

    def _winner(self, x, indices, size):
        """The number of the tap under which each index lies in its window, (N, C, h, w)."""
        xp = array_module(x)
        if not is_array(indices):
            raise InputError(f"MaxUnpool2d: indices are a {type(indices).__name__}, expected an array of integers")
        if array_module(indices) is not xp:
            raise InputError("MaxUnpool2d: input and indices are on different devices: use to_device(...)")
        if indices.shape != x.shape or indices.dtype.kind not in "iu":
            raise InputError(
                f"MaxUnpool2d: indices are {indices.dtype} of shape {tuple(indices.shape)}; expected integers of the "
                f"input's shape {tuple(x.shape)}, from MaxPool2d(..., return_indices=True)"
            )
        indices = indices.astype("int64")
        (height, width), (kh, kw), (rows, cols) = size, self.kernel_size, self.starts(x.shape[2:], xp)
        i, j = indices // width - rows, indices % width - cols  # (N, C, h, w), row and column inside the window
        inside = (indices >= 0) & (indices < height * width) & (i >= 0) & (i < kh) & (j >= 0) & (j < kw)
        if not inside.all():
            raise InputError(
                f"MaxUnpool2d: indices lie outside their windows on {height}x{width} pixels: use the kernel_size, "
                "stride and padding of the pooling (without dilation), and its input's size as output_size"
            )
        return (kh * kw - 1 - (i * kw + j)).astype(tap_dtype(self.kernel_size))  # numbered as in `taps_of`

    def __repr__(self) -> str:
        return f"MaxUnpool2d({self.kernel_size}, stride={self.stride}, padding={self.padding})"
