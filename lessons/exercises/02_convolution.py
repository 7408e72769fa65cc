"""Lesson 2's exercises. Write each function, then: python -m lessons test 2"""

import numpy as np


def output_size(size, kernel, stride, padding, dilation):
    """How many pixels come out of a convolution, along one axis.

    The kernel's weights lie `dilation` pixels apart: with 1 they touch each
    other, with 2 there is a gap of one pixel between two of them.

    output_size(5, 3, 2, 1, 1) is 3.
    """
    raise NotImplementedError


def grad_weight(dy, x, kernel_size, stride, padding):
    """The gradient of the weights, for one image and one kernel.

    dy            the gradient of the output, (oh, ow)
    x             the input, (H, W)
    kernel_size   (kh, kw)
    Returns dL/dW, (kh, kw). Loop over the weights, not over the output pixels:
    the pixels that one weight meets lie `stride` apart.
    """
    raise NotImplementedError


def grad_input(dy, weight, input_size, stride, padding):
    """The gradient of the input, for one image and one kernel.

    dy           the gradient of the output, (oh, ow)
    weight       the kernel, (kh, kw)
    input_size   (H, W), of x
    Returns dL/dx, (H, W). Each output pixel stamps the kernel, times its
    gradient, onto its window.
    """
    raise NotImplementedError
