"""The nets that the roads take, and what follows from their windows: how far a score sees, how far apart scores lie.

A net is a Sequential, or a list, of Conv2d, ReLU and MaxPool2d. Without padding it is one function, slid over the
image: the score in row o is the net's answer to the rows o f .. o f + R - 1, with its stride f and receptive field R.
All roads rest on this, and padding breaks it: a patch cut out of an image, or an image shifted, gets a border of zeros
where the whole image has pixels. Where a road cannot bear padding it says so. To pad the image does no harm.
"""

import copy
from collections.abc import Sequence

from minifcn.convolution.checks import check_floats
from minifcn.convolution.geometry import Place, pair
from minifcn.errors import InputError
from minifcn.layers import Conv2d, MaxPool2d, ReLU, Sequential
from minifcn.layers.layer import Layer

Net = Sequential | Sequence[Layer]
ANY_SIZE = 1 << 40  # pixels: stride and receptive field do not depend on an image's size


def checked(net: Net, road: str) -> Sequential:
    """The net as a Sequential of its layers, on behalf of `road`, a function's name.

    Raises InputError for a layer of another kind, for pooling in ceil mode or that returns indices, and for a ReLU that
    would overwrite the image.
    """
    if isinstance(net, (list, tuple)):
        net = Sequential(*net)
    if not isinstance(net, Sequential):
        raise InputError(f"{road}: the net is a {type(net).__name__}, expected a Sequential or a list of layers")
    for number, (name, layer) in enumerate(net.children()):
        if not isinstance(layer, (Conv2d, ReLU, MaxPool2d)):
            raise InputError(f"{road}: layer {name} is a {type(layer).__name__}, expected Conv2d, ReLU or MaxPool2d")
        if getattr(layer, "ceil_mode", False):
            raise InputError(f"{road}: layer {name} pools in ceil mode, over the image's end and beyond: turn it off")
        if getattr(layer, "return_indices", False):
            raise InputError(f"{road}: layer {name} returns indices, too, which no layer after it takes: turn that off")
        if number == 0 and getattr(layer, "inplace", False):
            raise InputError(f"{road}: layer {name}, the first, overwrites the image: use ReLU()")
    return net


def without_padding(net: Net, road: str) -> Sequential:
    """The net as `checked` returns it. Raises InputError where a layer pads."""
    net = checked(net, road)
    for name, layer in net.children():
        if any(getattr(layer, "padding", ())):
            raise InputError(f"{road}: layer {name} pads by {layer.padding}: set that to 0 and pad the image instead")
    return net


def twins(net):
    """{name: a copy of the layer, with the same Parameters, not copies of them, and an own memory for backward}."""
    copies = {name: copy.copy(layer) for name, layer in net.children()}
    for layer in copies.values():
        layer.forget()
    return copies


def evaluating(net: Sequential) -> Sequential:
    """The net of twins in evaluation mode, so that the net itself stays as it is."""
    return Sequential(twins(net)).eval()


def total_stride(net):
    """f: pixels of the image from one score to the next, (rows, columns). Raises InputError as `checked`."""
    return tuple(int(place.pitch) for place in _score_places(checked(net, "total_stride")))


def receptive_field(net):
    """R: pixels of the image that a score sees, (rows, columns). Raises InputError as `checked`."""
    return tuple(place.receptive_field for place in _score_places(checked(net, "receptive_field")))


def _score_places(net):
    """The `Place` of the scores of an image that is large enough for any net, along rows and columns."""
    return [net.trace("", Place(ANY_SIZE), axis, {}) for axis in (0, 1)]


def dense_size(net, size, road):
    """(rows, columns) of the places where a receptive field fits on an image of `size`, if nothing pads.

    Raises InputError where there is none.
    """
    size, field = pair(size, f"{road}: size", 1), receptive_field(net)
    if any(n < r for n, r in zip(size, field)):
        raise InputError(
            f"{road}: the image has {size[0]}x{size[1]} pixels, a score sees {field[0]}x{field[1]}: use a larger image"
        )
    return tuple(n - r + 1 for n, r in zip(size, field))


def score_size(net, size, road):
    """(rows, columns) of the scores: every f-th of those places, from the first on. Raises as `dense_size`."""
    return tuple(-(-n // f) for n, f in zip(dense_size(net, size, road), total_stride(net)))


def check_image(net, image, road):
    """InputError unless the image is (N, C, H, W) of floats and has room for the net's receptive field."""
    check_floats(net, image, "image")
    dense_size(net, image.shape[2:], road)


def multiply_adds(net, size):
    """Of all convolutions, for one image of `size` (H, W), as the layers count them.

    Raises InputError as `checked`, and for an image that is smaller than a kernel.
    """
    total, size = 0, pair(size, "multiply_adds: size", 1)
    for _, layer in checked(net, "multiply_adds").children():
        if hasattr(layer, "windows"):
            size = tuple(window.output_size(n) for window, n in zip(layer.windows, size))
        total += layer.multiply_adds(size)
    return total
