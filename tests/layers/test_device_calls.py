"""What layers, loss and optimizer give a GPU to do, counted on the strict double: few calls, nothing in secret."""

import cupy_costs
import numpy as np
import pytest

from minifcn.backend import to_device
from minifcn.layers import (
    AvgPool2d,
    Dropout,
    LocalResponseNorm,
    MaxPool2d,
    MaxUnpool2d,
    Parameter,
    ReLU,
    SoftmaxCrossEntropy,
)
from minifcn.metrics import ConfusionMatrix, predicted_classes
from minifcn.optim import SGD

SECRETS = {"operand copies", "out copies", "input copies", "a[i] += b copies", "index arrays", "guesses"}
RNG = np.random.default_rng(0)


def calls(device, function, *args, waits=None):
    """(result, how many calls a function makes), none of which copies in secret, waits (but for these) or uploads."""
    device.forget()
    result = function(*args)
    if device.counts:
        assert not SECRETS & cupy_costs.counts.keys()
        device.assert_copies(waits)
    return result, device.counted("calls")


def on_device(*shape):
    """An array of one image: a leading axis of 1 is where CuPy copies most."""
    return to_device(RNG.standard_normal(shape, dtype="float32"), "gpu")


@pytest.mark.parametrize("inplace", [False, True])
def test_relu(inplace, device):
    layer, x = ReLU(inplace), on_device(1, 3, 6, 5)
    assert calls(device, layer, x)[1] <= 1
    assert calls(device, layer.backward, on_device(1, 3, 6, 5))[1] <= 2


def test_dropout(device):
    layer, x = Dropout(0.5), on_device(1, 30, 6, 5)
    assert calls(device, layer, x)[1] <= 14
    assert calls(device, layer.backward, x)[1] <= 1


@pytest.mark.parametrize(
    "settings, backward", [((2,), 2), ((2, 2, 0, 1, True), 2), ((2, 2, 1, 1), 2), ((3, 2, 1), 3), ((3, 1, 0, 2), 3)]
)
def test_max_pool(settings, backward, device):
    """Forward two calls a tap and seven; while evaluating one a tap and one; backward two, or three of windows that
    overlap, and one.
    """
    layer, x = MaxPool2d(*settings), on_device(1, 3, 9, 7)
    taps = layer.kernel_size[0] ** 2
    y, count = calls(device, layer, x)
    assert count <= 2 * taps + 7
    assert calls(device, layer.backward, y)[1] <= backward * taps + 1
    assert calls(device, layer.eval(), x)[1] <= taps + 1


def test_average_pool(device):
    layer, x = AvgPool2d(3, 2, 1), on_device(1, 3, 9, 7)
    y, _ = calls(device, layer, x)
    calls(device, layer.backward, y)


def test_unpool(device):
    y, indices = MaxPool2d(2, return_indices=True)(on_device(1, 3, 8, 6))
    layer = MaxUnpool2d(2)
    layer(y, indices)
    calls(device, layer.backward, on_device(1, 3, 8, 6))


def test_local_response_norm(device):
    layer, x = LocalResponseNorm(3), on_device(1, 5, 4, 6)
    y, _ = calls(device, layer, x)
    calls(device, layer.backward, y)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_loss(reduction, device):
    criterion, scores = SoftmaxCrossEntropy(reduction=reduction), on_device(1, 4, 7, 5)
    labels = to_device(RNG.integers(4, size=(1, 7, 5)).astype("uint8"), "gpu")
    assert calls(device, criterion, scores, labels, waits={"get": 1})[1] <= 27
    assert calls(device, criterion.backward)[1] <= 11


@pytest.mark.parametrize("decay, most", [(0.0, 4), (0.05, 6)])
def test_sgd(decay, most, device):
    parameter = Parameter(on_device(1, 3, 2, 2))
    optimizer = SGD([parameter], lr=0.1, weight_decay=decay)
    for first in (True, False):  # at first the velocity is made
        parameter.grad = on_device(1, 3, 2, 2)
        assert calls(device, optimizer.step)[1] <= most + first


def test_confusion_matrix(device):
    scores, labels = on_device(1, 4, 7, 5), to_device(RNG.integers(4, size=(1, 7, 5)).astype("uint8"), "gpu")
    predicted, count = calls(device, predicted_classes, scores)
    assert count <= 2
    device.forget()
    ConfusionMatrix(4).update(predicted, labels)
    assert device.counted("calls") <= 24
