"""Answers to lesson 2's exercises."""

import numpy as np


def output_size(size, kernel, stride, padding, dilation):
    reach = dilation * (kernel - 1) + 1  # from its first weight to its last
    return (size + 2 * padding - reach) // stride + 1


def grad_weight(dy, x, kernel_size, stride, padding):
    (oh, ow), padded = dy.shape, np.pad(x, padding)
    dweight = np.zeros(kernel_size)
    for i, j in np.ndindex(kernel_size):
        rows = slice(i, i + oh * stride, stride)
        cols = slice(j, j + ow * stride, stride)
        dweight[i, j] = (dy * padded[rows, cols][:oh, :ow]).sum()
    return dweight


def grad_input(dy, weight, input_size, stride, padding):
    (h, w), (kh, kw) = input_size, weight.shape
    padded = np.zeros((h + 2 * padding, w + 2 * padding))
    for row, col in np.ndindex(dy.shape):
        top, left = row * stride, col * stride
        padded[top : top + kh, left : left + kw] += dy[row, col] * weight
    return padded[padding : padding + h, padding : padding + w]
