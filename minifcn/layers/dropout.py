"""Dropout: set random values, or whole channels, to zero while training.

Srivastava et al. 2014; Dropout2d: Tompson et al. 2015 (arXiv 1411.4280). What is left is scaled up by 1/(1 - p), so
that evaluation needs no change.
"""

import numpy as np

from minifcn.backend import array_module
from minifcn.errors import InputError
from minifcn.layers.layer import Layer


class Dropout(Layer):
    """y = x * mask / (1 - p), where each entry of the mask is 0 with probability p, else 1; y = x while evaluating.

    forward   x (any shape)  -> y, the same shape
    backward  dL/dy          -> dL/dx = dL/dy * mask / (1 - p)

    The mask is drawn on the host from `rng`, so that CPU and GPU draw the same; `reseed(seed)` makes it repeatable.
    Raises InputError unless 0 <= p < 1.
    """

    hands_on = True  # while evaluating

    def __init__(self, p: float = 0.5, rng: np.random.Generator | None = None) -> None:
        if not 0 <= p < 1:
            raise InputError(f"{type(self).__name__}: p is {p}; expected 0 <= p < 1")
        self.p, self.rng = p, rng or np.random.default_rng()

    def mask_shape(self, x):
        """The shape of the mask, which is broadcast over x."""
        return x.shape

    def forward(self, x):
        if not self.training:
            return x
        kept = self.rng.random(self.mask_shape(x), dtype=np.float32) >= self.p
        scale = array_module(x).asarray((kept / (1 - self.p)).astype(x.dtype))
        self.keep(scale)
        return x * scale

    def backward(self, dy):
        (scale,) = self.kept()
        return dy * scale

    def __repr__(self):
        return f"{type(self).__name__}({self.p})"


class Dropout2d(Dropout):
    """Dropout of whole channels: neighbouring pixels are so alike that dropping single ones takes little away.

    forward   x (N, C, H, W)  -> y = x * mask / (1 - p), one draw for each image and channel
    backward  dL/dy           -> dL/dx = dL/dy * mask / (1 - p)
    """

    def mask_shape(self, x):
        return (*x.shape[:2], *[1] * (x.ndim - 2))
