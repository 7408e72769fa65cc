"""The nets that the roads take, and what follows from their windows: how far a score sees, how far apart scores lie.

A net is a Sequential, or a list, of Conv2d, ReLU and MaxPool2d. Without padding it is one function, slid over the
image: the score in row o is the net's answer to the rows o f .. o f + R - 1, with its stride f and receptive field R.
All roads rest on this, and padding breaks it: a patch cut out of an image, or an image shifted, gets a border of zeros
where the whole image has pixels. Where a road cannot bear padding it says so. To pad the image does no harm.
"""

import copy
from collections.abc import Sequence
from typing import Any

from minifcn.backend import Array
from minifcn.convolution.checks import check_floats
from minifcn.convolution.geometry import Pair, Place, Setting, pair
from minifcn.errors import InputError
from minifcn.layers import Conv2d, MaxPool2d, ReLU, Sequential
from minifcn.layers.layer import Layer

Net = Sequential | Sequence[Layer]
ANY_SIZE = 1 << 40  # pixels: stride and receptive field do not depend on an image's size


def checked(net: Net, road: str) -> Sequential:
    """The net as a Sequential of its layers, on behalf of `road`, a function's name.

    Raises InputError for a layer of another kind, and for pooling in ceil mode or that returns indices.
    """
    if not isinstance(net, (list, tuple, Sequential)):
        raise InputError(f"{road}: the net is a {type(net).__name__}, expected a Sequential or a list of layers")
    for name, layer in net.children() if isinstance(net, Sequential) else enumerate(net):
        if not isinstance(layer, (Conv2d, ReLU, MaxPool2d)):
            raise InputError(f"{road}: layer {name} is a {type(layer).__name__}, expected Conv2d, ReLU or MaxPool2d")
        if getattr(layer, "ceil_mode", False):
            raise InputError(f"{road}: layer {name} pools in ceil mode, over the image's end and beyond: turn it off")
        if getattr(layer, "return_indices", False):
            raise InputError(f"{road}: layer {name} returns indices, too, which no layer after it takes: turn that off")
    return net if isinstance(net, Sequential) else Sequential(*net)


def without_padding(net: Net, road: str) -> Sequential:
    """The net as `checked` returns it. Raises InputError where a layer pads."""
    net = checked(net, road)
    for name, layer in net.children():
        if any(padding := getattr(layer, "padding", ())):
            raise InputError(f"{road}: layer {name} pads by {padding}: set that to 0 and pad the image instead")
    return net


def twins(net: Sequential) -> dict[str, Any]:
    """{name: a copy of the layer, with the same Parameters, not copies of them, and an own memory for backward}."""
    copies = {name: copy.copy(layer) for name, layer in net.children()}
    for layer in copies.values():
        layer.forget()
    return copies


def evaluating(net: Net, image: Array, road: str) -> Sequential:
    """The net of twins in evaluation mode, so that the net itself stays as it is, for that image.

    Raises InputError as `without_padding` and `check_image`.
    """
    twin = Sequential(twins(without_padding(net, road)))
    check_image(twin, image, road)
    twin.eval()
    return twin


def total_stride(net: Net) -> Pair:
    """f: pixels of the image from one score to the next, (rows, columns). Raises InputError as `checked`."""
    rows, cols = _score_places(checked(net, "total_stride"))
    return int(rows.pitch), int(cols.pitch)


def receptive_field(net: Net) -> Pair:
    """R: pixels of the image that a score sees, (rows, columns). Raises InputError as `checked`."""
    rows, cols = _score_places(checked(net, "receptive_field"))
    return rows.receptive_field, cols.receptive_field


def _score_places(net):
    """The `Place` of the scores of an image that is large enough for any net, along rows and columns."""
    return [net.output_place(axis, Place(ANY_SIZE)) for axis in (0, 1)]


def dense_size(net: Net, size: Setting, road: str) -> Pair:
    """(rows, columns) of the places where a receptive field fits on an image of `size`, if nothing pads.

    Raises InputError where there is none.
    """
    (height, width), (rows, cols) = pair(size, f"{road}: size", 1), receptive_field(net)
    if height < rows or width < cols:
        sizes = f"the image has {height}x{width} pixels, a score sees {rows}x{cols}"
        raise InputError(f"{road}: {sizes}: use a larger image")
    return height - rows + 1, width - cols + 1


def score_size(net: Net, size: Setting, road: str) -> Pair:
    """(rows, columns) of the scores: every f-th of those places, from the first on. Raises as `dense_size`."""
    (rows, cols), (f, g) = dense_size(net, size, road), total_stride(net)
    return -(-rows // f), -(-cols // g)


def check_image(net: Net, image: Array, road: str) -> None:
    """InputError unless the image is (N, C, H, W) of floats and has room for the net's receptive field."""
    check_floats(net, image, "image")
    dense_size(net, image.shape[2:], road)


def multiply_adds(net: Net, size: Setting) -> int:
    """Of all convolutions, for one image of `size` (H, W), as the layers count them.

    Raises InputError as `checked`, and for an image that is smaller than a kernel.
    """
    total, size = 0, pair(size, "multiply_adds: size", 1)
    for _, layer in checked(net, "multiply_adds").children():
        if hasattr(layer, "windows"):
            size = tuple(window.output_size(n) for window, n in zip(layer.windows, size))
        total += layer.multiply_adds(size)
    return total
