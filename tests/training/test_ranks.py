"""Several ranks train as one process does: the same losses and weights, however the images are shared out."""

import itertools

import numpy as np
import pytest
from machines.threads import run_ranks

from minifcn.data import VOID, Batches, Dataset, Preprocessing, class_weights, compose, crop, jitter, mirror
from minifcn.errors import InputError
from minifcn.layers import Conv2d, Dropout, Dropout2d, ReLU, Sequential
from minifcn.machines import ALONE
from minifcn.machines.exchange import Exchange
from minifcn.models import BACKBONES, FCN8s
from minifcn.optim import SGD, polynomial
from minifcn.training.criterion import PixelLoss
from minifcn.training.evaluation import evaluate
from minifcn.training.fit import Diverged, fit
from minifcn.training.pretraining import AuxiliaryLoss
from minifcn.training.stopping import Stopped

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


def trained(group, net=None, count=11, batch_size=4, accumulate=1, sample=1.0, lr=0.05, augment=None, **loss):
    """(all steps, the weights) of two epochs over `count` images."""
    net = net or network()
    criterion = loss.pop("criterion", PixelLoss)(**loss)
    optimizer, exchange, steps = SGD(net.parameters(), lr, weight_decay=1e-3), Exchange(net.parameters(), group), []
    batches = Batches(Uneven(count), batch_size, AS_IT_IS, augment or compose(mirror, jitter(2)))
    batches.group, batches.accumulate = group, accumulate
    how = {"accumulate": accumulate, "sample": sample, "seed": 5, "exchange": exchange}
    for epoch in range(2):
        pairs = ((images.astype("float64"), labels) for images, labels, _ in batches.epoch(epoch))
        steps += fit(net, pairs, optimizer, polynomial(lr, 99), criterion, start=len(steps), **how)
    return steps, net.state_dict()


def assert_close(ranks, expected, tolerance=1e-13):
    """Each rank has these steps and weights; without a tolerance, the same bits."""
    for steps, weights in ranks:
        assert [step[:3] for step in steps] == [step[:3] for step in expected[0]]
        for step, wanted in zip(steps, expected[0], strict=True):
            np.testing.assert_allclose(step.losses, wanted.losses, rtol=tolerance)
        for name, array in weights.items():
            np.testing.assert_allclose(array, expected[1][name], rtol=tolerance, atol=tolerance, err_msg=name)


BALANCE = np.array([1.0, 0.25, 7.0])
WAYS = {
    "mean": {},
    "sum": {"reduction": "sum", "lr": 1e-3},
    "weighted": {"class_weights": BALANCE},
    "accumulated": {"accumulate": 3, "batch_size": 2},
    "one image a batch": {"accumulate": 5, "batch_size": 1},
    "sampled": {"sample": 0.4},
    "all of it": {"sample": 0.6, "accumulate": 2, "class_weights": BALANCE, "reduction": "sum", "lr": 1e-4},
    "fewer images than ranks": {"count": 5, "batch_size": 2},
}


@pytest.mark.parametrize("way", WAYS)
def test_ranks_train_as_one_process_does(way):
    alone = trained(ALONE, **WAYS[way])
    assert len({step.loss for step in alone[0]}) > 1
    for size in (1, 2, 3, 4):
        ranks = run_ranks(size, lambda group: trained(group, **WAYS[way]))
        assert_close(ranks, alone, 0 if size == 1 else 1e-13)


def test_the_same_ranks_give_the_same_bits():
    first, second = (run_ranks(3, lambda group: trained(group, sample=0.7, accumulate=2)) for _ in range(2))
    for rank in range(3):
        assert_close([first[rank], *second], first[0], 0)


def test_an_fcn_too():
    def train(group):
        net = FCN8s(3, width=1 / 16, fc_channels=8, padding="same", dropout=0.5, seed=0).astype("float64").train_only()
        return trained(group, net, count=6)

    alone = train(ALONE)
    for size in (2, 3):
        assert_close(run_ranks(size, train), alone)


def test_googlenet_s_auxiliary_losses_too():
    def train(group):
        net = BACKBONES["googlenet"](3, width=1 / 16, image_size=80, dropout=0.4, auxiliary=True, seed=0)
        how = {"augment": compose(crop(80), named), "criterion": AuxiliaryLoss}
        return trained(group, net.astype("float64").train_only(), count=3, batch_size=3, **how)

    def named(image, label, rng):
        return image, np.uint8(image[0, 0, 0] % 3)

    alone = train(ALONE)
    assert len(alone[0]) == 2 and alone[0][0].losses
    assert_close(run_ranks(2, train), alone)


def test_each_rank_reads_its_own_images_alone():
    def read(group):
        dataset = Uneven(11)
        batches = Batches(dataset, 3, AS_IT_IS, group=group, accumulate=2)
        return dataset.read, [(len(images), indices.tolist()) for images, _, indices in batches.epoch(4, start=1)]

    whole = [indices.tolist() for _, _, indices in Batches(Uneven(11), 3, AS_IT_IS).epoch(4, start=1)]
    ranks = run_ranks(3, read)
    for own, batches in ranks:  # the second and third batch are 6 images, 2 for each; the last is 2, none for rank 0
        assert sorted(own) == sorted(index for _, indices in batches for index in indices)
        assert [count for count, _ in batches] == [len(indices) for _, indices in batches]
    assert [list(itertools.chain(*(batches[number][1] for _, batches in ranks))) for number in range(3)] == whole
    assert [[count for count, _ in batches] for _, batches in ranks] == [[2, 0, 0], [1, 1, 1], [0, 2, 1]]


def test_a_picture_that_one_rank_cannot_read_ends_all_of_them():
    class Broken(Uneven):
        def load(self, index):
            if index == 7:
                raise InputError("7.png is no picture")
            return super().load(index)

    def train(group):
        net, steps = network(), []
        batches = Batches(Broken(8), 4, AS_IT_IS, shuffle=False, group=group)
        pairs = ((images.astype("float64"), labels) for images, labels, _ in batches.epoch(0))
        exchange = Exchange(net.parameters(), group)
        with pytest.raises(InputError) as told:
            for step in fit(net, pairs, SGD(net.parameters(), 0.1), polynomial(0.1, 9), exchange=exchange):
                steps.append(step)
        return len(steps), str(told.value)

    for steps, told in run_ranks(2, train):
        assert steps == 1 and told.startswith("rank 1 on ") and told.endswith(": 7.png is no picture")


def test_any_rank_stops_all_of_them_before_the_same_step():
    def train(group):
        net, steps = network(), []
        pairs = [(np.ones((2, 3, 4, 4)), np.ones((2, 4, 4), np.uint8))] * 9
        how = {"exchange": Exchange(net.parameters(), group), "stop": lambda: group.rank == 1 and len(steps) == 4}
        with pytest.raises(Stopped):
            for step in fit(net, pairs, SGD(net.parameters(), 0.1), polynomial(0.1, 9), **how):
                steps.append(step)
        return len(steps)

    assert run_ranks(3, train) == [4] * 3


def test_a_loss_that_is_not_finite_in_one_rank_ends_all_of_them_before_the_step():
    def train(group):
        net = network()
        images = np.full((1, 3, 4, 4), np.nan if group.rank == 1 else 1.0)
        before, exchange = net.state_dict(), Exchange(net.parameters(), group)
        pairs = [(images, np.zeros((1, 4, 4), np.uint8))]
        with pytest.raises(Diverged, match="the loss is nan at step 1"):
            next(fit(net, pairs, SGD(net.parameters(), 0.1), polynomial(0.1, 9), exchange=exchange))
        for name, array in net.state_dict().items():
            np.testing.assert_array_equal(array, before[name])
        return True

    assert run_ranks(3, train) == [True] * 3


def test_class_weights_are_counted_together():
    whole = class_weights(Uneven(11))
    for found in run_ranks(3, lambda group: class_weights(Uneven(11), group)):
        np.testing.assert_array_equal(found, whole)


def test_evaluation_counts_the_same():
    model = FCN8s(3, width=1 / 16, fc_channels=8, padding="same", seed=0)
    rng = np.random.default_rng(0)
    for name, parameter in model.named_parameters():
        if name.startswith("score"):
            parameter.data[...] = rng.standard_normal(parameter.shape)
    model.eval()

    def measure(group):
        accuracies, done, dataset = [], [], Uneven(9)
        confusion, loss = evaluate(model, dataset, AS_IT_IS, "cpu", done.append, accuracies, group)
        assert len(dataset.read) == len(range(9)[group.share(9)])
        return confusion.counts, loss, accuracies, sum(done)

    counts, loss, accuracies, _ = measure(ALONE)
    assert np.count_nonzero(counts.sum(axis=0)) > 1
    for size in (2, 3, 4):
        for found in run_ranks(size, measure):
            np.testing.assert_array_equal(found[0], counts)
            assert found[1] == pytest.approx(loss, rel=1e-13)
            np.testing.assert_array_equal(found[2], accuracies)
            assert found[3] <= 12
