"""The confusion matrix of a segmentation and the four figures that the paper reports from it."""

import numpy as np

from minifcn.backend import Array, array_module, to_host
from minifcn.checks import MOST, check_array, check_fits, whole
from minifcn.errors import InputError

# The paper's four, and how tables and pictures name them.
FIGURES = {
    "pixel_accuracy": "pixel acc.",
    "mean_accuracy": "mean acc.",
    "mean_iu": "mean IU",
    "frequency_weighted_iu": "f.w. IU",
}


class ConfusionMatrix:
    """Counts of pixels by actual and predicted class, added up over any number of images.

    With n_ij the pixels of class i predicted as j and t_i = sum_j n_ij the pixels of class i:

        pixel accuracy          sum_i n_ii / sum_i t_i
        mean accuracy           mean over i of n_ii / t_i
        IU of class i           n_ii / (t_i + sum_j n_ji - n_ii)
        mean IU                 mean over i of IU_i
        frequency-weighted IU   sum_i t_i IU_i / sum_i t_i

    Pixels whose actual label is `ignore_label` count nowhere, whatever was predicted there. A class is left
    out of a mean where its term would be 0/0: the mean accuracy is over the classes that occur in the truth,
    the mean IU over those that occur in the truth or in the prediction. All figures are floats from 0 to 1,
    and nan as long as no pixel was counted (nothing but void). Source: Long et al. 2015, section 5.

    `.counts` is the matrix, an int64 NumPy array (n_class, n_class), indexed [actual, predicted].
    """

    def __init__(self, n_class: int, ignore_label: int = 255):
        self.n_class = n_class = whole(n_class, "ConfusionMatrix: n_class", 1)
        self.ignore_label = whole(ignore_label, "ConfusionMatrix: ignore_label", -MOST)
        check_fits("ConfusionMatrix: the counts", (n_class, n_class))
        self.counts = np.zeros((n_class, n_class), dtype=np.int64)

    def update(self, predicted: Array, actual: Array) -> None:
        """Count the pixels of two integer arrays of one shape, any shape, on the host or the device.

        Raises InputError for two shapes, for arrays that do not hold integers, and for a value outside the
        classes (a prediction counts as such only where the pixel counts); nothing has been counted then.
        """
        self._check(predicted, actual)
        self.counts += self._count(predicted, actual, 1)[0]

    def update_each(self, predicted: Array, actual: Array) -> list[float]:
        """Count the pixels of images (N, ...) as `update` does -> the pixel accuracy of each, nan where it is void."""
        self._check(predicted, actual)
        if actual.ndim < 1:
            raise InputError("ConfusionMatrix: update_each takes images (N, ...), given one number")
        counts = self._count(predicted, actual, len(actual))
        self.counts += counts.sum(axis=0)
        return [_pixel_accuracy(of_one) for of_one in counts]

    @staticmethod
    def _check(predicted, actual):
        """InputError unless these are two arrays of integers of one shape."""
        for name, labels in (("predicted", predicted), ("actual", actual)):
            check_array(f"ConfusionMatrix: {name}", labels, "iu", "an array of integers (argmax)")
        if predicted.shape != actual.shape:
            shapes = f"predicted has shape {predicted.shape}, actual {actual.shape}"
            raise InputError(f"ConfusionMatrix: {shapes}: give both the same")

    def _count(self, predicted, actual, images):
        """The counts of so many images, (images, n_class, n_class): made where the labels are, then brought home."""
        if not (hasattr(predicted, "get") and hasattr(actual, "get")):
            predicted, actual = to_host(predicted), to_host(actual)
        xp, n = array_module(actual), self.n_class
        flat = images, actual.size // max(1, images)
        said, true = predicted.reshape(flat).astype("int64"), actual.reshape(flat).astype("int64")
        counted = true != self.ignore_label
        outside = counted & ((said.view("uint64") >= n) | (true.view("uint64") >= n))  # below 0 is very large there
        # A cell of the matrix for each pixel, and two more: for void, and for what is no class.
        cells = xp.where(counted & ~outside, true * n + said, n * n + outside)
        cells += (xp.arange(images) * (n * n + 2))[:, None]
        counts = to_host(xp.bincount(cells.ravel(), minlength=images * (n * n + 2))).reshape(images, n * n + 2)
        if counts[:, -1].any():
            self._refuse(counted, predicted=predicted, actual=actual)
        return counts[:, : n * n].reshape(images, n, n)

    def _refuse(self, counted, **labels):
        """InputError for a value that is no class where the pixel counts."""
        for name, values in labels.items():
            values = to_host(values).reshape(counted.shape)[to_host(counted)]
            outside = values[(values < 0) | (values >= self.n_class)]
            if outside.size:
                expected = f"expected a class 0..{self.n_class - 1} or {self.ignore_label} (void) in actual"
                raise InputError(
                    f"ConfusionMatrix: {name} holds {outside[0]}, {expected}: check the labels and n_class"
                )

    @property
    def iu_per_class(self) -> np.ndarray:
        """Intersection over union of each class (n_class,), nan for one in neither truth nor prediction."""
        hits = np.diag(self.counts)
        return _ratio(hits, self.counts.sum(axis=1) + self.counts.sum(axis=0) - hits)

    @property
    def pixel_accuracy(self) -> float:
        """The share of pixels predicted rightly."""
        return _pixel_accuracy(self.counts)

    @property
    def mean_accuracy(self) -> float:
        """The share of a class's pixels predicted rightly, averaged over the classes in the truth."""
        return _mean(_ratio(np.diag(self.counts), self.counts.sum(axis=1)))

    @property
    def mean_iu(self) -> float:
        """Intersection over union, averaged over the classes in truth or prediction."""
        return _mean(self.iu_per_class)

    @property
    def frequency_weighted_iu(self) -> float:
        """Intersection over union, each class weighing as much as it has pixels in the truth."""
        t = self.counts.sum(axis=1)
        return float(_ratio((t * np.where(t > 0, self.iu_per_class, 0)).sum(), t.sum()))


def predicted_classes(scores: Array, axis: int = 1) -> Array:
    """The class of the largest score along an axis, in the smallest dtype that holds them all: less to bring home."""
    check_array("predicted_classes: scores", scores)
    if not -scores.ndim <= whole(axis, "predicted_classes: axis", -MOST) < scores.ndim or not scores.shape[axis]:
        raise InputError(f"predicted_classes: scores {tuple(scores.shape)} have no classes along axis {axis}")
    return scores.argmax(axis=axis).astype(np.min_scalar_type(scores.shape[axis] - 1))


def _pixel_accuracy(counts):
    """The share of pixels on the diagonal."""
    return float(_ratio(np.trace(counts), counts.sum()))


def _ratio(numerator, denominator):
    """numerator / denominator, nan where the denominator is 0 (and no warning)."""
    result = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=result, where=np.asarray(denominator) > 0)


def _mean(values):
    """The mean of those that are not nan; nan where none is left (and no warning)."""
    values = values[~np.isnan(values)]
    return float(_ratio(values.sum(), values.size))
