"""Which module owns an array, and whether and why a device is used."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from minifcn.backend import array_module, resolve_device, to_device, to_host
from minifcn.backend import arrays as backend
from minifcn.errors import InputError


def test_the_module_of_an_array():
    assert array_module(np.zeros(3)) is np
    for no_array in ([1.0, 2.0], 3, None):
        with pytest.raises(TypeError, match="expected an array"):
            array_module(no_array)


def test_to_the_device_and_back(device):
    x = np.random.default_rng(0).standard_normal((2, 3), dtype="float32")
    there = to_device(x, "gpu")
    assert array_module(there) is device.xp
    assert to_device(there, "gpu") is there
    for back in (to_host(there), to_device(there, "cpu")):
        assert type(back) is np.ndarray and back.dtype == x.dtype and (back == x).all()


def test_the_host_copies_nothing():
    x = np.zeros((2, 3))
    assert to_device(x, "cpu") is x and to_host(x) is x


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.delenv("MINIFCN_DEVICE", raising=False)
    monkeypatch.setattr(backend, "gpu_status", lambda: backend.GpuStatus(False, "the reason"))
    monkeypatch.setattr(backend, "gpu_at_hand", lambda: True)


@pytest.fixture
def a_gpu(monkeypatch):
    monkeypatch.delenv("MINIFCN_DEVICE", raising=False)
    monkeypatch.setattr(backend, "gpu_status", lambda: backend.GpuStatus(True, "Some GPU"))


def test_without_a_gpu(no_gpu):
    for wanted in (None, "auto"):
        device, reason = resolve_device(wanted)
        assert device == "cpu" and "the reason" in reason and "\n" not in reason
    with pytest.raises(InputError, match="the reason"):
        resolve_device("gpu")
    assert resolve_device("cpu")[0] == "cpu"


def test_with_a_gpu(a_gpu):
    for wanted in (None, "auto", "gpu"):
        device, reason = resolve_device(wanted)
        assert device == "gpu" and "Some GPU" in reason
    assert resolve_device("cpu")[0] == "cpu"


def test_the_environment_is_the_default(a_gpu, monkeypatch):
    monkeypatch.setenv("MINIFCN_DEVICE", "cpu")
    assert resolve_device()[0] == "cpu" and resolve_device("gpu")[0] == "gpu"
    monkeypatch.setenv("MINIFCN_DEVICE", "tpu")
    with pytest.raises(InputError, match="tpu"):
        resolve_device()


def test_an_unknown_device():
    with pytest.raises(InputError, match=r"cuda.*auto, cpu, gpu"):
        resolve_device("cuda")


class CudaError(RuntimeError):
    pass


def fake_cupy(available=True, driver=12080, count_error=None, ones=np.ones):
    """As much of CuPy as gpu_status() looks at."""

    def device_count():
        if count_error:
            raise CudaError(count_error)
        return int(available)

    runtime = SimpleNamespace(
        driverGetVersion=lambda: driver,
        getDeviceCount=device_count,
        getDeviceProperties=lambda number: {"name": b"NVIDIA Something"},
    )
    cuda = SimpleNamespace(is_available=lambda: available, runtime=runtime)
    return SimpleNamespace(__version__="14.2.0", cuda=cuda, ones=ones)


def raises(error):
    def function(*args, **kwargs):
        raise error

    return function


OLD = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
CUPYS = {
    "not installed": (None, False, "not installed"),
    "no driver": (fake_cupy(False, driver=0, count_error=OLD), False, "no NVIDIA driver"),
    "old driver": (fake_cupy(False, driver=11040, count_error=OLD), False, "driver version is insufficient"),
    "no device": (fake_cupy(False), False, "no device"),
    "no cuBLAS": (fake_cupy(ones=raises(ImportError("libcublas.so\nis missing"))), False, "libcublas.so"),
    "no NVRTC": (fake_cupy(ones=raises(RuntimeError())), False, "RuntimeError"),
    "wrong numbers": (fake_cupy(ones=np.zeros), False, "wrong product"),
    "works": (fake_cupy(), True, "NVIDIA Something, CuPy 14.2.0"),
}


def test_a_machine_without_a_gpu_hears_nothing_of_cupy(no_gpu, monkeypatch):
    monkeypatch.setattr(backend, "gpu_at_hand", lambda: False)
    assert resolve_device() == ("cpu", "NumPy on the CPU")
    with pytest.raises(InputError, match="the reason"):
        resolve_device("gpu")


def test_a_gpu_is_at_hand_where_its_driver_is(tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "DRIVERS", (str(tmp_path / "driver"),))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not backend.gpu_at_hand()
    (tmp_path / "nvidia-smi").touch(mode=0o755)
    assert backend.gpu_at_hand()
    (tmp_path / "nvidia-smi").rename(tmp_path / "driver")
    assert backend.gpu_at_hand()


@pytest.mark.parametrize("case", CUPYS)
def test_the_status_says_why_in_one_line(case, monkeypatch):
    cupy, usable, reason = CUPYS[case]
    monkeypatch.setitem(sys.modules, "cupy", cupy)  # None: as if it was not installed
    status = backend.gpu_status.__wrapped__()
    assert status.usable is usable and reason in status.reason and "\n" not in status.reason
