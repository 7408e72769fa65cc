"""Which way suits which array and shape: what "auto" takes.

Measured on two cores in float32 (benchmarks/crossovers.py, docs/speed.md). Winograd's transforms of the image are
shared by all channels, those of the kernels by all tiles: with few of either they cost more than they save. Where there
is little to do at all, im2col has fewer steps.
"""

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.convolution.fast.winograd import TILE, applies
from minifcn.convolution.geometry import How, Pair
from minifcn.convolution.transposed import textbook_or_definition

LEAST_CHANNELS = 16  # of input and output
LEAST_TILES = 24  # of 4x4 output pixels, in all images together
LEAST_WORK = 600_000  # the product of tiles, input and output channels


def fastest(x: Array, output_size: Pair, weight_shape: tuple, how: How) -> str:
    """The way for a convolution to output_size; x is an array of its dtype, device and number of images.

    The device has only two, see `textbook_or_definition`. Half precision is not for Winograd's transforms, which cost a
    digit of the three there are.
    """
    if array_module(x) is not np:
        return textbook_or_definition(x, output_size, weight_shape, how)
    (oh, ow), (o, c) = output_size, weight_shape[:2]
    tiles = len(x) * -(-oh // TILE) * -(-ow // TILE)
    enough = min(o, c) >= LEAST_CHANNELS and tiles >= LEAST_TILES and tiles * o * c >= LEAST_WORK
    return "winograd" if enough and applies(weight_shape[2:], how) and x.itemsize > 2 else "im2col"
