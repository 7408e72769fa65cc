"""Whose weights these are, by their names; the names that they have here, and the settings of their network."""

import functools
from collections.abc import Mapping
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from minifcn.checks import instance, is_array
from minifcn.data import Preprocessing
from minifcn.errors import InputError
from minifcn.models import BACKBONES, MODELS
from minifcn.models.vgg import CONFIGURATIONS
from minifcn.text import short

TORCHVISION = Preprocessing(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
# Networks trained in Caffe take blue, green, red, less ImageNet's means; mean and std are for R, G, B even so.
CAFFE = Preprocessing(mean=(122.67892, 116.66877, 104.00699), std=(1, 1, 1), channels="BGR")
CAFFE_GOOGLENET = Preprocessing(mean=(123, 117, 104), std=(1, 1, 1), channels="BGR")  # bvlc_googlenet's own

_EXPECTED = (
    "torchvision's VGG11, 13, 16, 19 and AlexNet; VGG, CaffeNet, GoogLeNet, FCN-32s, 16s, 8s, FCN-AlexNet and"
    " FCN-GoogLeNet with names as in Caffe"
)
_PUBLISHED_AS = {"alexnet": "CaffeNet", "alexnet-owt": "AlexNet"}  # those that have other names than here


class Published(NamedTuple):
    """Weights that somebody published.

    origin         which and whose: "VGG16 of torchvision", "FCN-8s of Caffe"
    arrays         {our name: array}: conv1_1.weight ..., fc6, fc7, fc8 or score_fr and so on; shapes as they were, so
                   that fc6.weight has 2 axes in a classifier and 4 in an FCN
    preprocessing  of the images that the network was trained on
    model          the network's name: in BACKBONES a classifier's, in MODELS an FCN's
    settings       what its constructor takes, from the arrays' shapes: `load_state_dict(arrays)` fits that network
    """

    origin: str
    arrays: dict
    preprocessing: Preprocessing
    model: str
    settings: dict


def recognise(arrays: dict[str, np.ndarray]) -> Published:
    """{name: array} as it was read -> Published.

    What all names begin with, up to a dot, is left out: "module.", "_orig_mod.", "model." and so on, of whatever the
    network was wrapped in. Names and shapes tell the network, but not what has no weights:
    - the images: a VGG of Caffe's that somebody gave torchvision's names passes for torchvision's;
    - FCN-8s trained at once, whose pools are scaled before their scores: it passes for the FCN-8s trained skip by skip.
      Whoever knows better adds at_once=True to the settings;
    - Caffe's other AlexNet, which normalises before it pools: it passes for CaffeNet, which pools first;
    - the padding of an FCN: it is taken for 100, as published;
    - how pooling rounds: up, as in Caffe. torchvision's networks round down, so that their maps and scores are equal to
      those here where the sides of an image divide by 32. For others set ceil_mode=True in each of torchvision's
      MaxPool2d, or here ceil_mode=False in each MaxPool2d of `layers()`.
    Raises InputError where the names are of no network known here, and where the shapes do not make up that network.
    """
    instance(arrays, "the weights", Mapping, "{name: array}, as read_tensors gives them")
    if wrong := [name for name, array in arrays.items() if not isinstance(name, str) or not is_array(array)]:
        raise InputError(f"the weights have {wrong[0]!r}: {type(arrays[wrong[0]]).__name__}; expected text: array")
    some = ", ".join(map(short, list(arrays)[:3]))
    arrays = _unwrapped(arrays)
    normed = next((name for name in arrays if name.endswith("running_mean")), None)
    if normed:
        given = f"batch normalisation ({short(normed)}), as torchvision's vgg16_bn, ResNets and most newer nets have"
        advice = "take a network without it, vgg16 for vgg16_bn"
        raise InputError(f"the weights have {given}; expected {_EXPECTED}: {advice}")
    for network in _networks():
        if arrays.keys() == network.names.keys():
            renamed = {network.names[name]: array for name, array in arrays.items()}
            settings = _settings(network, renamed)
            return Published(network.origin, renamed, network.preprocessing, network.model, settings)
    given = f"the {len(arrays)} weights ({some} ...) are of no network known here"
    raise InputError(f"{given}{_nearest(arrays)}: expected {_EXPECTED}")


def _unwrapped(arrays):
    """The arrays without what all their names begin with, up to a dot."""
    words = [name.split(".") for name in arrays]
    shared = sum(1 for _ in takewhile(lambda nth: len({*nth}) == 1, zip(*(before for *before, _ in words))))
    return {".".join(name[shared:]): array for name, array in zip(words, arrays.values())}


def _nearest(arrays):
    """In words, which network the names are nearly of, and where they differ; nothing where they share none."""
    nearest = max(_networks(), key=lambda network: len(network.names.keys() & arrays.keys()))
    lost = [name for name in nearest.names if name not in arrays]
    if len(lost) == len(nearest.names):
        return ""
    more = [name for name in arrays if name not in nearest.names]
    parts = [f"{verb} {short(names[0])}" for verb, names in (("lack", lost), ("have", more)) if names]
    return f" (nearest is {nearest.origin}, but they {' and '.join(parts)})"


class _Network(NamedTuple):
    """A network that somebody published, and {their name of a weight: ours}."""

    origin: str
    model: str
    preprocessing: Preprocessing
    names: dict


def _built(model, **settings):
    """A network of BACKBONES or MODELS, for its names and shapes: no number of it is used."""
    return (BACKBONES | MODELS)[model](**settings)


def _network(whose, preprocessing, model, theirs=None, **settings):
    """theirs: the published names in the order that the weights have here, None where they are ours."""
    net = _built(model, **settings)
    ours = [name for name, _ in net.named_parameters()]
    origin = f"{_PUBLISHED_AS.get(model, net.title)} of {whose}"
    return _Network(origin, model, preprocessing, dict(zip(theirs or ours, ours, strict=True)))


def _of_torchvision(features, classifier):
    """torchvision's names of weights, from the numbers of the layers in its `features` and its `classifier`."""
    layers = [*(f"features.{number}" for number in features), *(f"classifier.{number}" for number in classifier)]
    return [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]


def _convolutions(vgg):
    """torchvision's numbers of a VGG's convolutions: they count convolutions, ReLUs and poolings alike."""
    number = 0
    for kernels in CONFIGURATIONS[BACKBONES[vgg].configuration]:
        for _ in kernels:
            yield number
            number += 2  # and its ReLU
        number += 1  # the pooling


@functools.cache
def _networks():
    vggs, fcns = ("vgg11", "vgg13", "vgg16", "vgg19"), ("fcn32s", "fcn16s", "fcn8s", "fcn-alexnet", "fcn-googlenet")
    torchvision = {vgg: _of_torchvision(_convolutions(vgg), (0, 3, 6)) for vgg in vggs}
    torchvision["alexnet-owt"] = _of_torchvision((0, 3, 6, 8, 10), (1, 4, 6))
    return [
        *(_network("torchvision", TORCHVISION, model, names) for model, names in torchvision.items()),
        *(_network("Caffe", CAFFE, model) for model in (*vggs, "alexnet", *fcns)),
        _network("Caffe", CAFFE_GOOGLENET, "googlenet"),
        _network("Caffe", CAFFE_GOOGLENET, "googlenet", auxiliary=True),
    ]


def _settings(network, arrays):
    """The settings of a network that {our name: array} fits. InputError where there are none."""
    first, whole = next(iter(_built(network.model).named_parameters()))
    last = next(layer for layer in ("score_fr", "loss3/classifier", "fc8") if f"{layer}.weight" in arrays)
    settings = {"n_class": _outputs(arrays, f"{last}.weight"), "width": _outputs(arrays, first) / whole.shape[0]}
    if "fc6.weight" in arrays:
        settings["fc_channels"] = _outputs(arrays, "fc6.weight")
    if "loss1/fc.weight" in arrays:
        settings["auxiliary"] = True
    if network.model in MODELS:
        up = next(array for name, array in arrays.items() if name.startswith("upscore"))
        per_class = up.shape[1:2] == (1,) and settings["n_class"] > 1
        settings["upsampling_kernels"] = "per-class" if per_class else "full"
    for name, parameter in _built(network.model, **settings).named_parameters():
        if arrays[name].shape != parameter.shape:
            beside = ", ".join(f"{key} {value}" for key, value in settings.items())
            given = f"the weights have the names of {network.origin}, but {name} has the shape {arrays[name].shape}"
            raise InputError(f"{given}, expected {parameter.shape} for {beside}: they are of another network")
    return settings | ({"padding": 100} if network.model in MODELS else {})


def _outputs(arrays, name):
    """How many channels come out of a layer: the first axis of its weight."""
    shape = arrays[name].shape
    if not shape or not shape[0]:
        raise InputError(f"{name} of the weights has the shape {shape}, expected (channels, ...) of a network")
    return shape[0]
