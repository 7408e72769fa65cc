"""A network layer by layer, from its geometry alone: sizes, parameters, multiply-adds, receptive fields, strides."""

import math
from fractions import Fraction
from typing import NamedTuple

from minifcn.layers import Branches, Conv2d, ConvTranspose2d


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
    """[Row] of every layer of an FCN that has windows, for an image of (H, W).

    Raises InputError for an image smaller than the geometry admits.
    """
    model.crops(image_size)  # refuses what is too small
    places = [model.places_along(axis, size) for axis, size in enumerate(image_size)]
    rows, channels = [], 3
    for name, layer in model.children():
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
        cols_place = places[1][name]
        output = (getattr(layer, "out_channels", channels), places[0][name].size, cols_place.size)
        rows.append(
            Row(
                name,
                type(layer).__name__,
                output,
                sum(parameter.data.size for parameter in layer.parameters()),
                _multiply_adds(layer, name, output, places),
                cols_place.receptive_field,
                cols_place.pitch,
            )
        )
    return rows


def _multiply_adds(layer, name, output, places):
    if isinstance(layer, Conv2d):
        return math.prod(output) * math.prod(layer.weight.data.shape[1:])  # every output pixel sees the kernel
    if isinstance(layer, ConvTranspose2d):
        inputs = [
            (place[name].size - window.reach) // window.stride + 1 for place, window in zip(places, layer.windows)
        ]
        return math.prod(inputs) * math.prod(layer.weight.data.shape)  # every input pixel is spread by the kernel
    return 0
