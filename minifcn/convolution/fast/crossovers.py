"""Which way suits which array and shape: what "auto" takes.

Measured on one core in float32 (benchmarks/crossovers.py and upsampling.py, docs/speed.md). Winograd's transforms of
the image are shared by all channels, those of the kernels by all tiles: with few of either they cost more than they
save. Columns along the width alone save copies, which is most of the time where channels are few; but their products
are several. Where there is little to do at all, im2col has fewer steps. The gradients count at once where they can be
had so.

All numbers are of one image. How many there are must not count: a batch is cut differently on each number of machines,
and they should all round alike. With OpenBLAS for AVX-512 and for AVX2 mostly the same ways win.
"""

import math

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.convolution.fast import mec, winograd
from minifcn.convolution.fast.separable import factors
from minifcn.convolution.geometry import How, Pair
from minifcn.convolution.transposed import textbook_or_definition

LEAST_CHANNELS = 16  # of input and output, for Winograd's algorithm
LEAST_TILES = 4  # of one tile the kernels are dearer than the products
LEAST_WORK = 32_000  # the product of tiles, input and output channels

SHARED_CHANNELS = range(8, 129)  # of input or output, whichever are fewer, for columns along the width alone
LEAST_SHARED = 1 << 15  # their entries: of fewer im2col's single product is quicker than several

LEAST_COLUMNS = 3_000  # entries of a transposed convolution's columns: with fewer its calls take longer than its work


def fastest(x: Array, output_size: Pair, weight_shape: tuple, how: How) -> str:
    """The way for a convolution to output_size; x is an array of its dtype and device.

    The device has only two, see `textbook_or_definition`. Half precision is not for Winograd's transforms, which cost a
    digit of the three there are.
    """
    if array_module(x) is not np:
        return textbook_or_definition(x, output_size, weight_shape, how)
    (oh, ow), (o, c, kh, kw) = output_size, weight_shape
    channels, kernel_size = min(o, c), (kh, kw)
    if x.itemsize == 2:
        return "im2col"
    if channels >= LEAST_CHANNELS and winograd.applies(kernel_size, how):
        tiles = math.prod(winograd.tiling_of(output_size).tiles(output_size))
        if tiles >= LEAST_TILES and tiles * o * c >= LEAST_WORK:
            return "winograd"
    shared = channels in SHARED_CHANNELS and channels * oh * ow >= LEAST_SHARED and mec.applies(kernel_size, how)
    return "mec" if shared else "im2col"


def fastest_transposed(x: Array, weight: Array, how: How) -> str:
    """The way for a transposed convolution of x (N, I, h, w) with weight (I, O/groups, kh, kw), and for its gradients.

    The weights' numbers count, too: bilinear ones are `separable`.
    """
    (i, o, kh, kw), (sh, sw), pixels = weight.shape, how.stride, x.shape[2] * x.shape[3]
    o *= how.groups
    if array_module(x) is np and x.itemsize > 2 and min(sh, sw) > 1 and pixels * o * kh * kw >= LEAST_COLUMNS:
        if factors(weight, how.groups):
            return "separable"
        overlap, whole = kh > sh and kw > sw, -(-kh // sh) * sh * -(-kw // sw) * sw
        few_zeros = 3 * whole <= 4 * kh * kw  # which fill the kernels up to whole strides
        # Phases copy each pixel of the small map, and all weights, once for each tap: few beside the large map's?
        wide, long = o * sh * sw >= 2 * i, pixels * sw >= 10 * i // how.groups
        if how.dilation == (1, 1) and overlap and few_zeros and wide and long:
            return "phases"
    return fastest(x, x.shape[2:], weight.shape, how)
