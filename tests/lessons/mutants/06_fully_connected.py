"""Typical wrong answers to lesson 6's exercises, and a part of the hint that each must get."""

import numpy as np


def slid(x, kernel, bias):
    """Right, by another road than the solution's: kernel (O, C, h, w)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(1, 2))
    return np.einsum("crqij,ocij->orq", windows, kernel) + np.reshape(bias, (-1, 1, 1))


def channels_last(x, weight, bias, size):
    return slid(x, weight.reshape(len(weight), *size, len(x)).transpose(0, 3, 1, 2), bias)


def columns_first(x, weight, bias, size):
    return slid(x, weight.reshape(len(weight), len(x), *size[::-1]).transpose(0, 1, 3, 2), bias)


def kernel_flipped(x, weight, bias, size):
    return slid(x, weight.reshape(len(weight), len(x), *size)[:, :, ::-1, ::-1], bias)


def bias_forgotten(x, weight, bias, size):
    return slid(x, weight.reshape(len(weight), len(x), *size), 0 * bias)


def no_places(x, weight, bias, size):
    return slid(x, weight.reshape(len(weight), len(x), *size), bias)[:, 0, 0]


def first_place_only(x, weight, bias, size):
    return slid(x, weight.reshape(len(weight), len(x), *size), bias)[:, :1, :1]


def one_row_of_places(x, weight, bias, size):
    return slid(x, weight.reshape(len(weight), len(x), *size), bias)[:, :1]


def side(size, kernel, stride, padding, ceil, behind=True):
    """Right, by another road than the solution's: the last pixel at which a window begins."""
    last = size + 2 * padding - kernel
    if ceil:
        last += stride - 1
        while behind and last // stride * stride >= size + padding:
            last -= stride
    return last // stride + 1


def all_sizes(size, layers, **how):
    found = [size]
    for layer in layers:
        found.append(side(found[-1], *layer, **how))
    return found


def always_down(size, layers):
    return all_sizes(size, [(*window, False) for *window, _ in layers])


def always_up(size, layers):
    return all_sizes(size, [(*window, True) for *window, _ in layers])


def one_more_for_ceil(size, layers):
    found = [size]
    for *window, ceil in layers:
        found.append(side(found[-1], *window, False) + ceil)
    return found


def padding_on_one_side(size, layers):
    return all_sizes(size, [(k + p, s, p, c) for k, s, p, c in layers])


def from_the_image_each_time(size, layers):
    return [size] + [side(size, *layer) for layer in layers]


def windows_behind_the_image(size, layers):
    return all_sizes(size, layers, behind=False)


def windows_in_the_padding(size, layers):
    """Those beyond the padding are left out, those in it are not."""
    found = [size]
    for kernel, stride, padding, ceil in layers:
        out = side(found[-1], kernel, stride, padding, ceil, behind=False)
        out -= ceil and (out - 1) * stride >= found[-1] + 2 * padding
        found.append(out)
    return found


def image_left_out(size, layers):
    return all_sizes(size, layers)[1:]


def both_roads(size, layers, stride_of_crop=True):
    """Right, by another road than the solution's: the field counted back from one score."""
    field = 1
    for kernel, stride, _, _ in reversed(layers):
        field = (field - 1) * (stride if stride_of_crop else 1) + kernel
    totals = []
    for n in (field, size):
        total = 0
        for kernel, stride, inputs, outputs in layers:
            n = (n - kernel) // stride + 1
            total += n * n * kernel * kernel * inputs * outputs
        totals.append(total)
    return scores(size, layers) ** 2 * totals[0], totals[1]


def scores(n, layers):
    """How many lie along a side."""
    for kernel, stride, _, _ in layers:
        n = (n - kernel) // stride + 1
    return n


def one_crop(size, layers):
    crops, whole = both_roads(size, layers)
    return crops // scores(size, layers) ** 2, whole


def in_each_other_s_place(size, layers):
    return both_roads(size, layers)[::-1]


def along_one_axis(size, layers):
    crops, whole = both_roads(size, layers)
    return crops // scores(size, layers), whole


def strides_ignored_in_the_field(size, layers):
    return both_roads(size, layers, stride_of_crop=False)


def weights_only(size, layers):
    weights = sum(kernel**2 * inputs * outputs for kernel, _, inputs, outputs in layers)
    return scores(size, layers) ** 2 * weights, both_roads(size, layers)[1]


MUTANTS = {
    "slide_linear": {
        channels_last: "in the order (C, h, w), not (h, w, C)",
        columns_first: "in the order (C, h, w), not (C, w, h)",
        kernel_flipped: "wrong where the map is as large as the layer's own",
        bias_forgotten: "the bias is missing",
        no_places: "but of shape (O,)",
        first_place_only: "wrong for more columns",
        one_row_of_places: "wrong for more rows",
    },
    "sizes": {
        always_down: "right for rounding down, wrong for ceil",
        always_up: "rounded up where `ceil` is False",
        one_more_for_ceil: "nothing is added if all fits whole",
        padding_on_one_side: "it is on both sides",
        from_the_image_each_time: "right for one layer, wrong for several",
        windows_behind_the_image: "may not begin behind the image",
        windows_in_the_padding: "may not begin in the end's padding",
        image_left_out: "begin the list with the image's own side",
    },
    "crops_against_one_pass": {
        one_crop: "as many as scores",
        in_each_other_s_place: "in each other's place",
        along_one_axis: "wrong for 2x2",
        weights_only: "right for one layer, wrong for two",
        strides_ignored_in_the_field: "right without pooling, wrong with it",
    },
}
