"""In a network a convolution does the work of the in-place ReLU after it, to the same bits."""

import numpy as np
import pytest

from minifcn.backend import to_device, to_host
from minifcn.layers import Conv2d, Graph, MaxPool2d, ReLU, Sum, conv

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 2, 9, 8), "float32")


def two_ways():
    """Three convolutions before an in-place ReLU, one without a bias, and one before another ReLU."""
    rng = np.random.default_rng(1)
    net = Graph(
        {
            "conv1": Conv2d(2, 5, 3, padding=1, rng=rng),
            "relu1": ReLU(inplace=True),
            "pool": MaxPool2d(2),
            "conv2": Conv2d(5, 4, 3, padding=1, bias=False, rng=rng),
            "relu2": ReLU(inplace=True),
            "conv3": Conv2d(4, 3, 1, rng=rng),
            "relu3": ReLU(),
            "conv4": (Conv2d(5, 3, 1, rng=rng), "pool"),
            "relu4": ReLU(inplace=True),
            "sum": (Sum(), "relu3", "relu4"),
            "last": Conv2d(3, 2, 1, rng=rng),
        },
        outputs=("last", "conv3"),
    )
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            parameter.data[...] = rng.standard_normal(parameter.shape)
    return net


@pytest.fixture
def biases(monkeypatch):
    """How many channels each call of bias_relu has, in turn."""
    seen, plain = [], conv.bias_relu

    def bias_relu(y, bias):
        seen.append(len(bias))
        return plain(y, bias)

    monkeypatch.setattr(conv, "bias_relu", bias_relu)
    return seen


def step(net, x):
    """Outputs, dL/dx and all gradients on the host."""
    net.zero_grad()
    ys = net(x)
    dx = net.backward(tuple(y + 1 for y in ys))
    arrays = [*ys, *([] if dx is None else [dx]), *(p.grad for p in net.parameters() if p.trainable)]
    return [to_host(array) for array in arrays]


def assert_same_bits(net, monkeypatch):
    """The network's step on the device is the same as where no convolution does a ReLU's work, and as the host's."""
    x = to_device(X, "gpu")
    rectified = step(net.to("gpu"), x)
    with monkeypatch.context() as patch:
        patch.setattr(Graph, "_rectifies", lambda *_: False)
        for one, other in zip(rectified, step(net, x), strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(rectified, step(net.to("cpu"), X), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("algorithm", ["textbook", "im2col", "mec", "winograd"])
def test_on_the_host(algorithm, biases, monkeypatch):
    net = two_ways()
    net.named["conv1"].algorithm = algorithm
    rectified = step(net, X)
    assert biases == ([5] if algorithm == "textbook" else [])  # which knows no better than a device
    monkeypatch.setattr(Graph, "_rectifies", lambda *_: False)
    for one, other in zip(rectified, step(net, X), strict=True):
        np.testing.assert_array_equal(one, other)


def test_training(device, biases, monkeypatch):
    assert_same_bits(two_ways(), monkeypatch)
    assert biases == [5, 3]  # conv1 and conv4; on the host each band is rectified by itself


@pytest.mark.parametrize("ends, seen", [(True, [5, 3, 3, 5]), (("conv1",), [3]), (("relu1", "pool"), [5, 3, 5])])
def test_recompute(device, biases, monkeypatch, ends, seen):
    """Cut between a convolution and its ReLU, each does its own work; what comes before the cut is computed twice."""
    net = two_ways()
    net.recompute = ends
    assert_same_bits(net, monkeypatch)
    assert biases == seen


def test_frozen_layers(device, biases, monkeypatch):
    net = two_ways()
    for parameter in net.named["conv1"].parameters():
        parameter.trainable = False
    assert_same_bits(net.train_only(), monkeypatch)
    assert biases == [5, 3]
    assert net.idle == {"input", "conv1", "relu1", "pool"}


def test_evaluation(device, biases):
    net = two_ways().eval()
    expected = net(X)
    for one, other in zip(net.to("gpu")(to_device(X, "gpu")), expected):
        device.assert_same(one, other)
    assert biases == [5, 3]
    with pytest.raises(RuntimeError, match="backward needs a forward pass in training mode"):
        net.backward(expected)


def test_a_layer_of_ones_own_does_its_own_work(device, biases, monkeypatch):
    """A subclass may compute something else, and takes no second argument."""

    class Twice(Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    class Leaky(ReLU):
        def forward(self, x):
            self.keep(x)
            return x

    net = two_ways()
    net.named["conv1"], net.named["relu4"] = Twice(2, 5, 3, padding=1), Leaky(inplace=True)
    assert_same_bits(net, monkeypatch)
    assert biases == []
