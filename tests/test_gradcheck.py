"""The gradient check: right layers pass, and every kind of mistake is found."""

import numpy as np
import pytest
import strict_array

from minifcn.convolution import conv2d_grad_input, conv2d_grad_weight
from minifcn.errors import InputError
from minifcn.gradcheck import check_everything, check_gradients
from minifcn.layers import Conv2d, Dropout, Layer, Linear, MaxPool2d, Parameter, ReLU, Sequential

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((2, 3, 6, 5))


def conv(kind=Conv2d):
    return kind(3, 3, 3, padding=1, rng=np.random.default_rng(1))


class WrongSign(Conv2d):
    def backward(self, dy):
        return -super().backward(dy)


class TransposedWeightGradient(Conv2d):
    def backward(self, dy):
        x, *_ = self.kept()
        self.weight.grad += conv2d_grad_weight(dy, x, (3, 3), padding=1).transpose(1, 0, 2, 3)
        self.bias.grad += dy.sum(axis=(0, 2, 3))
        return conv2d_grad_input(dy, self.weight.data, x.shape[2:], padding=1)


class NoBiasGradient(Conv2d):
    def backward(self, dy):
        dx = super().backward(dy)
        self.bias.grad[...] = 0
        return dx


class WrongAtThePadding(Conv2d):
    """Forgets what the windows that reach into the padding hand to the image's edge."""

    def backward(self, dy):
        inner = np.zeros_like(dy)
        inner[:, :, 1:-1, 1:-1] = dy[:, :, 1:-1, 1:-1]
        super().backward(dy)
        x, *_ = self.kept()
        return conv2d_grad_input(inner, self.weight.data, x.shape[2:], padding=1)


class WeightGradientWrongAtThePadding(Conv2d):
    """Leaves the border's windows out of the weight gradient."""

    def backward(self, dy):
        x, *_ = self.kept()
        dx = super().backward(dy)
        inner = np.zeros_like(dy)
        inner[:, :, 1:-1, 1:-1] = dy[:, :, 1:-1, 1:-1]
        self.weight.grad[...] = conv2d_grad_weight(inner, x, (3, 3), padding=1)
        return dx


class SlightlyOff(Conv2d):
    def backward(self, dy):
        return super().backward(dy) * (1 + 1e-5)


class NotFinite(Conv2d):
    def backward(self, dy):
        return super().backward(dy) * np.nan


@pytest.mark.parametrize(
    "kind, wrong",
    [
        (Conv2d, set()),
        (WrongSign, {"input"}),
        (TransposedWeightGradient, {"weight"}),
        (NoBiasGradient, {"bias"}),
        (WrongAtThePadding, {"input"}),
        (WeightGradientWrongAtThePadding, {"weight"}),
        (SlightlyOff, {"input"}),
        (NotFinite, {"input"}),
    ],
)
def test_a_wrong_backward_is_found_and_named(kind, wrong):
    report = check_gradients(conv(kind), IMAGES)
    assert {name for name, error in report.items() if not error <= 1e-6} == wrong
    assert report.ok() == (not wrong)
    assert set(report) == {"input", "weight", "bias"}
    assert report.kinks == 0
    if kind is not NotFinite:
        assert report.compared == IMAGES.size + 81 + 3


class WrongFlip(Layer):
    """Flips the rows on the way forward, and forgets to on the way back."""

    def forward(self, x):
        return x[:, :, ::-1]

    def backward(self, dy):
        return dy


def test_the_incoming_gradient_is_not_all_ones():
    assert not check_gradients(WrongFlip(), IMAGES).ok()
    assert check_gradients(WrongFlip(), IMAGES, dy=np.ones_like(IMAGES)).ok()  # which would let this pass


def test_a_relu_at_its_kink_is_left_out_and_counted():
    # Not only right at the kink, but at any part of each step that is tried.
    x = np.concatenate([[0, 1], *(h * np.array([0.1, 1 / 3, -0.5, 0.9]) for h in (1e-5, 1e-6, 1e-7, 1e-8))])
    report = check_gradients(ReLU(), x)
    assert report.ok() and report.kinks == 1 + 4 + 4 and report.compared == 9


class SlightBend(Layer):
    """Slope 1 below 0, and 1.0001 from 0 on."""

    def forward(self, x):
        self.keep(x >= 0)
        return np.where(x >= 0, 1.0001 * x, x)

    def backward(self, dy):
        (above,) = self.kept()
        return np.where(above, 1.0001 * dy, dy)


def test_a_kink_that_hardly_bends_is_left_out_too():
    report = check_gradients(SlightBend(), np.array([-1.0, 0.0, 0.5]))
    assert report.ok() and report.kinks == 1


def test_max_pooling_at_a_tie_is_left_out():
    x = np.arange(24.0).reshape(1, 1, 4, 6)
    x[0, 0, 0, 0] = x[0, 0, 1, 1]
    report = check_gradients(MaxPool2d(2), x)
    assert report.ok() and report.kinks == 2 and report.compared == 22


def test_nothing_but_kinks_is_not_ok():
    report = check_gradients(ReLU(), np.zeros((3, 2)))
    assert not report.ok() and report.kinks == 6 and report.compared == 0
    assert "not tested" in str(report)


def test_a_gradient_that_is_zero_everywhere_is_not_ok():
    # As in a network whose score layer starts at zero: nothing before it is tested.
    net = Sequential(conv(), Conv2d(3, 2, 1))
    net.named["1"].weight.data[...] = 0
    report = check_gradients(net, IMAGES)
    assert not report.ok()
    assert {name for name, error in report.items() if np.isnan(error)} == {"input", "0.weight", "0.bias"}


class Cube(Layer):
    """Curved, so the step size matters; `scale` makes its parameter as small or large as wanted."""

    def __init__(self, scale):
        self.weight = Parameter(scale * np.array([0.7, -1.0, 0.3]))

    def forward(self, x):
        self.keep(x)
        return x**3 * self.weight.data

    def backward(self, dy):
        (x,) = self.kept()
        self.weight.grad += (dy * x**3).sum(axis=0)
        return dy * 3 * x**2 * self.weight.data


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_a_curved_function_at_any_scale(scale):
    report = check_gradients(Cube(scale), scale * RNG.standard_normal((5, 3)))
    assert report.ok() and report.kinks == 0


def test_dropout_is_checked_with_one_mask():
    report = check_gradients(Sequential(Linear(5, 6), Dropout(0.5)), RNG.standard_normal((4, 5)))
    assert report.ok()


def test_the_layer_is_left_as_found():
    layer = conv().eval()
    layer.weight.grad[...] = 3
    data, grad = layer.weight.data, layer.weight.grad
    before, x = data.copy(), IMAGES.astype(np.float32)
    x_before = x.copy()
    assert check_gradients(layer, x).ok()  # what gradients there were plays no part
    assert layer.weight.data is data and layer.weight.grad is grad and not layer.training
    assert data.dtype == np.float32 and (data == before).all() and (grad == 3).all() and (x == x_before).all()


def test_samples_and_what_is_not_trainable():
    layer = conv()
    layer.bias.trainable = False
    report = check_gradients(layer, IMAGES, samples=4)
    assert report.ok() and set(report) == {"input", "weight"} and report.compared == 8
    assert not check_gradients(conv(WrongSign), IMAGES, samples=4).ok()


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match=r"dy has shape \(2, 3\), the output \(2, 3, 6, 5\)"):
        check_gradients(ReLU(), IMAGES, dy=np.ones((2, 3)))

    class Flat(ReLU):
        def backward(self, dy):
            return super().backward(dy).ravel()

    with pytest.raises(InputError, match=r"Flat: backward returned shape \(180,\) for an input of \(2, 3, 6, 5\)"):
        check_gradients(Flat(), IMAGES)


def test_the_report_as_a_table():
    lines = str(check_gradients(conv(), IMAGES)).splitlines()
    assert lines[0].split() == ["gradient", "of", "relative", "error", "compared", "kinks"]
    assert [line.split()[0] for line in lines[1:]] == ["input", "weight", "bias"]
    assert lines[2].split()[2:] == ["81", "0"]
    assert len(set(map(len, lines))) == 1


def test_on_the_strict_double():
    layer = conv()
    for parameter in layer.parameters():
        parameter.data, parameter.grad = map(strict_array.xp.asarray, (parameter.data, parameter.grad))
    assert check_gradients(layer, strict_array.xp.asarray(IMAGES), samples=5).ok()


def test_every_layer_passes():
    reports = check_everything()
    assert [name for name, report in reports if not report.ok()] == []
    assert len(reports) > 10 and reports[-1][0] == "FCN-8s"
    assert all(report.compared > 40 for _, report in reports)


def test_a_layer_that_overwrites_its_input_hides_no_wrong_gradient():
    class Wrong(ReLU):
        def backward(self, dy):
            return dy

    x = np.random.default_rng(0).standard_normal((4, 6))
    assert check_gradients(ReLU(inplace=True), x).ok()
    assert not check_gradients(Wrong(inplace=True), x).ok()


class AssignsItsBias(Conv2d):
    def backward(self, dy):
        dx = super().backward(dy)
        self.bias.grad = dy.sum(axis=(0, 2, 3))
        return dx


def test_a_gradient_that_is_assigned_instead_of_added_to_is_found():
    report = check_gradients(conv(AssignsItsBias), IMAGES)
    assert not report.ok() and {name for name, error in report.items() if error == np.inf} == {"bias"}
    assert [line.split()[0] for line in str(report).splitlines() if line.endswith("use add_grad")] == ["bias"]


def overwriting(what):
    class Overwrites(ReLU):
        def forward(self, x):
            y = super().forward(x)
            if what == "x, forward":
                x[0] += 1
            self.x = x
            return y

        def backward(self, dy):
            dx = super().backward(dy)
            if what == "dy":
                dy[-1] *= 2
            if what == "x, backward":
                self.x[-1] = 0
            return dx

    return Overwrites


@pytest.mark.parametrize(
    "what, named", [("x, forward", "its input"), ("x, backward", "its input"), ("dy", "the dy it is given")]
)
def test_a_layer_that_overwrites_what_it_is_given_is_found(what, named):
    with pytest.raises(InputError, match=f"Overwrites: changes {named}"):
        check_gradients(overwriting(what)(), IMAGES)
    check_gradients(overwriting(what)(inplace=True), IMAGES)  # which says so


def test_an_input_with_nan_is_no_changed_one():
    assert not check_gradients(ReLU(), np.array([1.0, np.nan])).ok()


@pytest.mark.parametrize("scale", [1e5, 1e8, 1e12])
def test_rounding_in_large_outputs_is_no_kink(scale):
    net = Sequential(conv(), ReLU(), Conv2d(3, 2, 1, rng=np.random.default_rng(1)))
    report = check_gradients(net, scale * IMAGES)
    assert report.ok() and report.kinks == 0
    assert not check_gradients(conv(NoBiasGradient), scale * IMAGES).ok()


def test_a_kink_among_large_numbers_is_left_out_still():
    report = check_gradients(ReLU(), np.array([0.0, 1e8, -1e8]))
    assert report.ok() and (report.kinks, report.compared) == (1, 2)


@pytest.mark.parametrize(
    "layer, x, given, match",
    [
        (lambda x: x, IMAGES, {}, "layer is .*, expected a Layer"),
        (ReLU, IMAGES, {}, "layer is .*, expected a Layer"),
        (None, IMAGES, {}, "layer is None, expected a Layer"),
        (ReLU(), [1.0], {}, "x is a list, expected an array"),
        (ReLU(), IMAGES[:0], {}, r"x has shape \(0, .*, expected a number at least"),
        (ReLU(), np.array([1j]), {}, "x is complex128, expected real numbers"),
        (ReLU(), IMAGES, {"dy": 1.0}, "dy is a float, expected an array"),
        (ReLU(), IMAGES, {"seed": -1}, "seed is -1, expected a whole number"),
        (ReLU(), IMAGES, {"samples": 0}, "samples is 0; expected at least 1"),
        (MaxPool2d(2, return_indices=True), IMAGES, {}, "MaxPool2d: output is a tuple, expected one array"),
        (Sequential(conv()).train_only(), IMAGES, {}, "backward returned None, expected the gradient of its input"),
    ],
)
def test_what_cannot_be_checked(layer, x, given, match):
    with pytest.raises(InputError, match=match):
        check_gradients(layer, x, **given)
