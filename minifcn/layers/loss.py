"""The loss of every pixel: softmax, then cross-entropy."""

import numpy as np

from minifcn.backend import array_module
from minifcn.errors import InputError

REDUCTIONS = ("mean", "sum", "none")


class SoftmaxCrossEntropy:
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

    def __init__(self, ignore_label=255, class_weights=None, reduction="mean"):
        if reduction not in REDUCTIONS:
            raise InputError(f"SoftmaxCrossEntropy: reduction {reduction!r} is none of {', '.join(REDUCTIONS)}")
        self.ignore_label, self.class_weights, self.reduction = ignore_label, class_weights, reduction
        self._kept = None

    def __call__(self, scores, labels):
        return self.forward(scores, labels)

    def forward(self, scores, labels):
        xp = array_module(scores)
        labels = self._check(scores, labels)
        counted = labels != self.ignore_label
        target = xp.where(counted, labels, 0).astype("int64")[:, None]  # (N, 1, H, W)
        weights = counted.astype(scores.dtype)
        if self.class_weights is not None:
            weights = weights * xp.asarray(self.class_weights, dtype=scores.dtype)[target[:, 0]]  # (N, H, W)

        shifted = scores - scores.max(axis=1, keepdims=True)
        softmax = xp.exp(shifted)
        total = softmax.sum(axis=1, keepdims=True)  # (N, 1, H, W)
        loss = (xp.log(total) - xp.take_along_axis(shifted, target, axis=1))[:, 0] * weights  # (N, H, W)
        softmax /= total

        divisor = 1.0
        if self.reduction == "mean":
            divisor = float(weights.sum(dtype="float64"))
            if divisor == 0:
                raise InputError(
                    f"SoftmaxCrossEntropy: all {labels.size} labels are void ({self.ignore_label}) or weigh nothing: "
                    "there is no pixel to take the mean over"
                )
        self._kept = softmax, target, weights, divisor
        return loss if self.reduction == "none" else float(loss.sum(dtype="float64")) / divisor

    def backward(self, dloss=None):
        if self._kept is None:
            raise RuntimeError("SoftmaxCrossEntropy: backward needs a forward pass first")
        softmax, target, weights, divisor = self._kept
        if (dloss is None) == (self.reduction == "none"):
            raise InputError(
                'SoftmaxCrossEntropy: reduction "none" takes an incoming gradient in backward, the others none'
            )
        xp = array_module(softmax)
        onehot = xp.arange(softmax.shape[1]).reshape(1, -1, *[1] * (softmax.ndim - 2)) == target
        scale = weights / divisor if dloss is None else weights * dloss
        return (softmax - onehot) * scale[:, None]

    def _check(self, scores, labels):
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
        wrong = (labels != self.ignore_label) & ((labels < 0) | (labels >= scores.shape[1]))
        if bool(wrong.any()):
            value = int(array_module(labels).where(wrong, labels, 0).max())
            raise InputError(
                f"SoftmaxCrossEntropy: label {value or 'below 0'} is none of the {scores.shape[1]} classes, nor void "
                f"({self.ignore_label})"
            )
        return labels
