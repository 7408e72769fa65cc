"""Answers to lesson 7's exercises."""

import numpy as np


def output_size(size, kernel, stride, padding, output_padding):
    return stride * (size - 1) + kernel - 2 * padding + output_padding


def transposed(x, weight, stride, padding):
    (h, w), (kh, kw), p = x.shape, weight.shape, padding
    y = np.zeros((stride * (h - 1) + kh, stride * (w - 1) + kw))
    for row, col in np.ndindex(h, w):
        top, left = row * stride, col * stride
        y[top : top + kh, left : left + kw] += x[row, col] * weight
    return y[p : len(y) - p, p : y.shape[1] - p]


def gradients(dy, x, weight, stride, padding):
    (kh, kw), padded = weight.shape, np.pad(dy, padding)
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for row, col in np.ndindex(x.shape):
        top, left = row * stride, col * stride
        window = padded[top : top + kh, left : left + kw]
        dx[row, col] = (window * weight).sum()
        dweight += window * x[row, col]
    return dx, dweight
