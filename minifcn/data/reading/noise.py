"""Whether the values of a mask are classes that somebody drew, or left over from compression and smoothing.

A class fills areas. What JPEG or a smooth resizing adds are many values that lie along borders alone.
"""

from pathlib import Path

import numpy as np

from minifcn.data.dataset import VOID
from minifcn.errors import InputError

MOST = 256  # values in one mask: more than classes have
# Values without an area, how many and of all: drawn masks of small pictures have 4 and a half, JPEG's 14 and 0.9.
SCATTERED, OF_ALL = 8, 0.75
SLIPS = 2  # strange values that are no noise yet
SMALL = 32  # pixels a side below which drawn classes may have no area either
LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif")


def is_noisy(values: np.ndarray, present: np.ndarray, path: str | Path) -> bool:
    """Whether a mask's values, whole numbers (H, W), are more than were drawn; present: each of them once."""
    if len(present) > MOST or (Path(path).suffix.lower() in LOSSY and len(present) > 2):
        return True
    if len(present) < SCATTERED or min(values.shape) < SMALL:
        return False
    scattered = len(present) - len(np.unique(values[1:-1, 1:-1][_filled(values)]))
    return scattered >= max(SCATTERED, OF_ALL * len(present))


def noise_in_words(path: str | Path, values: int, others: int = 0) -> str:
    """An error's line on a noisy mask that holds so many values, and so many other masks like it."""
    more = f", and {others} more like it" if others else ""
    kind = "JPEG changes values" if Path(path).suffix.lower() in LOSSY else "a photo, or smoothed edges"
    if values > MOST:
        few = f"labels of 8 bits tell at most {VOID} classes apart"
        return f"{path} holds {values} values{more}, but {few} ({kind}, else join some): save masks as PNG, unsmoothed"
    return f"{path} holds {values} values{more}, as no mask does ({kind}): save masks as PNG, unsmoothed"


def refuse_noise(values: np.ndarray, strange: np.ndarray, path: str | Path) -> None:
    """InputError for a noisy mask (H, W), where it holds several strange values; one or two are slips of a pen."""
    present = np.unique(values)
    if len(np.unique(strange)) > SLIPS and is_noisy(values, present, path):
        raise InputError(noise_in_words(path, len(present)))


def slopes(label: np.ndarray) -> float:
    """Of the pixels at borders of a label (H, W), the share that lies between two others in value, as on a slope.

    Drawn labels have few (up to 0.05, small ones 0.1), smoothed ones some 0.3 to 0.5. Void's borders do not count.
    """
    slope = border = 0
    for rows in (label, label.T):
        left, right = rows[:, :-1], rows[:, 1:]
        classes = (left != VOID) & (right != VOID)
        rises, falls = (left < right) & classes, (left > right) & classes
        slope += int(np.count_nonzero(rises[:, :-1] & rises[:, 1:] | falls[:, :-1] & falls[:, 1:]))
        steps = rises | falls
        border += int(np.count_nonzero(steps[:, :-1] | steps[:, 1:]))
    return slope / max(border, 1)


def _filled(values):
    """Which pixels, but those at the rim, equal their eight neighbours: (H - 2, W - 2)."""
    height, width = values.shape
    inner = values[1:-1, 1:-1]
    filled = np.ones(inner.shape, bool)
    for row in range(3):
        for column in range(3):
            filled &= values[row : height - 2 + row, column : width - 2 + column] == inner
    return filled
