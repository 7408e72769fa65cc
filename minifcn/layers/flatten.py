"""From maps to rows of numbers, as a fully connected layer takes them."""

import math

from minifcn.backend import Array
from minifcn.convolution.checks import check_floats, check_gradient
from minifcn.layers.layer import Layer


class Flatten(Layer):
    """y = every image's numbers in one row: channel after channel, row after row.

    forward   x (N, C, H, W)         -> y (N, C*H*W)
    backward  dL/dy (N, C*H*W)       -> dL/dx (N, C, H, W)

    Raises InputError unless x is (N, C, H, W) of floats.
    """

    def forward(self, x: Array) -> Array:
        check_floats(self, x)
        self.keep(x.shape)
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(self, dy: Array) -> Array:
        (shape,) = self.kept()
        check_gradient(self, dy, (shape[0], shape[1] * shape[2] * shape[3]))
        return dy.reshape(shape)

    def __repr__(self) -> str:
        return "Flatten()"
