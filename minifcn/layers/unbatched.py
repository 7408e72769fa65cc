"""One image without a batch around it, which layers of windows take as PyTorch's do."""

import functools
from typing import Any, TypeVar

from minifcn.backend import Array
from minifcn.layers.layer import Layer

Kind = TypeVar("Kind", bound=type[Layer])


def one_image_too(kind: Kind) -> Kind:
    """Make layers of (N, C, H, W) take x (C, H, W), too: then forward and backward give what they give for a batch of
    that one image, without N.

    Not for layers that PyTorch has for fewer axes, too, to which (C, H, W) is a batch of something else: Upsample,
    LocalResponseNorm, Flatten.
    """
    forward, backward = kind.forward, kind.backward

    @functools.wraps(forward)
    def forward_any(self: Any, x: Array, *more: Any, **named: Any) -> Any:
        self.alone = _is_image(x)
        if not self.alone:
            return forward(self, x, *more, **named)
        named = {name: _in_batch(value) for name, value in named.items()}
        y = forward(self, x[None], *map(_in_batch, more), **named)
        return tuple(one[0] for one in y) if isinstance(y, tuple) else y[0]  # MaxPool2d may give two arrays

    @functools.wraps(backward)
    def backward_any(self: Any, dy: Array) -> Any:
        if not self.alone:
            return backward(self, dy)
        dx = backward(self, _in_batch(dy))
        return None if dx is None else dx[0]

    changed: Any = kind
    changed.forward, changed.backward, changed.alone = forward_any, backward_any, False
    return kind


def _is_image(value):
    return len(getattr(value, "shape", ())) == 3


def _in_batch(value):
    """An array (C, H, W) as (1, C, H, W); all else as it is."""
    return value[None] if _is_image(value) else value
