"""A network layer by layer, and in a row of the paper's table, from its geometry alone.

An FCN is taken as it is; a classifier convolutionized, so that images may be larger than the published size. On that
size the fully connected layers cost the same either way.
"""

from fractions import Fraction
from typing import NamedTuple

from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers import Branches, Conv2d, ConvTranspose2d, Sequential
from minifcn.models.backbones import build_classifier
from minifcn.models.classifier import Classifier
from minifcn.models.surgery import convolutionize

ANY_SIZE = 1024  # pixels: receptive field and stride do not depend on an image's size


class Row(NamedTuple):
    """One layer: its output (channels, rows, columns), and what it costs for one image.

    receptive_field and stride in image pixels, along the columns; the stride is below 1 nowhere in an FCN.
    """

    name: str
    kind: str
    output: tuple
    parameters: int
    multiply_adds: int
    receptive_field: int
    stride: Fraction


def summarize(model, image_size):
    """[Row] of every layer of an FCN or a `Classifier` that has windows, for an image of (H, W).

    Raises InputError for an image smaller than the geometry admits.
    """
    if isinstance(model, Classifier):
        layers, places = convolutionize(model), [{}, {}]
        try:
            for axis, size in enumerate(image_size):
                Sequential(layers).trace("", Place(size), axis, places[axis])
        except InputError as error:
            height, width = image_size
            raise InputError(
                f"{model.title}: an image of {width}x{height} pixels is too small; "
                f"{model.image_size}x{model.image_size} and more will do"
            ) from error
    else:
        model.crops(image_size)  # refuses what is too small
        layers, places = dict(model.children()), [model.places_along(axis, n) for axis, n in enumerate(image_size)]
    rows, channels = [], 3
    for name, layer in layers.items():
        rows += _rows(name, layer, channels, places)
        channels = getattr(layer, "out_channels", channels)
    return rows


def _rows(name, layer, channels, places):
    """The rows of a layer with so many channels before it: of each one inside, where it is made of branches."""
    rows = []
    if isinstance(layer, Branches):
        for branch in layer.branches:
            inner_channels = channels
            for inner, one in branch.children():
                rows += _rows(name + layer.joint + inner, one, inner_channels, places)
                inner_channels = getattr(one, "out_channels", inner_channels)
    elif hasattr(layer, "windows"):
        size, place = (places[0][name].size, places[1][name].size), places[1][name]
        rows.append(
            Row(
                name,
                type(layer).__name__,
                (getattr(layer, "out_channels", channels), *size),
                _parameters([layer]),
                layer.multiply_adds(size),
                place.receptive_field,
                place.pitch,
            )
        )
    return rows


class Figures(NamedTuple):
    """A network in a row of the paper's table (section 4.1, table 1).

    conv_layers      the most convolutions on any path from the image to the coarse score, which is the last of them;
                     a classifier's fully connected layers are convolutions. What lies side by side counts once
    parameters       of all layers but the upsampling ones
    receptive_field  image pixels that a coarse score sees
    stride           the largest of any map before upsampling
    """

    conv_layers: int
    parameters: int
    receptive_field: int
    stride: int


def figures(model):
    """The Figures of an FCN or a `Classifier`."""
    if isinstance(model, Classifier):
        counted = trunk = convolutionize(model)
    else:
        trunk = {name: layer for section in model.sections.values() for name, layer in section.children()}
        counted = dict(model.children())
    places = {}
    score = Sequential(trunk).trace("", Place(ANY_SIZE), 1, places)
    return Figures(
        _depth(trunk.values()),
        _parameters(layer for layer in counted.values() if not isinstance(layer, ConvTranspose2d)),
        score.receptive_field,
        int(max(place.pitch for place in places.values())),
    )


def classifiers_field(model):
    """The receptive field of an FCN's classifier, as published: larger where that averages, as no FCN does."""
    return figures(build_classifier(model.settings["backbone"], 1, 1 / 64, 1, 0.0)).receptive_field


def _depth(layers):
    """The most convolutions on any path through the layers, one after another."""
    return sum(
        max(_depth(branch.named.values()) for branch in layer.branches)
        if isinstance(layer, Branches)
        else isinstance(layer, Conv2d)
        for layer in layers
    )


def _parameters(layers):
    return sum(parameter.data.size for layer in layers for parameter in layer.parameters())
