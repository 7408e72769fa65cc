"""What the answers to lesson 3's exercises must do, and what is wrong if not.

The expected matrices come from pushing one pixel after the other through
minifcn's loops, the expected gradients from those loops too.
"""

import numpy as np

from lessons.hints import ADDS_ONCE, Wrong, is_same, same
from minifcn.convolution import loops
from minifcn.convolution.geometry import How

# (stride, padding), the plain one first, and what is new in the others.
SETTINGS = {
    (1, 0): "wrong for stride 1 and padding 0",
    (2, 0): "right for stride 1, wrong for stride 2",
    (1, 1): "right for padding 0, wrong for padding 1",
    (2, 1): "wrong for stride 2 and padding 1 together",
}
SIZE = 5, 6


def place(answer):
    cases = {  # channel, row, col, height, width -> counted
        (0, 0, 3, 4, 4): (3, "the pixels of a row stand side by side"),
        (0, 1, 2, 4, 4): (6, "a row further down is `width` places on"),
        (0, 2, 1, 3, 5): (11, "right for squares, wrong for 3x5 pixels"),
        (2, 1, 1, 3, 5): (36, "right for channel 0, wrong for channel 2"),
    }
    for arguments, (expected, hint) in cases.items():
        same(answer(*arguments), expected, f"{hint}: {arguments}")


def matrix(answer):
    weight = np.random.default_rng(0).standard_normal((3, 2))
    for (stride, padding), hint in SETTINGS.items():
        expected = _matrix(weight, stride, padding)
        given = answer(weight.copy(), SIZE, stride, padding)
        if is_same(given, expected.T):
            raise Wrong("that is its transpose: a row for each output pixel")
        if is_same(given, _matrix(weight[::-1, ::-1], stride, padding)):
            raise Wrong("the kernel is flipped: lay it down as it is")
        same(given, expected, hint)


def gradients(answer):
    rng = np.random.default_rng(0)
    weight, x = rng.standard_normal((3, 2)), rng.standard_normal(SIZE)
    numbers = np.arange(1, weight.size + 1).reshape(weight.shape)
    for (stride, padding), hint in SETTINGS.items():
        names = _matrix(numbers, stride, padding).astype(int)
        dy = rng.standard_normal(_convolve(x, weight, stride, padding).shape)
        four = dy[None, None], weight[None, None], x[None, None]
        how = How.of(stride, padding)
        dx = loops.conv2d_grad_input(*four[:2], SIZE, how).ravel()
        dweight = loops.conv2d_grad_weight(four[0], four[2], (3, 2), how)
        given = answer(dy.ravel(), x.ravel(), weight.copy(), names.copy())
        if not isinstance(given, tuple) or len(given) != 2:
            raise Wrong("return both gradients: `return dx, dweight`")
        last = np.zeros(weight.size + 1)  # of each name, the last entry of dC
        last[names] = np.outer(dy, x)
        last = last[1:].reshape(weight.shape)
        _compare(given, dx, dweight[0, 0], names, last, hint)


def _compare(given, dx, dweight, names, last, hint):
    if is_same(given[0], dweight) and is_same(given[1], dx):
        raise Wrong("dx and dW are in each other's place")
    if np.shape(given[0]) in (names.shape, names.T.shape):
        raise Wrong("dx has C's shape: `*` multiplies entry by entry; use `@`")
    if np.shape(given[1]) == names.shape:
        raise Wrong(
            "dW has C's shape: the outer product of dy and x is dC; add up the "
            "entries of one name"
        )
    uses = np.bincount(names.ravel())[1:].reshape(dweight.shape)
    if is_same(given[1], dweight / uses):
        raise Wrong("a weight's shares add up: take their sum, no mean")
    if is_same(given[1], last):
        raise Wrong(f"dW: {ADDS_ONCE}")
    right = is_same(given[0], dx), is_same(given[1], dweight)
    same(given[0], dx, f"dW is right, dx is {hint}" if right[1] else hint)
    same(given[1], dweight, f"dx is right, dW is {hint}")


def _convolve(x, weight, stride, padding):
    how = How.of(stride, padding)
    return loops.conv2d(x[None, None], weight[None, None], how)[0, 0]


def _matrix(weight, stride, padding):
    """Column after column, the output of an image with one pixel of 1."""
    pixels = np.eye(SIZE[0] * SIZE[1]).reshape(-1, *SIZE)
    outputs = [_convolve(x, weight, stride, padding) for x in pixels]
    return np.stack([y.ravel() for y in outputs], axis=1)
