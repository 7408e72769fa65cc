"""Products in slices, and which slices those are."""

import numpy as np
import pytest

from minifcn.convolution.fast import products

RNG = np.random.default_rng(0)
A, B, C = (RNG.integers(-4, 5, shape).astype(float) for shape in ((2, 3, 5), (2, 5, 1000), (2, 7, 1000)))


@pytest.mark.parametrize("small, slices", [(0, 1), (15_000, 1), (14_999, 2), (4000, 4), (3839, 1)])
def test_columns_go_in_slices_where_those_are_small_products_but_not_too_small(small, slices, monkeypatch):
    """15 multiplications for each of 1000 columns; a slice has 256 columns at least."""
    monkeypatch.setattr(products, "SMALL", small)
    assert sum(count for _, count in products._slices(1000, 15)) == slices


@pytest.mark.parametrize("small, least", [(0, 256), (3000, 100), (100, 1)])
def test_products_are_the_same_in_slices(small, least, monkeypatch):
    monkeypatch.setattr(products, "SMALL", small)
    monkeypatch.setattr(products, "LEAST_COLUMNS", least)
    y, sums = np.full((2, 3, 1000), np.nan), np.full((2, 5, 7), np.nan)
    products.multiply(A, B, y)
    np.testing.assert_array_equal(y, np.einsum("gmk,gkt->gmt", A, B))
    products.add_product(B, C.swapaxes(1, 2), sums, first=True)
    products.add_product(B, C.swapaxes(1, 2), sums, first=False)
    np.testing.assert_array_equal(sums, 2 * np.einsum("gmt,gnt->gmn", B, C))


def test_sums_of_lanes():
    pieces = products.lanes([(number,) for number in range(10)], 8)
    assert [len(lane) for lane in pieces] == [3, 3, 2, 2]

    def add(sums, first, number):
        if first:
            sums[...] = 0
        sums += number

    assert products.summed(add, pieces, np.full((4, 2), np.nan)).tolist() == [45, 45]
    assert products.summed(add, products.lanes([], 8), np.full((1, 2), np.nan)).tolist() == [0, 0]
    assert len(products.lanes([(1,), (2,)], products.LANE_BYTES + 1)) == 1
