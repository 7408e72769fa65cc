"""A transposed convolution with bilinear weights against PyTorch's interpolation: equal but at the border, and why."""

import numpy as np
import pytest

from minifcn.layers import bilinear_upsampling

from .compare import assert_equal_to, torch

FACTORS = [1, 2, 3, 4, 5, 8]


def interpolated(x, factor):
    return torch.nn.functional.interpolate(
        torch.from_numpy(x), scale_factor=factor, mode="bilinear", align_corners=False
    )


def upsampled(x, factor):
    return bilinear_upsampling(x.shape[1], factor, dtype="float64")(x)


@pytest.mark.parametrize("factor", FACTORS)
def test_equal_away_from_the_border(factor):
    x = np.random.default_rng(factor).standard_normal((2, 3, 4, 6))
    ours, theirs = upsampled(x, factor), interpolated(x, factor)
    border = factor // 2
    inside = (..., slice(border, ours.shape[2] - border), slice(border, ours.shape[3] - border))
    assert_equal_to(theirs[inside], ours[inside].copy(), "inside")
    if border:  # and no further: the very next ring of pixels differs
        assert (np.abs(ours[..., border - 1, :] - theirs[..., border - 1, :].numpy()) > 1e-3).any()


@pytest.mark.parametrize("factor", FACTORS)
def test_at_the_border_one_goes_on_with_zeros_and_the_other_with_the_last_pixel(factor):
    x = np.random.default_rng(factor).standard_normal((1, 2, 3, 5))
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    around = ((0, 0), (0, 0), (1, 1), (1, 1))
    assert_equal_to(interpolated(np.pad(x, around), factor)[inside], upsampled(x, factor), "zeros around")
    repeated = upsampled(np.pad(x, around, mode="edge"), factor)[inside]
    assert_equal_to(interpolated(x, factor), repeated.copy(), "the last pixel repeated")
