"""Competitors of a case start from the same numbers and compute the same."""

import numpy as np
import pytest

from minifcn.backend import to_host
from minifcn.commands.bench import cases, peers
from minifcn.convolution.algorithms import ALGORITHMS
from minifcn.layers import Conv2d, ConvTranspose2d, Dropout2d, MaxPool2d, ReLU, SoftmaxCrossEntropy
from minifcn.models import MODELS
from minifcn.models.summary import summarize

TINY = {"n_class": 3, "width": 1 / 32, "fc_channels": 5}


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
    model = MODELS["fcn8s"](**TINY, padding="same")  # its upsampling is fixed
    weights, biases = peers.TorchFCN(model, "cpu").groups(0.1, 0.01)
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


def test_the_layers_are_vggs():
    """Nine shapes among thirteen layers; sizes for 500x500 with padding 100, multiplications by hand for one."""
    layers = {case.name: case for case in cases.layers()}
    names = "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv4_1 conv4_2 conv5_1"
    assert " ".join(layers) == names
    assert layers["conv2_1"].flops == 3 * 2 * 9 * 64 * 128 * 349 * 349
    assert layers["conv2_1"].bytes == 3 * 4 * (64 * 349 * 349 + 128 * 349 * 349 + 9 * 64 * 128)


def test_the_forward_passes_flops_are_the_summarys():
    assert cases._forward_case("FCN-8s", "fcn8s", 1).flops == pytest.approx(2 * 182e9, rel=0.01)


def test_a_steps_flops_are_those_of_two_gradients_but_of_the_images():
    """By hand for the first two convolutions: forward, dL/dweight, and dL/dx of the second alone; two images."""
    first, second, *_ = (2 * 9 * 6 * 4 * pairs for pairs in (3 * 2, 2 * 2))
    net = {"n_class": 2, "width": 1 / 32, "fc_channels": 2, "padding": "same"}
    case = cases._step_case("a step", net, (2, 3, 6, 4), 1)
    others = [2 * row.multiply_adds for row in summarize(MODELS["fcn8s"](**net), (6, 4))][2:]
    assert case.flops == 2 * (2 * first + 3 * second + 3 * sum(others))


def test_each_forward_pass_is_of_the_network_it_names(torch, monkeypatch):
    """Their layers tell them apart; both sides give the same scores."""
    monkeypatch.setattr(cases, "FULL", TINY | {"padding": 100})
    monkeypatch.setattr(cases, "IMAGE", (1, 3, 40, 33))
    built, twins = [], cases.twins
    monkeypatch.setattr(cases, "twins", lambda *given: built.append(twins(*given)) or built[-1])
    first_layers = {
        "FCN-8s": "conv1_1",
        "FCN-AlexNet": "conv1",
        "FCN-VGG16": "conv1_1",
        "FCN-GoogLeNet": "conv1/7x7_s2",
    }
    titles = []
    for case in cases.networks():
        title, what = case.name.split(", 500x500: ")[0], case.name.rpartition(": ")[2]
        if what == "forward":
            functions = case.make("cpu")
            names = [name for name, _ in built[-1][0].children()]
            assert names[0] == first_layers[title]
            assert ("upscore8" in names) == (title == "FCN-8s")
            ours, theirs = functions["minifcn"](), functions["PyTorch"]().numpy()
            assert ours.shape == (1, 3, 40, 33)
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * abs(theirs).max())
            titles.append(title)
    assert titles == list(first_layers)


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


def test_parts_name_what_fcn_8s_has():
    names = [case.name for case in cases.parts()]
    assert names[:2] == ["relu1_1", "pool1"]
    assert names[-4:] == ["upscore2", "upscore_pool4", "upscore8", "loss, 21 classes, 500x500"]


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
