"""Bilinear interpolation as a transposed convolution: weights by hand, and where it meets the interpolation."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import ConvTranspose2d, bilinear_upsampling, bilinear_weight


class TestWeight:
    def test_even_kernel_by_hand(self):
        tent = np.array([1, 3, 3, 1]) / 4
        weight = bilinear_weight(2, 4)
        assert weight.shape == (2, 2, 4, 4) and weight.dtype == "float32"
        for channel in range(2):
            np.testing.assert_array_equal(weight[channel, channel], np.outer(tent, tent))
        assert not weight[0, 1].any() and not weight[1, 0].any()

    @pytest.mark.parametrize(
        "kernel_size, tent",
        [(1, [1]), (2, [0.5, 0.5]), (3, [0.5, 1, 0.5]), (5, [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]), (6, [1, 3, 5, 5, 3, 1])],
    )
    def test_odd_and_even_kernels_by_hand(self, kernel_size, tent):
        tent = np.array(tent) / (6 if kernel_size == 6 else 1)
        np.testing.assert_allclose(bilinear_weight(1, kernel_size)[0, 0], np.outer(tent, tent), rtol=1e-6)

    def test_one_kernel_a_channel(self):
        weight = bilinear_weight(3, 3, groups=3)
        assert weight.shape == (3, 1, 3, 3)
        np.testing.assert_array_equal(weight[:, 0], [np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])] * 3)

    def test_groups_of_two_channels(self):
        weight = bilinear_weight(4, 1, groups=2)[..., 0, 0]
        np.testing.assert_array_equal(weight, [[1, 0], [0, 1], [1, 0], [0, 1]])

    @pytest.mark.parametrize("wrong", [(0, 4, 1), (2, 0, 1), (2, 4, 0), (3, 4, 2)])
    def test_numbers_that_make_no_sense(self, wrong):
        with pytest.raises(InputError, match=r"bilinear_weight: .*(at least 1|do not divide)"):
            bilinear_weight(*wrong)


def test_upsampling_by_2_lies_between_the_pixels():
    # New pixels lie a quarter to either side of the old ones; those at the ends lean on the zeros outside.
    layer = bilinear_upsampling(1, 2)
    rows = np.array([1.0, 1.0, 1.0], np.float32).reshape(3, 1)
    y = layer((rows * np.array([0, 4, 8, 4], np.float32))[None, None])
    np.testing.assert_array_equal(y[0, 0, 2], [0, 1, 3, 5, 7, 7, 5, 3])


def test_upsampling_by_3_keeps_the_pixels():
    y = bilinear_upsampling(1, 3).astype("float64")(np.array([[[[3.0, 6.0, 0.0]]]]))
    np.testing.assert_allclose(y[0, 0, 1], [2, 3, 4, 5, 6, 4, 2, 0, 0], rtol=1e-6)


def test_the_paper_s_32_keeps_a_slope():
    layer = ConvTranspose2d(1, 1, 64, 32, bias=False)
    layer.weight.data[...] = bilinear_weight(1, 64)
    slope = np.arange(5, dtype=np.float32) * np.ones((4, 1), np.float32)
    inside = layer(slope[None, None])[0, 0, 32:-32, 32:-32]
    expected = np.arange(128) / 32 + 1 / 64  # from pixel 0's centre + half a fine pixel
    np.testing.assert_allclose(inside, np.tile(expected, (96, 1)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kernel_size, stride", [(8, 4), (7, 4), (6, 3), (5, 3), (2, 1), (1, 1), (63, 32)])
def test_a_constant_map_stays_constant_inside(kernel_size, stride):
    """2s taps or 2s - 1: tents a stride apart add up to 1."""
    layer = ConvTranspose2d(1, 1, kernel_size, stride, bias=False).astype("float64")
    layer.weight.data[...] = bilinear_weight(1, kernel_size)
    y = layer(np.ones((1, 1, 4, 4)))[0, 0]
    np.testing.assert_allclose(y[kernel_size:-kernel_size, kernel_size:-kernel_size], 1, rtol=1e-6)
    assert y[kernel_size:-kernel_size].size


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7, 8])
def test_the_layer_makes_maps_factor_times_as_large(factor):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5), dtype=np.float32)
    y = bilinear_upsampling(3, factor)(x)
    assert y.shape == (2, 3, 4 * factor, 5 * factor)
    if factor == 1:
        np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("factor", [0, 2.5, "2", (2, 3)])
def test_a_factor_that_is_none(factor):
    with pytest.raises(InputError, match="factor is"):
        bilinear_upsampling(1, factor)
