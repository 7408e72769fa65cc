"""The group of an MPI job's processes, over mpi4py."""

import hashlib
import os
import pickle
import time
import warnings
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.errors import InputError
from minifcn.machines.group import Group
from minifcn.machines.messages import Messages
from minifcn.machines.nccl import GpuSums, take_gpu
from minifcn.machines.sums import spread, sum_in_order
from minifcn.machines.wires import HalfWire, Wire

GRACE = 2.0  # seconds in which an error that all processes have reaches all of them
FAILED = 2  # the tag of messages about errors: see `Messages` for others


def load() -> Any:
    """mpi4py's module MPI, its library not started. Raises InputError where either is missing."""
    try:
        import mpi4py

        mpi4py.rc(initialize=False, finalize=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another library's mpiexec: see `minifcn.machines.starting`
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise InputError(f'MPI does not start ({error}): pip install -e ".[mpi]"') from error
    return MPI


def join() -> Group:
    """The group of the MPI job that this process belongs to; a plain `Group` where it is the only one.

    MPI is started here, not earlier. Each process gets a GPU of its own, if it uses one. Raises InputError where
    mpi4py, or an MPI library for it, is missing.
    """
    MPI = load()
    if not MPI.Is_initialized():
        MPI.Init_thread()  # which asks it to allow calls from several threads
    if MPI.COMM_WORLD.Get_size() == 1:
        return Group()
    group = MpiGroup(MPI.COMM_WORLD.Dup())
    take_gpu(group.messages.hosts[: group.rank].count(group.host))
    return group


class MpiGroup(Group):
    """The processes of a communicator; one thread at a time calls its methods.

    comm  mpi4py's, or what stands in for one: see `Messages`
    """

    def __init__(self, comm: Any) -> None:
        super().__init__()
        self.comm, self.messages = comm, Messages(comm)
        self.rank, self.size = self.messages.rank, self.messages.size
        self.others = [rank for rank in range(self.size) if rank != self.rank]
        self.messages.hosts = self.gather(self.host)
        self.gpus: GpuSums | None = None  # until there is something to sum on them

    def gather(self, value: Any) -> list:
        data = _bytes(pickle.dumps(value))
        sizes = {rank: np.empty(1, np.int64) for rank in self.others}
        self.messages.swap(dict.fromkeys(self.others, np.array([data.size])), sizes)
        received = {rank: np.empty(int(sizes[rank][0]), np.uint8) for rank in self.others}
        self.messages.swap(dict.fromkeys(self.others, data), received)
        return [pickle.loads(received[rank].data) if rank in received else value for rank in range(self.size)]

    def collect(self, value: Any) -> list:
        data = _bytes(pickle.dumps(value if self.rank else None))
        sizes = self.gather(data.size)
        if self.rank:
            self.messages.swap({0: data}, {})
            return []
        received = {rank: np.empty(sizes[rank], np.uint8) for rank in self.others}
        self.messages.swap({}, received)
        return [value, *(pickle.loads(received[rank].data) for rank in self.others)]

    def broadcast(self, value: Any) -> Any:
        # Arrays are sent from where they are and received where they stay: pickle holds the rest.
        arrays: list[pickle.PickleBuffer] = []
        pickled = pickle.dumps(value if self.rank == 0 else None, protocol=5, buffer_callback=arrays.append)
        parts = [_bytes(pickled), *(_bytes(array.raw()) for array in arrays)]
        sizes = self.gather([part.size for part in parts])[0]
        if self.rank:
            parts = [np.empty(size, np.uint8) for size in sizes]
        for part in parts:
            spread(part, self.messages)
        return value if self.rank == 0 else pickle.loads(parts[0].data, buffers=[part.data for part in parts[1:]])

    def sum(self, array: Array, half: bool = False) -> None:
        if not array.flags.c_contiguous:
            copy = array_module(array).ascontiguousarray(array)
            self.sum(copy, half)
            array[...] = copy
        elif isinstance(array, np.ndarray):
            sum_in_order(array.reshape(-1), self.messages, HalfWire() if half else Wire())
        else:
            self.gpus = self.gpus or GpuSums(self)
            self.gpus.sum(array)

    def leave(self) -> None:
        # MPI minds messages that are left. Whoever waits says so; the second time nobody waits that long, and all that
        # was said before is heard.
        for _ in range(2):
            self.gather(None)

    def alike(self, text: str) -> bool:
        digest = _bytes(hashlib.sha256(f"{self.messages.whole} {text}".encode()).digest())
        received = {rank: np.empty_like(digest) for rank in self.others}
        requests = [self.comm.Irecv(received[rank], rank, FAILED) for rank in self.others]
        requests += [self.comm.Isend(digest, rank, FAILED) for rank in self.others]
        end = time.monotonic() + GRACE
        while requests := [request for request in requests if not request.Test()]:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return self.messages.whole and all(np.array_equal(other, digest) for other in received.values())

    def abort(self, code: int) -> None:
        if code == 130:  # Ctrl-C has reached all: each leaves by itself, and silently
            os._exit(code)
        self.comm.Abort(code)


def _bytes(buffer: Any) -> np.ndarray:
    return np.frombuffer(buffer, np.uint8)
