"""Typical wrong answers to lesson 2's exercises, and a part of the hint that each must get."""

import numpy as np


def padding_on_one_side(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


def rounded_up(size, kernel, stride, padding, dilation):
    return -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1


def dilation_ignored(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - kernel) // stride + 1


def dilated_kernel_too_long(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * kernel) // stride + 1


def weight_gradient(dy, x, kernel_size, stride, padding):
    (oh, ow), padded = dy.shape, np.pad(x, padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel_size)[::stride, ::stride][:oh, :ow]
    return np.einsum("yx,yxij->ij", dy, windows)


def weight_gradient_flipped(*arguments):
    return weight_gradient(*arguments)[::-1, ::-1]


def weight_gradient_averaged(dy, *arguments):
    return weight_gradient(dy, *arguments) / dy.size


def weight_gradient_without_padding(dy, x, kernel_size, stride, padding):
    return weight_gradient(dy, np.pad(x, ((0, 2 * padding),) * 2), kernel_size, stride, 0)


def weight_gradient_of_the_image_alone(dy, x, kernel_size, stride, padding):
    (oh, ow), gradient = dy.shape, np.zeros(kernel_size)
    for i, j in np.ndindex(*kernel_size):
        gradient[i, j] = (dy * x[i : i + stride * oh : stride, j : j + stride * ow : stride]).sum()
    return gradient


def weight_gradient_without_stride(dy, x, kernel_size, stride, padding):
    return weight_gradient(dy, x, kernel_size, 1, padding)


def weight_gradient_returned_by_nobody(*arguments):
    weight_gradient(*arguments)


def input_gradient(dy, weight, input_size, stride, padding):
    padded = np.zeros([n + 2 * padding + stride for n in input_size])
    (oh, ow), (kh, kw) = dy.shape, weight.shape
    for i, j in np.ndindex(kh, kw):
        padded[i : i + oh * stride : stride, j : j + ow * stride : stride][:oh, :ow] += dy * weight[i, j]
    return padded[padding:, padding:][: input_size[0], : input_size[1]]


def kernel_flipped(dy, weight, *arguments):
    return input_gradient(dy, weight[::-1, ::-1], *arguments)


def padding_not_cut_off(dy, weight, input_size, stride, padding):
    return input_gradient(dy, weight, [n + 2 * padding for n in input_size], stride, 0)


def padding_cut_off_at_the_end(dy, weight, input_size, stride, padding):
    return padding_not_cut_off(dy, weight, input_size, stride, padding)[: input_size[0], : input_size[1]]


def last_stamp_wins(dy, weight, input_size, stride, padding):
    padded = np.zeros([n + 2 * padding for n in input_size])
    kh, kw = weight.shape
    for row, col in np.ndindex(dy.shape):
        padded[row * stride :, col * stride :][:kh, :kw] = dy[row, col] * weight
    return padded[padding:, padding:][: input_size[0], : input_size[1]]


MUTANTS = {
    "output_size": {
        padding_on_one_side: "padding adds pixels on both sides",
        rounded_up: "a step that does not fit whole is not taken",
        dilation_ignored: "a kernel of 3 reaches over 5",
        dilated_kernel_too_long: "a kernel of 3 reaches over 5",
    },
    "grad_weight": {
        weight_gradient_flipped: "dW is flipped",
        weight_gradient_averaged: "take their sum",
        weight_gradient_without_padding: "right for padding 0, wrong for padding 1",
        weight_gradient_of_the_image_alone: "it was given array (6, 6), array (6, 5), (3, 2), 1, 1",
        weight_gradient_without_stride: "right for stride 1, wrong for stride 2",
        weight_gradient_returned_by_nobody: "is the `return` missing?",
    },
    "grad_input": {
        kernel_flipped: "the kernel is flipped",
        padding_not_cut_off: "the shape is (8, 7), expected (6, 5); right for padding 0, wrong for padding 1",
        padding_cut_off_at_the_end: "right for padding 0, wrong for padding 1",
        last_stamp_wins: "the stamps add up",
    },
}
