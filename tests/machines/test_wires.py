"""Sums whose numbers travel as float16."""

import numpy as np
import pytest

from minifcn.machines.wires import HalfWire

from .threads import run_ranks


def travelled(numbers, dtype="float32"):
    array = np.array(numbers, dtype)
    wire, arrived = HalfWire(), np.full(len(numbers), 7, dtype)
    wire.unpack(wire.pack(array), arrived)
    assert arrived.dtype == array.dtype
    return arrived


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-30, 6e-8, 1.0, 65504.0, 1e9, 1e38])
def test_numbers_of_any_size_keep_eleven_bits(scale, dtype):
    """float16 alone would make 0 of the smallest, and infinity of the largest."""
    numbers = np.random.default_rng(0).uniform(0.01, 1, 1000) * np.where(np.arange(1000) % 2, -scale, scale)
    np.testing.assert_allclose(travelled(numbers, dtype), numbers.astype(dtype), rtol=2**-11, atol=0)


def test_what_is_far_below_the_largest_becomes_zero():
    assert travelled([1.0, 2.0**-28, 2.0**-41]).tolist() == [1.0, 2.0**-28, 0.0]


def test_what_float16_can_hold_is_not_rounded():
    numbers = [3.0 * 2.0**40, 5.0 * 2.0**38, -1.5 * 2.0**39, 0.0]
    assert travelled(numbers).tolist() == numbers


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_infinity_and_nan_arrive(bad):
    np.testing.assert_array_equal(travelled([0.5, bad]), [0.5, bad])


def test_nothing_and_zeros_travel():
    assert travelled([]).tolist() == []
    assert travelled([0.0, 0.0]).tolist() == [0, 0]


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_sum_over_float16_takes_half_the_bytes_and_is_the_same_everywhere(size):
    def add(group):
        array = np.random.default_rng(group.rank).standard_normal(12_000).astype("float32") * 1e-6
        group.comm.sent.clear()
        group.sum(array, half=True)
        return array, sum(group.comm.sent)

    exact = sum(np.random.default_rng(rank).standard_normal(12_000).astype("float32") * 1e-6 for rank in range(size))
    results = run_ranks(size, add)
    for array, sent in results:
        np.testing.assert_array_equal(array, results[0][0])
        np.testing.assert_allclose(array, exact, rtol=0, atol=(size + 1) * 2**-11 * 5e-6)
        assert sent == (size - 1) * (24_000 // size + 2) * 2
