"""FCN-32s, FCN-16s and FCN-8s against their twins in PyTorch: scores and every gradient."""

import numpy as np
import pytest

from minifcn.models import FCN8s, FCN16s, FCN32s

from .compare import assert_equal_to, check_layer, copy_state, to_torch
from .drawing import normal
from .twin import SMALL, Twin8s, Twin16s, Twin32s, fill_evenly

PAIRS = {"32s": (FCN32s, Twin32s), "16s": (FCN16s, Twin16s), "8s": (FCN8s, Twin8s)}
SIZES = {100: [(45, 61), (1, 1)], "same": [(45, 61), (1, 1), (96, 33), (2, 130)]}
CASES = [(name, padding, size) for name in PAIRS for padding, sizes in SIZES.items() for size in sizes]


def build(name, padding, dtype, seed=0):
    ours, twin = PAIRS[name]
    model = ours(**SMALL, padding=padding, dropout=0.0, upsampling="learned").astype(dtype)
    fill_evenly(model, np.random.default_rng(seed))
    return model, twin(*SMALL.values(), padding)


@pytest.mark.parametrize(("name", "padding", "size"), CASES)
def test_scores_and_gradients(name, padding, size):
    model, twin = build(name, padding, "float64")
    random = normal(np.random.default_rng(1), "float64", "transposed")
    check_layer(model, twin, random((2 if padding == "same" else 1, 3, *size)), random)
    for key, parameter in model.named_parameters():
        assert parameter.grad.any(), f"no gradient reaches {key}, so none was compared"


@pytest.mark.parametrize(("name", "padding"), [("32s", "same"), ("16s", "same"), ("8s", "same"), ("8s", 100)])
def test_scores_and_gradients_in_single_precision(name, padding):
    model, twin = build(name, padding, "float32", seed=2)
    random = normal(np.random.default_rng(3), "float32", "contiguous")
    check_layer(model, twin, random((1, 3, 45, 61)), random)


@pytest.mark.parametrize("padding", [100, "same"])
@pytest.mark.parametrize("name", PAIRS)
def test_scores_of_several_sizes_while_evaluating(name, padding):
    ours, twin = PAIRS[name]
    model, twin = ours(**SMALL, padding=padding).astype("float64"), twin(*SMALL.values(), padding)
    fill_evenly(model, np.random.default_rng(4))
    copy_state(model, twin)
    model.eval()
    for size in [(38, 27), (1, 64), (97, 32)]:
        images = np.random.default_rng(5).standard_normal((2, 3, *size))
        assert_equal_to(twin(to_torch(images)), model(images), f"scores of {size}")


@pytest.mark.parametrize("name", PAIRS)
def test_fixed_upsampling_leaves_the_other_gradients_as_they_are(name):
    ours, twin = PAIRS[name]
    model = ours(**SMALL, padding="same", dropout=0.0, upsampling="fixed").astype("float64")
    fill_evenly(model, np.random.default_rng(6))
    twin = copy_state(model, twin(*SMALL.values(), "same"))
    rng = np.random.default_rng(7)
    images = rng.standard_normal((1, 3, 45, 61))
    scores = model(images)
    dscores = rng.standard_normal(scores.shape)
    model.backward(dscores)
    twin(to_torch(images)).backward(to_torch(dscores))
    theirs = dict(twin.named_parameters())
    for key, parameter in model.named_parameters():
        assert parameter.trainable == (not key.startswith("upscore")), key
        if parameter.trainable:
            assert_equal_to(theirs[key].grad, parameter.grad, key)
