"""The confusion matrix of a segmentation and the four figures that the paper reports from it."""

import numpy as np

from minifcn.backend import Array, array_module, to_host
from minifcn.backend.parallel import BLOCK, bands, room
from minifcn.errors import InputError

PIECE = 4096  # pixels that one product counts on a GPU: many short ones keep all of it busy

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
        self.n_class, self.ignore_label = n_class, ignore_label
        self.counts = np.zeros((n_class, n_class), dtype=np.int64)

    def update(self, predicted: Array, actual: Array) -> None:
        """Count the pixels of two integer arrays of one shape, any shape, on the host or the device.

        Raises InputError for two shapes, for arrays that do not hold integers, and for a value outside the
        classes (a prediction counts as such only where the pixel counts); nothing has been counted then.
        """
        self.counts += self._count(predicted, actual, 1)[0]

    def update_each(self, predicted: Array, actual: Array) -> list[float]:
        """Count the pixels of images (N, ...) as `update` does -> the pixel accuracy of each, nan where it is void."""
        counts = self._count(predicted, actual, len(actual))
        self.counts += counts.sum(axis=0)
        return [_pixel_accuracy(of_one) for of_one in counts]

    def _count(self, predicted, actual, images):
        """The counts of so many images, (images, n_class, n_class)."""
        there = hasattr(predicted, "get") and hasattr(actual, "get")
        if not there:
            predicted, actual = to_host(predicted), to_host(actual)
        if predicted.shape != actual.shape:
            shapes = f"predicted has shape {predicted.shape}, actual {actual.shape}"
            raise InputError(f"ConfusionMatrix: {shapes}: give both the same")
        for name, labels in (("predicted", predicted), ("actual", actual)):
            if labels.dtype.kind not in "iu":
                raise InputError(f"ConfusionMatrix: {name} is {labels.dtype}, expected integers (argmax)")
        predicted, actual = predicted.reshape(images, -1), actual.reshape(images, -1)  # (images, pixels)
        if there:
            counts = to_host(_counts_by_products(predicted, actual, self.n_class, self.ignore_label))
            counts, counted = counts[:, :-1, :-1].astype(np.int64), counts[:, -1, -1]
            if counts.sum() == counted.sum():
                return counts  # else there is a value outside the classes: the host says which
        pairs = zip(to_host(predicted), to_host(actual))
        return np.array([self._count_on_host(*pair) for pair in pairs])

    def _count_on_host(self, predicted, actual):
        """The counts (n_class, n_class) of one image."""
        counted = actual != self.ignore_label
        predicted = self._classes("predicted", predicted[counted])
        actual = self._classes("actual", actual[counted])
        pairs = np.bincount(actual * self.n_class + predicted, minlength=self.n_class**2)
        return pairs.reshape(self.n_class, self.n_class)

    def _classes(self, name, labels):
        outside = labels[(labels < 0) | (labels >= self.n_class)]
        if outside.size:
            expected = f"expected a class 0..{self.n_class - 1} or {self.ignore_label} (void) in actual"
            raise InputError(f"ConfusionMatrix: {name} holds {outside[0]}, {expected}: check the labels and n_class")
        return labels.astype(np.int64)  # the labels' own type may be too small for actual * n_class

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
    return scores.argmax(axis=axis).astype(np.min_scalar_type(scores.shape[axis] - 1))


def _counts_by_products(predicted, actual, n_class, ignore_label):
    """The counts of images whose labels are (N, pixels), where those are: float64 (N, n_class + 1, n_class + 1).

    A product of two matrices of 0 and 1, a row for each class of the truth and a column for each predicted one, counts
    their pixels, exactly: sums of at most PIECE ones. A last row and column of ones count the pixels that are not void,
    whatever they hold. NumPy's way, bincount, would wait for a GPU twice.
    """
    xp, (images, pixels) = array_module(actual), actual.shape
    pieces = -(-pixels // PIECE)
    truth = xp.full((images, pieces * PIECE), ignore_label, "int64")
    truth[:, :pixels] = actual
    said = xp.zeros_like(truth)
    said[:, :pixels] = predicted
    truth, said = truth.reshape(images, pieces, 1, PIECE), said.reshape(images, pieces, PIECE, 1)
    counted = truth != ignore_label
    truth = xp.where(counted, truth, -1)
    classes = xp.arange(n_class + 1)
    counts = xp.zeros((images, n_class + 1, n_class + 1))
    for some, part in bands(images, pieces, PIECE * (n_class + 1), room(BLOCK, xp)):
        rows = (truth[some, part] == classes[:, None]).astype("float32")  # (n, pieces, n_class + 1, PIECE)
        rows[:, :, -1:] = counted[some, part]
        columns = (said[some, part] == classes).astype("float32")  # (n, pieces, PIECE, n_class + 1)
        columns[..., -1] = 1
        of_some = counts[some]
        of_some += (rows @ columns).sum(axis=1, dtype="float64")  # (n, n_class + 1, n_class + 1)
    return counts


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
