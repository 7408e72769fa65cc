"""Patches cut out one by one, and whole images whose loss is sampled: the same gradients."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.alternatives import patch_gradients, sample_pixels, sampled_gradients
from minifcn.backend import to_device
from minifcn.errors import InputError
from minifcn.layers import Conv2d, MaxPool2d, ReLU, Sequential, SoftmaxCrossEntropy

from .drawing import drawn, nets, row

BOTH = pytest.mark.parametrize("road", [sampled_gradients, patch_gradients])


def assert_same(found, expected):
    (loss, gradients), (expected_loss, expected_gradients) = found, expected
    assert loss == pytest.approx(expected_loss, rel=1e-10, abs=1e-10)
    assert gradients.keys() == expected_gradients.keys()
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected_gradients[name], rtol=0, atol=1e-10, err_msg=name)


@BOTH
def test_by_hand(road):
    # Largest of pairs (1 3), (2 0), (4 1): 3 2 4. Weights 0 for both classes: each has probability 1/2, so a pixel of
    # class 0 gives its scores the gradient -1/2, +1/2. The pixel in the middle is void: weights get -(3 + 4) / 2.
    layer = Conv2d(1, 2, 1).astype("float64")
    layer.weight.data[...] = 0
    loss, gradients = road([MaxPool2d((1, 2)), layer], row(1, 3, 2, 0, 4, 1), np.array([[[0, 255, 0]]]))
    assert loss == pytest.approx(2 * math.log(2))
    np.testing.assert_allclose(gradients["1.weight"].ravel(), [-3.5, 3.5])
    np.testing.assert_allclose(gradients["1.bias"], [-1, 1])


def with_classes(case, rng, probability):
    """(net, images, sampled labels) of a drawn net, with a last layer of 3 classes if it has another number."""
    net, images = case
    shape = net(images).shape
    score = Conv2d(shape[1], 3, 1, rng=rng).astype("float64")
    net = Sequential(*net.named.values(), score)
    return net, images, sample_pixels(rng.integers(0, 3, (len(images), *shape[2:])), probability, rng)


@drawn(100)
@given(nets(), st.integers(0, 2**32 - 1), st.sampled_from((0.3, 0.7, 1)))
def test_the_gradient_of_a_sampled_loss_is_the_sum_over_the_patches(case, seed, probability):
    given = with_classes(case, np.random.default_rng(seed), probability)
    assert_same(sampled_gradients(*given), patch_gradients(*given))


def test_all_pixels_are_the_whole_image():
    rng = np.random.default_rng(0)
    net = Sequential(Conv2d(3, 4, 3, rng=rng), ReLU(), MaxPool2d(2), Conv2d(4, 3, 2, rng=rng)).astype("float64")
    images, labels = rng.standard_normal((2, 3, 13, 10)), rng.integers(0, 3, (2, 4, 3))
    criterion = SoftmaxCrossEntropy(reduction="sum")
    loss = criterion(net(images), labels)
    net.backward(criterion.backward())
    expected = loss, {name: parameter.grad.copy() for name, parameter in net.named_parameters()}
    assert_same(patch_gradients(net, images, labels), expected)
    for name, parameter in net.named_parameters():  # the net's own gradients are as they were
        np.testing.assert_array_equal(parameter.grad, expected[1][name])
    net.named["0"].bias.trainable = False
    assert set(sampled_gradients(net, images, labels)[1]) == {"0.weight", "3.weight", "3.bias"}


@BOTH
def test_no_pixel_at_all(road):
    net = [Conv2d(1, 2, 2)]
    loss, gradients = road(net, np.ones((1, 1, 3, 3), "float32"), np.full((1, 2, 2), 255))
    assert loss == 0 and not any(gradient.any() for gradient in gradients.values())


def test_on_the_device(device):
    rng = np.random.default_rng(0)
    net = Sequential(Conv2d(2, 3, 3, rng=rng), ReLU(), MaxPool2d(2), Conv2d(3, 2, 2, rng=rng))
    images, labels = rng.standard_normal((2, 2, 9, 8), "float32"), rng.integers(0, 2, (2, 2, 2))
    sampled = sample_pixels(labels, 0.5, np.random.default_rng(1))
    loss, expected = sampled_gradients(net, images, sampled)
    net, images = net.to("gpu"), to_device(images, "gpu")
    there = sample_pixels(to_device(labels, "gpu"), 0.5, np.random.default_rng(1))
    for road in (sampled_gradients, patch_gradients):
        loss_there, found = road(net, images, there)
        assert loss_there == pytest.approx(loss, rel=1e-5)
        for name, gradient in found.items():
            device.assert_same(gradient, expected[name])


@BOTH
@pytest.mark.parametrize(
    "net, labels, problem",
    [
        ([Conv2d(1, 2, 3, padding=1)], np.zeros((1, 8, 8), int), r"layer 0 pads by \(1, 1\)"),
        ([Conv2d(1, 2, 3, 2)], np.zeros((1, 6, 6), int), r"labels are \(1, 6, 6\), expected \(1, 3, 3\): one for each"),
        ([Conv2d(1, 2, 3)], [[0]], r"labels are list, expected \(1, 6, 6\)"),
        ([Conv2d(1, 2, 3)], np.full((1, 6, 6), 2), "label 2 is none of the 2 classes"),
        ([Conv2d(1, 2, 9)], np.zeros((1, 1, 1), int), "the image has 8x8 pixels, a score sees 9x9"),
    ],
)
def test_what_is_refused(road, net, labels, problem):
    with pytest.raises(InputError, match=problem):
        road(net, np.zeros((1, 1, 8, 8), "float32"), labels)
