"""Lesson 11's exercises. Write each, then: python -m lessons test 11"""

import numpy as np


def cut_patches(image, labels, field, stride):
    """The patches that a whole image stands for, where its labels count.

    image    (C, H, W)
    labels   (h, w), one for each score; 255: void
    field    pixels that a score sees along each axis, R
    stride   pixels from one score to the next
    Returns (patches, their labels): (n, C, R, R) and (n,), row by row.

    With a stride of 4, the patch of score (0, 2) begins at pixel (0, 8).
    """
    raise NotImplementedError


def sampled_gradient(scores, labels, weights):
    """The gradient by the scores of the cross-entropy, summed over pixels.

    scores    (C, h, w)
    labels    (h, w), classes 0 to C - 1, or 255: void, which does not count
    weights   (C,), what a pixel of each class weighs
    Returns dscores, (C, h, w).

    Two scores of 0, a pixel of class 0, which weighs 3: it is -1.5 and 1.5.
    """
    raise NotImplementedError


def class_weights(labels, n_class):
    """Median frequency balancing.

    labels   a list of (H, W) arrays, of any sizes: classes, or 255 for void
    Returns (n_class,): for each class the median of the frequencies over its
    own frequency, and 1 for a class that is shown nowhere, whose frequency
    does not enter the median.

    [[0, 0, 0, 1]] alone has frequencies 3/4 and 1/4, so weights 2/3 and 2.
    """
    raise NotImplementedError
