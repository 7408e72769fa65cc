"""What reductions and products cost, as CuPy 14.2 does them: see cupy_costs.py."""

import math

import numpy as np
from cupy_costs import call, copied, copy, counts, note, overlap
from numpy.lib.array_utils import normalize_axis_tuple

THRESHOLD = 128  # entries from which on CUB reduces within blocks: _cub_reduction.pyx, CUB_REDUCE_SIZE_THRESHOLD
CUB_DTYPES = "bBhHiIlLqQfdFDe"  # cupy/cuda/cub.pyx, CUB_support_dtype
CUB_SUM_DTYPES = "lLqQfdFDe"  # CUB_sum_support_dtype: others are summed in a larger dtype
CUB = {"sum", "prod", "mean", "max", "min", "amax", "amin", "argmax", "argmin"}


def reduction(name, x, axis=None, dtype=None, out=None, keepdims=False, *, result):
    """cupy/cuda/cub.pyx, cub_reduction; else _reduction.pyx, _call, and there _cub_reduction.pyx, _launch_cub.

    CUB, called once, reduces all of a contiguous array or its last axes (in Fortran's order its first ones), without a
    change of dtype. Else CuPy's own kernel does, or two of them if all of a contiguous array becomes one number.
    """
    if name == "mean" and dtype is None and x.dtype.kind in "iub":  # _routines_statistics.pyx, _ndarray_mean
        dtype = "float64"
    axes = sorted(normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim))
    every, places = len(axes) == x.ndim, name.startswith("arg")
    in_c = x.flags.c_contiguous
    ends = range(x.ndim - len(axes), x.ndim) if in_c else range(len(axes))
    lie_together = bool(axes) and (in_c or x.flags.f_contiguous) and axes == list(ends)
    if name in CUB and (lie_together or x.ndim == 0) and (every or not places) and _fits_cub(name, x, dtype):
        call(name, [x], [result])
        if places:  # device_reduce: the place is taken out of a pair
            copy(result)
        if out is not None:
            call("copy", [result], [out])
        if name == "mean":
            call("divide", [result], [result])
    else:
        call(name, [x], [result])
        if every and lie_together and x.size >= THRESHOLD:  # _cub_two_pass_launch
            call(name, [], [result])
    if name == "mean" and out is None and dtype is not None:
        copy(result)


def _fits_cub(name, x, dtype):
    """cupy/cuda/cub.pyx, _cub_reduce_dtype_compatible and the limit of can_use_device_reduce."""
    known = CUB_SUM_DTYPES if name in ("sum", "prod", "mean") and dtype is None else CUB_DTYPES
    return x.dtype.char in known and (dtype is None or np.dtype(dtype) == x.dtype) and x.size <= 0x7FFFFFFF


def extremum(name, x, axis=None, out=None, keepdims=False, *, result):
    """max, min, any, all, whose arguments have another order."""
    reduction(name, x, axis, None, out, result=result)


def matmul(a, b, out=None, *, result):
    """a @ b: _routines_linalg.pyx, matmul."""
    if max(a.ndim, b.ndim) > 2:
        batched_product(a, b, out, result)
    elif out is None or (out.flags.c_contiguous and out.dtype == np.result_type(a, b)):
        flat_product(a, b, out, result)
    else:
        flat_product(a, b, None, result)
        copied("out copies", out)


def flat_product(a, b, out, result):
    """_routines_linalg.pyx, tensordot_core: a transpose is a flag, and what is neither it nor contiguous a copy."""
    dtype = np.result_type(a, b)
    if not (a.size and b.size):
        call("fill", [], [result])
    elif result.size == 1:  # elementwise, then CUB's sum, which is copied to its place
        for x in (a, b):
            if not x.flags.c_contiguous:
                copied("operand copies", x)
        terms = np.empty(a.size, dtype)
        call("multiply", [a, b], [terms])
        reduction("sum", terms, out=result, result=result)
    else:
        for x in (a, b):
            if x.dtype != dtype or not (x.flags.c_contiguous or x.flags.f_contiguous):  # _mat_to_cublas_contiguous
                copied("operand copies", x)
        call("product", [a, b], [result])
        if out is not None and (overlap(out, a) or overlap(out, b)):
            copied("out copies", out)


def batched_product(a, b, out, result):
    """_routines_linalg.pyx, matmul from `orig_a = a` on: operands contiguous; batches that differ by pointers."""
    note("products of 3 axes", a, b)
    dtype = np.result_type(a, b)
    for x in (a, b):
        if x.dtype != dtype or not x.flags.c_contiguous:
            copied("operand copies", x)
    if not (a.size and b.size):
        call("fill", [], [result])
        return
    axes = max(a.ndim, b.ndim)
    batches = [(1,) * (axes - max(x.ndim, 2)) + x.shape[:-2] for x in (a, b)]
    if batches[0] != batches[1]:
        note("broadcast products", a, b)
        for _ in range(3 * (axes - 2)):  # _mat_ptrs
            call("pointers", [], [np.empty(math.prod(result.shape[: axes - 2]), "uint64")])
    call("product", [a, b], [result])
    usable = out is None or (out.dtype == dtype and out.flags.c_contiguous)
    if not usable or (out is not None and (overlap(out, a) or overlap(out, b))):
        copied("out copies", out)


def dot(a, b, out=None, *, result):
    """_routines_linalg.pyx, dot: the last axis of a and the last but one of b are summed."""
    if a.ndim and b.ndim:
        tensordot(a, b, ([a.ndim - 1], [max(0, b.ndim - 2)]), out, result=result)
    else:
        call("multiply", [a, b], [result])


def tensordot(a, b, axes=2, out=None, *, result):
    """cupy/linalg/_product.py, tensordot: the axes that are summed to the front, then one product."""
    if isinstance(axes, int):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    operands = []
    for x, summed in zip((a, b), axes):
        summed = normalize_axis_tuple(summed, x.ndim)
        moved = x.transpose(*summed, *(i for i in range(x.ndim) if i not in summed))
        flat = moved.reshape(math.prod(moved.shape[: len(summed)]), -1)  # (k, n)
        if not overlap(flat, x):
            copied("operand copies", x)
        operands.append(flat)
    flat_product(operands[0].T, operands[1], out, result)


def einsum(subscripts, *operands, result):
    """cupy/linalg/_einsum.py, reduced_binary_einsum: of two operands a product of 3 axes, (batch, kept, summed)."""
    taken, arrow, made = subscripts.replace(" ", "").partition("->")
    names, operands = taken.split(","), list(operands)
    if len(operands) != 2 or "." in subscripts or not arrow:
        counts["guesses"] += 1
        call("einsum", operands, [result])
        return
    for i in (0, 1):
        x, kept = operands[i], [name for name in names[i] if name in names[1 - i] + made]
        if alone := tuple(axis for axis, name in enumerate(names[i]) if name not in kept):
            operands[i], names[i] = x.sum(axis=alone), "".join(kept)
            reduction("sum", x, alone, x.dtype, result=operands[i])
    both = sorted(set(names[0]) & set(names[1]))
    batch, summed = [[name for name in both if (name in made) == kept] for kept in (True, False)]
    if not summed:
        call("multiply", operands, [result])
        return
    three = []
    for i, (x, name) in enumerate(zip(operands, names)):
        own = sorted(set(name) - set(both))
        groups = [[name.index(n) for n in group] for group in ([batch, summed, own] if i else [batch, own, summed])]
        moved = x.transpose([axis for group in groups for axis in group])
        three.append(moved.reshape([math.prod(x.shape[axis] for axis in group) for group in groups]))
        if not overlap(three[i], x):
            copied("operand copies", x)
    batched_product(*three, None, np.matmul(*three))
