"""Lesson 15's exercises. Write each, then: python -m lessons test 15"""

import numpy as np


def band(labels, steps):
    """Which pixels lie within so many steps of a pixel of another label?

    labels   (H, W) integers; 255 is a label like any other here
    steps    1: the pixel touches another label; steps go up, down or sideways
    Returns booleans (H, W). The image's edge is no border.

    band(np.array([[0, 0, 0, 7]]), 2) is [[False, True, True, True]].
    """
    raise NotImplementedError


def band_accuracy(predicted, truth, steps):
    """The share of right pixels among those within `steps` of a border.

    predicted, truth   (H, W) integers; the borders are those of the truth, and
                       pixels whose truth is 255 (void) count nowhere
    Returns a number from 0 to 1.

    With the truth [[0, 0, 0, 7]] and [[7, 0, 7, 7]] predicted, it is 2/3 for
    2 steps.
    """
    raise NotImplementedError


def found(predicted, truth, ids):
    """Of each object, its size, and the share of it that was found.

    predicted, truth   (H, W) integers
    ids                (H, W): the number of each pixel's object, -1 elsewhere
    Returns {number: (pixels, share)}; share is that of the object's pixels for
    which the prediction is right.

    found(np.array([[1, 0]]), np.array([[1, 1]]), np.array([[5, 5]])) is
    {5: (2, 0.5)}.
    """
    raise NotImplementedError
