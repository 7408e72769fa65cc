"""How much memory work may take at a time, what to say where it does not suffice, and giving it back.

What arrays leave free on the GPU stays in CuPy's pool, for those to come: to ask the driver takes time. Other programs
have it only once `release` gives it back.
"""

import contextlib
import functools
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

COLUMN_BYTES = 256 << 20  # of columns at a time on the host: those of a few images, or of some rows of a large one
UNKNOWN_BYTES = 1 << 30  # the same on a device that does not tell what it has free
SHARE = 4  # else at most one part in so many of that: maps, gradients and velocities need the rest
MOST = 1 << 31  # but no more bytes than this, up to which CuPy's indices have 32 bits: longer ones are slower
LITTLE = 1 << 26  # bytes: what is free is not looked up for less
MEMINFO = Path("/proc/meminfo")  # where Linux tells what the host has free
CUDA_WORDS = ("out of memory", "OUT_OF_MEMORY", "ALLOC_FAILED", "MemoryAllocation")  # of errors that are no MemoryError


def column_bytes(xp: Any) -> int:
    """How many bytes of columns a convolution makes at a time, on the side whose module is xp.

    The device is asked once, and again after `release`: at every convolution it would take too long.
    """
    return COLUMN_BYTES if xp is np else _device_bytes(xp)


@functools.cache
def _device_bytes(xp):
    if not hasattr(xp, "cuda"):
        return UNKNOWN_BYTES
    # A power of two: a run that goes on with a little less free makes the same pieces, and so rounds its sums alike.
    return min(1 << max(0, (free_bytes(xp) // SHARE).bit_length() - 1), MOST)


def free_bytes(cupy: Any) -> int:
    """What the GPU has for arrays: what its driver has free, and what the pool has."""
    return cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()


class NoRoom(MemoryError):
    """Memory that is not there, asked for by the settings `by`; none of it was taken."""

    def __init__(self, message: str, by: tuple[str, ...]):
        super().__init__(message)
        self.by = by


def check_room(count: int, what: str, *by: str) -> None:
    """Raise NoRoom where `what`, so many bytes on the host, is more than is free; by: the settings that make it so."""
    if count > LITTLE and (free := _free_on_host()) is not None and count > free:
        raise NoRoom(f"{in_bytes(count)} for {what}", by)


def shortage(error: BaseException) -> str | None:
    """What memory was asked for and what is free, in one line, if that is what the error is about; else None."""
    on_gpu, text = type(error).__module__.partition(".")[0].startswith("cupy"), str(error).strip()
    if not isinstance(error, MemoryError) and not (on_gpu and any(word in text for word in CUDA_WORDS)):
        return None
    asked = f" ({text.splitlines()[0].rstrip('.')})" if text else ""
    free = free_bytes(sys.modules["cupy"]) if on_gpu else _free_on_host()
    left = f", {in_bytes(free)} are free" if free is not None else ""
    return f"not enough memory{' on the GPU' if on_gpu else ''}{asked}{left}"


def _free_on_host():
    """Bytes, those on disk for swapping among them, or None where the system does not tell as Linux does."""
    try:
        text = MEMINFO.read_text()
    except OSError:
        return None
    found = dict(re.findall(r"^(MemAvailable|SwapFree): +(\d+) kB$", text, flags=re.MULTILINE))
    return sum(map(int, found.values())) * 1024 if "MemAvailable" in found else None


def in_bytes(count: float) -> str:
    """A number of bytes to read: "25.7 MiB"."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.4g} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"


def release() -> None:
    """Give back what no array uses on the GPU, if one was used: to its driver, and so to other programs."""
    _device_bytes.cache_clear()
    cupy: Any = sys.modules.get("cupy")
    if hasattr(cupy, "cuda") and cupy.cuda.is_available():
        with contextlib.suppress(RuntimeError):  # a GPU that has failed: what is told is the error with which it did
            cupy.get_default_memory_pool().free_all_blocks()
            cupy.get_default_pinned_memory_pool().free_all_blocks()
