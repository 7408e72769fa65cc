"""Lesson 5's exercises. Write each function, then: python -m lessons test 5"""

import numpy as np


def receptive_field(layers):
    """How far a score sees, and how far apart scores lie, in image pixels.

    layers   [(kernel, stride, dilation)], from the image on; with dilation d
             the kernel's weights lie d pixels of its map apart
    Returns (r, j).

    receptive_field([(3, 1, 1), (2, 2, 1)]) is (4, 2).
    """
    raise NotImplementedError


def parameters(blocks, channels, n_class):
    """All weights and biases of a VGG for images of 224x224 pixels.

    blocks     the kernels of each block's convolutions, such as
               ((3,), (3,), (3, 3), (3, 3), (3, 3)), which is A; there may be
               more blocks than five, or fewer
    channels   of each block, such as (64, 128, 256, 512, 512)
    n_class    outputs of the last fully connected layer; the two before it
               have 4096. Each block ends with a pooling that halves the map.
    Returns a whole number.
    """
    raise NotImplementedError


def inception_work(inputs, sizes, side):
    """The multiply-adds of an inception module.

    inputs   channels of its input
    sizes    (1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj): the channels
             that come out of each of its convolutions
    side     rows, and columns, of its map, which all branches keep
    Returns a whole number. Poolings multiply nothing.

    inception_work(1, (1, 1, 1, 1, 1, 1), 1) is 38.
    """
    raise NotImplementedError
