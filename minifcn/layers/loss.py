"""The loss of every pixel: softmax, then cross-entropy."""

import functools
import math
from collections.abc import Sequence

import numpy as np

from minifcn.backend import Array, array_module, to_host
from minifcn.backend.kernels import by_kernel
from minifcn.backend.parallel import BLOCK, bands, room, run_all
from minifcn.checks import MOST, check_array, is_array, number, one_of, shown, whole
from minifcn.convolution.checks import check_gradient
from minifcn.errors import InputError
from minifcn.layers.layer import Layer

REDUCTIONS = ("mean", "sum", "none")


class SoftmaxCrossEntropy(Layer):
    """L = -log softmax(scores)[label], pixel by pixel ("pixel multinomial logistic loss" on the slides).

    forward   scores (N, C, H, W), labels (N, H, W) of integers 0..C-1  -> loss, or (N, C) with (N,)
    backward  dL/dscores (N, C, H, W) = w (softmax(scores) - onehot(label)), divided by the sum of w for the mean

    ignore_label   pixels with this label count nowhere (VOC's void border: 255)
    class_weights  w of each class, C numbers; None: 1 everywhere
    reduction      "mean" over the counted pixels, weighted as in PyTorch; "sum"; "none": each pixel's loss (N, H, W),
                   whose backward takes the incoming gradient (N, H, W)
    label_smoothing  e, 0 to 1: not the label alone is right, but every class a little. L becomes (1 - e) L plus the
                   mean over all C classes of -e w log softmax, each with its own w (Szegedy et al. 2016, arXiv
                   1512.00567, section 7, weighted as in PyTorch)
    The loss is a Python float, but for "none". Stable for scores of any size: the largest is subtracted first.
    Raises InputError for a label that is no class, for shapes that do not fit, and for a mean over no pixel at all.
    """

    def __init__(
        self,
        ignore_label: int = 255,
        class_weights: Sequence[float] | Array | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self.reduction = one_of(reduction, "SoftmaxCrossEntropy: reduction", REDUCTIONS)
        self.ignore_label = whole(ignore_label, "SoftmaxCrossEntropy: ignore_label", -MOST)
        self.class_weights = class_weights
        if class_weights is not None:
            _check_weights(class_weights)
        self.label_smoothing = float(
            number(label_smoothing, "SoftmaxCrossEntropy: label_smoothing", lambda p: 0 <= p <= 1, ", take 0 to 1")
        )

    def forward(self, scores: Array, labels: Array) -> float | Array:
        self._check(scores, labels)
        n, n_class, *size = scores.shape
        flat = n, math.prod(size)
        target = labels.astype("int64").reshape(flat)  # (N, H*W)
        counted = target != self.ignore_label  # which may be no number of the labels' own dtype
        inside = target.view("uint64") < n_class  # what is below 0 counts as very large
        target *= inside
        weights, of_class = counted.astype(scores.dtype), None
        if self.class_weights is not None:
            of_class = _beside(self.class_weights, scores)  # (C,)
            weights *= of_class[target]
        flat_scores, hard, even = scores.reshape(n, n_class, flat[1]), weights, None
        if self.label_smoothing:
            hard = weights * (1 - self.label_smoothing)
            even = _even(self.label_smoothing, of_class, scores), counted
        softmax, loss = softmax_loss(flat_scores, target, hard)
        if even:
            loss += even_loss(flat_scores, *even)
        wrong, weight, total = _sums(counted > inside, weights, loss)
        if wrong:
            self._refuse(labels, n_class)
        if self.reduction == "mean" and weight == 0:
            raise InputError(
                f"SoftmaxCrossEntropy: all {labels.size} labels are void ({self.ignore_label}) or weigh nothing: "
                "there is no pixel to take the mean over"
            )
        divisor = weight if self.reduction == "mean" else 1.0
        self.keep(softmax, target, hard, even, divisor, scores.shape)
        return loss.reshape(labels.shape) if self.reduction == "none" else total / divisor

    def backward(self, dloss: Array = None) -> Array:
        softmax, target, hard, even, divisor, shape = self.kept()
        if (dloss is None) == (self.reduction == "none"):
            raise InputError(
                'SoftmaxCrossEntropy: reduction "none" takes an incoming gradient in backward, the others none'
            )
        if dloss is not None:
            check_gradient(self, dloss, (shape[0], *shape[2:]))

        def scaled(weights):
            return weights / divisor if dloss is None else weights * dloss.reshape(weights.shape)  # (N, H*W)

        dscores = softmax_loss_grad(softmax, target, scaled(hard))
        if even:
            of_class, counted = even
            add_even_grad(dscores, softmax, of_class, scaled(counted).astype(dscores.dtype, copy=False))
        return dscores.reshape(shape)

    def _check(self, scores, labels):
        """InputError for arrays that do not fit each other, or the class weights."""
        check_array("SoftmaxCrossEntropy: scores", scores, "f", "an array (N, C, H, W)")
        if not is_array(labels) or labels.dtype.kind not in "iu":
            given = labels.dtype if is_array(labels) else f"a {type(labels).__name__}"
            raise InputError(f"SoftmaxCrossEntropy: labels are {given}, expected integers (N, H, W)")
        if scores.ndim < 2 or labels.shape != (scores.shape[0], *scores.shape[2:]):
            raise InputError(
                f"SoftmaxCrossEntropy: labels {tuple(labels.shape)} do not fit scores {tuple(scores.shape)}: "
                "expected (N, H, W) and (N, C, H, W)"
            )
        if self.class_weights is not None and len(self.class_weights) != scores.shape[1]:
            raise InputError(
                f"SoftmaxCrossEntropy: {len(self.class_weights)} class weights, but scores of {scores.shape[1]} classes"
            )
        if array_module(labels) is not array_module(scores):
            raise InputError("SoftmaxCrossEntropy: scores and labels are on two devices: use to_device(...) on one")

    def _refuse(self, labels, n_class):
        """InputError for labels that are no class, nor void."""
        labels = labels.astype("int64")
        value = int((labels * (labels != self.ignore_label)).max())
        raise InputError(
            f"SoftmaxCrossEntropy: label {value if value >= n_class else 'below 0'} is none of the "
            f"{n_class} classes, nor void ({self.ignore_label})"
        )


def _check_weights(class_weights):
    """InputError unless these are numbers, none of them below 0."""
    try:
        weights = to_host(class_weights)
        real = weights.ndim == 1 and weights.dtype.kind in "biuf"
        fits = real and np.isfinite(weights).all() and (weights >= 0).all()
    except (TypeError, ValueError):
        fits = False
    if not fits:
        given, expected = shown(class_weights), "expected a number for each class, 0 or more"
        raise InputError(f"SoftmaxCrossEntropy: class_weights is {given}, {expected}")


def _beside(class_weights, scores):
    """The class weights (C,) as an array of the scores' kind."""
    xp = array_module(scores)
    if xp is np:
        return np.asarray(to_host(class_weights), dtype=scores.dtype)
    if isinstance(class_weights, xp.ndarray):
        return xp.asarray(class_weights, dtype=scores.dtype)
    return _uploaded(tuple(map(float, class_weights)), scores.dtype.name, xp)


@functools.lru_cache(maxsize=16)
def _uploaded(numbers, dtype, xp):
    """A tuple of numbers as an array of the device: brought there once, not at every pass."""
    return xp.asarray(numbers, dtype=dtype)


def _sums(*arrays):
    """The sum of each array, in float64, for the host: one transfer, so that it waits for a GPU once."""
    xp = array_module(arrays[0])
    sums = xp.empty(len(arrays), "float64")
    for i, array in enumerate(arrays):
        array.sum(dtype="float64", out=sums[i, ...])
    return to_host(sums).tolist()


@by_kernel
def softmax_loss(scores: Array, target: Array, weights: Array) -> tuple[Array, Array]:
    """scores (N, C, P), target and weights (N, P) -> softmax (N, C, P), and each pixel's -w log softmax (N, P)."""
    xp = array_module(scores)
    softmax, loss = xp.empty(scores.shape, scores.dtype), xp.empty_like(weights)
    in_a_row = softmax.reshape(-1)  # (N*C*P,), a view

    def some(images, pixels):
        part, probability = scores[images, :, pixels], softmax[images, :, pixels]
        xp.subtract(part, part.max(axis=1, keepdims=True), out=probability)
        chosen = in_a_row[_places(target, scores.shape, images, pixels)]  # (n, p)
        xp.exp(probability, out=probability)
        total = probability.sum(axis=1, keepdims=True)  # (n, 1, p)
        probability /= total
        loss[images, pixels] = (xp.log(total[:, 0]) - chosen) * weights[images, pixels]

    run_all(some, _pixels(scores), xp)
    return softmax, loss


@by_kernel
def softmax_loss_grad(softmax: Array, target: Array, scale: Array) -> Array:
    """softmax (N, C, P), target and scale (N, P) -> scale (softmax - onehot(target)), (N, C, P)."""
    xp = array_module(softmax)
    dscores = xp.empty(softmax.shape, softmax.dtype)
    in_a_row = dscores.reshape(-1)  # (N*C*P,), a view

    def some(images, pixels):
        share = scale[images, pixels]
        xp.multiply(softmax[images, :, pixels], share[:, None], out=dscores[images, :, pixels])
        in_a_row[_places(target, softmax.shape, images, pixels)] -= share  # - onehot(label)

    run_all(some, _pixels(softmax), xp)
    return dscores


def even_loss(scores: Array, weights: Array, counted: Array) -> Array:
    """scores (N, C, P), weights (C,), counted (N, P) -> the sum over all classes of -w log softmax, or 0, (N, P)."""
    xp = array_module(scores)
    loss = xp.empty(counted.shape, scores.dtype)

    def some(images, pixels):
        part = scores[images, :, pixels]
        below = part.max(axis=1, keepdims=True) - part  # (n, C, p)
        total = xp.exp(-below).sum(axis=1)
        each = xp.log(total) * weights.sum() + (below * weights[:, None]).sum(axis=1)
        loss[images, pixels] = each * counted[images, pixels]

    run_all(some, _pixels(scores), xp)
    return loss


def add_even_grad(dscores: Array, softmax: Array, weights: Array, scale: Array) -> None:
    """Add the gradient of `even_loss` to dscores (N, C, P): scale times the sum over k of w_k (softmax - onehot(k))."""

    def some(images, pixels):
        part = dscores[images, :, pixels]
        each = softmax[images, :, pixels] * weights.sum() - weights[:, None]  # (n, C, p)
        part += each * scale[images, pixels][:, None]

    run_all(some, _pixels(softmax), array_module(softmax))


def _even(smoothing, of_class, scores):
    """The weight with which every class counts a little, (C,); of_class: its own, or None for 1."""
    n_class = scores.shape[1]
    return array_module(scores).full(n_class, smoothing / n_class, scores.dtype) * (1 if of_class is None else of_class)


def _places(target, shape, images, pixels):
    """Where in an array (N, C, P), read in a row, the entries of some pixels lie, each of its own class: (n, p)."""
    xp, (_, n_class, count) = array_module(target), shape
    places = target[images, pixels] * count
    places += xp.arange(pixels.start, pixels.stop)
    places += (xp.arange(images.start, images.stop) * (n_class * count))[:, None]
    return places


def _pixels(scores):
    """(images, pixels) of blocks of scores (N, C, pixels), as arguments for `run_all`."""
    n, c, count = scores.shape
    return bands(n, count, c, room(BLOCK, array_module(scores)))
