"""Which of the fast ways suits which shape.

Measured on two cores in float32 (benchmarks/crossovers.py). Winograd's transforms of the image are shared by all
channels, those of the kernels by all tiles: with few of either they cost more than they save. Where there is little to
do at all, im2col has fewer steps.
"""

from minifcn.backend import Array
from minifcn.convolution.fast.winograd import TILE, applies
from minifcn.convolution.geometry import Pair

LEAST_CHANNELS = 8  # of input and output
MANY_TILES = 1000  # of 4x4 output pixels, in all images together: with so many it is always worth it,
LEAST_TILES = 24  # with so many only if
LEAST_WORK = 600_000  # is the product of tiles, input and output channels


def fastest(x: Array, output_size: Pair, weight_shape: tuple, stride: Pair, dilation: Pair, groups: int) -> str:
    """ "winograd" or "im2col" for a convolution to output_size; x is an array of its dtype and number of images.

    Half precision is not for Winograd's transforms, which cost a digit of the three there are.
    """
    (oh, ow), (o, c) = output_size, weight_shape[:2]
    tiles = len(x) * -(-oh // TILE) * -(-ow // TILE)
    enough = tiles >= MANY_TILES or (tiles >= LEAST_TILES and tiles * o * c >= LEAST_WORK)
    plain = applies(weight_shape[2:], stride, dilation, groups) and x.itemsize > 2
    return "winograd" if plain and min(o, c) >= LEAST_CHANNELS and enough else "im2col"
