"""Typical wrong answers to lesson 5's exercises, and a part of the hint that each must get."""

CHANNELS_OF_FC = 4096


def field(layers):
    """Right, by another road than the solution's: from the last layer back to the image."""
    reach, total = 1, 1
    for kernel, stride, dilation in reversed(layers):
        reach, total = (reach - 1) * stride + dilation * (kernel - 1) + 1, total * stride
    return reach, total


def three_added_by_each(layers):
    r, j = 0, 1
    for kernel, stride, dilation in layers:
        r, j = r + kernel * dilation * j, j * stride
    return max(r, 1), j


def stride_counts_for_itself(layers):
    r, j = 1, 1
    for kernel, stride, dilation in layers:
        j *= stride
        r += dilation * (kernel - 1) * j
    return r, j


def strides_ignored(layers):
    return field([(kernel, 1, dilation) for kernel, _, dilation in layers])[0], field(layers)[1]


def dilation_ignored(layers):
    return field([(kernel, stride, 1) for kernel, stride, _ in layers])


def in_each_other_s_place(layers):
    return field(layers)[::-1]


def count(blocks, channels, n_class, bias=1, side=None, kernel=None):
    """Right, by another road than the solution's: a list of (inputs, outputs) first."""
    shapes, inputs = [], 3
    for kernels, outputs in zip(blocks, channels):
        for k in kernels:
            shapes.append(((kernel or k) ** 2 * inputs, outputs))
            inputs = outputs
    side = side or 224 // 2 ** len(blocks)
    shapes += [(side**2 * inputs, CHANNELS_OF_FC), (CHANNELS_OF_FC, CHANNELS_OF_FC), (CHANNELS_OF_FC, n_class)]
    return sum((i + bias) * o for i, o in shapes)


def without_biases(*arguments):
    return count(*arguments, bias=0)


def fc6_of_one_pixel(*arguments):
    return count(*arguments, side=1)


def always_seven(*arguments):
    return count(*arguments, side=7)


def always_three(*arguments):
    return count(*arguments, kernel=3)


def always_thousand(blocks, channels, n_class):
    return count(blocks, channels, 1000)


def convolutions_only(blocks, channels, n_class):
    fully_connected = (7 * 7 * channels[-1] + 1) * CHANNELS_OF_FC + (CHANNELS_OF_FC + 1) * (CHANNELS_OF_FC + n_class)
    return count(blocks, channels, n_class) - fully_connected


def module(inputs, sizes, side):
    one, reduce3, three, reduce5, five, project = sizes
    pairs = (inputs, one, 1), (inputs, reduce3, 1), (reduce3, three, 3), (inputs, reduce5, 1), (reduce5, five, 5)
    return sum(i * o * k * k for i, o, k in (*pairs, (inputs, project, 1))) * side * side


def without_reduction(inputs, sizes, side):
    one, _, three, _, five, _ = sizes
    return inputs * (one + 9 * three + 25 * five) * side**2


def large_kernels_on_the_input(inputs, sizes, side):
    _, reduce3, three, reduce5, five, _ = sizes
    extra = (inputs - reduce3) * three * 9 + (inputs - reduce5) * five * 25
    return module(inputs, sizes, side) + extra * side**2


def map_forgotten(inputs, sizes, side):
    return module(inputs, sizes, 1)


def projection_forgotten(inputs, sizes, side):
    return module(inputs, (*sizes[:5], 0), side)


def returned_by_nobody(*arguments):
    module(*arguments)


MUTANTS = {
    "receptive_field": {
        three_added_by_each: "adds 2 pixels, not 3",
        stride_counts_for_itself: "right for stride 1, wrong for one layer of stride 4",
        strides_ignored: "counts for the layers after it",
        dilation_ignored: "a 3 reaches over 5",
        in_each_other_s_place: "in each other's place",
    },
    "parameters": {
        without_biases: "the biases are missing",
        fc6_of_one_pixel: "fc6 sees all 7x7 pixels",
        always_seven: "wrong for two blocks",
        always_three: "wrong for 1x1 kernels of C",
        always_thousand: "wrong for 21 classes",
        convolutions_only: "wrong for ((3,), (3,)",
    },
    "inception_work": {
        without_reduction: "see the reduced channels",
        large_kernels_on_the_input: "wrong for 3 input channels",
        map_forgotten: "right for one pixel, wrong for a map",
        projection_forgotten: "wrong where all channels are 1",
        returned_by_nobody: "is the `return` missing?",
    },
}
