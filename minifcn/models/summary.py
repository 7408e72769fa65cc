"""A network layer by layer, from its geometry alone: sizes, parameters, multiply-adds, receptive fields, strides."""

from fractions import Fraction
from typing import NamedTuple

from minifcn.layers import Branches


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
        size, cols_place = (places[0][name].size, places[1][name].size), places[1][name]
        rows.append(
            Row(
                name,
                type(layer).__name__,
                (getattr(layer, "out_channels", channels), *size),
                sum(parameter.data.size for parameter in layer.parameters()),
                layer.multiply_adds(size),
                cols_place.receptive_field,
                cols_place.pitch,
            )
        )
    return rows
