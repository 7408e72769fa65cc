"""Typical wrong answers to lesson 8's exercises, and a part of the hint that each must get."""

import numpy as np


def counted(size, kernel, stride, padding, dilation):
    """Right, by another road than the solution's: the windows' ends."""
    ends = range(dilation * (kernel - 1), size + 2 * padding, stride)
    return len(ends), size + 2 * padding - 1 - ends[-1]


def padding_on_one_side(size, kernel, stride, padding, dilation):
    return counted(size + padding, kernel, stride, 0, dilation)


def rounded_up(size, kernel, stride, padding, dilation):
    o, a = counted(size, kernel, stride, padding, dilation)
    return o + (a > 0), a


def unseen_with_half_the_padding(size, kernel, stride, padding, dilation):
    """With the padding of one side alone."""
    o, _ = counted(size, kernel, stride, padding, dilation)
    return o, (size - dilation * (kernel - 1) - 1 + padding) % stride


def unseen_without_the_padding(size, kernel, stride, padding, dilation):
    o, _ = counted(size, kernel, stride, padding, dilation)
    return o, (size - kernel) % stride


def dilation_ignored(size, kernel, stride, padding, dilation):
    return counted(size, kernel, stride, padding, 1)


def output_alone(*arguments):
    return counted(*arguments)[0]


def in_each_other_s_place(*arguments):
    return counted(*arguments)[::-1]


def unseen_is_at_most_one(*arguments):
    o, a = counted(*arguments)
    return o, min(a, 1)


def placed(x, kernel, stride, padding, unseen, zeros=None, after=None):
    """Right, by another road than the solution's: pixel after pixel."""
    before = kernel - 1 - padding if zeros is None else zeros
    after = before + unseen if after is None else after
    y = np.zeros([stride * (n - 1) + 1 + before + after for n in x.shape])
    for row, col in np.ndindex(x.shape):
        y[before + row * stride, before + col * stride] = x[row, col]
    return y


def padded_by_p(x, kernel, stride, padding, unseen):
    return placed(x, kernel, stride, padding, unseen, zeros=padding)


def padded_in_full(x, kernel, stride, padding, unseen):
    return placed(x, kernel, stride, padding, unseen, zeros=kernel - 1)


def stride_zeros_between(x, kernel, stride, padding, unseen):
    return placed(x, kernel, stride + 1, padding, unseen)


def stride_two_always(x, kernel, stride, padding, unseen):
    return placed(x, kernel, min(stride, 2), padding, unseen)


def zeros_behind_the_last_pixel(x, kernel, stride, padding, unseen):
    before = kernel - 1 - padding
    after = before + unseen + stride - 1
    return placed(x, kernel, stride, padding, unseen, after=after)


def never_stretched(x, kernel, stride, padding, unseen):
    return placed(x, kernel, 1, padding, unseen)


def unseen_left_out(x, kernel, stride, padding, unseen):
    return placed(x, kernel, stride, padding, 0)


def unseen_at_the_start(x, kernel, stride, padding, unseen):
    p = kernel - 1 - padding
    return placed(x, kernel, stride, padding, unseen, p + unseen, p)


def nothing_put_in(x, *arguments):
    return placed(0 * x, *arguments)


def all_sizes(output, kernel, stride, padding):
    """Right, by another road than the solution's: from the last possible size back."""
    largest = stride * output + kernel - 2 * padding - 1
    return [n for n in range(largest - stride + 1, largest + 1) if n > 0]


def smallest_alone(*arguments):
    return all_sizes(*arguments)[:1]


def one_too_many(output, kernel, stride, padding):
    sizes = all_sizes(output, kernel, stride, padding)
    return [*sizes, sizes[-1] + 1]


def below_one_too(output, kernel, stride, padding):
    least = stride * (output - 1) + kernel - 2 * padding
    return list(range(least, least + stride))


def two_always(output, kernel, stride, padding):
    return all_sizes(output, kernel, stride, padding)[:2]


def largest_first(*arguments):
    return all_sizes(*arguments)[::-1]


MUTANTS = {
    "convolution": {
        padding_on_one_side: "padding adds pixels on both sides",
        rounded_up: "wrong where a step does not fit whole",
        unseen_with_half_the_padding: "o is right, a is not; right for stride 1, wrong for stride 2",
        unseen_without_the_padding: "o is right, a is not; a belongs to the padded image",
        dilation_ignored: "a kernel of 3 reaches over 5",
        output_alone: "return both numbers",
        in_each_other_s_place: "in each other's place",
        unseen_is_at_most_one: "o is right, a is not; wrong for stride 5",
    },
    "stretched": {
        padded_by_p: "p' is k - 1 - p",
        padded_in_full: "wrong for full padding",
        never_stretched: "right for stride 1, wrong for stride 2",
        stride_zeros_between: "wrong for stride 1 and padding 0",
        stride_two_always: "wrong for stride 3",
        zeros_behind_the_last_pixel: "the shape is (12, 14), expected (11, 13); right for stride 1",
        unseen_left_out: "right for a = 0, wrong for a = 1",
        unseen_at_the_start: "right for a = 0, wrong for a = 1",
        nothing_put_in: "it is all zeros",
    },
    "possible_sizes": {
        smallest_alone: "with stride 2 there are two sizes",
        one_too_many: "with stride 1 there is just one size",
        two_always: "wrong for stride 3",
        below_one_too: "a size is at least 1",
        largest_first: "the smallest comes first",
    },
}
