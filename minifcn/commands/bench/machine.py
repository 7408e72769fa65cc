"""What the machine itself can do: the roofs over everything else (Williams, Waterman, Patterson 2009, "Roofline")."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import array_module, to_device
from minifcn.backend.parallel import blocks, run_all
from minifcn.commands.bench.timing import seconds_of

PRODUCT = {"cpu": 2048, "gpu": 8192}  # rows and columns of the matrices
COPY = {"cpu": 1 << 26, "gpu": 1 << 28}  # entries: far more than caches hold
TRIES, SECONDS = 10, 0.5  # at least: a GPU's clock rises only under load


class Limits(NamedTuple):
    """The fastest of several tries: float32 matrix products in FLOP/s, copying in bytes/s, read and written."""

    product: float
    copy: float

    def or_better(self, other: "Limits") -> "Limits":
        """The better of both figures: what else runs on a machine only slows it."""
        return Limits(*map(max, self, other))


def measure_limits(device: str) -> Limits:
    """Measure both on "cpu", with as many threads as BLAS uses, or "gpu"."""
    size = PRODUCT[device]
    # Of random numbers: a GPU's clock falls with the bits that flip, and products of ones are faster than any other.
    a = to_device(np.random.default_rng(0).standard_normal((size, size), np.float32), device)
    seconds = _fastest(lambda: a @ a, device)
    source = to_device(np.ones(COPY[device], np.float32), device)
    target = source.copy()

    def copy(block):
        target[block] = source[block]

    pieces = [(block,) for block in blocks(source.shape, array_module(source))]
    copying = _fastest(lambda: run_all(copy, pieces, array_module(source)), device)
    return Limits(2 * size**3 / seconds, 2 * source.nbytes / copying)


def _fastest(function: Callable[[], Any], device: str) -> float:
    """The least seconds of a call."""
    end = time.monotonic() + SECONDS
    taken: list[float] = []
    while len(taken) < TRIES or time.monotonic() < end:
        taken.append(seconds_of(function, 1, device))
    return min(taken)
