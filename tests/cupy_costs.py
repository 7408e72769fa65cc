"""What a call to the strict double would cost on a GPU, as CuPy 14.2 does it: read in its source, counted here.

`counts` and `sizes` (bytes) have the same keys:

    calls               each time the device gets something to do: a kernel, a copy, a memset, a call to cuBLAS or CUB
    products of 3 axes  matmul with an operand of 3 or more axes, and einsum: copies what is transposed, knows no TF32
    broadcast products  those of them whose operands have another number of matrices: tables of pointers on top
    operand copies      operands of products that are copied first, to another layout or dtype
    out copies          products that are computed elsewhere first, and then copied to the `out` that was given
    input copies        inputs that are copied first, because `out` is another view of their memory
    a[i] += b copies    `a[i] += b` where a[i] has a leading axis of 1: its result is copied away and back
    index arrays        that take_along_axis and put_along_axis make
    guesses             functions that nothing is known of here: one call each

`sizes["calls"]` is what all calls read and write, an array once in each call. Views cost nothing: slices, transposes,
reshape and ravel where they need no copy; neither does `empty`. A call over no entries is none. Rules that name no line
but only a function are of cupy/_core, unless a path stands before it.
"""

import math
from collections import Counter

import numpy as np
from numpy.lib.array_utils import byte_bounds, normalize_axis_tuple

counts, sizes = Counter(), Counter()
by_name = Counter()  # calls by what they were: {"add": 3, "copy": 1, ...}
waits = Counter()  # for the GPU, by cause: {"float()": 1, "a[mask]": 2, "bincount": 2, "get": 1, ...}
uploads = Counter()  # copies from the host to the device: {"asarray": 1, ...}

THRESHOLD = 128  # entries that CUB's reductions of a block begin at: _cub_reduction.pyx, CUB_REDUCE_SIZE_THRESHOLD
MANY = 8  # arrays from which on concatenate makes one kernel: _routines_manipulation.pyx, _concatenate
SMALL = 2 << 20  # bytes each, on the average, up to which it does
LARGE = 4e6  # entries from which on pad fills the frame alone: cupy/_padding/pad.py
CUB_DTYPES = "bBhHiIlLqQfdFDe"  # cupy/cuda/cub.pyx, CUB_support_dtype
CUB_SUM_DTYPES = "lLqQfdFDe"  # CUB_sum_support_dtype: others are summed in a larger dtype


def forget():
    """Begin to count anew."""
    for counter in (counts, sizes, by_name, waits, uploads):
        counter.clear()


def call(name, reads=(), writes=()):
    """The device reads and writes these arrays, once."""
    reads, writes = [[a for a in arrays if isinstance(a, np.ndarray)] for arrays in (reads, writes)]
    if any(a.size for a in writes or reads):
        by_name[name] += 1
        note("calls", *reads, *writes)


def note(cause, *arrays):
    counts[cause] += 1
    sizes[cause] += sum(map(touched, arrays))


def touched(a):
    """The bytes behind an array: of a broadcast one, or one of overlapping windows, fewer than it shows."""
    if not a.size:
        return 0
    low, high = byte_bounds(a)
    return min(a.nbytes, high - low)


def copied(cause, a):
    """An array is copied in secret."""
    if a.size:
        note(cause, a)
        call("copy", [a], [np.empty(a.shape, a.dtype)])


def overlap(a, b):
    """_memory_range.pyx, may_share_bounds: whether the spans of two arrays overlap, used in between or not."""
    if not (a.size and b.size):
        return False
    (low, high), (other_low, other_high) = byte_bounds(a), byte_bounds(b)
    return low < other_high and other_low < high


def elementwise(name, inputs, outs=(), results=()):
    """A universal function: one kernel, whatever the dtypes and strides are (_kernel.pyx, ufunc.__call__).

    An input that shares memory with an `out` is copied first, unless it is that very array (_copy_in_args_if_needed).
    """
    for a in inputs:
        if isinstance(a, np.ndarray) and any(out is not a and overlap(a, out) for out in outs):
            copied("input copies", a)
    call(name, inputs, outs or results)


def view_or_copy(name, source, results):
    """What gives a view where it can: _routines_manipulation.pyx, _reshape; core.pyx, astype and ascontiguousarray."""
    for result in results:
        if not overlap(source, result):
            call("copy", [source], [result])


def assign(view, value):
    """a[i] = v: _routines_indexing.pyx, _ndarray_setitem and _scatter_op."""
    if not isinstance(value, np.ndarray):
        return call("fill", [], [view])
    while value.ndim and value.shape[0] == 1:  # _squeeze_leading_unit_dims
        value = value[0]
    alike = (view.shape, view.strides) == (value.shape, value.strides)
    if alike and address(view) == address(value):
        return None  # a[i] += b: it is there already
    if not (alike and view.flags.c_contiguous and view.dtype == value.dtype) and overlap(view, value):
        itself = view.size == value.size and address(view) == address(value)
        copied("a[i] += b copies" if itself else "input copies", value)
    return call("copy", [value], [view])


def address(a):
    return a.__array_interface__["data"][0]


def gather(a, key, result):
    """a[i] with arrays in i: _routines_indexing.pyx, _ndarray_getitem."""
    indexed(a, key)
    call("take", [result], [result])


def scatter(a, key, value, places):
    """a[i] = v with arrays in i, and `places` what a[i] is: _scatter_op_single and _scatter_op_mask_single."""
    indexed(a, key)
    if not isinstance(value, np.ndarray):
        call("fill", [], [np.empty((), a.dtype)])
    elif value.dtype != a.dtype:
        call("copy", [value], [value.astype(a.dtype)])
    call("scatter", [places], [places])


def indexed(a, key):
    """A mask is scanned; of several arrays one is made, with a kernel for each (_prepare_multiple_array_indexing)."""
    arrays = [k for k in key if isinstance(k, np.ndarray)]
    for mask in arrays:
        if mask.dtype == bool:
            scan(mask)
            call("get")
    if len(arrays) > 1:
        together = np.empty(np.broadcast_shapes(*(k.shape for k in arrays if k.dtype != bool)), "int64")
        call("fill", [], [together])
        for k in arrays:
            call("prepare index", [k, together], [together])


def scan(a):
    """A running sum: about two kernels (_routines_math.pyx, scan), more for more than a million entries."""
    for _ in range(2):
        call("scan", [a], [np.empty(a.shape, "int32")])


def along_axis(a, indices, axis):
    """The index arrays of take_along_axis and put_along_axis: an arange for each other axis.

    cupy/_indexing/indexing.py, take_along_axis; cupy/lib/_shape_base.py, _make_along_axis_idx.
    """
    key = []
    for i, n in enumerate(a.shape):
        key.append(indices)
        if i != axis % a.ndim:
            key[i] = np.arange(n).reshape([-1 if i == j else 1 for j in range(a.ndim)])
            call("arange", [], [key[i]])
            note("index arrays", key[i])
    return tuple(key)


def reduction(name, x, axis=None, dtype=None, out=None, result=None):
    """cupy/cuda/cub.pyx, cub_reduction; else _reduction.pyx, _call; there _cub_reduction.pyx, _launch_cub.

    CUB, called once, reduces all of a contiguous array or its last axes (in Fortran's order its first ones), without a
    change of dtype. Else CuPy's own kernel does, or two of them if all of a contiguous array is reduced to one number.
    """
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    every, kind = len(axes) == x.ndim, name.removeprefix("a") if name in ("amax", "amin") else name
    c, f = x.flags.c_contiguous, x.flags.f_contiguous
    run = sorted(axes) == list(range(min(axes, default=0), max(axes, default=-1) + 1))  # one after the other
    ends = bool(axes) and run and (max(axes) == x.ndim - 1 if c else f and min(axes) == 0)
    known = CUB_SUM_DTYPES if kind in ("sum", "prod", "mean") and dtype is None else CUB_DTYPES
    fits = x.dtype.char in known and (dtype is None or (np.dtype(dtype) == x.dtype and "arg" not in kind))
    sizes_fit = x.size <= 0x7FFFFFFF
    if kind not in ("any", "all") and (c or f) and fits and sizes_fit and (every or (ends and "arg" not in kind)):
        call(name, [x], [result])
        if "arg" in kind:  # device_reduce: the place is taken out of a pair
            call("copy", [result], [result])
        if out is not None:
            call("copy", [result], [result])
        if kind == "mean":
            call("divide", [result], [result])
    else:
        in_a_row = math.prod(x.shape[i] for i in axes) >= THRESHOLD and ends
        for _ in range(2 if every and in_a_row else 1):
            call(name, [x], [result])
    if kind == "mean" and out is None and (dtype is not None or x.dtype.kind in "iub"):
        call("copy", [result], [result])  # _routines_statistics.pyx, _ndarray_mean: astype


def product(a, b, out, result):
    """a @ b, and matmul: _routines_linalg.pyx, matmul."""
    if max(a.ndim, b.ndim) > 2:
        return batched_product(a, b, out, result)
    fits = out is None or (out.flags.c_contiguous and out.dtype == result.dtype)
    flat_product(a, b, out if fits else None, result)
    return None if fits else copied("out copies", out)


def flat_product(a, b, out, result):
    """_routines_linalg.pyx, tensordot_core: a transpose is a flag, and what is neither it nor contiguous a copy."""
    dtype = np.result_type(a, b)
    if not (a.size and b.size):
        return call("fill", [], [result])
    if result.size == 1:  # elementwise, then CUB's sum, which is copied to its place
        for x in (a, b):
            if not x.flags.c_contiguous:
                copied("operand copies", x)
        call("multiply", [a, b], [a])
        return reduction("sum", np.empty(a.size, dtype), out=result, result=result)
    for x in (a, b):
        if x.dtype != dtype or not (x.flags.c_contiguous or x.flags.f_contiguous):  # _mat_to_cublas_contiguous
            copied("operand copies", x)
    call("product", [a, b], [result])
    if out is not None and (overlap(out, a) or overlap(out, b)):
        copied("out copies", out)
    return None


def batched_product(a, b, out, result):
    """_routines_linalg.pyx, matmul from `orig_a = a` on: operands contiguous; batches that differ by pointers."""
    note("products of 3 axes", a, b)
    for x in (a, b):
        if x.dtype != result.dtype or not x.flags.c_contiguous:
            copied("operand copies", x)
    axes = max(a.ndim, b.ndim)
    batches = [(1,) * (axes - max(x.ndim, 2)) + x.shape[:-2] for x in (a, b)]
    if not (a.size and b.size):
        return call("fill", [], [result])
    if batches[0] != batches[1]:
        note("broadcast products", a, b)
        for _ in range(3 * (axes - 2)):  # _mat_ptrs
            call("pointers", [], [np.empty(math.prod(result.shape[:-2]), "uint64")])
    call("product", [a, b], [result])
    usable = out is None or (out.dtype == result.dtype and out.flags.c_contiguous)
    if out is not None and not (usable and not overlap(out, a) and not overlap(out, b)):
        copied("out copies", out)
    return None


def tensordot(a, b, axes, result):
    """cupy/linalg/_product.py, tensordot: the axes that are summed to the front, then one product."""
    if isinstance(axes, int):
        axes = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    operands = []
    for x, summed in zip((a, b), axes):
        summed = normalize_axis_tuple(summed, x.ndim)
        moved = x.transpose(*summed, *(i for i in range(x.ndim) if i not in summed))
        flat = moved.reshape(math.prod(moved.shape[: len(summed)]), -1)
        if not overlap(flat, x):
            copied("operand copies", x)
        operands.append(flat)
    flat_product(operands[0].T, operands[1], None, result)


def einsum(subscripts, operands, result):
    """cupy/linalg/_einsum.py, reduced_binary_einsum: of two operands a product of 3 axes, (batch, kept, summed)."""
    taken, _, made = subscripts.replace(" ", "").partition("->")
    names = taken.split(",")
    if len(operands) != 2 or "." in subscripts or not _:
        counts["guesses"] += 1
        return call("einsum", operands, [result])
    for i, other in ((0, 1), (1, 0)):
        alone = [axis for axis, name in enumerate(names[i]) if name not in names[other] + made]
        if alone:
            x, operand = operands[i].sum(axis=tuple(alone)), operands[i]
            reduction("sum", operand, tuple(alone), operand.dtype, result=x)
            operands[i], names[i] = x, "".join(name for name in names[i] if name in names[other] + made)
    both = [name for name in names[0] if name in names[1]]
    batch, summed = [[name for name in sorted(both) if (name in made) == kept] for kept in (True, False)]
    if not summed:
        return call("multiply", operands, [result])
    flat = []
    for i, (x, name) in enumerate(zip(operands, names)):
        own = sorted(set(name) - set(both))
        groups = [batch, own, summed] if i == 0 else [batch, summed, own]
        moved = x.transpose([name.index(n) for group in groups for n in group])
        three = moved.reshape([math.prod(x.shape[name.index(n)] for n in group) for group in groups])
        if not overlap(three, x):
            copied("operand copies", x)
        flat.append(three)
    return batched_product(*flat, None, np.matmul(*flat))


def concatenate(arrays, result):
    """_routines_manipulation.pyx, _concatenate: a copy for each, or one kernel that needs tables from the host."""
    total = sum(a.nbytes for a in arrays)
    if len(arrays) > MANY and len({a.dtype for a in arrays}) == 1 and total < SMALL * len(arrays):
        alike = len({a.shape for a in arrays}) == 1 and all(a.flags.c_contiguous for a in arrays)
        uploads["concatenate"] += 1 if alike else 3
        for _ in range(1 if alike else 3):
            call("upload", [], [np.empty(len(arrays), "int64")])
        return call("concatenate", arrays, [result])
    for a in arrays:
        call("copy", [a], [a])
    return None


def pad(x, widths, result):
    """cupy/_padding/pad.py, pad with zeros: all is filled; around a large array only the frame, side by side."""
    widths = np.broadcast_to(widths, (x.ndim, 2))
    sides = 1 if x.ndim == 1 or x.size < LARGE else int((widths > 0).sum())
    for _ in range(sides):
        call("fill", [], [result])
    call("copy", [x], [x])


def bincount(x, weights, result):
    """cupy/_statistics/histogram.py, bincount: looks for negative numbers, and for the largest one."""
    negative = x < 0
    call("less", [x], [negative])
    reduction("any", negative, result=negative.any(keepdims=True))
    call("get")
    reduction("max", x, result=x[:1])
    call("get")
    call("fill", [], [result])
    call("bincount", [x, weights], [result])


FREE = ["empty", "empty_like", "broadcast_to", "broadcast_arrays", "broadcast_shapes", "as_strided", "swapaxes"]
FREE += ["sliding_window_view", "transpose", "permute_dims", "moveaxis", "rollaxis", "expand_dims", "squeeze", "view"]
FREE += ["split", "array_split", "hsplit", "vsplit", "dsplit", "flip", "fliplr", "flipud", "rot90", "diagonal"]
FREE += ["result_type", "promote_types", "can_cast", "issubdtype", "min_scalar_type", "common_type", "isscalar"]
FREE += ["shape", "ndim", "size", "may_share_memory", "iscomplexobj", "isrealobj", "get_array_module"]
VIEWS = ["reshape", "ravel", "flatten", "astype", "copy", "ascontiguousarray", "asfortranarray", "asarray", "array"]
VIEWS += ["asanyarray", "require", "atleast_1d", "atleast_2d", "atleast_3d", "conj", "conjugate", "real", "imag"]
FILLS = ["zeros", "zeros_like", "ones", "ones_like", "full", "full_like", "arange", "linspace", "identity", "tri"]
REDUCTIONS = {  # their arguments in CuPy's order
    **dict.fromkeys(["sum", "prod", "mean"], ("axis", "dtype", "out")),
    **dict.fromkeys(["max", "min", "amax", "amin", "any", "all"], ("axis", "out")),
    **dict.fromkeys(["argmax", "argmin"], ("axis", "dtype", "out")),
}
ONCE = ["clip", "round", "around", "isclose", "nan_to_num", "take", "repeat", "tril", "triu", "diff"]


def function(name, is_ufunc, args, kwargs, result):
    """What a function or method costs, whose `args` (an array first, mostly) and result are NumPy's."""
    results = result if isinstance(result, (list, tuple)) else [result]
    results, out, x = [r for r in results if isinstance(r, np.ndarray)], kwargs.get("out"), args[0] if args else None
    if name in FREE or name.startswith("is_"):
        return None
    if name in VIEWS:
        return view_or_copy(name, x, results) if isinstance(x, np.ndarray) else call("fill", [], results)
    if name in FILLS:
        return call("fill", [], results)
    if name in REDUCTIONS:
        given = dict(zip(REDUCTIONS[name], args[1:])) | kwargs
        return reduction(name, x, *[given.get(key) for key in ("axis", "dtype", "out")], results[0])
    if name == "matmul" or (name == "dot" and all(getattr(a, "ndim", 3) < 3 for a in args[:2])):
        return product(args[0], args[1], args[2] if len(args) > 2 else out, results[0])
    if name == "tensordot":
        return tensordot(args[0], args[1], args[2] if len(args) > 2 else kwargs.get("axes", 2), results[0])
    if name == "einsum":
        return einsum(args[0], list(args[1:]), results[0])
    if is_ufunc:
        count = len(args) if out is not None else min(len(args), is_ufunc.nin)
        outs = (out if isinstance(out, tuple) else (out,)) if out is not None else args[is_ufunc.nin :]
        return elementwise(name, args[:count], [o for o in outs if o is not None], results)
    if name == "where" and len(args) == 3:
        if x.dtype != bool:
            call("copy", [x], [np.empty(x.shape, bool)])
        return call(name, args, results)
    if name == "copyto":
        return assign(x, args[1])
    if name == "fill":
        return call(name, [], [x])
    if name in ("concatenate", "stack", "hstack", "vstack", "dstack", "column_stack"):
        return concatenate(list(x), results[0])
    if name == "pad":
        return pad(x, args[1] if len(args) > 1 else kwargs["pad_width"], results[0])
    if name == "bincount":
        return bincount(x, args[1] if len(args) > 1 else kwargs.get("weights"), results[0])
    if name in ("cumsum", "cumprod"):  # _routines_math.pyx, scan_core
        call("copy", [x], results)
        return call("scan", results, results)
    if name not in ONCE:
        counts["guesses"] += 1
    return call(name, args, results)
