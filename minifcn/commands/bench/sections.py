"""The sections of `bench`: which cases each times, of full networks, of small ones, and of their parts."""

import math
from functools import partial
from typing import Any

import numpy as np

from minifcn.commands.bench import engines
from minifcn.commands.bench.cases import Case, convolution, forward, layer_step, random_maps, training_step, twins
from minifcn.layers import Conv2d, ConvTranspose2d, MaxPool2d, ReLU, SoftmaxCrossEntropy
from minifcn.models import MODELS, FCN8s
from minifcn.models.summary import summarize

# The paper's networks, and their image; and what trains on a CPU, with the fixed upsampling that is its default.
FULL: dict[str, Any] = {"n_class": 21, "width": 1, "fc_channels": 4096, "padding": 100, "upsampling": "learned"}
IMAGE = (1, 3, 500, 500)
SMALL: dict[str, Any] = {"n_class": 21, "width": 0.25, "fc_channels": 256, "padding": "same"}


def full() -> dict[str, Case]:
    """The full FCN-8s on one image of 500x500: {"forward": Case, "training step": Case}."""
    return {
        "forward": _forward_case("FCN-8s, 500x500: forward", FULL, IMAGE, 7),
        "training step": _step_case("FCN-8s, 500x500: training step", FULL, IMAGE, 5),
    }


def networks() -> list[Case]:
    """The full networks on one image of 500x500."""
    first, step = full().values()
    return [
        first,
        _forward_case("FCN-AlexNet, 500x500: forward", FULL, IMAGE, 9, "fcn-alexnet"),
        _forward_case("FCN-VGG16, 500x500: forward", FULL, IMAGE, 5, "fcn-vgg16"),
        _forward_case("FCN-GoogLeNet, 500x500: forward", FULL, IMAGE, 9, "fcn-googlenet"),
        step,
    ]


def small() -> list[Case]:
    """FCN-8s of a quarter of the channels on batches of small images; with learned upsampling, too."""
    learned = SMALL | {"upsampling": "learned"}
    many, few, one = (8, 3, 96, 96), (4, 3, 240, 240), (1, 3, 240, 240)
    return [
        _forward_case("8 of 96x96: forward", SMALL, many, 11),
        _forward_case("4 of 240x240: forward", SMALL, few, 9),
        _forward_case("1 of 240x240: forward", SMALL, one, 11),
        _step_case("8 of 96x96: step", SMALL, many, 11),
        _step_case("4 of 240x240: step", SMALL, few, 7),
        _step_case("8 of 96x96: step, learned", learned, many, 11),
    ]


def _forward_case(title, settings, shape, runs, network="fcn8s"):
    def make(device):
        model, other = twins(settings, device, network)
        others = engines.forward(model, random_maps(shape, device)) if device == "cpu" else {}
        return forward(model, other, shape, device) | others

    return Case(title, make, runs, 2 * sum(_multiply_adds(MODELS[network](**settings), shape)))


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


SECTIONS = {"networks": networks, "small": small, "layers": layers, "parts": parts}
