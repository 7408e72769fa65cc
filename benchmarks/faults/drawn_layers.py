"""Every layer with settings drawn at random, and what PyTorch has in its place; `settings.py` compares them.

A draw is a function of a generator -> Case. Some of what is drawn makes no sense: a kernel larger than the map, groups
that do not divide the channels, a stride of 0. Then both have to refuse it. What is known to differ is not drawn:

- poolings with a dilated window that holds no pixel, unpoolings of overlapping windows and to sizes that do not pool to
  the input's, and a mean over no label at all, for which PyTorch has no defined result;
- paddings below 0, Dropout(1), and inputs of other ranks to other layers, which PyTorch takes and minifcn refuses.
"""

import numpy as np
import torch
from draw import Case, Loss, TorchWith, called, like, maps, number, one, pair, setting
from drawn_nets import branches, graph, sequential
from drawn_windows import (
    avg_pool2d,
    conv2d,
    conv_transpose2d,
    max_pool2d,
    max_unpool2d,
    upsample,
    zero_pad2d,
)
from torch import nn

from minifcn import layers


def local_response_norm(rng):
    alpha, beta, k = rng.uniform(0, 2), rng.uniform(0, 2), rng.uniform(0.5, 2)
    return like("LocalResponseNorm", maps(rng, number(rng, 1, 6)), number(rng, 1, 7), alpha, beta, k)


def linear(rng):
    ins, outs = number(rng, 1, 6), number(rng, 1, 6)
    x = rng.standard_normal((number(rng, 1, 4), ins + (rng.random() < 0.05)))
    return like("Linear", x, ins, outs, bias=bool(rng.integers(2)))


def relu(rng):
    inplace = bool(rng.integers(2))
    return like("ReLU", maps(rng, 2).round(1), inplace=inplace)._replace(inplace=inplace)


def flatten(rng):
    return like("Flatten", maps(rng, number(rng, 1, 4)))


def scale(rng):
    factor, x = float(rng.standard_normal()), maps(rng, 2)
    return Case(
        f"{called('Scale', factor)} of {x.shape}", lambda: layers.Scale(factor), lambda: lambda x: x * factor, [x]
    )


def dropout(rng):
    """The mask is drawn by ours: PyTorch's own would be another."""
    name, p, x = one(rng, "Dropout", "Dropout2d"), float(rng.uniform(0, 1)), maps(rng, 5)
    p, seed = -p if rng.random() < 0.1 else p, number(rng, 0, 1 << 30)

    def ours():
        layer = getattr(layers, name)(p)
        layer.reseed(seed)
        return layer

    def theirs():
        getattr(nn, name)(p)  # which refuses what is no probability
        mask = ours()(np.ones_like(x))
        assert set(np.unique(mask)) <= {0, 1 / (1 - p)}
        return lambda x: x * torch.from_numpy(mask)

    return Case(f"{called(name, p)} of {x.shape}", ours, theirs, [x])


def several(rng, add):
    """Maps of one shape but for their channels, where they need not be added; seldom of another width, too."""
    x = maps(rng, number(rng, 1, 3), low=2)
    n, c, h, w = x.shape
    shapes = [(n, c if add else number(rng, 1, 3), h, w + (rng.random() < 0.04)) for _ in range(number(rng, 0, 2))]
    return [x, *map(rng.standard_normal, shapes)]


def sum_of(rng):
    xs = several(rng, add=True)
    return Case(f"Sum() of {[x.shape for x in xs]}", layers.Sum, lambda: lambda *xs: sum(xs[1:], xs[0]), xs)


def concatenation(rng):
    xs = several(rng, add=False)
    return Case(
        f"Concatenation() of {[x.shape for x in xs]}", layers.Concatenation, lambda: lambda *xs: torch.cat(xs, 1), xs
    )


def crop(rng):
    x, other, offset = maps(rng, 2, 5), maps(rng, 3, high=5), setting(rng, 0, 3)
    (top, left), (h, w) = pair(offset), other.shape[2:]

    def theirs():
        if min(top, left) < 0 or top + h > x.shape[2] or left + w > x.shape[3]:
            raise ValueError("the crop lies outside the map")  # which a slice of PyTorch's would cut short
        return lambda x, other: x[:, :, top : top + h, left : left + w]

    return Case(
        f"{called('Crop', offset)} of {x.shape}, {other.shape}", lambda: layers.Crop(offset), theirs, [x, other]
    )


def softmax_cross_entropy(rng):
    classes, shape, void = number(rng, 1, 6), maps(rng, 1).shape, one(rng, 255, -100, 0)
    shape = (shape[0], *shape[2:]) if rng.integers(4) else shape[:1]  # single scores, seldom
    labels = rng.integers(0, classes, shape)
    labels[rng.random(shape) < one(rng, 0, 0.3, 0.9)] = void
    labels.flat[0] = classes - 1  # so that one counts, but where that is the void one
    if rng.random() < 0.05:
        labels.flat[-1] = classes
    reduction = one(rng, "mean", "sum", "none") if labels.flat[0] != void else "sum"
    weights = rng.uniform(0.1, 3, classes) if rng.integers(2) else None
    smoothing = one(rng, 0.0, float(rng.random()), 1.0, *[1.5] * (rng.random() < 0.1))
    scores = one(rng, 1, 3, 100) * rng.standard_normal((shape[0], classes, *shape[1:]))
    return Case(
        f"{called('SoftmaxCrossEntropy', void, weights, reduction, smoothing)} of {scores.shape}",
        lambda: Loss(layers.SoftmaxCrossEntropy(void, weights, reduction, smoothing), labels),
        lambda: TorchWith(
            nn.CrossEntropyLoss(
                weight=None if weights is None else torch.from_numpy(weights),
                ignore_index=void,
                reduction=reduction,
                label_smoothing=smoothing,
            ),
            torch.from_numpy(labels),
        ),
        [scores],
    )


DRAWS = {
    "Conv2d": conv2d,
    "ConvTranspose2d": conv_transpose2d,
    "MaxPool2d": max_pool2d,
    "AvgPool2d": avg_pool2d,
    "MaxUnpool2d": max_unpool2d,
    "Upsample": upsample,
    "ZeroPad2d": zero_pad2d,
    "LocalResponseNorm": local_response_norm,
    "Linear": linear,
    "ReLU": relu,
    "Dropout, Dropout2d": dropout,
    "Flatten": flatten,
    "Scale": scale,
    "Sum": sum_of,
    "Concatenation": concatenation,
    "Crop": crop,
    "Sequential": sequential,
    "Branches": branches,
    "Graph": graph,
    "SoftmaxCrossEntropy": softmax_cross_entropy,
}
OFTEN = ["Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d", "MaxUnpool2d", "Upsample", "SoftmaxCrossEntropy"]
ROUND = [*DRAWS, *OFTEN, *OFTEN]  # of which the trials take one after the other
