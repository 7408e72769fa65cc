"""Every layer with settings drawn at random, and what PyTorch has in its place; `settings.py` compares them.

A draw is a function of a generator -> Case. Some of what is drawn makes no sense: a kernel larger than the map, groups
that do not divide the channels, a stride of 0. Then both have to refuse it. What is known to differ is not drawn:

- poolings with a dilated window that holds no pixel, unpoolings of overlapping windows and to sizes that do not pool to
  the input's, and a mean over no label at all, for which PyTorch has no defined result;
- paddings below 0, Dropout(1), and inputs of other ranks, which PyTorch takes and minifcn refuses.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from minifcn import layers


class Case(NamedTuple):
    """The same computation twice: makers of a layer and of what PyTorch calls, and the maps that both take."""

    words: str
    ours: Callable[[], Any]
    theirs: Callable[[], Callable]
    maps: list[np.ndarray]
    inplace: bool = False


def called(name: str, *settings: Any, **more: Any) -> str:
    """The call in words."""
    return f"{name}({', '.join([*map(repr, settings), *(f'{key}={value!r}' for key, value in more.items())])})"


def one(rng, *choices):
    """One of the choices, as it is."""
    return choices[rng.integers(len(choices))]


def number(rng, low, high):
    """A whole number, low and high among them."""
    return int(rng.integers(low, high + 1))


def setting(rng, low, high):
    """A number or a pair of them; now and then of what is below `low`."""
    low -= rng.random() < 0.02
    return number(rng, low, high) if rng.random() < 0.4 else (number(rng, low, high), number(rng, low, high))


def pair(value):
    """(rows, columns) of a setting."""
    return value if isinstance(value, tuple) else (value, value)


def maps(rng, channels, low=1, high=9):
    """Random numbers (N, C, H, W), in one of several layouts."""
    array = rng.standard_normal((number(rng, 1, 2), channels, number(rng, low, high), number(rng, low, high)))
    kind = rng.integers(4)
    if kind == 1:
        return np.ascontiguousarray(array.T).T
    if kind == 2:
        return np.repeat(array, 2, axis=3)[..., ::2]
    return array[..., ::-1, ::-1] if kind == 3 else array


def like(name, x, *settings, **more):
    """The Case of two classes of one name that take the same settings."""
    words = f"{called(name, *settings, **more)} of {x.shape}"
    ours, theirs = getattr(layers, name), getattr(nn, name)
    return Case(words, lambda: ours(*settings, **more), lambda: theirs(*settings, **more).double(), [x])


def channels(rng):
    """(in, out, groups) of a convolution; seldom the groups do not divide them."""
    groups = one(rng, 1, 1, 2, 3)
    ins, outs = groups * number(rng, 1, 3), groups * number(rng, 1, 3)
    return ins + int(rng.random() < 0.03), outs, groups


def conv2d(rng):
    ins, outs, groups = channels(rng)
    same = rng.random() < 0.3
    how = {
        "kernel_size": setting(rng, 1, 4),
        "stride": 1 if same and rng.random() < 0.9 else setting(rng, 1, 3),
        "padding": "same" if same else setting(rng, 0, 3),
        "dilation": setting(rng, 1, 3),
        "groups": groups,
        "bias": bool(rng.integers(2)),
    }
    plain = pair(how["stride"]) == (1, 1) and groups == 1
    winograd = plain and pair(how["kernel_size"]) == (3, 3) and pair(how["dilation"]) == (1, 1)
    algorithm = one(rng, *WAYS, *["mec"] * (plain and pair(how["kernel_size"])[0] > 1), *["winograd"] * 4 * winograd)
    case = like("Conv2d", maps(rng, ins), ins, outs, **how)
    words = f"{case.words}, {algorithm}"
    return case._replace(words=words, ours=lambda: layers.Conv2d(ins, outs, **how, algorithm=algorithm))


def conv_transpose2d(rng):
    ins, outs, groups = channels(rng)
    how = {
        "kernel_size": setting(rng, 1, 4),
        "stride": setting(rng, 1, 3),
        "padding": setting(rng, 0, one(rng, 0, 1, 3)),
        "output_padding": setting(rng, 0, 2) if rng.random() < 0.3 else 0,
        "groups": groups,
        "bias": bool(rng.integers(2)),
        "dilation": setting(rng, 1, 3),
    }
    case = like("ConvTranspose2d", maps(rng, ins, high=6), ins, outs, **how)
    phases = pair(how["dilation"]) == (1, 1) and min(pair(how["stride"])) > 1
    algorithm = one(rng, *WAYS, *["phases"] * 2 * phases)
    # PyTorch looks at no output_padding where it is given the size.
    size = (number(rng, 1, 14), number(rng, 1, 14)) if rng.random() < 0.1 and how["output_padding"] == 0 else None

    def ours():
        layer = layers.ConvTranspose2d(ins, outs, **how, algorithm=algorithm)
        return layer if size is None else With(layer, output_size=size)

    def theirs():
        module = nn.ConvTranspose2d(ins, outs, **how).double()
        return module if size is None else TorchWith(module, output_size=size)

    return case._replace(words=f"{case.words}, {algorithm}, output_size={size}", ours=ours, theirs=theirs)


def window(rng, dilated):
    """The settings of a pooling, and the least side of a map of which every window holds a pixel."""
    how = {"kernel_size": setting(rng, 1, 4), "ceil_mode": bool(rng.integers(2))}
    if rng.random() < 0.7:
        how["stride"] = setting(rng, 1, 3)
    if rng.random() < 0.7:
        half = max(0, min(pair(how["kernel_size"])) // 2)
        how["padding"] = setting(rng, 0, half + (rng.random() < 0.1))
    if dilated and rng.random() < 0.5:
        how["dilation"] = setting(rng, 1, 3)
    return how, max(1, *pair(how.get("dilation", 1)))


def max_pool2d(rng):
    how, least = window(rng, dilated=True)
    x = maps(rng, number(rng, 1, 4), low=least)
    x = x.round() if rng.integers(2) else x  # ties
    return like("MaxPool2d", x, **how, return_indices=bool(rng.integers(2)))


def avg_pool2d(rng):
    how, _ = window(rng, dilated=False)
    return like("AvgPool2d", maps(rng, number(rng, 1, 4)), **how, count_include_pad=bool(rng.integers(2)))


def max_unpool2d(rng):
    kernel = (number(rng, 1, 4), number(rng, 1, 4))
    stride = tuple(k + number(rng, 0, 2) for k in kernel)
    how = {"kernel_size": kernel, "stride": stride, "padding": tuple(number(rng, 0, k // 2) for k in kernel)}
    pooled = torch.from_numpy(maps(rng, number(rng, 1, 3), low=4).copy())
    pool = nn.MaxPool2d(**how, ceil_mode=bool(rng.integers(2)), return_indices=True)
    y, indices = pool(pooled)
    if rng.random() < 0.1:
        indices.view(-1)[number(rng, 0, indices.numel() - 1)] = pooled[0, 0].numel()  # beyond the last pixel
    size, x = tuple(pooled.shape[2:]), rng.standard_normal(y.shape)
    return Case(
        f"{called('MaxUnpool2d', **how)} of {x.shape} to {size}",
        lambda: With(layers.MaxUnpool2d(**how), indices.numpy(), size),
        lambda: TorchWith(nn.MaxUnpool2d(**how), indices, size),
        [x],
    )


def upsample(rng):
    x = maps(rng, number(rng, 1, 3))
    how = {"mode": one(rng, "nearest", "nearest-exact", "bilinear", "bilinear", *["cubic"] * (rng.random() < 0.02))}
    if rng.random() < 0.5:
        how["size"] = setting(rng, 1, 20)
    if "size" not in how or rng.random() < 0.02:
        factors = [one(rng, number(rng, 1, 4), float(rng.uniform(0.1, 4))) for _ in range(2)]
        how["scale_factor"] = one(rng, factors[0], tuple(factors))
    if how["mode"] == "bilinear" or rng.random() < 0.03:
        how["align_corners"] = one(rng, None, True, True, False)
    return like("Upsample", x, **how)


def zero_pad2d(rng):
    padding = number(rng, 0, 3) if rng.random() < 0.3 else tuple(number(rng, 0, 3) for _ in range(4))
    return like("ZeroPad2d", maps(rng, number(rng, 1, 3)), padding)


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


def chain(rng, channels, steps):
    """[(name, settings)] of some layers one after another, which leave the size as it is where `steps` is 1."""
    chosen = []
    for _ in range(number(rng, 1, 4)):
        name = one(rng, "Conv2d", "ReLU", *["Conv2d", "MaxPool2d", "ZeroPad2d"] * (steps > 1))
        if name == "Conv2d":
            outs, stride = number(rng, 1, 4), number(rng, 1, steps)
            padding = "same" if stride == 1 else 1
            chosen.append((name, (channels, outs, (number(rng, 1, 3), number(rng, 1, 4)), stride, padding)))
            channels = outs
        else:
            chosen.append((name, {"ReLU": (), "MaxPool2d": (2,), "ZeroPad2d": ((0, 1, 2, 0),)}[name]))
    return chosen


def made(kit, chosen):
    return kit.Sequential(*(getattr(kit, name)(*settings) for name, settings in chosen))


def sequential(rng):
    ins = number(rng, 1, 3)
    chosen, x = chain(rng, ins, 2), maps(rng, ins)
    return Case(f"Sequential({chosen}) of {x.shape}", lambda: made(layers, chosen), lambda: made(nn, chosen), [x])


def branches(rng):
    ins = number(rng, 1, 3)
    chosen, x = [chain(rng, ins, 1) for _ in range(number(rng, 1, 3))], maps(rng, ins)

    def ours():
        return layers.Branches(*(made(layers, branch) for branch in chosen))

    return Case(f"Branches({chosen}) of {x.shape}", ours, lambda: SideBySide([made(nn, b) for b in chosen]), [x])


def graph(rng):
    """A skip around a chain, which is taken twice."""
    ins = number(rng, 1, 3)
    chosen, x = chain(rng, ins, 1), maps(rng, ins)
    chosen.append(("Conv2d", (([ins] + [s[1] for name, s in chosen if name == "Conv2d"])[-1], ins, 1)))

    def ours():
        more = layers.Concatenation(), "sum", "chain", "input"
        return layers.Graph({"chain": made(layers, chosen), "sum": (layers.Sum(), "chain", "input"), "all": more})

    return Case(f"Graph({chosen}) of {x.shape}", ours, lambda: Skip(made(nn, chosen)), [x])


class With(layers.Layer):
    """A layer that takes more than maps."""

    def __init__(self, layer, *more, **named):
        self.layer, self.more, self.named = layer, more, named

    def forward(self, x):
        return self.layer(x, *self.more, **self.named)

    def backward(self, dy):
        return self.layer.backward(dy)


class Loss(With):
    """A loss as an array; and where it is one number, its gradient times the incoming one."""

    def forward(self, x):
        return np.asarray(super().forward(x))

    def backward(self, dy):
        return self.layer.backward(dy) if dy.ndim else dy * self.layer.backward()


class TorchWith(nn.Module):
    """A module that takes more than maps."""

    def __init__(self, module, *more, **named):
        super().__init__()
        self.module, self.more, self.named = module, more, named

    def forward(self, x):
        return self.module(x, *self.more, **self.named)


class SideBySide(nn.Module):
    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Skip(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        y = self.inner(x)
        return torch.cat([y + x, y, x], 1)


WAYS = ("auto", "auto", "textbook", "im2col", "matrix", "definition")
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
