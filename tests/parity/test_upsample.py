"""Upsample against PyTorch's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.layers import Upsample

from .compare import check_layer, drawn, torch
from .drawing import LAYOUTS, layouts, normal, pair, seeds

MODES = {
    "nearest": {"mode": "nearest"},
    "nearest-exact": {"mode": "nearest-exact"},
    "bilinear": {"mode": "bilinear"},
    "corners aligned": {"mode": "bilinear", "align_corners": True},
}


@st.composite
def targets(draw):
    """(input shape, size or scale_factor): up and down, whole and broken factors, one number or a pair."""
    h, w = draw(pair(1, 12))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 4)), h, w)
    if draw(st.booleans()):
        return shape, {"size": draw(st.integers(1, 30) | pair(1, 30))}

    def factor(n):  # at least one pixel has to come out of n
        return st.integers(1, 4) | st.floats(1.0 / n + 1e-9, 4)

    return shape, {"scale_factor": draw(factor(min(h, w)) | st.tuples(factor(h), factor(w)))}


@pytest.mark.parametrize("mode", MODES)
@drawn(100)
@given(targets(), seeds, layouts, layouts)
def test_upsample(mode, case, seed, x_layout, dy_layout):
    shape, target = case
    rng = np.random.default_rng(seed)
    x = normal(rng, "float64", x_layout)(shape)
    target = target | MODES[mode]
    check_layer(Upsample(**target), torch.nn.Upsample(**target), x, normal(rng, "float64", dy_layout), 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mode", MODES)
def test_upsample_in_every_layout(mode, layout, dtype):
    rng = np.random.default_rng(1)
    x = normal(rng, dtype, layout)((2, 3, 5, 7))
    target = {"scale_factor": (2.3, 0.6)} | MODES[mode]
    check_layer(Upsample(**target), torch.nn.Upsample(**target), x, normal(rng, dtype, layout))


@pytest.mark.parametrize(
    "pixels, target",
    [
        (26, {"size": (1, 22)}),  # where float32 steps onto the pixel before
        (7, {"size": (1, 6)}),  # where a middle falls between two pixels
        (5, {"scale_factor": (1.0, 1.1)}),  # as many pixels as before: the factor counts no more
        (3, {"scale_factor": (1.0, 2.3)}),  # twice as many: nor does it for "nearest"
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_upsample_where_pytorch_rounds(mode, pixels, target):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((1, 2, 1, pixels))
    target = target | MODES[mode]
    check_layer(Upsample(**target), torch.nn.Upsample(**target), x, normal(rng, "float64", "contiguous"))
