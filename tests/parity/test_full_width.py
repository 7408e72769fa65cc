"""The paper's own networks, all channels and padding 100, on a small image: scores and every gradient.

The gradients are compared in double precision alone. In single precision rounding decides which of two nearly equal
pixels wins a max-pooling, differently on either side, and a single other winner changes the gradients of the layers
below it by a hundredth.
"""

import math

import numpy as np
import pytest

from minifcn.models import MODELS

from .classifier_twins import caffenet_features
from .compare import assert_equal_to, to_torch, torch
from .twin import Twin8s, cut, up

CLASSES, FC_CHANNELS = 21, 4096


nn = torch.nn


class TwinAlexNet(nn.Module):
    """FCN-AlexNet: CaffeNet, its fully connected layers as convolutions, one upsampling; the published crop is 18."""

    def __init__(self):
        super().__init__()
        for name, layer in caffenet_features(1, padding=100).items():
            self.add_module(name, layer)
        self.fc6 = nn.Conv2d(256, FC_CHANNELS, 6)
        self.relu6 = nn.ReLU()
        self.fc7 = nn.Conv2d(FC_CHANNELS, FC_CHANNELS, 1)
        self.relu7 = nn.ReLU()
        self.score_fr = nn.Conv2d(FC_CHANNELS, CLASSES, 1)
        self.upscore = up(CLASSES, 63, 32)

    def forward(self, images):
        x = images
        for layer in self.children():
            x = layer(x)
        return cut(x, 18, 18, *images.shape[2:])


PAIRS = {"fcn8s": lambda: Twin8s(CLASSES, 1, FC_CHANNELS, 100), "fcn-alexnet": TwinAlexNet}


@pytest.mark.slow  # and 5 GB
@pytest.mark.xdist_group("full")  # one after the other, for their memory
@pytest.mark.parametrize("name", PAIRS)
def test_scores_in_single_and_gradients_in_double_precision(name):
    rng = np.random.default_rng(0)
    model = MODELS[name](dropout=0, upsampling="learned")
    for key, parameter in model.named_parameters():
        if "score" in key:  # they start at 0, and as bilinear interpolation that mixes no classes
            parameter.data[...] = rng.standard_normal(parameter.data.shape) / math.sqrt(parameter.data[0].size)
        elif key.endswith("bias"):
            parameter.data[...] = rng.standard_normal(parameter.data.shape) / 10
    with torch.device("meta"):  # weights of its own would take seconds to draw
        twin = PAIRS[name]()
    images = rng.standard_normal((1, 3, 21, 30), dtype=np.float32)
    share_weights(model, twin)
    with torch.no_grad():
        assert_equal_to(twin(to_torch(images)), model.eval()(images), "scores")

    share_weights(model.astype("float64").train(), twin)
    inputs = to_torch(images.astype("float64"), requires_grad=True)
    scores, theirs = model(images.astype("float64")), twin(inputs)
    assert_equal_to(theirs, scores, "scores")
    dscores = rng.standard_normal(scores.shape)
    theirs.backward(to_torch(dscores))
    assert_equal_to(inputs.grad, model.backward(dscores), "gradient of the images")
    gradients = {key: parameter.grad for key, parameter in twin.named_parameters()}
    for key, parameter in model.named_parameters():
        assert parameter.grad.any(), f"no gradient reaches {key}, so none was compared"
        assert_equal_to(gradients[key], parameter.grad, f"gradient of {key}")


def share_weights(model, twin):
    """Let the twin compute with the model's own arrays: copies would take a gigabyte, and neither side writes."""
    weights = {key: torch.from_numpy(parameter.data) for key, parameter in model.named_parameters()}
    twin.load_state_dict(weights, assign=True)
