"""Lesson 3's exercises. Write each function, then: python -m lessons test 3"""

import numpy as np


def place(channel, row, col, height, width):
    """Where a pixel stands in vec(x), for an image x (C, height, width).

    vec lays the channels one after the other, in each the rows, in each row
    the columns; places are counted from 0.

    place(0, 1, 2, 4, 4) is 6.
    """
    raise NotImplementedError


def matrix(weight, input_size, stride, padding):
    """The matrix of the convolution with one kernel, of one channel.

    weight       the kernel, (kh, kw)
    input_size   (H, W)
    Returns C, (oh*ow, H*W). What lies in the padding gets no column.

    matrix(np.ones((1, 2)), (1, 3), 1, 0) is [[1, 1, 0], [0, 1, 1]].
    """
    raise NotImplementedError


def gradients(dy, x, weight, names):
    """Both gradients of y = C vec(x), where C holds the weights by name.

    dy       the gradient of vec(y), (outputs,)
    x        vec(x), (inputs,)
    weight   the kernel, (kh, kw)
    names    integers, (outputs, inputs): 0 where C has a zero, 1 where it has
             W[0,0], 2 where W[0,1], and so on, row after row of the kernel
    Returns (dx, dweight), of the shapes of x and weight.
    """
    raise NotImplementedError
