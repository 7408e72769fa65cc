"""The strict double catches the mistakes it is there for, and otherwise computes what NumPy computes."""

import sys
import types

import cupy_costs
import numpy as np
import pytest
from strict_array import StrictArray, uploads, waits, xp

from minifcn.backend import array_module, to_device, to_host


@pytest.fixture
def host():
    return np.random.default_rng(0).standard_normal((2, 3)).astype("float32")


@pytest.fixture
def x(host):
    array = xp.asarray(host)
    waits.clear(), uploads.clear()
    return array


REFUSED = {
    "numpy function of a device array": lambda x, host: np.exp(x),
    "numpy reduction": lambda x, host: np.sum(x),
    "np.asarray": lambda x, host: np.asarray(x),
    "np.array of a list": lambda x, host: np.array([x, x]),
    "device + numpy": lambda x, host: x + np.ones(3),
    "numpy + device": lambda x, host: np.ones(3) + x,
    "numpy @ device": lambda x, host: host @ x.T,
    "device += numpy": lambda x, host: x.__iadd__(host),
    "numpy += device": lambda x, host: host.__iadd__(x),
    "device == numpy": lambda x, host: x == host,
    "ufunc of numpy": lambda x, host: xp.maximum(host, 0),
    "ufunc of a list": lambda x, host: xp.add(x, [1, 2, 3]),
    "reduction of numpy": lambda x, host: xp.sum(host),
    "numpy in a list": lambda x, host: xp.stack([x, host]),
    "out= in numpy": lambda x, host: xp.add(x, 1, out=host),
    "setitem from numpy": lambda x, host: x.__setitem__(0, host[0]),
    "setitem into numpy": lambda x, host: host.__setitem__(0, x[0]),
    "numpy index": lambda x, host: x[np.array([0, 1])],
    "list index": lambda x, host: x[:, [0, 1]],
    "einsum(out=)": lambda x, host: xp.einsum("ij->ji", x, out=xp.empty_like(x)),
    "clip(min=)": lambda x, host: xp.clip(x, min=0),
    "max(initial=)": lambda x, host: x.max(initial=0),
    "ufunc(where=)": lambda x, host: xp.divide(x, x, where=x > 0),
    "range(0-d)": lambda x, host: range(x.argmax()),
    "reduction of a list": lambda x, host: xp.sum([1, 2]),
    "reshape of a list": lambda x, host: xp.reshape([1, 2], (2, 1)),
    "numbers in a list": lambda x, host: xp.stack([x.sum(), 1.0]),
    "array of both in a list": lambda x, host: xp.asarray([x.sum(), 1.0]),
    "where(True)": lambda x, host: xp.where(True, x, 0.0),
    "a list in where": lambda x, host: xp.where(x > 0, [1.0, 2.0, 3.0], 0.0),
    "a list of indices, which it would upload": lambda x, host: xp.take(x, [0, 1]),
    "astype(casting=)": lambda x, host: x.astype("int32", casting="unsafe"),
    "array(subok=)": lambda x, host: xp.array(x, subok=True),
}


@pytest.mark.parametrize("mistake", REFUSED.values(), ids=REFUSED)
def test_refused_with_a_type_error(mistake, x, host):
    with pytest.raises(TypeError):
        mistake(x, host)


@pytest.mark.parametrize("name", ["errstate", "seterr", "block", "einsum_path", "insert", "random", "nowhere"])
def test_names_that_cupy_lacks_are_absent(name):
    assert not hasattr(xp, name)


@pytest.mark.parametrize("name", ["setflags", "resize", "data", "nowhere"])
def test_methods_that_cupy_lacks_are_absent(name, x):
    assert not hasattr(x, name)


def test_set_at_repeated_indices_is_refused(x):
    with pytest.raises(ValueError, match="repeated"):
        x[xp.asarray([0, 1, 0])] = xp.ones((3, 3))
    with pytest.raises(ValueError, match="repeated"):
        xp.put_along_axis(x, xp.asarray([[0, 0], [1, 2]]), xp.ones((2, 2)), 1)
    x[xp.asarray([1, 0])] = xp.ones((2, 3))
    assert (to_host(x) == 1).all()


def test_a_view_beyond_the_memory_of_its_array_is_refused(x):
    as_strided = xp.lib.stride_tricks.as_strided
    windows = as_strided(x[:, 1:], (2, 2, 1), (12, 4, 4))
    assert (to_host(windows)[..., 0] == to_host(x)[:, 1:]).all()
    windows[...] = 7.0
    assert (to_host(x)[:, 1:] == 7).all()
    assert as_strided(as_strided(x, (2, 2), (12, 4)), (6,), (4,)).shape == (6,)  # within the memory of the first
    for shape, strides in [((2, 4), (12, 4)), ((3, 3), (12, 4)), ((2, 3), (-12, 4))]:
        with pytest.raises(ValueError, match="beyond"):
            as_strided(x, shape, strides)


def test_a_shift_by_all_bits_is_refused(x):
    bits = xp.asarray(np.array([1, 2], "uint32"))
    assert to_host(bits << 31).tolist() == [1 << 31, 0] and to_host(bits >> 1).tolist() == [0, 1]
    for shift in (lambda: bits >> 32, lambda: xp.left_shift(bits, 40), lambda: bits.__ilshift__(32)):
        with pytest.raises(ValueError, match="undefined"):
            shift()


def test_numbers_of_python_keep_the_dtype_as_on_cupy():
    """_scalar.pyx: Python's numbers are weak, and what does not fit is an error, not another dtype."""
    for dtype, large in [("uint32", 2**32 - 1), ("uint64", 2**64 - 1), ("int64", 2**63 - 1)]:
        x = xp.asarray(np.array([3], dtype))
        assert (x * large).dtype == (x ^ large).dtype == (x >> 7).dtype == (large - x).dtype == dtype
        with pytest.raises(OverflowError):
            x + (large + 1)
    assert (xp.asarray(np.array([3], "uint64")) + xp.asarray(np.array([3], "int64"))).dtype == "float64"


def test_an_element_at_a_0d_index_is_a_copy(x, host):
    x[xp.asarray(1)][...] = 7.0
    assert (to_host(x) == host).all()


def test_numbers_that_numpy_counts_are_0d_arrays(x):
    assert isinstance(xp.count_nonzero(x), StrictArray)


def test_get_of_a_view(x, host):
    assert (x.T[1:].get() == host.T[1:]).all() and x.T.get().flags.c_contiguous


def test_a_kernel_is_run_by_raw_kernel_and_counted(x, monkeypatch):
    launched = []

    class RawKernel:
        def __init__(self, source, name, options=()):
            launched.append((source, name, options))

        def __call__(self, grid, block, args):
            launched.append((grid, block, args))

    monkeypatch.setitem(sys.modules, "raw_kernel", types.SimpleNamespace(RawKernel=RawKernel))
    kernel = xp.RawKernel("source", "twice", options=("-DREAL=float",))
    cupy_costs.forget()
    kernel((1,), (32,), (x, x[0], 6))
    assert launched[0] == ("source", "twice", ("-DREAL=float",)) and launched[1][2][0] is x
    assert cupy_costs.by_name == {"twice": 1} and cupy_costs.sizes == {"calls": 24 + 12}


WAITS = {
    "float()": lambda x: float(x.sum()),
    "int()": lambda x: int(x.argmax()),
    "bool()": lambda x: 1 if (x > 0).any() else 0,
    "item": lambda x: x.sum().item(),
    "tolist": lambda x: x.tolist(),
    "get": lambda x: x.get(),
    "format()": lambda x: f"{x.sum():.3f}",
    "a[mask]": lambda x: x[x > 0],
    "nonzero": lambda x: xp.nonzero(x),
    "where": lambda x: xp.where(x > 0),
}


@pytest.mark.parametrize("cause", WAITS)
def test_waiting_is_counted(cause, x):
    WAITS[cause](x)
    assert waits == {cause: 1} and not uploads


def test_setting_by_a_mask_and_bincount_are_counted(x):
    x[x > 0] = 0.0
    xp.bincount(xp.arange(3))
    assert waits == {"a[mask]": 1, "bincount": 2}


def test_uploads_are_counted_and_copy(host):
    uploads.clear()
    x = xp.asarray(host)
    x += 1.0
    assert uploads == {"asarray": 1} and not np.shares_memory(x.get(), host)
    assert (x.get() == host + 1).all()


def test_numpy_scalars_turn_float32_into_float64_as_on_cupy(x):
    """NEP 50: the mistake shows as a dtype, in NumPy's reductions too, which give 0-d arrays here."""
    assert (x * np.float64(2)).dtype == (np.float64(2) * x).dtype == "float64"
    assert (x * 2.0).dtype == (x * x.sum()).dtype == xp.where(x > 0, x, 0.0).dtype == "float32"
    assert (x * xp.sqrt(2.0)).dtype == "float64"


@pytest.mark.parametrize("result", [lambda x: x.sum(), lambda x: xp.max(x), lambda x: x[0, 0], lambda x: x[0][0] * 2])
def test_results_of_one_number_are_0d_arrays(result, x):
    assert isinstance(result(x), StrictArray) and result(x).shape == ()
    assert isinstance(xp.allclose(x, x), StrictArray)


def test_an_element_is_a_view_and_out_is_returned(x, host):
    """`a[0]` can be written to on CuPy, where NumPy gives a number of its own."""
    element = x[1, 2]
    element += 1.0
    assert float(x[1, 2]) == float(element) == host[1, 2] + 1
    assert xp.multiply(x, 2.0, out=x) is x and x.astype("float32", copy=False) is x


def test_it_computes_what_numpy_computes(x, host):
    same = {
        "operators": (-(x * 2 - 1) / (1 + x**2), -(host * 2 - 1) / (1 + host**2)),
        "product": (x @ x.T, host @ host.T),
        "comparison": (x > 0.5, host > 0.5),
        "method": (x.transpose(1, 0).reshape(-1), host.T.ravel()),
        "module": (xp.concatenate([x, x[::-1]], axis=1), np.concatenate([host, host[::-1]], axis=1)),
        "submodule": (
            xp.lib.stride_tricks.sliding_window_view(x, 2, axis=1),
            np.lib.stride_tricks.sliding_window_view(host, 2, axis=1),
        ),
        "several": (xp.split(x, 3, axis=1)[1], host[:, 1:2]),
    }
    for name, (actual, expected) in same.items():
        assert isinstance(actual, StrictArray), name
        assert actual.dtype == expected.dtype and (actual.get() == expected).all(), name


def test_it_stands_in_for_cupy_in_the_backend(device, host):
    x = to_device(host, "gpu")
    assert array_module(x) is device.xp and isinstance(x, device.xp.ndarray)
    assert to_device(x, "gpu") is x
    assert (to_host(x) == host).all() and (to_device(x, "cpu") == host).all()
    device.assert_copies(uploads={"asarray": 1}, waits={"get": 2})
