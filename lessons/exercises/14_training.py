"""Lesson 14's exercises. Write each, then: python -m lessons test 14"""

import numpy as np


def sgd_step(weights, velocities, gradients, lr, momentum, decay):
    """One step of SGD for a whole net.

    weights, velocities, gradients   dicts {name: array}, of the same names
    Returns (new weights, new velocities), dicts of the same names; what was
    given stays as it was. A parameter whose name ends in ".bias" learns at
    twice the rate, and has no weight decay.

    sgd_step({"a": 1.0}, {"a": 0.0}, {"a": 2.0}, 0.1, 0.9, 0) is
    ({"a": 0.8}, {"a": 2.0}).
    """
    raise NotImplementedError


def equal_rate(lr, momentum, pixels, new_momentum):
    """The learning rate on a mean loss that goes as far as one on a sum.

    lr, momentum   of a run whose loss is the sum over `pixels` pixels
    new_momentum   of a run whose loss is the mean over them
    Returns the learning rate with which the second moves a weight, by each
    step, as far as the first does: in the long run, for a gradient that stays.

    equal_rate(1e-10, 0.99, 187500, 0.0) is 1.875e-3.
    """
    raise NotImplementedError


def shift(image, label, down, right):
    """An image and its label map, moved by `down` rows and `right` columns.

    image         (H, W, 3); pixels that come in repeat the image's edge
    label         (H, W); pixels that come in are void, 255
    down, right   may be negative: up, left
    Returns (image, label), new arrays of the same shapes. (np.pad with
    mode="edge" repeats an edge.)

    shift(image, np.array([[1, 2, 3]]), 0, 1)[1] is [[255, 1, 2]].
    """
    raise NotImplementedError


def whole_gradient(gradients, pixels):
    """The gradient of a batch's mean loss, from machines that share the batch.

    gradients   a list of arrays, one a machine: that of the mean loss over the
                machine's own labelled pixels; all nan where it has none
    pixels      how many labelled pixels each has, some perhaps 0, not all
    Returns the gradient of the mean over the labelled pixels of all of them, a
    new array of the same shape; what was given stays as it was.

    whole_gradient([np.array([1.0]), np.array([5.0])], [30, 10]) is [2.0].
    """
    raise NotImplementedError
