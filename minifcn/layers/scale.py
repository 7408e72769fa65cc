"""Multiplication by a fixed number."""

from minifcn.layers.layer import Layer


class Scale(Layer):
    """y = factor x

    forward   x (any shape)  -> y, the same shape
    backward  dL/dy          -> dL/dx = factor dL/dy
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def forward(self, x):
        self.keep()
        return x * x.dtype.type(self.factor)

    def backward(self, dy):
        self.kept()
        return dy * dy.dtype.type(self.factor)

    def __repr__(self):
        return f"Scale({self.factor})"
