"""CuPy itself without a GPU: its own code decides what the device is asked to do, and a driver that is none counts.

CuPy's modules find the CUDA runtime and driver as tables of C functions. `start` puts others there before CuPy is
imported: they hand out memory of the host, and count kernels, copies and memsets as `cupy_costs.call` does; cuBLAS,
CUB and the compiler are replaced where Python calls them. Nothing is computed, so all numbers are 0. It works with CuPy
14.2, and is run as a script, in a process of its own, by test_cupy_without_gpu.py.
"""

import atexit
import ctypes
import json
import os
import sys
import types
from ctypes import PYFUNCTYPE, c_char_p, c_float, c_int, c_size_t, c_ssize_t, c_void_p, py_object

import cupy_costs

NUMBERS = {"getDevice": 0, "getDeviceCount": 1, "runtimeGetVersion": 13000, "driverGetVersion": 13000}
PROPERTIES = {"warpSize": 32, "name": b"none", "major": 9, "minor": 0, "multiProcessorCount": 132}
MEMORY = (16 << 30, 16 << 30)  # bytes free, and in all
_kept, _memory = [], {}  # signatures that C points to; {address: memory}


def start():
    """Import CuPy without a GPU, and return it."""
    from cupy_backends.cuda.api import driver, runtime

    _replace(runtime)
    _replace(driver)
    for name, value in NUMBERS.items():
        setattr(runtime, name, lambda value=value: value)
    runtime.memGetInfo = lambda: MEMORY
    runtime.getDeviceProperties = lambda device: PROPERTIES
    import cupy_backends.cuda.libs

    sys.modules["cupy_backends.cuda.libs.cublas"] = cupy_backends.cuda.libs.cublas = _Cublas("cublas")
    import cupy

    _without_libraries(cupy)
    cupy.cuda.set_allocator(None)  # no pool, which would hand out what has been used
    return cupy


def _allocate(size):
    memory = ctypes.create_string_buffer(max(1, size))
    address = ctypes.addressof(memory)
    _memory[address] = memory
    return address


def _free(address):
    _memory.pop(address, None)


def _copy(there, here, size):
    cupy_costs.call("memcpy")
    ctypes.memmove(there, here, size)


def _attribute(number, device):
    return {75: PROPERTIES["major"], 76: PROPERTIES["minor"]}.get(number, 1)


OURS = {  # C functions by name; one that declares fewer arguments than it is given passes over the others
    "malloc": PYFUNCTYPE(c_ssize_t, c_size_t)(_allocate),
    "hostAlloc": PYFUNCTYPE(c_ssize_t, c_size_t)(_allocate),
    "free": PYFUNCTYPE(py_object, c_ssize_t)(_free),
    "freeHost": PYFUNCTYPE(py_object, c_ssize_t)(_free),
    "memcpy": PYFUNCTYPE(py_object, c_void_p, c_void_p, c_size_t)(_copy),
    "memcpyAsync": PYFUNCTYPE(py_object, c_void_p, c_void_p, c_size_t)(_copy),
    "memsetAsync": PYFUNCTYPE(py_object)(lambda: cupy_costs.call("memset")),
    "launchKernel": PYFUNCTYPE(py_object)(lambda: cupy_costs.call("kernel")),
    "deviceGetAttribute": PYFUNCTYPE(c_int, c_int, c_int)(_attribute),
    "getDeviceProperties": PYFUNCTYPE(py_object)(lambda: PROPERTIES),
    "memGetInfo": PYFUNCTYPE(py_object)(lambda: MEMORY),
    "eventElapsedTime": PYFUNCTYPE(c_float)(lambda: 1.0),
    **{name: PYFUNCTYPE(c_int)(lambda value=value: value) for name, value in NUMBERS.items()},
}
BY_KIND = {  # all others, by what they return: as a pointer 0 would be an error
    b"PyObject *": PYFUNCTYPE(py_object)(lambda: None),
    b"int": PYFUNCTYPE(c_int)(lambda: 0),
    b"intptr_t": PYFUNCTYPE(c_ssize_t)(lambda: 1),
}
_name_of, _capsule = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_New
_name_of.restype, _name_of.argtypes = c_char_p, [py_object]
_capsule.restype, _capsule.argtypes = py_object, [c_void_p, c_char_p, c_void_p]


def _replace(module):
    """Put our functions into the table of one of CuPy's modules, {name: a capsule whose name is the signature}."""
    for name, capsule in module.__pyx_capi__.items():
        signature = _name_of(capsule)
        function = OURS.get(name) or BY_KIND.get(signature.partition(b"(")[0].strip())
        if function and b"(" in signature:  # else it is a number
            _kept.append(signature)
            module.__pyx_capi__[name] = _capsule(ctypes.cast(function, c_void_p), signature, None)


class _Cublas(types.ModuleType):
    """cuBLAS, whose every product is a call."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name.startswith("CUBLAS"):
            return 0
        return (lambda *_: cupy_costs.call("product")) if "gemm" in name.lower() else lambda *_: 1


def _without_libraries(cupy):
    """Kernels that nobody compiles, and CUB's functions as cupy/cuda/cub.pyx describes them."""
    from cupy.cuda import compiler, cub, function

    def module(*_, **__):
        empty = function.Module()
        empty.load(b"-")
        return empty

    def reduce(x, op, reduced, kept, out=None, keepdims=False, contiguous_size=0):
        places = op in (cub.CUPY_CUB_ARGMIN, cub.CUPY_CUB_ARGMAX)
        shape = [1 if i in reduced else n for i, n in enumerate(x.shape) if keepdims or i in kept]
        x = x if kept else cupy.ascontiguousarray(x)
        cupy_costs.call("reduce")
        y = cupy.empty(shape, x.dtype, order="C" if x.flags.c_contiguous else "F")
        y = y.astype("int64") if places else y
        return y if out is None else cupy.copyto(out, y) or out

    def only_call(x, y=None, *_):
        cupy_costs.call("scan")
        return x if y is None or isinstance(y, int) else y

    compiler._compile_module_with_cache = module
    cub.device_reduce = cub.device_segmented_reduce = reduce
    cub.device_scan = cub.device_histogram = only_call


def main():
    """Write the calls that test_cupy_without_gpu.py asks for, in JSON."""
    atexit.register(os._exit, 1)  # at once: CuPy would call functions of ours that are gone
    sys.modules["strict_array"] = types.SimpleNamespace(xp=start())
    from test_cupy_without_gpu import calls

    print(json.dumps(calls()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
