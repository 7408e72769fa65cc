"""Independent pieces of work on the host's cores, and memory to work in.

NumPy runs copies and elementwise work on one core, and BLAS's own threads go on spinning for a while after every
product, in the way of whatever comes next. So pieces of work go over threads of ours, each with a one-thread BLAS.
A GPU needs none of this: there the pieces run in turn.
"""

import contextlib
import itertools
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from minifcn.backend.arrays import Array

BLOCK = 1 << 19  # entries that elementwise work takes at a time: less would be many calls, more would leave the cache
PARTS = 4  # into which work is cut where nothing else keeps the cores busy: not so many that it is all in the calls

_here: threading.local  # .threads: over how many threads this one may spread work; .buffers: see `scratch`
_blas: "_OneThreadBlas"
_helpers: "_Helpers"


def run_all(function: Callable, pieces: Iterable[tuple], xp: Any) -> list:
    """[function(*piece) for piece in pieces], where `xp` is NumPy spread over as many threads as BLAS may use.

    The pieces write to different places, so neither the order nor the number of threads changes the results. A piece
    may call `run_all` itself: its own pieces are spread if it is the only one, and run in turn if it is not.
    """
    pieces = list(pieces)
    if xp is not np:
        return [function(*piece) for piece in pieces]
    with given_back(), hold():
        threads = _here.threads
        if min(threads, len(pieces)) < 2:
            return list(itertools.starmap(function, pieces))
        results, waiting, helpers = [None] * len(pieces), deque(enumerate(pieces)), []
        _here.threads = 1
        try:
            for _ in range(min(threads, len(pieces)) - 1):
                helpers.append(_helpers.submit(_Part(function, waiting, results)))
            _work(function, waiting, results)
        finally:
            _here.threads = threads
            waiting.clear()
            errors = [helper.end() for helper in helpers]  # waits: nobody writes to the arrays after this
        for error in filter(None, errors):
            raise error
        return results


def _work(function, waiting, results):
    """One thread's part: take the next piece until none is waiting."""
    try:
        while waiting:
            try:
                number, piece = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            results[number] = function(*piece)
    except BaseException:
        waiting.clear()  # so that nobody begins another piece
        raise


class _Part:
    """A helper's part of some work, with plain locks: a Ctrl-C within a Future's own lines may leave it locked."""

    def __init__(self, *work: Any):
        self.work = work
        self.error: BaseException | None = None
        self.begun, self.done = threading.Lock(), threading.Lock()
        self.done.acquire()

    def do(self) -> None:
        """A helper's turn, if the caller has not ended it before."""
        if self.begun.acquire(blocking=False):
            try:
                _work(*self.work)
            except BaseException as error:
                self.error = error
            finally:
                self.done.release()

    def end(self) -> BaseException | None:
        """Let nobody begin it; if somebody has, wait. Returns what went wrong there."""
        if not self.begun.acquire(blocking=False):
            self.done.acquire()
        return self.error


class _Helpers:
    """Threads that do parts; they begin with the first part, and end with the program."""

    def __init__(self):
        self.parts: SimpleQueue = SimpleQueue()
        self.threads = 0

    def submit(self, part: "_Part") -> "_Part":
        """Give a part to whoever has time; returns it."""
        while self.threads < _cores():
            self.threads += 1
            with contextlib.suppress(RuntimeError):  # the interpreter ends, and starts no threads any more
                threading.Thread(target=self._serve, name="minifcn", daemon=True).start()
        self.parts.put(part)
        return part

    def _serve(self):
        _here.threads = 1
        while True:
            self.parts.get().do()


class hold:
    """Hold BLAS to one thread within the block, so that `run_all` need not do it at each call. Blocks may be nested.

    A Ctrl-C may come as this begins or ends, too: write `with given_back(), hold():`.
    """

    __slots__ = ("here", "outermost", "thread")

    def __enter__(self) -> None:
        # This thread's, even where another one ends the block.
        self.here, self.thread = _here.__dict__, threading.get_ident()
        self.outermost = "threads" not in self.here
        if self.outermost:  # no block outside, and no piece of work that this is
            self.here["threads"] = _blas.hold(self.thread)

    def __exit__(self, *_: Any) -> None:
        if self.outermost:
            _blas.release(self.thread)
            self.here.pop("threads", None)


class given_back:
    """Around a `hold`: after the block BLAS is held no more, even where a Ctrl-C broke off what should have ended it.

    Python calls a handler between any two of its instructions, so before the first one of a function as well, where
    nothing in it can catch what the handler raises: `hold` alone cannot be sure to end. One Ctrl-C breaks off one of
    the two alone, and each does no harm where the other has done all.
    """

    __slots__ = ("here", "outermost", "thread")

    def __enter__(self) -> None:
        self.here, self.thread = _here.__dict__, threading.get_ident()
        self.outermost = "threads" not in self.here

    def __exit__(self, *_: Any) -> None:
        if self.outermost and (self.thread in _blas.holders or "threads" in self.here):
            _blas.release(self.thread)
            self.here.pop("threads", None)


class _OneThreadBlas:
    """Holds BLAS to one thread while any thread asks for it, and then puts its own limit back.

    A Ctrl-C may come between any two instructions. So who holds is a set, not a count: to hold or release once more
    does no harm, and a hold that was never released ends with the same thread's next one.
    """

    def __init__(self):
        self.libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        self.lock, self.holders, self.limits = threading.Lock(), set(), [1] * len(self.libraries)

    def hold(self, thread):
        """Hold BLAS to one thread until this thread's `release`. Returns how many it may use otherwise."""
        with self.lock:
            self.limits = self._own()
            self.holders.add(thread)
            self._limit([1] * len(self.libraries))
            return max(self.limits, default=_cores())

    def release(self, thread):
        with self.lock:
            if self.holders == {thread}:
                self._limit(self._own())  # before this thread is no holder any more: see `hold`
            self.holders.discard(thread)

    def _own(self):
        """Its own limits: those from before the first hold, and where somebody else has set another since, that."""
        limits = [library.num_threads for library in self.libraries]
        return [old if self.holders and new == 1 else new for old, new in zip(self.limits, limits)]

    def _limit(self, limits):
        # From 3.8 on threadpoolctl lets one thread alone set OpenBLAS's, and ignores all others without a word. So take
        # control, and give it back: neither we nor a user's own `threadpool_limits` may be ignored later.
        for library, limit in zip(self.libraries, limits):
            free = getattr(library, "clear_controlling_thread", lambda force: None)
            free(force=True)
            library.set_num_threads(limit)
            free(force=True)


def _start():
    """Make what all calls share; once more in a forked child, where the parent's threads and locks are of no use."""
    global _blas, _helpers, _here
    if "_blas" in globals() and _blas.holders:
        _blas._limit(_blas.limits)
    _here = threading.local()
    _blas = _OneThreadBlas()
    _helpers = _Helpers()


def thread_count() -> int:
    """Over how many threads work is spread now."""
    with given_back(), hold():
        return _here.threads


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def room(amount: int, xp: Any) -> int:
    """How much to take at a time: `amount`, which suits a core's cache; on a GPU, where calls cost time, far more."""
    return amount if xp is np else 256 * amount


def chunks(count: int, each: int, most: int) -> list[slice]:
    """Slices that cut `count` things of size `each` into equal parts of at most about `most`: one, two, four, six, ...

    For two cores three parts are as much work as four. All but the last part have half of the room at least.
    """
    parts = -(-count // max(1, most // max(1, each)))
    step = max(1, -(-count // (parts + parts % 2 if parts > 1 else 1)))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def cut(count: int, parts: int) -> list[tuple[slice]]:
    """`count` things in so many equal parts, or as many as there are: [(slice,)], as arguments for `run_all`."""
    step = -(-count // max(1, min(parts, count)))
    return [(slice(start, min(start + step, count)),) for start in range(0, count, max(1, step))]


def bands(images: int, rows: int, size: int, most: int, least: float = math.inf) -> list[tuple[slice, slice]]:
    """Cut `images` x `rows` into pieces of at most about `most`, a row being of `size`: [(slice, slice)].

    Several whole images a piece, or several rows of one; two pieces at least where each can have `least`.
    """
    if images * rows * size >= 2 * least:
        most = min(most, size * (-(-images // 2) * rows if images > 1 else -(-rows // 2)))
    if rows * size <= most:
        return [(some, slice(0, rows)) for some in chunks(images, rows * size, most)]
    return [(slice(i, i + 1), some) for i in range(images) for some in chunks(rows, size, most)]


def blocks(shape: tuple[int, ...], xp: Any, axes: int | None = None) -> list[tuple]:
    """Indices that cut an array of `shape`, along its first `axes` (all), into blocks of about `BLOCK` entries."""
    axes = len(shape) if axes is None else axes
    entries, most = math.prod(shape), room(BLOCK, xp)
    if entries <= most or not axes:
        return [(...,)]
    inner = entries // shape[0]
    if inner > most:
        return [(slice(i, i + 1), *rest) for i in range(shape[0]) for rest in blocks(shape[1:], xp, axes - 1)]
    return [(some, ...) for some in chunks(shape[0], inner, most)]


def run_blocks(function: Callable, shape: tuple[int, ...], xp: Any, axes: int | None = None) -> None:
    """function(block) for each of the `blocks` of arrays of this shape, as `run_all` does it."""
    run_all(function, ((block,) for block in blocks(shape, xp, axes)), xp)


def scratch(name: str, shape: tuple[int, ...], dtype: Any, xp: Any) -> Array:
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


_start()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start)
