"""Transposed convolution: the convolution's matrix, transposed."""

import numpy as np

from minifcn.backend import array_module
from minifcn.convolution.gemm import conv2d, conv2d_grad_input, conv2d_grad_weight
from minifcn.convolution.geometry import Window, conv_output_size, conv_pairs, pair
from minifcn.convolution.matrix import conv_matrix, conv_matrix_bytes
from minifcn.errors import InputError
from minifcn.layers.conv import check_channels, check_groups, describe, he_normal
from minifcn.layers.layer import Layer, Parameter, check_gradient

METHODS = ("auto", "matrix", "columns")
MATRIX_BUDGET = 1 << 20  # bytes: the matrix is built anew for every forward pass, so it should fit a cache


class ConvTranspose2d(Layer):
    """y = C^T x + b, where C is the matrix of the convolution from y's size to x's (slides "Upsampling is backwards
    strided convolution"; Long et al. 2015, section 3.3). It is not the inverse of that convolution.

    forward   x (N, I, h, w)       -> y (N, O, H, W), H = (h - 1)s - 2p + d(kh-1) + 1 + output_padding
    backward  dL/dy (N, O, H, W)   -> dL/dx (N, I, h, w), a convolution; adds dL/dW and dL/db
    weight    (I, O/groups, kh, kw), bias (O,)

    Arguments as in PyTorch. `method` says how C^T x is computed, with equal results:
    "matrix"   C is built and transposed, as on the slides
    "columns"  the same product without C's zeros: W^T x, then col2im
    "auto"     the matrix where it takes at most `MATRIX_BUDGET` bytes, else columns
    Raises InputError where channels do not match, or output_padding is not below the stride or the dilation.
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
        if any(extra >= max(s, d) for extra, s, d in zip(self.output_padding, self.stride, self.dilation)):
            raise InputError(
                f"ConvTranspose2d: output_padding {output_padding} is not below stride {stride} or dilation {dilation}"
            )
        if method not in METHODS:
            raise InputError(f"ConvTranspose2d: method {method!r} is none of {', '.join(METHODS)}")
        self.weight = Parameter(he_normal((in_channels, out_channels // groups, *self.kernel_size), rng))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None

    @property
    def windows(self):
        """The window's arithmetic along rows and columns."""
        settings = zip(self.kernel_size, self.stride, self.padding, self.dilation, self.output_padding)
        return tuple(Window(k, s, p, d, transposed=True, output_padding=extra) for k, s, p, d, extra in settings)

    def forward(self, x):
        check_channels(self, x)
        how = self.stride, self.padding, self.dilation, self.groups
        size_in = x.shape[2:]
        size = tuple(window.output_size(n) for window, n in zip(self.windows, size_in))
        x = self._widened(x, conv_output_size(size, self.kernel_size, *how[:3]))
        if self._method_for(x, size) == "matrix":
            matrix = conv_matrix(self.weight.data, size, *how, limit=None)  # C (I*h*w, O*H*W)
            y = (x.reshape(len(x), -1) @ matrix).reshape(len(x), self.out_channels, *size)  # C^T x, a row an image
        else:
            y = conv2d_grad_input(x, self.weight.data, size, *how)  # (N, O, H, W)
        if self.bias:
            y += self.bias.data.reshape(1, -1, 1, 1)  # (1, O, 1, 1)
        self.keep(x, size_in, y.shape)
        return y

    def backward(self, dy):
        x, (h, w), shape = self.kept()
        check_gradient(self, dy, shape)
        how = self.stride, self.padding, self.dilation, self.groups
        self.weight.grad += conv2d_grad_weight(x, dy, self.kernel_size, *how)  # x and dy in each other's place
        if self.bias:
            self.bias.grad += dy.sum(axis=(0, 2, 3))
        return conv2d(dy, self.weight.data, *how)[:, :, :h, :w]  # C dy, (N, I, h, w)

    def _widened(self, x, size):
        """x with zeros below and to the right, up to `size`: what an output_padding beyond the stride has room for."""
        h, w = x.shape[2:]
        if size == (h, w):
            return x
        wide = array_module(x).zeros((*x.shape[:2], *size), dtype=x.dtype)
        wide[:, :, :h, :w] = x
        return wide

    def _method_for(self, x, output_size):
        if self.method != "auto":
            return self.method
        needed = conv_matrix_bytes(self.weight.data, output_size, x.shape[2:], self.groups)
        return "matrix" if needed <= MATRIX_BUDGET else "columns"

    def __repr__(self):
        return f"ConvTranspose2d({self.in_channels}, {self.out_channels}, {describe(self)}, method={self.method!r})"


def bilinear_weight(channels, kernel_size):
    """Weights (channels, channels, k, k), float32, that make ConvTranspose2d interpolate each channel bilinearly.

    A kernel of 2s taps and stride s upsamples by s; odd kernels of 2s - 1 taps likewise.
    (Long et al. 2015, section 3.3; the tent is 1 at the middle and falls by 1/s a tap.)
    """
    factor = (kernel_size + 1) // 2
    middle = factor - 1 if kernel_size % 2 else factor - 0.5
    tent = 1 - np.abs(np.arange(kernel_size) - middle) / factor  # (k,)
    weight = np.zeros((channels, channels, kernel_size, kernel_size), np.float32)
    weight[range(channels), range(channels)] = np.outer(tent, tent)
    return weight
