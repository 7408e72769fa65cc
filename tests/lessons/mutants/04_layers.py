"""Typical wrong answers to lesson 4's exercises, and a part of the hint that each must get."""

import numpy as np


def windows(x, kernel, stride, padding, ceil, fill, exception=True):
    """The windows of the padded map, by another road than the solution's: (oh, ow, kernel * kernel)."""
    after = [0, 0]
    if ceil:
        for axis, n in enumerate(x.shape):
            over = -(n + 2 * padding - kernel) % stride
            start = n + padding + over - kernel  # of the last window, rounded up
            after[axis] = 0 if exception and start >= n else over
    padded = np.pad(x.astype(float), [(padding, padding + a) for a in after], constant_values=fill)
    every = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel))[::stride, ::stride]
    return every.reshape(*every.shape[:2], -1)


def zeros_around(x, kernel, stride, padding, ceil):
    return windows(x, kernel, stride, padding, ceil, 0).max(axis=2)


def ceil_ignored(x, kernel, stride, padding, ceil):
    return windows(x, kernel, stride, padding, False, -np.inf).max(axis=2)


def always_ceil(x, kernel, stride, padding, ceil):
    return windows(x, kernel, stride, padding, True, -np.inf).max(axis=2)


def window_beyond_the_end(x, kernel, stride, padding, ceil):
    return windows(x, kernel, stride, padding, ceil, -np.inf, exception=False).max(axis=2)


def one_more_window(x, kernel, stride, padding, ceil):
    more = (stride if ceil else 0,) * 2
    return windows(np.pad(x, [(0, m) for m in more], constant_values=-99), kernel, stride, padding, False, -99).max(2)


def mean_of_the_window(x, kernel, stride, padding, ceil):
    return windows(x, kernel, stride, padding, ceil, 0).mean(axis=2)


def scattered(dy, x, kernel, stride, padding, order=1, add=True, fill=-np.inf, share=False):
    """Right as it stands, and wrong in one way for each argument."""
    every = windows(x, kernel, stride, padding, False, fill)
    h, w = x.shape
    dpadded = np.zeros((h + 2 * padding, w + 2 * padding))
    for row, col in np.ndindex(dy.shape):
        window = every[row, col]
        taps = np.flatnonzero(window == window.max())[::order]
        for tap in taps if share else taps[:1]:
            place = row * stride + tap // kernel, col * stride + tap % kernel
            dpadded[place] = dy[row, col] + (dpadded[place] if add else 0)
    return dpadded[padding : padding + h, padding : padding + w]


def last_of_equals(*arguments):
    return scattered(*arguments, order=-1)


def all_equals(*arguments):
    return scattered(*arguments, share=True)


def overwritten(*arguments):
    return scattered(*arguments, add=False)


def lost_to_zeros_around(*arguments):
    return scattered(*arguments, fill=0)


def padding_not_cut_off(dy, x, kernel, stride, padding):
    return np.pad(scattered(dy, x, kernel, stride, padding), padding)


def loss_of(scores, labels, void=True, divide_by=None, stable=True, logarithm_of_p=False):
    """Right as it stands, and wrong in one way for each argument."""
    counted = labels != 255 if void else np.full(labels.shape, True)
    target = np.where(labels == 255, 0, labels)
    z = scores - scores.max(axis=0) * stable
    p = np.exp(z) / np.exp(z).sum(axis=0)
    log_p = np.log(p) if logarithm_of_p else z - np.log(np.exp(z).sum(axis=0))
    onehot = np.moveaxis(np.eye(len(scores))[target], 2, 0)
    n = divide_by or counted.sum()
    return -(log_p * onehot * counted).sum() / n, (p - onehot) * counted / n


def void_as_background(scores, labels):
    return loss_of(scores, labels, void=False)


def divided_by_all(scores, labels):
    return loss_of(scores, labels, divide_by=labels.size)


def summed(scores, labels):
    return loss_of(scores, labels, divide_by=1)


def overflowing(scores, labels):
    return loss_of(scores, labels, stable=False)


def logarithm_of_zero(scores, labels):
    return loss_of(scores, labels, logarithm_of_p=True)


def gradient_of_the_sum(scores, labels):
    return loss_of(scores, labels)[0], loss_of(scores, labels, divide_by=1)[1]


def wrong_sign(scores, labels):
    return loss_of(scores, labels)[0], -loss_of(scores, labels)[1]


def gradient_in_void(scores, labels):
    n = (labels != 255).sum()
    return loss_of(scores, labels)[0], loss_of(scores, labels, void=False, divide_by=n)[1]


def only_the_loss(scores, labels):
    return loss_of(scores, labels)[0]


MUTANTS = {
    "max_pool": {
        mean_of_the_window: "wrong for windows of 2, stride 2",
        zeros_around: "the padding won",
        always_ceil: "without ceil, round down",
        ceil_ignored: "with ceil, round up",
        one_more_window: "with ceil, but nothing left over",
        window_beyond_the_end: "no window starts beyond the end",
    },
    "max_pool_backward": {
        overwritten: "gets their sum",
        lost_to_zeros_around: "right for padding 0, wrong for padding 1",
        padding_not_cut_off: "expected (5, 6); right for padding 0, wrong for padding 1",
        last_of_equals: "of equal numbers the first",
        all_equals: "equals must not all get dy",
    },
    "pixel_loss": {
        only_the_loss: "return the loss and its gradient",
        wrong_sign: "wrong sign",
        gradient_of_the_sum: "divide its gradient, too",
        summed: "the loss is wrong without void",
        divided_by_all: "12 of 15 pixels count",
        void_as_background: "the loss is wrong with void (right without)",
        gradient_in_void: "the loss is right, the gradient wrong with void",
        overflowing: "subtract the largest",
        logarithm_of_zero: "no logarithm of p",
    },
}
