"""Weights of one network for another: by name, and by shape."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from minifcn.backend import Array
from minifcn.checks import instance
from minifcn.errors import InputError
from minifcn.layers import Layer

OUTPUTS = ("score", "upscore", "fc8", "loss")  # how layers begin whose channels are the classes of the data


class Transplant(NamedTuple):
    """Names of the parameters: copied as they were, copied in another shape (a Linear's into a convolution), left as
    they are in the net for want of one that fits, and those of the weights that were not used."""

    copied: list[str]
    reshaped: list[str]
    left: list[str]
    unused: list[str]

    @property
    def missing(self) -> list[str]:
        """Those left that do not depend on the classes, and should have had weights."""
        return [name for name in self.left if not name.startswith(OUTPUTS)]


def transplant(model: Layer, arrays: Mapping[str, Array]) -> Transplant:
    """Copy {name: array} into a model's parameters of the same name and shape, or as many numbers -> Transplant.

    Layers of the OUTPUTS may be of other classes, and are left then.
    Raises InputError, before anything is changed, where another shape does not fit, or no name.
    """
    instance(model, "transplant: model", Layer, "a network")
    instance(arrays, "transplant: arrays", Mapping, "{name: array}, as load_weights gives it")
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    fitting = {name: array for name, array in arrays.items() if name in shapes and _fits(array.shape, shapes[name])}
    for name, shape in shapes.items():
        if name in arrays and name not in fitting and not name.startswith(OUTPUTS):
            raise InputError(
                f"{name} has shape {tuple(arrays[name].shape)} in the weights, {shape} in this {type(model).__name__}: "
                "another width, fc_channels, image_size or backbone?"
            )
    if not fitting:
        raise InputError(f"none of the weights is one of {type(model).__name__}'s: they are of another network")
    taken = model.copy_from({name: array.reshape(shapes[name]) for name, array in fitting.items()})
    return Transplant(
        copied=[name for name in taken if fitting[name].shape == shapes[name]],
        reshaped=[name for name in taken if fitting[name].shape != shapes[name]],
        left=[name for name in shapes if name not in fitting],
        unused=[name for name in arrays if name not in fitting],
    )


def _fits(given, shape):
    """Whether an array of the shape `given` holds a parameter's numbers: (O, C*kh*kw) are (O, C, kh, kw)."""
    flat = (shape[0], math.prod(shape[1:]))
    return tuple(given) == shape or (len(shape) == 4 and tuple(given) == flat)
