"""What the answers to lesson 13's exercises must do, and what is wrong if not.

The expected places come from minifcn's geometry, and from counting on paper;
the sum from plain loops, and its gradients by pushing each number, as the sum
is linear in each of its three parts.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same
from minifcn.convolution.geometry import Place, Window


def track(answer):
    conv1, pool, up = ("conv", 3, 1, 100), ("conv", 2, 2, 0), "transposed"
    cases = [  # layers, what is new in them
        ([("conv", 3, 1, 1)], "wrong for a 3x3 convolution with padding 1"),
        ([conv1], "padding 100 puts 100 pixels before the image's first one"),
        ([("conv", 7, 1, 0)], "wrong for a 7x7 convolution without padding"),
        ([pool], "a pooled pixel lies in the middle of the two it sees"),
        ([conv1, pool], "each layer begins from where the last one ended"),
        ([conv1, pool, pool], "wrong for two poolings"),
        ([("conv", 5, 3, 2)], "wrong for stride 3 and padding 2 together"),
        ([(up, 4, 2, 0)], "wrong for a transposed convolution, padding 0"),
        ([pool, (up, 4, 2, 0)], "wrong for down and up again"),
        ([(up, 4, 2, 1)], "the padding of a transposed one is cut off"),
        ([pool, (up, 5, 3, 2)], "wrong for a stamp of 5, stride 3, padding 2"),
    ]
    for layers, hint in cases:
        same(answer(list(layers)), _place(layers), f"{hint}: {layers}")
    same(answer([], 2.5), 2.5, "without layers it is where it was: start")
    same(answer([("crop", 5)], 5.75), 0.75, "a crop from 5 on makes 5 a 0")
    whole = [conv1, *[pool] * 5, ("conv", 7, 1, 0), (up, 64, 32, 0)]
    same(answer([*whole, ("crop", 19)]), 0, "wrong for the whole FCN-32s")


def fuse(answer):
    for offset, hint in (
        (0, "wrong without an offset"),
        (1, "right for offset 0, wrong for offset 1"),
        (2, "wrong for offset 2"),
    ):
        coarse, pool, weight = _inputs()
        given = answer(coarse.copy(), pool.copy(), weight.copy(), offset)
        expected = _fused(coarse, pool, weight, offset)
        if is_same(given, expected - coarse):
            raise Wrong("the coarse scores are missing: add both")
        if offset and is_same(given, _fused(coarse, pool, weight, 0)):
            raise Wrong("the offset is ignored: crop the pool from it on")
        same(given, expected, hint)


def fuse_backward(answer):
    for offset, hint in (
        (0, "wrong without an offset"),
        (1, "right for offset 0, wrong for offset 1"),
    ):
        coarse, pool, weight = _inputs()
        dsum = np.random.default_rng(1).standard_normal(coarse.shape)
        parts = coarse, pool, weight
        expected = [_gradient(dsum, parts, n, offset) for n in range(3)]
        given = answer(dsum.copy(), pool.copy(), weight.copy(), offset)
        if not isinstance(given, tuple) or len(given) != 3:
            raise Wrong("return all: `return dcoarse, dpool, dweight`")
        if is_same(given[0], dsum / 2):
            raise Wrong("a sum does not share its gradient out: both get all")
        same(given[0], expected[0], "dcoarse: what does a sum hand down?")
        shape = np.shape(given[1])
        if shape != pool.shape and shape[1:] == dsum.shape[1:]:
            raise Wrong("dpool needs zeros where the pool was cropped away")
        if offset and is_same(given[1], _moved(expected[1], offset)):
            raise Wrong("dpool: the zeros belong around the crop's own place")
        same(given[1], expected[1], f"dcoarse is right, dpool is {hint}")
        if np.shape(given[2]) == weight.T.shape:
            raise Wrong("dweight is transposed: its shape is weight's")
        if np.ndim(given[2]) == 2 and np.shape(given[2])[0] == dsum.size:
            raise Wrong(
                "dweight: np.outer pairs every pixel with every other: take "
                "those at the same place, and sum over them"
            )
        right = "dcoarse and dpool are right, dweight is"
        same(given[2], expected[2], f"{right} {hint}")


def _place(layers):
    """Where the first pixel lies, by the maps' places on the image."""
    place = Place(1000)
    for kind, kernel, stride, padding in layers:
        transposed = kind == "transposed"
        window = Window(kernel, stride, padding, transposed=transposed)
        place = place.after(window)
    return float(-place.start / place.pitch)


def _inputs():
    rng = np.random.default_rng(0)
    shapes = (3, 2, 4), (2, 5, 7), (3, 2)
    return [rng.standard_normal(shape) for shape in shapes]


def _fused(coarse, pool, weight, offset):
    total = coarse.copy()
    for k, row, col in np.ndindex(coarse.shape):
        for c in range(len(pool)):
            pixel = pool[c, row + offset, col + offset]
            total[k, row, col] += weight[k, c] * pixel
    return total


def _gradient(dsum, parts, number, offset):
    """The gradient of one part: what a push of 1 changes."""
    gradient = np.zeros_like(parts[number])
    start = _fused(*parts, offset)
    for entry in np.ndindex(gradient.shape):
        pushed = [part.copy() for part in parts]
        pushed[number][entry] += 1
        gradient[entry] = (dsum * (_fused(*pushed, offset) - start)).sum()
    return gradient


def _moved(gradient, offset):
    """The gradient of a pool, put into its first corner."""
    return np.roll(gradient, (-offset, -offset), axis=(1, 2))
