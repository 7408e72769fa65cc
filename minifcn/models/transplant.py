"""Weights of one network for another: by name, and by shape."""

from typing import NamedTuple

import numpy as np

from minifcn.backend import array_module
from minifcn.errors import InputError


class Transplant(NamedTuple):
    """Names of the parameters: copied as they were, copied in another shape (a Linear's into a convolution), left as
    they are in the net for want of one that fits, and those of the weights that were not used."""

    copied: list
    reshaped: list
    left: list
    unused: list


def transplant(model, arrays):
    """Copy {name: array} into a model's parameters of the same name and shape, or as many numbers -> Transplant.

    Raises InputError where nothing fits.
    """
    result = Transplant([], [], [], [])
    for name, parameter in model.named_parameters():
        array = arrays.get(name)
        if array is None or not _fits(array.shape, parameter.data.shape):
            result.left.append(name)
            continue
        (result.copied if array.shape == parameter.data.shape else result.reshaped).append(name)
        parameter.data[...] = array_module(parameter.data).asarray(np.reshape(array, parameter.data.shape))
    taken = {*result.copied, *result.reshaped}
    result.unused.extend(name for name in arrays if name not in taken)
    if not taken:
        raise InputError(f"none of the weights is one of {type(model).__name__}'s: they are of another network")
    return result


def _fits(given, shape):
    """Whether an array of the shape `given` holds a parameter's numbers: (O, C*kh*kw) are (O, C, kh, kw)."""
    flat = (shape[0], int(np.prod(shape[1:])))
    return tuple(given) == shape or (len(shape) == 4 and tuple(given) == flat)
