"""The kernels by hand and what they are called with: drawn shapes, and those of the full FCN-8s on 500x500 pixels.

Each takes over from a plain function of its name (`minifcn.backend.kernels`), and is called through that one.
"""

import importlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from minifcn.backend import to_device, to_host
from minifcn.backend.kernels import with_kernels
from minifcn.convolution.geometry import How, Pair, pair, tap_dtype
from minifcn.convolution.textbook import add_to_windows, columns_of
from minifcn.layers.elementwise import bias_relu
from minifcn.layers.loss import softmax_loss, softmax_loss_grad
from minifcn.layers.pool import max_pool, spread
from minifcn.optim import sgd_update


class Shape(NamedTuple):
    """What is called for: maps (N, C, H, W), and how windows go over them."""

    maps: tuple[int, int, int, int]
    kernel: Pair = (2, 2)
    how: How = How((2, 2))
    ceil: bool = True  # of pooling

    def pooled(self) -> Pair:
        """(oh, ow) of a pooling."""
        rows, cols = (replace(window, ceil=self.ceil) for window in self.how.windows(self.kernel))
        return rows.output_size(self.maps[2]), cols.output_size(self.maps[3])


class Twin(NamedTuple):
    """A plain function for which a kernel may take over.

    given    (rng, Shape, dtype) -> its arguments, arrays on the host
    changed  numbers of the arguments that it writes over
    full     shapes with which a step of the full FCN-8s calls it
    """

    plain: Callable
    given: Callable[[np.random.Generator, Shape, str], tuple]
    full: dict[str, Shape]
    changed: tuple[int, ...] = ()


def names() -> list[str]:
    """The kernels there are: none where the folder minifcn/kernels/ has been deleted."""
    try:
        return list(importlib.import_module("minifcn.kernels").TWINS)
    except ImportError:
        return []


def leave_out(name: str) -> None:
    """Let the plain way be taken for this one in all that follows in this process."""
    del importlib.import_module("minifcn.kernels").TWINS[name]


def call(twin: Twin, given: tuple, kernel: bool) -> list[np.ndarray]:
    """What a call gives and what it leaves in the arrays it changes, on the host; its arguments go to the device."""
    own = [_there(value) for value in given]
    with with_kernels(kernel):
        result = twin.plain(*own)
    results = result if isinstance(result, tuple) else (result,)
    return [to_host(array) for array in (*results, *(own[i] for i in twin.changed)) if array is not None]


def caller(twin: Twin, given: tuple, kernel: bool) -> Callable[[], None]:
    """A function that calls it again and again with the same arrays of the device."""
    own = [_there(value) for value in given]

    def again():
        with with_kernels(kernel):
            twin.plain(*own)

    return again


def moved(twin: Twin, given: tuple) -> int:
    """Bytes of the definition: what is given is read once, what comes of it is written once."""
    with with_kernels(False):
        results = twin.plain(*(value.copy() if isinstance(value, np.ndarray) else value for value in given))
    made = [*(results if isinstance(results, tuple) else (results,)), *(given[i] for i in twin.changed)]
    if twin.plain is bias_relu:
        made = made[1:]  # what it returns is what it has changed
    return sum(array.nbytes for array in (*given, *made) if isinstance(array, np.ndarray))


def draw_shape(rng: np.random.Generator) -> Shape:
    """A small one, with anything that windows can have."""
    n, c, h, w = rng.integers((1, 1, 7, 7), (4, 6, 16, 16)).tolist()
    kernel, stride, dilation = (pair(rng.integers(1, most, 2).tolist()) for most in (4, 4, 3))
    padding = pair([int(rng.integers(0, size // 2 + 1)) for size in kernel])
    return Shape((n, c, h, w), kernel, How(stride, padding, dilation), bool(rng.integers(2)))


def _there(value):
    """An array of the device that lies in memory as the host's does: an upload alone would lay it out anew."""
    if not isinstance(value, np.ndarray):
        return value
    axes = sorted(range(value.ndim), key=lambda axis: -value.strides[axis])
    back = sorted(range(value.ndim), key=axes.__getitem__)
    return to_device(value.transpose(axes).copy(), "gpu").transpose(back)


def _normal(rng, shape, dtype):
    return rng.standard_normal(shape, dtype="float32").astype(dtype)


def _padded(rng, shape, dtype):
    """A map with zeros around it, as `columns_of` sees it."""
    return np.pad(_normal(rng, shape.maps, dtype), ((0, 0), (0, 0), *((p, p) for p in shape.how.padding)))


def _columns_of(rng, shape, dtype):
    return _padded(rng, shape, dtype), shape.kernel, shape.how.stride, shape.how.dilation


def _add_to_windows(rng, shape, dtype):
    x = _padded(rng, shape, dtype)
    n, c, *_ = shape.maps
    size = shape.how._replace(padding=(0, 0)).output_size(x.shape[2:], shape.kernel)
    columns = _normal(rng, (c, *shape.kernel, n, *size), dtype).transpose(3, 0, 1, 2, 4, 5)  # as a product leaves them
    return x, columns, shape.how.stride, shape.how.dilation


def _bias_relu(rng, shape, dtype):
    return _normal(rng, shape.maps, dtype), _normal(rng, shape.maps[1], dtype)


def _max_pool(rng, shape, dtype):
    return _normal(rng, shape.maps, dtype), shape.pooled(), shape.kernel, shape.how, True


def _spread(rng, shape, dtype):
    x, size, kernel, how, winners = _max_pool(rng, shape, dtype)
    with with_kernels(False):
        _, winner = max_pool(x, size, kernel, how, winners)
    return _normal(rng, winner.shape, dtype), winner.astype(tap_dtype(kernel)), shape.maps[2:], kernel, how


def _pixels(rng, shape, dtype):
    """Scores (N, C, P), the class of each pixel and its weight (N, P), some of them 0."""
    n, c, *size = shape.maps
    flat = n, math.prod(size)
    weights = (rng.random(flat) > 0.1) * rng.random(flat)
    return _normal(rng, (n, c, flat[1]), dtype), rng.integers(0, c, flat), weights.astype(dtype)


def _softmax_loss_grad(rng, shape, dtype):
    scores, target, weights = _pixels(rng, shape, dtype)
    e = np.exp(scores)
    return e / e.sum(axis=1, keepdims=True), target, weights


def _sgd_update(rng, shape, dtype):
    return *(_normal(rng, shape.maps, dtype) for _ in range(3)), 0.01, 0.9, 5e-4


THREE = (3, 3), How((1, 1), (1, 1))
CONVS = {"conv3_2": Shape((1, 256, 175, 175), *THREE), "conv5_1": Shape((1, 512, 44, 44), *THREE)}
RELUS = {"conv1_1": Shape((1, 64, 698, 698)), "conv4_1": Shape((1, 512, 88, 88))}
POOLS = {"pool1": Shape((1, 64, 698, 698)), "pool4": Shape((1, 512, 88, 88))}
LOSSES = {"21 classes, 500x500": Shape((1, 21, 500, 500))}
WEIGHTS = {"conv5_1": Shape((512, 512, 3, 3)), "fc7": Shape((4096, 4096, 1, 1))}

TWINS: dict[str, Twin] = {
    "columns_of": Twin(columns_of, _columns_of, CONVS),
    "add_to_windows": Twin(add_to_windows, _add_to_windows, CONVS, (0,)),
    "bias_relu": Twin(bias_relu, _bias_relu, RELUS, (0,)),
    "max_pool": Twin(max_pool, _max_pool, POOLS),
    "spread": Twin(spread, _spread, POOLS),
    "softmax_loss": Twin(softmax_loss, _pixels, LOSSES),
    "softmax_loss_grad": Twin(softmax_loss_grad, _softmax_loss_grad, LOSSES),
    "sgd_update": Twin(sgd_update, _sgd_update, WEIGHTS, (0, 1)),
}
