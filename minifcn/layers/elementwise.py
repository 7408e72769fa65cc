"""Layers that treat every number by itself: y = m x, and so dL/dx = m dL/dy, with an m of 0 or 1, fixed or random."""

import math

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.backend.kernels import by_kernel
from minifcn.backend.parallel import run_blocks
from minifcn.backend.random import random_mask
from minifcn.checks import flag, generator, number
from minifcn.convolution.checks import check_any_floats, check_gradient
from minifcn.layers.layer import Layer


class ReLU(Layer):
    """y = max(x, 0): the rectified linear unit.

    forward   x (any shape)  -> y, the same shape
    backward  dL/dy          -> dL/dx = dL/dy where x > 0, else 0

    inplace  y overwrites x, and dL/dx overwrites dL/dy: for networks where nobody else needs those, to save the memory
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = flag(inplace, "ReLU: inplace")

    def forward(self, x: Array) -> Array:
        check_any_floats(self, x)
        xp = array_module(x)
        y = x if self.inplace else xp.empty_like(x)

        def rectify(block):
            part = x[block]
            xp.maximum(part, 0, out=part if y is x else y[block])  # CuPy copies what another view of it overwrites

        run_blocks(rectify, x.shape, xp)
        self.keep(y)  # y > 0 exactly where x > 0
        return y

    def backward(self, dy: Array) -> Array:
        (y,) = self.kept()
        check_gradient(self, dy, y.shape)
        xp = array_module(dy)
        dx = dy if self.inplace else xp.empty_like(dy)

        def pass_on(block):
            part = dy[block]
            xp.multiply(part, y[block] > 0, out=part if dx is dy else dx[block])

        run_blocks(pass_on, dy.shape, xp)
        return dx

    def __repr__(self) -> str:
        return "ReLU(inplace=True)" if self.inplace else "ReLU()"


@by_kernel
def bias_relu(y: Array, bias: Array) -> Array:
    """max(y + b, 0) of y (N, C, H, W) and bias (C,), in y's place."""
    y += bias.reshape(1, -1, 1, 1)  # (1, C, 1, 1)
    return array_module(y).maximum(y, 0, out=y)


class Scale(Layer):
    """y = factor x

    forward   x (any shape)  -> y, the same shape
    backward  dL/dy          -> dL/dx = factor dL/dy
    """

    fresh = True

    def __init__(self, factor: float) -> None:
        self.factor = number(factor, "Scale: factor", math.isfinite, "; expected a finite number")

    def forward(self, x: Array) -> Array:
        check_any_floats(self, x)
        self.keep(x.shape)
        return x * x.dtype.type(self.factor)

    def backward(self, dy: Array) -> Array:
        check_gradient(self, dy, *self.kept())
        return dy * dy.dtype.type(self.factor)

    def __repr__(self) -> str:
        return f"Scale({self.factor})"


class Dropout(Layer):
    """y = x * mask / (1 - p), where each entry of the mask is 0 with probability p, else 1; y = x while evaluating.

    forward   x (any shape)  -> y, the same shape
    backward  dL/dy          -> dL/dx = dL/dy * mask / (1 - p)

    What is left is scaled up by 1/(1 - p), so that evaluation needs no change (Srivastava et al. 2014). Each forward
    pass draws one number from `rng`, of which the mask follows (`random_mask`), the same on CPU and GPU;
    `reseed(seed)` makes it repeatable, also where a batch goes through in parts: each image keeps its own entries.
    Raises InputError unless 0 <= p < 1.
    """

    whole_channels = False

    def __init__(self, p: float = 0.5, rng: np.random.Generator | None = None) -> None:
        name = type(self).__name__
        self.p = number(p, f"{name}: p", lambda p: 0 <= p < 1, "; expected 0 <= p < 1")
        self.rng = generator(rng, f"{name}: rng") or np.random.default_rng()

    def forward(self, x: Array) -> Array:
        check_any_floats(self, x)
        if not self.training:
            return x
        shape = (*x.shape[:2], *[1] * (x.ndim - 2)) if self.whole_channels else x.shape
        key, before = self.rng.integers(2**64, dtype=np.uint64), self.first * math.prod(shape[1:])
        kept = random_mask(key, shape, self.p, array_module(x), before)
        scale = kept * x.dtype.type(1 / (1 - self.p))
        self.keep(scale, x.shape)
        return x * scale

    def backward(self, dy: Array) -> Array:
        scale, shape = self.kept()
        check_gradient(self, dy, shape)
        return dy * scale

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.p})"


class Dropout2d(Dropout):
    """Dropout of whole channels: neighbouring pixels are so alike that dropping single ones takes little away.

    forward   x (N, C, H, W)  -> y = x * mask / (1 - p), one draw for each image and channel
    backward  dL/dy           -> dL/dx = dL/dy * mask / (1 - p)

    Tompson et al. 2015 (arXiv 1411.4280).
    """

    whole_channels = True
