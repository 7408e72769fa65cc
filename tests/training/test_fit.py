"""The loop, step by step against gradients that NumPy computes here: softmax regression, one weight for each colour."""

import contextlib
import math

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import Conv2d, Dropout, Sequential, SoftmaxCrossEntropy
from minifcn.optim import SGD, fixed
from minifcn.training import fit as loop
from minifcn.training.criterion import PixelLoss
from minifcn.training.fit import Diverged, fit

VOID, LR = 255, 0.1


def regression():
    """Scores of 2 classes, each a sum over the 3 colours of a pixel."""
    net = Conv2d(3, 2, 1, bias=False)
    net.weight.data = np.random.default_rng(0).standard_normal((2, 3, 1, 1))
    return net


def batch(seed, size=(2, 4, 5), void=0):
    """(images, labels), of which the first `void` pixels of each image are void."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, size).astype("uint8")
    labels.reshape(size[0], -1)[:, :void] = VOID
    return rng.standard_normal((size[0], 3, *size[1:])), labels


def loss_and_gradient(weight, images, labels, reduction="mean"):
    """(loss of a pixel, gradient (2, 3)) of the mean or the sum over the pixels that are not void."""
    x = np.moveaxis(images, 1, -1)[labels != VOID]  # (pixels, 3)
    truth = np.eye(2)[labels[labels != VOID]]  # (pixels, 2)
    e = np.exp(x @ weight.reshape(2, 3).T)
    p = e / e.sum(axis=1, keepdims=True)  # (pixels, 2)
    gradient = (p - truth).T @ x  # (2, 3)
    return -np.log((p * truth).sum(axis=1)).mean(), gradient / (len(x) if reduction == "mean" else 1)


def moved(net, before):
    """The gradient that the step has followed."""
    return ((before - net.weight.data) / LR).reshape(2, 3)


def sgd(net, momentum=0.0):
    return SGD(net.parameters(), LR, momentum)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_step_follows_the_mean_gradient_of_its_batches_and_tells_the_loss_of_a_pixel(reduction):
    net, batches = regression(), [batch(0, void=7), batch(1, (1, 3, 3)), batch(2, void=1)]
    before = net.weight.data.copy()
    expected = [loss_and_gradient(before, *pair, reduction) for pair in batches]
    [step] = fit(net, batches, sgd(net), fixed(LR), PixelLoss(reduction), accumulate=3)
    np.testing.assert_allclose(moved(net, before), sum(g for _, g in expected) / 3, rtol=1e-10)
    np.testing.assert_allclose(step.losses, [loss for loss, _ in expected], rtol=1e-12)
    assert step.loss == pytest.approx(sum(loss for loss, _ in expected) / 3)
    assert (step.number, step.batches, step.images) == (0, 3, 5)


def test_what_is_left_over_is_a_step_of_its_own():
    net, batches = regression(), [batch(n, (1, 2, n + 1)) for n in range(5)]
    steps = fit(net, ((*pair, "an index") for pair in batches), sgd(net), fixed(LR), accumulate=2, start=7)
    assert [(step.number, step.batches, len(step.losses)) for step in steps] == [(7, 2, 2), (8, 2, 2), (9, 1, 1)]


def test_batches_without_labels_do_not_count():
    net, batches = regression(), [batch(0, void=20), batch(1), batch(2, void=20), batch(3, void=20)]
    before = net.weight.data.copy()
    first, second = fit(net, batches, sgd(net, 0.9), fixed(LR), accumulate=2)
    np.testing.assert_allclose(moved(net, before), loss_and_gradient(before, *batches[1])[1], rtol=1e-10)
    assert first.batches == second.batches == 2 and len(first.losses) == 1  # the second step rolled no further
    assert second.losses == [] and math.isnan(second.loss) and second.number == 1


def test_classes_weigh():
    net, (images, labels), weights = regression(), batch(0, void=3), np.array([1.0, 3.0])
    before, factor = net.weight.data.copy(), np.where(labels == 1, 3, 1) * (labels != VOID)
    list(fit(net, [(images, labels)], sgd(net), fixed(LR), PixelLoss(class_weights=weights)))
    single = np.full_like(labels, VOID)
    expected = 0
    for pixel in np.argwhere(labels != VOID):
        alone = single.copy()
        alone[tuple(pixel)] = labels[tuple(pixel)]
        expected += factor[tuple(pixel)] * loss_and_gradient(before, images, alone)[1]
    np.testing.assert_allclose(moved(net, before), expected / factor.sum(), rtol=1e-10)


class OfWholeImages(Conv2d):
    """A score for each image: the mean of its pixels', all 4x5."""

    def forward(self, x):
        return super().forward(x).mean(axis=(2, 3))  # (N, 2)

    def backward(self, dy):
        return super().backward(np.broadcast_to(dy[:, :, None, None] / 20, (*dy.shape, 4, 5)))


def test_whole_images_have_labels_too():
    net, (images, labels) = OfWholeImages(3, 2, 1, bias=False), batch(0)
    net.weight.data = regression().weight.data
    before = net.weight.data.copy()
    list(fit(net, [(images, labels[:, 0, 0])], sgd(net), fixed(LR)))
    means = images.mean(axis=(2, 3), keepdims=True)  # (N, 3, 1, 1)
    expected = loss_and_gradient(before, means, labels[:, :1, :1])[1]
    np.testing.assert_allclose(moved(net, before), expected, rtol=1e-10)


def test_each_step_has_its_learning_rate():
    net = regression()
    optimizer = sgd(net)
    rates = [optimizer.lr for _ in fit(net, [batch(0)] * 3, optimizer, lambda number: 1 / (1 + number), start=4)]
    assert rates == [1 / 5, 1 / 6, 1 / 7]


def test_a_share_of_the_pixels_counts_others_in_each_step():
    net, (images, labels) = regression(), batch(0)
    for number in (3, 4):
        before = net.weight.data.copy()
        [step] = fit(net, [(images, labels)], sgd(net), fixed(LR), sample=0.6, seed=6, start=number)
        kept = np.random.default_rng([6, number]).random(labels.shape) < 0.6
        loss, gradient = loss_and_gradient(before, images, np.where(kept, labels, VOID))
        assert step.loss == pytest.approx(loss) and 5 < kept.sum() < 35
        np.testing.assert_allclose(moved(net, before), gradient, rtol=1e-10)


def test_the_batches_of_a_step_take_their_samples_in_turn():
    net, batches, rng = regression(), [batch(0), batch(1, (1, 3, 3)), batch(2)], np.random.default_rng([6, 0])
    before = net.weight.data.copy()
    [step] = fit(net, batches, sgd(net), fixed(LR), accumulate=3, sample=0.6, seed=6)
    kept = [np.where(rng.random(labels.shape) < 0.6, labels, VOID) for _, labels in batches]
    expected = [loss_and_gradient(before, images, labels)[0] for (images, _), labels in zip(batches, kept)]
    np.testing.assert_allclose(step.losses, expected, rtol=1e-12)


def dropping(dtype="float64"):
    rng = np.random.default_rng(1)
    return Sequential(Conv2d(3, 6, 1, rng=rng), Dropout(0.5), Conv2d(6, 2, 1, rng=rng)).astype(dtype)


def test_dropout_drops_others_in_each_step():
    net, pair = dropping(), batch(0)
    losses = [step.loss for step in fit(net, [pair, pair, pair], sgd(net), fixed(1e-12))]
    assert np.ptp(losses) > 1e-3 and min(abs(np.diff(losses))) > 1e-3
    [step] = fit(net, [pair, pair], sgd(net), fixed(1e-12), accumulate=2)  # and in each batch
    assert abs(np.diff(step.losses)) > 1e-3


def test_going_on_from_a_step_gives_the_same_bits():
    batches, results = [batch(n) for n in range(6)], []
    for cut in (0, 1, 4):
        net = dropping()
        optimizer = sgd(net, 0.9)
        steps = list(fit(net, batches[:cut], optimizer, fixed(LR), sample=0.7, seed=2))
        net.reseed(99)  # what dropout was before is of no account
        steps += fit(net, batches[cut:], optimizer, fixed(LR), sample=0.7, seed=2, start=cut)
        results.append((steps, net.state_dict()))
    other = dropping()
    list(fit(other, batches, sgd(other, 0.9), fixed(LR), sample=0.7, seed=3))
    for steps, weights in results[1:]:
        assert steps == results[0][0]
        for name, array in weights.items():
            np.testing.assert_array_equal(array, results[0][1][name], err_msg=name)
            assert (array != other.state_dict()[name]).any()


def test_it_trains_what_was_evaluating_and_reads_no_batch_too_many():
    net, read = regression().eval(), []

    def batches():
        for number in range(9):
            read.append(number)
            yield batch(number)

    for step in fit(net, batches(), sgd(net), fixed(LR), accumulate=2):
        assert net.training and len(read) == 2 * (step.number + 1)
        if step.number == 1:
            break
    assert read == [0, 1, 2, 3]


def test_a_step_holds_the_host_s_cores_and_lets_go_of_them_after_it(monkeypatch):
    inside = []

    @contextlib.contextmanager
    def hold():
        inside.append("in")
        yield
        inside.append("out")

    class Watching(PixelLoss):
        def __call__(self, *arguments):
            inside.append("loss")
            return super().__call__(*arguments)

    monkeypatch.setattr(loop, "hold", hold)
    net = regression()
    for _ in fit(net, [batch(0), batch(1)], sgd(net), fixed(LR), Watching()):
        inside.append("after")
    assert inside == ["in", "loss", "out", "after"] * 2


def test_a_loss_that_is_not_finite_ends_it_before_the_step():
    net, (images, labels) = regression(), batch(0)
    steps = fit(net, [(images, labels), (images * np.nan, labels)], sgd(net), fixed(LR), start=10)
    next(steps)
    before = net.weight.data.copy()
    with pytest.raises(Diverged, match=r"^the loss is nan at step 12: training diverged, learning rate 0\.1 is too"):
        next(steps)
    assert issubclass(Diverged, InputError)
    np.testing.assert_array_equal(net.weight.data, before)


@pytest.mark.parametrize(
    "wrong, problem",
    [
        ({"accumulate": 0}, "accumulate is 0; expected a whole number of batches, at least 1"),
        ({"accumulate": 1.5}, "accumulate is 1.5; expected a whole number of batches, at least 1"),
        ({"sample": -1}, "sample is -1; expected a probability above 0, 1 for every pixel"),
        ({"sample": 0}, "sample is 0; expected a probability above 0, 1 for every pixel"),
        ({"sample": 1.5}, "sample is 1.5; expected a probability above 0, 1 for every pixel"),
        ({"sample": math.nan}, "sample is nan; expected a probability above 0, 1 for every pixel"),
        ({"criterion": SoftmaxCrossEntropy()}, "the criterion is a SoftmaxCrossEntropy; expected a PixelLoss, which"),
    ],
)
def test_what_cannot_be(wrong, problem):
    net = regression()
    before = net.weight.data.copy()
    with pytest.raises(InputError, match=f"^fit: {problem}"):
        list(fit(net, [batch(0)], sgd(net), fixed(LR), **wrong))
    np.testing.assert_array_equal(net.weight.data, before)


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"model": None}, "model is None, expected a network"),
        ({"optimizer": None}, "optimizer is None, expected an SGD"),
        ({"schedule": 0.1}, r"schedule is 0\.1, expected a step's number -> learning rate"),
        ({"batches": [batch(0)[0]]}, "a batch is a ndarray, expected \\(images, labels\\)"),
        ({"batches": [(batch(0)[0], None)]}, "labels is a NoneType, expected an array"),
        ({"batches": [(None, batch(0)[1])]}, "images is a NoneType, expected an array"),
    ],
)
def test_what_is_no_training(given, problem):
    net = regression()
    usual = {"model": net, "batches": [batch(0)], "optimizer": sgd(net), "schedule": fixed(LR)}
    with pytest.raises(InputError, match=f"^fit: {problem}"):
        list(fit(**usual | given))


def test_a_model_on_another_device_than_the_batches_are_brought_to(device):
    net = dropping("float32").to("gpu")
    with pytest.raises(InputError, match=r"^fit: device is 'cpu', but the model is on 'gpu': give device='gpu'"):
        list(fit(net, [batch(0)], sgd(net), fixed(LR)))


def test_any_number_of_batches_makes_a_step():
    net = regression()
    for accumulate in (np.int64(3), 10**20):
        [step] = fit(net, [batch(n) for n in range(3)], sgd(net), fixed(LR), accumulate=accumulate)
        assert step.batches == 3


def test_looking_at_the_network_between_steps_changes_nothing():
    results = []
    for look in (False, True):
        net = dropping()
        for _ in fit(net, [batch(n) for n in range(3)], sgd(net), fixed(LR)):
            if look:
                net.eval()(batch(9)[0])
        results.append(net.state_dict())
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name], err_msg=name)


def test_on_the_device(device):
    results = {}
    for where in ("cpu", "gpu"):
        net, batches = dropping("float32").to(where), [(batch(n)[0].astype("float32"), batch(n)[1]) for n in range(3)]
        optimizer, criterion = sgd(net, 0.9), PixelLoss("sum", np.array([1.0, 2.0]))
        steps = list(fit(net, batches, optimizer, fixed(0.001), criterion, device=where, accumulate=2, sample=0.7))
        results[where] = [step.loss for step in steps], {name: p.data for name, p in net.named_parameters()}
    np.testing.assert_allclose(results["gpu"][0], results["cpu"][0], rtol=1e-5)
    for name, array in results["gpu"][1].items():
        device.assert_same(array, results["cpu"][1][name])


def test_a_step_waits_once_and_uploads_its_batch_alone(device):
    """A second step does: in the first the class weights are brought there, and the velocities made."""
    net, batches = dropping("float32").to("gpu"), [(batch(n)[0].astype("float32"), batch(n)[1]) for n in range(2)]
    criterion = PixelLoss("mean", np.array([1.0, 2.0]))
    steps = fit(net, batches, sgd(net, 0.9), fixed(0.001), criterion, device="gpu", sample=0.7)
    next(steps)
    device.forget()
    next(steps)
    device.assert_copies(waits={"get": 1}, uploads={"asarray": 2})


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_step_that_ends_in_an_error_keeps_no_maps(error, monkeypatch):
    net, criterion = Sequential(Conv2d(3, 4, 1), Conv2d(4, 2, 1)), PixelLoss()
    net.astype("float64")

    def fail(dy):
        assert all(layer._kept for layer in (net, *net.layers(), criterion.criterion))
        raise error

    monkeypatch.setattr(net, "backward", fail)
    with pytest.raises(error):
        next(fit(net, [batch(0)], SGD(net.parameters(), LR), fixed(LR), criterion))
    assert not any(layer._kept for layer in (net, *net.layers(), criterion.criterion))
