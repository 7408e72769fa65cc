"""Transposed convolution: the convolution's matrix, transposed."""

import math
from dataclasses import replace

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.backend.memory import in_bytes
from minifcn.checks import flag
from minifcn.convolution import checks
from minifcn.convolution.algorithms import ALGORITHMS, NAMES, fastest_transposed
from minifcn.convolution.geometry import How, Pair, Setting, Window, map_size, pair, told_size
from minifcn.convolution.matrix import conv_matrix_bytes
from minifcn.layers.conv import describe, grad_bias
from minifcn.layers.layer import Layer
from minifcn.layers.parameter import Draws, he_normal, zeros
from minifcn.layers.unbatched import one_image_too


@one_image_too
class ConvTranspose2d(Layer):
    """y = C^T x + b, where C is the matrix of the convolution from y's size to x's (slides "Upsampling is backwards
    strided convolution"; Long et al. 2015, section 3.3). It is not the inverse of that convolution.

    forward   x (N, I, h, w)       -> y (N, O, H, W), H = (h - 1)s - 2p + d(kh-1) + 1 + output_padding
    backward  dL/dy (N, O, H, W)   -> dL/dx (N, I, h, w), a convolution; adds dL/dW and dL/db
    weight    (I, O/groups, kh, kw), bias (O,)

    A convolution with a stride gives inputs of several sizes the same output size, so the way back has to be told which
    one is meant: by `output_padding`, which adds to H, or by `layer(x, output_size=(H, W))`, which overrules it.

    Arguments as in PyTorch. `algorithm` says how it is computed, to the same result: "auto", or one that
    `convolution.algorithms` describes. `repr` tells which served the last call, and what C takes or would take.
    Raises InputError where channels do not match, output_padding is not below the stride or the dilation, or an
    output_size cannot be.
    """

    fresh = True

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
        rng: np.random.Generator | Draws | None = None,
    ) -> None:
        name = "ConvTranspose2d"
        self.kernel_size = pair(kernel_size, "kernel_size", 1)
        self.stride, self.padding, self.dilation, _ = How.of(stride, padding, dilation)
        self.output_padding = pair(output_padding, "output_padding")
        self.in_channels, self.out_channels, self.groups = checks.check_groups(name, in_channels, out_channels, groups)
        self.algorithm = algorithm
        checks.check_output_padding(self.output_padding, self.stride, self.dilation)
        checks.check_algorithm(algorithm, NAMES, f"{name}: ")
        self.weight = he_normal((in_channels, out_channels // groups, *self.kernel_size), rng)
        self.bias = zeros((out_channels,)) if flag(bias, "ConvTranspose2d: bias") else None
        self._last_call: tuple | None = None  # (algorithm, size of x, size of y)

    @property
    def how(self) -> How:
        """How the kernel goes over the output."""
        return How(self.stride, self.padding, self.dilation, self.groups)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window's arithmetic along rows and columns."""
        back = zip(self.how.windows(self.kernel_size), self.output_padding)
        return tuple(replace(window, transposed=True, output_padding=extra) for window, extra in back)

    def multiply_adds(self, output_size: Pair) -> int:
        """Each pixel of the input takes the whole kernel once; there are as many as C makes of the output, (H, W)."""
        return math.prod(self.how.output_size(output_size, self.kernel_size)) * self.weight.size

    def forward(self, x: Array, output_size: Setting | None = None) -> Array:
        checks.check_input(self, x)
        how, weight, size_in = self.how, self.weight.data, x.shape[2:]
        size = self._output_size(size_in, output_size)
        more = [(0, there - here) for there, here in zip(how.output_size(size, self.kernel_size), size_in)]
        if any(map(any, more)):  # an output_padding beyond the stride has room for zeros below and to the right
            x = array_module(x).pad(x, ((0, 0), (0, 0), *more))  # (N, I, h or more, w or more)
        name = fastest_transposed(x, weight, how) if self.algorithm == "auto" else self.algorithm
        algorithm = ALGORITHMS[name]
        y = algorithm.grad_input(x, weight, size, how)  # C^T x, (N, O, H, W)
        if self.bias:
            y += self.bias.data.reshape(1, -1, 1, 1)  # (1, O, 1, 1)
        self.keep(x, size_in, y.shape, algorithm, how)
        self._last_call = name, size_in, size
        return y

    def backward(self, dy: Array) -> Array:
        x, (h, w), shape, algorithm, how = self.kept()
        checks.check_gradient(self, dy, shape)
        checks.check_kind(self, dy, "dy")
        if self.weight.trainable:
            # Of this convolution x is the output and dy the input.
            dw = algorithm.grad_weight(x, dy, self.kernel_size, how)  # (I, O/groups, kh, kw)
            self.weight.add_grad(dw, fresh=True)
        if self.bias and self.bias.trainable:
            db = grad_bias(dy)  # (O,)
            self.bias.add_grad(db, fresh=True)
        return algorithm.forward(dy, self.weight.data, how)[:, :, :h, :w]  # C dy, (N, I, h, w)

    def _output_size(self, size_in, output_size):
        """(H, W): what output_padding makes of size_in, or the output_size asked for if it can be."""
        if output_size is None:
            return map_size(self.windows, size_in)
        possible = [window.possible_sizes(n) for window, n in zip(self.windows, size_in)]
        return told_size("ConvTranspose2d", output_size, size_in, possible)

    def __repr__(self) -> str:
        text = describe(self, f"algorithm={self.algorithm!r}")
        if self._last_call:
            name, (h, w), (oh, ow) = self._last_call
            taken = conv_matrix_bytes(self.weight.data, (oh, ow), self.how)
            verb = "takes" if name == "matrix" else "would take"
            text += f" [last call: {h}x{w} -> {oh}x{ow} by {name}; C {verb} {in_bytes(taken)}]"
        return text
