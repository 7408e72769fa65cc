"""Weights of the classes that make rare ones count."""

import numpy as np

from minifcn.data.dataset import VOID, Dataset


def class_weights(dataset: Dataset) -> np.ndarray:
    """Median frequency balancing -> float64 (n_class,), to multiply each pixel's loss with.

    A class's frequency is its share of the pixels in the images that show it; its weight is the median of all
    frequencies over its own, 1 where it is shown nowhere. Reads every label once.
    Source: Eigen, Fergus 2015 (arXiv 1411.4734, section 6.3.2).
    """
    pixels, room = np.zeros((2, dataset.n_class))  # of each class; of the images with it
    for number in range(len(dataset)):
        _, label = dataset[number]
        counts = np.bincount(label[label != VOID], minlength=dataset.n_class)
        pixels += counts
        room += np.where(counts > 0, counts.sum(), 0)
    shown = pixels > 0
    frequency = pixels[shown] / room[shown]
    weights = np.ones(dataset.n_class)
    weights[shown] = np.median(frequency) / frequency if shown.any() else 1
    return weights
