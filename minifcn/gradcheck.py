"""Numerical gradients against the hand-written ones.

A backward pass is right if, for every entry t of the input and of each parameter,

    sum(dy * dy_i/dt)  =  d/dt sum(dy * y)  ~  sum(dy * (y(t + h) - y(t - h))) / 2h

for an incoming gradient dy. It is drawn at random: all ones would hide every mistake that cancels in the sum (over a
softmax's channels, say). ReLU and max-pooling have kinks, where the left side is one of several possible answers and
the right side an average of them; such entries are found from the forward pass alone and left out, but counted.
"""

import copy
from typing import Any, NamedTuple

import numpy as np

from minifcn import layers
from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.checks import check_array, check_seed, instance, whole
from minifcn.errors import InputError
from minifcn.layers import Layer
from minifcn.models import FCN8s

# h over the array's largest entry: the second is for where rounding blurs the first, the third near kinks.
STEPS = (1e-6, 1e-5, 1e-7)
ROUNDING = 2e-8  # of the largest slope: a step is so large, at least, that the output's rounding is no more
TWICE = 1e-9  # by how much the gradients of two equal passes may differ, over the largest
KINK = 5e-7  # estimates of one slope that lie further apart than this, over the largest slope, are no slope


class Comparison(NamedTuple):
    """How one array's gradient compares: largest relative error, entries compared, entries left out as kinks.

    The error is |hand-written - numerical| over the largest entry of the gradient. It is nan where nothing
    was tested: all entries were kinks, or the gradient is zero everywhere, as a wrong backward pass may
    return it too; and inf where a gradient is not finite, or a second backward does not add to the first's (`adds`).
    """

    error: float
    compared: int
    kinks: int
    adds: bool = True


class Report(dict):
    """What `check_gradients` found: {"input" and each parameter's name: the largest relative error}.

    comparisons      {the same names: Comparison}; `print(report)` shows all as a table
    error            the largest relative error of all, nan if an array was not tested
    compared, kinks  entries compared and left out as kinks in all
    """

    def __init__(self, comparisons: dict[str, Comparison]):
        super().__init__((name, row.error) for name, row in comparisons.items())
        self.comparisons = comparisons
        self.error = float(np.max(list(self.values())))
        self.compared = sum(row.compared for row in comparisons.values())
        self.kinks = sum(row.kinks for row in comparisons.values())

    def ok(self, tolerance: float = 1e-6) -> bool:
        """Whether every array was tested and no relative error is above `tolerance`."""
        return all(error <= tolerance for error in self.values())  # False for nan

    def __str__(self) -> str:
        width = max(map(len, self))
        lines = [f"{'gradient of':{max(width, 11)}}  relative error  compared  kinks"]
        for name, (error, compared, kinks, adds) in self.comparisons.items():
            note = "" if adds else "  a second backward does not add to it: use add_grad"
            note = "  not tested" if np.isnan(error) else note
            lines.append(f"{name:{max(width, 11)}}  {error:14.1e}  {compared:8}  {kinks:5}{note}")
        return "\n".join(lines)


def check_gradients(layer: Layer, x: Array, *, dy: Array = None, seed: int = 0, samples: int | None = None) -> Report:
    """Compare the gradients of `layer` at input `x` with central differences in float64: a Report.

    layer    any Layer or network; a copy of it is checked, in training mode, so that nothing about it changes
    x        its input
    dy       the incoming gradient, of the output's shape; drawn at random from `seed` if not given
    seed     of dy, of the dropout masks and of the samples
    samples  for large networks: check this many entries of each array, drawn at random, rather than all

    Each entry takes four forward passes, up to twelve near kinks. Parameters that are not trainable are left out. A
    gradient that is zero everywhere counts as not tested: before checking a network whose score layers start at zero,
    fill them.
    Raises InputError for what is no layer of one input and one output, where dy does not fit the output, or the
    gradient that comes back does not fit x; and where a layer, unless it is `inplace`, changes x or dy.
    """
    _check(layer, x, seed, samples)
    own: Any = copy.deepcopy(layer).astype("float64").train()
    x = x.astype("float64")  # a copy
    rng = np.random.default_rng(seed)

    def output():
        own.reseed(seed)  # the same dropout masks in every pass
        return own(x.copy())  # a layer may overwrite its input, or return it

    y = output()
    check_array(f"{type(layer).__name__}: output", y, "f", "one array of floats")
    if dy is None:
        dy = array_module(x).asarray(rng.standard_normal(y.shape))
    check_array("check_gradients: dy", dy)
    if dy.shape != y.shape:
        raise InputError(f"check_gradients: dy has shape {dy.shape}, the output {y.shape}: give both the same")
    dy = dy.astype("float64")  # a copy, too
    own.zero_grad()
    dx = _backward(own, x, dy, seed)
    if dx.shape != x.shape:
        raise InputError(f"{type(layer).__name__}: backward returned shape {dx.shape} for an input of {x.shape}")
    trained = {name: parameter for name, parameter in own.named_parameters() if parameter.trainable}
    gradients = {name: parameter.grad.copy() for name, parameter in trained.items()}
    _backward(own, x, dy, seed)  # once more, to what is there
    twice = {name: parameter.grad for name, parameter in trained.items()}

    def rise():
        """By how much sum(dy * y) has risen. Subtracting before summing loses fewer digits."""
        return float((dy * (output() - y)).sum())

    arrays = {"input": (x, dx)}
    arrays |= {name: (parameter.data, gradients[name]) for name, parameter in trained.items()}
    blur = np.finfo("float64").eps * float((dy * dy * y * y).sum()) ** 0.5  # what rounding does to `rise`, about
    rows = {name: _compare(*pair, rise, blur, rng, samples) for name, pair in arrays.items()}
    for name, once in gradients.items():
        if abs(twice[name] - 2 * once).max() > TWICE * abs(once).max():
            rows[name] = rows[name]._replace(error=np.inf, adds=False)
    return Report(rows)


def _check(layer, x, seed, samples):
    """InputError unless a layer, an array and two numbers were given."""
    instance(layer, "check_gradients: layer", Layer, "a Layer: a class with forward and backward, derived from Layer")
    check_array("check_gradients: x", x)
    if not x.size:
        raise InputError(f"check_gradients: x has shape {tuple(x.shape)}, expected a number at least to be checked")
    check_seed(seed, "check_gradients: seed")
    if samples is not None:
        whole(samples, "check_gradients: samples", 1)


def _backward(own, x, dy, seed):
    """dL/dx of one pass there and back. InputError where it changes what it is given, or gives no array."""
    title, given = type(own).__name__, {"its input": x.copy(), "the dy it is given": dy.copy()}
    own.reseed(seed)
    there, back = given.values()
    own(there)
    dx = own.backward(back)
    for (name, after), before in zip(given.items(), (x, dy)):
        if not own.inplace and not ((after == before) | (before != before)).all():
            raise InputError(f"{title}: changes {name}: compute in a copy, or say inplace = True in its class")
    if dx is None:
        advice = "a network after train_only() gives none, unless input_gradient=True"
        raise InputError(f"{title}: backward returned None, expected the gradient of its input: {advice}")
    check_array(f"{title}: what backward returned", dx, "f", "the gradient of its input")
    return dx


def _compare(array, gradient, rise, blur, rng, samples):
    """Compare `gradient` with the numerical one of `rise()` along entries of `array`."""
    gradient = to_host(gradient)
    largest = float(abs(gradient).max())
    if not np.isfinite(largest):
        return Comparison(np.inf, 0, 0)
    scale = float(abs(array).max()) or 1.0
    count = array.size if samples is None else min(samples, array.size)
    errors, kinks = [], 0
    for number in rng.choice(array.size, count, replace=False):
        entry = tuple(map(int, np.unravel_index(number, array.shape)))
        slope = _slope(array, entry, scale, rise, blur, largest)
        if slope is None:
            kinks += 1
        else:
            errors.append(abs(float(gradient[entry]) - slope))
            largest = max(largest, abs(slope))
    return Comparison(max(errors) / largest if errors and largest else np.nan, len(errors), kinks)


def _slope(array, entry, scale, rise, blur, largest):
    """The slope of `rise()` along `array[entry]`, None at a kink.

    On a smooth function four estimates agree up to O(h^2): the central differences of the steps h and h/2,
    and those to the right and to the left, each extrapolated from both. Where a kink lies within h they
    differ, by as much as the first is wrong at least: the one on the side without the kink is right.
    Steps grow where the output is so large that its rounding would make them differ.
    """
    start = float(array[entry])

    def slope(by):
        array[entry] = start + by
        risen = rise() / ((start + by) - start)  # the step as rounded
        array[entry] = start
        return risen

    least = blur / (ROUNDING * (largest or 1.0))
    for h in (max(scale * step, least) for step in STEPS):
        right, left, near_right, near_left = slope(h), slope(-h), slope(h / 2), slope(-h / 2)
        central = (right + left) / 2
        estimates = central, (near_right + near_left) / 2, 2 * near_right - right, 2 * near_left - left
        if max(estimates) - min(estimates) <= KINK * max(largest, abs(central)):
            return central
    return None


def check_everything(device: str = "cpu") -> list[tuple[str, Report]]:
    """Check every kind of layer, and a small FCN-8s at samples, on `device`; returns [(name, Report)], in seconds."""
    return [(name, check_gradients(layer, x, samples=samples)) for name, layer, x, samples in every_layer(device)]


def every_layer(device: str = "cpu") -> list[tuple[str, Layer, Array, int | None]]:
    """[(name, layer, input, samples to check)] of every kind of layer, and a small FCN-8s, on `device`, in float64.

    Maps are not square, and strides, padding and dilations differ, so that no mistake hides in a symmetry.
    """
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 4, 5, 4))
    transposed: dict[str, Any] = {"stride": (2, 3), "padding": 1, "output_padding": 1, "groups": 2, "rng": rng}
    conv = layers.Conv2d(4, 3, 3, padding=1, rng=rng)
    cases = [
        ("Conv2d", layers.Conv2d(4, 4, (3, 2), (2, 1), (1, 2), (1, 2), groups=2, rng=rng), x),
        ("Conv2d, same", layers.Conv2d(4, 2, (2, 3), padding="same", dilation=(3, 2), rng=rng), x),
        ("Conv2d, one image", layers.Conv2d(4, 2, (2, 3), padding=1, rng=rng), x[0]),
        ("ConvTranspose2d, textbook", layers.ConvTranspose2d(4, 4, (3, 4), algorithm="textbook", **transposed), x),
        ("ConvTranspose2d, matrix", layers.ConvTranspose2d(4, 4, (3, 4), algorithm="matrix", **transposed), x),
        ("MaxPool2d", layers.MaxPool2d((3, 2), (2, 1), padding=1, ceil_mode=True), x),
        ("MaxPool2d, dilated", layers.MaxPool2d(2, 1, padding=1, dilation=(2, 3)), x),
        ("MaxPool2d, MaxUnpool2d", _ThereAndBack((3, 2), (2, 1), padding=1), x),
        ("AvgPool2d", layers.AvgPool2d((3, 2), 2, padding=1, ceil_mode=True), x),
        ("AvgPool2d, padding not counted", layers.AvgPool2d(3, 2, 1, count_include_pad=False), x),
        ("ZeroPad2d", layers.ZeroPad2d((1, 2, 3, 0)), x),
        ("Upsample, nearest", layers.Upsample(scale_factor=(2, 1.5)), x),
        ("Upsample, nearest-exact", layers.Upsample((3, 9), mode="nearest-exact"), x),
        ("Upsample, bilinear", layers.Upsample((3, 9), mode="bilinear"), x),
        ("Upsample, corners aligned", layers.Upsample((3, 9), mode="bilinear", align_corners=True), x),
        ("LocalResponseNorm", layers.LocalResponseNorm(3, alpha=0.5), x),
        ("Branches", layers.Branches(*(layers.Sequential(layers.Conv2d(4, n, 1, rng=rng)) for n in (2, 3))), x),
        ("Flatten", layers.Flatten(), x),
        ("ReLU", layers.ReLU(), x),
        ("Dropout", layers.Dropout(), x),
        ("Dropout2d", layers.Dropout2d(), x),
        ("Linear", layers.Linear(5, 3, rng=rng), rng.standard_normal((6, 5))),
        ("Sequential", layers.Sequential(conv, layers.ReLU(), layers.MaxPool2d(2)), x),
    ]
    labels = rng.integers(0, 4, (2, 5, 4))
    labels[0, 1:4, 1] = 255
    for reduction in ("mean", "sum", "none"):
        loss = layers.SoftmaxCrossEntropy(class_weights=[0.5, 1.0, 2.0, 3.0], reduction=reduction)
        cases.append((f"SoftmaxCrossEntropy, {reduction}", _Loss(loss, to_device(labels, device)), x))

    loss = layers.SoftmaxCrossEntropy(class_weights=[0.5, 1.0, 2.0, 3.0], label_smoothing=0.3)
    cases.append(("SoftmaxCrossEntropy, smoothed", _Loss(loss, to_device(labels, device)), x))

    made = [_case(name, layer, x, None, device, rng) for name, layer, x in cases]
    fcn = FCN8s(4, width=1 / 16, fc_channels=16, padding="same", upsampling="learned")
    return [*made, _case("FCN-8s", fcn, rng.standard_normal((1, 3, 21, 34)), 2, device, rng)]


def _case(name, layer, x, samples, device, rng):
    for parameter in layer.parameters():
        if not parameter.data.any():  # lets no gradient through
            parameter.data[...] = 0.1 * rng.standard_normal(parameter.shape)
    return name, layer.astype("float64").to(device), to_device(x, device), samples


class _ThereAndBack(Layer):
    """Max-pooling, then unpooling to x's size: every winner as often as it won, all else 0."""

    def __init__(self, *settings, padding):
        self.pool = layers.MaxPool2d(*settings, padding, return_indices=True)
        self.unpool = layers.MaxUnpool2d(*settings, padding)

    def forward(self, x):
        y, indices = self.pool(x)
        return self.unpool(y, indices, x.shape[2:])

    def backward(self, dy):
        return self.pool.backward(self.unpool.backward(dy))


class _Loss(Layer):
    """A loss with its labels, as a layer of the scores."""

    def __init__(self, criterion, labels):
        self.criterion, self.labels = criterion, labels

    def forward(self, scores):
        loss = self.criterion(scores, self.labels)
        return loss if self.criterion.reduction == "none" else array_module(scores).asarray([loss])

    def backward(self, dloss):
        if self.criterion.reduction == "none":
            return self.criterion.backward(dloss)
        return self.criterion.backward() * dloss
