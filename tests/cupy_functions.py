"""What each function and method of CuPy 14.2 costs, by name: see cupy_costs.py.

A rule is a function of the arguments that CuPy's takes, an array first for methods, and of the result.
"""

from functools import partial

import numpy as np
from cupy_costs import assign, call, copy, counts, elementwise, fetch, scan, uploads, view_or_copy
from cupy_products import dot, einsum, extremum, matmul, reduction, tensordot

VIEWS = ["broadcast_to", "diagonal", "expand_dims", "flip", "moveaxis", "rollaxis", "split", "array_split", "squeeze"]
VIEWS += ["swapaxes", "transpose", "view", "sliding_window_view", "as_strided"]
MAYBE_VIEWS = ["array", "asarray", "ascontiguousarray", "astype", "copy", "flatten", "ravel", "reshape"]
EMPTY = ["empty", "empty_like"]
FILLED = ["arange", "full", "full_like", "ones", "ones_like", "zeros", "zeros_like"]
OF_THE_HOST = ["can_cast", "broadcast_shapes", "issubdtype", "ndim", "promote_types", "result_type", "shape", "size"]
FETCHED = ["item", "tolist", "tobytes"]
JOINED = ["concatenate", "stack"]
MANY = 8  # arrays, above which concatenate makes one kernel: _routines_manipulation.pyx, _concatenate
SMALL = 2 << 20  # bytes of each, on the average, below which it does
LARGE = 4e6  # entries from which on pad fills the frame alone: cupy/_padding/pad.py, pad


def charge(name, function, inputs, options, result):
    """Count what this function of CuPy's costs; `inputs`, `options` and result are NumPy's."""
    if name in RULES:
        RULES[name](*inputs, **options, result=result)
    elif isinstance(function, np.ufunc):
        count, out = function.nin, options.get("out")
        outs = out if isinstance(out, tuple) else inputs[count:] if out is None else [out]
        elementwise(name, inputs[:count], outs, result if isinstance(result, tuple) else [result])
    else:
        counts["guesses"] += 1
        call(name, inputs, [result])


def nothing(*_, **__):
    """A view, memory as it is, or a question that the host answers."""


def maybe_view(x, *_, result, **__):
    """A view, or the array itself, where the result shares memory; else a copy."""
    if isinstance(x, np.ndarray):
        view_or_copy(x, result)
    else:
        call("fill", [], [result])


def filled(*_, result, **__):
    call("fill", [], [result])


def fill(x, value, *, result):
    call("fill", [], [x])


def once(name, *inputs, result, **_):
    """One elementwise kernel."""
    call(name, inputs, [result])


def where(condition, x=None, y=None, *, result):
    """cupy/_sorting/search.py, where."""
    if x is None:
        nonzero(condition, result=result)
        return
    if condition.dtype != bool:
        copy(condition, bool)
    call("where", [condition, x, y], [result])


def copyto(x, value, *, result):
    """cupy/_manipulation/basic.py, copyto."""
    assign(x, value)


def nonzero(x, *, result):
    """_routines_indexing.pyx, _ndarray_argwhere."""
    view_or_copy(x, x.ravel())
    if x.dtype != bool:
        call("not_equal", [x], [np.empty(x.shape, bool)])
    scan(x)
    call("get")
    call("nonzero", [x], list(result))


def cumsum(x, axis=None, dtype=None, out=None, *, result):
    """_routines_math.pyx, scan_core: copied, then one call to CUB, or one kernel for each 512 along the axis."""
    copy(x, result.dtype)
    call("scan", [result], [result])


def concatenate(arrays, axis=0, out=None, *, result, **_):
    """_routines_manipulation.pyx, _concatenate: a copy for each, or one kernel that needs tables from the host."""
    small = sum(a.nbytes for a in arrays) < SMALL * len(arrays)
    if len(arrays) > MANY and small and {a.dtype for a in arrays} == {result.dtype}:
        alike = len({a.shape for a in arrays}) == 1 and all(a.flags.c_contiguous for a in arrays)
        for _ in range(1 if alike else 3):  # addresses; where each begins, strides
            uploads["concatenate"] += 1
            call("upload")
        call("concatenate", arrays, [result])
    else:
        for a in arrays:
            copy(a, result.dtype)


def pad(x, pad_width, mode="constant", *, result, **_):
    """cupy/_padding/pad.py, pad with zeros: all is filled, or of a large array only the frame, side by side."""
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    if mode != "constant":
        counts["guesses"] += 1
    for _ in range(1 if x.ndim == 1 or x.size < LARGE else int((widths > 0).sum())):
        call("fill", [], [result])
    copy(x)


def bincount(x, weights=None, minlength=0, *, result):
    """cupy/_statistics/histogram.py, bincount: looks for negative numbers, and for the largest one."""
    negative = x < 0
    call("less", [x], [negative])
    reduction("any", negative, result=np.empty((), bool))
    call("get")
    reduction("max", x, result=np.empty((), x.dtype))
    call("get")
    call("fill", [], [result])
    call("bincount", [x, weights], [result])


RULES = {
    **dict.fromkeys(VIEWS + EMPTY + OF_THE_HOST, nothing),
    **dict.fromkeys(MAYBE_VIEWS, maybe_view),
    **dict.fromkeys(FILLED, filled),
    **dict.fromkeys(FETCHED, lambda x, *_, result: fetch(x)),
    **dict.fromkeys(JOINED, concatenate),
    **{name: partial(once, name) for name in ("clip", "isclose", "nan_to_num", "round", "take")},
    **{name: partial(reduction, name) for name in ("sum", "prod", "mean", "argmax", "argmin")},
    **{name: partial(extremum, name) for name in ("max", "min", "amax", "amin", "any", "all")},
    **{f.__name__: f for f in (where, copyto, fill, nonzero, cumsum, pad, bincount)},
    **{f.__name__: f for f in (matmul, dot, tensordot, einsum)},
}
