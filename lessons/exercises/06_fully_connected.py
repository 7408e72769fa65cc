"""Lesson 6's exercises. Write each function, then: python -m lessons test 6"""

import numpy as np


def slide_linear(x, weight, bias, size):
    """A fully connected layer's answer at each place of a map.

    x        one image's map, (C, H, W)
    weight   (O, C*h*w), as `Linear` has it: channel after channel, row after
             row, column after column
    bias     (O,)
    size     (h, w), of the map that the layer was made for
    Returns (O, H - h + 1, W - w + 1). Where (H, W) is `size`, it is the layer's
    own answer, as (O, 1, 1).
    """
    raise NotImplementedError


def sizes(size, layers):
    """A map's side after each layer, the image's side first.

    layers   [(kernel, stride, padding, ceil)]; ceil: round up, not down. But a
             last window that would begin behind the image, in the padding at
             its end or farther, is not taken
    Returns a list with one number more than there are layers.

    sizes(500, [(11, 4, 0, False), (3, 2, 0, True)]) is [500, 123, 61].
    """
    raise NotImplementedError


def crops_against_one_pass(size, layers):
    """The multiply-adds of all scores of a square image, by both roads.

    size     the image's side
    layers   [(kernel, stride, inputs, outputs)]: channels in and out, both 0
             for a pooling. Nothing pads, and all round down.
    Returns (of_crops, of_one_pass). A crop is as large as a score's receptive
    field; there are as many crops as scores.

    crops_against_one_pass(4, [(3, 1, 1, 1)]) is (36, 36).
    """
    raise NotImplementedError
