"""Competitors of a case start from the same numbers and compute the same: layers, forward passes and steps."""

import numpy as np
import pytest

from minifcn.backend import to_host
from minifcn.commands.bench import cases, peers
from minifcn.convolution.algorithms import ALGORITHMS
from minifcn.layers import Conv2d, ConvTranspose2d, Dropout2d, MaxPool2d, ReLU, SoftmaxCrossEntropy
from minifcn.models import MODELS

TINY = {"n_class": 3, "width": 1 / 32, "fc_channels": 5, "upsampling": "learned"}
UPSAMPLING = ("upscore2.weight", "upscore_pool4.weight", "upscore8.weight")


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("padding", [100, "same"])
def test_pytorchs_network_is_the_same(torch, name, padding):
    model, other = cases.twins(TINY | {"padding": padding}, "cpu", name)
    images = np.random.default_rng(0).standard_normal((2, 3, 45, 34), dtype=np.float32)
    scores = model(images)
    assert abs(scores).max() > 1e-3
    theirs = other(torch.from_numpy(images))
    np.testing.assert_allclose(theirs.detach().numpy(), scores, rtol=1e-4, atol=1e-5 * abs(scores).max())
    dscores = np.random.default_rng(1).standard_normal(scores.shape, dtype=np.float32)
    theirs.backward(torch.from_numpy(dscores))
    model.backward(dscores)
    assert len(other.pairs()) == len(model.parameters())
    for name, ours, theirs in other.pairs():
        scale = max(abs(ours.grad).max(), 1e-3)
        np.testing.assert_allclose(theirs.grad.numpy(), ours.grad, rtol=1e-2, atol=1e-4 * scale, err_msg=name)


def test_pytorch_learns_what_minifcn_does(torch):
    model = MODELS["fcn8s"](**TINY | {"padding": "same", "upsampling": "fixed"})
    other = peers.TorchFCN(model, "cpu")
    assert [name for name, _, theirs in other.pairs() if not theirs.requires_grad] == list(UPSAMPLING)
    weights, biases = other.groups(0.1, 0.01)
    assert len(weights["params"]) == len(biases["params"]) == 18  # 15 of the trunk, fc7 among them, and 3 score layers
    assert (weights["lr"], weights["weight_decay"]) == (0.1, 0.01)
    assert (biases["lr"], biases["weight_decay"]) == (0.2, 0)


@pytest.mark.parametrize(
    "layer",
    [
        Conv2d(4, 6, (3, 2), (2, 1), (1, 0), 1, 2),
        ConvTranspose2d(4, 6, 4, 2, bias=False),
        MaxPool2d(2, ceil_mode=True),
        ReLU(),
        Dropout2d(0.0),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_pytorchs_layer_is_the_same(torch, layer):
    x = np.random.default_rng(0).standard_normal((2, 4, 7, 9), dtype=np.float32)
    theirs = peers.torch_layer(layer, "cpu")(torch.from_numpy(x))
    np.testing.assert_allclose(theirs.detach().numpy(), layer(x), rtol=1e-5, atol=1e-5)


def test_the_textbooks_convolution_has_the_same_weights_and_is_another(monkeypatch):
    way, called = ALGORITHMS["textbook"], []
    counted = way._replace(forward=lambda *given: called.append(1) or way.forward(*given))
    monkeypatch.setitem(ALGORITHMS, "textbook", counted)
    layer = Conv2d(3, 4, 3, padding=1)
    functions = cases.convolution(layer, (1, 3, 8, 10), "cpu")
    gradients = []
    for name in ("minifcn", "textbook"):
        functions[name]()
        gradients.append(layer.weight.grad.copy())
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-4)
    assert layer.algorithm == "auto" and abs(gradients[0]).max() > 0.1
    assert len(called) == 2  # once to learn the output's shape


@pytest.mark.parametrize("upsampling", ["fixed", "learned"])
def test_kernels_of_upsampling_are_bilinear_unless_they_are_learned(upsampling):
    """Bilinear ones are taken apart into rows and columns, which is quicker: nobody's learned kernels are."""
    model, _ = cases.twins(TINY | {"padding": "same", "upsampling": upsampling}, "cpu")
    for name, parameter in model.named_parameters():
        if name in UPSAMPLING:
            ranks = np.linalg.matrix_rank(parameter.data.reshape(-1, *parameter.shape[2:]))
            assert ranks.max() == (1 if upsampling == "fixed" else parameter.shape[2])


def test_a_step_trains_both(torch):
    model, other = cases.twins(TINY | {"padding": "same"}, "cpu")
    functions = cases.training_step(model, other, (1, 3, 32, 32), "cpu")
    assert list(functions) == ["minifcn", "PyTorch"]
    before = model.state_dict()
    for function in functions.values():
        function()
    for name, ours, theirs in other.pairs():
        assert (ours.data != before[name]).any(), name
        np.testing.assert_allclose(theirs.detach().numpy(), ours.data, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [ReLU(), MaxPool2d(2, ceil_mode=True), ConvTranspose2d(3, 3, 4, 2, bias=False), SoftmaxCrossEntropy()],
    ids=lambda layer: type(layer).__name__,
)
def test_parts_run(layer):
    for function in cases.layer_step(layer, (1, 3, 6, 6), "cpu").values():
        function()


def test_pytorchs_loss_is_the_same(torch):
    scores, labels = np.random.default_rng(0).standard_normal((2, 3, 4, 5)), np.arange(40).reshape(2, 4, 5) % 3
    labels[0, 0] = 255
    criterion = SoftmaxCrossEntropy()
    theirs = peers.torch_layer(criterion, "cpu")(torch.from_numpy(scores), torch.from_numpy(labels))
    assert float(theirs) == pytest.approx(criterion(scores, labels), rel=1e-12)


def test_without_pytorch_its_figures_are_left_out(monkeypatch):
    monkeypatch.setattr(peers, "pytorch", lambda device: None)
    model, other = cases.twins(TINY | {"padding": "same"}, "cpu")
    assert other is None
    assert list(cases.training_step(model, None, (1, 3, 32, 32), "cpu")) == ["minifcn"]
    assert list(cases.convolution(Conv2d(2, 3, 3), (1, 2, 5, 5), "cpu")) == ["minifcn", "textbook"]
    assert list(cases.layer_step(SoftmaxCrossEntropy(), (1, 3, 4, 4), "cpu")) == ["minifcn"]


def test_on_the_device(device):
    """The same gradient as on the host, by one function: PyTorch has no strict double, the textbook's way is ours."""
    layer, gradients = Conv2d(2, 3, 3, padding=1), []
    for where in ("cpu", "gpu"):
        functions = cases.convolution(layer, (1, 2, 5, 5), where)
        functions["minifcn"]()
        gradients.append(to_host(layer.weight.grad).copy())
    assert list(functions) == ["minifcn"]
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-4)
