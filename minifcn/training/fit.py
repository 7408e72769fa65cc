"""The loop: batches in, one step of SGD for each group of them.

A step depends on the weights and velocities before it, its batches, the seed and its number alone. So a training that
goes on from a step ends with the same weights as one that was never stopped.
"""

import contextlib
import math
from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, to_device
from minifcn.backend.parallel import hold
from minifcn.data import VOID, sample_pixels
from minifcn.errors import InputError
from minifcn.layers import Layer
from minifcn.optim import SGD, Schedule
from minifcn.training.criterion import PixelLoss


class Step(NamedTuple):
    """A step of the optimizer that is done."""

    number: int  # counted from 0
    batches: int  # that it was made of
    images: int  # in them
    losses: list[float]  # of each batch with any label that is not void, for a pixel

    @property
    def loss(self) -> float:
        """The mean of the batches' losses; NaN where all labels were void, and nothing was learned."""
        return sum(self.losses) / len(self.losses) if self.losses else math.nan


class Diverged(InputError):
    """A number is not finite any more: training cannot go on from here."""

    def __init__(self, what: str, number: int, lr: float):
        super().__init__(f"{what} at step {number + 1}: training diverged, learning rate {lr:g} is too high")


def fit(
    model: Layer,
    batches: Iterable[tuple[Array, ...]],
    optimizer: SGD,
    schedule: Schedule,
    criterion: PixelLoss | None = None,
    *,
    device: str = "cpu",
    accumulate: int = 1,
    sample: float = 1.0,
    seed: int = 0,
    start: int = 0,
) -> Iterator[Step]:
    """Train as long as there are batches; yields a `Step` after each, so that others can look, save, or stop.

    model       on `device`; each step puts it into training mode
    batches     (images (N, 3, H, W), labels (N, H, W) or (N,)) on the host; what else comes with them is passed over
    optimizer   of the model's parameters
    schedule    step's number -> learning rate, one of `minifcn.optim`'s
    criterion   the loss of a pixel (default: the mean over the pixels of a batch)
    accumulate  batches whose mean gradient makes a step; those that are all void do not count
    sample      the probability with which a pixel counts
    seed        with the step's number it fixes the sampled pixels, and what dropout drops
    start       the first step's number

    Raises InputError for what cannot be, and Diverged, which is one, before a step whose loss is not finite.
    """
    criterion, batches, number = criterion or PixelLoss(), iter(batches), start
    if not isinstance(accumulate, Integral) or accumulate < 1:
        raise InputError(f"fit: accumulate is {accumulate}; expected a whole number of batches, at least 1")
    if not 0 < sample <= 1:
        raise InputError(f"fit: sample is {sample}; expected a probability above 0, 1 for every pixel")
    if not isinstance(criterion, PixelLoss):
        given = type(criterion).__name__
        raise InputError(f"fit: the criterion is a {given}; expected a PixelLoss, which tells the loss of a pixel")
    if (there := optimizer.parameters[0].device) != device:
        raise InputError(f"fit: device is {device!r}, but the model is on {there!r}: give device={there!r}")
    while group := [batch[:2] for _, batch in zip(range(accumulate), batches)]:  # in this order it reads none too many
        with hold(), _forgotten(model, criterion.criterion):
            model.train()
            optimizer.lr = schedule(number)
            optimizer.zero_grad()
            model.reseed([seed, number])
            if sample < 1:
                rng = np.random.default_rng([seed, number])
                group = [(images, sample_pixels(labels, sample, rng)) for images, labels in group]
            losses, labelled = [], [(images, labels) for images, labels in group if (labels != VOID).any()]
            for images, labels in labelled:
                loss = criterion(model(to_device(images, device)), to_device(labels, device))
                if not math.isfinite(loss):
                    raise Diverged(f"the loss is {loss}", number, optimizer.lr)
                model.backward(criterion.backward(1 / len(labelled)))
                losses.append(loss)
            if labelled:
                optimizer.step()
        yield Step(number, len(group), sum(len(images) for images, _ in group), losses)
        number += 1


@contextlib.contextmanager
def _forgotten(*layers: Layer) -> Iterator[None]:
    """Where the block ends in an error or Ctrl-C, they drop what they kept for backward: maps fill much memory."""
    try:
        yield
    except BaseException:
        for layer in layers:
            layer.forget()
        raise
