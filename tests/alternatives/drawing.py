"""Hypothesis strategies: nets for the roads, with an image that fits; and two tiny nets to follow by hand."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from minifcn.layers import Conv2d, MaxPool2d, ReLU, Sequential

MOST = 6  # the total stride along one axis


def drawn(examples):
    """The same examples on every run, however slow the machine."""
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


@st.composite
def nets(draw, padded=False):
    """(net, image), float64: two to five layers, strided, dilated, grouped; up to 6 pixels more than a score sees.

    What it sees, `field`, is added up here anew.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    channels = first_channels = draw(st.sampled_from((1, 2, 4)))
    layers, stride, field = [], [1, 1], [1, 1]
    for _ in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from(("conv", "conv", "pool", "relu")))
        if kind == "relu":
            layers.append(ReLU(inplace=bool(layers) and layers[-1].fresh and draw(st.booleans())))
            continue
        kernel = [draw(st.integers(1, 3)) for _ in range(2)]
        steps = [draw(st.sampled_from([s for s in (1, 2, 3) if s * before <= MOST])) for before in stride]
        dilation = [draw(st.integers(1, 2)) for _ in range(2)]
        padding = [draw(st.integers(0, (k - 1) // 2 if padded else 0)) for k in kernel]
        how = tuple(kernel), tuple(steps), tuple(padding), tuple(dilation)
        if kind == "conv":
            groups = 2 if channels % 2 == 0 and draw(st.booleans()) else 1
            out = draw(st.sampled_from((2, 4)))
            layers.append(Conv2d(channels, out, *how, groups=groups, rng=rng))
            layers[-1].bias.data[...] = rng.standard_normal(out)
            channels = out
        else:
            layers.append(MaxPool2d(*how))
        for axis in range(2):
            field[axis] += dilation[axis] * (kernel[axis] - 1) * stride[axis]
            stride[axis] *= steps[axis]
    size = [r + draw(st.integers(0, 6)) for r in field]
    net = Sequential(*layers).astype("float64")
    return net, rng.standard_normal((draw(st.integers(1, 2)), first_channels, *size))


def row(*numbers):
    """An image of one row, (1, 1, 1, W)."""
    return np.array([[[numbers]]], dtype=float)


def conv(*weights, stride=1):
    """A convolution along a row, without bias."""
    layer = Conv2d(1, 1, (1, len(weights)), (1, stride), bias=False).astype("float64")
    layer.weight.data[...] = row(*weights)
    return layer


def two_step():
    """y = relu(x) of differences, max of pairs, weighted sum of pairs: stride 2, receptive field 5."""
    return Sequential(conv(-1, 1), ReLU(), MaxPool2d((1, 2)), conv(1, 10))
