"""Lesson 7's exercises. Write each function, then: python -m lessons test 7"""

import numpy as np


def output_size(size, kernel, stride, padding, output_padding):
    """How many pixels come out of a transposed convolution, along one axis.

    output_padding   rows or columns to add at the end

    output_size(3, 3, 2, 1, 0) is 5.
    """
    raise NotImplementedError


def transposed(x, weight, stride, padding):
    """The transposed convolution of one image with one kernel, by stamps.

    x         the small map, (h, w)
    weight    the kernel, (kh, kw)
    padding   rows and columns to cut off, on all four sides
    Returns y, (H, W), with H = stride*(h - 1) + kh - 2*padding.
    """
    raise NotImplementedError


def gradients(dy, x, weight, stride, padding):
    """Both gradients of `transposed`.

    dy   the gradient of its output, (H, W)
    Returns (dx, dweight), of the shapes of x and weight. The padding that was
    cut off had no gradient: put zeros there first.
    """
    raise NotImplementedError
