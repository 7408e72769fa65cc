"""Answers to lesson 4's exercises."""

import numpy as np


def max_pool(x, kernel, stride, padding, ceil):
    k, s, p = kernel, stride, padding
    size = []
    for n in x.shape:
        room = n + 2 * p - k
        count = room // s + 1
        # One more, if there is something left over and it starts in time.
        if ceil and room % s and count * s - p < n:
            count += 1
        size.append(count)
    padded = np.pad(x.astype(float), (p, p + k), constant_values=-np.inf)
    y = np.zeros(size)
    for row, col in np.ndindex(y.shape):
        y[row, col] = padded[row * s :, col * s :][:k, :k].max()
    return y


def max_pool_backward(dy, x, kernel, stride, padding):
    k, s, p = kernel, stride, padding
    padded = np.pad(x.astype(float), p, constant_values=-np.inf)
    dpadded = np.zeros(padded.shape)
    for row, col in np.ndindex(dy.shape):
        top, left = row * s, col * s
        window = padded[top : top + k, left : left + k]
        i, j = divmod(window.argmax(), k)
        dpadded[top + i, left + j] += dy[row, col]
    return dpadded[p : p + x.shape[0], p : p + x.shape[1]]


def pixel_loss(scores, labels):
    counted = labels != 255
    target = np.where(counted, labels, 0)[None]
    z = scores - scores.max(axis=0)
    log_p = z - np.log(np.exp(z).sum(axis=0))
    chosen = np.take_along_axis(log_p, target, axis=0)[0]
    onehot = np.arange(len(scores)).reshape(-1, 1, 1) == target
    n = counted.sum()
    loss = -(chosen * counted).sum() / n
    return loss, (np.exp(log_p) - onehot) * counted / n
