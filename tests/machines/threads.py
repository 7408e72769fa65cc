"""A group whose processes are threads of this one: what several ranks do, without MPI."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

from minifcn.machines import Group


class ThreadGroup(Group):
    """One of `size` threads that share a barrier and a table."""

    def __init__(self, rank, table, barrier):
        super().__init__()
        self.rank, self.size, self.table, self.barrier = rank, len(table), table, barrier

    def gather(self, value):
        self.table[self.rank] = copy.deepcopy(value)
        self.barrier.wait(timeout=60)
        values = copy.deepcopy(self.table)
        self.barrier.wait(timeout=60)
        return values

    def broadcast(self, value):
        return self.gather(value)[0]

    def sum(self, array, half=False):
        first, *others = self.gather(array)
        array[...] = first
        for other in others:
            array += other


def run_ranks(size, function):
    """[function(group) of each rank], each in a thread of its own; the first error of any is raised."""
    table, barrier = [None] * size, threading.Barrier(size)

    def run(rank):
        try:
            return function(ThreadGroup(rank, table, barrier))
        except BaseException:
            barrier.abort()  # so that nobody waits for ever
            raise

    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(run, rank) for rank in range(size)]
    errors = [future.exception() for future in futures]
    for error in sorted(filter(None, errors), key=lambda e: isinstance(e, threading.BrokenBarrierError)):
        raise error
    return [future.result() for future in futures]
