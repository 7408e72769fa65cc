"""FCN-32s on every classifier against the same layers of PyTorch, in float64: scores and every gradient."""

import numpy as np
import pytest

from minifcn.commands.bench.peers import TorchFCN
from minifcn.models import BACKBONES, FCN32s

from .compare import assert_equal_to, to_torch
from .twin import fill_evenly


@pytest.mark.parametrize("padding", [100, "same"])
@pytest.mark.parametrize("name", BACKBONES)
def test_scores_and_gradients(name, padding):
    rng = np.random.default_rng(0)
    width = 1 / 4 if name == "googlenet" else 1 / 16  # a single channel of a reduction may be dead everywhere
    model = FCN32s(3, width, 8, padding, dropout=0, upsampling="learned", backbone=name)
    fill_evenly(model, rng)
    for parameter in model.parameters():
        if parameter.data.ndim == 1:  # biases: so large that the few channels stay alive
            parameter.data += rng.uniform(1, 3, parameter.data.shape)
    twin = TorchFCN(model, "cpu")  # its weights are float32, and so exact in float64
    model.astype("float64")
    for module in twin.layers.values():
        if hasattr(module, "double"):
            module.double()
    images = rng.standard_normal((1, 3, 45, 61))
    inputs = to_torch(images, requires_grad=True)
    scores, theirs = model(images), twin(inputs)
    assert abs(scores).max() > 1e-3
    assert_equal_to(theirs, scores, "scores")
    dscores = rng.standard_normal(scores.shape)
    theirs.backward(to_torch(dscores))
    assert_equal_to(inputs.grad, model.backward(dscores), "gradient of the images")
    for key, ours, theirs in twin.pairs():
        assert ours.grad.any(), f"no gradient reaches {key}"
        assert_equal_to(theirs.grad, ours.grad, f"gradient of {key}")
