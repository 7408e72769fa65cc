"""Local response normalisation, as AlexNet and GoogLeNet have it: strong neighbours damp a channel."""

import math

from minifcn.backend import Array, array_module
from minifcn.backend.parallel import BLOCK, bands, room, run_all
from minifcn.checks import number, whole
from minifcn.convolution.checks import check_floats, check_gradient
from minifcn.layers.layer import Layer


class LocalResponseNorm(Layer):
    """y_c = x_c / s_c^beta,  s_c = k + alpha/size * (the sum of x_j^2 over the `size` channels j around c)

    forward   x (N, C, H, W)      -> y, the same shape
    backward  dL/dy               -> dL/dx_c = dL/dy_c / s_c^beta - 2 alpha beta / size * x_c * (the sum, over those i
                                     that count c as a neighbour, of dL/dy_i y_i / s_i)

    Beyond the first and the last channel there are zeros. Of an even `size` the channel more lies before c.
    Krizhevsky, Sutskever, Hinton 2012, section 3.3; arguments as in PyTorch, which divides alpha by the size as well.
    Raises InputError unless x is (N, C, H, W) of floats, size a whole number above 0, and k, alpha, beta at least 0.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        self.size = whole(size, "LocalResponseNorm: size", 1)
        for name, value in (("alpha", alpha), ("beta", beta), ("k", k)):
            number(value, f"LocalResponseNorm: {name}", lambda value: 0 <= value < math.inf, "; expected 0 or more")
        self.alpha, self.beta, self.k = alpha, beta, k

    def forward(self, x: Array) -> Array:
        check_floats(self, x)
        xp = array_module(x)
        y, s = xp.empty_like(x), xp.empty_like(x)

        def normalise(*block):
            sums = _neighbours(x[block] ** 2, self.size // 2, self.size)
            sums *= self.alpha / self.size
            xp.add(sums, self.k, out=s[block])
            xp.multiply(x[block], s[block] ** -self.beta, out=y[block])

        run_all(normalise, _bands(x), xp)
        self.keep(x, y, s)
        return y

    def backward(self, dy: Array) -> Array:
        x, y, s = self.kept()
        check_gradient(self, dy, y.shape)
        xp = array_module(dy)
        dx = xp.empty_like(x)
        before = (self.size - 1) // 2  # who counts c as a neighbour: c's own neighbours, the other way round

        def spread(*block):
            others = _neighbours(dy[block] * y[block] / s[block], before, self.size)
            others *= 2 * self.alpha * self.beta / self.size * x[block]
            xp.subtract(dy[block] * s[block] ** -self.beta, others, out=dx[block])

        run_all(spread, _bands(x), xp)
        return dx

    def __repr__(self) -> str:
        return f"LocalResponseNorm({self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k})"


def _neighbours(terms, before, size):
    """The sum of each channel of terms (N, C, r, W), of `before` channels before it, and so on: `size` in all."""
    total = array_module(terms).zeros_like(terms)
    channels = terms.shape[1]
    for shift in range(max(-before, 1 - channels), min(size - before, channels)):
        first, last = max(0, -shift), channels - max(0, shift)
        part = total[:, first:last]
        part += terms[:, first + shift : last + shift]
    return total


def _bands(x):
    """Blocks of all channels of some images or rows of x (N, C, H, W), as arguments for `run_all`."""
    n, channels, height, width = x.shape
    pieces = bands(n, height, channels * width, room(BLOCK, array_module(x)))
    return ((images, slice(None), rows) for images, rows in pieces)
