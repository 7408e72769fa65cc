"""A double of CuPy for machines without a GPU: arrays on the host that refuse what CuPy's arrays refuse.

`StrictArray` wraps a NumPy array and `xp` stands in for the module `cupy` (also as `sys.modules["cupy"]`). Both have
only the names and keywords that CuPy has (cupy_names.txt), reductions give 0-d arrays, and an array of NumPy's
never mixes with one of these: what CuPy would convert or upload without a word is an error here. `np.exp(x)` and
`x[numpy_indices]` are, too, though CuPy takes them: the first hides where the work is done, the second a copy.

`cupy_costs.py` counts what all of it would cost on a GPU: where the host waits, what is copied to the device, and what
the device does; new arrays have the strides that CuPy gives them, since that decides what is copied later.
Left out on purpose: `xp.random` (its streams differ from NumPy's: draw on the host), `xp.add.at` (adds in any order).
`xp.RawKernel` is that of raw_kernel.py, which runs a kernel's source on the host.
"""

import functools
import operator
import types

import cupy_costs
import cupy_names
import numpy as np
from cupy_costs import uploads, waits

_NAMES = cupy_names.parse(cupy_names.LIST.read_text())
_ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_ARITHMETIC += ("and", "or", "xor", "lshift", "rshift")
_TWICE = {"bincount", "choose"}
_WAITING = _TWICE | {"nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "delete"}
_WAITING |= {"item", "tolist", "tobytes", "tofile", "dump", "dumps", "save", "savez", "savez_compressed"}
_ZERO_D = {"allclose", "array_equal", "array_equiv"}  # Python bools in NumPy, 0-d arrays in CuPy
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
        """The numbers, for which the host waits: core.pyx, get, which wants them contiguous."""
        waits[cause] += 1
        cupy_costs.view_or_copy("get", self._a, [np.ascontiguousarray(self._a)])
        cupy_costs.call("get", [self._a])
        return self._a

    def __getitem__(self, key):
        key = _index(key)
        found = self._a[key]
        if any(isinstance(k, np.ndarray) for k in key):
            found = np.asarray(found, order="C")
            cupy_costs.gather(self._a, key, found)
        return StrictArray(found)

    def __setitem__(self, key, value):
        key, value = _index(key), _operand(value)
        arrays = [k for k in key if isinstance(k, np.ndarray)]
        if any(k.dtype != bool for k in arrays) and np.ndim(value):
            places = np.arange(self._a.size).reshape(self._a.shape)[key]
            if len(np.unique(places)) < places.size:
                raise ValueError("a[i] = v with an index repeated: CuPy leaves undefined which value stays")
        if arrays:
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
        if name == "matmul":
            cupy_costs.product(*operands, None, result)
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
        if path == "RawKernel":
            return _raw_kernel
        value = _OWN.get(path) or getattr(self._module, name)
        if isinstance(value, types.ModuleType):
            value = _Module(f"{path}.", value)
        elif callable(value) and not isinstance(value, type):
            value = functools.update_wrapper(_guarded(path, value), value, ("__name__", "__doc__"), ())
        setattr(self, name, value)  # the next time it is found without coming here
        return value


def _guarded(path, function, this=None):
    """NumPy's function or method, taking what CuPy's takes and returning arrays of the device."""
    name, keywords = path.rpartition(".")[2], _NAMES[path]
    times = 2 if name in _TWICE else int(name in _WAITING)
    unwrap = _operand if isinstance(function, np.ufunc) else _unwrap

    def call(*args, **kwargs):
        if kwargs and keywords is not None and (refused := set(kwargs) - keywords):
            raise TypeError(f"CuPy's {path}() got an unexpected keyword argument {refused.pop()!r}")
        if times or (path == "where" and len(args) == 1):
            waits[name] += times or 1
        if path in ("array", "asarray") and isinstance(args[0], (np.ndarray, list, tuple)):
            return _upload(name, function(_unwrap(args[0], from_host=True), *args[1:], **kwargs).copy())
        inputs = [unwrap(a) for a in args]
        options = {key: _unwrap(value) for key, value in kwargs.items()}
        result = function(*inputs, **options)
        for given in (this, *args, *kwargs.values()):  # out=, or an array that was fine as it was
            if isinstance(given, StrictArray) and given._a is result:
                break
        else:
            given = None
            if isinstance(result, (np.ndarray, np.generic)) and name not in _AS_THEY_LIE:
                result = np.asarray(result, order="C")
        if path not in _OWN:  # which are made of others
            ufunc = function if isinstance(function, np.ufunc) else None
            cupy_costs.function(name, ufunc, inputs if this is None else [this._a, *inputs], options, result)
        if given is not None:
            return given
        return StrictArray(np.asarray(result)) if name in _ZERO_D else _wrap(result)

    return call


def _upload(name, array):
    if array.ndim:
        uploads[name] += 1
        cupy_costs.call("upload", [], [array])
    else:  # core.pyx, _array_default: one number is a kernel's argument
        cupy_costs.call("fill", [], [array])
    return StrictArray(array)


def _take_along_axis(a, indices, axis):
    key = cupy_costs.along_axis(a, indices, axis)
    cupy_costs.gather(a, key, result := np.take_along_axis(a, indices, axis))
    return result


def _put_along_axis(a, indices, values, axis):
    key = cupy_costs.along_axis(a, indices, axis)
    cupy_costs.scatter(a, key, values, a[key])
    np.put_along_axis(a, indices, values, axis)


_OWN = {"take_along_axis": _take_along_axis, "put_along_axis": _put_along_axis}
_AS_THEY_LIE = {*cupy_costs.FREE, *cupy_costs.VIEWS, *cupy_costs.FILLS}  # results whose strides are NumPy's


def _raw_kernel(source, name, options=(), **more):
    """raw_kernel.py's kernel, whose launches are counted."""
    import raw_kernel

    kernel = raw_kernel.RawKernel(source, name, options, **more)

    def launch(grid, block, args, **settings):
        arrays = [a._a for a in args if isinstance(a, StrictArray)]
        cupy_costs.call(name, arrays, arrays[:0])
        return kernel(grid, block, args, **settings)

    return launch


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
