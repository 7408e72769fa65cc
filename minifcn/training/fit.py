"""The loop: batches in, one step of SGD for each group of them.

A step depends on the weights and velocities before it, its batches, the seed and its number alone. So a training that
goes on from a step ends with the same weights as one that was never stopped; and so do, but for rounding, several
processes that share a step's images out among them, one and the same step.
"""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from numbers import Integral
from typing import NamedTuple

from minifcn.backend import Array, to_device
from minifcn.backend.parallel import given_back, hold
from minifcn.checks import check_array, function, instance, shown
from minifcn.errors import InputError
from minifcn.layers import Layer
from minifcn.machines import ALONE
from minifcn.machines.exchange import Exchange
from minifcn.optim import SGD, Schedule, decays_too_much
from minifcn.training.criterion import PixelLoss
from minifcn.training.pieces import next_pieces


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

    def __init__(self, what: str, number: int, optimizer: SGD):
        lr, decay = optimizer.lr, optimizer.weight_decay
        high = f"learning rate {lr:g}"
        if decays_too_much(lr, optimizer.momentum, decay):
            high = f"weight decay {decay:g} x {high}"
        super().__init__(f"{what} at step {number + 1}: training diverged, {high} is too high")


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
    exchange: Exchange | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Step]:
    """Train as long as there are batches; yields a `Step` after each, so that others can look, save, or stop.

    model       on `device`; each step puts it into training mode
    batches     (images (N, 3, H, W), labels (N, H, W) or (N,)) on the host; what else comes with them is passed over.
                Of several processes each gives its own rows of every batch, which may be none
    optimizer   of the model's parameters
    schedule    step's number -> learning rate, one of `minifcn.optim`'s
    criterion   the loss of a pixel (default: the mean over the pixels of a batch)
    accumulate  batches whose mean gradient makes a step; those that are all void do not count
    sample      the probability with which a pixel counts
    seed        with the step's number it fixes the sampled pixels, and what dropout drops
    start       the first step's number
    exchange    sums the gradients of several processes, all of which call this with the same settings; None: one alone
    stop        asked before each step, in every process

    Raises InputError for what cannot be, and Diverged, which is one, before a step whose loss is not finite; Stopped
    where `stop` says so in any process.
    """
    instance(model, "fit: model", Layer, "a network")
    instance(optimizer, "fit: optimizer", SGD, "an SGD of the model's parameters")
    function(schedule, "fit: schedule", "a step's number -> learning rate, as minifcn.optim.fixed(0.01) is")
    criterion, batches, number = criterion or PixelLoss(), iter(batches), start
    exchange = exchange or Exchange(optimizer.parameters, ALONE)
    if not isinstance(accumulate, Integral) or accumulate < 1:
        raise InputError(f"fit: accumulate is {accumulate}; expected a whole number of batches, at least 1")
    if not 0 < sample <= 1:
        raise InputError(f"fit: sample is {sample}; expected a probability above 0, 1 for every pixel")
    if not isinstance(criterion, PixelLoss):
        given = type(criterion).__name__
        raise InputError(f"fit: the criterion is a {given}; expected a PixelLoss, which tells the loss of a pixel")
    if (there := optimizer.parameters[0].device) != device:
        raise InputError(f"fit: device is {device!r}, but the model is on {there!r}: give device={there!r}")

    def read():
        # In this order it reads none too many.
        return None if stop() else [_pair(batch) for _, batch in zip(range(accumulate), batches)]

    while step := next_pieces(read, criterion, exchange.group, sample, [seed, number]):
        with given_back(), hold(), _forgotten(model, criterion.criterion):
            model.train()
            optimizer.lr = schedule(number)
            optimizer.zero_grad()
            losses = [0.0] * step.counting  # what this process adds to each batch's
            exchange.begin(len(step.here))
            for piece in step.here:
                model.reseed([seed, number], piece.batch, piece.first)
                images, labels = to_device(piece.images, device), to_device(piece.labels, device)
                losses[piece.batch] += (loss := criterion(model(images), labels, piece.divisor))
                if math.isfinite(loss):  # else all are about to end
                    model.backward(criterion.backward(1 / step.counting))
            exchange.finish()
            losses = [sum(parts) for parts in zip(*exchange.group.gather(losses))]
            if wrong := [loss for loss in losses if not math.isfinite(loss)]:
                raise Diverged(f"the loss is {wrong[0]}", number, optimizer)
            if losses:
                optimizer.step()
        yield Step(number, step.batches, step.images, losses)
        number += 1


def _pair(batch):
    """(images, labels) of a batch; InputError where it is none."""
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        raise InputError(f"fit: a batch is {shown(batch)}, expected (images, labels)")
    check_array("fit: images", batch[0], "f", "an array (N, 3, H, W)")
    check_array("fit: labels", batch[1], "iu", "an array (N, H, W)")
    return batch[0], batch[1]


@contextlib.contextmanager
def _forgotten(*layers: Layer) -> Iterator[None]:
    """Where the block ends in an error or Ctrl-C, they drop what they kept for backward: maps fill much memory."""
    try:
        yield
    except BaseException:
        for layer in layers:
            layer.forget()
        raise
