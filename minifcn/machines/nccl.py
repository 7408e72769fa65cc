"""A GPU for each process, and sums over them by NVIDIA's NCCL, as CuPy has it. Not yet run on two GPUs.

Written from CuPy 14.2's source (cupy_backends/cuda/libs/nccl.pyx) and tested with a stand-in. NCCL adds in an order of
its own, the same every time for the same GPUs and links, and not that of the ranks. Who keeps it waiting is not told.
"""

import os
import warnings
from collections.abc import MutableMapping

from minifcn.backend import Array
from minifcn.errors import InputError
from minifcn.machines.group import Group

VISIBLE = "CUDA_VISIBLE_DEVICES"  # which GPUs CUDA shows a process: read when it first uses one


def take_gpu(place: int, environment: MutableMapping[str, str] = os.environ) -> None:
    """Show this process one GPU alone, that of its place among the processes of its host: 0, 1, ...

    A launcher may have chosen one, or those of the job, and is followed. Raises InputError where they do not suffice.
    """
    chosen = environment.get(VISIBLE, "").split(",")
    if chosen == [""]:
        environment[VISIBLE] = str(place)
    elif len(chosen) > 1:
        if place >= len(chosen):
            given = f"{VISIBLE} names {len(chosen)} GPUs, and this is process {place + 1} of this host"
            raise InputError(f"{given}: start one process for each GPU")
        environment[VISIBLE] = chosen[place]


class GpuSums:
    """NCCL's communicator of a group's processes, each with a GPU of its own.

    Raises InputError where NCCL is missing.
    """

    def __init__(self, group: Group) -> None:
        import cupy

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CuPy tells in many lines what the InputError tells in one
            from cupy.cuda import nccl
        if not nccl.available:
            raise InputError("CuPy finds no NCCL: pip install nvidia-nccl-cu13, or nvidia-nccl-cu12 for cupy-cuda12x")
        name = group.broadcast(nccl.get_unique_id() if group.rank == 0 else None)
        self.comm = nccl.NcclCommunicator(group.size, name, group.rank)
        self.operation, self.dtypes = nccl.NCCL_SUM, {"float32": nccl.NCCL_FLOAT32, "float64": nccl.NCCL_FLOAT64}
        self.current_stream = cupy.cuda.get_current_stream
        self.stream = cupy.cuda.Stream(non_blocking=True)  # beside the one on which backward goes on

    def sum(self, flat: Array) -> None:
        """Replace the numbers of an array in one piece by their sums; returns when that is done."""
        self.stream.wait_event(self.current_stream().record())
        where, dtype = flat.data.ptr, self.dtypes[flat.dtype.name]
        self.comm.allReduce(where, where, flat.size, dtype, self.operation, self.stream.ptr)
        self.stream.synchronize()
