"""How much memory work may take at a time, what to say where it does not suffice, and giving it back.

What arrays leave free on the GPU stays in CuPy's pool, for those to come: to ask the driver takes time. Other programs
have it only once `release` gives it back.
"""

import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np

COLUMN_BYTES = 256 << 20  # of columns at a time on the host: those of a few images, or of some rows of a large one
UNKNOWN_BYTES = 1 << 30  # the same on a device that does not tell what it has free
SHARE = 4  # else one part in so many of that: maps, gradients and velocities need the rest
MOST = 1 << 31  # but no more bytes than this, up to which CuPy's indices have 32 bits: longer ones are slower
MEMINFO = Path("/proc/meminfo")  # where Linux tells what the host has free


def column_bytes(xp: Any) -> int:
    """How many bytes of columns a convolution makes at a time, on the side whose module is xp.

    The device is asked once, and again after `release`: at every convolution it would take too long.
    """
    return COLUMN_BYTES if xp is np else _device_bytes(xp)


@functools.cache
def _device_bytes(xp):
    return min(free_bytes(xp) // SHARE, MOST) if hasattr(xp, "cuda") else UNKNOWN_BYTES


def free_bytes(cupy: Any) -> int:
    """What the GPU has for arrays: what its driver has free, and what the pool has."""
    return cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()


def release() -> None:
    """Give back what no array uses on the GPU, if one was used: to other programs, and to the driver."""
    _device_bytes.cache_clear()
    cupy: Any = sys.modules.get("cupy")
    if hasattr(cupy, "cuda") and cupy.cuda.is_available():
        cupy.get_default_memory_pool().free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()
