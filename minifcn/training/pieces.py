"""What goes through the network at once: pieces of a step's batches, whose losses and gradients add up to the step's.

Of several processes each has some rows of a batch. What it must know of the whole batch, how large the images are and
what the loss is divided by, they tell each other in a few numbers before anything is computed.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array
from minifcn.data import VOID, sample_pixels
from minifcn.data.batches import extend
from minifcn.machines import Group
from minifcn.machines.together import in_all
from minifcn.training.criterion import PixelLoss
from minifcn.training.stopping import Stopped


class Piece(NamedTuple):
    """Rows of one batch: all of it, or those that this process has."""

    images: Array  # (n, 3, H, W), as large as the whole batch's
    labels: Array  # (n, H, W) or (n,)
    batch: int  # the batch's place among those of the step that count
    first: int  # the place of the first image in its batch
    divisor: float  # of the whole batch's loss: see `PixelLoss`


class Pieces(NamedTuple):
    """What a step is made of."""

    here: list[Piece]  # this process's; rows that are all void add nothing, and are left out
    batches: int  # that were read
    images: int  # in them, in all processes
    counting: int  # batches with any label that is not void


def next_pieces(
    read: Callable[[], Sequence[tuple[Array, ...]] | None],
    criterion: PixelLoss,
    group: Group,
    sample: float,
    seed: Sequence[int],
) -> Pieces | None:
    """Those of the next step; None after the last.

    read    gives (images, labels) of each of its batches, this process's rows; None where it is to stop instead
    sample  the probability with which a pixel counts; which do depends on the seed and their place in the whole step
    Raises Stopped where any process is to stop, and InputError where any cannot read.
    """
    rows: list[Any] = []

    def look():
        batches = read()
        rows.extend(batches or ())
        return None if batches is None else [(x.shape, t.shape, criterion.divisor(t)) for x, t in rows]

    everyone = in_all(group, look)
    if None in everyone:
        raise Stopped
    if not rows:
        return None
    batches = list(zip(*everyone))  # [what each process has told of it]
    divisors, before = [tuple(divisor for *_, divisor in batch) for batch in batches], 0
    for number, batch in enumerate(batches):
        shapes, label_shapes, _ = zip(*batch)
        whole, first = _whole(label_shapes), sum(shape[0] for shape in shapes[: group.rank])
        images, labels = rows[number]
        images, labels = extend(images, _whole(shapes)[1:], 0), extend(labels, whole[1:], VOID)
        if sample < 1:
            bits = np.random.PCG64(seed).advance(before + first * math.prod(whole[1:]))  # a number for each label
            labels = sample_pixels(labels, sample, np.random.Generator(bits))
        rows[number], before = (images, labels, first), before + math.prod(whole)
    if sample < 1:  # this needed the extents of the whole batches: so there is more to tell
        divisors = list(zip(*group.gather([criterion.divisor(labels) for _, labels, _ in rows])))
    here, counting = [], 0
    for (images, labels, first), of_each in zip(rows, divisors):
        if of_each[group.rank]:
            here.append(Piece(images, labels, counting, first, sum(of_each)))
        counting += sum(of_each) > 0
    return Pieces(here, len(rows), sum(shape[0] for batch in batches for shape, *_ in batch), counting)


def _whole(shapes):
    """The shape of all rows of a batch together, as large as the largest; whoever has none knows no extents."""
    extents = [shape[1:] for shape in shapes if shape[0]] or [shapes[0][1:]]
    return (sum(shape[0] for shape in shapes), *np.max(extents, axis=0).astype(int).tolist())
