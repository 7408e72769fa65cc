"""Every kernel compiles for three generations of GPUs, without a warning, in all types that it may be launched with.

By NVRTC, the compiler that CuPy calls, or by nvcc where there is no other; neither needs a GPU.
"""

import ctypes
import functools
import importlib.util
import itertools
import pkgutil
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from minifcn import kernels
from minifcn.kernels.launch import typedefs

GPUS = ["sm_75", "sm_80", "sm_90"]  # a Tesla T4 (Colab's), an A100, an H100 or H200
SMALL = {"INDEX": "int32", "TAP": "uint8", "LABEL": "uint8"}
LARGE = {"INDEX": "int64", "TAP": "int32", "LABEL": "int64"}


def sources():
    """{file: the kernels in it}"""
    found = {}
    for file in pkgutil.iter_modules(kernels.__path__):
        values = vars(importlib.import_module(f"minifcn.kernels.{file.name}")).values()
        found[file.name] = [value for value in values if isinstance(value, str) and "__global__" in value]
    return {name: texts for name, texts in found.items() if texts}


def compiled(code, gpu):
    """(whether it compiles, what the compiler says)"""
    if library := nvrtc():
        return by_nvrtc(library, code, gpu)
    if shutil.which("nvcc"):
        command = ["nvcc", "-cubin", f"-arch={gpu}", "--fmad=false", "-o", "/dev/null", "-x", "cu", "-"]
        done = subprocess.run(command, input=code, text=True, capture_output=True, check=False)
        return done.returncode == 0, done.stderr
    pytest.skip("neither NVRTC (pip install nvidia-cuda-nvrtc) nor nvcc is here to compile CUDA")


@functools.cache
def nvrtc():
    """The library of the package nvidia-cuda-nvrtc, or None."""
    spec = importlib.util.find_spec("nvidia")
    folders = spec.submodule_search_locations if spec else ()
    files = [str(file) for folder in folders for file in Path(folder).rglob("libnvrtc.so*")]
    return ctypes.CDLL(files[0]) if files else None


def by_nvrtc(library, code, gpu):
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    options = [f"--gpu-architecture={gpu}".encode(), b"--fmad=false", b"--std=c++17"]
    assert library.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b"kernels.cu", 0, None, None) == 0
    failed = library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return not failed, log.value.decode()


@pytest.mark.parametrize("gpu", GPUS)
def test_compiles_without_a_warning(gpu):
    for real, others in itertools.product(("float32", "float64"), (SMALL, LARGE)):
        types = {"REAL": real, **others}
        code = "\n".join([typedefs(tuple(types.items())), *itertools.chain(*sources().values())])
        assert compiled(code, gpu) == (True, ""), types


def test_every_twin_has_its_source():
    names = [re.findall(r'extern "C" __global__ void (\w+)\(', text) for text in itertools.chain(*sources().values())]
    assert all(len(found) == 1 for found in names)
    assert len(names) == len(kernels.TWINS) == 8


def test_a_mistake_is_seen():
    works, log = compiled('extern "C" __global__ void wrong(float* x) { x[0] = y; }', "sm_90")
    assert not works
    assert 'identifier "y" is undefined' in log
