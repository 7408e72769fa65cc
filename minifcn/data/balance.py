"""Weights of the classes that make rare ones count."""

import numpy as np

from minifcn.checks import instance
from minifcn.data.dataset import VOID, Dataset, check_dataset
from minifcn.machines import ALONE, Group
from minifcn.machines.together import in_all


def class_weights(dataset: Dataset, group: Group = ALONE) -> np.ndarray:
    """Median frequency balancing -> float64 (n_class,), to multiply each pixel's loss with.

    A class's frequency is its share of the pixels in the images that show it; its weight is the median of all
    frequencies over its own, 1 where it is shown nowhere. Reads every label once; several processes share them out.
    Source: Eigen, Fergus 2015 (arXiv 1411.4734, section 6.3.2).
    """

    check_dataset(dataset, "class_weights")
    instance(group, "class_weights: group", Group, "a Group of processes")

    def count():
        pixels, room = np.zeros((2, dataset.n_class), np.int64)  # of each class; of the images with it
        for number in range(len(dataset))[group.share(len(dataset))]:
            _, label = dataset[number]
            counts = np.bincount(label[label != VOID], minlength=dataset.n_class)
            pixels += counts
            room += np.where(counts > 0, counts.sum(), 0)
        return pixels, room

    pixels, room = np.sum(in_all(group, count), axis=0)
    shown = pixels > 0
    frequency = pixels[shown] / room[shown]
    weights = np.ones(dataset.n_class)
    weights[shown] = np.median(frequency) / frequency if shown.any() else 1
    return weights
