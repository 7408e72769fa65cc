"""Back to the image's size: interpolation or unpooling in the place of a transposed convolution (section 3.3).

Interpolation and a bilinear transposed convolution agree inside the image. Near its edge a fine pixel lies beyond the
last coarse one: interpolation goes on with that one, the transposed convolution fades to 0, as if zeros followed. How
much of its weight meets pixels is its `coverage`, so that everywhere

    transposed convolution  =  coverage * interpolation

coverage being 1 but for the outermost f // 2 pixels. (The paper's FCN-32s crops its upsampled scores, but 13 rows and
columns of that edge are left in at the top and left.) A transposed convolution may be learned; interpolation stays.

Unpooling remembers: the maximum returns to where it was found, and all other pixels are 0. It is exact about where, but
f x f - 1 of f x f pixels say nothing, and it takes the places along, channel by channel: those of VGG's features, not
of class scores, of which there are others. So it needs a decoder of convolutions after it (Noh et al. 2015, arXiv
1505.04366), where the paper needs one layer.
"""

from minifcn.backend import Array, array_module
from minifcn.convolution.checks import check_floats
from minifcn.convolution.geometry import whole
from minifcn.layers import MaxPool2d, MaxUnpool2d, Upsample, bilinear_upsampling


def by_interpolation(scores: Array, factor: int) -> Array:
    """scores (N, C, h, w) -> (N, C, h * factor, w * factor), bilinear; nothing to learn."""
    factor = whole(factor, "factor", 1)
    return Upsample(scale_factor=factor, mode="bilinear").eval()(scores)


def by_transposed_convolution(scores: Array, factor: int) -> Array:
    """scores (N, C, h, w) -> (N, C, h * factor, w * factor), by the layer that FCN begins with."""
    layer = bilinear_upsampling(1, factor, "float64")  # one kernel serves all channels, one by one
    check_floats(layer, scores, "scores")
    layer.weight.data = array_module(scores).asarray(layer.weight.data, dtype=scores.dtype)
    y = layer.eval()(scores.reshape(-1, 1, *scores.shape[2:]))  # (N*C, 1, h * factor, w * factor)
    return y.reshape(*scores.shape[:2], *y.shape[2:])


def coverage(size: int, factor: int) -> list[float]:
    """How much of a bilinear kernel meets pixels, size * factor numbers along one axis: 1 inside, less at the ends.

    Fine pixel o lies at c = (o + 1/2) / factor - 1/2 among the coarse ones, 0 .. size - 1; beyond the first or the last
    by d, it has 1 - d of its weight. Raises InputError unless both are whole numbers above 0.
    """
    size, factor = whole(size, "size", 1), whole(factor, "factor", 1)
    places = [(2 * o + 1) / (2 * factor) - 0.5 for o in range(size * factor)]
    return [1 - max(0, -c, c - (size - 1)) for c in places]


def there_and_back(x: Array, factor: int) -> tuple[Array, Array]:
    """Max-pool x (N, C, H, W) by factor, then unpool to its size: (the maxima, x where it won and 0 elsewhere).

    Raises InputError where x is smaller than factor.
    """
    factor = whole(factor, "factor", 1)
    maxima, places = MaxPool2d(factor, return_indices=True).eval()(x)  # (N, C, h, w) each
    return maxima, MaxUnpool2d(factor).eval()(maxima, places, x.shape[2:])
