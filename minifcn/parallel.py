"""Independent pieces of work on the host's cores, and memory to work in.

NumPy runs copies and elementwise work on one core, and BLAS's own threads go on spinning for a while after every
product, in the way of whatever comes next. So pieces of work go over threads of ours, each with a one-thread BLAS.
A GPU needs none of this: there the pieces run in turn.
"""

import functools
import math
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

BLOCK = 1 << 19  # entries that elementwise work takes at a time: less would be many calls, more would leave the cache
PARTS = 4  # into which work is cut where nothing else keeps the cores busy: not so many that it is all in the calls
_here = threading.local()  # .threads: over how many threads this one may spread work; .buffers: see `scratch`


def run_all(function, pieces, xp):
    """[function(*piece) for piece in pieces], where `xp` is NumPy spread over as many threads as BLAS may use.

    The pieces write to different places, so neither the order nor the number of threads changes the results. A piece
    may call `run_all` itself: its own pieces are spread if it is the only one, and run in turn if it is not.
    """
    pieces = list(pieces)
    if xp is not np:
        return [function(*piece) for piece in pieces]
    if hasattr(_here, "threads"):  # called by a piece
        return _spread(function, pieces)
    with _blas() as threads:
        _here.threads = threads
        try:
            return _spread(function, pieces)
        finally:
            del _here.threads


def _spread(function, pieces):
    threads = _here.threads
    if min(threads, len(pieces)) < 2:
        return [function(*piece) for piece in pieces]
    results, waiting = [None] * len(pieces), deque(enumerate(pieces))

    def work():
        while waiting:
            try:
                number, piece = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            results[number] = function(*piece)

    helpers = [_helpers().submit(work) for _ in range(min(threads, len(pieces)) - 1)]
    _here.threads = 1
    try:
        work()
    finally:
        _here.threads = threads
        waiting.clear()  # after an error
        for helper in helpers:
            if not helper.cancel():  # where it has begun
                helper.result()
    return results


@functools.cache
def _helpers():
    return ThreadPoolExecutor(_cores(), "minifcn", initializer=lambda: setattr(_here, "threads", 1))


if hasattr(os, "register_at_fork"):  # threads do not survive a fork: the child starts its own
    os.register_at_fork(after_in_child=_helpers.cache_clear)


class _OneThreadBlas:
    """Holds BLAS to one thread while any thread is inside, then puts its own limit back. Entering gives that limit."""

    def __init__(self):
        self.libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        self.lock, self.inside = threading.Lock(), 0

    def __enter__(self):
        with self.lock:
            if not self.inside:
                self.limits = [library.num_threads for library in self.libraries]
                self._limit([1] * len(self.libraries))
            self.inside += 1
            return max(self.limits, default=_cores())

    def __exit__(self, *_):
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self._limit(self.limits)

    def _limit(self, limits):
        for library, limit in zip(self.libraries, limits):
            library.set_num_threads(limit)


@functools.cache
def _blas():
    return _OneThreadBlas()


def thread_count():
    """Over how many threads work is spread now."""
    with _blas() as threads:
        return threads


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def room(amount, xp):
    """How much to take at a time: `amount`, which suits a core's cache, or more on a GPU, where calls cost time."""
    return amount if xp is np else 16 * amount


def chunks(count, each, most):
    """Slices that cut `count` things of size `each` into equal parts of at most about `most`: one, two, four, six, ...

    For two cores three parts are as much work as four. All but the last part have half of the room at least.
    """
    parts = -(-count // max(1, most // max(1, each)))
    step = max(1, -(-count // (parts + parts % 2 if parts > 1 else 1)))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def cut(count, parts):
    """`count` things in so many parts, or as many as there are: [(slice,)], as arguments for `run_all`."""
    return [(some,) for some in chunks(count, parts, count)] if parts > 1 else [(slice(0, count),)]


def bands(images, rows, size, most):
    """Cut `images` x `rows` into pieces of at most about `most`, a row being of `size`: [(slice, slice)].

    Several whole images a piece, or several rows of one.
    """
    if rows * size <= most:
        return [(some, slice(0, rows)) for some in chunks(images, rows * size, most)]
    return [(slice(i, i + 1), some) for i in range(images) for some in chunks(rows, size, most)]


def blocks(shape, xp, axes=None):
    """Indices that cut an array of `shape`, along its first `axes` (all), into blocks of about `BLOCK` entries."""
    axes = len(shape) if axes is None else axes
    entries, most = math.prod(shape), room(BLOCK, xp)
    if entries <= most or not axes:
        return [(...,)]
    inner = entries // shape[0]
    if inner > most:
        return [(slice(i, i + 1), *rest) for i in range(shape[0]) for rest in blocks(shape[1:], xp, axes - 1)]
    return [(some, ...) for some in chunks(shape[0], inner, most)]


def scratch(name, shape, dtype, xp):
    """An array to work in, its contents undefined; valid until the same thread asks for `name` again.

    On the host it is the same memory every time: fresh memory costs a page fault for every 4 KiB first written to.
    """
    if xp is not np:
        return xp.empty(shape, dtype)
    buffers = _here.__dict__.setdefault("buffers", {})  # name -> bytes
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = buffers.get(name)
    if buffer is None or buffer.size < size:
        buffer = buffers[name] = np.empty(size, np.uint8)
    return buffer[:size].view(dtype).reshape(shape)
