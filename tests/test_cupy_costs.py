"""Each rule of what CuPy would do, on small arrays, by hand: what CuPy's source says of them."""

import cupy_costs
import numpy as np
import pytest
from strict_array import xp


def array(*shape, dtype="float32"):
    return xp.asarray(np.arange(np.prod(shape)).reshape(shape).astype(dtype))


def in_place(a, i, b):
    a[i] += b


def put(a, i, b):
    a[i] = b


def new(shape=(4, 6), dtype="float32"):
    return xp.empty(shape, dtype)


A, T, ROWS, COLUMNS = array(4, 6), array(6, 4).T, array(2, 4, 6), array(2, 6, 3)
STRIDED, WIDE = array(4, 12)[:, ::2], array(4, 12)[:, :6]  # neither C- nor Fortran-contiguous
MASK, ZEROS = array(4, 6) > 3, xp.zeros((1, 6), "int64")
LARGE = xp.zeros((2, 600), "float32")

NOTHING = {
    "a slice": lambda: A[1:3, ::2],
    "a new axis": lambda: A[:, None],
    "one number": lambda: A[2, 3],
    "a transpose": lambda: A.T.swapaxes(0, 1).transpose(1, 0),
    "a reshape": lambda: A.reshape(2, 2, 6).reshape(-1),
    "a reshape of every second column": lambda: STRIDED.reshape(2, 2, 6),
    "as_strided": lambda: xp.lib.stride_tricks.as_strided(A, (3, 2, 6), (24, 24, 4)),
    "ravel": lambda: A.ravel(),
    "empty": lambda: (xp.empty((3, 4)), xp.empty_like(T)),
    "astype to the same": lambda: A.astype("float32", copy=False),
    "ascontiguousarray of one": lambda: xp.ascontiguousarray(A),
    "asarray of one": lambda: xp.asarray(A),
    "broadcast": lambda: xp.broadcast_to(A, (3, 4, 6)),
    "over no entries": lambda: A[:0] * 2 + 1,
    "shape": lambda: (A.shape, A.strides, A.dtype, len(A), A.flags.c_contiguous),
}


@pytest.mark.parametrize("views", NOTHING.values(), ids=NOTHING)
def test_a_view_is_no_call(views):
    cupy_costs.forget()
    views()
    assert not cupy_costs.counts and not cupy_costs.waits and not cupy_costs.uploads


CALLS = {  # the calls, by name
    "an operator": (lambda: A * 2.0 + T, "mul add"),
    "a comparison": (lambda: A >= T, "ge"),
    "in place": (lambda: A.__iadd__(0.0), "add"),
    "out of another dtype": (lambda: xp.multiply(A, 2.0, out=new(dtype="float64")), "multiply"),
    "a strided out": (lambda: xp.maximum(A, 0.0, out=new((4, 12))[:, ::2]), "maximum"),
    "a reshape of a transpose": (lambda: T.reshape(-1), "copy"),
    "a ravel of every second column": (lambda: STRIDED.ravel(), "copy"),
    "a ravel of half of the columns": (lambda: WIDE.ravel(), "copy"),
    "ascontiguousarray": (lambda: xp.ascontiguousarray(T), "copy"),
    "astype": (lambda: A.astype("float64"), "copy"),
    "astype to the same, a copy": (lambda: A.astype("float32"), "copy"),
    "copy": (lambda: A.copy(), "copy"),
    "array": (lambda: xp.array(A[:, 1:3], order="C"), "copy"),
    "zeros and full": (lambda: (xp.zeros(3), xp.full((2, 2), 1.0), xp.arange(3)), "fill fill fill"),
    "a number to fill with": (lambda: put(new(), slice(1), 1.0), "fill"),
    "an array to fill with": (lambda: put(new(), slice(1), A[:1]), "copy"),
    "where": (lambda: xp.where(MASK, A, 0.0), "where"),
    "where of numbers": (lambda: xp.where(A, A, 0.0), "copy where"),
    "clip": (lambda: xp.clip(A, 0, 1), "clip"),
    "concatenate": (lambda: xp.concatenate([A, A, T]), "copy copy copy"),
    "stack": (lambda: xp.stack([A, A]), "copy copy"),
    "a list of arrays": (lambda: xp.asarray([A, A]), "copy copy"),
    "pad": (lambda: xp.pad(A, ((0, 0), (1, 1))), "fill copy"),
    "pad a large one": (lambda: xp.pad(xp.empty((2000, 2001)), ((0, 0), (1, 2))), "fill fill copy"),
    "a[i]": (lambda: A[xp.arange(2)], "fill take"),
    "a[i, j]": (lambda: A[ZEROS, ZEROS], "fill prepare prepare take"),
    "a[i, j] = v": (lambda: put(new(), (ZEROS[:, :1], ZEROS[:, :1]), A[:1, :1]), "fill prepare prepare scatter"),
    "a[mask] = v": (lambda: put(new(), MASK, 0.0), "scan get fill scatter"),
    "a[mask], more than 512": (lambda: LARGE[LARGE > 0], "gt scan scan scan get"),
    "float()": (lambda: float(A[0, 0]), "get"),
    "item, tolist": (lambda: (A[0, 0].item(), A.tolist()), "get get"),
    "get, of a transpose": (lambda: T.get(), "copy get"),
    "an upload": (lambda: xp.asarray(np.ones(3)), "upload"),
    "an upload of one number": (lambda: xp.asarray(np.array(3.0)), "fill"),
    "bincount": (lambda: xp.bincount(ZEROS[0]), "less any get max get fill bincount"),
}


@pytest.mark.parametrize("function, names", CALLS.values(), ids=CALLS)
def test_calls(function, names):
    cupy_costs.forget()
    function()
    found = {name.split()[0]: count for name, count in cupy_costs.by_name.items()}
    assert found == {name: names.split().count(name) for name in names.split()}
    assert cupy_costs.counts["calls"] == len(names.split()) and set(cupy_costs.counts) <= {"calls"}


REDUCTIONS = {
    "all of it, by CUB": (lambda: LARGE.sum(), 1),
    "the last axis, by CUB": (lambda: LARGE.sum(axis=1), 1),
    "the first axis": (lambda: LARGE.sum(axis=0), 1),
    "the first axis of a transpose, by CUB": (lambda: LARGE.T.max(axis=0), 1),
    "by CUB, then to out": (lambda: LARGE.sum(axis=1, out=new((2,))), 2),
    "not contiguous": (lambda: LARGE[:, ::2].sum(), 1),
    "in another dtype, in two steps": (lambda: LARGE.sum(dtype="float64"), 2),
    "in another dtype, few": (lambda: A.sum(dtype="float64"), 1),
    "any, in two steps": (lambda: LARGE.any(), 2),
    "any, few": (lambda: A.any(), 1),
    "any of a row": (lambda: LARGE.any(axis=1), 1),
    "the largest one's place, out of a pair": (lambda: LARGE.argmax(), 2),
    "the largest one's place along an axis": (lambda: LARGE.argmax(axis=1), 1),
    "mean, divided after": (lambda: LARGE.mean(), 2),
    "mean along the first axis": (lambda: LARGE.mean(axis=0), 1),
    "mean of integers, which is turned into floats twice": (lambda: ZEROS.mean(), 2),
}


@pytest.mark.parametrize("function, calls", REDUCTIONS.values(), ids=REDUCTIONS)
def test_reductions(function, calls):
    cupy_costs.forget()
    function()
    assert cupy_costs.counts == {"calls": calls}


def products(axes3=0, broadcast=0, operands=0, out=0):
    names = "products of 3 axes", "broadcast products", "operand copies", "out copies"
    return {name: count for name, count in zip(names, (axes3, broadcast, operands, out)) if count}


PRODUCTS = {  # the calls, and what else is counted
    "2 axes": (lambda: A @ A.T, 1, products()),
    "of a transpose": (lambda: A.T @ T, 1, products()),
    "of half of the columns": (lambda: WIDE @ A.T, 2, products(operands=1)),
    "of every second column": (lambda: A @ STRIDED.T, 2, products(operands=1)),
    "of two dtypes": (lambda: A.astype("float64") @ A.T, 3, products(operands=1)),
    "out": (lambda: xp.matmul(A, A.T, out=new((4, 4))), 1, products()),
    "a strided out": (lambda: xp.matmul(A, A.T, out=new((4, 8))[:, ::2]), 2, products(out=1)),
    "a transposed out": (lambda: xp.matmul(A, A.T, out=new((4, 4)).T), 2, products(out=1)),
    "a vector": (lambda: A @ A[0], 1, products()),
    "a dot of two vectors": (lambda: A[0] @ A[1], 3, products()),
    "3 axes": (lambda: ROWS @ COLUMNS, 1, products(1)),
    "3 axes, one transposed": (lambda: ROWS @ ROWS.swapaxes(1, 2), 2, products(1, operands=1)),
    "3 axes with 2": (lambda: A.T @ ROWS, 1 + 1 + 3, products(1, 1, operands=1)),
    "3 axes, out": (lambda: xp.matmul(ROWS, COLUMNS, out=new((2, 4, 3))), 1, products(1)),
    "3 axes, a slice for out": (lambda: xp.matmul(ROWS, COLUMNS, out=new((2, 4, 6))[..., :3]), 2, products(1, out=1)),
    "4 axes, one broadcast": (lambda: ROWS[:, None] @ COLUMNS[:1, None], 6 + 1, products(1, 1)),
    "einsum": (lambda: xp.einsum("nij,nkj->nik", ROWS, ROWS), 2, products(1, operands=1)),
    "einsum of 2 axes": (lambda: xp.einsum("ij,jk->ik", A, COLUMNS[0]), 1, products(1)),
    "tensordot": (lambda: xp.tensordot(A, A.T, 1), 1, products()),
    "tensordot, the last axes": (lambda: xp.tensordot(A, ROWS, ([1], [2])), 1, products()),
    "tensordot, an axis in between": (lambda: xp.tensordot(A, ROWS, ([0], [1])), 2, products(operands=1)),
}


@pytest.mark.parametrize("function, calls, others", PRODUCTS.values(), ids=PRODUCTS)
def test_products(function, calls, others):
    cupy_costs.forget()
    function()
    assert cupy_costs.counts == {"calls": calls, **others}


def test_the_bytes_of_a_product_and_of_its_copies():
    cupy_costs.forget()
    WIDE @ A.T
    # 24 entries of 4 bytes are copied, read and written; then twice 24 are read, and 16 written.
    assert cupy_costs.sizes == {"operand copies": 96, "calls": 96 + 96 + 96 + 96 + 64}


@pytest.mark.parametrize(
    "function, size",
    [
        (lambda a: xp.maximum(a, 0.0, out=a), 0),
        (lambda a: xp.maximum(a[...], 0.0, out=a[...]), 96),  # two views of the same
        (lambda a: xp.add(a[:2], a[2:], out=new((2, 6))), 0),
        (lambda a: xp.add(a[:2], 1.0, out=a[2:]), 0),  # other memory of the same array
        (lambda a: in_place(a, ..., a.T.T), 96),
        (lambda a: xp.add(a[:, ::2], 1.0, out=a[:, 1::2]), 48),  # other memory in the same span
        (lambda a: a.__iadd__(a), 0),
        (lambda a: a[:2].__iadd__(a[:2]), 48),
    ],
)
def test_an_input_under_out_is_copied_unless_it_is_the_same_object(function, size):
    a = A.copy()
    cupy_costs.forget()
    function(a)
    assert cupy_costs.counts["input copies"] == (size > 0) and cupy_costs.counts["calls"] == 1 + (size > 0)
    assert cupy_costs.sizes["input copies"] == size


@pytest.mark.parametrize("shape, copies", [((4, 6), 0), ((1, 6), 1), ((1, 1, 6), 1)])
def test_an_indexed_sum_with_a_leading_axis_of_1_is_copied_away_and_back(shape, copies):
    a = xp.zeros(shape, "float32")
    cupy_costs.forget()
    in_place(a, (..., slice(3)), 1.0)
    half = a.size * 4 // 2
    assert cupy_costs.counts["a[i] += b copies"] == copies and cupy_costs.counts["calls"] == 1 + 2 * copies
    assert cupy_costs.sizes["calls"] == half * (2 + 4 * copies) and (a.get()[..., :3] == 1).all()


def test_along_an_axis_indices_are_made():
    """take_along_axis of 3 axes: two aranges, one index of 3 arrays with 4 kernels, one that takes."""
    cupy_costs.forget()
    best = xp.zeros((2, 1, 6), "int64")
    cupy_costs.forget()
    taken = xp.take_along_axis(ROWS, best, 1)
    assert cupy_costs.counts == {"calls": 2 + 1 + 3 + 1, "index arrays": 2}
    assert cupy_costs.sizes["index arrays"] == 8 * (2 + 6) and (taken.get() == ROWS.get()[:, :1]).all()
    cupy_costs.forget()
    xp.put_along_axis(ROWS, best, taken, 1)
    assert cupy_costs.counts == {"calls": 2 + 1 + 3 + 1, "index arrays": 2}


def test_more_than_8_small_arrays_are_joined_by_tables_from_the_host():
    cupy_costs.forget()
    xp.concatenate([A] * 8)
    assert not cupy_costs.uploads and cupy_costs.counts["calls"] == 8
    xp.concatenate([A] * 9)
    assert cupy_costs.uploads == {"concatenate": 1} and cupy_costs.counts["calls"] == 8 + 2
    xp.concatenate([A] * 8 + [A[:1]])
    assert cupy_costs.uploads == {"concatenate": 1 + 3}


def test_new_arrays_lie_as_cupy_lays_them():
    """Elementwise results are C-contiguous whatever their inputs are, which NumPy's are not; copies may keep order."""
    results = [T * 2.0, T + T, xp.maximum(T, 0.0), T > 0, -T, xp.where(T > 0, T, 0.0), ROWS.swapaxes(0, 2).sum(axis=1)]
    assert all(result.flags.c_contiguous for result in results)
    assert (
        T.astype("float64").flags.f_contiguous and xp.empty_like(T).flags.f_contiguous and T.copy().flags.c_contiguous
    )


def test_a_function_that_nothing_is_known_of_is_a_guess():
    cupy_costs.forget()
    xp.cross(A[0, :3], A[1, :3])
    assert cupy_costs.counts["guesses"] == 1
