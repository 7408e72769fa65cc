"""Lesson 8's exercises. Write each function, then: python -m lessons test 8"""

import numpy as np


def convolution(size, kernel, stride, padding, dilation):
    """How many pixels come out of a convolution, and how many stay unseen.

    Along one axis. The kernel's weights lie `dilation` pixels apart.
    Returns (o, a): a counts from the end of the padded image.

    convolution(6, 3, 2, 1, 1) is (3, 1).
    """
    raise NotImplementedError


def stretched(x, kernel, stride, padding, unseen):
    """The map over which a plain convolution makes the transposed one.

    x         the small map, (h, w), which may have more columns than rows
    kernel    k, the same along both axes, larger than `padding`
    padding   p, of the convolution that this is the transpose of
    unseen    a, along both axes
    Returns x with zeros between its pixels, around them, and at the end.

    stretched(np.array([[1, 2]]), 2, 2, 1, 0) is [[1, 0, 2]].
    """
    raise NotImplementedError


def possible_sizes(output, kernel, stride, padding):
    """All sizes of at least 1 that a convolution turns into `output` pixels.

    Along one axis. Returns a list, the smallest first.

    possible_sizes(3, 3, 2, 1) is [5, 6].
    """
    raise NotImplementedError
