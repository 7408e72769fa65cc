"""Which way of computing a convolution and its gradients suits which shape. All give the same numbers.

    loops     the definition, pixel by pixel: to read and to test against
    im2col    windows as columns, then one product (bands.py): any setting
    winograd  a quarter of the multiplications (fast/winograd.py): 3x3 kernels, stride 1, neither dilation nor groups

Settings as in `bands`, each a pair.
"""

from minifcn.convolution import loops
from minifcn.convolution.checks import check_bias, check_channels, check_output
from minifcn.convolution.fast import bands, winograd
from minifcn.convolution.geometry import conv_output_size
from minifcn.errors import InputError

ALGORITHMS = ("auto", "loops", "im2col", "winograd")

# The crossover from im2col to Winograd, measured on two cores in float32 (benchmarks/crossovers.py). The transforms of
# the image are shared by all channels, those of the kernels by all tiles: with few of either they cost more than they
# save. Where there is little to do at all, im2col has fewer steps.
LEAST_CHANNELS = 8  # of input and output
MANY_TILES = 1000  # of 4x4 output pixels, in all images together: with so many it is always worth it,
LEAST_TILES = 24  # with so many only if
LEAST_WORK = 600_000  # is the product of tiles, input and output channels


def choose(algorithm, x, weight_shape, stride, padding, dilation, groups):
    """The algorithm, or for "auto" the fastest, of a convolution of x (N, C, H, W): "loops", "im2col" or "winograd".

    Half precision is not for Winograd's transforms, which cost a digit of the three there are.

    Raises InputError for "winograd" where it does not apply.
    """
    plain = stride == dilation == (1, 1) and groups == 1 and tuple(weight_shape[2:]) == (3, 3)
    if algorithm == "winograd" and not plain:
        raise InputError(
            f"algorithm winograd is for 3x3 kernels, stride 1, no dilation, no groups; given {weight_shape[2]}x"
            f"{weight_shape[3]}, stride {stride}, dilation {dilation}, groups {groups}: use auto"
        )
    if algorithm != "auto":
        return algorithm
    oh, ow = conv_output_size(x.shape[2:], weight_shape[2:], stride, padding, dilation)
    tiles = len(x) * -(-oh // winograd.TILE) * -(-ow // winograd.TILE)
    o, c = weight_shape[:2]
    plain = plain and x.itemsize > 2
    enough = tiles >= MANY_TILES or (tiles >= LEAST_TILES and tiles * o * c >= LEAST_WORK)
    return "winograd" if plain and min(o, c) >= LEAST_CHANNELS and enough else "im2col"


def forward(algorithm, x, weight, stride, padding, dilation, groups, bias=None):
    """`conv2d` by an algorithm of `choose`. Raises the same errors."""
    if algorithm == "im2col":
        return bands.conv2d(x, weight, stride, padding, dilation, groups, bias)
    check_channels(x, weight, groups)
    check_bias(bias, weight)
    if algorithm == "winograd":
        return winograd.conv2d_winograd(x, weight, padding, bias)
    return loops.conv2d_loops(x, weight, stride, padding, dilation, groups, bias)


def grad_input(algorithm, dy, weight, input_size, stride, padding, dilation, groups):
    """`conv2d_grad_input` by an algorithm of `choose`. Raises the same errors."""
    if algorithm == "im2col":
        return bands.conv2d_grad_input(dy, weight, input_size, stride, padding, dilation, groups)
    check_output("dy", dy, weight, input_size, stride, padding, dilation, groups)
    if algorithm == "winograd":
        return winograd.winograd_grad_input(dy, weight, padding)
    return loops.conv2d_grad_input_loops(dy, weight, input_size, stride, padding, dilation, groups)


def grad_weight(algorithm, dy, x, kernel_size, stride, padding, dilation, groups):
    """`conv2d_grad_weight` by an algorithm of `choose`."""
    if algorithm == "winograd":
        return winograd.winograd_grad_weight(dy, x, padding)
    function = bands.conv2d_grad_weight if algorithm == "im2col" else loops.conv2d_grad_weight_loops
    return function(dy, x, kernel_size, stride, padding, dilation, groups)
