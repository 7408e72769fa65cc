"""Networks built from the layers."""

from collections.abc import Callable
from functools import partial

from minifcn.models.backbones import BACKBONES
from minifcn.models.fcn import FCN, FCN8s, FCN16s, FCN32s

MODELS: dict[str, Callable[..., FCN]] = {
    "fcn32s": FCN32s,
    "fcn16s": FCN16s,
    "fcn8s": FCN8s,
    "fcn-vgg16": FCN32s,
    "fcn-alexnet": partial(FCN32s, backbone="alexnet"),
    "fcn-googlenet": partial(FCN32s, backbone="googlenet"),
}

__all__ = ["BACKBONES", "FCN", "MODELS", "FCN8s", "FCN16s", "FCN32s"]
