"""Messages between the processes of an MPI job, waited for without keeping a core busy, and not in silence."""

import sys
import time
from typing import Any

import numpy as np

SLEEP = 2e-4  # seconds between two looks, at most: MPI itself would look all the time, which takes a core
BEAT = 1.0  # seconds of waiting after which, and after which again, this process says that it waits
PATIENCE = 10.0  # seconds of waiting after which it is told for whom
AGAIN = 6  # times as long until it is told again
WAITING = 1  # the tag of messages that say so; all others of these here have 0


class Messages:
    """What this process sends to the others and receives from them.

    comm   an mpi4py communicator, or what has its `Get_rank`, `Get_size`, `Isend`, `Irecv` and `Improbe`
    hosts  the names of the ranks' machines, once they are known
    """

    def __init__(self, comm: Any) -> None:
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.hosts: list[str] = []
        self.patience = PATIENCE
        self.whole = True  # no `swap` was broken off
        self.beats: list[Any] = []  # messages on their way that say that this process waits
        self.heard: dict[int, float] = {}  # when each rank was last heard to say so

    def swap(self, give: dict[int, np.ndarray], take: dict[int, np.ndarray]) -> None:
        """Send give[r] to rank r, and fill take[r] with what it sends: arrays in one piece; an empty one is not sent.

        What is sent between two ranks arrives in the order of the calls. A rank that keeps this one waiting is named
        on standard error.
        """
        self._hear()
        self.whole = False
        waiting = [(r, self.comm.Irecv(_bytes(a), r, 0)) for r, a in take.items() if a.size]
        waiting += [(r, self.comm.Isend(_bytes(a), r, 0)) for r, a in give.items() if a.size]
        start, beat, warning = time.monotonic(), BEAT, self.patience
        while waiting := [(r, request) for r, request in waiting if not request.Test()]:
            waited = time.monotonic() - start
            if waited > beat:
                self._beat()
                beat += BEAT
            if waited > warning:
                self._name({r for r, _ in waiting}, waited)
                warning *= AGAIN
            time.sleep(min(waited / 10, SLEEP))
        self.whole = True
        if warning > self.patience:
            self.patience = 2 * (time.monotonic() - start)  # so long it may take

    def _beat(self):
        """Tell everybody that this process waits: those that wait for it do not wait for this one then."""
        self._hear()
        self.beats = [request for request in self.beats if not request.Test()]
        for rank in range(self.size):
            if rank != self.rank:
                self.beats.append(self.comm.Isend(np.array([self.rank], np.int64), rank, WAITING))

    def _hear(self):
        """Hear which others wait."""
        rank = np.empty(1, np.int64)
        while message := self.comm.Improbe(tag=WAITING):  # from anybody
            message.Recv(rank)
            self.heard[int(rank[0])] = time.monotonic()

    def _name(self, missing, waited):
        """Name the missing ranks that do not wait themselves. One process does it, the first that is not missing."""
        lately = time.monotonic() - 3 * BEAT
        names = sorted(rank for rank in missing if self.heard.get(rank, 0) < lately) or sorted(missing)
        if names[: self.rank] == list(range(self.rank)):
            line = f"{self.name(self.rank)} has waited {waited:.0f} s for {', '.join(map(self.name, names))}"
            print(f"minifcn: {line}", file=sys.stderr, flush=True)

    def name(self, rank: int) -> str:
        """The rank and its machine, in words."""
        return f"rank {rank} on {self.hosts[rank]}" if self.hosts else f"rank {rank}"


def _bytes(array):
    """The array's memory, one entry a byte: MPI has no float16."""
    return array.reshape(-1).view(np.uint8)
