"""Answers to lesson 12's exercises."""

import numpy as np


def to_kernel(weight, size):
    return weight.reshape(len(weight), -1, size, size)


def crop_offset(layers):
    b = 0.0
    for kind, kernel, stride, padding in layers:
        middle = (kernel - 1) / 2 - padding
        b = stride * b + middle if kind == "up" else (b - middle) / stride
    return b


def bilinear_kernel(size):
    factor = (size + 1) // 2
    tent = 1 - abs(np.arange(size) - (size - 1) / 2) / factor
    return np.outer(tent, tent)
