"""Lesson 12's exercises. Write each, then: python -m lessons test 12"""

import numpy as np


def to_kernel(weight, size):
    """The weights of a fully connected layer as those of a convolution.

    weight   (O, C * size * size), for maps (C, size, size) laid out flat:
             channel by channel, each row by row
    Returns (O, C, size, size).

    A row 0 1 2 3 4 5 6 7, of two channels of 2x2 pixels, becomes
    [[[0, 1], [2, 3]], [[4, 5], [6, 7]]].
    """
    raise NotImplementedError


def crop_offset(layers):
    """Where the centre of the image's pixel 0 lies in the last layer's map.

    layers   a list of (kind, kernel, stride, padding); kind is "conv", "pool",
             or "up", a transposed convolution
    Returns a number: 0 is the centre of the map's pixel 0.

    crop_offset([("conv", 3, 1, 100)]) is 99.
    """
    raise NotImplementedError


def bilinear_kernel(size):
    """The stamp of bilinear upsampling, (size, size).

    It upsamples by f = size/2 where size is even, and by (size + 1)/2 where it
    is odd. Along one axis it is a tent: 1 - d/f, with d the distance from the
    kernel's middle, which for an even size lies between two pixels.

    bilinear_kernel(3) has 1 in its middle, 0.5 beside it, 0.25 in the corners.
    """
    raise NotImplementedError
