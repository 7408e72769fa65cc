"""What the answers to lesson 5's exercises must do, and what is wrong if not.

Receptive fields come from minifcn's geometry, which follows a map's place on
the image; multiply-adds from a module built of layers; parameters are those of
the published networks, counted by hand where there is none.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same
from minifcn.convolution.geometry import Window, chain
from minifcn.models.googlenet import inception
from minifcn.models.vgg import CONFIGURATIONS

CHANNELS = (64, 128, 256, 512, 512)


def receptive_field(answer):
    two, pooled = [(3, 1, 1)] * 2, [(3, 1, 1), (2, 2, 1), (3, 1, 1)]
    dilated = [(3, 1, 1), (2, 2, 1), (3, 1, 2), (3, 2, 3)]
    cases = (
        ([(3, 1, 1)], "wrong for one 3x3 layer"),
        (two, "right for one layer, wrong for two of 3x3"),
        ([(11, 4, 1)], "right for stride 1, wrong for one layer of stride 4"),
        (pooled, "a layer's own stride counts for the layers after it"),
        (dilated, "right for dilation 1; with dilation 2 a 3 reaches over 5"),
        ([], "with no layer at all a score is a pixel: (1, 1)"),
    )
    for layers, hint in cases:
        windows = [Window(k, s, 0, d) for k, s, d in layers]
        place = chain(10_000, windows)[-1]
        expected = place.receptive_field, int(place.pitch)
        given = answer(list(layers))
        if layers == two and is_same(given, (6, 1)):
            raise Wrong("a 3x3 kernel adds 2 pixels, not 3: the middle is seen")
        if is_same(given, expected[::-1]) and expected[0] != expected[1]:
            raise Wrong("r and j are in each other's place")
        same(given, expected, f"{hint}: {layers}")


def parameters(answer):
    paper = {"A": 132_863_336, "D": 138_357_544, "E": 143_667_240}
    cases = [(CONFIGURATIONS[n], CHANNELS, 1000, t) for n, t in paper.items()]
    for blocks, channels, n_class, expected in cases:
        given = answer(blocks, channels, n_class)
        _explain(given, expected, blocks, channels, n_class)
        same(given, expected, f"wrong for {blocks}")
    for blocks, channels, n_class, expected, hint in (
        (CONFIGURATIONS["C"], CHANNELS, 1000, 133_638_952, "1x1 kernels of C"),
        (CONFIGURATIONS["D"], CHANNELS, 21, 134_346_581, "21 classes"),
        (((3,), (3,)), (2, 4), 5, 68_186_249, "two blocks: 56x56 are left"),
    ):
        given = answer(blocks, channels, n_class)
        same(given, expected, f"right for A, D and E, wrong for {hint}")


def _explain(given, expected, blocks, channels, n_class):
    """Raise Wrong for a known mistake."""
    per_block = list(zip(blocks, channels))
    biases = sum(len(kernels) * c for kernels, c in per_block) + 8192 + n_class
    if is_same(given, expected - biases):
        raise Wrong("the biases are missing: one for each output channel")
    if is_same(given, expected - 48 * 512 * 4096):
        raise Wrong("fc6 sees all 7x7 pixels of the last map")


def inception_work(answer):
    cases = (
        (1, (1, 1, 1, 1, 1, 1), 1, "wrong where all channels are 1"),
        (3, (2, 1, 1, 1, 1, 1), 1, "wrong for 3 input channels"),
        (
            3,
            (2, 4, 5, 3, 7, 6),
            1,
            "right for one channel each, wrong for many",
        ),
        (
            3,
            (2, 4, 5, 3, 7, 6),
            4,
            "right for one pixel, wrong for a map of 4x4",
        ),
    )
    for inputs, sizes, side, hint in cases:
        module = inception(inputs, sizes, np.random.default_rng(0))
        weights = [
            layer.weight.size
            for layer in module.layers()
            if hasattr(layer, "weight")
        ]
        given = answer(inputs, sizes, side)
        one, _, three, _, five, _ = sizes
        plain = inputs * (one + 9 * three + 25 * five) * side**2
        if is_same(given, plain):
            raise Wrong("3x3 and 5x5 see the reduced channels, not the input's")
        same(
            given, sum(weights) * side**2, f"{hint}: {inputs}, {sizes}, {side}"
        )
