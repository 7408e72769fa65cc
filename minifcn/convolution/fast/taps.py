"""Which taps of a kernel count: on a map of 3x3 pixels fc6's 7x7 kernel has 5x5 that ever see one of them."""

import numpy as np

from minifcn.backend import Array
from minifcn.backend.parallel import PARTS, cut, run_all
from minifcn.convolution.geometry import How, Pair


def seen_taps(size: Pair, kernel_size: Pair, how: How) -> tuple[tuple, How]:
    """(index of a kernel's taps, how these alone go over an image of this size), to the same output.

    Left out are as many at either end as see nothing but padding.
    """
    unseen = [_unseen(*axis) for axis in zip(size, kernel_size, *how[:3])]
    rows, cols = (p - d * out for p, d, out in zip(how.padding, how.dilation, unseen))
    index = ..., *(slice(out, k - out) for k, out in zip(kernel_size, unseen))
    return index, how._replace(padding=(rows, cols))


def take_taps(weight: Array, seen: tuple) -> Array:
    """weight (O, C, kh, kw) -> the taps that count, (O, C, fewer, fewer), in memory of their own unless it is all."""
    part = weight[seen]
    return part if part.shape == weight.shape else _copied(part, np.empty(part.shape, part.dtype))


def put_taps(dw: Array, seen: tuple, kernel_size: Pair) -> Array:
    """dw (O, C, fewer, fewer) -> (O, C, kh, kw): the others' gradient is zero."""
    if dw.shape[2:] == tuple(kernel_size):
        return dw
    whole = np.zeros((*dw.shape[:2], *kernel_size), dtype=dw.dtype)
    _copied(dw, whole[seen])
    return whole


def _copied(source, target):
    run_all(np.copyto, ((target[some], source[some]) for (some,) in cut(len(source), PARTS)), np)
    return target


def _unseen(n, k, s, p, d):
    """Along one axis the fewer of the taps that end before the image begins and of those that begin after it ends."""
    last = s * ((n + 2 * p - d * (k - 1) - 1) // s)  # from the first window to the last
    return max(0, min((p - last) // d, k - -(-(n + p) // d)))
