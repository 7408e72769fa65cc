"""NumPy or CuPy: which module owns an array, and moving arrays between host and device.

A function asks its array for its module and stays on that side. Only the edges (reading batches, metrics, pictures,
checkpoints) move arrays.
"""

import functools
import os
import shutil
import sys
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend.kernels import kernels_wanted
from minifcn.checks import one_of, shown
from minifcn.errors import InputError
from minifcn.text import first_line

DEVICES = ("auto", "cpu", "gpu")
DRIVERS = (  # where NVIDIA's lies
    "/proc/driver/nvidia",
    "/dev/nvidiactl",
    "/usr/lib/wsl/lib/libcuda.so.1",
    r"C:\Windows\System32\nvcuda.dll",
)
Array = Any  # NumPy's or CuPy's, or what stands in for one in tests: no one type names them all


class GpuStatus(NamedTuple):
    """Whether CuPy found a working GPU, and in one line why, or why not."""

    usable: bool
    reason: str


def array_module(x: Array) -> Any:
    """The module whose functions work on `x`: NumPy for NumPy's arrays, CuPy for CuPy's.

    Other array types answer for themselves through the array API's `__array_namespace__`, as NumPy's do.
    Raises TypeError for anything that is no array.
    """
    cupy = sys.modules.get("cupy")
    if cupy is not None and isinstance(x, cupy.ndarray):
        return cupy
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()
    raise TypeError(f"expected an array, got {type(x).__name__}: wrap it in numpy.asarray(...)")


@functools.cache
def gpu_status() -> GpuStatus:
    """Try the GPU once with a small product and a sum."""
    try:
        import cupy
    except ImportError as error:
        if error.name == "cupy":
            return GpuStatus(False, 'CuPy is not installed: pip install -e ".[cuda12]"')
        return GpuStatus(False, f"CuPy does not import: {first_line(error)}")
    try:
        if not cupy.cuda.is_available():
            driver = cupy.cuda.runtime.driverGetVersion()
            if driver:  # without one getDeviceCount would blame its version
                cupy.cuda.runtime.getDeviceCount()  # raises what is wrong
            return GpuStatus(False, f"CuPy is installed but finds no GPU: no {'device' if driver else 'NVIDIA driver'}")
        # is_available() does not see missing CUDA libraries: cuBLAS shows in a product, NVRTC in a sum.
        square = cupy.ones((2, 2), dtype="float32")
        if float((square @ square).sum()) != 8.0:
            return GpuStatus(False, "the GPU returned a wrong product")
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    except Exception as error:  # CuPy raises RuntimeError, ImportError and its own, by what is missing
        return GpuStatus(False, f"CuPy finds no GPU that works: {first_line(error)}")
    return GpuStatus(True, f"{name}, CuPy {cupy.__version__}")


def gpu_at_hand() -> bool:
    """Whether this machine has an NVIDIA GPU, as its driver shows, with or without CuPy."""
    return any(map(os.path.exists, DRIVERS)) or shutil.which("nvidia-smi") is not None


def resolve_device(wanted: str | None = None) -> tuple[str, str]:
    """Turn "auto", "cpu" or "gpu" (default: $MINIFCN_DEVICE, else "auto") into a device and one line saying why.

    Returns ("cpu" or "gpu", reason). Raises InputError for an unknown name, for "gpu" where none works, and
    for what MINIFCN_KERNELS cannot be.
    """
    if wanted is None or (isinstance(wanted, str) and not wanted):
        wanted = os.environ.get("MINIFCN_DEVICE") or "auto"
    one_of(wanted, "device", DEVICES)
    kernels = ", with kernels" if kernels_wanted() else ""  # asked on a CPU too, so that a slip shows there
    if wanted == "cpu":
        return "cpu", "NumPy on the CPU, as asked"
    usable, reason = gpu_status()
    if usable:
        return "gpu", f"CuPy on the GPU{kernels}: {reason}"
    if wanted == "gpu":
        raise InputError(f"device gpu was asked for, but {reason}; use --device cpu")
    return "cpu", f"NumPy on the CPU: {reason}" if gpu_at_hand() else "NumPy on the CPU"


def to_device(x: Array, device: str) -> Array:
    """The array `x` on "cpu" (a NumPy array) or "gpu" (a CuPy array); no copy where it is there already.

    Raises InputError for another name, and for "gpu" where CuPy is not installed.
    """
    if not isinstance(device, str) or device not in ("cpu", "gpu"):
        raise InputError(f'device {shown(device)} is neither "cpu" nor "gpu"')
    if device == "cpu":
        return to_host(x)
    try:
        import cupy
    except ImportError as error:
        raise InputError(f"device gpu: CuPy does not import ({error}); use cpu") from error

    return cupy.asarray(x)


def to_host(x: Array) -> np.ndarray:
    """The array `x` as a NumPy array; TypeError for what is no array of one kind of number."""
    if hasattr(x, "get") and hasattr(x, "dtype"):
        return x.get()
    try:
        array = np.asarray(x)
    except (ValueError, RuntimeError) as error:  # lists of several lengths; a tensor with a gradient
        raise TypeError(f"expected an array, got a {type(x).__name__}: {first_line(error)}") from error
    if array.dtype.kind == "O":
        raise TypeError(f"expected an array of numbers, got a {type(x).__name__} of Python's objects")
    return array
