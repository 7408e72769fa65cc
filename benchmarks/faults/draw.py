"""What every drawn case is made of: settings and maps at random, and layers that take more than maps."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
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


def alone(rng, x):
    """The maps, or now and then the first image's without the batch."""
    return x[0] if rng.random() < 0.15 else x


def like(name, x, *settings, **more):
    """The Case of two classes of one name that take the same settings."""
    words = f"{called(name, *settings, **more)} of {x.shape}"
    ours, theirs = getattr(layers, name), getattr(nn, name)
    return Case(words, lambda: ours(*settings, **more), lambda: theirs(*settings, **more).double(), [x])


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
