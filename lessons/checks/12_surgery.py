"""What the answers to lesson 12's exercises must do, and what is wrong if not.

Kernels are compared by what the two layers compute, offsets with the published
crops and with numbers worked out by hand, stamps with numbers written out.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same


def to_kernel(answer):
    for outputs, channels, size in ((1, 2, 2), (3, 2, 3), (4, 5, 1)):
        shape = outputs, channels * size * size
        weight = np.random.default_rng(size).standard_normal(shape)
        kernel = np.zeros((outputs, channels, size, size))
        for o, c, i, j in np.ndindex(kernel.shape):
            kernel[o, c, i, j] = weight[o, (c * size + i) * size + j]
        given = answer(weight.copy(), size)
        if is_same(given, kernel[:, :, ::-1, ::-1]) and size > 1:
            raise Wrong("the kernel is flipped: a convolution uses it as it is")
        if is_same(given, kernel.transpose(0, 1, 3, 2)) and size > 1:
            raise Wrong("rows and columns are in each other's place")
        last = weight.reshape(outputs, size, size, channels)
        if is_same(given, last.transpose(0, 3, 1, 2)) and size > 1:
            raise Wrong("the channels come first: channel by channel")
        same(given, kernel, f"wrong for {channels} channels of {size}x{size}")


def crop_offset(answer):
    same(answer([]), 0, "without a layer pixel 0 lies at 0: begin with b = 0")
    conv = ("conv", 3, 1, 100)
    same(answer([conv]), 99, "wrong for one convolution, 3x3 with padding 100")
    same(answer([("conv", 7, 1, 0)]), -3, "wrong for fc6, 7x7 without padding")
    pool = ("pool", 2, 2, 0)
    given = answer([pool])
    if is_same(given, 0):
        raise Wrong("the middle of a 2x2 pooling lies between two pixels")
    same(
        given, -0.25, "wrong for one pooling of 2x2: divide by the stride last"
    )
    same(answer([conv, pool]), 49.25, "right for one layer, wrong for two")
    up = ("up", 64, 32, 0)
    same(answer([up]), 31.5, "wrong for one transposed convolution, 64 and 32")
    same(answer([("up", 4, 2, 1)]), 0.5, "wrong for an upsampling with padding")
    vgg = [conv, *5 * [pool], ("conv", 7, 1, 0), up]
    same(answer(vgg), 19, "wrong for FCN-32s")
    big, conv5 = ("pool", 3, 2, 0), ("conv", 5, 1, 2)
    alexnet = [("conv", 11, 4, 100), big, conv5, big, big]
    alexnet += [("conv", 6, 1, 0), ("up", 63, 32, 0)]
    same(answer(alexnet), 18, "right for FCN-32s, wrong for AlexNet's strides")


def bilinear_kernel(answer):
    tents = {
        3: [0.5, 1, 0.5],
        5: [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3],
        2: [0.5, 0.5],
        4: [0.25, 0.75, 0.75, 0.25],
        8: [0.125, 0.375, 0.625, 0.875, 0.875, 0.625, 0.375, 0.125],
    }
    for size, tent in tents.items():
        kernel = np.array([[a * b for a in tent] for b in tent])
        hint = (
            "right for odd sizes, wrong for" if size % 2 == 0 else "wrong for"
        )
        given = answer(size)
        if is_same(given, tent):
            raise Wrong("that is one axis: both, multiplied, make (size, size)")
        if is_same(given, kernel / kernel.sum()) and size > 2:
            raise Wrong("its sum is not 1: where stamps overlap, they add to 1")
        if is_same(given, np.minimum.outer(tent, tent)) and size > 2:
            raise Wrong("multiply both tents, do not take the smaller one")
        same(given, kernel, f"{hint} size {size}")
