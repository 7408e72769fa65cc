"""LocalResponseNorm's settings; what it computes is compared with PyTorch in tests/parity."""

import math

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import LocalResponseNorm


@pytest.mark.parametrize("name", ["alpha", "beta", "k"])
@pytest.mark.parametrize("value", [-1e-9, math.inf, math.nan, "1", None], ids=repr)
def test_numbers_that_cannot_be(name, value):
    with pytest.raises(InputError, match=f"LocalResponseNorm: {name} is {value!r}"):
        LocalResponseNorm(5, **{name: value})


@pytest.mark.parametrize("size", [0, -1, 2.5, True, None], ids=repr)
def test_sizes_that_cannot_be(size):
    with pytest.raises(InputError, match=f"LocalResponseNorm: size is {size!r}"):
        LocalResponseNorm(size)


def test_alpha_and_beta_may_be_zero():
    x = np.random.default_rng(0).standard_normal((2, 7, 3, 4))
    np.testing.assert_allclose(LocalResponseNorm(5, alpha=0, beta=0.5, k=4)(x), x / 2, rtol=1e-15)
    np.testing.assert_array_equal(LocalResponseNorm(5, beta=0, k=0)(x), x)
