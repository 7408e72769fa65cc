"""What a call to the strict double would cost on a GPU, as CuPy 14.2 does it: read in its source, counted here.

`counts` and `sizes` (bytes) have the same keys:

    calls               each time the device gets something to do: a kernel, a copy, a memset, a call to cuBLAS or CUB
    products of 3 axes  matmul with an operand of 3 or more axes, and einsum: copies what is transposed, knows no TF32
    broadcast products  those of them whose operands have different numbers of matrices: tables of pointers on top
    operand copies      operands of products that are copied first, to another layout or dtype
    out copies          products that are computed elsewhere first, and then copied to the `out` that was given
    input copies        inputs that are copied first, because `out` is another view of their memory
    a[i] += b copies    `a[i] += b` where a[i] has a leading axis of 1: its result is copied away and back
    index arrays        that take_along_axis and put_along_axis make
    guesses             functions that nothing is known of here: one call each

`sizes["calls"]` is what all calls read and write, an array once in each call. Views cost nothing: slices, transposes,
reshape and ravel where they need no copy; neither does `empty`. A call over no entries is none.

Here is what all rules share, and those of elementwise functions and of indices; cupy_products.py has those of
reductions and products, cupy_functions.py all others by name. A rule says where CuPy's source has it: the file, in
cupy/_core if no path stands before it, and the function.
"""

from collections import Counter

import numpy as np
from numpy.lib.array_utils import byte_bounds

counts, sizes = Counter(), Counter()
by_name = Counter()  # calls by what they were: {"add": 3, "copy": 1, ...}
waits = Counter()  # for the GPU, by cause: {"float()": 1, "a[mask]": 2, "bincount": 2, "get": 1, ...}
uploads = Counter()  # copies from the host to the device: {"asarray": 1, ...}


def forget():
    """Begin to count anew."""
    for counter in (counts, sizes, by_name, waits, uploads):
        counter.clear()


def call(name, reads=(), writes=()):
    """The device reads and writes these arrays, once. Numbers among them are a kernel's arguments."""
    reads, writes = [[a for a in arrays if isinstance(a, np.ndarray)] for arrays in (reads, writes)]
    work = writes or reads
    if not work or any(a.size for a in work):
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


def copy(a, dtype=None):
    """An array is copied to a new one."""
    call("copy", [a], [np.empty(a.shape, dtype or a.dtype)])


def copied(cause, a):
    """An array is copied in secret."""
    if a.size:
        note(cause, a)
        copy(a)


def fetch(a):
    """An array is brought to the host: core.pyx, get, which wants it contiguous."""
    if not a.flags.c_contiguous:
        copy(a)
    call("get", [a])


def overlap(a, b):
    """_memory_range.pyx, may_share_bounds: whether the spans of two arrays overlap, used in between or not."""
    if not (a.size and b.size):
        return False
    (low, high), (other_low, other_high) = byte_bounds(a), byte_bounds(b)
    return low < other_high and other_low < high


def address(a):
    return a.__array_interface__["data"][0]


def elementwise(name, inputs, outs=(), results=()):
    """A universal function: one kernel, whatever the dtypes and strides are (_kernel.pyx, ufunc.__call__).

    An input that shares memory with an `out` is copied first, unless it is that very array (_copy_in_args_if_needed).
    """
    for a in inputs:
        if isinstance(a, np.ndarray) and any(out is not a and overlap(a, out) for out in outs):
            copied("input copies", a)
    call(name, inputs, outs or results)


def view_or_copy(source, *results):
    """What gives a view if it can: _routines_manipulation.pyx, _reshape; core.pyx, astype and ascontiguousarray."""
    for result in results:
        if not overlap(source, result):
            call("copy", [source], [result])


def assign(view, value):
    """a[i] = v, `view` being a[i]: _routines_indexing.pyx, _ndarray_setitem and _scatter_op."""
    if not isinstance(value, np.ndarray):
        call("fill", [], [view])
        return
    while value.ndim and value.shape[0] == 1:  # _squeeze_leading_unit_dims
        value = value[0]
    alike = (view.shape, view.strides) == (value.shape, value.strides)
    if alike and address(view) == address(value):
        return  # the second half of a[i] += b: it is there already
    by_memcpy = alike and view.flags.c_contiguous and view.dtype == value.dtype
    if not by_memcpy and overlap(view, value):
        itself = view.size == value.size and address(view) == address(value)
        copied("a[i] += b copies" if itself else "input copies", value)
    call("copy", [value], [view])


def gather(key, result):
    """a[i] with arrays in i: _routines_indexing.pyx, _ndarray_getitem."""
    indexed(key)
    call("take", [result], [result])


def scatter(a, key, value, places):
    """a[i] = v with arrays in i, `places` being a[i]: _scatter_op_single, _scatter_op_mask_single."""
    indexed(key)
    if not isinstance(value, np.ndarray):
        call("fill", [], [np.empty((), a.dtype)])
    elif value.dtype != a.dtype:
        copy(value, a.dtype)
    call("scatter", [places], [places])


def indexed(key):
    """A mask is scanned, and its sum fetched; of several arrays one is made (_prepare_multiple_array_indexing)."""
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
    """A running sum: _routines_math.pyx, scan: those of 512 entries each, then of these, and all once more."""
    if a.size > 512:
        call("scan", [a])
        scan(np.empty(-(-a.size // 512), "int32"))
    call("scan", [a], [np.empty(a.shape, "int32")])
