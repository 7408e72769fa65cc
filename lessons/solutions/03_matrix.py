"""Answers to lesson 3's exercises."""

import numpy as np


def place(channel, row, col, height, width):
    return (channel * height + row) * width + col


def matrix(weight, input_size, stride, padding):
    (h, w), (kh, kw) = input_size, weight.shape
    oh = (h + 2 * padding - kh) // stride + 1
    ow = (w + 2 * padding - kw) // stride + 1
    C = np.zeros((oh, ow, h, w))
    for r, q, i, j in np.ndindex(oh, ow, kh, kw):
        row, col = r * stride - padding + i, q * stride - padding + j
        if 0 <= row < h and 0 <= col < w:
            C[r, q, row, col] = weight[i, j]
    return C.reshape(oh * ow, h * w)


def gradients(dy, x, weight, names):
    C = np.concatenate([[0], weight.ravel()])[names]
    dC = np.outer(dy, x)
    dweight = [dC[names == t].sum() for t in range(1, weight.size + 1)]
    return C.T @ dy, np.reshape(dweight, weight.shape)
