"""Pictures that are there twice, as the same file, compressed anew or in another size."""

from collections.abc import Sequence

import numpy as np

from minifcn.data.looking.look import SIDE, Look

ALIKE = 0.999  # correlation of two thumbnails: above that of frames of a film a 15th of a second apart
BRIGHTNESS = 4  # by which thumbnails of one picture differ at most, in 0..255
FLAT = 2  # deviation of a thumbnail's brightness below which it tells nothing
BLOCK = 1000  # thumbnails that are compared with all others at a time


def twins(looks: Sequence[Look]) -> list[tuple[Look, Look]]:
    """[(a picture, an earlier one that is the same)], at most one for each picture."""
    first: dict[bytes, int] = {}
    found = {}
    for number, look in enumerate(looks):
        if first.setdefault(look.digest, number) != number:
            found[number] = first[look.digest]
    thumbnails = np.array([look.thumbnail for look in looks], np.float32).reshape(len(looks), SIDE * SIDE)
    means, deviations = thumbnails.mean(axis=1), thumbnails.std(axis=1)
    units = (thumbnails - means[:, None]) / np.maximum(deviations, FLAT)[:, None] / thumbnails.shape[1] ** 0.5
    for start in range(0, len(looks), BLOCK):
        rows = slice(start, start + BLOCK)
        near = abs(means[rows, None] - means) < BRIGHTNESS
        alike = (units[rows] @ units.T > ALIKE) & near & (deviations[rows, None] > FLAT)
        for row, column in zip(*np.nonzero(np.tril(alike, start - 1))):
            found.setdefault(start + int(row), int(column))
    return [(looks[number], looks[earlier]) for number, earlier in sorted(found.items())]
