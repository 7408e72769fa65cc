"""What the answers to lesson 10's exercises must do, and what is wrong if not.

An array is taken apart, and must come back; holes are looked for one by one;
and the layers with holes are written by hand.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same


def interlace(answer):
    rng = np.random.default_rng(0)
    cases = {  # strides along rows and columns, size
        "wrong for 2x2 shifts": ((2, 2), (4, 6)),
        "right for 2x2 shifts, wrong for 3x3": ((3, 3), (6, 9)),
        "wrong where strides along rows and columns differ": ((2, 3), (4, 9)),
        "wrong where later shifts have a row or column less": ((3, 2), (7, 5)),
    }
    for hint, ((f, g), size) in cases.items():
        whole = rng.standard_normal(size)
        pieces = [[whole[i::f, j::g] for j in range(g)] for i in range(f)]
        given = answer([[piece.copy() for piece in row] for row in pieces])
        if is_same(given, np.block(pieces)):
            raise Wrong("the pieces lie side by side, not in each other")
        if f == g and is_same(given, _swapped(pieces, size)):
            raise Wrong("rows and columns are swapped: pieces[i][j], i rows")
        same(given, whole, hint)


def pull_apart(answer):
    kernel = np.random.default_rng(0).standard_normal((2, 3))
    for rate in (1, 2, 3):
        expected = [
            [_weight(kernel, rate, i, j) for j in range(rate * 2 + 1)]
            for i in range(rate + 1)
        ]
        given = answer(kernel.copy(), rate)
        behind = np.pad(expected, (0, rate - 1))
        if rate > 1 and is_same(given, behind):
            raise Wrong("no zeros behind the last weight: holes lie between")
        if rate > 1 and is_same(given, np.kron(kernel, np.ones((rate, rate)))):
            raise Wrong("the weights are repeated: holes are zeros")
        known = "right for rate 2, " if rate == 3 else ""
        same(given, expected, f"{known}wrong for rate {rate}")


def rarefy(answer):
    cases = {  # layers of the net, those of the net with holes, what is new
        ((3, 1), (2, 1)): (
            ((3, 1, 1), (2, 1, 1)),
            "wrong without any stride: nothing changes, all rates are 1",
        ),
        ((2, 2), (3, 1)): (
            ((2, 1, 1), (3, 1, 2)),
            "wrong for one stride of 2",
        ),
        ((3, 1), (2, 2), (3, 1), (2, 2), (5, 1)): (
            ((3, 1, 1), (2, 1, 1), (3, 1, 2), (2, 1, 2), (5, 1, 4)),
            "right for one stride, wrong for two",
        ),
        ((11, 4), (3, 2), (5, 1), (3, 3), (6, 1)): (
            ((11, 1, 1), (3, 1, 4), (5, 1, 8), (3, 1, 8), (6, 1, 24)),
            "right for strides of 2, wrong for 4, 2 and 3: they are multiplied",
        ),
    }
    for layers, (expected, hint) in cases.items():
        given = answer(list(layers))
        _compare(given, expected, layers)
        same(given, expected, f"{hint}: {list(layers)}")


def _compare(given, expected, layers):
    """Recognise the mistakes that a hint tells better than a list."""
    if np.shape(given) != np.shape(expected):
        return  # `same` says so
    given, expected = np.array(given), np.array(expected)
    kernels, strides = np.array(layers).T
    if not is_same(given[:, 1], expected[:, 1]):
        raise Wrong("every stride becomes 1")
    if not is_same(given[:, 0], kernels):
        raise Wrong("the kernels keep their number of weights")
    if is_same(given[:, 2], np.cumprod(strides)) and max(strides) > 1:
        raise Wrong("a layer's own stride counts only for those after it")
    last = np.append(1, strides[:-1])
    if is_same(given[:, 2], last) and not is_same(last, expected[:, 2]):
        raise Wrong("the rate comes from all strides before, not the last one")


def _weight(kernel, rate, i, j):
    """Row i, column j of the kernel with holes."""
    if i % rate or j % rate:
        return 0
    return kernel[i // rate, j // rate]


def _swapped(pieces, size):
    """The result of those who take pieces[j][i]; the sizes must divide."""
    f, whole = len(pieces), np.zeros(size)
    for i, j in np.ndindex(f, f):
        whole[i::f, j::f] = pieces[j][i]
    return whole
