"""Convolutions to try every algorithm on, in small whole numbers: sums are exact in any order, and so is equality."""

import numpy as np

from minifcn.convolution import loops, textbook
from minifcn.convolution.geometry import How, pair

CASES = [  # kernel, stride, padding, dilation, groups; image (4 channels) of 6x5
    ((1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((3, 2), (1, 1), (3, 2), (1, 1), 2),  # more padding than the kernel reaches: the input's gradient is cropped
    ((3, 2), (2, 1), (1, 0), (1, 2), 1),
    ((2, 3), (1, 1), (0, 1), (2, 1), 4),
    ((2, 2), (3, 2), (1, 1), (1, 1), 2),  # a stride beyond the kernel: pixels that no window sees
    ((6, 5), (1, 1), (0, 0), (1, 1), 1),  # one window: an output much smaller than the input
    ((2, 2), (1, 1), (0, 0), (4, 3), 2),  # four windows, whose taps lie far apart
    ((4, 4), (2, 3), (2, 3), (1, 1), 1),
]


def conv2d_loops(x, weight, *settings, bias=None, **named):
    """By the definition; settings as a user gives them."""
    return loops.conv2d(x, weight, How.of(*settings, **named), bias)


def conv2d_grad_input_loops(dy, weight, input_size, *settings, **named):
    return loops.conv2d_grad_input(dy, weight, input_size, How.of(*settings, **named))


def conv2d_grad_weight_loops(dy, x, kernel_size, *settings, **named):
    return loops.conv2d_grad_weight(dy, x, pair(kernel_size), How.of(*settings, **named))


def columns_at_a_time(monkeypatch, size):
    """Let the textbook's convolutions make no more than so many bytes of columns at a time, on host and device."""
    monkeypatch.setattr(textbook, "column_bytes", lambda xp: size)


def whole(rng, *shape):
    return rng.integers(-4, 5, shape).astype(float)


def drawn(case, images=3):
    """x, weight and dy for one of CASES."""
    kernel, *_, groups = case
    rng = np.random.default_rng(0)
    x, weight = whole(rng, images, 4, 6, 5), whole(rng, 8, 4 // groups, *kernel)
    return x, weight, whole(rng, *conv2d_loops(x, weight, *case[1:]).shape)
