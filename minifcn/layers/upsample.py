"""Upsampling by interpolation, without weights: along one axis it is a matrix, R (out, in).

Output pixel o has its place c[o] on the input's axis, where pixel i lies at i, and takes from each pixel a share that
falls off from 1 at that pixel to 0 at the next:

    R[o, i] = max(0, 1 - |c[o] - i|),   s = in / out, or 1 / factor where a factor is given
    nearest         c[o] = floor(o s)                a whole number, so one pixel gives all
    nearest-exact   c[o] = floor((o + 1/2) s)        the pixel in which the middle of pixel o falls
    bilinear        c[o] = (o + 1/2) s - 1/2         two pixels share; o + 1/2 is the middle of pixel o
    align_corners   c[o] = o (in - 1) / (out - 1)    bilinear; the outermost pixels' middles fall on each other
    all             c[o] not below 0, nor above in - 1

With R for the rows and K for the columns, every channel of every image is y = R x K^T, and so dx = R^T dy K.
"""

import functools
from numbers import Real

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.backend.parallel import run_blocks
from minifcn.checks import check_fits, flag, one_of, shown
from minifcn.convolution.checks import check_floats, check_gradient
from minifcn.convolution.geometry import Setting, pair
from minifcn.errors import InputError
from minifcn.layers.layer import Layer

MODES = ("nearest", "nearest-exact", "bilinear")
Factor = float | tuple[float, float]  # one for both; or rows', columns'


class Upsample(Layer):
    """y = R x K^T: each map with other numbers of rows and columns, more or fewer, in one of the MODES.

    forward   x (N, C, H, W)         -> y (N, C, oh, ow)
    backward  dL/dy (N, C, oh, ow)   -> dL/dx = R^T dy K, (N, C, H, W)

    size          (oh, ow), or one number for both
    scale_factor  instead of size: oh = floor(H * factor), one number or (rows', columns'), not only whole ones

    align_corners True: the corners stay where they are; only where the mode is "bilinear"

    As PyTorch's. A nan or inf in x spreads along its row and column, as 0 * inf is nan.
    Raises InputError unless just one of size and scale_factor is given and makes sense, for align_corners in another
    mode, and for x that is not (N, C, H, W) of floats.
    """

    fresh = True

    def __init__(
        self,
        size: Setting | None = None,
        scale_factor: Factor | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        if (size is None) == (scale_factor is None):
            given = f"size is {shown(size)}, scale_factor {shown(scale_factor)}"
            raise InputError(f"Upsample: {given}; give just one of them")
        self.size = None if size is None else pair(size, "size", 1)
        self.scale_factor = None if scale_factor is None else _factors(scale_factor)
        self.mode = one_of(mode, "Upsample: mode", MODES)
        if align_corners is not None and mode != "bilinear":
            raise InputError(f"Upsample: align_corners is for mode 'bilinear', mode is {mode!r}: leave it out")
        self.align_corners = align_corners is not None and flag(align_corners, "Upsample: align_corners")

    def forward(self, x: Array) -> Array:
        check_floats(self, x)
        if 0 in x.shape[2:]:
            raise InputError(f"Upsample: input has shape {tuple(x.shape)}, which is no pixel")
        sizes, factors = x.shape[2:], self.scale_factor or (None, None)
        xp, wanted = array_module(x), self.size or tuple(int(n * factor) for n, factor in zip(sizes, factors))
        if min(wanted) < 1:
            raise InputError(f"Upsample: scale_factor {factors} leaves no pixel of {sizes[0]}x{sizes[1]}")
        check_fits("Upsample: the output", wanted)
        how = self.mode, self.align_corners
        rows, cols = (_matrix(*axis, *how, x.dtype.name, xp) for axis in zip(sizes, wanted, factors))
        y = _apply(rows, cols, x)  # (N, C, oh, ow)
        self.keep(rows, cols, y.shape)
        return y

    def backward(self, dy: Array) -> Array:
        rows, cols, shape = self.kept()
        check_gradient(self, dy, shape)
        return _apply(rows.T, cols.T, dy)  # (N, C, H, W)

    def __repr__(self) -> str:
        given = f"scale_factor={self.scale_factor}" if self.size is None else f"size={self.size}"
        return f"Upsample({given}, mode={self.mode!r}{', align_corners=True' if self.align_corners else ''})"


def _apply(rows, cols, x):
    """rows x cols^T for every channel of x (N, C, H, W)."""
    xp, (n, c, h, w), (oh, ow) = array_module(x), x.shape, (len(rows), len(cols))
    if xp is not np:  # CuPy copies what it multiplies in more than two axes
        y = (x.reshape(n * c * h, w) @ cols.T).reshape(n * c, h, ow).swapaxes(0, 1)  # (H, N*C, ow)
        return (rows @ y.reshape(h, n * c * ow)).reshape(oh, n, c, ow).transpose(1, 2, 0, 3)  # (N, C, oh, ow), a view
    y = xp.empty((n, c, oh, ow), dtype=x.dtype)

    def some(block):
        y[block] = rows @ x[block] @ cols.T

    run_blocks(some, y.shape, xp, axes=2)
    return y


@functools.lru_cache(maxsize=16)
def _matrix(size, out, factor, mode, align_corners, dtype, xp):
    """`interpolation_matrix` where xp's arrays are: uploaded once for each size, not at every pass."""
    return xp.asarray(interpolation_matrix(size, out, factor, mode, align_corners), dtype=dtype)


def interpolation_matrix(
    size: int, out: int, factor: float | None, mode: str, align_corners: bool = False
) -> np.ndarray:
    """R (out, size), float64: `out` pixels from `size`; `factor` is the scale factor, None where `out` was given."""
    # A fractional factor leaves part of a pixel over. PyTorch goes on in steps of 1 / factor, but for these:
    whole = {"nearest": out in (size, 2 * size), "nearest-exact": False, "bilinear": out == size}[mode]
    step = size / out if factor is None or whole else 1 / factor
    if mode != "bilinear":
        # Float32, as in PyTorch, which now and then gives the pixel before: 11 * 26 / 22 is 13, but 12.9999 there.
        middle = np.float32(0.5 if mode == "nearest-exact" else 0)
        place = np.floor((np.arange(out, dtype=np.float32) + middle) * np.float32(step))
    elif align_corners:
        place = np.arange(out) * ((size - 1) / max(1, out - 1))
    else:
        place = np.maximum((np.arange(out) + 0.5) * step - 0.5, 0)
    place = np.minimum(place, size - 1)  # (out,), c
    return np.maximum(0, 1 - abs(place[:, None] - np.arange(size)))


def _factors(scale_factor):
    both = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor, scale_factor)
    if len(both) != 2 or not all(isinstance(factor, Real) and 0 < factor < np.inf for factor in both):
        given = shown(scale_factor)
        raise InputError(f"Upsample: scale_factor is {given}; expected a number above 0 or a pair of them")
    return float(both[0]), float(both[1])
