"""The loss that a training minimises, and the loss that it tells."""

import numpy as np

from minifcn.backend import Array, to_host
from minifcn.data import VOID
from minifcn.errors import InputError
from minifcn.layers import SoftmaxCrossEntropy


class PixelLoss:
    """Softmax and cross-entropy of every pixel, minimised as "mean" or "sum", told for one pixel in either case.

    divisor = criterion.divisor(labels)       of a batch, added up where it is computed in parts; labels on the host
    loss = criterion(scores, labels, divisor) of a pixel: a mean over those of the batch that are not void, or a part's
                                              share in it
    dscores = criterion.backward(share)       share * dL/dscores: the batch is that part of a step

    reduction      "mean", weighted where there are class weights, or "sum", as in the authors' later nets
    class_weights  of each class, or None: all alike
    Raises InputError for another reduction.
    """

    def __init__(self, reduction: str = "mean", class_weights: Array | None = None):
        if reduction not in ("mean", "sum"):
            raise InputError(f"PixelLoss: reduction {reduction!r} is none of mean, sum")
        self.criterion = SoftmaxCrossEntropy(VOID, class_weights, "sum")
        self.mean, self.scale = reduction == "mean", 1.0
        self.weights = to_host(class_weights).astype("float64") if self.mean and class_weights is not None else None

    def divisor(self, labels: np.ndarray) -> float:
        """How many pixels are not void, or for the weighted mean the sum of their weights."""
        counted = labels != VOID
        if self.weights is None:
            return float(np.count_nonzero(counted))
        return float(self.weights.take(labels[counted], mode="clip").sum())  # the pass refuses what is no class

    def __call__(self, scores: Array, labels: Array, divisor: float) -> float:
        self.scale = 1 / divisor if self.mean else 1.0
        return self.criterion(scores, labels) / divisor

    def backward(self, share: float = 1.0) -> Array:
        dscores = self.criterion.backward()
        dscores *= share * self.scale
        return dscores
