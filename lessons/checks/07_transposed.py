"""What the answers to lesson 7's exercises must do, and what is wrong if not.

The expected numbers come from the convolution's matrix C: y = C^T x, dx = C dy,
and dW by pushing each weight, as y is linear in it.
"""

import numpy as np

from lessons.hints import ADDS_ONCE, Wrong, is_same, same
from minifcn.convolution import conv_matrix

# (stride, padding), the plain one first, and what is new in the others.
SETTINGS = {
    (1, 0): "wrong for stride 1 and padding 0",
    (2, 0): "right for stride 1, wrong for stride 2",
    (1, 1): "right for padding 0, wrong for padding 1",
    (3, 1): "wrong for stride 3 and padding 1 together",
}


def output_size(answer):
    cases = {  # size, kernel, stride, padding, output_padding -> pixels
        (2, 3, 1, 0, 0): (4, "wrong for stride 1 without padding"),
        (2, 3, 2, 0, 0): (5, "right for stride 1, wrong for stride 2"),
        (3, 3, 2, 1, 0): (5, "the padding is cut off, on both sides"),
        (3, 3, 2, 1, 1): (6, "output_padding is added, once, at the end"),
        (16, 64, 32, 16, 0): (512, "wrong for a kernel of 64 and stride 32"),
    }
    for arguments, (expected, hint) in cases.items():
        same(answer(*arguments), expected, f"{hint}: {arguments}")


def transposed(answer):
    x, weight = _inputs()
    for (stride, padding), hint in SETTINGS.items():
        expected = _transposed(x, weight, stride, padding)
        given = answer(x.copy(), weight.copy(), stride, padding)
        flipped = _transposed(x, weight[::-1, ::-1], stride, padding)
        if is_same(given, flipped):
            raise Wrong("the kernel is flipped: a stamp puts it down as it is")
        if is_same(given, _last_stamp(x, weight, stride, padding)):
            raise Wrong(f"where stamps overlap they add up; {ADDS_ONCE}")
        same(given, expected, hint)


def gradients(answer):
    x, weight = _inputs()
    for (stride, padding), hint in SETTINGS.items():
        how = stride, padding
        shape = _transposed(x, weight, *how).shape
        dy = np.random.default_rng(1).standard_normal(shape)
        matrix = conv_matrix(weight[None, None], shape, *how)
        dx = (matrix @ dy.ravel()).reshape(x.shape)
        dweight = np.zeros_like(weight)
        for entry in np.ndindex(weight.shape):
            one = np.zeros_like(weight)
            one[entry] = 1
            dweight[entry] = (dy * _transposed(x, one, *how)).sum()
        given = answer(dy.copy(), x.copy(), weight.copy(), *how)
        if not isinstance(given, tuple) or len(given) != 2:
            raise Wrong("return both gradients: `return dx, dweight`")
        flipped = conv_matrix(weight[None, None, ::-1, ::-1], shape, *how)
        if is_same(given[0], (flipped @ dy.ravel()).reshape(x.shape)):
            also = "dW is right, " if is_same(given[1], dweight) else ""
            raise Wrong(f"{also}dx is flipped: use the kernel as it is")
        _compare(given, dx, dweight, hint)


def _compare(given, dx, dweight, hint):
    if is_same(given[0], dweight) and is_same(given[1], dx):
        raise Wrong("dx and dW are in each other's place")
    right = [is_same(given[0], dx), is_same(given[1], dweight)]
    if right[0] and is_same(given[1], dweight[::-1, ::-1]):
        raise Wrong("dx is right, dW is flipped")
    same(given[0], dx, f"dW is right, dx is {hint}" if right[1] else hint)
    same(given[1], dweight, f"dx is right, dW is {hint}")


def _inputs():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 4)), rng.standard_normal((4, 3))


def _transposed(x, weight, stride, padding):
    sizes = zip(x.shape, weight.shape)
    size = [stride * (n - 1) + k - 2 * padding for n, k in sizes]
    matrix = conv_matrix(weight[None, None], size, stride, padding)
    return (matrix.T @ x.ravel()).reshape(size)


def _last_stamp(x, weight, stride, padding):
    """The result of those who write each stamp over those before it."""
    (h, w), (kh, kw), p = x.shape, weight.shape, padding
    y = np.zeros((stride * (h - 1) + kh, stride * (w - 1) + kw))
    for row, col in np.ndindex(h, w):
        y[row * stride :, col * stride :][:kh, :kw] = x[row, col] * weight
    return y[p : len(y) - p, p : y.shape[1] - p]
