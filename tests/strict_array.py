"""A double of CuPy for machines without a GPU: arrays on the host that refuse what CuPy's arrays refuse.

`StrictArray` wraps a NumPy array and `xp` stands in for the module `cupy` (also as `sys.modules["cupy"]`). Both have
only the names and keywords that CuPy has (cupy_names.txt), reductions give 0-d arrays, and an array of NumPy's
never mixes with one of these: what CuPy would convert or upload without a word is an error here. `np.exp(x)` and
`x[numpy_indices]` are, too, though CuPy takes them: the first hides where the work is done, the second a copy. So is a
view by as_strided that reaches beyond its array's memory, which CuPy would read or overwrite.

cupy_costs.py counts what all of it would cost on a GPU: where the host waits, what is copied to the device, and what
the device does. New arrays have the strides that CuPy gives them, which decide what is copied later.
Left out on purpose: `xp.random` (its streams differ from NumPy's: draw on the host), `xp.add.at` (adds in any order).
`xp.RawKernel` is raw_kernel.py's, which runs a kernel's source on the host.
"""

import functools
import operator
import types

import cupy_costs
import cupy_functions
import cupy_names
import cupy_products
import cupy_refusals
import numpy as np
from cupy_costs import uploads, waits

_NAMES = cupy_names.parse(cupy_names.LIST.read_text())
_ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_ARITHMETIC += ("and", "or", "xor", "lshift", "rshift")
_TWICE = {"bincount", "choose"}
_WAITING = _TWICE | {"nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "delete"}
_WAITING |= {"item", "tolist", "tobytes", "tofile", "dump", "dumps", "save", "savez", "savez_compressed"}
_ZERO_D = {"allclose", "array_equal", "array_equiv", "count_nonzero"}  # Python's own in NumPy, 0-d arrays in CuPy
_AS_THEY_LIE = {*cupy_functions.VIEWS, *cupy_functions.MAYBE_VIEWS, *cupy_functions.EMPTY, *cupy_functions.FILLED}
_LEFT_OUT = {"random", "ndarray.data", "ndarray.flat", "ndarray.get"}
_PLACES = (int, slice, type(Ellipsis), type(None))  # keys that are no arrays
_PLAIN = ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides")  # asked for so often that they go past


class StrictArray:
    """An array "on the device". It has CuPy's operators, methods and attributes; `get()` brings it to the host."""

    __slots__ = ("_a",)
    __hash__ = None
    __array_ufunc__ = None  # NumPy's operators hand over to the ones here, its functions raise TypeError

    def __init__(self, a):
        self._a = a

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_function__(self, function, *_):
        raise TypeError(f"numpy.{function.__name__} was given a CuPy array: take it from array_module(x)")

    def __array_namespace__(self, api_version=None):
        return xp

    def __getattr__(self, name):
        path = f"ndarray.{name}"
        if path not in _NAMES or path in _LEFT_OUT:
            raise AttributeError(f"a CuPy array has no {name!r}, or none that NumPy has too")
        value = getattr(self._a, name)
        if name == "flags":
            return types.SimpleNamespace(c_contiguous=value.c_contiguous, f_contiguous=value.f_contiguous)
        return _guarded(path, value, self) if callable(value) else _wrap(value)

    def get(self):
        return self._fetch("get").copy()

    def _fetch(self, cause):
        """The numbers, for which the host waits."""
        waits[cause] += 1
        cupy_costs.fetch(self._a)
        return self._a

    def __getitem__(self, key):
        key = _index(key)
        found = self._a[key]
        if any(isinstance(k, np.ndarray) for k in key):
            found = np.array(found, order="C")  # NumPy gives a view for a 0-d index
            cupy_costs.gather(key, found)
        return StrictArray(found)

    def __setitem__(self, key, value):
        key, value = _index(key), _operand(value)
        cupy_refusals.check_places(self._a, key, value)
        if any(isinstance(k, np.ndarray) for k in key):
            cupy_costs.scatter(self._a, key, value, self._a[key])
        else:
            cupy_costs.assign(self._a[key], value)
        self._a[key] = value

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        return f"strict {self._a!r}"

    def __format__(self, spec):
        return format(self._fetch("format()")[()], spec)


def _operators():
    """Give StrictArray CuPy's operators: mixing with anything but its own kind and scalars raises TypeError."""

    def made(name, *operands):
        result = np.asarray(getattr(operator, f"__{name}__")(*operands), order="C")
        cupy_refusals.check_shift(name, operands[-1], result)
        if name == "matmul":
            cupy_products.matmul(*operands, result=result)
        else:
            cupy_costs.elementwise(name, operands, results=[result])
        return StrictArray(result)

    def forward(name):
        return lambda self, *other: made(name, self._a, *map(_operand, other))

    def reflected(name):
        return lambda self, other: made(name, _operand(other), self._a)

    def in_place(name):
        function = getattr(operator, f"__i{name}__")

        def change(self, other):
            other = _operand(other)
            cupy_costs.elementwise(name, [self._a, other], [self._a])
            cupy_refusals.check_shift(name, other, self._a)
            function(self._a, other)
            return self

        return change

    def converted(kind):
        return lambda self: kind(self._fetch(f"{kind.__name__}()"))

    for name in ("neg", "pos", "abs", "invert", "lt", "le", "eq", "ne", "gt", "ge", "matmul"):
        setattr(StrictArray, f"__{name}__", forward(name))
    for name in _ARITHMETIC:
        setattr(StrictArray, f"__{name}__", forward(name))
        setattr(StrictArray, f"__r{name}__", reflected(name))
        setattr(StrictArray, f"__i{name}__", in_place(name))
    StrictArray.__rmatmul__ = reflected("matmul")
    for kind in (bool, int, float, complex):
        setattr(StrictArray, f"__{kind.__name__}__", converted(kind))
    for name in _PLAIN:
        setattr(StrictArray, name, property(operator.attrgetter(f"_a.{name}")))


class _Module:
    """The part of a NumPy module that CuPy has too."""

    ndarray = StrictArray

    def __init__(self, path, module):
        self._path, self._module = path, module

    def __getattr__(self, name):
        path = f"{self._path}{name}"
        if path not in _NAMES or path in _LEFT_OUT:
            raise AttributeError(f"CuPy has no {path!r}, or none that the strict double lets through")
        value = _OWN.get(path) or getattr(self._module, name)
        if isinstance(value, types.ModuleType):
            value = _Module(f"{path}.", value)
        elif path not in _OWN and callable(value) and not isinstance(value, type):
            value = functools.update_wrapper(_guarded(path, value), value, ("__name__", "__doc__"), ())
        setattr(self, name, value)  # the next time it is found without coming here
        return value


def _guarded(path, function, this=None):
    """NumPy's function or method, taking what CuPy's takes and returning arrays of the device."""
    name, keywords = path.rpartition(".")[2], _NAMES[path]
    times = 2 if name in _TWICE else int(name in _WAITING)
    unwrap = _operand if isinstance(function, np.ufunc) else _unwrap

    def call(*args, **kwargs):
        if kwargs and keywords is not None:
            cupy_refusals.check_keywords(path, kwargs, keywords)
        if times or (path == "where" and len(args) == 1):
            waits[name] += times or 1
        if path in ("array", "asarray") and not isinstance(args[0], StrictArray):
            return _upload(function, *args, **kwargs)
        if unwrap is _unwrap:
            cupy_refusals.check_arrays(path, args if this is None else (this, *args), StrictArray)
        inputs = [unwrap(a) for a in args]
        options = {key: _unwrap(value) for key, value in kwargs.items()}
        result = function(*inputs, **options)
        if len(inputs) > 1:
            cupy_refusals.check_shift(name, inputs[1], result)
        # out=, or an array that was fine as it was
        given = [a for a in (this, *args, *kwargs.values()) if isinstance(a, StrictArray) and a._a is result]
        if not given and name not in _AS_THEY_LIE and isinstance(result, (np.ndarray, np.generic)):
            result = np.asarray(result, order="C")
        cupy_functions.charge(name, function, inputs if this is None else [this._a, *inputs], options, result)
        if given:
            return given[0]
        return StrictArray(np.asarray(result)) if name in _ZERO_D else _wrap(result)

    return call


def _upload(function, values, dtype=None, **kwargs):
    """array or asarray of what is on the host; of a list of arrays of the device, which is no upload."""
    if isinstance(values, (list, tuple)) and any(isinstance(value, StrictArray) for value in values):
        joined = xp.stack(values)  # core.pyx, _array_from_nested_cupy_sequence
        return joined if dtype is None else joined.astype(dtype, copy=False)
    array = function(_unwrap(values, from_host=True), dtype, **kwargs).copy()
    if array.ndim:
        uploads[function.__name__] += 1
        cupy_costs.call("upload", [], [array])
    else:  # core.pyx, _array_default: one number is a kernel's argument
        cupy_costs.call("fill", [], [array])
    return StrictArray(array)


def _as_strided(x, shape=None, strides=None):
    view = np.lib.stride_tricks.as_strided(x._a, shape, strides)
    cupy_refusals.check_within(view, x._a)
    return StrictArray(view)


def _along_axis(a, indices, axis):
    """The key of take_along_axis and put_along_axis: an arange for each other axis.

    cupy/_indexing/indexing.py, take_along_axis; cupy/lib/_shape_base.py, _make_along_axis_idx.
    """
    key = []
    for i, n in enumerate(a.shape):
        if i == axis % a.ndim:
            key.append(indices)
        else:
            key.append(xp.arange(n).reshape([-1 if i == j else 1 for j in range(a.ndim)]))
            cupy_costs.note("index arrays", key[i]._a)
    return tuple(key)


def _take_along_axis(arr, indices, axis):
    return arr[_along_axis(arr, indices, axis)]


def _put_along_axis(arr, indices, values, axis):
    arr[_along_axis(arr, indices, axis)] = values


def _raw_kernel(source, name, *args, **kwargs):
    """raw_kernel.py's kernel, whose launches are counted."""
    import raw_kernel

    kernel = raw_kernel.RawKernel(source, name, *args, **kwargs)

    def launch(grid, block, args, **kwargs):
        cupy_costs.call(name, [a._a for a in args if isinstance(a, StrictArray)])
        return kernel(grid, block, args, **kwargs)

    return launch


_OWN = {
    "take_along_axis": _take_along_axis,
    "put_along_axis": _put_along_axis,
    "lib.stride_tricks.as_strided": _as_strided,
    "RawKernel": _raw_kernel,
}


def _wrap(result):
    if isinstance(result, (np.ndarray, np.generic)):
        return StrictArray(np.asarray(result))
    return type(result)(map(_wrap, result)) if type(result) in (tuple, list) else result


def _unwrap(value, from_host=False):
    """A function's argument as NumPy takes it; arrays of NumPy's pass only `from_host`."""
    if isinstance(value, StrictArray):
        return value._a
    if isinstance(value, np.ndarray) and not from_host:
        raise TypeError("Unsupported type <class 'numpy.ndarray'>: upload it with xp.asarray, or to_device")
    return type(value)(_unwrap(v, from_host) for v in value) if type(value) in (tuple, list) else value


def _operand(value):
    """An operator's or ufunc's other side: an array of the device or a scalar, of Python or NumPy."""
    if not isinstance(value, (StrictArray, bool, int, float, complex, np.generic)):
        raise TypeError(f"Unsupported type {type(value)}: only arrays of the device and scalars mix with one")
    return _unwrap(value)


def _index(key):
    """A key for the wrapped array that always gives an array, a view of it for integers and slices, as CuPy does."""
    key = key if isinstance(key, tuple) else (key,)
    if all(type(k) in _PLACES for k in key):
        return key if Ellipsis in key else (*key, Ellipsis)
    if any(isinstance(k, (np.ndarray, list)) for k in key):
        raise TypeError("an index on the host would be copied to the device: upload it with xp.asarray")
    masks = sum(isinstance(k, StrictArray) and k._a.dtype == bool for k in key)
    if masks:
        waits["a[mask]"] += masks
    key = tuple(map(_unwrap, key))
    return key if any(k is Ellipsis for k in key) else (*key, Ellipsis)


_operators()
xp = _Module("", np)
