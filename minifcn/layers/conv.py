"""Convolution, its parameters and both its gradients."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.backend.parallel import BLOCK, chunks, room, run_all
from minifcn.checks import flag
from minifcn.convolution.algorithms import ALGORITHMS, NAMES, fastest
from minifcn.convolution.checks import check_algorithm, check_gradient, check_groups, check_input, check_kind
from minifcn.convolution.geometry import How, Pair, Setting, Window, pair
from minifcn.errors import InputError
from minifcn.layers.elementwise import bias_relu
from minifcn.layers.layer import Layer
from minifcn.layers.parameter import Draws, he_normal, zeros
from minifcn.layers.unbatched import one_image_too


@one_image_too
class Conv2d(Layer):
    """y = W x + b over every window of x (a cross-correlation, as everywhere in deep learning).

    forward   x (N, C, H, W)      -> y (N, O, oh, ow), oh = floor((H + 2p - d(kh-1) - 1) / s) + 1
    backward  dL/dy (N, O, oh, ow) -> dL/dx (N, C, H, W); adds dL/dW and dL/db
    weight    (O, C/groups, kh, kw), bias (O,)

    Arguments as in PyTorch; numbers, or (rows, columns). The padding "same", of stride 1, gives y the size of x: in all
    d(k-1), and where that is odd the pixel more lies at the end. `algorithm` says how it is computed, to the same
    result: "auto", or one that `convolution.algorithms` describes. Where nobody needs dL/dx, set `input_gradient` to
    False: backward then returns None. Weights start as He et al. 2015 (arXiv 1502.01852, section 2.2) draw them, from
    `rng` (a NumPy Generator); biases at 0.
    Raises InputError where the groups do not divide the channels, and for "same" with a stride; where x has other
    channels, another dtype or device than the weights or is smaller than the kernel; where dy has not y's shape.
    """

    fresh = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Setting,
        stride: Setting = 1,
        padding: Setting | str = 0,
        dilation: Setting = 1,
        groups: int = 1,
        bias: bool = True,
        algorithm: str = "auto",
        rng: np.random.Generator | Draws | None = None,
    ) -> None:
        self.kernel_size = pair(kernel_size, "kernel_size", 1)
        self.same = isinstance(padding, str) and padding == "same"
        pixels: Any = 0 if self.same else padding
        self.stride, self.padding, self.dilation, _ = How.of(stride, pixels, dilation)
        self.end = 0, 0  # rows below and columns to the right that are padded more than those above and to the left
        if self.same:
            if self.stride != (1, 1):
                raise InputError(f"Conv2d: padding 'same' is for stride 1, stride is {stride}: give pixels of padding")
            both = [d * (k - 1) for k, d in zip(self.kernel_size, self.dilation)]
            self.padding, self.end = (both[0] // 2, both[1] // 2), (both[0] % 2, both[1] % 2)
        self.in_channels, self.out_channels, self.groups = check_groups("Conv2d", in_channels, out_channels, groups)
        self.algorithm = algorithm
        check_algorithm(algorithm, NAMES, "Conv2d: ")
        self.weight = he_normal((out_channels, in_channels // groups, *self.kernel_size), rng)
        self.bias = zeros((out_channels,)) if flag(bias, "Conv2d: bias") else None

    @property
    def how(self) -> How:
        """How the kernel goes over the input."""
        return How(self.stride, self.padding, self.dilation, self.groups)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window's arithmetic along rows and columns."""
        return tuple(replace(window, end=end) for window, end in zip(self.how.windows(self.kernel_size), self.end))

    def multiply_adds(self, output_size: Pair) -> int:
        """Each pixel of the output, (oh, ow), takes the whole kernel once."""
        return math.prod(output_size) * self.weight.size

    def forward(self, x: Array, rectified: bool = False) -> Array:
        """y; `rectified`, of a layer with a bias, max(y, 0) at once with it: for a network whose ReLU follows."""
        check_input(self, x)
        how, weight, bias, size_in = self.how, self.weight.data, self.bias.data if self.bias else None, x.shape[2:]
        if any(self.end):  # which no algorithm needs to know of
            x = array_module(x).pad(x, ((0, 0), (0, 0), *((0, end) for end in self.end)))  # (N, C, H or H + 1, W ...)
        size = how.output_size(x.shape[2:], self.kernel_size)
        name = fastest(x, size, weight.shape, how) if self.algorithm == "auto" else self.algorithm
        algorithm = ALGORITHMS[name]
        if not flag(rectified, "Conv2d: rectified"):
            y = algorithm.forward(x, weight, how, bias)  # (N, O, oh, ow)
        elif algorithm.rectifies:
            y = algorithm.forward(x, weight, how, bias, rectified)
        else:
            y = bias_relu(algorithm.forward(x, weight, how), bias)
        self.keep(x, size_in, y.shape, algorithm, how)
        return y

    def backward(self, dy: Array) -> Array:
        x, (h, w), shape, algorithm, how = self.kept()
        check_gradient(self, dy, shape)
        check_kind(self, dy, "dy")
        dx = None
        if self.weight.trainable:
            if algorithm.backward and self.input_gradient:
                dx, dw = algorithm.backward(dy, x, self.weight.data, how)  # as x, (O, C/groups, kh, kw)
            else:
                dw = algorithm.grad_weight(dy, x, self.kernel_size, how)
            self.weight.add_grad(dw, fresh=True)
        if self.bias and self.bias.trainable:
            db = grad_bias(dy)  # (O,)
            self.bias.add_grad(db, fresh=True)
        if dx is None and self.input_gradient:
            dx = algorithm.grad_input(dy, self.weight.data, x.shape[2:], how)
        return dx[:, :, :h, :w] if any(self.end) and dx is not None else dx  # (N, C, H, W)

    def __repr__(self) -> str:
        return describe(self)


def grad_bias(dy: Array) -> Array:
    """The gradient of a bias that every pixel of its channel was given: dy (N, O, oh, ow) -> db (O,)."""
    xp = array_module(dy)
    db = xp.empty(dy.shape[1], dtype=dy.dtype)

    def add(channels):
        dy[:, channels].sum(axis=(0, 2, 3), out=db[channels])

    most = room(BLOCK, xp)
    run_all(add, ((some,) for some in chunks(len(db), dy.size // max(1, len(db)), most)), xp)
    return db


def describe(layer: Any, *more: str) -> str:
    """The layer with the settings that differ from a plain one's, and `more`, for repr."""
    plain: dict[str, Any] = {
        "stride": (1, 1),
        "padding": (0, 0),
        "output_padding": (0, 0),
        "dilation": (1, 1),
        "groups": 1,
    }
    parts = [str(layer.in_channels), str(layer.out_channels)]
    for name, usual in {"kernel_size": None, **plain}.items():
        value = getattr(layer, name, usual)
        if name == "padding" and getattr(layer, "same", False):
            parts.append("padding='same'")
        elif value != usual:
            parts.append(f"{name}={value if name == 'groups' or value[0] != value[1] else value[0]}")
    parts += [*([] if layer.bias else ["bias=False"]), *more]
    return f"{type(layer).__name__}({', '.join(parts)})"
