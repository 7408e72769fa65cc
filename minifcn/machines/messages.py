"""Messages between the processes of an MPI job, waited for without keeping a core busy, and not in silence."""

import sys
import time
from typing import Any

import numpy as np

SLEEP = 2e-4  # seconds between two looks, at most: MPI itself would look all the time, which takes a core
PATIENCE = 10.0  # seconds of waiting after which it is told for whom
AGAIN = 6  # times as long until it is told again


class Messages:
    """What this process sends to the others and receives from them.

    comm   an mpi4py communicator, or what has its `Get_rank`, `Get_size`, `Isend`, `Irecv`, as the tests' own has
    hosts  the names of the ranks' machines, once they are known
    """

    def __init__(self, comm: Any) -> None:
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.hosts: list[str] = []
        self.patience = PATIENCE

    def swap(self, give: dict[int, np.ndarray], take: dict[int, np.ndarray], tag: int = 0) -> None:
        """Send give[r] to rank r, and fill take[r] with what it sends: arrays in one piece; an empty one is not sent.

        What is sent between two ranks arrives in the order of the calls. A rank that keeps this one waiting is named
        on standard error.
        """
        waiting = [(r, self.comm.Irecv(_bytes(a), r, tag)) for r, a in take.items() if a.size]
        waiting += [(r, self.comm.Isend(_bytes(a), r, tag)) for r, a in give.items() if a.size]
        start, warning = time.monotonic(), self.patience
        while waiting := [(r, request) for r, request in waiting if not request.Test()]:
            waited = time.monotonic() - start
            if waited > warning:
                self._tell(waited, sorted({r for r, _ in waiting}))
                warning *= AGAIN
            time.sleep(min(waited / 10, SLEEP))
        if warning > self.patience:  # so long it may take
            self.patience = 2 * (time.monotonic() - start)

    def _tell(self, waited, missing):
        """Name the missing ranks: one process does it, the first that is not missing itself."""
        if missing[: self.rank] == list(range(self.rank)):
            names = ", ".join(map(self.name, missing))
            print(f"minifcn: {self.name(self.rank)} has waited {waited:.0f} s for {names}", file=sys.stderr, flush=True)

    def name(self, rank: int) -> str:
        """The rank and its machine, in words."""
        return f"rank {rank} on {self.hosts[rank]}" if self.hosts else f"rank {rank}"


def _bytes(array):
    """The array's memory, one entry a byte: MPI has no float16."""
    return array.reshape(-1).view(np.uint8)
