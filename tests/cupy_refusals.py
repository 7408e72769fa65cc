"""What CuPy 14.2 refuses or leaves undefined, and NumPy takes: the strict double asks here. Arrays are NumPy's."""

import numpy as np
from numpy.lib.array_utils import byte_bounds

JOINED = ["concatenate", "stack", "hstack", "vstack"]  # these take a list of arrays, most others an array first
NO_ARRAY_FIRST = ["arange", "array", "asarray", "broadcast_shapes", "can_cast", "einsum", "empty", "eye", "full"]
NO_ARRAY_FIRST += ["identity", "isscalar", "issubdtype", "linspace", "ndim", "ones", "promote_types", "result_type"]
NO_ARRAY_FIRST += ["shape", "size", "zeros"]
NO_LISTS = ["allclose", "clip", "choose", "compress", "isclose", "item", "put", "repeat", "searchsorted", "take"]
NO_LISTS += ["where"]


def check_arrays(path, args, array):
    """TypeError for the lists and numbers that NumPy's functions turn into arrays: CuPy's do not, or upload them.

    `array` is the type of arrays.
    """
    name = path.rpartition(".")[2]
    wanted = () if name in NO_ARRAY_FIRST else args[0] if name in JOINED else args[:1]
    wrong = [a for a in wanted if not isinstance(a, array)]
    if name in NO_LISTS:
        wrong += [a for a in args if isinstance(a, (list, tuple))]
    if wrong:
        raise TypeError(f"CuPy's {path}() takes arrays of the device, no {type(wrong[0]).__name__}")


def check_keywords(path, given, known):
    """TypeError for keywords that CuPy's function lacks, or has only to say that it does not know them."""
    name = path.rpartition(".")[2]
    unknown = set(given) - known | set(given) & {"subok", "casting" if name == "astype" else "subok"}
    if unknown:
        raise TypeError(f"CuPy's {path}() got an unexpected keyword argument {unknown.pop()!r}")


def check_shift(name, count, result):
    """ValueError for a shift by all bits of a number, which C++ leaves undefined."""
    if name in ("lshift", "rshift", "left_shift", "right_shift") and (np.asarray(count) >= 8 * result.itemsize).any():
        raise ValueError(f"{name} of {result.dtype} by all its bits or more: undefined in C++, and so on CuPy")


def check_within(view, x):
    """ValueError for a view of x, made by as_strided, of more than the memory that x itself is of.

    cupy/lib/stride_tricks.py, as_strided, looks at nothing, and so reads and writes what lies there.
    """
    memory = x
    while isinstance(memory.base, np.ndarray) or hasattr(memory.base, "__array_interface__"):
        memory = memory.base
    (low, high), (first, last) = byte_bounds(view), byte_bounds(memory)
    if view.size and not first <= low <= high <= last:
        raise ValueError(f"as_strided: {view.shape} with strides {view.strides} reaches beyond the array's memory")


def check_places(a, key, value):
    """ValueError for a[key] = value where an index is there twice: either value may stay."""
    if any(isinstance(k, np.ndarray) and k.dtype != bool for k in key) and np.ndim(value):
        places = np.arange(a.size).reshape(a.shape)[key]
        if len(np.unique(places)) < places.size:
            raise ValueError("a[i] = v with an index repeated: CuPy leaves undefined which value stays")
