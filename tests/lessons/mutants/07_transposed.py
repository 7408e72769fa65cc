"""Typical wrong answers to lesson 7's exercises, and a part of the hint that each must get."""

import numpy as np


def sizes_of_the_convolution(size, kernel, stride, padding, output_padding):
    return (size + 2 * padding - kernel) // stride + 1


def stride_times_size(size, kernel, stride, padding, output_padding):
    return stride * size + kernel - 1 - 2 * padding + output_padding


def padding_cut_off_once(size, kernel, stride, padding, output_padding):
    return stride * (size - 1) + kernel - padding + output_padding


def output_padding_twice(size, kernel, stride, padding, output_padding):
    return stride * (size - 1) + kernel - 2 * padding + 2 * output_padding


def scattered(x, weight, stride, padding):
    """Right, by another road than the solution's: tap by tap."""
    (h, w), (kh, kw) = x.shape, weight.shape
    y = np.zeros((stride * h + kh, stride * w + kw))
    for i, j in np.ndindex(kh, kw):
        y[i : i + stride * h : stride, j : j + stride * w : stride] += weight[i, j] * x
    rows, cols = stride * (h - 1) + kh, stride * (w - 1) + kw
    return y[padding : rows - padding, padding : cols - padding]


def kernel_flipped(x, weight, stride, padding):
    return scattered(x, weight[::-1, ::-1], stride, padding)


def stride_ignored(x, weight, stride, padding):
    return scattered(x, weight, 1, padding)


def padding_not_cut_off(x, weight, stride, padding):
    return scattered(x, weight, stride, 0)


def padding_cut_off_at_the_end(x, weight, stride, padding):
    y = scattered(x, weight, stride, 0)
    return y[: len(y) - 2 * padding, : y.shape[1] - 2 * padding]


def stamps_overwrite(x, weight, stride, padding):
    (h, w), (kh, kw) = x.shape, weight.shape
    y = np.zeros((stride * (h - 1) + kh, stride * (w - 1) + kw))
    for row, col in np.ndindex(h, w):
        y[row * stride :, col * stride :][:kh, :kw] = x[row, col] * weight
    return y[padding : len(y) - padding, padding : y.shape[1] - padding]


def both(dy, x, weight, stride, padding):
    """Right, by another road than the solution's."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(dy, padding), weight.shape)[::stride, ::stride]
    return np.einsum("yxij,ij->yx", windows, weight), np.einsum("yxij,yx->ij", windows, x)


def weight_gradient_flipped(*arguments):
    dx, dweight = both(*arguments)
    return dx, dweight[::-1, ::-1]


def only_the_input_s(*arguments):
    return both(*arguments)[0]


def in_each_other_s_place(*arguments):
    return both(*arguments)[::-1]


def input_gradient_with_a_flipped_kernel(dy, x, weight, stride, padding):
    return both(dy, x, weight[::-1, ::-1], stride, padding)[0], both(dy, x, weight, stride, padding)[1]


def input_gradient_without_stride(dy, x, weight, stride, padding):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(dy, padding), weight.shape)[: len(x), : x.shape[1]]
    return np.einsum("yxij,ij->yx", windows, weight), both(dy, x, weight, stride, padding)[1]


def weight_gradient_padded_at_the_end(dy, x, weight, stride, padding):
    moved = np.pad(dy, ((0, 2 * padding), (0, 2 * padding)))
    return both(dy, x, weight, stride, padding)[0], both(moved, x, weight, stride, 0)[1]


def cut_to_minus_zero(x, weight, stride, padding):
    return scattered(x, weight, stride, 0)[padding:-padding, padding:-padding]


def stamped_by_arrays_of_indices(x, weight, stride, padding):
    (h, w), (kh, kw) = x.shape, weight.shape
    y = np.zeros((stride * (h - 1) + kh, stride * (w - 1) + kw))
    r, q, i, j = np.indices((h, w, kh, kw))
    y[r * stride + i, q * stride + j] += x[r, q] * weight[i, j]
    return y[padding : len(y) - padding, padding : y.shape[1] - padding]


def weight_gradient_not_summed(dy, x, weight, stride, padding):
    return both(dy, x, weight, stride, padding)[0], np.multiply.outer(x, weight)


MUTANTS = {
    "output_size": {
        sizes_of_the_convolution: "wrong for stride 1 without padding",
        stride_times_size: "right for stride 1, wrong for stride 2",
        padding_cut_off_once: "on both sides",
        output_padding_twice: "output_padding is added, once",
    },
    "transposed": {
        stamped_by_arrays_of_indices: "use np.add.at",
        cut_to_minus_zero: "[p:-p] is empty for p = 0",
        kernel_flipped: "the kernel is flipped",
        stride_ignored: "right for stride 1, wrong for stride 2",
        padding_not_cut_off: "right for padding 0, wrong for padding 1",
        padding_cut_off_at_the_end: "right for padding 0, wrong for padding 1",
        stamps_overwrite: "add up",
    },
    "gradients": {
        weight_gradient_not_summed: "is a sum over them missing?",
        weight_gradient_flipped: "dx is right, dW is flipped",
        only_the_input_s: "return both gradients",
        in_each_other_s_place: "in each other's place",
        input_gradient_with_a_flipped_kernel: "dW is right, dx is flipped",
        input_gradient_without_stride: "dW is right, dx is right for stride 1, wrong for stride 2",
        weight_gradient_padded_at_the_end: "dx is right, dW is right for padding 0, wrong for padding 1",
    },
}
