"""Typical wrong answers to lesson 13's exercises, and a part of the hint that each must get."""

import numpy as np


def tracked(layers, start, conv, transposed):
    """`track` with the rules (b, kernel, stride, padding) -> b of both kinds of layer."""
    b = start
    for kind, *settings in layers:
        b = b - settings[0] if kind == "crop" else {"conv": conv, "transposed": transposed}[kind](b, *settings)
    return b


def conv_rule(b, kernel, stride, padding):
    return (b + padding - (kernel - 1) / 2) / stride


def transposed_rule(b, kernel, stride, padding):
    return b * stride + (kernel - 1) / 2 - padding


def corners_instead_of_centres(layers, start=0.0):
    return tracked(layers, start, lambda b, k, s, p: (b + p) / s, lambda b, k, s, p: b * s - p)


def pooling_halves(layers, start=0.0):
    def conv(b, kernel, stride, padding):
        return b / 2 if (kernel, stride) == (2, 2) else conv_rule(b, kernel, stride, padding)

    return tracked(layers, start, conv, transposed_rule)


def stride_before_the_kernel(layers, start=0.0):
    return tracked(layers, start, lambda b, k, s, p: (b + p) / s - (k - 1) / 2, transposed_rule)


def padding_added_on_the_way_back(layers, start=0.0):
    return tracked(layers, start, conv_rule, lambda b, k, s, p: b * s + (k - 1) / 2 + p)


def start_forgotten(layers, start=0.0):
    return tracked(layers, 0.0, conv_rule, transposed_rule)


def crop_added(layers, start=0.0):
    b = start
    for kind, *settings in layers:
        rule = {"conv": conv_rule, "transposed": transposed_rule, "crop": lambda b, first: b + first}[kind]
        b = rule(b, *settings)
    return b


def fused(coarse, pool, weight, offset):
    """Right, by another road than the solution's: score all of the pool, then crop."""
    h, w = coarse.shape[1:]
    return coarse + np.einsum("kc,chw->khw", weight, pool)[:, offset : offset + h, offset : offset + w]


def offset_ignored(coarse, pool, weight, offset):
    return fused(coarse, pool, weight, 0)


def coarse_left_out(coarse, pool, weight, offset):
    return fused(np.zeros_like(coarse), pool, weight, offset)


def cropped_from_the_end(coarse, pool, weight, offset):
    return fused(coarse, pool[:, : pool.shape[1] - offset, : pool.shape[2] - offset], weight, 3 - offset)


def cropped_in_rows_only(coarse, pool, weight, offset):
    return fused(coarse, pool[:, offset:], weight, 0)


def gradients(dsum, pool, weight, offset):
    """Right, by another road than the solution's."""
    h, w = dsum.shape[1:]
    used = pool[:, offset : offset + h, offset : offset + w]
    below, beside = pool.shape[1] - h - offset, pool.shape[2] - w - offset
    dpool = np.pad(np.einsum("kc,khw->chw", weight, dsum), ((0, 0), (offset, below), (offset, beside)))
    return dsum, dpool, np.einsum("khw,chw->kc", dsum, used)


def shared_out(dsum, pool, weight, offset):
    return (dsum / 2, *gradients(dsum / 2, pool, weight, offset)[1:])


def no_zeros_around(dsum, pool, weight, offset):
    return dsum, np.einsum("kc,khw->chw", weight, dsum), gradients(dsum, pool, weight, offset)[2]


def zeros_at_the_end_only(dsum, pool, weight, offset):
    dcoarse, _, dweight = gradients(dsum, pool, weight, offset)
    return dcoarse, gradients(dsum, pool, weight, 0)[1], dweight


def weight_gradient_from_the_first_corner(dsum, pool, weight, offset):
    return (*gradients(dsum, pool, weight, offset)[:2], gradients(dsum, pool, weight, 0)[2])


def weight_gradient_transposed(dsum, pool, weight, offset):
    dcoarse, dpool, dweight = gradients(dsum, pool, weight, offset)
    return dcoarse, dpool, dweight.T


def two_of_three(dsum, pool, weight, offset):
    return gradients(dsum, pool, weight, offset)[1:]


def weight_gradient_of_all_pairs(dsum, pool, weight, offset):
    h, w = dsum.shape[1:]
    used = pool[:, offset : offset + h, offset : offset + w]
    return (*gradients(dsum, pool, weight, offset)[:2], np.outer(dsum, used))


MUTANTS = {
    "track": {
        corners_instead_of_centres: "wrong for a 3x3 convolution",
        pooling_halves: "in the middle of the two",
        stride_before_the_kernel: "in the middle of the two",
        padding_added_on_the_way_back: "is cut off",
        start_forgotten: "it is where it was",
        crop_added: "a crop from 5 on makes 5 a 0",
    },
    "fuse": {
        offset_ignored: "the offset is ignored",
        coarse_left_out: "add both",
        cropped_from_the_end: "wrong without an offset",
        cropped_in_rows_only: "right for offset 0, wrong for offset 1",
    },
    "fuse_backward": {
        weight_gradient_of_all_pairs: "np.outer pairs every pixel",
        shared_out: "both get all",
        no_zeros_around: "needs zeros",
        zeros_at_the_end_only: "own place",
        weight_gradient_from_the_first_corner: "dweight is right for offset 0, wrong for offset 1",
        weight_gradient_transposed: "transposed",
        two_of_three: "return all",
    },
}
