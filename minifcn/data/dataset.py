"""What a data set is: numbered pairs of an image and its label, and the names and colours of the classes."""

import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, SupportsIndex

import numpy as np

from minifcn.checks import check_fits, instance, whole

VOID = 255  # the label of pixels that count nowhere: VOC's value, used for every data set here
Sample = tuple[np.ndarray, np.ndarray]  # an image and its label


class Dataset:
    """Pairs of an image and a label of the same size, by number from 0.

    `dataset[i]` is `(image, label)`: image uint8 (H, W, 3) in RGB, label uint8 (H, W) holding a class or
    255 for void. Sizes may differ from pair to pair. Reading is safe from several threads at once.
    A subclass gives the attributes below and the methods `__len__` and `load`.

    name      short name of the data set
    classes   the names of the classes, in the order of their numbers
    palette   uint8 (n_class, 3), the RGB colour each class is drawn in
    mean, std three floats each, RGB in the units of the image (0..255), over the training images
    names     of the pairs, where they have any
    notes     lines on what was found, for whoever trains on it
    told      what opens others of one's own alike, fit for JSON (`Options`); nothing where all is published
    """

    name: str
    classes: tuple[str, ...]
    palette: np.ndarray
    mean: tuple[float, ...]
    std: tuple[float, ...]
    names: Sequence[str] = ()
    notes: tuple[str, ...] = ()
    told: Mapping[str, Any] = MappingProxyType({})

    @property
    def n_class(self) -> int:
        """The number of classes; void is none of them."""
        return len(self.classes)

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: SupportsIndex) -> Sample:
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.name}: there is no pair {index}, there are {len(self)}")
        return self.load(index % len(self))

    def load(self, index: int) -> Sample:
        """Pair `index` (from 0 to len - 1) as (image, label)."""
        raise NotImplementedError

    def picture(self, index: int) -> Path | None:
        """The file that the image of a pair is read from; None where there is none."""
        return None


def check_dataset(dataset: Any, name: str) -> Dataset:
    """The data set. InputError for anything else, in the name of who was given it."""
    return instance(dataset, f"{name}: the data set", Dataset, "a Dataset: a class derived from minifcn.data.Dataset")


def voc_palette(n: int) -> np.ndarray:
    """PASCAL VOC's colours for classes 0 to n - 1, uint8 (n, 3).

    The bits of the class number are dealt out in turn to red, green and blue, from each colour's
    highest bit downwards (VOC development kit, VOClabelcolormap).
    """
    check_fits("voc_palette", (whole(n, "voc_palette: n"), 3))
    palette = np.zeros((n, 3), dtype=np.uint8)
    for number in range(n):
        for bit in range(8):
            palette[number, bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
    return palette


class View(Dataset):
    """The pairs of another data set, shown in another way; what is said of them stays as it is.

    A subclass gives `load`.
    """

    def __init__(self, dataset: Dataset):
        self.dataset = check_dataset(dataset, type(self).__name__)
        self.name, self.classes, self.palette = dataset.name, dataset.classes, dataset.palette
        self.names, self.notes, self.told = dataset.names, dataset.notes, dataset.told

    @property
    def mean(self) -> tuple[float, ...]:  # type: ignore[override]
        """That of the pictures as they are, which may yet have to be computed."""
        return self.dataset.mean

    @property
    def std(self) -> tuple[float, ...]:  # type: ignore[override]
        """As `mean`."""
        return self.dataset.std

    def __len__(self) -> int:
        return len(self.dataset)

    def picture(self, index: int) -> Path | None:
        return self.dataset.picture(index)
