"""Lesson 1's exercises. Write each function, then: python -m lessons test 1"""

import numpy as np


def box_iu(first, second):
    """Intersection over union of two boxes, in pixels.

    Both are (top, left, height, width), as `box_of` gives them. Boxes that do
    not meet have an IU of 0.

    box_iu((0, 0, 2, 2), (0, 1, 2, 2)) is 1/3: 2 pixels of 6 are in both.
    """
    raise NotImplementedError


def confusion(predicted, actual, n_class):
    """How many pixels of class i were predicted as j, at [i, j].

    predicted, actual   integers, of the same shape; 255 in actual is void and
                        counts nowhere
    Returns an array (n_class, n_class). No loop over pixels: over the classes
    is fine; faster still is np.bincount, of one number for each pair (i, j).
    """
    raise NotImplementedError


def four_metrics(counts):
    """The four numbers of a confusion matrix (n_class, n_class).

    Returns (pixel accuracy, mean accuracy, mean IU, frequency-weighted IU).
    A class that is not in the truth is left out of the mean accuracy; one that
    is neither in the truth nor in the prediction, of the mean IU.

    four_metrics(np.array([[3, 1], [0, 4]])) is about (0.875, 0.875, 0.775,
    0.775).
    """
    raise NotImplementedError
