"""Weights of the classes by the median of their frequencies."""

import numpy as np

from minifcn.data import VOID, Dataset, class_weights


class Labels(Dataset):
    name, classes = "labels", ("a", "b", "c", "d")

    def __init__(self, *labels):
        self.labels = [np.array(label, np.uint8) for label in labels]

    def __len__(self):
        return len(self.labels)

    def load(self, index):
        return None, self.labels[index]


def test_counted_by_hand():
    """a: 5 of 6 pixels, b: 2 of 10 (void is no pixel), c: 3 of 4; d is nowhere. The median is 3/4."""
    data = Labels([[0, 0, 0], [0, 0, 1]], [[1, 2, VOID], [2, 2, VOID]])
    np.testing.assert_allclose(class_weights(data), [3 / 4 * 6 / 5, 3 / 4 * 10 / 2, 1, 1], rtol=1e-12)


def test_nothing_but_void_weighs_nothing_up():
    np.testing.assert_array_equal(class_weights(Labels([[VOID, VOID]])), np.ones(4))
