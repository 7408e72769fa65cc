"""The rectified linear unit."""

from minifcn.backend import Array, array_module
from minifcn.backend.parallel import blocks, run_all, scratch
from minifcn.convolution.checks import check_gradient
from minifcn.layers.layer import Layer


class ReLU(Layer):
    """y = max(x, 0), elementwise.

    forward   x (any shape)  -> y, the same shape
    backward  dL/dy          -> dL/dx = dL/dy where x > 0, else 0

    inplace  y overwrites x, and dL/dx overwrites dL/dy: for networks where nobody else needs those, to save the memory
    """

    def __init__(self, inplace: bool = False):
        self.inplace = inplace

    def forward(self, x: Array) -> Array:
        xp = array_module(x)
        y = x if self.inplace else xp.empty_like(x)

        def rectify(block):
            zeros = scratch("zeros", x[block].shape, x.dtype, xp)  # half the time of maximum(x, 0)
            zeros[...] = 0
            xp.maximum(x[block], zeros, out=y[block])

        run_all(rectify, _blocks(x), xp)
        self.keep(y)  # y > 0 exactly where x > 0
        return y

    def backward(self, dy: Array) -> Array:
        (y,) = self.kept()
        check_gradient(self, dy, y.shape)
        xp = array_module(dy)
        dx = dy if self.inplace else xp.empty_like(dy)
        run_all(lambda block: xp.multiply(dy[block], y[block] > 0, out=dx[block]), _blocks(dy), xp)
        return dx

    def __repr__(self) -> str:
        return "ReLU(inplace=True)" if self.inplace else "ReLU()"


def _blocks(x):
    return ((block,) for block in blocks(x.shape, array_module(x)))
