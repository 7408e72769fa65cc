"""Convolution, its parameters and both its gradients."""

import math

from minifcn.backend import array_module
from minifcn.backend.parallel import BLOCK, chunks, room, run_all
from minifcn.convolution import algorithms
from minifcn.convolution.geometry import Window, conv_pairs, whole
from minifcn.errors import InputError
from minifcn.layers.layer import Layer, check_floats, check_gradient
from minifcn.layers.parameter import he_normal, zeros


class Conv2d(Layer):
    """y = W x + b over every window of x (a cross-correlation, as everywhere in deep learning).

    forward   x (N, C, H, W)      -> y (N, O, oh, ow), oh = floor((H + 2p - d(kh-1) - 1) / s) + 1
    backward  dL/dy (N, O, oh, ow) -> dL/dx (N, C, H, W); adds dL/dW and dL/db
    weight    (O, C/groups, kh, kw), bias (O,)

    Arguments as in PyTorch; numbers, or (rows, columns). `algorithm` says how it is computed, to the same result:
    "auto", or one that `convolution.algorithms` describes. Where nobody needs dL/dx, set `input_gradient` to False:
    backward then returns None. Weights start as He et al. 2015 (arXiv 1502.01852, section 2.2) draw them, from `rng` (a
    NumPy Generator); biases at 0.
    Raises InputError where the groups do not divide the channels; where x has other channels, another dtype or device
    than the weights or is smaller than the kernel; where dy has not y's shape.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        algorithm="auto",
        rng=None,
    ):
        self.kernel_size, self.stride, self.padding, self.dilation = conv_pairs(kernel_size, stride, padding, dilation)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.algorithm = algorithm
        check_groups(self)
        if algorithm not in algorithms.ALGORITHMS:
            raise InputError(f"Conv2d: algorithm {algorithm!r} is none of {', '.join(algorithms.ALGORITHMS)}")
        self.weight = he_normal((out_channels, in_channels // groups, *self.kernel_size), rng)
        self.bias = zeros((out_channels,)) if bias else None

    @property
    def windows(self):
        """The window's arithmetic along rows and columns."""
        return tuple(Window(*axis) for axis in zip(self.kernel_size, self.stride, self.padding, self.dilation))

    def multiply_adds(self, output_size):
        """Each pixel of the output, (oh, ow), takes the whole kernel once."""
        return math.prod(output_size) * self.weight.size

    def forward(self, x):
        check_channels(self, x)
        how = self.stride, self.padding, self.dilation, self.groups
        algorithm = algorithms.choose(self.algorithm, x, self.weight.data.shape, *how)
        y = algorithms.forward(algorithm, x, self.weight.data, *how, self.bias.data if self.bias else None)
        self.keep(x, y.shape, algorithm)
        return y

    def backward(self, dy):
        x, shape, algorithm = self.kept()
        check_gradient(self, dy, shape)
        check_kind(self, dy, "dy")
        how = self.stride, self.padding, self.dilation, self.groups
        if self.weight.trainable:
            self.weight.add_grad(algorithms.grad_weight(algorithm, dy, x, self.kernel_size, *how), fresh=True)
        if self.bias and self.bias.trainable:
            self.bias.add_grad(grad_bias(dy), fresh=True)
        if self.input_gradient:
            return algorithms.grad_input(algorithm, dy, self.weight.data, x.shape[2:], *how)
        return None

    def __repr__(self):
        return f"Conv2d({self.in_channels}, {self.out_channels}, {describe(self)})"


def grad_bias(dy):
    """The gradient of a bias that every pixel of its channel was given: dy (N, O, oh, ow) -> db (O,)."""
    xp = array_module(dy)
    db = xp.empty(dy.shape[1], dtype=dy.dtype)

    def add(channels):
        db[channels] = dy[:, channels].sum(axis=(0, 2, 3))

    most = room(BLOCK, xp)
    run_all(add, ((some,) for some in chunks(len(db), dy.size // max(1, len(db)), most)), xp)
    return db


def check_groups(layer):
    """InputError unless the layer's channels divide into its groups."""
    name = type(layer).__name__
    for setting in ("in_channels", "out_channels", "groups"):
        setattr(layer, setting, whole(getattr(layer, setting), f"{name}: {setting}", 1))
    counts = layer.in_channels, layer.out_channels, layer.groups
    if layer.in_channels % layer.groups or layer.out_channels % layer.groups:
        raise InputError(f"{name}: {counts[0]} -> {counts[1]} channels do not divide into {counts[2]} groups")


def check_channels(layer, x):
    """InputError unless x is (N, C, H, W) of the layer's channels, and fits its weights."""
    name = type(layer).__name__
    check_floats(layer, x)
    if x.shape[1] != layer.in_channels:
        raise InputError(f"{name}: input has {x.shape[1]} channels, this layer takes {layer.in_channels}")
    check_kind(layer, x)


def check_kind(layer, x, what="input"):
    """InputError unless x has the dtype of the layer's weights and is on their device."""
    name = type(layer).__name__
    if x.dtype != layer.weight.data.dtype:
        raise InputError(
            f"{name}: {what} is {x.dtype}, this layer's weights are {layer.weight.data.dtype}: "
            "use astype(...) on one of them"
        )
    if array_module(x) is not array_module(layer.weight.data):
        raise InputError(f"{name}: {what} and weights are on different devices: use to(...)")


def describe(layer):
    """The settings that differ from a plain layer's, for repr."""
    parts = [f"kernel_size={_short(layer.kernel_size)}"]
    for name, plain in (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1)):
        value = getattr(layer, name, (plain, plain))
        if value != (plain, plain):
            parts.append(f"{name}={_short(value)}")
    if layer.groups != 1:
        parts.append(f"groups={layer.groups}")
    return ", ".join(parts + ([] if layer.bias else ["bias=False"]))


def _short(pair):
    return pair[0] if pair[0] == pair[1] else pair
