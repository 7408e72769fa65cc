"""The loss of every pixel: softmax, then cross-entropy."""

import math
from collections.abc import Sequence

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.backend.kernels import by_kernel
from minifcn.backend.parallel import BLOCK, bands, room, run_all
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
    The loss is a Python float, but for "none". Stable for scores of any size: the largest is subtracted first.
    Raises InputError for a label that is no class, for shapes that do not fit, and for a mean over no pixel at all.
    """

    def __init__(
        self, ignore_label: int = 255, class_weights: Sequence[float] | Array | None = None, reduction: str = "mean"
    ) -> None:
        if reduction not in REDUCTIONS:
            raise InputError(f"SoftmaxCrossEntropy: reduction {reduction!r} is none of {', '.join(REDUCTIONS)}")
        self.ignore_label, self.class_weights, self.reduction = ignore_label, class_weights, reduction

    def forward(self, scores: Array, labels: Array) -> float | Array:
        target, weights = self._check(scores, labels)  # (N, H*W) each
        flat = scores.reshape(*scores.shape[:2], target.shape[1])  # (N, C, H*W)
        softmax, loss = softmax_loss(flat, target, weights)
        divisor = 1.0
        if self.reduction == "mean" and (divisor := float(weights.sum(dtype="float64"))) == 0:
            raise InputError(
                f"SoftmaxCrossEntropy: all {labels.size} labels are void ({self.ignore_label}) or weigh nothing: "
                "there is no pixel to take the mean over"
            )
        self.keep(softmax, target, weights, divisor, scores.shape)
        return loss.reshape(labels.shape) if self.reduction == "none" else float(loss.sum(dtype="float64")) / divisor

    def backward(self, dloss: Array = None) -> Array:
        softmax, target, weights, divisor, shape = self.kept()
        if (dloss is None) == (self.reduction == "none"):
            raise InputError(
                'SoftmaxCrossEntropy: reduction "none" takes an incoming gradient in backward, the others none'
            )
        if dloss is not None:
            check_gradient(self, dloss, (shape[0], *shape[2:]))
        scale = weights / divisor if dloss is None else weights * dloss.reshape(weights.shape)  # (N, H*W)
        return softmax_loss_grad(softmax, target, scale).reshape(shape)

    def _check(self, scores, labels):
        """The class of each pixel, 0 where it does not count, and its weight, 0 there: (N, H*W) each."""
        if scores.ndim < 2 or labels.shape != (scores.shape[0], *scores.shape[2:]):
            raise InputError(
                f"SoftmaxCrossEntropy: labels {tuple(labels.shape)} do not fit scores {tuple(scores.shape)}: "
                "expected (N, H, W) and (N, C, H, W)"
            )
        if self.class_weights is not None and len(self.class_weights) != scores.shape[1]:
            raise InputError(
                f"SoftmaxCrossEntropy: {len(self.class_weights)} class weights, but scores of {scores.shape[1]} classes"
            )
        if not np.issubdtype(labels.dtype, np.integer):
            raise InputError(f"SoftmaxCrossEntropy: labels are {labels.dtype}, expected integers")
        xp = array_module(scores)
        counted = labels != self.ignore_label
        target = xp.where(counted, labels, 0).astype("int64")
        if bool(((target < 0) | (target >= scores.shape[1])).any()):
            value = int(target.max())
            raise InputError(
                f"SoftmaxCrossEntropy: label {value if value >= scores.shape[1] else 'below 0'} is none of the "
                f"{scores.shape[1]} classes, nor void ({self.ignore_label})"
            )
        weights = counted.astype(scores.dtype)
        if self.class_weights is not None:
            weights *= xp.asarray(self.class_weights, dtype=scores.dtype)[target]
        flat = len(target), math.prod(target.shape[1:])
        return target.reshape(flat), weights.reshape(flat)


@by_kernel
def softmax_loss(scores: Array, target: Array, weights: Array) -> tuple[Array, Array]:
    """scores (N, C, P), target and weights (N, P) -> softmax (N, C, P), and each pixel's -w log softmax (N, P)."""
    xp = array_module(scores)
    softmax, loss = xp.empty_like(scores), xp.empty_like(weights)

    def some(images, pixels):
        part, probability = scores[images, :, pixels], softmax[images, :, pixels]
        shifted = part - part.max(axis=1, keepdims=True)
        xp.exp(shifted, out=probability)
        total = probability.sum(axis=1, keepdims=True)  # (n, 1, p)
        probability /= total
        chosen = xp.take_along_axis(shifted, target[images, None, pixels], axis=1)
        loss[images, pixels] = (xp.log(total) - chosen)[:, 0] * weights[images, pixels]

    run_all(some, _pixels(scores), xp)
    return softmax, loss


@by_kernel
def softmax_loss_grad(softmax: Array, target: Array, scale: Array) -> Array:
    """softmax (N, C, P), target and scale (N, P) -> scale (softmax - onehot(target)), (N, C, P)."""
    xp = array_module(softmax)
    dscores = xp.empty_like(softmax)

    def some(images, pixels):
        part, share, label = dscores[images, :, pixels], scale[images, None, pixels], target[images, None, pixels]
        xp.multiply(softmax[images, :, pixels], share, out=part)
        xp.put_along_axis(part, label, xp.take_along_axis(part, label, axis=1) - share, axis=1)  # - onehot(label)

    run_all(some, _pixels(softmax), xp)
    return dscores


def _pixels(scores):
    """(images, pixels) of blocks of scores (N, C, pixels), as arguments for `run_all`."""
    n, c, count = scores.shape
    return bands(n, count, c, room(BLOCK, array_module(scores)))
