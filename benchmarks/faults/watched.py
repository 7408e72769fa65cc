"""Work that may hang, crash or eat memory, number by number in processes of its own that are watched."""

import contextlib
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from typing import Any

SECONDS = 20  # that one piece of work may take
MEMORY = 2 << 30  # bytes that it may take


def watched(work: Callable[[int], Any], numbers: Iterable[int], processes: int) -> Iterator[tuple[int, Any]]:
    """(number, what `work(number)` gives) of all numbers, in no order; "hung" or "crashed" where its process was ended.

    The processes are forks of this one, limited to MEMORY more than they begin with.
    """
    context, waiting = multiprocessing.get_context("fork"), iter(numbers)
    busy: dict[Any, list] = {}  # connection: [process, number or None, since when]

    def start():
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(work, theirs), daemon=True)
        process.start()
        theirs.close()
        busy[ours] = [process, None, 0.0]
        give(ours)

    def give(connection):
        number = next(waiting, None)
        busy[connection][1:] = number, time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            connection.send(number)

    def end(connection):
        process = busy.pop(connection)[0]
        process.kill()
        process.join()
        connection.close()

    for _ in range(processes):
        start()
    while busy:
        ready = wait(list(busy), timeout=1)
        for connection in ready:
            number = busy[connection][1]
            try:
                result = connection.recv()
            except EOFError:
                end(connection)
                if number is not None:
                    yield number, "crashed"
                    start()
                continue
            give(connection)
            yield number, result
        for connection, (_, number, since) in list(busy.items()):
            if number is not None and connection not in ready and time.monotonic() - since > SECONDS:
                end(connection)
                yield number, "hung"
                start()


def _serve(work, connection):
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # libraries in C write there, too
        os.dup2(nowhere, stream)
    parent = os.getppid()
    while os.getppid() == parent:
        if connection.poll(1):
            if (number := connection.recv()) is None:
                return
            connection.send(work(number))
