"""Lesson 10's exercises. Write each, then: python -m lessons test 10"""

import numpy as np


def interlace(pieces):
    """The results of all shifts, laid into each other.

    pieces   pieces[i][j] is the result (h, w) of the image shifted by i rows
             and j columns; later ones may have a row or a column less
    Returns (H, W), with as many rows and columns as there are in all: the
    result of shift (i, j) is at rows i, i + f, ... and columns j, j + g, ...

    interlace([[a, b]]) with a = [[1, 3, 5]], b = [[2, 4]] is [[1, 2, 3, 4, 5]].
    """
    raise NotImplementedError


def pull_apart(kernel, rate):
    """The kernel with holes: its weights `rate` apart, zeros between them.

    kernel   (kh, kw)
    Returns (rate*(kh - 1) + 1, rate*(kw - 1) + 1)

    pull_apart of [[1, 2]], rate 3, is [[1, 0, 0, 2]].
    """
    raise NotImplementedError


def rarefy(layers):
    """The net with holes that has the scores of the given one at every pixel.

    layers   [(kernel, stride)] of convolutions and poolings, first to last
    Returns [(kernel, stride, rate)], the rate being the layer's dilation.

    rarefy([(2, 2), (3, 1)]) is [(2, 1, 1), (3, 1, 2)].
    """
    raise NotImplementedError
