"""Answers to lesson 15's exercises."""

import numpy as np


def band(labels, steps):
    far = steps + 1
    distance = np.full(labels.shape, far)
    for axis in (0, 1):
        differ = np.diff(labels.astype(int), axis=axis) != 0
        before, after = (
            (slice(None), slice(None, -1)),
            (slice(None), slice(1, None)),
        )
        before, after = (before, after) if axis else (before[::-1], after[::-1])
        distance[before][differ] = distance[after][differ] = 1
    for _ in range(steps):
        padded = np.pad(distance, 1, constant_values=far)
        near = padded[:-2, 1:-1], padded[2:, 1:-1]
        near += padded[1:-1, :-2], padded[1:-1, 2:]
        distance = np.minimum(distance, np.min(near, axis=0) + 1)
    return distance <= steps


def band_accuracy(predicted, truth, steps):
    counted = band(truth, steps) & (truth != 255)
    return (predicted == truth)[counted].mean()


def found(predicted, truth, ids):
    return {
        int(number): (
            int((ids == number).sum()),
            float((predicted == truth)[ids == number].mean()),
        )
        for number in np.unique(ids[ids >= 0])
    }
