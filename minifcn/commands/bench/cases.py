"""What is timed: whole networks, the convolutions of VGG16, and the other parts of a step, as FCN-8s has them.

A case makes, for a device, one function a competitor: {"minifcn": function, "PyTorch": ..., "textbook": ...}. They
start from the same numbers and give the same results. "PyTorch" is left out where it is not installed.
"""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import to_device
from minifcn.commands.bench import peers
from minifcn.layers import Conv2d, ConvTranspose2d, Layer, MaxPool2d, ReLU, SoftmaxCrossEntropy
from minifcn.models import FCN, MODELS, FCN8s
from minifcn.models.summary import summarize
from minifcn.optim import SGD

FULL: dict[str, Any] = {"n_class": 21, "width": 1, "fc_channels": 4096, "padding": 100}  # the paper's, and its image
IMAGE = (1, 3, 500, 500)
SMALL = {"n_class": 7, "width": 0.25, "fc_channels": 256, "padding": "same"}  # what trains on a CPU
Functions = dict[str, Callable[[], Any]]  # a competitor's name: what it does


class Case(NamedTuple):
    """name, make(device) -> {competitor: function}, samples to take; FLOP of the definition, and bytes in and out."""

    name: str
    make: Callable[[str], Functions]
    runs: int
    flops: float = 0
    bytes: float = 0


def full() -> dict[str, Case]:
    """The full FCN-8s on one image of 500x500: {"forward": Case, "training step": Case}."""
    return {
        "forward": _forward_case("FCN-8s", "fcn8s", 7),
        "training step": _step_case("FCN-8s, 500x500: training step", FULL, IMAGE, 5),
    }


def networks() -> list[Case]:
    """The full networks on one image of 500x500, and the economical FCN-8s on small batches."""
    forward, step = full().values()
    return [
        forward,
        _forward_case("FCN-AlexNet", "fcn-alexnet", 9),
        _forward_case("FCN-VGG16", "fcn-vgg16", 5),
        _forward_case("FCN-GoogLeNet", "fcn-googlenet", 9),
        step,
        _step_case("small FCN-8s, 8 of 96x96: step", SMALL, (8, 3, 96, 96), 15),
        _step_case("small FCN-8s, 8 of 240x180: step", SMALL, (8, 3, 180, 240), 9),
    ]


def _forward_case(title, network, runs):
    flops = 2 * sum(_multiply_adds(MODELS[network](**FULL), IMAGE))
    return Case(
        f"{title}, 500x500: forward", lambda device: forward(*twins(FULL, device, network), device), runs, flops
    )


def _step_case(title, settings, shape, runs):
    first, *others = _multiply_adds(FCN8s(**settings), shape)
    flops = 2 * (2 * first + 3 * sum(others))  # forward, and two gradients: nobody needs that of the images
    return Case(title, lambda device: training_step(*twins(settings, device), shape, device), runs, flops)


def _multiply_adds(model, shape):
    """Of each layer with weights, for images of this shape."""
    rows = summarize(model, shape[2:])
    return [shape[0] * row.multiply_adds for row in rows if row.multiply_adds]


def layers() -> list[Case]:
    """The 3x3 convolutions of VGG16 as the full FCN-8s has them for 500x500: forward and all gradients."""
    model, size = FCN8s(**FULL), IMAGE[2:]
    rows = {row.name: row for row in summarize(model, size)}
    cases: dict[Any, Case] = {}
    for name, layer in model.children():
        if isinstance(layer, Conv2d) and layer.kernel_size == (3, 3):
            pixels = layer.in_channels * math.prod(size) + math.prod(rows[name].output)
            flops, moved = 3 * 2 * rows[name].multiply_adds, 3 * 4 * (pixels + layer.weight.size)
            case = Case(name, partial(convolution, layer, (1, layer.in_channels, *size)), 5, flops, moved)
            cases.setdefault((layer.in_channels, layer.out_channels, size), case)  # conv3_3 is another conv3_2
        if name in rows:
            size = rows[name].output[1:]
    return list(cases.values())


def parts() -> list[Case]:
    """Everything else: on the maps of the full FCN-8s, forward and backward."""
    shapes = {row.name: (1, *row.output) for row in summarize(FCN8s(**FULL), IMAGE[2:])}
    cases = []
    for number in range(1, 6):
        shape = shapes[f"conv{number}_1"]
        entries = math.prod(shape)
        pool = MaxPool2d(2, ceil_mode=True)
        cases.append(Case(f"relu{number}_1", partial(layer_step, ReLU(), shape), 9, 2 * entries, 20 * entries))
        cases.append(Case(f"pool{number}", partial(layer_step, pool, shape), 9, 2 * entries, 10 * entries))
    for name, kernel, stride, before in (
        ("upscore2", 4, 2, "score_fr"),
        ("upscore_pool4", 4, 2, "upscore2"),
        ("upscore8", 16, 8, "upscore_pool4"),
    ):
        up = ConvTranspose2d(21, 21, kernel, stride, bias=False, rng=np.random.default_rng(0))
        cases.append(Case(name, partial(layer_step, up, shapes[before]), 9))
    loss = partial(layer_step, SoftmaxCrossEntropy(), (1, 21, *IMAGE[2:]))
    return [*cases, Case("loss, 21 classes, 500x500", loss, 9)]


SECTIONS = {"networks": networks, "layers": layers, "parts": parts}


def twins(settings: dict[str, Any], device: str, network: str = "fcn8s") -> tuple[FCN, peers.TorchFCN | None]:
    """One of MODELS with random weights everywhere, and the same in PyTorch where that is installed, else None."""
    model = MODELS[network](**settings, dropout=0, upsampling="learned")
    rng = np.random.default_rng(0)
    for name, parameter in model.named_parameters():
        if name.startswith("score") and name.endswith("weight"):  # they start at 0, and would hide all below
            parameter.data[...] = rng.standard_normal(parameter.shape) / math.sqrt(math.prod(parameter.shape[1:]))
    other = peers.TorchFCN(model, device) if peers.pytorch(device) else None
    model.to(device)
    return model, other


def forward(model: FCN, other: peers.TorchFCN | None, device: str) -> Functions:
    """Forward passes of a full network, as `twins` gives it, in evaluation."""
    images = _random(IMAGE, device)
    model.eval()
    functions: Functions = {"minifcn": lambda: model(images)}
    if other:
        tensor = peers.tensor(images, device)
        functions["PyTorch"] = peers.pytorch(device).no_grad()(lambda: other(tensor))
    return functions


def training_step(model: FCN, other: peers.TorchFCN | None, shape: tuple[int, ...], device: str) -> Functions:
    """Forward, loss, backward, SGD with momentum and weight decay, on images of `shape`."""
    images, labels = _random(shape, device), _random_labels(shape, model.settings["n_class"], device)
    criterion = SoftmaxCrossEntropy()
    optimizer = SGD(model.train_only().parameters(), 1e-4, 0.9, 5e-4)

    def step():
        model.zero_grad()
        criterion(model(images), labels)
        model.backward(criterion.backward())
        optimizer.step()

    functions: Functions = {"minifcn": step}
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


def convolution(layer: Conv2d, shape: tuple[int, ...], device: str) -> Functions:
    """Forward and the gradients of input, weight and bias, the textbook's way too; on a GPU that is minifcn's own."""
    if device == "gpu":
        return layer_step(layer, shape, device)
    plain: Any = copy.copy(layer.to(device))  # with the same weights
    plain.algorithm = "textbook"
    return layer_step(layer, shape, device) | {"textbook": layer_step(plain, shape, device)["minifcn"]}


def layer_step(layer: Layer, shape: tuple[int, ...], device: str) -> Functions:
    """Forward and backward of one layer, or of the loss."""
    x = _random(shape, device)
    if isinstance(layer, SoftmaxCrossEntropy):
        given, gradient = [x, _random_labels(shape, shape[1], device)], []
    else:
        given, gradient = [x], [_random(layer.to(device)(x).shape, device, seed=2)]

    def step():
        layer.zero_grad()
        layer(*given)
        layer.backward(*gradient)

    functions: Functions = {"minifcn": step}
    if peers.pytorch(device):
        module = peers.torch_layer(layer, device)
        inputs, *others = (peers.tensor(array, device) for array in given)
        inputs.requires_grad_()
        torch_gradient = [peers.tensor(array, device) for array in gradient]

        def torch_step():
            module.zero_grad()
            inputs.grad = None
            module(inputs, *others).backward(*torch_gradient)

        functions["PyTorch"] = torch_step
    return functions


def _random(shape, device, seed=1):
    return to_device(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32), device)


def _random_labels(shape, n_class, device):
    return to_device(np.random.default_rng(2).integers(0, n_class, (shape[0], *shape[2:])), device)
