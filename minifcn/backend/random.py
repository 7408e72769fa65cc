"""Random numbers that follow from a key and a place: made where they are used, and the same bits on NumPy and CuPy.

Number i of a key is SplitMix64's: what its generator gives as the i-th after the seed `key` (Steele, Lea, Flood 2014,
"Fast splittable pseudorandom number generators"; mixed as in Vigna's splitmix64.c). No number needs the one before it,
so a GPU makes all at once.
"""

import math
from typing import Any

import numpy as np

from minifcn.backend.arrays import Array
from minifcn.backend.parallel import chunks, room, run_all

# NumPy's scalars: a Python int would be signed or not by its size on CuPy.
GAMMA = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: the step from one number's state to the next
MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
PIECE = 1 << 15  # numbers at a time: all passes over them stay in a core's nearest caches


def random_bits(key: np.uint64, start: int, stop: int, xp: Any) -> Array:
    """The numbers start to stop - 1 of a key, counted from 0: uint64 (stop - start,), an array of the module `xp`."""
    z = xp.arange(start + 1, stop + 1, dtype="uint64")
    z *= GAMMA
    z += key
    z ^= z >> SHIFTS[0]
    z *= MIX[0]
    z ^= z >> SHIFTS[1]
    z *= MIX[1]
    z ^= z >> SHIFTS[2]
    return z


def random_mask(key: np.uint64, shape: tuple[int, ...], p: float, xp: Any, first: int = 0) -> Array:
    """Bools of this shape, each False with probability p, 0 <= p < 1: entry i is number first + i of key, >= 2^64 p."""
    size = math.prod(shape)
    mask, least = xp.empty(size, "bool"), np.uint64(int(p * 2**64))

    def some(part):
        xp.greater_equal(random_bits(key, first + part.start, first + part.stop, xp), least, out=mask[part])

    run_all(some, ((part,) for part in chunks(size, 1, room(PIECE, xp))), xp)
    return mask.reshape(shape)
