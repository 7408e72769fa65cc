"""Hypothesis strategies for kernels: arrays of the device in every memory layout, and launches of every kind."""

import contextlib
from unittest import mock

import numpy as np
import raw_kernel
from hypothesis import settings
from hypothesis import strategies as st

from minifcn.backend.kernels import with_kernels
from minifcn.kernels import launch

seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from(("float32", "float64"))
layouts = st.sampled_from(("contiguous", "transposed", "stepped", "reversed"))
launches = st.fixed_dictionaries(
    {
        "FAR": st.sampled_from((launch.FAR, 0)),  # 0: all indices are long long
        "BLOCK": st.sampled_from((launch.BLOCK, 4)),
        "PLANES": st.sampled_from((launch.PLANES, 2)),  # 2: a thread goes on to further planes
        "order": st.sampled_from(("forward", "reversed", "shuffled")),  # of the threads
    }
)


def pair(low, high):
    """A (vertical, horizontal) setting."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


def drawn(examples):
    """The same examples on every run, however slow the machine."""
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


@contextlib.contextmanager
def by_kernels(FAR, BLOCK, PLANES, order):
    """Kernels are asked for within the block, and launched so."""
    with contextlib.ExitStack() as stack:
        for name, value in {"FAR": FAR, "BLOCK": BLOCK, "PLANES": PLANES}.items():
            stack.enter_context(mock.patch.object(launch, name, value))
        stack.enter_context(mock.patch.object(raw_kernel.RawKernel, "order", order))
        stack.enter_context(with_kernels())
        yield


def laid(xp, array, layout="contiguous"):
    """The array's numbers on the device, in a memory layout that transposing, slicing or flipping leaves."""
    if layout == "transposed":
        return xp.asarray(np.ascontiguousarray(array.T)).T
    if layout == "stepped":
        every_second = (slice(None, None, 2),) * array.ndim
        wide = np.full([2 * n for n in array.shape], np.nan if array.dtype.kind == "f" else 77, array.dtype)
        wide[every_second] = array
        return xp.asarray(wide)[every_second]
    if layout == "reversed":
        flip = (slice(None, None, -1),) * array.ndim
        return xp.asarray(np.ascontiguousarray(array[flip]))[flip]
    return xp.asarray(array)


def numbers(seed, dtype, shape, special=0.0):
    """Normal numbers, a share of them `special`: nan, infinities, zeros of both signs, and equal ones."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    odd = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0], shape)
    return np.where(rng.random(shape) < special, odd, values).astype(dtype)
