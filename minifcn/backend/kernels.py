"""Where kernels written by hand take over on a GPU: a seam, so that the folder `minifcn/kernels/` can be deleted.

A function that is decorated with `by_kernel` is the plain way, in array operations, for every kind of array. Where
kernels are asked for, an array of the device goes to the function of the same name in `minifcn.kernels` instead, which
takes the same arguments and gives the same results. No GPU has shown the kernels right and faster yet: so the plain way
is taken unless MINIFCN_KERNELS=1 asks for them.
"""

import contextlib
import functools
import importlib
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from minifcn.errors import InputError

VARIABLE = "MINIFCN_KERNELS"
DTYPES = ("float32", "float64")
_wanted: bool | None = None  # None: as the environment says


def kernels_wanted() -> bool:
    """Whether kernels are asked for, and there are any. Raises InputError where the variable is neither 0 nor 1."""
    given = os.environ.get(VARIABLE) or "0"
    if given not in ("0", "1"):
        raise InputError(f"{VARIABLE} is {given!r}; expected 1, for kernels by hand on a GPU, or 0")
    return (given == "1" if _wanted is None else _wanted) and bool(_twins())


@contextlib.contextmanager
def with_kernels(wanted: bool = True) -> Iterator[None]:
    """Use the kernels within the block, or with False do not, whatever the environment says."""
    global _wanted
    before, _wanted = _wanted, wanted
    try:
        yield
    finally:
        _wanted = before


def by_kernel(plain: Callable) -> Callable:
    """`plain`, whose first argument is an array and for which a kernel of its name takes over where one is wanted."""

    @functools.wraps(plain)
    def call(array: Any, *args: Any) -> Any:
        twin = None
        if not isinstance(array, np.ndarray) and array.dtype in DTYPES and kernels_wanted():
            twin = _twins().get(plain.__name__)
        return (twin or plain)(array, *args)

    return call


@functools.cache
def _twins():
    """{name: function} of the kernels there are."""
    if not (spec := find_spec("minifcn.kernels")) or not spec.origin:  # a folder without __init__.py has none
        return {}
    return importlib.import_module("minifcn.kernels").TWINS
