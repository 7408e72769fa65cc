"""Whose weights these are, by their names, and the names that the networks here give them."""

from typing import NamedTuple

from minifcn.data import Preprocessing
from minifcn.errors import InputError
from minifcn.formats.descriptions import shown
from minifcn.models.vgg import CONFIGURATIONS, VGG11, VGG13, VGG16, VGG19

TORCHVISION = Preprocessing(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
# Networks trained in Caffe take blue, green, red, less ImageNet's means; mean and std are for R, G, B even so.
CAFFE = Preprocessing(mean=(122.67892, 116.66877, 104.00699), std=(1, 1, 1), channels="BGR")

_VGG = {  # convolutions of each block
    vgg.title: tuple(len(kernels) for kernels in CONFIGURATIONS[vgg.configuration])
    for vgg in (VGG11, VGG13, VGG16, VGG19)
}
_HEADS = {  # layers after fc7: whose they are
    ("score_fr", "upscore"): "FCN-32s",
    ("score_fr", "score_pool4", "upscore2", "upscore16"): "FCN-16s",
    ("score_fr", "score_pool4", "score_pool3", "upscore2", "upscore_pool4", "upscore8"): "FCN-8s",
}
_EXPECTED = "torchvision's VGG11, 13, 16, 19 and AlexNet; VGG and FCN-32s, 16s, 8s with names as in Caffe"


class Published(NamedTuple):
    """Weights that somebody published.

    origin         which and whose: "VGG16 of torchvision", "FCN-8s of Caffe"
    arrays         {our name: array}: conv1_1.weight ..., fc6, fc7, fc8 or score_fr and so on; shapes as they were, so
                   that fc6.weight has 2 axes in a classifier and 4 in an FCN
    preprocessing  of the images that the network was trained on
    """

    origin: str
    arrays: dict
    preprocessing: Preprocessing


def recognise(arrays):
    """{name: array} as it was read -> Published. Raises InputError where the names are of no network known here.

    Names tell the network, not its images: a VGG of Caffe's that somebody gave torchvision's names passes for
    torchvision's.
    """
    normed = next((name for name in arrays if name.endswith("running_mean")), None)
    if normed:
        raise InputError(
            f"the weights have batch normalisation ({shown(normed)}), expected {_EXPECTED}: take those without it,"
            " vgg16 for vgg16_bn"
        )
    for network, ours in _TORCHVISION.items():
        if arrays.keys() == _parameters(ours):
            renamed = {_renamed(name, ours): array for name, array in arrays.items()}
            return Published(f"{network} of torchvision", renamed, TORCHVISION)
    for network, layers in _CAFFE.items():
        biased = {layer for layer in layers if not layer.startswith("upscore")}
        if arrays.keys() == _parameters(biased) | {f"{layer}.weight" for layer in layers}:
            return Published(f"{network} of Caffe", dict(arrays), CAFFE)
    some = ", ".join(map(shown, list(arrays)[:3]))
    raise InputError(f"the {len(arrays)} weights ({some} ...) are of no network known here: expected {_EXPECTED}")


def _convolutions(blocks):
    return [f"conv{block}_{i}" for block, count in enumerate(blocks, start=1) for i in range(1, count + 1)]


def _vgg_of_torchvision(blocks):
    """{torchvision's layer: ours}. Its numbers count convolutions, ReLUs and poolings alike."""
    names, number = {}, 0
    for block, count in enumerate(blocks, start=1):
        for i in range(1, count + 1):
            names[f"features.{number}"] = f"conv{block}_{i}"
            number += 2  # and its ReLU
        number += 1  # the pooling
    return names | {"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "fc8"}


_TORCHVISION = {network: _vgg_of_torchvision(blocks) for network, blocks in _VGG.items()}
_TORCHVISION["AlexNet"] = {
    **{f"features.{number}": f"conv{i}" for i, number in enumerate((0, 3, 6, 8, 10), start=1)},
    **{"classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8"},
}
_CAFFE = {network: [*_convolutions(blocks), "fc6", "fc7", "fc8"] for network, blocks in _VGG.items()}
_CAFFE |= {network: [*_convolutions(_VGG["VGG16"]), "fc6", "fc7", *head] for head, network in _HEADS.items()}


def _parameters(layers):
    return {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}


def _renamed(name, ours):
    layer, kind = name.rsplit(".", 1)
    return f"{ours[layer]}.{kind}"
