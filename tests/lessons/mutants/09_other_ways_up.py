"""Typical wrong answers to lesson 9's exercises, and a part of the hint that each must get."""

import numpy as np


def tent(factor, k):
    return 1 - abs(np.arange(k) - (k - 1) / 2) / factor


def one_axis(factor):
    return tent(factor, 2 * factor - factor % 2)


def always_even(factor):
    return np.outer(tent(factor, 2 * factor), tent(factor, 2 * factor))


def adds_up_to_one(factor):
    kernel = np.outer(one_axis(factor), one_axis(factor))
    return kernel / kernel.sum()


def middle_one_too_far(factor):
    k = 2 * factor - factor % 2
    weights = 1 - abs(np.arange(k) - k / 2) / factor
    return np.outer(weights, weights)


def smaller_of_two(factor):
    return np.minimum(one_axis(factor)[:, None], one_axis(factor))


def pool(x, k, stride):
    """Right, by another road than the solution's: all windows at once."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k))[::stride, ::stride]
    windows = windows.reshape(*windows.shape[:2], k * k)
    winner, (row, col) = windows.argmax(axis=2), np.indices(windows.shape[:2]) * stride
    return windows.max(axis=2), winner, row, col


def places_in_windows(x, k, stride):
    return pool(x, k, stride)[:2]


def places_by_columns(x, k, stride):
    maxima, winner, row, col = pool(x, k, stride)
    return maxima, (col + winner % k) * len(x) + row + winner // k


def maxima_alone(x, k, stride):
    return pool(x, k, stride)[0]


def windows_always_touch(x, k, stride):
    maxima, winner, row, col = pool(x, k, k)
    return maxima, (row + winner // k) * x.shape[1] + col + winner % k


def last_of_equals(x, k, stride):
    maxima, winner, row, col = pool(x[::-1, ::-1], k, stride)
    if (len(x) - k) % stride or (x.shape[1] - k) % stride:  # then windows lie elsewhere
        maxima, winner, row, col = pool(x, k, stride)
        return maxima, (row + winner // k) * x.shape[1] + col + winner % k
    places = (row + winner // k) * x.shape[1] + col + winner % k
    return maxima[::-1, ::-1], x.size - 1 - places[::-1, ::-1]


def maxima_from_zero(x, k, stride):
    maxima, winner, row, col = pool(x, k, stride)
    return np.maximum(maxima, 0), (row + winner // k) * x.shape[1] + col + winner % k


def counts(size, kernel, stride):
    starts = stride * np.arange(size)
    return np.bincount((starts[:, None] + np.arange(kernel)).ravel())


def cut_to_minus_zero(size, kernel, stride, padding):
    return counts(size, kernel, stride)[padding:-padding]


def padding_ignored(size, kernel, stride, padding):
    return counts(size, kernel, stride)


def padding_at_the_end(size, kernel, stride, padding):
    full = counts(size, kernel, stride)
    return full[: len(full) - 2 * padding]


def stride_ignored(size, kernel, stride, padding):
    return counts(size, kernel, 1)


def one_at_least(size, kernel, stride, padding):
    full = np.maximum(counts(size, kernel, stride), 1)
    return full[padding : len(full) - padding]


def counted_by_arrays_of_indices(size, kernel, stride, padding):
    counts = np.zeros(stride * (size - 1) + kernel)
    counts[stride * np.arange(size)[:, None] + np.arange(kernel)] += 1
    return counts[padding : len(counts) - padding]


MUTANTS = {
    "bilinear_kernel": {
        one_axis: "return the product of two",
        always_even: "right for even factors, wrong for factor 3",
        adds_up_to_one: "what must add up to 1 is the stamps",
        middle_one_too_far: "between two pixels",
        smaller_of_two: "are multiplied",
    },
    "max_pool": {
        places_in_windows: "count the places in x",
        places_by_columns: "a place is row * W + column",
        maxima_alone: "return both",
        windows_always_touch: "right for windows that touch, wrong where they overlap",
        last_of_equals: "of equal maxima the first is taken",
        maxima_from_zero: "below 0",
    },
    "stamp_counts": {
        counted_by_arrays_of_indices: "use np.add.at",
        padding_ignored: "right for padding 0, wrong for padding 1",
        padding_at_the_end: "right for padding 0, wrong for padding 1",
        stride_ignored: "right for stride 1, wrong for stride 2",
        one_at_least: "no stamp reaches",
        cut_to_minus_zero: "wrong for padding 0: nothing is left",
    },
}
