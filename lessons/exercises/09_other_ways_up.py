"""Lesson 9's exercises. Write each function, then: python -m lessons test 9"""

import numpy as np


def bilinear_kernel(factor):
    """The stamp that makes a transposed convolution interpolate.

    factor   the stride, 2 or more
    Returns (k, k) with k = 2 * factor, or one less for an odd factor.

    bilinear_kernel(3)[2, 1] is 2/3: its middle row is 1/3 2/3 1 2/3 1/3.
    """
    raise NotImplementedError


def max_pool(x, k, stride):
    """The maximum of every window, and where it lies.

    x        a map, (H, W)
    k        the window's rows and columns
    stride   from one window to the next; windows may overlap
    Returns (maxima, places), both (h, w) with h = (H - k) // stride + 1. A
    place is row * W + column of the maximum in x; of equals, the first.

    max_pool(x, 2, 2) of the 4x4 map in the lesson: 6 7 / 5 8 and 1 7 / 8 15.
    """
    raise NotImplementedError


def stamp_counts(size, kernel, stride, padding):
    """How many stamps of a transposed convolution reach each pixel.

    All of it along one axis.

    size      pixels of the small map
    padding   pixels to cut off, on both sides
    Returns (stride*(size - 1) + kernel - 2*padding,)

    stamp_counts(3, 3, 2, 0) is 1 1 2 1 2 1 1.
    """
    raise NotImplementedError
