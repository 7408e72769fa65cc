"""Random numbers by key and place: published ones, and no pattern among those that lie side by side."""

import numpy as np
import pytest

from minifcn.backend import parallel, random, to_host
from minifcn.backend.random import random_bits, random_mask

KEY = np.uint64(1234567)
# The first numbers of splitmix64 after the seed 1234567, as they are published for its implementations.
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def test_published_numbers(device):
    bits = random_bits(KEY, 0, 5, device.xp)
    device.assert_copies()
    assert bits.dtype == "uint64" and to_host(bits).tolist() == PUBLISHED
    assert to_host(random_bits(KEY, 2, 4, device.xp)).tolist() == PUBLISHED[2:4]


def test_the_keys_wrap():
    """A key near 2^64 is the generator's state just before it goes over: the next one has lost 2^64."""
    states = [n * 0x9E3779B97F4A7C15 - 1 for n in (1, 2, 3)]
    assert random_bits(np.uint64(2**64 - 1), 0, 3, np).tolist() == [mixed(state) for state in states]


def mixed(z):
    """SplitMix64's mixing in Python's integers."""
    z %= 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def test_a_mask_compares_each_number_with_the_probability(device):
    p = 0.4  # of 2^64 are 7.4e18
    mask = random_mask(KEY, (5, 1), p, device.xp)
    device.assert_copies()
    assert mask.dtype == "bool" and to_host(mask).tolist() == [[n >= p * 2**64] for n in PUBLISHED]


def test_a_mask_may_begin_at_any_number_of_its_key():
    np.testing.assert_array_equal(
        random_mask(KEY, (3, 4), 0.5, np, 7), random_mask(KEY, (19,), 0.5, np)[7:].reshape(3, 4)
    )


def test_a_mask_is_the_same_in_pieces(monkeypatch):
    whole = random_mask(KEY, (7, 11, 13), 0.5, np)
    monkeypatch.setattr(random, "PIECE", 10)
    assert len(parallel.chunks(1001, 1, random.PIECE)) > 90
    np.testing.assert_array_equal(random_mask(KEY, (7, 11, 13), 0.5, np), whole)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_share(p):
    """Of a million entries the share that is dropped is p to five standard deviations."""
    mask = random_mask(KEY, (1000, 1000), p, np)
    assert (~mask).mean() == pytest.approx(p, abs=5 * (p * (1 - p) / mask.size) ** 0.5 + 1e-12)
    assert p > 0 or mask.all()


def test_no_two_are_alike():
    """Neighbours along either axis, the same places of other keys (the next ones, and one bit apart), mirrored ones."""
    n = 1000
    mask = random_mask(KEY, (n, n), 0.5, np) - 0.5
    pairs = {
        "columns": (mask[:, 1:], mask[:, :-1]),
        "rows": (mask[1:], mask[:-1]),
        "two apart": (mask[:, 2:], mask[:, :-2]),
        "a power of two apart": (mask.ravel()[2**16 :], mask.ravel()[: -(2**16)]),
        "mirrored": (mask[:, : n // 2], mask[:, : -n // 2 - 1 : -1]),
    }
    for other in (KEY + np.uint64(1), KEY ^ np.uint64(1 << 63), KEY * np.uint64(2)):
        pairs[f"key {other}"] = mask, random_mask(other, (n, n), 0.5, np) - 0.5
    for name, (a, b) in pairs.items():
        correlation = 4 * (a * b).mean()
        assert abs(correlation) < 5 / a.size**0.5, name


def test_every_bit_is_set_half_the_time():
    bits = random_bits(KEY, 0, 1 << 16, np)
    for place in range(64):
        assert (bits >> np.uint64(place) & np.uint64(1)).mean() == pytest.approx(0.5, abs=5 / 2**9), place
