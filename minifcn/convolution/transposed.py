"""The transposed convolution by its definition, and how evenly it covers its output.

Take the convolution that carries y (O channels, H x W) to x (C channels, h x w), with matrix C. Its transpose carries
x to y's size, y = C^T x. Every algorithm's `grad_input` computes it:

    matrix      build C, transpose, multiply: the slides' way
    textbook    the same without C's zeros: W^T x, a window of products for every pixel of x, added up as in col2im
    definition  stretch x with zeros between its pixels, pad it, flip the kernel, convolve with stride 1 (Dumoulin,
                Visin 2016, section 4): no pixel is added to twice; `gathers` says where that is less work

Shapes: x (N, C, h, w), weight (C, O/groups, kh, kw), y (N, O, H, W).
"""

import math
from dataclasses import replace

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.convolution.arithmetic import Relationship
from minifcn.convolution.checks import check_output_padding
from minifcn.convolution.geometry import How, Pair, Setting, pair
from minifcn.convolution.textbook import conv2d, pad

CALL = 1 << 19  # entries, 2 MB: an estimate for GPUs, on which a call takes some 5 microseconds; not measured


def by_definition(x: Array, weight: Array, output_size: Pair, how: How) -> Array:
    """x (N, C, h, w), weight (C, O/groups, kh, kw) -> y (N, O, H, W) with (H, W) = output_size."""
    rows, cols = (Relationship(*axis) for axis in zip(output_size, weight.shape[2:], *how[:3]))
    if how.stride != (1, 1):
        size = rows.stretched + rows.unseen, cols.stretched + cols.unseen
        stretched = array_module(x).zeros((*x.shape[:2], *size), dtype=x.dtype)
        stretched[:, :, :: rows.stride, :: cols.stride] = x
        x = stretched  # (N, C, s(h - 1) + 1 + a, s(w - 1) + 1 + a)
    padded = pad(x, (rows.transposed_padding, cols.transposed_padding))
    kernels, _ = way_back(weight, how)
    return conv2d(padded, kernels, How(dilation=how.dilation, groups=how.groups))  # (N, O, H, W)


def way_back(weight: Array, how: How) -> tuple[Array, How]:
    """The convolution back of one with stride 1, from y to x: weight (C, O/G, kh, kw) -> kernels (O, C/G, kh, kw), how.

    Each kernel is flipped along both axes. Its padding may be negative: then the border of y counts nowhere.
    """
    (c, o, *size), groups = weight.shape, how.groups
    kernels = weight[:, :, ::-1, ::-1].reshape(groups, c // groups, o, *size).swapaxes(1, 2)  # (G, O/G, C/G, kh, kw)
    full = tuple(d * (k - 1) - p for k, p, d in zip(size, how.padding, how.dilation))
    return kernels.reshape(groups * o, c // groups, *size), how._replace(padding=full)


def gathers(input_size: Pair, weight_shape: tuple, how: How, call: int = 0) -> bool:
    """Whether `by_definition` is less work than windows added up, for an image x (C, h, w), (h, w) = input_size.

    With a stride it never is: most of what it multiplies are the zeros between pixels.
    call  how many entries could be copied in the time of one call: to add windows up takes a call for each tap
    """
    (c, o, *kernel_size), taps = weight_shape, math.prod(weight_shape[2:])
    size = (n + d * (k - 1) - 2 * p for n, k, p, d in zip(input_size, kernel_size, how.padding, how.dilation))
    copied = math.prod(weight_shape) + c * taps * math.prod(size)  # entries: flipped kernels, windows of x
    added = o * how.groups * taps * math.prod(input_size)  # entries, which costs twice as much
    return how.stride == (1, 1) and (taps == 1 or copied <= 2 * added + taps * call)


def textbook_or_definition(x: Array, output_size: Pair, weight_shape: tuple, how: How) -> str:
    """The better of the two for the input's gradient of a convolution to output_size; stands in for `fastest`."""
    return "definition" if gathers(output_size, weight_shape, how, CALL) else "textbook"


def contributions(
    input_size: Setting,
    kernel_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    output_padding: Setting = 0,
) -> np.ndarray:
    """How many products each output pixel of a transposed convolution sums: integers (H, W), for one channel.

    input_size is (h, w), of the transposed convolution's input. Without dilation the counts away from the border are
    all equal if the kernel is a multiple of the stride; otherwise they alternate, and so does the output of even a
    constant input, unless the weights make up for it as bilinear ones do (Odena, Dumoulin, Olah 2016, "Deconvolution
    and Checkerboard Artifacts").
    Raises InputError where a setting makes no sense or nothing is left of the output.
    """
    size, extra = pair(input_size, "input_size", 1), pair(output_padding, "output_padding")
    how = How.of(stride, padding, dilation)
    check_output_padding(extra, how.stride, how.dilation)
    counts = []
    for n, a, back in zip(size, extra, how.windows(pair(kernel_size, "kernel_size", 1))):
        window = replace(back, transposed=True, output_padding=a)
        count = np.zeros(window.output_size(n), int)
        for tap in range(back.kernel):
            # Seen from the output, a tap of the convolution back: which inputs meet which outputs.
            _, outputs = back.valid(tap, len(count), n)
            count[outputs] += 1
        counts.append(count)
    return np.outer(*counts)  # (H, W)
