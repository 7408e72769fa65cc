"""Pictures of one object each, in memory, whose labels lie where they should; and what a look at them finds."""

import numpy as np

from minifcn.data import Dataset, voc_palette
from minifcn.data.looking.inspection import inspect
from minifcn.data.looking.suspicions import suspicions

H, W = 40, 60


def drawn(number, of_class=1, height=H, width=W):
    """(image, label): an object that lies otherwise mirrored, upside down or turned, at a place of its own."""
    rng = np.random.default_rng(number)
    label = np.zeros((height, width), np.uint8)
    top, left = rng.integers(2, height // 4), rng.integers(2, width // 4)
    label[top : top + height // 2, left : left + width // 3] = of_class
    label[top + height // 4 : top + height // 3, left : left + width // 2] = of_class
    image = rng.integers(40, 60, (height, width, 3)) + rng.integers(100, 180, 3) * (label > 0)[:, :, None]
    return image.astype(np.uint8), label


class Pairs(Dataset):
    """A data set of pairs in memory."""

    name = "pairs"
    mean, std = (0.0,) * 3, (1.0,) * 3

    def __init__(self, pairs, classes=("background", "leaf", "stone")):
        self.pairs, self.classes, self.palette = list(pairs), classes, voc_palette(len(classes))
        self.names = [f"n{number}" for number in range(len(self.pairs))]

    def __len__(self):
        return len(self.pairs)

    def load(self, index):
        return self.pairs[index]


def clean(count=24, start=0):
    """Pairs of classes 1 and 2 in turn."""
    return [drawn(number, 1 + number % 2) for number in range(start, start + count)]


def found(train, val=None, **how):
    """{kind: words} of what is suspicious of pairs that train, and of others that validate."""
    splits = {"train": train, "val": clean(4, 100) if val is None else val}
    datasets = {split: pairs if isinstance(pairs, Dataset) else Pairs(pairs, **how) for split, pairs in splits.items()}
    return {one.kind: one for one in suspicions(inspect(datasets))}
