"""The matrices of Winograd's transforms: the published ones, and convolutions that they compute."""

import numpy as np
import pytest

from minifcn.convolution.fast.tiling import F4, F6, toom_cook


def test_four_outputs_with_the_published_matrices():
    """Lavin and Gray 2015, section 4."""
    b_t = [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
    g = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]  # in 24ths
    a_t = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
    np.testing.assert_array_equal(F4.b_t, b_t)
    np.testing.assert_allclose(F4.g, np.array(g) / 24, rtol=1e-15)
    np.testing.assert_array_equal(F4.a_t, a_t)
    assert (F4.tile, F4.entries, F6.tile, F6.entries) == (4, 36, 6, 64)


@pytest.mark.parametrize("tiling", [F4, F6, toom_cook(0.0, 1, -1)], ids=["F(4)", "F(6)", "F(2)"])
def test_a_product_of_values_at_points_is_a_convolution(tiling):
    """A^T [(G g) * (B^T d)] = m sums of 3 products, with m + 2 multiplications."""
    m, rng = tiling.tile, np.random.default_rng(0)
    d, g = rng.integers(-9, 10, m + 2), rng.integers(-9, 10, 3)
    expected = [d[i] * g[0] + d[i + 1] * g[1] + d[i + 2] * g[2] for i in range(m)]
    products = (tiling.g @ g) * (tiling.b_t @ d)
    assert len(products) == m + 2
    np.testing.assert_allclose(tiling.a_t @ products, expected, atol=1e-11)


def test_small_numbers():
    """All but the kernels' are exact in any float, and none is large: what is added and cancels again is lost."""
    for tiling, largest in ((F4, 8), (F6, 32)):
        for matrix in (tiling.b_t, tiling.a_t):
            np.testing.assert_array_equal(matrix.astype("float16"), matrix)
            assert abs(matrix).max() <= largest
        assert abs(tiling.g).max() <= 1


def test_how_many_tiles_make_up_an_output():
    assert F4.tiles((4, 5)) == (1, 2)
    assert F6.tiles((12, 13)) == (2, 3)
    assert F6.tiles((1, 6)) == (1, 1)


def test_in_another_dtype():
    narrow = F6.astype(np.dtype("float32"))
    assert {matrix.dtype.name for matrix in narrow} == {"float32"}
    assert narrow.tile == 6
