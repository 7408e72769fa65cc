"""Typical wrong answers to lesson 10's exercises, and a part of the hint that each must get."""

import numpy as np


def side_by_side(pieces):
    return np.block(pieces)


def one_by_one(pieces):
    """Right, by another road than the solution's: pixel by pixel."""
    f, g = len(pieces), len(pieces[0])
    rows = sum(len(row[0]) for row in pieces)
    cols = sum(piece.shape[1] for piece in pieces[0])
    return np.array([[pieces[r % f][c % g][r // f, c // g] for c in range(cols)] for r in range(rows)])


def swapped(pieces):
    return one_by_one([list(row) for row in zip(*pieces)])


def always_two(pieces):
    return one_by_one([row[:2] for row in pieces[:2]])


def one_stride_for_both(pieces):
    return one_by_one([row[: len(pieces)] for row in pieces])


def all_as_large_as_the_last(pieces):
    h, w = pieces[-1][-1].shape
    return one_by_one([[piece[:h, :w] for piece in row] for row in pieces])


def zeros_behind(kernel, rate):
    apart = np.zeros([rate * k for k in kernel.shape])
    apart[::rate, ::rate] = kernel
    return apart


def repeated(kernel, rate):
    return np.kron(kernel, np.ones((rate, rate)))


def one_zero_between(kernel, rate):
    rate = min(rate, 2)
    return zeros_behind(kernel, rate)[: rate * (len(kernel) - 1) + 1, : rate * (kernel.shape[1] - 1) + 1]


def rate_zeros_between(kernel, rate):
    rate += 1
    return zeros_behind(kernel, rate)[: rate * (len(kernel) - 1) + 1, : rate * (kernel.shape[1] - 1) + 1]


def strides_of(layers):
    return [stride for _, stride in layers]


def own_stride_too(layers):
    return [(k, 1, rate) for (k, _), rate in zip(layers, np.cumprod(strides_of(layers)))]


def last_stride_only(layers):
    return [(k, 1, rate) for (k, _), rate in zip(layers, [1, *strides_of(layers)])]


def strides_added(layers):
    rates = [max(1, sum(s for s in strides_of(layers)[:n] if s > 1)) for n in range(len(layers))]
    return [(k, 1, rate) for (k, _), rate in zip(layers, rates)]


def strides_kept(layers):
    return [(k, s, rate) for (k, s), rate in zip(layers, np.cumprod([1, *strides_of(layers)]))]


def kernels_enlarged(layers):
    return [(rate * (k - 1) + 1, 1, rate) for (k, _), rate in zip(layers, np.cumprod([1, *strides_of(layers)]))]


def always_doubled(layers):
    rates = np.cumprod([1, *(2 if s > 1 else 1 for s in strides_of(layers))])
    return [(k, 1, rate) for (k, _), rate in zip(layers, rates)]


MUTANTS = {
    "interlace": {
        side_by_side: "side by side",
        swapped: "rows and columns are swapped",
        always_two: "right for 2x2 shifts, wrong for 3x3",
        one_stride_for_both: "strides along rows and columns differ",
        all_as_large_as_the_last: "later shifts have a row or column less",
    },
    "pull_apart": {
        zeros_behind: "no zeros behind the last weight",
        repeated: "holes are zeros",
        one_zero_between: "right for rate 2, wrong for rate 3",
        rate_zeros_between: "wrong for rate 1",
    },
    "rarefy": {
        own_stride_too: "a layer's own stride counts only for those after it",
        last_stride_only: "all strides before",
        strides_added: "right for strides of 2, wrong for 4, 2 and 3: they are multiplied",
        strides_kept: "every stride becomes 1",
        kernels_enlarged: "keep their number of weights",
        always_doubled: "right for strides of 2, wrong for 4, 2 and 3",
    },
}
