"""The mean colour of pictures and its deviation, which a network's input is told in."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

THREADS = 2
Statistics = tuple[tuple[float, ...], tuple[float, ...]]  # mean and deviation, three numbers each for R, G, B


def colour_statistics(read: Callable[[int], np.ndarray], numbers: Iterable[int]) -> Statistics:
    """(mean, deviation) of every pixel of the pictures `read(number)`, uint8 (H, W, 3), in their units.

    Sums are of whole numbers, so that they do not depend on the order. A deviation is at least 1, as of pictures that
    are all of one colour.
    """

    def sums(number):
        pixels = read(number).reshape(-1, 3).astype(np.int64)
        return np.array([np.full(3, len(pixels)), pixels.sum(axis=0), (pixels * pixels).sum(axis=0)])  # (3, 3)

    with ThreadPoolExecutor(THREADS) as pool:
        count, total, squares = sum(pool.map(sums, numbers))
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean * mean, 1))
    return tuple(mean.round(3).tolist()), tuple(std.round(3).tolist())
