"""The transposed convolution, computed in three ways that give the same numbers.

Take the convolution that carries y (O channels, H x W) to x (C channels, h x w), with matrix C. Its transpose carries
x to y's size, y = C^T x:

    matrix      build C, transpose, multiply: the slides' way
    columns     the same without C's zeros: W^T x, a window of products for every pixel of x, added up as in col2im
    definition  stretch x with zeros between its pixels, pad it, flip the kernel, convolve with stride 1 (Dumoulin,
                Visin 2016, section 4); without a stride there is nothing to stretch, and columns may go this way too

Shapes: x (N, C, h, w), weight (C, O/groups, kh, kw), y (N, O, H, W). Settings as in PyTorch, each a number or a pair.
"""

import numpy as np

from minifcn.backend import array_module
from minifcn.backend.parallel import run_all
from minifcn.convolution.arithmetic import Relationship
from minifcn.convolution.checks import check_output, check_output_padding
from minifcn.convolution.fast.bands import conv2d, conv2d_grad_input, flipped
from minifcn.convolution.geometry import Window, conv_pairs, pair
from minifcn.convolution.im2col import pad
from minifcn.convolution.matrix import conv_matrix
from minifcn.errors import InputError


def conv_transpose2d(x, weight, output_size, stride=1, padding=0, dilation=1, groups=1, method="columns"):
    """x (N, C, h, w), weight (C, O/groups, kh, kw) -> y (N, O, H, W) with (H, W) = output_size, in their dtype.

    method is "matrix", "columns" or "definition". Raises InputError for another, where the convolution of output_size
    does not give (h, w), where channels or dtypes do not match, and for a matrix over `conv_matrix`'s limit.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r} is none of {', '.join(METHODS)}")
    check_output("x", x, weight, output_size, stride, padding, dilation, groups)
    _, *settings = conv_pairs(weight.shape[2:], stride, padding, dilation)
    return METHODS[method](x, weight, pair(output_size), *settings, groups)


def _by_matrix(x, weight, output_size, stride, padding, dilation, groups):
    matrix = conv_matrix(weight, output_size, stride, padding, dilation, groups)  # C (C*h*w, O*H*W)

    def multiply():
        return x.reshape(len(x), len(matrix)) @ matrix  # C^T x for every image, as the row x^T C

    (y,) = run_all(multiply, [()], array_module(x))
    return y.reshape(len(x), weight.shape[1] * groups, *output_size)  # (N, O, H, W)


def _by_definition(x, weight, output_size, stride, padding, dilation, groups):
    rows, cols = (Relationship(*axis) for axis in zip(output_size, weight.shape[2:], stride, padding, dilation))
    size = rows.stretched + rows.unseen, cols.stretched + cols.unseen
    stretched = array_module(x).zeros((*x.shape[:2], *size), dtype=x.dtype)
    stretched[:, :, :: rows.stride, :: cols.stride] = x
    padded = pad(stretched, (rows.transposed_padding, cols.transposed_padding))
    return conv2d(padded, flipped(weight, groups), 1, 0, dilation, groups)  # (N, O, H, W)


# All take (x, weight, output_size, stride, padding, dilation, groups).
METHODS = {"matrix": _by_matrix, "columns": conv2d_grad_input, "definition": _by_definition}


def contributions(input_size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0):
    """How many products each output pixel of a transposed convolution sums: integers (H, W), for one channel.

    input_size is (h, w), of the transposed convolution's input. Without dilation the counts away from the border are
    all equal if the kernel is a multiple of the stride; otherwise they alternate, and so does the output of even a
    constant input, unless the weights make up for it as bilinear ones do (Odena, Dumoulin, Olah 2016, "Deconvolution
    and Checkerboard Artifacts").
    Raises InputError where a setting makes no sense or nothing is left of the output.
    """
    size, extra = pair(input_size, "input_size", 1), pair(output_padding, "output_padding")
    settings = conv_pairs(kernel_size, stride, padding, dilation)
    check_output_padding(extra, settings[1], settings[3])
    counts = []
    for n, a, kernel, *axis in zip(size, extra, *settings):
        window = Window(kernel, *axis, transposed=True, output_padding=a)
        count = np.zeros(window.output_size(n), int)
        for tap in range(kernel):
            # Seen from the output, a tap of the convolution back: which inputs meet which outputs.
            _, outputs = Window(kernel, *axis).valid(tap, len(count), n)
            count[outputs] += 1
        counts.append(count)
    return np.outer(*counts)  # (H, W)
