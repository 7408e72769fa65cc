"""Answers to lesson 16's exercises."""

import numpy as np


def attainable(operations, moved, peak, bandwidth):
    return min(peak, operations / moved * bandwidth)


def f23(d, g):
    m1 = (d[0] - d[2]) * g[0]
    m2 = (d[1] + d[2]) * ((g[0] + g[1] + g[2]) / 2)
    m3 = (d[2] - d[1]) * ((g[0] - g[1] + g[2]) / 2)
    m4 = (d[1] - d[3]) * g[2]
    return m1 + m2 + m3, m2 - m3 - m4


def in_bands(x, weight, padding, rows, convolve):
    padded, kh = np.pad(x, padding), len(weight)
    bands = []
    for top in range(0, len(padded) - kh + 1, rows):
        bottom = min(top + rows + kh - 1, len(padded))
        bands.append(convolve(padded[top:bottom], weight))
    return np.concatenate(bands)


def gather(columns, row, col, stride):
    kh, kw, oh, ow = columns.shape
    total = 0.0
    for i in range(kh):
        for j in range(kw):
            top, left = row - i, col - j  # of the window with this tap here
            if top < 0 or left < 0 or top % stride or left % stride:
                continue
            y, x = top // stride, left // stride
            if y < oh and x < ow:
                total += columns[i, j, y, x]
    return total
