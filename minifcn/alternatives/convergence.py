"""How fast learning converges with sampled losses, by the step and by the clock (paper, section 4.3 and figure 5)."""

import itertools
import time
from typing import NamedTuple

import numpy as np

from minifcn.data import Batches, Dataset, Preprocessing
from minifcn.errors import InputError
from minifcn.layers import Layer
from minifcn.optim import SGD, fixed
from minifcn.training.fit import fit


class Step(NamedTuple):
    """Seconds of training up to the end of this step, reading images left out; the loss per counted pixel before it."""

    seconds: float
    loss: float


def converge(
    net: Layer, dataset: Dataset, probability: float, steps: int, batch_size: int = 4, lr: float = 0.03, seed: int = 0
) -> list[Step]:
    """Train a net by SGD on so many steps, each pixel counted with this probability -> [Step], one for each.

    net         (N, 3, H, W) -> scores (N, n_class, H, W); it is changed
    batch_size  images in a step if all pixels count; else 1/probability times as many, so that as many pixels count
    seed        of the order of images, of the sampled pixels and of dropout

    Raises InputError for a probability that is not above 0 and at most 1, and for fewer than 1 step.
    """
    if not 0 < probability <= 1:
        raise InputError(f"converge: probability is {probability}; expected above 0, and 1 for every pixel")
    if steps < 1:
        raise InputError(f"converge: steps is {steps}; expected at least 1")
    batches = Batches(dataset, round(batch_size / probability), Preprocessing(dataset.mean, dataset.std), seed=seed)
    endless = itertools.chain.from_iterable(batches.epoch(number) for number in itertools.count())
    optimizer, seconds, curve = SGD(net.parameters(), lr), 0.0, []
    for number, batch in enumerate(itertools.islice(endless, steps)):
        begun = time.perf_counter()
        [step] = fit(net, [batch], optimizer, fixed(lr), sample=probability, seed=seed, start=number)
        seconds += time.perf_counter() - begun
        curve.append(Step(seconds, step.loss))
    return curve


def smoothed(curve: list[Step], over: int) -> list[Step]:
    """The curve with the mean loss of each step and those before it, `over` in all or as many as there are."""
    losses = [step.loss for step in curve]
    means = [float(np.mean(losses[max(0, end - over) : end])) for end in range(1, len(curve) + 1)]
    return [Step(step.seconds, mean) for step, mean in zip(curve, means, strict=True)]
