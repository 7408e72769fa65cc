"""Three ways back to the image's size, by hand and beside each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.alternatives import by_interpolation, by_transposed_convolution, coverage, there_and_back
from minifcn.backend import to_device
from minifcn.errors import InputError
from minifcn.layers import ConvTranspose2d, bilinear_weight

from .drawing import drawn


def test_both_by_hand():
    scores = np.array([0.0, 4, 8]).reshape(1, 1, 3, 1) * np.ones((1, 1, 1, 3))
    column = by_interpolation(scores, 2)[0, 0, :, 2]
    np.testing.assert_array_equal(column, [0, 1, 3, 5, 7, 8])
    np.testing.assert_array_equal(by_transposed_convolution(scores, 2)[0, 0, :, 2], [0, 1, 3, 5, 7, 6])


def test_coverage_by_hand():
    assert coverage(3, 2) == [0.75, 1, 1, 1, 1, 0.75]
    np.testing.assert_allclose(coverage(2, 3), [2 / 3, 1, 1, 1, 1, 2 / 3])
    assert coverage(1, 4) == [0.625, 0.875, 0.875, 0.625]
    assert coverage(4, 1) == [1, 1, 1, 1]


@drawn(60)
@given(st.tuples(*[st.integers(1, 5)] * 4), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_they_differ_by_the_coverage_and_so_agree_inside(shape, factor, seed):
    scores = np.random.default_rng(seed).standard_normal(shape)
    smooth, transposed = by_interpolation(scores, factor), by_transposed_convolution(scores, factor)
    rows, cols = (np.array(coverage(n, factor)) for n in shape[2:])
    np.testing.assert_allclose(transposed, smooth * rows[:, None] * cols, rtol=0, atol=1e-10)
    edge = factor // 2
    inside = (..., *(slice(edge, n * factor - edge) for n in shape[2:]))
    np.testing.assert_allclose(transposed[inside], smooth[inside], rtol=0, atol=1e-10)


@pytest.mark.parametrize("factor", [2, 3, 32])
def test_they_do_not_agree_at_the_edge(factor):
    smooth, transposed = (way(np.ones((1, 1, 2, 2)), factor) for way in (by_interpolation, by_transposed_convolution))
    differs = abs(smooth - transposed)[0, 0] > 1e-10
    edge = factor // 2
    expected = np.ones((2 * factor, 2 * factor), bool)
    expected[edge:-edge, edge:-edge] = False
    np.testing.assert_array_equal(differs, expected)


def test_fcn_32s_upsampling_is_this_one_with_an_edge_around():
    """Its crop begins at 19 (paper's code); the fading edge ends at 32, so 13 rows and columns of it are left in."""
    layer = ConvTranspose2d(2, 2, 64, 32, groups=2, bias=False).astype("float64")
    layer.weight.data[...] = bilinear_weight(2, 64, 2, "float64")
    scores = np.random.default_rng(0).standard_normal((1, 2, 3, 4))
    upscored, smooth = layer(scores), by_interpolation(scores, 32)
    np.testing.assert_allclose(upscored[..., 16:-16, 16:-16], by_transposed_convolution(scores, 32), rtol=0, atol=1e-10)
    same = abs(upscored[..., 19:-16, 19:-16] - smooth[..., 3:, 3:]).max(axis=(0, 1)) < 1e-10
    assert not same[12, 12:-16].any() and not same[12:-16, 12].any() and same[13:-16, 13:-16].all()


class TestThereAndBack:
    def test_by_hand(self):
        x = np.array([[1.0, 7, 2, 0], [3, 4, 9, 6]])[None, None]
        maxima, back = there_and_back(x, 2)
        np.testing.assert_array_equal(maxima, [[[[7, 9]]]])
        np.testing.assert_array_equal(back, [[[[0, 7, 0, 0], [0, 0, 9, 0]]]])

    def test_what_fills_no_window_is_0(self):
        np.testing.assert_array_equal(there_and_back(np.full((1, 1, 3, 2), 5.0), 2)[1], [[[[5, 0], [0, 0], [0, 0]]]])

    @drawn(30)
    @given(st.integers(1, 4), st.integers(0, 2**32 - 1))
    def test_one_pixel_of_each_window_comes_back_and_pools_to_itself(self, factor, seed):
        x = np.random.default_rng(seed).uniform(1, 2, (2, 3, 3 * factor, 2 * factor))
        maxima, back = there_and_back(x, factor)
        np.testing.assert_array_equal(back[back != 0], x[back != 0])
        windows = back.reshape(2, 3, 3, factor, 2, factor)
        np.testing.assert_array_equal((windows != 0).sum(axis=(3, 5)), np.ones((2, 3, 3, 2)))
        np.testing.assert_array_equal(windows.max(axis=(3, 5)), maxima)


@pytest.mark.parametrize("way", [by_interpolation, by_transposed_convolution, there_and_back])
class TestEveryWay:
    def test_on_the_device(self, way, device):
        x = np.random.default_rng(1).standard_normal((2, 2, 4, 6), "float32")
        expected, found = way(x, 2), way(to_device(x, "gpu"), 2)
        pairs = zip(found, expected) if isinstance(expected, tuple) else [(found, expected)]
        for one, other in pairs:
            device.assert_same(one, other)

    @pytest.mark.parametrize("factor", [0, 1.5, "2"])
    def test_no_factor(self, way, factor):
        with pytest.raises(InputError, match="factor is"):
            way(np.ones((1, 1, 4, 4)), factor)

    @pytest.mark.parametrize("x", [[1.0], np.ones((4, 4)), np.ones((1, 1, 4, 4), int)])
    def test_no_map(self, way, x):
        with pytest.raises(InputError, match="expected"):
            way(x, 2)
