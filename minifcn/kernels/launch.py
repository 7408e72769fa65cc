"""A kernel's launch: a thread for each pixel of each plane, and the types that its source leaves open.

REAL   float or double: of the arrays
INDEX  int, or long long where an array reaches further than an int counts; int is quicker
"""

import functools
import operator
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module

BLOCK = 256  # threads that start together
PLANES = 65535  # no grid is larger along y: so a thread goes on to the plane that is as many further
FAR = 2**31 - 2**16  # what an int counts to, with room for the last block and the steps
C_TYPES = {"float32": "float", "float64": "double", "uint8": "unsigned char", "int32": "int", "int64": "long long"}


def launch(source: str, name: str, planes: int, pixels: int, *args: Any, **types: Any) -> None:
    """Run the kernel `name` of `source`, with `pixels` threads along x for each of the `planes` along y.

    args   what it takes, an array first: arrays, whole numbers (INDEX), floats (REAL), or None for no array
    types  dtypes of what the source leaves open besides REAL and INDEX
    Raises TypeError for arrays of several float dtypes: a kernel reads all as the first one's.
    """
    if not planes or not pixels:
        return
    xp = array_module(args[0])
    arrays = [arg for arg in args if isinstance(arg, xp.ndarray)]
    floats = {str(array.dtype) for array in arrays if array.dtype.kind == "f"}
    if len(floats) > 1:
        raise TypeError(f"kernel {name}: arrays of {' and '.join(sorted(floats))}, expected one dtype")
    index = np.int32 if max(planes, pixels, *map(reach, arrays)) < FAR else np.int64
    real = arrays[0].dtype.type

    def taken(arg):
        if arg is None or isinstance(arg, xp.ndarray):
            return arg
        return real(arg) if isinstance(arg, float) else index(operator.index(arg))

    open_types = tuple((key, str(np.dtype(dtype))) for key, dtype in {"REAL": real, "INDEX": index, **types}.items())
    blocks = -(-pixels // BLOCK), min(planes, PLANES)
    compiled(xp, source, name, open_types)(blocks, (BLOCK,), tuple(map(taken, args)))


@functools.cache
def compiled(xp: Any, source: str, name: str, types: tuple[tuple[str, str], ...]) -> Any:
    """The kernel, compiled when first launched. Products and sums are rounded one by one, as in array operations."""
    return xp.RawKernel(typedefs(types) + source, name, ("--fmad=false",))


def typedefs(types: tuple[tuple[str, str], ...]) -> str:
    """The lines before a source that say what it leaves open: (("REAL", "float32"), ...)."""
    return "".join(f"typedef {C_TYPES[dtype]} {name};\n" for name, dtype in types)


def reach(array: Array) -> int:
    """How far an array's last entry lies from its first, in entries."""
    return sum((n - 1) * abs(step) for n, step in zip(array.shape, steps(array)) if n)


def steps(array: Array) -> tuple[int, ...]:
    """The way from one entry to the next along each axis, in entries; 0 where there is no next one."""
    return tuple(stride // array.itemsize if n > 1 else 0 for n, stride in zip(array.shape, array.strides))
