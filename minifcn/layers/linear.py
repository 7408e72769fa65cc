"""The fully connected layer."""

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.backend.parallel import PARTS, cut, run_all
from minifcn.checks import flag, whole
from minifcn.convolution.checks import check_gradient, check_kind, check_numbers
from minifcn.errors import InputError
from minifcn.layers.layer import Layer
from minifcn.layers.parameter import Rng, he_normal, zeros


class Linear(Layer):
    """y = x W^T + b.

    forward   x (N, I)      -> y (N, O)
    backward  dL/dy (N, O)  -> dL/dx = dL/dy W (N, I); adds dL/dW = dL/dy^T x and dL/db
    weight    (O, I), bias (O,)

    Raises InputError where a number of features is below 1, and where x is not (N, I), or of another dtype or device
    than the weights.
    """

    fresh = True

    def __init__(self, in_features: int, out_features: int, bias: bool = True, rng: Rng = None) -> None:
        self.in_features = in_features = whole(in_features, "Linear: in_features", 1, most=None)
        self.out_features = out_features = whole(out_features, "Linear: out_features", 1, most=None)
        self.weight = he_normal((out_features, in_features), rng)
        self.bias = zeros((out_features,)) if flag(bias, "Linear: bias") else None

    def multiply_adds(self, output_size: tuple[int, ...] = ()) -> int:
        """Each weight is used once."""
        return self.weight.size

    def forward(self, x: Array) -> Array:
        check_numbers("Linear: input", x, f"(N, {self.in_features})", kinds="f")
        if x.shape[1] != self.in_features:
            raise InputError(f"Linear: input has shape {tuple(x.shape)}, this layer takes (N, {self.in_features})")
        check_kind(self, x)
        y = _product(x, self.weight.data.T)
        if self.bias:
            y += self.bias.data
        self.keep(x)
        return y

    def backward(self, dy: Array) -> Array:
        (x,) = self.kept()
        check_gradient(self, dy, (len(x), self.out_features))
        check_kind(self, dy, "dy")
        if self.weight.trainable:
            self.weight.add_grad(_product(dy.T, x), fresh=True)
        if self.bias and self.bias.trainable:
            self.bias.add_grad(dy.sum(axis=0), fresh=True)
        return _product(dy, self.weight.data)

    def __repr__(self) -> str:
        return f"Linear({self.in_features}, {self.out_features})"


def _product(a, b):
    """a @ b, of two matrices: on the host's cores in parts, each some columns; on a GPU at once."""
    xp = array_module(a)
    out = xp.empty((len(a), b.shape[1]), dtype=a.dtype)

    def multiply(columns):
        xp.matmul(a, b[:, columns], out=out[:, columns])

    run_all(multiply, cut(b.shape[1], PARTS if xp is np else 1), xp)
    return out
