"""What is timed beside what: a case, and what its competitors do.

A case makes, for a device, one function a competitor: {"minifcn": function, "PyTorch": ..., "textbook": ...}. They
start from the same numbers and give the same results. Whoever is not installed is left out.
"""

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array, to_device
from minifcn.backend.parallel import given_back, hold
from minifcn.commands.bench import peers
from minifcn.layers import Conv2d, Layer, SoftmaxCrossEntropy
from minifcn.models import FCN, MODELS
from minifcn.optim import SGD

Functions = dict[str, Callable[[], Any]]  # a competitor's name: what it does


class Case(NamedTuple):
    """name, make(device) -> {competitor: function}, samples to take; FLOP of the definition, and bytes in and out."""

    name: str
    make: Callable[[str], Functions]
    runs: int
    flops: float = 0
    bytes: float = 0


def twins(settings: dict[str, Any], device: str, network: str = "fcn8s") -> tuple[FCN, peers.TorchFCN | None]:
    """One of MODELS with random weights, and the same in PyTorch where that is installed, else None.

    Kernels of upsampling are bilinear where they are fixed, and with noise upon that where they are learned.
    """
    model = MODELS[network](**settings, dropout=0)
    rng = np.random.default_rng(0)
    for name, parameter in model.named_parameters():
        if "score" in name and name.endswith("weight") and parameter.trainable:  # scores start at 0, and hide all below
            parameter.data += rng.standard_normal(parameter.shape) / math.sqrt(math.prod(parameter.shape[1:]))
    other = peers.TorchFCN(model, device) if peers.pytorch(device) else None
    model.to(device)
    return model, other


def forward(model: FCN, other: peers.TorchFCN | None, shape: tuple[int, ...], device: str) -> Functions:
    """Forward passes of a network, as `twins` gives it, in evaluation, on images of `shape`."""
    images = random_maps(shape, device)
    model.eval()
    functions: Functions = {"minifcn": lambda: model(images)}
    if other:
        tensor = peers.tensor(images, device)
        functions["PyTorch"] = peers.pytorch(device).no_grad()(lambda: other(tensor))
    return functions


def training_step(model: FCN, other: peers.TorchFCN | None, shape: tuple[int, ...], device: str) -> Functions:
    """Forward, loss, backward, SGD with momentum and weight decay, on images of `shape`."""
    images, labels = random_maps(shape, device), _random_labels(shape, model.settings["n_class"], device)
    criterion = SoftmaxCrossEntropy()
    optimizer = SGD(model.train_only().parameters(), 1e-4, 0.9, 5e-4)

    def step():
        with given_back(), hold():
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
    x = random_maps(shape, device)
    if isinstance(layer, SoftmaxCrossEntropy):
        given, gradient = [x, _random_labels(shape, shape[1], device)], []
    else:
        given, gradient = [x], [random_maps(layer.to(device)(x).shape, device, seed=2)]

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


def random_maps(shape: tuple[int, ...], device: str, seed: int = 1) -> Array:
    """Normally distributed numbers in float32, the same ones each time."""
    return to_device(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32), device)


def _random_labels(shape, n_class, device):
    return to_device(np.random.default_rng(2).integers(0, n_class, (shape[0], *shape[2:])), device)
