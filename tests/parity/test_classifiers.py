"""Every classifier with its fully connected head against its twin in PyTorch, in float64: scores and every gradient."""

import numpy as np
import pytest

from minifcn.layers import Dropout
from minifcn.models import BACKBONES
from minifcn.models.googlenet import GoogLeNet

from . import classifier_twins as twins
from .compare import assert_equal_to, check_layer, copy_state, to_torch, torch
from .drawing import normal
from .twin import fill_evenly

# Sides of images whose pools round up. Maps of 2x2 are left of them, so that the order of flattening counts.
VGG_SIDE, ALEXNET_SIDE, LEFT = 45, {"alexnet": 98, "alexnet-owt": 92}, 2


def build(name):
    if name == "googlenet":
        return GoogLeNet(3, 1 / 8, dropout=0, image_size=64), twins.GoogLeNet(3, 8, LEFT)
    make = twins.alexnet if name in ALEXNET_SIDE else twins.vgg
    ours = BACKBONES[name](3, 1 / 16, fc_channels=8, dropout=0, image_size=ALEXNET_SIDE.get(name, VGG_SIDE))
    return ours, make(name, 3, 16, 8, LEFT)


def fill(model, rng):
    """Random parameters; biases so large that the few channels stay alive."""
    fill_evenly(model.astype("float64"), rng)
    for parameter in model.parameters():
        if parameter.data.ndim == 1:
            parameter.data += rng.uniform(1, 3, parameter.data.shape)


@pytest.mark.parametrize("name", BACKBONES)
def test_scores_and_gradients(name):
    rng = np.random.default_rng(0)
    model, twin = build(name)
    fill(model, rng)
    random = normal(rng, "float64", "contiguous")
    check_layer(model, twin, random((2, 3, model.image_size, model.image_size)), random)
    for key, parameter in model.named_parameters():
        assert parameter.grad.any(), f"no gradient reaches {key}, so none was compared"


def test_googlenets_auxiliary_classifiers():
    """Of 128x128 pixels the auxiliary classifiers see 8x8, and 2x2 after their pooling; 4x4 are left at the end."""
    rng = np.random.default_rng(0)
    model = GoogLeNet(3, 1 / 8, dropout=0, image_size=128, auxiliary=True)
    for layer in model.layers():
        if isinstance(layer, Dropout):
            layer.p = 0  # the auxiliary classifiers' is no setting
    fill(model, rng)
    twin = copy_state(model, twins.GoogLeNet(3, 8, side=4, auxiliary_side=2))
    images = rng.standard_normal((2, 3, 128, 128))
    inputs = to_torch(images, requires_grad=True)
    scores, theirs = model(images), twin(inputs)
    dscores = [rng.standard_normal((2, 3)) for _ in range(3)]
    for name, our, their in zip(("loss3", "loss1", "loss2"), scores, theirs, strict=True):
        assert_equal_to(their, our, f"scores of {name}")
    torch.autograd.backward(theirs, [to_torch(d) for d in dscores])
    assert_equal_to(inputs.grad, model.backward(dscores), "gradient of the images")
    gradients = {name: parameter.grad for name, parameter in twin.named_parameters()}
    for key, parameter in model.named_parameters():
        assert parameter.grad.any(), f"no gradient reaches {key}, so none was compared"
        assert_equal_to(gradients[key], parameter.grad, f"gradient of {key}")
