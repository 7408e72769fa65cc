"""A double of CuPy's RawKernel: the same source text, compiled by g++ and run on the host, one thread after the other.

CUDA's words that our kernels use are defined before the source, and a loop goes over the grid. As on a GPU nothing says
in which order the threads run: `RawKernel.order` is "forward", "reversed" or "shuffled".
"""

import atexit
import ctypes
import functools
import hashlib
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

launches = Counter()  # {name: how often}

COMPILER = shutil.which("g++")
COMMAND = (COMPILER, "-O1", "-shared", "-fPIC", "-std=c++17", "-ffp-contract=off", "-Wall", "-Werror")
SCALARS = {"float32": ctypes.c_float, "float64": ctypes.c_double, "int32": ctypes.c_int32, "int64": ctypes.c_int64}

BEFORE = """
#define __global__
struct Three { unsigned x, y, z; };
static Three gridDim, blockDim, blockIdx, threadIdx;
inline float exp(float x) { return __builtin_expf(x); }  // as CUDA has them for both; <cmath> takes long to read
inline float log(float x) { return __builtin_logf(x); }
inline double exp(double x) { return __builtin_exp(x); }
inline double log(double x) { return __builtin_log(x); }
"""

AFTER = """
template <int... I> struct Numbers {};
template <class... A, int... I> static void call(void (*kernel)(A...), void** args, Numbers<I...>) {
    kernel(*static_cast<A*>(args[I])...);
}
template <class... A> static void call(void (*kernel)(A...), void** args) {
    call(kernel, args, Numbers<__integer_pack(sizeof...(A))...>());
}
extern "C" void launch_grid(const unsigned* size, const long long* order, long long threads, void** args) {
    gridDim = {size[0], size[1], 1};
    blockDim = {size[2], 1, 1};
    for (long long i = 0; i < threads; i++) {
        long long thread = order[i];
        threadIdx.x = thread % size[2];
        blockIdx.x = thread / size[2] % size[0];
        blockIdx.y = thread / size[2] / size[0];
        call(KERNEL, args);
    }
}
"""


class RawKernel:
    """As CuPy's, for arrays of the double: they go by address, NumPy's scalars by value, None as a null pointer."""

    order = "forward"

    def __init__(self, code, name, options=()):
        self.code, self.name = code, name

    def __call__(self, grid, block, args):
        if not COMPILER:
            import pytest  # rehearse_gpu.py runs without it

            pytest.skip("g++ is not here to compile the kernels for the host")
        (gx, gy), (bx,) = grid, block
        assert 0 < gx < 2**31 and 0 < gy < 2**16 and 0 < bx <= 1024, "no grid of CUDA's"
        order = np.arange(gx * gy * bx)
        if self.order != "forward":
            order = order[::-1].copy() if self.order == "reversed" else np.random.default_rng(0).permutation(order)
        values = [_value(arg) for arg in args]
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
        launch = _compiled(self.code, self.name)
        launch((ctypes.c_uint * 3)(gx, gy, bx), order.ctypes, ctypes.c_longlong(order.size), pointers)
        launches[self.name] += 1


def _value(arg):
    if arg is None:
        return ctypes.c_void_p(0)
    if isinstance(arg, np.generic):
        return SCALARS[str(arg.dtype)](arg.item())
    return ctypes.c_void_p(arg._a.__array_interface__["data"][0])  # a TypeError for Python's numbers, NumPy's arrays


@functools.cache
def _compiled(code, name):
    """The function that launches the kernel, from a library that lasts as long as this process."""
    library = _folder() / f"{hashlib.sha256((code + name).encode()).hexdigest()[:16]}.so"
    source = f"{BEFORE}\n{code}\n{AFTER.replace('KERNEL', name)}"
    subprocess.run([*COMMAND, "-x", "c++", "-", "-o", library], input=source, text=True, check=True)
    return ctypes.CDLL(str(library)).launch_grid


@functools.cache
def _folder():
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)
