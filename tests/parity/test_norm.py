"""Local response normalisation against PyTorch's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minifcn.layers import LocalResponseNorm

from .compare import check_layer, drawn, torch
from .drawing import layouts, normal, seeds


@drawn(60)
@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 5), st.integers(1, 6)),
    size=st.integers(1, 7),
    settings=st.tuples(st.floats(0, 2), st.floats(0.1, 2), st.floats(0.5, 3)),
    layout=layouts,
    seed=seeds,
)
def test_outputs_and_gradients(shape, size, settings, layout, seed):
    random = normal(np.random.default_rng(seed), "float64", layout)
    check_layer(LocalResponseNorm(size, *settings), torch.nn.LocalResponseNorm(size, *settings), random(shape), random)
