"""Typical wrong answers to lesson 12's exercises, and a part of the hint that each must get."""

import numpy as np


def kernel(weight, size):
    """Right, by another road than the solution's."""
    return np.stack([np.split(row, row.size // size**2) for row in weight]).reshape(len(weight), -1, size, size)


def flipped(weight, size):
    return kernel(weight, size)[:, :, ::-1, ::-1]


def columns_first(weight, size):
    return kernel(weight, size).swapaxes(2, 3)


def channels_last(weight, size):
    return weight.reshape(len(weight), size, size, -1).transpose(0, 3, 1, 2)


def as_it_was(weight, size):
    return weight


def offset(layers):
    """Right, in other words than the solution's."""
    b = 0.0
    for kind, k, s, p in layers:
        b = s * b + k / 2 - 0.5 - p if kind == "up" else (b + p + 0.5 - k / 2) / s
    return b


def no_padding(layers):
    return offset([(kind, k, s, 0) for kind, k, s, _ in layers])


def whole_middles(layers):
    b = 0.0
    for kind, k, s, p in layers:
        middle = (k - 1) // 2 - p
        b = s * b + middle if kind == "up" else (b - middle) / s
    return b


def stride_before_the_middle(layers):
    b = 0.0
    for kind, k, s, p in layers:
        middle = (k - 1) / 2 - p
        b = s * b + middle if kind == "up" else b / s - middle
    return b


def only_the_last_layer(layers):
    return offset(layers[-1:])


def up_like_a_convolution(layers):
    return offset([("conv", k, s, p) for _, k, s, p in layers])


def padding_of_up_added(layers):
    return offset([(kind, k, s, -p if kind == "up" else p) for kind, k, s, p in layers])


def tent(size):
    factor = (size + 1) // 2
    return np.array([1 - abs(i - (size - 1) / 2) / factor for i in range(size)])


def one_axis(size):
    return tent(size)


def sum_of_one(size):
    both = tent(size)[:, None] * tent(size)
    return both / both.sum()


def smaller_of_both(size):
    return np.minimum.outer(tent(size), tent(size))


def middle_on_a_pixel(size):
    factor = (size + 1) // 2
    axis = np.clip(1 - abs(np.arange(size) - size // 2) / factor, 0, 1)
    return np.outer(axis, axis)


def half_the_size(size):
    axis = 1 - abs(np.arange(size) - (size - 1) / 2) / (size / 2)
    return np.outer(axis, axis)


MUTANTS = {
    "to_kernel": {
        flipped: "the kernel is flipped",
        columns_first: "rows and columns",
        channels_last: "the channels come first",
        as_it_was: "wrong for 2 channels of 2x2",
    },
    "crop_offset": {
        no_padding: "padding 100",
        whole_middles: "between two pixels",
        stride_before_the_middle: "divide by the stride last",
        only_the_last_layer: "right for one layer, wrong for two",
        up_like_a_convolution: "wrong for one transposed convolution",
        padding_of_up_added: "wrong for an upsampling with padding",
    },
    "bilinear_kernel": {
        one_axis: "that is one axis",
        sum_of_one: "its sum is not 1",
        smaller_of_both: "multiply both tents",
        middle_on_a_pixel: "right for odd sizes, wrong for size 2",
        half_the_size: "wrong for size 3",
    },
}
