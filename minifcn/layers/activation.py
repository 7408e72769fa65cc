"""The rectified linear unit."""

from minifcn.backend import array_module
from minifcn.layers.layer import Layer, check_gradient


class ReLU(Layer):
    """y = max(x, 0), elementwise.

    forward   x (any shape)  -> y, the same shape
    backward  dL/dy          -> dL/dx = dL/dy where x > 0, else 0
    """

    def forward(self, x):
        y = array_module(x).maximum(x, 0)
        self.keep(y)  # y > 0 exactly where x > 0
        return y

    def backward(self, dy):
        (y,) = self.kept()
        check_gradient(self, dy, y.shape)
        return dy * (y > 0)

    def __repr__(self):
        return "ReLU()"
