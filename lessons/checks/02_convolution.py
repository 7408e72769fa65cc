"""What the answers to lesson 2's exercises must do, and what is wrong if not.

The expected gradients come from minifcn's loops, one product at a time.
"""

import numpy as np

from lessons.hints import ADDS_ONCE, Wrong, is_same, same
from minifcn.convolution import loops
from minifcn.convolution.geometry import How

# (stride, padding), the plain one first, and what is new in the others.
SETTINGS = {
    (1, 0): "wrong for stride 1 and padding 0",
    (1, 1): "right for padding 0, wrong for padding 1",
    (2, 0): "right for stride 1, wrong for stride 2",
    (2, 1): "wrong for stride 2 and padding 1 together",
}


def output_size(answer):
    cases = {  # size, kernel, stride, padding, dilation -> pixels counted
        (5, 3, 1, 0, 1): (3, "wrong without stride, padding and dilation"),
        (5, 3, 1, 1, 1): (5, "padding adds pixels on both sides"),
        (5, 3, 2, 1, 1): (3, "wrong for stride 2"),
        (6, 3, 2, 1, 1): (3, "a step that does not fit whole is not taken"),
        (7, 3, 1, 0, 2): (3, "with dilation 2, a kernel of 3 reaches over 5"),
        (9, 4, 2, 1, 2): (3, "wrong for stride, padding and dilation together"),
    }
    for arguments, (expected, hint) in cases.items():
        same(answer(*arguments), expected, f"{hint}: {arguments}")


def grad_weight(answer):
    rng = np.random.default_rng(0)
    weight, x = rng.standard_normal((3, 2)), rng.standard_normal((6, 5))
    for (stride, padding), hint in SETTINGS.items():
        dy = rng.standard_normal(_output(x, weight, stride, padding))
        how = (3, 2), stride, padding
        expected = _grad_weight(dy, x, *how)
        given = answer(dy.copy(), x.copy(), *how)
        if is_same(given, expected[::-1, ::-1]):
            raise Wrong("dW is flipped: rows and columns in the wrong order")
        if is_same(given, expected / dy.size):
            raise Wrong("a weight's shares add up: take their sum, no mean")
        same(given, expected, hint)


def grad_input(answer):
    rng = np.random.default_rng(0)
    weight, x = rng.standard_normal((3, 2)), rng.standard_normal((6, 5))
    for (stride, padding), hint in SETTINGS.items():
        dy = rng.standard_normal(_output(x, weight, stride, padding))
        how = (6, 5), stride, padding
        expected = _grad_input(dy, weight, *how)
        given = answer(dy.copy(), weight.copy(), *how)
        if is_same(given, _grad_input(dy, weight[::-1, ::-1], *how)):
            raise Wrong("the kernel is flipped: stamp it as it is")
        if is_same(given, _last_stamp(dy, weight, *how)):
            raise Wrong(f"where windows overlap the stamps add up; {ADDS_ONCE}")
        same(given, expected, hint)


def _grad_weight(dy, x, kernel_size, *how):
    dy, x, how = dy[None, None], x[None, None], How.of(*how)
    return loops.conv2d_grad_weight(dy, x, kernel_size, how)[0, 0]


def _grad_input(dy, weight, input_size, *how):
    dy, weight, how = dy[None, None], weight[None, None], How.of(*how)
    return loops.conv2d_grad_input(dy, weight, input_size, how)[0, 0]


def _last_stamp(dy, weight, input_size, stride, padding):
    """The gradient of those who write each stamp over those before it."""
    (h, w), (kh, kw) = input_size, weight.shape
    padded = np.zeros((h + 2 * padding, w + 2 * padding))
    for row, col in np.ndindex(dy.shape):
        window = padded[row * stride :, col * stride :][:kh, :kw]
        window[...] = dy[row, col] * weight
    return padded[padding : padding + h, padding : padding + w]


def _output(x, weight, stride, padding):
    sizes = zip(x.shape, weight.shape)
    return tuple((i + 2 * padding - k) // stride + 1 for i, k in sizes)
