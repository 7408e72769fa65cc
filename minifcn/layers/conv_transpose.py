"""Transposed convolution: the convolution's matrix, transposed."""

import math

from minifcn.backend import array_module
from minifcn.convolution import transposed
from minifcn.convolution.checks import check_output_padding
from minifcn.convolution.fast.bands import conv2d, conv2d_grad_weight
from minifcn.convolution.geometry import Window, conv_output_size, conv_pairs, pair, told_size
from minifcn.convolution.matrix import conv_matrix_bytes, in_bytes
from minifcn.errors import InputError
from minifcn.layers.conv import check_channels, check_groups, check_kind, describe, grad_bias
from minifcn.layers.layer import Layer, check_gradient
from minifcn.layers.parameter import he_normal, zeros

METHODS = ("auto", *transposed.METHODS)
MATRIX_BUDGET = 1 << 20  # bytes: the matrix is built anew for every forward pass, so it should fit a cache


class ConvTranspose2d(Layer):
    """y = C^T x + b, where C is the matrix of the convolution from y's size to x's (slides "Upsampling is backwards
    strided convolution"; Long et al. 2015, section 3.3). It is not the inverse of that convolution.

    forward   x (N, I, h, w)       -> y (N, O, H, W), H = (h - 1)s - 2p + d(kh-1) + 1 + output_padding
    backward  dL/dy (N, O, H, W)   -> dL/dx (N, I, h, w), a convolution; adds dL/dW and dL/db
    weight    (I, O/groups, kh, kw), bias (O,)

    A convolution with a stride gives inputs of several sizes the same output size, so the way back has to be told which
    one is meant: by `output_padding`, which adds to H, or by `layer(x, output_size=(H, W))`, which overrules it.

    Arguments as in PyTorch. `method` says how C^T x is computed (see `convolution.transposed`), with equal results:
    "matrix", "columns" or "definition"; "auto" takes the matrix where it needs at most `MATRIX_BUDGET` bytes, else
    columns. `repr` tells which served the last call, and what C takes or would take.
    Raises InputError where channels do not match, output_padding is not below the stride or the dilation, or an
    output_size cannot be.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        method="auto",
        rng=None,
    ):
        self.kernel_size, self.stride, self.padding, self.dilation = conv_pairs(kernel_size, stride, padding, dilation)
        self.output_padding = pair(output_padding, "output_padding")
        self.in_channels, self.out_channels, self.groups, self.method = (
            in_channels,
            out_channels,
            groups,
            method,
        )
        check_groups(self)
        check_output_padding(self.output_padding, self.stride, self.dilation)
        if method not in METHODS:
            raise InputError(f"ConvTranspose2d: method {method!r} is none of {', '.join(METHODS)}")
        self.weight = he_normal((in_channels, out_channels // groups, *self.kernel_size), rng)
        self.bias = zeros((out_channels,)) if bias else None
        self._last_call = None  # (method, size of x, size of y, bytes of C)

    @property
    def windows(self):
        """The window's arithmetic along rows and columns."""
        settings = zip(self.kernel_size, self.stride, self.padding, self.dilation, self.output_padding)
        return tuple(Window(k, s, p, d, transposed=True, output_padding=extra) for k, s, p, d, extra in settings)

    def multiply_adds(self, output_size):
        """Each pixel of the input takes the whole kernel once; there are as many as C makes of the output, (H, W)."""
        inputs = conv_output_size(output_size, self.kernel_size, self.stride, self.padding, self.dilation)
        return math.prod(inputs) * self.weight.size

    def forward(self, x, output_size=None):
        check_channels(self, x)
        how = self.stride, self.padding, self.dilation, self.groups
        size_in = x.shape[2:]
        size = self._output_size(size_in, output_size)
        x = self._widened(x, conv_output_size(size, self.kernel_size, *how[:3]))
        needed = conv_matrix_bytes(self.weight.data, size, x.shape[2:], self.groups)
        method = self.method
        if method == "auto":
            method = "matrix" if needed <= MATRIX_BUDGET else "columns"
        y = transposed.conv_transpose2d(x, self.weight.data, size, *how, method)  # (N, O, H, W)
        if self.bias:
            y += self.bias.data.reshape(1, -1, 1, 1)  # (1, O, 1, 1)
        self.keep(x, size_in, y.shape)
        self._last_call = method, size_in, size, needed
        return y

    def backward(self, dy):
        x, (h, w), shape = self.kept()
        check_gradient(self, dy, shape)
        check_kind(self, dy, "dy")
        how = self.stride, self.padding, self.dilation, self.groups
        if self.weight.trainable:
            # x and dy in each other's place
            self.weight.add_grad(conv2d_grad_weight(x, dy, self.kernel_size, *how), fresh=True)
        if self.bias and self.bias.trainable:
            self.bias.add_grad(grad_bias(dy), fresh=True)
        return conv2d(dy, self.weight.data, *how)[:, :, :h, :w]  # C dy, (N, I, h, w)

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

    def __repr__(self):
        text = f"ConvTranspose2d({self.in_channels}, {self.out_channels}, {describe(self)}, method={self.method!r})"
        if self._last_call:
            method, (h, w), (oh, ow), needed = self._last_call
            verb = "takes" if method == "matrix" else "would take"
            text += f" [last call: {h}x{w} -> {oh}x{ow} by {method}; C {verb} {in_bytes(needed)}]"
        return text
