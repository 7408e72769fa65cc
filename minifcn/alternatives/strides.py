"""Leaving out pooling's strides: finer scores, at a price (paper, section 3.2).

Three nets with the same weights:

    as is              coarse scores, a large receptive field
    strides left out   dense scores, and filters that see finer detail, but a smaller field and more work. What the
                       filters learned on a coarse map they now apply to a dense one: its scores are other scores
    rarefied           dense scores and the whole field, for about as much work, but filters with holes: they see what
                       they saw, and no finer detail. Every f-th score is that of the net as it is
"""

from typing import NamedTuple

from minifcn.alternatives.nets import Net, checked, multiply_adds, receptive_field, total_stride, twins
from minifcn.alternatives.rarefaction import rarefied
from minifcn.convolution.geometry import Pair, Setting
from minifcn.layers import MaxPool2d, Sequential


def without_pool_strides(net: Net) -> Sequential:
    """The same net whose max-poolings move by one pixel, and nothing else changed: a Sequential.

    net  Sequential or list of Conv2d, ReLU and MaxPool2d
    It has the net's own Parameters, not copies. Raises InputError for a net with other layers.
    """
    layers = twins(checked(net, "without_pool_strides"))
    for layer in layers.values():
        if isinstance(layer, MaxPool2d):
            layer.stride = (1, 1)
    return Sequential(layers)


class Variant(NamedTuple):
    """A net in numbers; receptive field and stride in pixels of the image, (rows, columns)."""

    name: str
    stride: Pair
    parameters: int
    receptive_field: Pair
    multiply_adds: int


def tradeoff(net: Net, size: Setting) -> list[Variant]:
    """[Variant] of the net as it is, with the strides of its poolings left out, and rarefied, for an image of `size`.

    Raises InputError for a net with other layers than Conv2d, ReLU and MaxPool2d, and for an image too small for it.
    """
    net = checked(net, "tradeoff")
    variants = {"as is": net, "strides left out": without_pool_strides(net), "rarefied": rarefied(net)}
    numbers = sum(parameter.size for parameter in net.parameters())  # of them all
    return [
        Variant(name, total_stride(variant), numbers, receptive_field(variant), multiply_adds(variant, size))
        for name, variant in variants.items()
    ]
