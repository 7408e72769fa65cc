"""Typical wrong answers to lesson 16's exercises, and a part of the hint that each must get."""

import numpy as np


def only_the_slope(operations, moved, peak, bandwidth):
    return operations / moved * bandwidth


def only_the_roof(operations, moved, peak, bandwidth):
    return peak


def the_higher_one(operations, moved, peak, bandwidth):
    return max(peak, operations / moved * bandwidth)


def upside_down(operations, moved, peak, bandwidth):
    return min(peak, moved / operations * bandwidth)


def six_products(d, g):
    return d[0] * g[0] + d[1] * g[1] + d[2] * g[2], d[1] * g[0] + d[2] * g[1] + d[3] * g[2]


def products(d, g):
    """m1 .. m4, from which the right answer is made."""
    s, t = (g[0] + g[1] + g[2]) / 2, (g[0] - g[1] + g[2]) / 2
    return (d[0] - d[2]) * g[0], (d[1] + d[2]) * s, (d[2] - d[1]) * t, (d[1] - d[3]) * g[2]


def last_sign_wrong(d, g):
    m1, m2, m3, m4 = products(d, g)
    return m1 + m2 + m3, m2 - m3 + m4


def not_halved(d, g):
    m1, m2, m3, m4 = products(d, g)
    return m1 + 2 * m2 + 2 * m3, 2 * m2 - 2 * m3 - m4


def kernel_flipped(d, g):
    m1, m2, m3, m4 = products(d, g[::-1])
    return m1 + m2 + m3, m2 - m3 - m4


def first_output_only(d, g):
    m1, m2, m3, _ = products(d, g)
    return m1 + m2 + m3


def banded(x, weight, rows, convolve, overlap, last=True):
    """Bands whose parts have so many rows more than their outputs."""
    count = len(x) - len(weight) + 1
    tops = range(0, count if last else count - rows + 1, rows)
    return np.concatenate([convolve(x[top : top + rows + overlap], weight) for top in tops])


def windows_cut_at_the_band(x, weight, padding, rows, convolve):
    return banded(np.pad(x, padding), weight, rows, convolve, 0)


def padding_forgotten(x, weight, padding, rows, convolve):
    return banded(x, weight, rows, convolve, len(weight) - 1)


def each_band_padded(x, weight, padding, rows, convolve):
    beside = np.pad(x, ((0, 0), (padding, padding)))
    tops = range(0, len(x) - len(weight) + 1 + 2 * padding, rows)
    parts = [np.pad(beside[top : top + rows + len(weight) - 1], ((padding, padding), (0, 0))) for top in tops]
    return np.concatenate([convolve(part, weight) for part in parts])


def last_band_left_out(x, weight, padding, rows, convolve):
    return banded(np.pad(x, padding), weight, rows, convolve, len(weight) - 1, last=False)


def all_at_once(x, weight, padding, rows, convolve):
    return convolve(np.pad(x, padding), weight)


def row_by_row(x, weight, padding, rows, convolve):
    return banded(np.pad(x, padding), weight, 1, convolve, len(weight) - 1)


def all_for_each_band(x, weight, padding, rows, convolve):
    padded = np.pad(x, padding)
    count = len(padded) - len(weight) + 1
    return np.concatenate([convolve(padded, weight)[top : top + rows] for top in range(0, count, rows)])


def asked(columns, row, col, stride, seen):
    """The sum over the taps of the entry that `seen` finds: (top, left) -> (y, x), or None."""
    total = 0.0
    for i, j in np.ndindex(columns.shape[:2]):
        if (place := seen(row - i, col - j, stride, columns.shape[2:])) is not None:
            total += columns[i, j, place[0], place[1]]
    return total


def no_border(columns, row, col, stride):
    return asked(columns, row, col, stride, lambda top, left, s, size: (top // s, left // s))


def wrapped(columns, row, col, stride):
    return asked(columns, row, col, stride, lambda top, left, s, size: (top // s % size[0], left // s % size[1]))


def within(top, left, stride, size):
    y, x = top // stride, left // stride
    return (y, x) if 0 <= y < size[0] and 0 <= x < size[1] else None


def stride_rounded(columns, row, col, stride):
    return asked(columns, row, col, stride, within)


def stride_ignored(columns, row, col, stride):
    return asked(columns, row, col, stride, lambda top, left, s, size: within(top, left, 1, size))


def taps_flipped(columns, row, col, stride):
    return asked(columns[::-1, ::-1], row, col, stride, within)


def only_its_own_window(columns, row, col, stride):
    return columns[0, 0, row // stride, col // stride]


def never_rounded(columns, row, col, stride):
    return asked(columns, row, col, stride, lambda top, left, s, size: (top / s, left / s))


def taps_mixed_up(columns, row, col, stride):
    total = 0.0
    for i, j in np.ndindex(columns.shape[:2]):
        if (place := within(row - i, col - j, stride, columns.shape[2:])) is not None:
            total += columns[j, i, place[0], place[1]]
    return total


def nothing_returned(columns, row, col, stride):
    asked(columns, row, col, stride, within)


MUTANTS = {
    "attainable": {
        only_the_slope: "the lower one counts",
        only_the_roof: "the lower one counts",
        the_higher_one: "the lower one counts",
        upside_down: "bytes come too slowly",
    },
    "f23": {
        six_products: "it takes 6 products",
        last_sign_wrong: "wrong for the pixels 0 1 0 0",
        not_halved: "wrong for the pixels 0 1 0 0",
        kernel_flipped: "flipped",
        first_output_only: "return two outputs",
    },
    "in_bands": {
        windows_cut_at_the_band: "right for 1x1 kernels, wrong for 3x2",
        padding_forgotten: "right for padding 0, wrong for padding 1",
        each_band_padded: "right for padding 0, wrong for padding 1",
        last_band_left_out: "wrong where the last band has fewer rows",
        all_at_once: "called 1 times for 2 bands",
        row_by_row: "called 6 times for 2 bands",
        all_for_each_band: "a band got 6 rows",
    },
    "gather": {
        no_border: "right inside, wrong at the border",
        wrapped: "right inside, wrong at the border",
        stride_rounded: "right for stride 1, wrong for stride 2",
        stride_ignored: "right for stride 1, wrong for stride 2",
        taps_flipped: "right for 1x1 kernels, wrong for 3x2",
        only_its_own_window: "right for 1x1 kernels, wrong for 3x2",
        never_rounded: "valid indices, for the pixel (0, 0)",
        taps_mixed_up: "wrong for 3x2: index 2 is out of bounds for axis 1 with size 2",
        nothing_returned: "is the `return` missing?",
    },
}
