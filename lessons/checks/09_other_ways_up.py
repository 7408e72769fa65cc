"""What the answers to lesson 9's exercises must do, and what is wrong if not.

Expected are numbers written by hand, minifcn's pooling, and which pixels the
small map's pixels reach, counted from the large map's side.
"""

import numpy as np

from lessons.hints import ADDS_ONCE, EMPTY, Wrong, is_same, same
from minifcn.layers import MaxPool2d

# The tents of some factors, by hand, over their largest denominator.
TENTS = {
    2: np.array([1, 3, 3, 1]) / 4,
    4: np.array([1, 3, 5, 7, 7, 5, 3, 1]) / 8,
    3: np.array([1, 2, 3, 2, 1]) / 3,
    5: np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / 5,
}


def bilinear_kernel(answer):
    for factor, tent in TENTS.items():
        expected, given = np.outer(tent, tent), answer(factor)
        if is_same(given, tent):
            raise Wrong("a tent along one axis: return the product of two")
        if is_same(given, expected / expected.sum()):
            raise Wrong("what must add up to 1 is the stamps, not one stamp")
        if is_same(given, np.minimum(tent[:, None], tent)):
            raise Wrong("the weights of the two axes are multiplied")
        size = len(tent)
        shifted = 1 - abs(np.arange(size) - size // 2) / factor
        if size % 2 == 0 and is_same(given, np.outer(shifted, shifted)):
            raise Wrong(
                "the middle of an even kernel lies between two pixels, at "
                "(k - 1)/2"
            )
        odd = "right for even factors, wrong for" if factor % 2 else "wrong for"
        same(given, expected, f"{odd} factor {factor}")


def max_pool(answer):
    rng = np.random.default_rng(0)
    x = rng.random((7, 9))
    cases = {  # map, window, stride: from plain to hard
        "wrong for windows that touch": (x, 3, 3),
        "right for windows that touch, wrong where they overlap": (x, 3, 2),
        "wrong where pixels lie between the windows": (x, 2, 3),
        "wrong where all pixels are below 0": (x - 1, 3, 2),
        "of equal maxima the first is taken": (np.ones((4, 6)), 2, 2),
    }
    for hint, (x, k, stride) in cases.items():
        pooling = MaxPool2d(k, stride, return_indices=True)
        maxima, places = (a[0, 0] for a in pooling(x[None, None]))
        given = answer(x.copy(), k, stride)
        if not isinstance(given, tuple) or len(given) != 2:
            raise Wrong("return both: `return maxima, places`")
        same(given[0], maxima, f"the maxima are {hint}")
        _compare_places(given[1], places, x.shape, k, stride, hint)


def _compare_places(given, places, shape, k, stride, hint):
    (height, width), first = shape, np.indices(places.shape) * stride
    row, col = places // width, places % width
    if is_same(given, (row - first[0]) * k + col - first[1]):
        raise Wrong(
            "the maxima are right; count the places in x, not in windows"
        )
    if is_same(given, col * height + row):
        raise Wrong("the maxima are right; a place is row * W + column")
    same(given, places, f"the maxima are right, the places not: {hint}")


def stamp_counts(answer):
    cases = {  # size, kernel, stride, padding
        (3, 3, 1, 0): "wrong for stride 1",
        (3, 3, 2, 0): "right for stride 1, wrong for stride 2",
        (4, 4, 2, 0): "wrong for kernel 4, stride 2",
        (
            3,
            2,
            3,
            0,
        ): "no stamp reaches the pixels between kernels of 2, 3 apart",
        (4, 5, 3, 1): "right for padding 0, wrong for padding 1",
    }
    for (size, kernel, stride, padding), hint in cases.items():
        pixels = stride * (size - 1) + kernel - 2 * padding
        expected = [
            sum(0 <= p + padding - stride * i < kernel for i in range(size))
            for p in range(pixels)
        ]
        given = answer(size, kernel, stride, padding)
        if padding == 0 and np.shape(given) == (0,):
            raise Wrong(f"wrong for padding 0: {EMPTY}")
        once = np.minimum(expected, 1)
        if is_same(given, once) and not is_same(expected, once):
            raise Wrong(f"where stamps overlap they add up; {ADDS_ONCE}")
        same(given, expected, hint)
