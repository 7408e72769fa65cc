"""The layers, the loss, the optimizer, the metrics and a training step on the device: the same numbers as on the host.

On the strict double they also may not copy or wait but where it is written down here.
"""

import copy

import numpy as np
import pytest
from conv_cases import columns_at_a_time

from minifcn.backend import to_device, to_host
from minifcn.data import Preprocessing, Scenes
from minifcn.errors import InputError
from minifcn.layers import (
    AvgPool2d,
    Branches,
    Conv2d,
    ConvTranspose2d,
    Dropout,
    Dropout2d,
    Flatten,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    Parameter,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    Upsample,
    ZeroPad2d,
)
from minifcn.metrics import ConfusionMatrix, predicted_classes
from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.optim import SGD
from minifcn.training.criterion import PixelLoss
from minifcn.training.evaluation import evaluate

LAYERS = {  # each with its input's shape, and the uploads of a forward and a backward pass
    "conv": (Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), groups=2), (2, 4, 7, 6), 0),
    "conv, plain": (Conv2d(2, 3, 3, padding=1), (2, 2, 5, 6), 0),
    "conv, matrix": (Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), groups=2, algorithm="matrix"), (2, 4, 5, 6), 0),
    "conv, 1x1 without bias": (Conv2d(2, 3, 1, bias=False), (2, 2, 5, 6), 0),
    "conv, same": (Conv2d(2, 3, (2, 4), padding="same", dilation=(3, 1)), (2, 2, 5, 6), 0),
    "transposed, textbook": (ConvTranspose2d(4, 2, (4, 3), 2, 1, 1, 2, algorithm="textbook"), (2, 4, 3, 5), 0),
    "transposed, matrix": (ConvTranspose2d(4, 2, (4, 3), 2, 1, 1, 2, algorithm="matrix"), (2, 4, 3, 5), 0),
    "transposed, definition": (ConvTranspose2d(4, 2, (4, 3), 2, 1, 1, 2, algorithm="definition"), (2, 4, 3, 5), 0),
    "conv, one image": (Conv2d(2, 3, 3, padding=1), (2, 5, 6), 0),
    "max pool, one image": (MaxPool2d((3, 2), 2, padding=1, ceil_mode=True), (3, 6, 7), 0),
    "zero padding": (ZeroPad2d((1, 2, 3, 0)), (2, 3, 4, 5), 0),
    "max pool": (MaxPool2d((3, 2), 2, padding=1, ceil_mode=True), (2, 3, 6, 7), 0),
    "max pool, dilated": (MaxPool2d(2, 1, dilation=2), (2, 3, 6, 7), 0),
    "upsample, nearest": (Upsample(scale_factor=(2, 1.5)), (2, 3, 6, 7), 0),
    "upsample, nearest-exact": (Upsample(scale_factor=(2, 1.5), mode="nearest-exact"), (2, 3, 6, 7), 0),
    "upsample, corners aligned": (Upsample((9, 5), mode="bilinear", align_corners=True), (2, 3, 6, 7), 0),
    "upsample, bilinear": (Upsample((9, 5), mode="bilinear"), (2, 3, 6, 7), 0),
    "average pool": (AvgPool2d(3, 2, padding=1, ceil_mode=True), (2, 3, 6, 7), 0),
    "average pool, padding not counted": (AvgPool2d((3, 2), 2, 1, True, False), (2, 3, 6, 7), 0),
    "relu": (ReLU(), (2, 3, 4, 5), 0),
    "dropout": (Dropout(0.4), (2, 3, 4, 5), 0),
    "dropout of channels": (Dropout2d(0.4), (2, 3, 4, 5), 0),
    "linear": (Linear(4, 3), (5, 4), 0),
    "local response norm": (LocalResponseNorm(3, k=2.0), (2, 5, 3, 4), 0),
    "flatten": (Flatten(), (2, 3, 4, 5), 0),
    "branches": (
        Branches(Sequential(Conv2d(2, 3, 1), ReLU(inplace=True)), Sequential(Conv2d(2, 2, 1))),
        (2, 2, 4, 3),
        0,
    ),
    "sequential": (Sequential(Conv2d(2, 3, 3), ReLU(), MaxPool2d(2)), (2, 2, 7, 6), 0),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, device, monkeypatch):
    columns_at_a_time(monkeypatch, 1)  # so that these small convolutions go row by row, too
    layer, shape, uploads = copy.deepcopy(LAYERS[name])
    rng = np.random.default_rng(1)
    x = rng.standard_normal(shape, dtype="float32")
    dy = rng.standard_normal(layer(x).shape, dtype="float32")
    expected = forward_backward(layer, x, dy)

    layer.to("gpu")
    x, dy = to_device(x, "gpu"), to_device(dy, "gpu")
    layer(x)  # what goes to the device once for all passes is there
    device.forget()
    actual = forward_backward(layer, x, dy)
    device.assert_copies(uploads={"asarray": uploads} if uploads else {})

    for one, other in zip(actual, expected, strict=True):
        device.assert_same(one, other)


def forward_backward(layer, x, dy):
    """y, dx and every parameter's gradient, under dropout masks of a fixed seed."""
    layer.zero_grad()
    layer.reseed(2)
    return [layer(x), layer.backward(dy), *(parameter.grad.copy() for parameter in layer.parameters())]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5, 0.0]])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_loss(reduction, weights, smoothing, device):
    """It waits once for all that it must know of labels and loss, and uploads nothing."""
    scores, labels, dloss = batch_of_scores()
    incoming = [dloss] if reduction == "none" else []
    criterion = SoftmaxCrossEntropy(class_weights=weights, reduction=reduction, label_smoothing=smoothing)
    loss, dscores = criterion(scores, labels), criterion.backward(*incoming)

    arrays = [to_device(a, "gpu") for a in (scores, labels, *incoming)]
    criterion(*arrays[:2])  # the class weights are brought there
    device.forget()
    loss_there, dscores_there = criterion(*arrays[:2]), criterion.backward(*arrays[2:])
    device.assert_copies({"get": 1})

    device.assert_same(dscores_there, dscores)
    if reduction == "none":
        device.assert_same(loss_there, loss)
    else:
        assert isinstance(loss_there, float) and loss_there == pytest.approx(loss, rel=1e-5)


def test_class_weights_that_change(device):
    scores, labels, _ = batch_of_scores()
    scores_there, labels_there = to_device(scores, "gpu"), to_device(labels, "gpu")
    criterion = SoftmaxCrossEntropy(class_weights=[1.0, 2.0, 0.5, 0.0])
    criterion(scores_there, labels_there)
    criterion.class_weights[1] = 7.0
    assert criterion(scores_there, labels_there) == pytest.approx(criterion(scores, labels), rel=1e-5)
    criterion.class_weights = to_device(np.array([0.0, 3.0, 1.0, 1.0]), "gpu")
    expected = SoftmaxCrossEntropy(class_weights=[0.0, 3.0, 1.0, 1.0])(scores, labels)
    assert criterion(scores_there, labels_there) == pytest.approx(expected, rel=1e-5)


def test_scores_and_labels_on_two_devices(device):
    scores, labels, _ = batch_of_scores()
    for pair in ((to_device(scores, "gpu"), labels), (scores, to_device(labels, "gpu"))):
        with pytest.raises(InputError, match="scores and labels are on two devices: use to_device"):
            SoftmaxCrossEntropy()(*pair)


def test_the_loss_that_a_training_tells(device):
    """Of a pixel, though the sum is minimised, in one transfer: the pixels are counted on the host."""
    scores, labels, _ = batch_of_scores()
    pixels = int((labels != 255).sum())
    expected = SoftmaxCrossEntropy(reduction="sum")(scores, labels) / pixels
    scores, labels = to_device(scores, "gpu"), to_device(labels, "gpu")
    device.forget()
    assert PixelLoss("sum")(scores, labels, pixels) == pytest.approx(expected, rel=1e-5)
    device.assert_copies({"get": 1})


def test_class_weights_may_lie_on_either_side(device):
    scores, labels, _ = batch_of_scores()
    weights = np.array([1.0, 2.0, 0.5, 0.0])
    expected = SoftmaxCrossEntropy(class_weights=weights)(scores, labels)
    assert SoftmaxCrossEntropy(class_weights=to_device(weights, "gpu"))(scores, labels) == expected


@pytest.mark.parametrize("ignore", [255, -1])
@pytest.mark.parametrize("label, message", [(7, "label 7 is none of the 4 classes"), (-2, "label below 0")])
def test_a_label_that_is_no_class(label, message, ignore, device):
    scores, labels, _ = batch_of_scores()
    labels = labels.astype("int16")
    labels[labels == 255] = ignore
    labels[1, 2, 3] = label
    with pytest.raises(InputError, match=message):
        SoftmaxCrossEntropy(ignore)(to_device(scores, "gpu"), to_device(labels, "gpu"))


def batch_of_scores():
    """Scores (2, 4, 3, 5), labels with some void, and an incoming gradient for each pixel."""
    rng = np.random.default_rng(3)
    labels = rng.integers(4, size=(2, 3, 5)).astype("uint8")
    labels[0, 1, 1:3] = 255
    scores, dloss = rng.standard_normal((2, 4, 3, 5), "float32"), rng.standard_normal((2, 3, 5), "float32")
    return scores, labels, dloss


@pytest.mark.parametrize("more", [{}, {"nesterov": True}, {"dampening": 0.5}])
def test_sgd(more, device):
    rng = np.random.default_rng(4)
    data, grads = rng.standard_normal((3, 4), "float32"), rng.standard_normal((3, 3, 4), "float32")

    def steps(where):
        parameters = [
            Parameter(to_device(data.copy(), where), lr_mult=2.0, decay_mult=0.0),
            Parameter(to_device(data.copy(), where)),
        ]
        optimizer = SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.05, **more)
        arrays = [to_device(grad, where) for grad in grads]
        device.forget()
        for grad in arrays:
            for parameter in parameters:
                parameter.grad += grad
            optimizer.step()
            optimizer.zero_grad()
        device.assert_copies()
        return [parameter.data for parameter in parameters], optimizer

    expected, host_optimizer = steps("cpu")
    actual, optimizer = steps("gpu")
    velocities = host_optimizer.state_dict()["velocity"]
    for one, other in zip(actual + optimizer.state_dict()["velocity"], expected + velocities, strict=True):
        device.assert_same(one, other)

    optimizer.load_state_dict(host_optimizer.state_dict())  # as from a file
    for one, other in zip(optimizer.state_dict()["velocity"], velocities, strict=True):
        device.assert_same(one, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", [("cpu", "gpu"), ("gpu", "cpu")])
def test_sgd_follows_its_parameters(way, dtype, device):
    """Moved after a first step, to the other side and another dtype, as loaded there from a state of the first side."""
    before, after = way
    parameter = Parameter(to_device(np.array([1.0, -2.0], "float32"), before))
    moved, loaded = SGD([parameter], lr=0.5, momentum=0.5), Parameter(to_device(np.array([0.5, -3.0], dtype), after))

    def step(optimizer, parameter, gradient):
        parameter.grad[...] = to_device(np.array(gradient, parameter.dtype), parameter.device)
        optimizer.step()

    step(moved, parameter, [1.0, 2.0])  # velocity (1, 2), data (0.5, -3)
    other = SGD([loaded], lr=0.5, momentum=0.5)
    other.load_state_dict(moved.state_dict())
    parameter.to(after)
    parameter.astype(dtype)
    for optimizer, one in (moved, parameter), (other, loaded):
        step(optimizer, one, [3.0, -5.0])  # velocity (3.5, -4), data (-1.25, -1)
        (velocity,) = optimizer.state_dict()["velocity"]
        assert type(velocity) is type(one.data) and velocity.dtype == one.dtype == dtype
        np.testing.assert_array_equal(to_host(velocity), [3.5, -4.0])
        np.testing.assert_array_equal(to_host(one.data), [-1.25, -1.0])


@pytest.mark.parametrize("way", [("cpu", "gpu"), ("gpu", "cpu")])
def test_a_parameter_loads_from_either_side(way, device):
    source, target = way
    parameter = Parameter(to_device(np.zeros(2, "float32"), target))
    parameter.load(to_device(np.array([1.0, 2.0]), source))
    assert parameter.device == target and parameter.dtype == "float32"
    np.testing.assert_array_equal(to_host(parameter.data), [1.0, 2.0])


@pytest.mark.parametrize("ignore", [255, 1, -1])
def test_confusion_matrix(ignore, device):
    """It counts on the device, and brings the counts alone to the host."""
    rng = np.random.default_rng(8)
    predicted, actual = rng.integers(4, size=(2, 3, 5, 6))
    actual[rng.random(actual.shape) < 0.3] = ignore
    actual[2] = ignore
    predicted[actual == ignore] = 9  # which counts nowhere
    expected = np.zeros((3, 4, 4), int)
    for image, said, true in zip(expected, predicted, actual):
        for i, j in zip(true[true != ignore], said[true != ignore]):
            image[i, j] += 1
    accuracies = [np.trace(image) / image.sum() for image in expected[:2]]

    predicted, actual = to_device(predicted.astype("uint8"), "gpu"), to_device(actual, "gpu")
    confusion, each = ConfusionMatrix(4, ignore), ConfusionMatrix(4, ignore)
    device.forget()
    confusion.update(predicted, actual)
    device.assert_copies(waits={"get": 1, "bincount": 2})
    device.forget()
    *found, void = each.update_each(predicted, actual)
    device.assert_copies(waits={"get": 1, "bincount": 2})
    assert found == accuracies and np.isnan(void)
    for counts in (confusion.counts, each.counts):
        assert isinstance(counts, np.ndarray) and counts.dtype == "int64"
        np.testing.assert_array_equal(counts, expected.sum(axis=0))


@pytest.mark.parametrize("said, true, name", [(4, 0, "predicted"), (0, 4, "actual"), (0, -1, "actual")])
def test_a_class_that_there_is_not(said, true, name, device):
    predicted, actual = np.zeros((2, 1, 5), int)
    predicted[0, 3], actual[0, 3] = said, true
    confusion = ConfusionMatrix(4)
    with pytest.raises(InputError, match=f"{name} holds {said or true}, expected a class 0..3"):
        confusion.update(to_device(predicted, "gpu"), to_device(actual, "gpu"))
    assert not confusion.counts.any()


@pytest.mark.parametrize("n_class, dtype", [(1, "uint8"), (21, "uint8"), (256, "uint8"), (257, "uint16")])
def test_predicted_classes_take_little_room(n_class, dtype, device):
    scores = np.zeros((2, n_class, 3), "float32")
    scores[1, n_class - 1, 1] = 1
    device.forget()
    classes = predicted_classes(to_device(scores, "gpu"))
    assert classes.dtype == dtype
    assert to_host(classes).tolist() == [[0, 0, 0], [0, n_class - 1, 0]]


def test_evaluation_brings_two_arrays_home_for_images_of_one_size(device):
    """Of the loss, and of the counts."""
    data = Scenes("val", count=5, size=40)
    model = FCN32s(n_class=data.n_class, width=0.0625, fc_channels=8, padding="same", seed=9)
    for parameter in model.parameters():  # the score layer begins at zero
        parameter.data += 0.05 * np.random.default_rng(9).standard_normal(parameter.shape, "float32")
    preprocessing = Preprocessing(data.mean, data.std)
    expected_each, each = [], []
    expected, expected_loss = evaluate(model, data, preprocessing, accuracies=expected_each)
    model.to("gpu")
    device.forget()
    confusion, loss = evaluate(model, data, preprocessing, "gpu", accuracies=each)
    device.assert_copies(waits={"get": 2, "bincount": 2}, uploads={"asarray": 2})
    assert loss == pytest.approx(expected_loss, rel=1e-4) and each == expected_each
    np.testing.assert_array_equal(confusion.counts, expected.counts)


@pytest.mark.parametrize("model", [FCN32s, FCN16s, FCN8s])
def test_training_step(model, device):
    """A whole step on the device waits for the loss alone, and uploads nothing."""
    rng = np.random.default_rng(5)
    images = rng.standard_normal((2, 3, 33, 47), "float32")
    labels = rng.integers(4, size=(2, 33, 47)).astype("uint8")
    labels[1, 5:9] = 255
    net = model(n_class=4, width=0.0625, fc_channels=8, padding="same", upsampling="learned", seed=6)
    for parameter in net.parameters():  # the score layers start at zero and would let no gradient through
        parameter.data += 0.05 * rng.standard_normal(parameter.data.shape, "float32")
    start = net.state_dict()
    expected_loss = train_step(net, images, labels)
    expected = net.state_dict()

    net.load_state_dict(start)
    net.to("gpu")
    images, labels = to_device(images, "gpu"), to_device(labels, "gpu")
    device.forget()
    loss = train_step(net, images, labels)
    device.assert_copies(waits={"get": 1})

    assert loss == pytest.approx(expected_loss, rel=1e-4)
    for name, parameter in net.named_parameters():
        device.assert_same(parameter.data, expected[name])
        assert np.abs(to_host(parameter.data) - start[name]).max() > 0, f"{name} did not move"
    assert all(isinstance(array, np.ndarray) for array in net.state_dict().values())


def train_step(net, images, labels):
    """One step from a fresh optimizer, with the dropout masks of a fixed seed; -> the loss."""
    optimizer = SGD(net.parameters(), lr=0.1, weight_decay=5e-4)
    criterion = SoftmaxCrossEntropy()
    net.reseed(7)
    loss = criterion(net(images), labels)
    net.backward(criterion.backward())
    optimizer.step()
    optimizer.zero_grad()
    return loss
