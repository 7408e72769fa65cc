"""Sums over GPUs: what is asked of CuPy's NCCL, with a stand-in that adds on the host. No GPU has seen this yet."""

import sys
import threading
import types

import numpy as np
import pytest
from strict_array import StrictArray

from minifcn.errors import InputError
from minifcn.layers import Parameter
from minifcn.machines.exchange import Exchange
from minifcn.machines.nccl import GpuSums, take_gpu

from .threads import run_ranks


class Nccl(types.ModuleType):
    """As much of cupy.cuda.nccl as is used; `calls` are the arguments of each allReduce, but for the pointers."""

    available, NCCL_SUM, NCCL_FLOAT32, NCCL_FLOAT64 = True, "sum", "f4", "f8"

    def __init__(self, size):
        super().__init__("cupy.cuda.nccl")
        self.barrier, self.table, self.calls, self.names = threading.Barrier(size), [None] * size, [], []

    def get_unique_id(self):
        return b"one job's name"

    def NcclCommunicator(self, size, name, rank):
        self.names.append((size, name, rank))

        def all_reduce(source, target, count, dtype, operation, stream):
            self.calls.append((count, dtype, operation, stream))
            memory = (count * np.dtype(dtype).itemsize * np.ctypeslib.ctypes.c_char).from_address(target)
            numbers = np.frombuffer(memory, dtype)
            self.table[rank] = numbers.copy()
            self.barrier.wait(20)
            numbers[:] = sum(self.table)
            self.barrier.wait(20)

        return types.SimpleNamespace(allReduce=all_reduce)


@pytest.fixture
def cupy(monkeypatch):
    """A function that puts a CuPy with this NCCL in place; returns the list of what its streams were asked."""

    def put(nccl):
        asked = []

        class Stream:
            ptr = 77

            def __init__(self, non_blocking):
                asked.append(("made", non_blocking))

            def wait_event(self, event):
                asked.append(("waits for", event))

            def synchronize(self):
                asked.append("done")

        current = types.SimpleNamespace(record=lambda: "what was asked of the GPU before")
        cuda = types.SimpleNamespace(nccl=nccl, Stream=Stream, get_current_stream=lambda: current)
        fake = types.ModuleType("cupy")
        fake.cuda, fake.ndarray = cuda, type(None)  # a StrictArray answers for its module itself
        pointer = property(lambda array: types.SimpleNamespace(ptr=array._a.ctypes.data))
        monkeypatch.setattr(StrictArray, "data", pointer, raising=False)
        monkeypatch.setitem(sys.modules, "cupy", fake)
        monkeypatch.setitem(sys.modules, "cupy.cuda", cuda)
        return asked

    return put


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nccl_sums_in_place_after_what_was_asked_before(cupy, dtype):
    nccl = Nccl(2)
    asked = cupy(nccl)

    def add(group):
        array = StrictArray(np.full(6, group.rank + 1, dtype))
        group.sum(array)
        group.sum(array)
        return array.get().tolist()

    assert run_ranks(2, add) == [[6.0] * 6] * 2
    assert sorted(nccl.names) == [(2, b"one job's name", 0), (2, b"one job's name", 1)]
    assert nccl.calls == [(6, {"float32": "f4", "float64": "f8"}[dtype], "sum", 77)] * 4
    assert asked.count(("made", True)) == 2
    assert asked.count(("waits for", "what was asked of the GPU before")) == asked.count("done") == 4


def test_gradients_on_gpus_are_summed_by_it(cupy):
    cupy(Nccl(2))

    def train(group):
        own = [Parameter(StrictArray(np.zeros(shape))) for shape in (3, (2, 2))]
        between = Exchange(own, group)
        between.begin(1)
        for parameter in reversed(own):
            parameter.add_grad(StrictArray(np.full(parameter.shape, group.rank + 1.0)))
        between.finish()
        return [parameter.grad.get().tolist() for parameter in own]

    assert run_ranks(2, train) == [[[3, 3, 3], [[3, 3], [3, 3]]]] * 2


def test_a_cupy_without_nccl_is_told_in_one_line(cupy):
    cupy(types.SimpleNamespace(available=False))
    with pytest.raises(InputError, match="CuPy finds no NCCL: pip install nvidia-nccl-cu13"):
        GpuSums(None)


def test_float16_is_refused_on_gpus(cupy):
    cupy(Nccl(1))
    with pytest.raises(InputError, match="'float16', which GPUs have not"):
        run_ranks(1, lambda group: Exchange([Parameter(StrictArray(np.zeros(3)))], group, "float16"))


@pytest.mark.parametrize(
    "place, before, after",
    [(0, None, "0"), (3, None, "3"), (0, "", "0"), (1, "4,6", "6"), (0, "GPU-a,GPU-b", "GPU-a"), (2, "5", "5")],
)
def test_each_process_of_a_host_takes_a_gpu(place, before, after):
    environment = {} if before is None else {"CUDA_VISIBLE_DEVICES": before}
    take_gpu(place, environment)
    assert environment == {"CUDA_VISIBLE_DEVICES": after}


def test_more_processes_than_gpus_are_refused():
    with pytest.raises(
        InputError, match="names 2 GPUs, and this is process 3 of this host: start one process for each"
    ):
        take_gpu(2, {"CUDA_VISIBLE_DEVICES": "0,1"})
