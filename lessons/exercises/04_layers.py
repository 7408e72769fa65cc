"""Lesson 4's exercises. Write each function, then: python -m lessons test 4"""

import numpy as np


def max_pool(x, kernel, stride, padding, ceil):
    """The largest number of each window, of one map.

    x        (H, W)
    padding  rows and columns around x that never win
    ceil     whether a last window may hang over the end, if it starts on x or
             in the padding before it
    Returns y, (oh, ow).

    max_pool(np.array([[1, 2, 3]]), 1, 2, 0, False) is [[1, 3]].
    """
    raise NotImplementedError


def max_pool_backward(dy, x, kernel, stride, padding):
    """The gradient of `max_pool` without ceil mode.

    dy   the gradient of its output, (oh, ow)
    Returns dx, (H, W). Of equal numbers in a window, the first gets it all.
    """
    raise NotImplementedError


def pixel_loss(scores, labels):
    """Softmax cross-entropy: the mean over the pixels that count.

    scores   (C, H, W), of any size
    labels   integers (H, W): a class 0..C-1, or 255 for void, which counts
             nowhere
    Returns (the loss, its gradient dscores (C, H, W)).

    For scores of zeros the loss is log(C).
    """
    raise NotImplementedError
