"""What CuPy knows of the GPU beyond arrays: its clock, how its products round, its memory, all versions.

The double of CuPy that tests put in its place has arrays alone: there other functions stand in for these.
"""

import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import minifcn
from minifcn.backend import memory
from minifcn.commands.bench import peers


def seconds_of(function: Callable[[], Any], count: int) -> float:
    """Of `count` calls, by two events that the GPU stamps when it comes to them.

    They see CuPy's work as well as PyTorch's, since both go to the default stream where nobody asks for another, and
    a stream is worked off in order. Where the host is too slow to keep the GPU busy, its waiting is in the figure.
    """
    import cupy

    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    wait()
    start.record()
    for _ in range(count):
        function()
    end.record()
    end.synchronize()
    return cupy.cuda.get_elapsed_time(start, end) / 1e3


def wait() -> None:
    """Return when the GPU has done all it was given, by whomever."""
    import cupy

    cupy.cuda.Device().synchronize()


def has_tf32() -> bool:
    """Whether this GPU can multiply in TF32: from compute capability 8.0 on."""
    import cupy

    return int(cupy.cuda.Device().compute_capability) >= 80


def allow_tf32(allowed: bool) -> None:
    """Let products of float32 matrices round their factors to 10 bits, or not: CuPy's, PyTorch's and cuDNN's.

    CuPy asks cuBLAS for it in every product of two matrices (`tensordot_core_v11`), and in no product of stacks of
    them. All products of a convolution here are of two matrices.
    """
    from cupy._core import _routines_linalg as linalg

    linalg.set_compute_type("float32", linalg.COMPUTE_TYPE_TF32 if allowed else linalg.COMPUTE_TYPE_FP32)
    peers.allow_tf32(allowed)


def release() -> None:
    """Give back what CuPy and PyTorch hold and do not use: each has a pool of its own, on one card."""
    memory.release()
    if torch := peers.pytorch("gpu"):
        torch.cuda.empty_cache()


def memory_held(competitor: str, function: Callable[[], Any]) -> float:
    """Bytes that the pool of "PyTorch", or else CuPy's, holds at the most during calls: so much the card must have."""
    import cupy

    release()
    torch = peers.pytorch("gpu") if competitor == "PyTorch" else None
    if torch:
        torch.cuda.reset_peak_memory_stats()
    for _ in range(2):  # the second step has the optimizer's velocities from the start
        function()
    wait()
    return torch.cuda.max_memory_reserved() if torch else cupy.get_default_memory_pool().total_bytes()


def name() -> str:
    """The GPU's name."""
    import cupy

    return cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()


def facts() -> Iterator[tuple[str, tuple[str]]]:
    """(what, (which,)) of the GPU, the host and all versions; what cannot be found out is said, and ends nothing."""
    import cupy

    runtime, device, torch = cupy.cuda.runtime, cupy.cuda.Device(), peers.pytorch("gpu")
    about: dict[str, Callable[[], Any]] = {
        "GPU": name,
        "compute capability": lambda: f"{device.compute_capability[:-1]}.{device.compute_capability[-1]}",
        "multiprocessors": lambda: runtime.getDeviceProperties(device.id)["multiProcessorCount"],
        "memory": lambda: "{1:.1f} GB, {0:.1f} of them free".format(*(size / 1e9 for size in device.mem_info)),
        "driver": lambda: f"{_driver()}, CUDA up to {_cuda(runtime.driverGetVersion())}",
        "CUDA runtime": lambda: _cuda(cupy.cuda.get_local_runtime_version()),
        "cuBLAS": lambda: _cublas(device.cublas_handle),
        "CuPy": lambda: cupy.__version__,
        "NumPy": lambda: np.__version__,
        "Python": platform.python_version,
        "minifcn": lambda: minifcn.__version__,
        "host": lambda: f"{platform.machine()}, {sys.platform}",
    }
    if torch:
        about["PyTorch"] = lambda: f"{torch.__version__}, CUDA {torch.version.cuda}"
        about["cuDNN"] = lambda: f"{torch.backends.cudnn.version()}, algorithms chosen by trying (cudnn.benchmark)"
    for what, ask in about.items():
        try:
            yield what, (str(ask()),)
        except Exception as error:
            yield what, (f"not found out: {type(error).__name__}",)
    if not torch:
        yield "PyTorch", ("not installed, or without a GPU: nothing is compared with it",)


def _driver():
    ask = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(ask, capture_output=True, text=True, timeout=20).stdout.split()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "version not found out"


def _cublas(handle):
    from cupy.cuda import cublas  # loaded when it is asked for, so that a missing library is told as others are

    return cublas.getVersion(handle)


def _cuda(version):
    """12040 -> "12.4"."""
    return f"{version // 1000}.{version % 1000 // 10}"
