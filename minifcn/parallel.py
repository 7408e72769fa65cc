"""Independent pieces of work on the host's cores.

NumPy runs copies and elementwise work on one core. Spreading pieces over threads, each with a one-thread BLAS, keeps
all cores busy through both the copies and the products. A GPU needs none of this: there the pieces run in turn.
"""

import functools
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController


@functools.cache
def _workers():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ThreadPoolExecutor(cores, thread_name_prefix="minifcn"), cores


@functools.cache
def _blas():
    return ThreadpoolController().select(user_api="blas")


def run_all(function, pieces, xp):
    """[function(*piece) for piece in pieces], spread over the cores where `xp` is NumPy.

    The pieces write to different places, so neither the order nor the number of threads changes the results. BLAS's
    own thread limit is put back afterwards.
    """
    pieces = list(pieces)
    if xp is not np or len(pieces) < 2 or _workers()[1] < 2:
        return [function(*piece) for piece in pieces]
    with _blas().limit(limits=1):
        return list(_workers()[0].map(lambda piece: function(*piece), pieces))


_buffers = threading.local()  # name -> bytes


def scratch(name, shape, dtype, xp):
    """An array to work in, its contents undefined; valid until the same thread asks for `name` again.

    On the host it is the same memory every time: fresh memory costs a page fault for every 4 KiB first written to.
    """
    if xp is not np:
        return xp.empty(shape, dtype)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = _buffers.__dict__.get(name)
    if buffer is None or buffer.size < size:
        buffer = _buffers.__dict__[name] = np.empty(size, np.uint8)
    return buffer[:size].view(dtype).reshape(shape)
