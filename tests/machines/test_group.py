"""What the processes of a group tell each other, and how many bytes it takes; with threads for processes."""

import numpy as np
import pytest

from minifcn.machines import Group, sums

from .threads import run_ranks

RANKS = [1, 2, 3, 4]


def drawn(rank, shape, dtype):
    """One rank's array: numbers whose sum depends on the order of the additions."""
    numbers = np.random.default_rng(rank).standard_normal(shape) * 10.0 ** (3 * rank)
    return np.asarray(numbers, dtype)


def in_order(arrays):
    """Their sum, added up one after the other."""
    total = arrays[0].copy()
    for array in arrays[1:]:
        total += array
    return total


@pytest.mark.parametrize("size", RANKS)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (257, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_have_the_bits_of_additions_in_the_order_of_the_ranks(size, shape, dtype):
    def add(group):
        array = drawn(group.rank, shape, dtype)
        group.sum(array)
        return array

    expected = in_order([drawn(rank, shape, dtype) for rank in range(size)])
    for array in run_ranks(size, add):
        np.testing.assert_array_equal(array, expected)


def test_a_long_array_is_summed_in_pieces(monkeypatch):
    monkeypatch.setattr(sums, "MESSAGE", 64)

    def add(group):
        array = drawn(group.rank, 1001, "float64")
        group.sum(array)
        return array, max(group.comm.sent)

    expected = in_order([drawn(rank, 1001, "float64") for rank in range(3)])
    for array, longest in run_ranks(3, add):
        np.testing.assert_array_equal(array, expected)
        assert longest <= 64


def test_a_view_that_is_not_in_one_piece_is_summed_where_it_is():
    def add(group):
        array = np.zeros((4, 6))
        array[:, ::2] = group.rank + 1
        group.sum(array.T[::2])
        return array

    for array in run_ranks(2, add):
        np.testing.assert_array_equal(array[:, ::2], 3)
        np.testing.assert_array_equal(array[:, 1::2], 0)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_sum_sends_no_more_than_it_must(size):
    """2 (n - 1) / n of the array's bytes from each process (Patarasuk and Yuan 2009)."""

    def add(group):
        array = np.ones(12 * 1000, "float32")
        group.comm.sent.clear()
        group.sum(array)
        return sum(group.comm.sent)

    assert run_ranks(size, add) == [2 * (size - 1) * 48000 // size] * size


@pytest.mark.parametrize("size", RANKS)
def test_everybody_gathers_everybodys_values_in_order(size):
    expected = [{"rank": rank, "long": "x" * 1000 * rank} for rank in range(size)]
    got = run_ranks(size, lambda group: group.gather({"rank": group.rank, "long": "x" * 1000 * group.rank}))
    assert got == [expected] * size


def test_any_is_known_to_all():
    assert run_ranks(3, lambda group: (group.any(group.rank == 1), group.any(False))) == [(True, False)] * 3


@pytest.mark.parametrize("size", RANKS)
def test_a_broadcast_brings_rank_0s_value(size):
    def tell(group):
        weights = np.arange(60.0).reshape(3, 20)
        value = {"a": weights.T, "b": [weights[:, ::2].copy()], "none": np.empty(0), "text": "x"}
        return group.broadcast(value if group.rank == 0 else None)

    for value in run_ranks(size, tell):
        np.testing.assert_array_equal(value["a"], np.arange(60.0).reshape(3, 20).T)
        np.testing.assert_array_equal(value["b"][0], np.arange(60.0).reshape(3, 20)[:, ::2])
        assert (value["none"].shape, value["text"]) == ((0,), "x")
        value["a"] += 1  # what came is the receiver's own


def test_a_broadcast_array_leaves_rank_0_less_than_twice():
    def tell(group):
        group.comm.sent.clear()
        group.broadcast(np.zeros(1 << 20, np.uint8) if group.rank == 0 else None)
        return sum(group.comm.sent)

    first, *others = run_ranks(4, tell)
    assert first < 1.5 * (1 << 20) + 2000
    assert max(others) < 0.5 * (1 << 20) + 2000


def test_shares_are_all_of_it_in_the_order_of_the_ranks():
    shares = run_ranks(3, lambda group: group.share(7))
    assert [list(range(7))[share] for share in shares] == [[0, 1], [2, 3], [4, 5, 6]]
    assert [list(range(2))[share] for share in run_ranks(3, lambda group: group.share(2))] == [[], [0], [1]]


def test_one_process_alone_is_a_group():
    group, array = Group(), np.arange(3.0)
    group.sum(array)
    group.leave()
    assert array.tolist() == [0, 1, 2]
    assert (group.gather("x"), group.broadcast("y"), group.any(True), group.any(False)) == (["x"], "y", True, False)
    assert group.share(5) == slice(0, 5)
    with pytest.raises(SystemExit) as end:
        group.abort(2)
    assert end.value.code == 2
