"""Fully convolutional networks from scratch on NumPy and CuPy: every forward and backward pass by hand.

The names below are to be had from here, `minifcn.FCN8s`. A name's module is imported when it is first used, so that
`import minifcn` and the command line's help cost next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minifcn.backend import array_module, gpu_status, to_device, to_host
    from minifcn.convolution import col2im, conv_matrix, im2col
    from minifcn.errors import InputError
    from minifcn.gradcheck import check_gradients
    from minifcn.layers import Conv2d, ConvTranspose2d, Dropout, MaxPool2d, ReLU, Sequential, SoftmaxCrossEntropy
    from minifcn.metrics import ConfusionMatrix
    from minifcn.models import FCN8s, FCN16s, FCN32s
    from minifcn.optim import SGD

__version__ = "0.2.0"
__all__ = [
    "SGD",
    "ConfusionMatrix",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "FCN8s",
    "FCN16s",
    "FCN32s",
    "InputError",
    "MaxPool2d",
    "ReLU",
    "Sequential",
    "SoftmaxCrossEntropy",
    "array_module",
    "check_gradients",
    "col2im",
    "conv_matrix",
    "gpu_status",
    "im2col",
    "to_device",
    "to_host",
]
_ROOMS = ("errors", "backend", "convolution", "layers", "models", "optim", "metrics", "gradcheck")  # and their order


if not TYPE_CHECKING:  # or a type checker would take every name for one of ours

    def __getattr__(name):
        if name in _ROOMS:
            return import_module(f"minifcn.{name}")
        if name in __all__:
            modules = (import_module(f"minifcn.{room}") for room in _ROOMS)
            return next(getattr(module, name) for module in modules if hasattr(module, name))
        raise AttributeError(f"module 'minifcn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, "__version__"])
