"""Lesson 13's exercises. Write each, then: python -m lessons test 13"""

import numpy as np


def track(layers, start=0.0):
    """At which pixel of the last map does the image's first pixel lie?

    layers   what stands between them, along one axis, in order: each is
             ("conv", kernel, stride, padding), a pooling too,
             ("transposed", kernel, stride, padding), or ("crop", first)
    start    the pixel of the first map at which it lies

    A transposed convolution's padding is cut off, at the beginning too.
    track([("conv", 3, 1, 100), ("conv", 2, 2, 0)]) is 49.25.
    """
    raise NotImplementedError


def fuse(coarse, pool, weight, offset):
    """Add a pool's scores to coarse scores that were upsampled.

    coarse   (n_class, h, w)
    pool     (C, H, W), larger
    weight   of the 1x1 score layer, without bias, (n_class, C)
    offset   pool's pixel (offset, offset) lies over coarse's pixel (0, 0)
    Returns the sum, (n_class, h, w).
    """
    raise NotImplementedError


def fuse_backward(dsum, pool, weight, offset):
    """The gradients of `fuse`.

    dsum   the gradient of its result, (n_class, h, w)
    Returns (dcoarse, dpool, dweight), of the shapes of coarse, pool, weight.
    """
    raise NotImplementedError
