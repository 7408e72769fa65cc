"""What the answers to lesson 6's exercises must do, and what is wrong if not.

Expected: the layer `Linear` on each window, the sizes and the multiply-adds
that minifcn's poolings and convolutions really have.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same
from minifcn.alternatives import multiply_adds, receptive_field
from minifcn.layers import Conv2d, Linear, MaxPool2d

ALEXNET = [
    (11, 4, 0, False),
    (3, 2, 0, True),
    (5, 1, 2, False),
    (3, 2, 0, True),
]
ALEXNET += [(3, 1, 1, False)] * 3 + [(3, 2, 0, True), (6, 1, 0, False)]


def slide_linear(answer):
    rng = np.random.default_rng(0)
    weight, bias = rng.standard_normal((4, 3 * 2 * 5)), rng.standard_normal(4)
    for shape, hint in (
        ((3, 2, 5), "wrong where the map is as large as the layer's own"),
        ((3, 2, 7), "right for the layer's own size, wrong for more columns"),
        ((3, 6, 7), "right for more columns, wrong for more rows"),
    ):
        x = rng.standard_normal(shape)
        given = answer(x.copy(), weight.copy(), bias.copy(), (2, 5))
        expected = _by_windows(x, weight, bias)
        if is_same(given, expected[:, 0, 0]):
            raise Wrong(
                "it is the layer's answer, but of shape (O,): (O, 1, 1)"
            )
        if is_same(given, expected - bias[:, None, None]):
            raise Wrong("the bias is missing")
        for order, name in (((1, 2, 0), "(h, w, C)"), ((0, 2, 1), "(C, w, h)")):
            if is_same(given, _by_windows(x, weight, bias, order)):
                raise Wrong(
                    f"the weights lie in the order (C, h, w), not {name}"
                )
        same(given, expected, hint, tolerance=1e-6)


def _by_windows(x, weight, bias, order=(0, 1, 2)):
    """By `Linear` on each 2x5 window, its numbers laid out in this order."""
    linear = Linear(weight.shape[1], len(weight)).astype("float64")
    linear.weight.data, linear.bias.data = weight, bias
    rows, cols = x.shape[1] - 1, x.shape[2] - 4
    y = np.zeros((len(weight), rows, cols))
    for r, q in np.ndindex(rows, cols):
        window = x[:, r : r + 2, q : q + 5].transpose(order)
        y[:, r, q] = linear(window.reshape(1, -1))[0]
    return y


def sizes(answer):
    for size, layers, hint in (
        (
            227,
            [(11, 4, 0, False)],
            "wrong for AlexNet's conv1, without padding",
        ),
        (61, [(5, 1, 2, False)], "wrong for padding 2: it is on both sides"),
        (30, [(3, 2, 0, False)], "rounded up where `ceil` is False"),
        (30, [(3, 2, 0, True)], "right for rounding down, wrong for ceil"),
        (
            61,
            [(3, 2, 0, True)],
            "with ceil, nothing is added if all fits whole",
        ),
        (500, ALEXNET, "right for one layer, wrong for several"),
        (6, [(1, 2, 0, True)], "a last window may not begin behind the image"),
        (
            5,
            [(2, 2, 1, True)],
            "a last window may not begin in the end's padding",
        ),
    ):
        expected = [size]
        for *window, ceil in layers:
            pool = MaxPool2d(*window, ceil_mode=ceil) if window[0] < 4 else None
            layer = pool or Conv2d(1, 1, *window)
            expected.append(layer.windows[0].output_size(expected[-1]))
        given = answer(size, list(layers))
        if is_same(given, expected[1:]):
            raise Wrong("begin the list with the image's own side")
        same(given, expected, f"{hint}: {size}, {layers}")


def crops_against_one_pass(answer):
    one, two = [(3, 1, 1, 1)], [(3, 1, 2, 4), (2, 1, 4, 3)]
    pooled = [(5, 1, 3, 8), (2, 2, 0, 0), (5, 1, 8, 16), (2, 2, 0, 0)]
    pooled += [(5, 1, 16, 32), (1, 1, 32, 4)]
    for size, layers, hint in (
        (3, one, "wrong for a single score"),
        (4, one, "right for one score, wrong for 2x2"),
        (9, two, "right for one layer, wrong for two"),
        (40, pooled, "right without pooling, wrong with it"),
        (43, pooled, "wrong where not all pixels are seen"),
        (64, [(11, 4, 3, 5), (3, 2, 0, 0)], "wrong for a convolution's stride"),
    ):
        net = [
            Conv2d(i, o, k, s) if o else MaxPool2d(k, s)
            for k, s, i, o in layers
        ]
        field, side = receptive_field(net)[0], size
        for layer in net:
            side = layer.windows[0].output_size(side)
        crop = multiply_adds(net, (field, field))
        whole = multiply_adds(net, (size, size))
        given = answer(size, list(layers))
        if is_same(given, (crop, whole)) and side > 1:
            raise Wrong("that is one crop: there are as many as scores")
        if is_same(given, (whole, side**2 * crop)) and whole != side**2 * crop:
            raise Wrong("the two are in each other's place")
        same(given, (side**2 * crop, whole), f"{hint}: {size}, {layers}")
