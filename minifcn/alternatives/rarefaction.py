"""Filter rarefaction, "a trous": the scores of shift-and-stitch by changing only filters and strides (section 3.2).

Leave out a stride of s, and the layers after it get a map s times as dense. The neighbours that their filters used to
meet are now s pixels apart; so the filters are pulled apart by s, with holes ("trous") in between:

    f'[i, j] = f[i / s, j / s] if s divides i and j, else 0        a b c  ->  a 0 b 0 c   for s = 2

Doing so for every stride, layer by layer, each later filter is pulled apart by all strides before it. Nobody stores the
zeros: a convolution, or a pooling, that skips pixels is one with `dilation`. The layers before the first stride, which
the shifts compute f x f times, are computed once; those after the last stride cost the same on both roads.

Padding is no trouble here: p pixels around a map become p times the strides before it, so that the scores at every f-th
pixel are still those of the net itself. (In between, a pooling that pads by half its kernel may find no pixel at all,
on a map of fewer pixels than those strides: -inf.)
"""

from typing import NamedTuple

from minifcn.alternatives.nets import Net, checked, multiply_adds, twins, without_padding
from minifcn.alternatives.shift_and_stitch import shifts
from minifcn.convolution.geometry import Pair, Setting, pair
from minifcn.layers import Conv2d, Sequential


def rarefied(net: Net) -> Sequential:
    """The same net with every stride left out and every later filter pulled apart instead: a Sequential.

    net  Sequential or list of Conv2d, ReLU and MaxPool2d, with or without padding
    -> takes (N, C, H, W) to (N, O, H - R + 1, W - S + 1) if nothing pads, receptive field (R, S); what the net itself
    says is at [::f, ::g] of that. It has the net's own Parameters, not copies: training either trains both.

    Raises InputError for a net with other layers.
    """
    layers, rate = twins(checked(net, "rarefied")), (1, 1)  # the product of the strides so far
    for layer in layers.values():
        if not hasattr(layer, "windows"):
            continue  # ReLU
        layer.dilation, layer.padding = times(layer.dilation, rate), times(layer.padding, rate)
        rate, layer.stride = times(rate, layer.stride), (1, 1)
        if isinstance(layer, Conv2d) and layer.algorithm == "winograd":
            layer.algorithm = "auto"  # Winograd's does not dilate
    return Sequential(layers)


def times(one: Pair, other: Pair) -> Pair:
    """The product of two pairs, (rows, columns)."""
    return one[0] * other[0], one[1] * other[1]


class Cost(NamedTuple):
    """Multiply-adds of the net itself, and of both roads to scores at every pixel."""

    plain: int
    shift_and_stitch: int
    rarefied: int


def cost(net: Net, size: Setting) -> Cost:
    """What a net without padding takes for one image of `size` (H, W), and what both roads take: a Cost.

    Multiply-adds of all convolutions, counted from their windows; the products with the filters' holes are not made.
    Raises InputError as `shift_and_stitch` does.
    """
    net, (height, width) = without_padding(net, "cost"), pair(size, "cost: size", 1)
    stitched = sum(multiply_adds(net, (height - i, width - j)) for i, j in shifts(net, size))
    return Cost(multiply_adds(net, size), stitched, multiply_adds(rarefied(net), size))
