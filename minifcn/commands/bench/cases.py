"""What is timed: whole networks, the convolutions of VGG16, and the other parts of a step, as FCN-8s has them.

A case makes, for a device, one function a competitor: {"minifcn": function, "PyTorch": ..., "textbook": ...}. They
start from the same numbers and give the same results. "PyTorch" is left out where it is not installed.
"""

import copy
import math
from typing import NamedTuple

import numpy as np

from minifcn.backend import to_device
from minifcn.commands.bench import peers
from minifcn.layers import Conv2d, ConvTranspose2d, MaxPool2d, ReLU, SoftmaxCrossEntropy
from minifcn.models import MODELS, FCN8s
from minifcn.models.summary import summarize
from minifcn.optim import SGD

FULL = {"n_class": 21, "width": 1, "fc_channels": 4096, "padding": 100}  # the paper's, and its image
IMAGE = (1, 3, 500, 500)
SMALL = {"n_class": 7, "width": 0.25, "fc_channels": 256, "padding": "same"}  # what trains on a CPU


class Case(NamedTuple):
    """name, make(device) -> {competitor: function}, samples to take; FLOP of the definition, and bytes in and out."""

    name: str
    make: object
    runs: int
    flops: float = 0
    bytes: float = 0


def networks():
    """The full networks on one image of 500x500, and the economical FCN-8s on small batches."""
    return [
        _forward_case("FCN-8s", "fcn8s", 7),
        _forward_case("FCN-AlexNet", "fcn-alexnet", 9),
        _forward_case("FCN-VGG16", "fcn-vgg16", 5),
        _forward_case("FCN-GoogLeNet", "fcn-googlenet", 9),
        Case("FCN-8s, 500x500: training step", lambda device: training_step(*twins(FULL, device), IMAGE, device), 5),
        Case("small FCN-8s, 8 of 96x96: step", _maker(_small_step, (8, 3, 96, 96)), 15),
        Case("small FCN-8s, 8 of 240x180: step", _maker(_small_step, (8, 3, 180, 240)), 9),
    ]


def layers():
    """The 3x3 convolutions of VGG16 as the full FCN-8s has them for 500x500: forward and all gradients."""
    model, seen, cases = FCN8s(**FULL | {"fc_channels": 1}), set(), []
    rows = {row.name: row for row in summarize(model, IMAGE[2:])}
    size = IMAGE[2:]
    for name, layer in model.children():
        if isinstance(layer, Conv2d) and layer.kernel_size == (3, 3):
            key = layer.in_channels, layer.out_channels, size
            if key not in seen:  # conv3_3, for one, is another conv3_2
                seen.add(key)
                pixels = layer.in_channels * math.prod(size) + math.prod(rows[name].output)
                moved = 3 * 4 * (pixels + layer.weight.data.size)
                make = _maker(_convolution, layer, (1, layer.in_channels, *size))
                cases.append(Case(name, make, 5, 3 * 2 * rows[name].multiply_adds, moved))
        if name in rows:
            size = rows[name].output[1:]
    return cases


def parts():
    """Everything else: on the maps of the full FCN-8s, forward and backward."""
    rows = {row.name: row for row in summarize(FCN8s(**FULL | {"fc_channels": 1}), IMAGE[2:])}
    cases = []
    for number in range(1, 6):
        shape = (1, *rows[f"conv{number}_1"].output)
        entries = math.prod(shape)
        cases.append(Case(f"relu{number}_1", _maker(_relu, shape), 9, 2 * entries, 20 * entries))
        cases.append(Case(f"pool{number}", _maker(_pooling, shape), 9, 2 * entries, 10 * entries))
    for name, kernel, stride, before in (
        ("upscore2", 4, 2, "score_fr"),
        ("upscore_pool4", 4, 2, "upscore2"),
        ("upscore8", 16, 8, "upscore_pool4"),
    ):
        cases.append(Case(name, _maker(_upsampling, kernel, stride, (1, *rows[before].output)), 9))
    cases.append(Case("loss, 21 classes, 500x500", _maker(_loss, (1, 21, *IMAGE[2:])), 9))
    return cases


SECTIONS = {"networks": networks, "layers": layers, "parts": parts}


def twins(settings, device, network="fcn8s"):
    """One of MODELS with random weights everywhere, and the same in PyTorch where that is installed, else None."""
    model = MODELS[network](**settings, dropout=0, upsampling="learned")
    rng = np.random.default_rng(0)
    for name, parameter in model.named_parameters():
        if name.startswith("score") and name.endswith("weight"):  # they start at 0, and would hide all below
            parameter.data[...] = rng.standard_normal(parameter.data.shape) / math.sqrt(parameter.data[0].size)
    other = peers.TorchFCN(model, device) if peers.pytorch(device) else None
    return model.to(device), other


def _forward_case(title, network, runs):
    flops = 2 * sum(row.multiply_adds for row in summarize(MODELS[network](**FULL), IMAGE[2:]))
    return Case(f"{title}, 500x500: forward", _maker(_full_forward, network), runs, flops)


def _maker(make, *arguments):
    return lambda device: make(*arguments, device)


def _random(shape, device, seed=1):
    return to_device(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32), device)


def _full_forward(network, device):
    return forward(*twins(FULL, device, network), device)


def _small_step(shape, device):
    return training_step(*twins(SMALL, device), shape, device)


def forward(model, other, device):
    """Forward passes of a full network, as `twins` gives it, in evaluation: {competitor: function}."""
    images = _random(IMAGE, device)
    model.eval()
    functions = {"minifcn": lambda: model(images)}
    if other:
        tensor = peers.tensor(images, device)
        functions["PyTorch"] = peers.pytorch(device).no_grad()(lambda: other(tensor))
    return functions


def training_step(model, other, shape, device):
    """Forward, loss, backward, SGD with momentum and weight decay, on images of `shape`: {competitor: function}."""
    images = _random(shape, device)
    labels = np.random.default_rng(2).integers(0, model.settings["n_class"], (shape[0], *shape[2:]))
    target, criterion = to_device(labels, device), SoftmaxCrossEntropy()
    optimizer = SGD(model.train_only().parameters(), 1e-4, 0.9, 5e-4)

    def step():
        model.zero_grad()
        criterion(model(images), target)
        model.backward(criterion.backward())
        optimizer.step()

    functions = {"minifcn": step}
    if other:
        torch = peers.pytorch(device)
        inputs, classes = peers.tensor(images, device), peers.tensor(labels, device)
        torch_optimizer = torch.optim.SGD(other.groups(1e-4, 5e-4), momentum=0.9)

        def torch_step():
            torch_optimizer.zero_grad()
            torch.nn.functional.cross_entropy(other(inputs), classes).backward()
            torch_optimizer.step()

        functions["PyTorch"] = torch_step
    return functions


def _convolution(layer, shape, device):
    """Forward and the gradients of input, weight and bias."""
    functions = _layer_step(layer.to(device), shape, device)
    plain = copy.copy(layer)  # with the same weights
    plain.algorithm = "textbook"
    return functions | {"textbook": _our_step(plain, shape, device)}


def _relu(shape, device):
    return _layer_step(ReLU(), shape, device)


def _pooling(shape, device):
    return _layer_step(MaxPool2d(2, ceil_mode=True), shape, device)


def _upsampling(kernel, stride, shape, device):
    channels = shape[1]
    layer = ConvTranspose2d(channels, channels, kernel, stride, bias=False, rng=np.random.default_rng(0))
    return _layer_step(layer.to(device), shape, device)


def _layer_step(layer, shape, device):
    """{competitor: function}: forward and backward of one layer."""
    functions = {"minifcn": _our_step(layer, shape, device)}
    if peers.pytorch(device):
        module = peers.torch_layer(layer, device)
        x = _random(shape, device)
        dy = _random(layer(x).shape, device, seed=2)
        inputs, gradient = peers.tensor(x, device).requires_grad_(), peers.tensor(dy, device)

        def torch_step():
            module.zero_grad()
            inputs.grad = None
            module(inputs).backward(gradient)

        functions["PyTorch"] = torch_step
    return functions


def _our_step(layer, shape, device):
    """Forward and backward of one of our layers."""
    x = _random(shape, device)
    dy = _random(layer(x).shape, device, seed=2)

    def step():
        layer.zero_grad()
        layer(x)
        layer.backward(dy)

    return step


def _loss(shape, device):
    criterion, scores = SoftmaxCrossEntropy(), _random(shape, device)
    labels = np.random.default_rng(2).integers(0, shape[1], (shape[0], *shape[2:]))
    target = to_device(labels, device)

    def step():
        criterion(scores, target)
        criterion.backward()

    functions = {"minifcn": step}
    if torch := peers.pytorch(device):
        cross_entropy = torch.nn.functional.cross_entropy
        inputs, classes = peers.tensor(scores, device).requires_grad_(), peers.tensor(labels, device)

        def torch_step():
            inputs.grad = None
            cross_entropy(inputs, classes).backward()

        functions["PyTorch"] = torch_step
    return functions
