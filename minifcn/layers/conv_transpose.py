"""Transposed convolution: the convolution's matrix, transposed."""

import math

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.convolution.algorithms import ALGORITHMS, check_algorithm, fastest
from minifcn.convolution.checks import check_gradient, check_groups, check_input, check_kind, check_output_padding
from minifcn.convolution.geometry import Pair, Setting, Window, conv_output_size, conv_pairs, pair, told_size
from minifcn.convolution.matrix import conv_matrix_bytes, in_bytes
from minifcn.layers.conv import describe, grad_bias, he_normal
from minifcn.layers.layer import Layer, Parameter

MATRIX_BUDGET = 1 << 20  # bytes: the matrix is built anew for every forward pass, so it should fit a cache


class ConvTranspose2d(Layer):
    """y = C^T x + b, where C is the matrix of the convolution from y's size to x's (slides "Upsampling is backwards
    strided convolution"; Long et al. 2015, section 3.3). It is not the inverse of that convolution.

    forward   x (N, I, h, w)       -> y (N, O, H, W), H = (h - 1)s - 2p + d(kh-1) + 1 + output_padding
    backward  dL/dy (N, O, H, W)   -> dL/dx (N, I, h, w), a convolution; adds dL/dW and dL/db
    weight    (I, O/groups, kh, kw), bias (O,)

    A convolution with a stride gives inputs of several sizes the same output size, so the way back has to be told which
    one is meant: by `output_padding`, which adds to H, or by `layer(x, output_size=(H, W))`, which overrules it.

    Arguments as in PyTorch. `algorithm` says how it is computed, to the same result: one that `convolution.algorithms`
    describes, or "auto": C itself where it needs at most `MATRIX_BUDGET` bytes, else what is fastest. `repr` tells
    which served the last call, and what C takes or would take.
    Raises InputError where channels do not match, output_padding is not below the stride or the dilation, or an
    output_size cannot be.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Setting,
        stride: Setting = 1,
        padding: Setting = 0,
        output_padding: Setting = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Setting = 1,
        algorithm: str = "auto",
        rng: np.random.Generator | None = None,
    ) -> None:
        self.kernel_size, self.stride, self.padding, self.dilation = conv_pairs(kernel_size, stride, padding, dilation)
        self.output_padding = pair(output_padding, "output_padding")
        self.in_channels, self.out_channels, self.groups = check_groups(
            "ConvTranspose2d", in_channels, out_channels, groups
        )
        self.algorithm = algorithm
        check_output_padding(self.output_padding, self.stride, self.dilation)
        check_algorithm(algorithm, "ConvTranspose2d: ")
        self.weight = Parameter(he_normal((in_channels, out_channels // groups, *self.kernel_size), rng))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None
        self._last_call: tuple | None = None  # (algorithm, size of x, size of y, bytes of C)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window's arithmetic along rows and columns."""
        settings = zip(self.kernel_size, self.stride, self.padding, self.dilation, self.output_padding)
        return tuple(Window(k, s, p, d, transposed=True, output_padding=extra) for k, s, p, d, extra in settings)

    def multiply_adds(self, output_size: Pair) -> int:
        """Each pixel of the input takes the whole kernel once; there are as many as C makes of the output, (H, W)."""
        inputs = conv_output_size(output_size, self.kernel_size, self.stride, self.padding, self.dilation)
        return math.prod(inputs) * self.weight.data.size

    def forward(self, x: Array, output_size: Setting | None = None) -> Array:
        check_input(self, x)
        weight, size_in = self.weight.data, x.shape[2:]
        size = self._output_size(size_in, output_size)
        x = self._widened(x, conv_output_size(size, self.kernel_size, self.stride, self.padding, self.dilation))
        how = self.stride, self.padding, self.dilation, self.groups
        needed = conv_matrix_bytes(weight, size, x.shape[2:], self.groups)
        name = back = self.algorithm
        if self.algorithm == "auto":
            back = fastest(x, x.shape[2:], weight.shape, self.stride, self.dilation, self.groups)
            name = "matrix" if needed <= MATRIX_BUDGET else back
        y = ALGORITHMS[name].grad_input(x, weight, size, *how)  # C^T x, (N, O, H, W)
        if self.bias:
            y += self.bias.data.reshape(1, -1, 1, 1)  # (1, O, 1, 1)
        self.keep(x, size_in, y.shape, ALGORITHMS[back], how)
        self._last_call = name, size_in, size, needed
        return y

    def backward(self, dy: Array) -> Array:
        x, (h, w), shape, algorithm, how = self.kept()
        check_gradient(self, dy, shape)
        check_kind(self, dy, "dy")
        if self.weight.trainable:
            # x and dy in each other's place
            self.weight.add_grad(algorithm.grad_weight(x, dy, self.kernel_size, *how))  # (I, O/groups, kh, kw)
        if self.bias and self.bias.trainable:
            self.bias.add_grad(grad_bias(dy))  # (O,)
        return algorithm.forward(dy, self.weight.data, *how)[:, :, :h, :w]  # C dy, (N, I, h, w)

    def _widened(self, x, size):
        """x with zeros below and to the right, up to `size`: what an output_padding beyond the stride has room for."""
        h, w = x.shape[2:]
        if size == (h, w):
            return x
        wide = array_module(x).zeros((*x.shape[:2], *size), dtype=x.dtype)
        wide[:, :, :h, :w] = x
        return wide

    def _output_size(self, size_in, output_size):
        """(H, W): what output_padding makes of size_in, or the output_size asked for if it can be."""
        if output_size is None:
            return tuple(window.output_size(n) for window, n in zip(self.windows, size_in))
        possible = [window.possible_sizes(n) for window, n in zip(self.windows, size_in)]
        return told_size("ConvTranspose2d", output_size, size_in, possible)

    def __repr__(self) -> str:
        text = (
            f"ConvTranspose2d({self.in_channels}, {self.out_channels}, {describe(self)}, algorithm={self.algorithm!r})"
        )
        if self._last_call:
            name, (h, w), (oh, ow), needed = self._last_call
            verb = "takes" if name == "matrix" else "would take"
            text += f" [last call: {h}x{w} -> {oh}x{ow} by {name}; C {verb} {in_bytes(needed)}]"
        return text
