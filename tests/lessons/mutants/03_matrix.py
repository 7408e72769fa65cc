"""Typical wrong answers to lesson 3's exercises, and a part of the hint that each must get."""

import numpy as np


def columns_first(channel, row, col, height, width):
    return channel * height * width + col * height + row


def times_height(channel, row, col, height, width):
    return channel * height * width + row * height + col


def counted_from_one(channel, row, col, height, width):
    return channel * height * width + row * width + col + 1


def channels_ignored(channel, row, col, height, width):
    return row * width + col


def by_meetings(weight, input_size, stride, padding, fold=lambda row, n: row if 0 <= row < n else None):
    """Right, by another road than the solution's: the padded matrix, and its inner columns. `fold` may spoil it."""
    size = [(n + 2 * padding - k) // stride + 1 for n, k in zip(input_size, weight.shape)]
    axes = []
    for out, n, k in zip(size, input_size, weight.shape):
        one = np.zeros((k, out, n))
        for tap, r in np.ndindex(k, out):
            pixel = fold(r * stride - padding + tap, n)
            if pixel is not None:
                one[tap, r, pixel] = 1
        axes.append(one)
    return sum(weight[i, j] * np.kron(axes[0][i], axes[1][j]) for i, j in np.ndindex(weight.shape))


def transposed(*arguments):
    return by_meetings(*arguments).T


def kernel_flipped(weight, *arguments):
    return by_meetings(weight[::-1, ::-1], *arguments)


def stride_ignored(weight, input_size, stride, padding):
    return by_meetings(weight, input_size, 1, padding)


def padding_ignored(weight, input_size, stride, padding):
    return by_meetings(weight, input_size, stride, 0)


def padding_wraps_around(weight, input_size, stride, padding):
    """NumPy takes the index -1 for the last pixel."""
    return by_meetings(weight, input_size, stride, padding, lambda row, n: row % n)


def kept_as_images(weight, input_size, *arguments):
    return by_meetings(weight, input_size, *arguments).reshape(-1, *input_size)


def both(dy, x, weight, names):
    """Right, by another road than the solution's: weight after weight."""
    dx, dweight = np.zeros(len(x)), np.zeros(weight.size)
    for t, value in enumerate(weight.flat):
        outputs, inputs = np.nonzero(names == t + 1)
        np.add.at(dx, inputs, value * dy[outputs])
        dweight[t] = dy[outputs] @ x[inputs]
    return dx, dweight.reshape(weight.shape)


def in_each_other_s_place(*arguments):
    return both(*arguments)[::-1]


def only_the_input_s(*arguments):
    return both(*arguments)[0]


def mean_of_the_shares(dy, x, weight, names):
    dx, dweight = both(dy, x, weight, names)
    return dx, dweight / np.bincount(names.ravel())[1:].reshape(weight.shape)


def one_entry_for_all(dy, x, weight, names):
    dC = np.outer(dy, x)
    first = [dC[names == t][0] for t in range(1, weight.size + 1)]
    return both(dy, x, weight, names)[0], np.reshape(first, weight.shape)


def names_off_by_one(dy, x, weight, names):
    C = np.append(weight.ravel(), 0)[names]
    return C.T @ dy, both(dy, x, weight, names)[1]


def entry_by_entry(dy, x, weight, names):
    C = np.append(0, weight.ravel())[names]
    return C.T * dy, both(dy, x, weight, names)[1]


def outer_product(dy, x, weight, names):
    return both(dy, x, weight, names)[0], np.outer(dy, x)


def added_by_arrays_of_indices(dy, x, weight, names):
    dweight = np.zeros(weight.size + 1)
    dweight[names] += np.outer(dy, x)
    return both(dy, x, weight, names)[0], dweight[1:].reshape(weight.shape)


MUTANTS = {
    "place": {
        columns_first: "the pixels of a row stand side by side",
        counted_from_one: "the pixels of a row stand side by side",
        times_height: "right for squares, wrong for 3x5 pixels",
        channels_ignored: "right for channel 0, wrong for channel 2",
    },
    "matrix": {
        transposed: "that is its transpose",
        kernel_flipped: "the kernel is flipped",
        stride_ignored: "right for stride 1, wrong for stride 2",
        padding_ignored: "right for padding 0, wrong for padding 1",
        padding_wraps_around: "right for padding 0, wrong for padding 1",
        kept_as_images: "the shape is (15, 5, 6), expected (15, 30)",
    },
    "gradients": {
        added_by_arrays_of_indices: "dW: add with `+=`; with arrays i",
        outer_product: "the outer product of dy and x is dC",
        entry_by_entry: "use `@`",
        in_each_other_s_place: "in each other's place",
        only_the_input_s: "return both gradients",
        mean_of_the_shares: "take their sum, no mean",
        one_entry_for_all: "dx is right, dW is wrong for stride 1",
        names_off_by_one: "dW is right, dx is wrong for stride 1",
    },
}
