"""What the answers to lesson 8's exercises must do, and what is wrong if not.

Sizes are counted by laying windows down. A stretched map has to give, by a
plain convolution, what the matrix C^T gives.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same
from minifcn.convolution import conv2d, conv_matrix


def convolution(answer):
    cases = {  # size, kernel, stride, padding, dilation
        (4, 3, 1, 0, 1): "wrong for stride 1 and padding 0",
        (5, 3, 1, 2, 1): "padding adds pixels on both sides",
        (5, 3, 2, 1, 1): "right for stride 1, wrong for stride 2",
        (6, 3, 2, 1, 1): "wrong where a step does not fit whole",
        (12, 3, 5, 0, 1): "wrong for stride 5, where a is 4",
        (8, 3, 3, 1, 1): "a belongs to the padded image: 8 + 2 pixels",
        (9, 3, 2, 1, 2): "with dilation 2, a kernel of 3 reaches over 5",
    }
    for arguments, hint in cases.items():
        expected, given = _counted(*arguments), answer(*arguments)
        if not isinstance(given, tuple) or len(given) != 2:
            raise Wrong("return both numbers: `return o, a`")
        if expected[0] != expected[1] and is_same(given, expected[::-1]):
            raise Wrong("o and a are in each other's place")
        if is_same(given[0], expected[0]):
            hint = f"o is right, a is not; {hint}"
        same(given, expected, f"{hint}: {arguments}")


def stretched(answer):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 5))
    cases = {  # kernel, stride, padding, unseen
        (3, 1, 0, 0): "wrong for stride 1 and padding 0: p' is k - 1 - p",
        (3, 1, 2, 0): "wrong for full padding, where p' is 0",
        (3, 2, 0, 0): "right for stride 1, wrong for stride 2",
        (4, 3, 1, 0): "wrong for stride 3: s - 1 zeros between two pixels",
        (3, 2, 1, 1): "right for a = 0, wrong for a = 1",
        (5, 3, 2, 2): "wrong for stride 3, padding 2 and a = 2 together",
    }
    for (k, s, p, a), hint in cases.items():
        given = answer(x.copy(), k, s, p, a)
        size = [s * (n - 1) + k - 2 * p + a for n in x.shape]
        shape = tuple(n + k - 1 for n in size)
        if np.shape(given) != shape:
            same(given, np.zeros(shape), hint)  # says what shape it should be
        kernel = rng.standard_normal((1, 1, k, k))
        C = conv_matrix(kernel, size, s, p)
        given = np.asarray(given, float)
        if not given.any():
            raise Wrong("it is all zeros: put the pixels of x in")
        y = conv2d(given[None, None], kernel[:, :, ::-1, ::-1])
        expected = (C.T @ x.ravel()).reshape(size)
        same(y[0, 0], expected, f"{hint}; after the convolution")


def possible_sizes(answer):
    cases = {  # output, kernel, stride, padding
        (2, 3, 1, 0): "with stride 1 there is just one size",
        (3, 3, 2, 1): "with stride 2 there are two sizes",
        (4, 5, 3, 2): "wrong for stride 3",
        (1, 3, 4, 2): "a size is at least 1",
        (16, 32, 32, 0): "with stride 32 there are 32 sizes",
    }
    for (output, *how), hint in cases.items():
        sizes = range(1, 1000)
        expected = [i for i in sizes if _counted(i, *how, 1)[0] == output]
        given = answer(output, *how)
        if given is not None and is_same(sorted(given), expected):
            hint = "right, but the smallest comes first"
        same(given, expected, f"{hint}: {(output, *how)}")


def _counted(size, kernel, stride, padding, dilation):
    """(o, a), by laying windows onto the padded image while they fit."""
    taps = np.arange(kernel) * dilation
    begin, windows, unseen = 0, 0, size + 2 * padding
    while begin + taps[-1] < size + 2 * padding:
        windows += 1
        unseen = size + 2 * padding - (begin + taps[-1] + 1)
        begin += stride
    return windows, unseen
