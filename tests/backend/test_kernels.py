"""The seam: which arrays go to a kernel, who asks for kernels, and what is left where they are deleted."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import strict_array
from strict_array import StrictArray

import minifcn
from minifcn.backend import arrays, kernels
from minifcn.backend.kernels import VARIABLE, by_kernel, with_kernels
from minifcn.errors import InputError


@pytest.fixture
def seam(monkeypatch):
    """A plain function, and a kernel of its name that takes over."""

    def function(array, *more):
        return "plain", more

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(kernels, "_twins", lambda: {"function": lambda array, *more: ("kernel", more)})
    return by_kernel(function)


def on_device(dtype):
    return StrictArray(np.zeros(3, dtype))


def test_kernels_take_arrays_of_the_device_where_they_are_asked_for(seam, monkeypatch):
    assert seam(on_device("float32"), 1, None) == ("plain", (1, None))
    monkeypatch.setenv(VARIABLE, "0")
    assert seam(on_device("float32")) == ("plain", ())
    monkeypatch.setenv(VARIABLE, "1")
    assert seam(on_device("float32"), 1, None) == ("kernel", (1, None))
    assert seam(on_device("float64")) == ("kernel", ())
    assert seam(on_device("float16")) == seam(on_device("int64")) == ("plain", ())
    assert seam(np.zeros(3, "float32")) == ("plain", ())


def test_a_block_overrules_the_environment(seam, monkeypatch):
    x = on_device("float32")
    with with_kernels():
        with with_kernels(False):
            assert seam(x)[0] == "plain"
        assert seam(x)[0] == "kernel"
    assert seam(x)[0] == "plain"
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(ZeroDivisionError), with_kernels(False):
        assert seam(x)[0] == "plain"
        _ = 1 / 0
    assert seam(x)[0] == "kernel"


def test_the_environment_says_something_else(seam, monkeypatch):
    monkeypatch.setenv(VARIABLE, "yes")
    with pytest.raises(InputError, match="MINIFCN_KERNELS is 'yes'; expected 1, for kernels by hand on a GPU, or 0"):
        seam(on_device("float32"))
    with pytest.raises(InputError, match="MINIFCN_KERNELS is 'yes'"):  # where there is no GPU, too
        arrays.resolve_device("cpu")
    monkeypatch.setenv(VARIABLE, "")  # as good as not there
    assert seam(on_device("float32"))[0] == "plain"


def test_the_line_on_the_device_says_so(monkeypatch):
    monkeypatch.setattr(arrays, "gpu_status", lambda: arrays.GpuStatus(True, "GPU 7, CuPy 14"))
    with with_kernels(False):
        assert arrays.resolve_device("gpu") == ("gpu", "CuPy on the GPU: GPU 7, CuPy 14")
    with with_kernels():
        assert arrays.resolve_device("gpu") == ("gpu", "CuPy on the GPU, with kernels: GPU 7, CuPy 14")
        assert arrays.resolve_device("cpu") == ("cpu", "NumPy on the CPU, as asked")


WITHOUT = """
import numpy as np
import minifcn
from minifcn.backend.kernels import _twins, kernels_wanted
from strict_array import StrictArray, xp
from minifcn.layers import MaxPool2d

x = np.arange(32, dtype="float32").reshape(1, 2, 4, 4)
y = MaxPool2d(2)(StrictArray(x))
assert (y._a == x[:, :, 1::2, 1::2]).all()
print(minifcn.__path__[0], kernels_wanted(), *_twins())
"""


@pytest.mark.parametrize("gone", ["kernels", "kernels/pool.py"])
def test_kernels_can_be_deleted(tmp_path, gone):
    """The whole folder, or one file of it: the plain functions remain, and the other kernels."""
    copy = tmp_path / "minifcn"
    shutil.copytree(Path(minifcn.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    if gone == "kernels":
        shutil.rmtree(copy / gone)
        (copy / gone / "__pycache__").mkdir(parents=True)  # what git leaves of a folder it removes
    else:
        (copy / gone).unlink()
    path = os.pathsep.join((str(tmp_path), str(Path(strict_array.__file__).parent)))
    environment = {**os.environ, "PYTHONPATH": path, VARIABLE: "1"}
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    folder, wanted, *twins = result.stdout.split()
    assert folder == str(copy)
    everything = set(kernels._twins())
    left = set() if gone == "kernels" else everything - {"max_pool", "spread"}
    assert (wanted, set(twins)) == (str(bool(left)), left)
    assert len(everything) == 8
