"""A network layer by layer, from its geometry alone: sizes, parameters, multiply-adds, receptive fields, strides."""

import math
from fractions import Fraction
from typing import NamedTuple

from minifcn.layers import Conv2d, ConvTranspose2d


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
        if not hasattr(layer, "windows"):
            continue
        rows_place, cols_place = places[0][name], places[1][name]
        channels = getattr(layer, "out_channels", channels)
        output = (channels, rows_place.size, cols_place.size)
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
