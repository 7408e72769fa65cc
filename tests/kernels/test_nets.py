"""Whole steps of training, with every kernel and without: the same scores, loss, gradients and weights."""

import sys

import numpy as np
import pytest
import raw_kernel
import strict_array
from models.networks import filled

from minifcn.backend.kernels import with_kernels
from minifcn.layers import Conv2d, Graph, MaxPool2d, ReLU, SoftmaxCrossEntropy
from minifcn.models import MODELS
from minifcn.optim import SGD

SMALL = {"n_class": 4, "width": 1 / 16, "fc_channels": 5, "padding": "same", "dropout": 0.5}
RNG = np.random.default_rng(3)
X, LABELS = RNG.standard_normal((2, 3, 70, 67), "float32"), RNG.integers(0, 5, (2, 70, 67)).astype("uint8")
LABELS[LABELS == 4] = 255


@pytest.fixture
def gpu(monkeypatch):
    """to_device gives arrays of the double. (On a GPU `bench --prove` compares the same.)"""
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    raw_kernel.launches.clear()
    return strict_array.xp


def step(net, xp, dtype):
    """{name: array} of one step: scores, loss, gradients, and the weights after it."""
    net.reseed(2)
    net.zero_grad()
    criterion, optimizer = SoftmaxCrossEntropy(class_weights=[1, 2, 0.5, 1]), SGD(net.parameters(), 0.01, 0.9, 1e-3)
    scores = net(xp.asarray(X.astype(dtype)))
    loss = criterion(scores, xp.asarray(LABELS))
    net.backward(criterion.backward())
    gradients = {f"gradient of {name}": p.grad.get() for name, p in net.named_parameters() if p.trainable}
    optimizer.step()
    return {"scores": scores.get(), "loss": np.array(loss)} | gradients | net.state_dict()


@pytest.mark.parametrize("dtype, rounding", [("float64", 1e-13), ("float32", 1e-5)])
@pytest.mark.parametrize("name", MODELS)
def test_a_step_of_training(gpu, name, dtype, rounding):
    net = filled(MODELS[name](**SMALL, seed=0)).astype(dtype).to("gpu")
    state = net.state_dict()
    with with_kernels(False):
        expected = step(net, gpu, dtype)
    assert not raw_kernel.launches
    net.load_state_dict(state)
    with with_kernels():
        actual = step(net, gpu, dtype)
    assert set(raw_kernel.launches) == {
        *("im2col", "col2im", "max_pool", "spread", "bias_relu", "softmax_loss", "softmax_loss_grad", "sgd")
    }
    for key, array in expected.items():
        assert array.any(), key
        assert abs(actual[key] - array).max() <= rounding * abs(array).max(), key


def test_one_launch_where_there_were_several(gpu):
    net = Graph({"conv": Conv2d(2, 3, 3, 2), "relu": ReLU(inplace=True), "pool": MaxPool2d(2)}).to("gpu")
    x = gpu.asarray(np.ones((2, 2, 6, 6), "float32"))
    with with_kernels():
        net.backward(net(x))
    assert raw_kernel.launches == {"im2col": 2, "bias_relu": 1, "max_pool": 1, "spread": 1, "col2im": 1}
