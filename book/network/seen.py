"""Which pixels of an image a pixel of any map depends on: what the geometry allows, and what the gradient says."""

from typing import Any, NamedTuple

import numpy as np

from minifcn.convolution.geometry import Window
from minifcn.layers import Dropout
from minifcn.models.fcn import FCN

BLOCK = 4  # pixels of a side of the blocks over which gradients are summed
SHARE = 0.5  # of a pixel's gradient that the square around it holds


class Seen(NamedTuple):
    """Along one axis, of each pixel of a map: the first image pixel that it depends on, and the last.

    first is above last where it depends on none, in the padding.
    """

    first: np.ndarray
    last: np.ndarray


def spans(model: FCN, axis: int, size: int) -> dict[str, Seen]:
    """{node: Seen} along rows (axis 0) or columns (1) of an image of `size` pixels.

    What a `Place` says of a pixel in the middle of a large image this says of every pixel, at the image's edges too.
    """
    noted: dict[str, Seen] = {}
    pixels = np.arange(size)
    model.follow(lambda layer, *taken: _after(layer, axis, *taken), Seen(pixels, pixels), noted)
    return noted


def gradients(model: FCN, x: np.ndarray, pixels: list[tuple[int, int]]) -> np.ndarray:
    """How strongly the winning score of each of these pixels (row, column) depends on every pixel of the image.

    x  the network's input (1, 3, H, W) -> (pixels, H, W): |d score / d x|, summed over the three colours
    Leaves the model in evaluation mode, its layers frozen.
    """
    model.train()  # only then do layers keep what their backward needs
    for layer in model.layers():
        if isinstance(layer, Dropout):
            layer.p = 0.0
    for parameter in model.parameters():
        parameter.trainable = False
    scores = model(x)[0]  # (n_class, H, W)
    found = []
    for row, col in pixels:
        dscores = np.zeros((1, *scores.shape), x.dtype)
        dscores[0, scores[:, row, col].argmax(), row, col] = 1
        found.append(np.abs(model.backward(dscores)[0]).sum(axis=0))
    model.eval()
    return np.stack(found)


def square(gradient: np.ndarray, row: int, col: int) -> int:
    """The side of the smallest square around a pixel that holds half of its gradient (H, W), in pixels.

    What would lie outside the image counts as part of the square.
    """
    rows, cols = np.indices(gradient.shape)
    distance = np.maximum(abs(rows - row), abs(cols - col))
    held = np.cumsum(np.bincount(distance.ravel(), gradient.ravel()))
    return 2 * int(np.searchsorted(held, SHARE * held[-1])) + 1


def blocks(gradient: np.ndarray) -> np.ndarray:
    """A gradient (..., H, W) summed over blocks of 4x4 pixels: (..., H/4, W/4)."""
    *others, height, width = gradient.shape
    return gradient.reshape(*others, height // BLOCK, BLOCK, width // BLOCK, BLOCK).sum(axis=(-3, -1))


def _after(layer: Any, axis: int, *taken: Seen) -> Seen:
    """What the pixels of a layer's output depend on, from what those of its inputs do."""
    if not layer.joins:
        return _through(layer.windows[axis], *taken) if hasattr(layer, "windows") else taken[0]
    if hasattr(layer, "offset"):  # a crop to the size of the other map
        part, other = taken
        start = layer.offset[axis]
        return Seen(*(ends[start : start + len(other.first)] for ends in part))
    firsts, lasts = zip(*taken)
    return Seen(np.min(firsts, axis=0), np.max(lasts, axis=0))


def _through(window: Window, before: Seen) -> Seen:
    """The same after a window that slides, or after the stamps of one that is transposed."""
    size, nothing = len(before.first), int(before.last.max()) + 1
    firsts, lasts = [], []
    for out in range(window.output_size(size)):
        if window.transposed:
            low = -((window.reach - 1 - out - window.padding) // window.stride)
            high = (out + window.padding) // window.stride
        else:
            low = out * window.stride - window.padding
            high = low + window.reach - 1
        inputs = slice(max(0, low), max(0, min(size, high + 1)))
        firsts.append(before.first[inputs].min(initial=nothing))
        lasts.append(before.last[inputs].max(initial=-1))
    return Seen(np.array(firsts), np.array(lasts))
