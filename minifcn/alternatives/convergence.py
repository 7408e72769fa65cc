"""How fast learning converges with sampled losses, by the step and by the clock (paper, section 4.3 and figure 5)."""

import itertools
import time
from typing import NamedTuple

import numpy as np

from minifcn.data import VOID, Batches, Preprocessing, sample_pixels
from minifcn.errors import InputError
from minifcn.layers import SoftmaxCrossEntropy
from minifcn.optim import SGD


class Step(NamedTuple):
    """Seconds of training up to the end of this step, reading images left out; the loss per counted pixel before it."""

    seconds: float
    loss: float


def converge(net, dataset, probability, steps, batch_size=4, lr=0.03, momentum=0.9, seed=0):
    """Train a net by SGD on so many steps, each pixel counted with this probability -> [Step], one for each.

    net         (N, 3, H, W) -> scores (N, n_class, H, W); it is changed
    dataset     a `Dataset`
    batch_size  images in a step if all pixels count; else 1/probability times as many, so that as many pixels count
    seed        of the order of images, of the sampled pixels and of dropout

    Raises InputError for a probability that is not above 0 and at most 1, and for fewer than 1 step.
    """
    if not 0 < probability <= 1:
        raise InputError(f"converge: probability is {probability}; expected above 0, and 1 for every pixel")
    if steps < 1:
        raise InputError(f"converge: steps is {steps}; expected at least 1")
    images_a_step = round(batch_size / probability)
    batches = Batches(dataset, images_a_step, Preprocessing(dataset.mean, dataset.std), seed=seed)
    criterion, optimizer = SoftmaxCrossEntropy(VOID), SGD(net.parameters(), lr, momentum)
    rng, seconds, curve = np.random.default_rng(seed), 0.0, []
    net.train().reseed(seed)
    for images, labels, _ in _forever(batches):
        begun = time.perf_counter()
        optimizer.zero_grad()
        loss = criterion(net(images), sample_pixels(labels, probability, rng))
        net.backward(criterion.backward())
        optimizer.step()
        seconds += time.perf_counter() - begun
        curve.append(Step(seconds, loss))
        if len(curve) == steps:
            return curve


def smoothed(curve, over):
    """The curve with the mean loss of each step and those before it, `over` in all or as many as there are."""
    losses = [step.loss for step in curve]
    means = [float(np.mean(losses[max(0, end - over) : end])) for end in range(1, len(curve) + 1)]
    return [Step(step.seconds, mean) for step, mean in zip(curve, means, strict=True)]


def _forever(batches):
    for epoch in itertools.count():
        yield from batches.epoch(epoch)
