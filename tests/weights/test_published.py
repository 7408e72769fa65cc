"""Whose names a dict of arrays has, and what they are here. The lists are torchvision's and Caffe's, written out."""

import numpy as np
import pytest

from minifcn.data import Preprocessing
from minifcn.errors import InputError
from minifcn.models import BACKBONES, MODELS
from minifcn.weights import recognise

CONVOLUTIONS = {  # of torchvision's VGGs, by their numbers in `features`
    "VGG11": "0 conv1_1 3 conv2_1 6 conv3_1 8 conv3_2 11 conv4_1 13 conv4_2 16 conv5_1 18 conv5_2",
    "VGG13": "0 conv1_1 2 conv1_2 5 conv2_1 7 conv2_2 10 conv3_1 12 conv3_2 15 conv4_1 17 conv4_2 20 conv5_1"
    " 22 conv5_2",
    "VGG16": "0 conv1_1 2 conv1_2 5 conv2_1 7 conv2_2 10 conv3_1 12 conv3_2 14 conv3_3 17 conv4_1 19 conv4_2 21 conv4_3"
    " 24 conv5_1 26 conv5_2 28 conv5_3",
    "VGG19": "0 conv1_1 2 conv1_2 5 conv2_1 7 conv2_2 10 conv3_1 12 conv3_2 14 conv3_3 16 conv3_4 19 conv4_1 21 conv4_2"
    " 23 conv4_3 25 conv4_4 28 conv5_1 30 conv5_2 32 conv5_3 34 conv5_4",
}
ALEXNET = {"features.0": "conv1", "features.3": "conv2", "features.6": "conv3", "features.8": "conv4"}
ALEXNET |= {"features.10": "conv5", "classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8"}


def names_of(network):
    """{torchvision's layer: ours}."""
    if network == "AlexNet":
        return ALEXNET
    words = CONVOLUTIONS[network].split()
    names = {f"features.{number}": ours for number, ours in zip(words[::2], words[1::2])}
    return names | {"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "fc8"}


def arrays_of(network, layers=None):
    """The weights of a small network of ours, under the names of these layers, which are in its own order."""
    ours = BACKBONES["alexnet-owt" if network == "AlexNet" else network.lower()](3, 1 / 16, fc_channels=4).state_dict()
    layers = layers or [name.removesuffix(".weight") for name in ours if name.endswith(".weight")]
    return dict(zip([f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")], ours.values(), strict=True))


@pytest.mark.parametrize("network", [*CONVOLUTIONS, "AlexNet"])
def test_networks_of_torchvision(network):
    names = names_of(network)
    arrays = arrays_of(network, names)
    origin, ours, preprocessing, *_ = recognise(arrays)
    assert origin == f"{network} of torchvision"
    assert list(ours) == [f"{layer}.{kind}" for layer in names.values() for kind in ("weight", "bias")]
    for layer, name in names.items():
        for kind in ("weight", "bias"):
            assert ours[f"{name}.{kind}"] is arrays[f"{layer}.{kind}"]  # as it was, in shape too
    assert preprocessing == Preprocessing((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


def test_torchvision_takes_red_green_blue_from_0_to_1():
    """Its own words: mean [0.485, 0.456, 0.406] and std [0.229, 0.224, 0.225] of images divided by 255."""
    image = np.random.default_rng(0).integers(256, size=(4, 5, 3), dtype=np.uint8)
    theirs = (image / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    ours = recognise(arrays_of("VGG16", names_of("VGG16"))).preprocessing(image)
    np.testing.assert_allclose(ours, theirs.transpose(2, 0, 1), rtol=1e-5, atol=1e-6)


FCNS = {"fcn32s": "FCN-32s", "fcn16s": "FCN-16s", "fcn8s": "FCN-8s"}
FCNS |= {"fcn-alexnet": "FCN-AlexNet", "fcn-googlenet": "FCN-GoogLeNet"}


@pytest.mark.parametrize("network", FCNS)
def test_fcns_have_our_names_already(network):
    arrays = MODELS[network](n_class=3, width=1 / 16, fc_channels=4).state_dict()
    origin, ours, *_ = recognise(arrays)
    assert origin == f"{FCNS[network]} of Caffe"
    assert ours.keys() == arrays.keys() and all(ours[name] is arrays[name] for name in arrays)


@pytest.mark.parametrize("network", CONVOLUTIONS)
def test_vggs_with_the_names_of_caffe(network):
    assert recognise(arrays_of(network, names_of(network).values())).origin == f"{network} of Caffe"


def test_caffenet_with_the_names_of_caffe():
    """Its groups, which are in the shapes, tell it from torchvision's AlexNet."""
    layers = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]
    arrays = {f"{layer}.{kind}": 0 for layer in layers for kind in ("weight", "bias")}
    arrays |= BACKBONES["alexnet"](3, 1 / 16, fc_channels=4).state_dict()
    assert len(arrays) == 16 and recognise(arrays).origin == "CaffeNet of Caffe"
    with pytest.raises(InputError, match=r"names of CaffeNet of Caffe, but conv2.weight has the shape \(12, 4, 5, 5\)"):
        recognise(BACKBONES["alexnet-owt"](3, 1 / 16, fc_channels=4).state_dict())


@pytest.mark.parametrize("auxiliary", [False, True])
def test_googlenet_with_the_names_of_caffe(auxiliary):
    layers = ["conv1/7x7_s2", "conv2/3x3_reduce", "conv2/3x3", "loss3/classifier"]
    for module in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        branches = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
        layers += [f"inception_{module}/{branch}" for branch in branches]
    for loss in ("loss1", "loss2") if auxiliary else ():
        layers += [f"{loss}/{last}" for last in ("conv", "fc", "classifier")]
    arrays = {f"{layer}.{kind}": 0 for layer in layers for kind in ("weight", "bias")}
    arrays |= BACKBONES["googlenet"](3, 1 / 16, auxiliary=auxiliary).state_dict()
    found = recognise(arrays)
    assert len(arrays) == 2 * len(layers) and found.origin == "GoogLeNet of Caffe"
    assert found.preprocessing == Preprocessing((123, 117, 104), (1, 1, 1), "BGR")


def test_caffe_takes_blue_green_red_less_the_means():
    image = np.random.default_rng(0).integers(256, size=(4, 5, 3), dtype=np.uint8)
    theirs = image[:, :, ::-1] - [104.00699, 116.66877, 122.67892]
    ours = recognise(arrays_of("VGG16")).preprocessing(image)
    np.testing.assert_allclose(ours, theirs.transpose(2, 0, 1), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("extra", ["features.1.running_mean", "features.1.num_batches_tracked", "classifier.9.weight"])
def test_variants_are_not_taken_for_the_network(extra):
    arrays = arrays_of("VGG16", names_of("VGG16")) | {extra: np.zeros(2)}
    with pytest.raises(InputError, match="VGG11, 13, 16, 19") as error:
        recognise(arrays)
    assert ("vgg16 for vgg16_bn" in str(error.value)) == extra.endswith("running_mean")


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "net.module._orig_mod."])
@pytest.mark.parametrize("network", ["VGG16", "AlexNet"])
def test_what_all_names_begin_with_is_left_out(prefix, network):
    arrays = arrays_of(network, names_of(network))
    found = recognise({prefix + name: array for name, array in arrays.items()})
    assert found.origin == f"{network} of torchvision"
    assert all(ours is theirs for ours, theirs in zip(found.arrays.values(), arrays.values(), strict=True))


def test_what_some_names_begin_with_stays_and_the_difference_is_named():
    arrays = {f"module.{name}": array for name, array in MODELS["fcn16s"](3, 1 / 16, 4).state_dict().items()}
    with pytest.raises(
        InputError, match=r"\(module.conv1_1.weight, .* are of no network known here: expected"
    ) as error:
        recognise(arrays | {"criterion.weight": np.zeros(3)})
    assert "\n" not in str(error.value)
    loss = {"module.loss": np.zeros(3)}
    with pytest.raises(InputError, match=r"\(nearest is FCN-16s of Caffe, but they have loss\): expected"):
        recognise(arrays | loss)
    del arrays["module.fc7.bias"]
    with pytest.raises(InputError, match=r"nearest is FCN-16s of Caffe, but they lack fc7.bias and have loss\)"):
        recognise(arrays | loss)


def test_batch_normalisation_is_named_with_the_networks_that_have_it():
    names = ["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"]
    with pytest.raises(
        InputError, match=r"batch normalisation \(bn1.running_mean\), as torchvision's vgg16_bn, ResNets"
    ):
        recognise({f"backbone.{name}": np.zeros(3) for name in names})


@pytest.mark.parametrize("lost", ["features.28.bias", "classifier.6.weight"])
def test_nothing_may_be_missing(lost):
    arrays = arrays_of("VGG16", names_of("VGG16"))
    del arrays[lost]
    with pytest.raises(InputError, match="no network known here"):
        recognise(arrays)


@pytest.mark.parametrize("arrays", [{}, {"layer1.0.conv1.weight": np.zeros(3)}, {"x" * 10_000 + "\n": np.zeros(3)}])
def test_other_names_are_refused_in_one_line(arrays):
    with pytest.raises(InputError, match="no network known here") as error:
        recognise(arrays)
    assert len(str(error.value)) < 500 and "\n" not in str(error.value)
