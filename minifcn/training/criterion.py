"""The loss that a training minimises, and the loss that it tells."""

from minifcn.backend import Array
from minifcn.data import VOID
from minifcn.layers import SoftmaxCrossEntropy


class PixelLoss:
    """Softmax and cross-entropy of every pixel, minimised as "mean" or "sum", told for one pixel in either case.

    loss = criterion(scores, labels)     of a pixel, a mean over those that are not void
    dscores = criterion.backward(share)  share * dL/dscores: the batch is that part of a step

    reduction      "mean", weighted where there are class weights, or "sum", as in the authors' later nets
    class_weights  of each class, or None: all alike
    """

    def __init__(self, reduction: str = "mean", class_weights: Array | None = None):
        self.criterion = SoftmaxCrossEntropy(VOID, class_weights, reduction)

    def __call__(self, scores: Array, labels: Array) -> float:
        loss = self.criterion(scores, labels)
        return loss / self.criterion.pixels if self.criterion.reduction == "sum" else loss

    def backward(self, share: float = 1.0) -> Array:
        dscores = self.criterion.backward()
        dscores *= share
        return dscores
