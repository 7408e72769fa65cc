"""Several ranks train as one process does: the same losses and weights, however the images are shared out."""

import numpy as np
import pytest
from machines.threads import run_ranks

from minifcn.data import VOID, Batches, Dataset, Preprocessing, compose, jitter, mirror
from minifcn.layers import Conv2d, Dropout, Dropout2d, ReLU, Sequential
from minifcn.machines import ALONE, Exchange
from minifcn.optim import SGD, polynomial
from minifcn.training.criterion import PixelLoss
from minifcn.training.fit import fit

AS_IT_IS = Preprocessing((100, 110, 120), (60, 50, 40))


class Uneven(Dataset):
    """Pairs of three classes and sizes that differ, with borders of void that grow; every fourth is void all over."""

    name, classes = "uneven", ("a", "b", "c")

    def __init__(self, count, sizes=((6, 8), (9, 5), (7, 7))):
        self.count, self.sizes, self.read = count, sizes, []

    def __len__(self):
        return self.count

    def load(self, index):
        self.read.append(index)
        rng = np.random.default_rng(index)
        size = self.sizes[index % len(self.sizes)]
        label = rng.integers(3, size=size, dtype=np.uint8)
        label[: index % 4] = VOID
        if index % 4 == 3:
            label[:] = VOID
        return rng.integers(256, size=(*size, 3), dtype=np.uint8), label


def network():
    rng = np.random.default_rng(0)
    layers = Conv2d(3, 6, 3, padding=1, rng=rng), ReLU(), Dropout2d(0.3), Conv2d(6, 5, 1, rng=rng), Dropout(0.4)
    return Sequential(*layers, Conv2d(5, 3, 3, padding=1, rng=rng)).astype("float64")


def trained(group, count=11, batch_size=4, accumulate=1, sample=1.0, epochs=2, **loss):
    """(all steps, the weights) of two epochs over `count` images."""
    net = network()
    optimizer, steps = SGD(net.parameters(), 0.05, weight_decay=1e-3), []
    batches = Batches(
        Uneven(count), batch_size, AS_IT_IS, compose(mirror, jitter(2)), group=group, accumulate=accumulate
    )
    how = {"accumulate": accumulate, "sample": sample, "seed": 5, "exchange": Exchange(net.parameters(), group)}
    for epoch in range(epochs):
        pairs = ((images.astype("float64"), labels) for images, labels, _ in batches.epoch(epoch))
        steps += fit(net, pairs, optimizer, polynomial(0.05, 99), PixelLoss(**loss), start=len(steps), **how)
    return steps, net.state_dict()


def assert_close(one, other, tolerance=1e-13):
    for (losses, weights), (expected, of_one) in zip(one, other, strict=True):
        assert [step[:3] for step in losses] == [step[:3] for step in expected]
        for step, wanted in zip(losses, expected, strict=True):
            np.testing.assert_allclose(step.losses, wanted.losses, rtol=tolerance)
        for name, array in weights.items():
            np.testing.assert_allclose(array, of_one[name], rtol=tolerance, atol=tolerance, err_msg=name)


WAYS = {
    "mean": {},
    "sum": {"reduction": "sum"},
    "weighted": {"class_weights": np.array([1.0, 0.25, 7.0])},
    "accumulated": {"accumulate": 3, "batch_size": 2},
    "one image a batch": {"accumulate": 5, "batch_size": 1},
    "sampled": {"sample": 0.4},
    "all of it": {"sample": 0.6, "accumulate": 2, "class_weights": np.array([1.0, 0.25, 7.0])},
    "fewer images than ranks": {"count": 5, "batch_size": 2},
}


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("way", WAYS)
def test_ranks_train_as_one_process_does(way, size):
    alone = trained(ALONE, **WAYS[way])
    assert_close(run_ranks(size, lambda group: trained(group, **WAYS[way])), [alone] * size, 1e-13 * (size > 1))
