"""A network layer by layer, and in a row of the paper's table, from its geometry alone.

An FCN is taken as it is; a classifier convolutionized, so that images may be larger than the published size. On that
size the fully connected layers cost the same either way.
"""

from fractions import Fraction
from typing import NamedTuple

from minifcn.checks import instance, pair
from minifcn.errors import InputError
from minifcn.layers import Conv2d, ConvTranspose2d, Sequential
from minifcn.models.backbones import BACKBONES
from minifcn.models.classifier import Classifier, convolutionize
from minifcn.models.fcn import ANY_SIZE, FCN


class Row(NamedTuple):
    """One layer: its output (channels, rows, columns), and what it costs for one image.

    receptive_field and stride in image pixels, along the columns; the stride is below 1 nowhere in an FCN.
    """

    name: str
    kind: str
    output: tuple[int, int, int]
    parameters: int
    multiply_adds: int
    receptive_field: int
    stride: Fraction


def summarize(model: FCN | Classifier, image_size: tuple[int, int]) -> list[Row]:
    """[Row] of every layer that has windows, also inside other layers, for an image of (H, W).

    Raises InputError for an image smaller than the geometry admits, and for another model or size.
    """
    net, image_size = _fully_convolutional(model), pair(image_size, "image_size", 1)
    if isinstance(model, FCN):
        model.crops(image_size)  # refuses what is too small
    try:
        rows, cols = (net.places_along(axis, size) for axis, size in enumerate(image_size))
    except InputError as error:
        height, width = image_size
        side = model.settings["image_size"]
        raise InputError(
            f"{model.title}: an image of {width}x{height} pixels is too small; {side}x{side} and more will do"
        ) from error
    channels = _noted(net, lambda layer, *counts: layer.output_channels(*counts), 3)
    return [
        Row(
            name,
            type(layer).__name__,
            (channels[name], rows[name].size, cols[name].size),
            _parameters([layer]),
            layer.multiply_adds((rows[name].size, cols[name].size)),
            cols[name].receptive_field,
            cols[name].pitch,
        )
        for name, layer in _layers(net).items()
        if hasattr(layer, "windows")
    ]


class Figures(NamedTuple):
    """A network in a row of the paper's table (section 4.1, table 1).

    conv_layers      the most convolutions on any path from the image to the coarse score, which is the last of them;
                     a classifier's fully connected layers are convolutions. What lies side by side counts once
    parameters       of all layers but the upsampling ones
    receptive_field  image pixels that a coarse score sees
    stride           the largest of any map
    """

    conv_layers: int
    parameters: int
    receptive_field: int
    stride: int


def figures(model: FCN | Classifier) -> Figures:
    """The Figures of a network."""
    net = _fully_convolutional(model)
    score = "score_fr" if net is model else list(net.named)[-1]
    depths = _noted(net, lambda layer, *depths: max(depths) + isinstance(layer, Conv2d), 0)
    places = net.places_along(1, ANY_SIZE)
    return Figures(
        depths[score],
        _parameters(layer for layer in _layers(net).values() if not isinstance(layer, ConvTranspose2d)),
        places[score].receptive_field,
        int(max(place.pitch for place in places.values())),
    )


def classifiers_field(model: FCN) -> int:
    """The receptive field of an FCN's classifier, as published: larger where that averages, as no FCN does."""
    return figures(BACKBONES[model.settings["backbone"]]()).receptive_field


def _fully_convolutional(model):
    instance(model, "model", (FCN, Classifier), "an FCN or a classifier, such as FCN8s() or VGG16()")
    return Sequential(convolutionize(model)) if isinstance(model, Classifier) else model


def _layers(net):
    """{name: layer} of all layers that hold no others, inside others too."""
    return _noted(net, lambda layer, *_: layer, None)


def _noted(net, ask, value):
    """{name: value} of all nodes, of a value that is carried through the network."""
    noted = {}
    net.follow(ask, value, noted)
    return noted


def _parameters(layers):
    return sum(parameter.size for layer in layers for parameter in layer.parameters())
