"""Processes that work on one thing together, and what they tell each other in few words."""

import socket
from typing import Any

from minifcn.backend import Array


def share(count: int, rank: int, size: int) -> slice:
    """Which of `count` things in a row are the rank's of `size`: runs in the order of the ranks, as long as can be."""
    return slice(count * rank // size, count * (rank + 1) // size)


class Group:
    """This process alone: a group of one. `minifcn.machines.mpi` has the one of several.

    rank  this process's number, 0 .. size - 1; rank 0 alone owns the run's folder and the terminal
    size  how many processes there are
    host  the name of this one's machine

    All processes call the same methods in the same order.
    """

    rank, size = 0, 1

    def __init__(self) -> None:
        self.host = socket.gethostname()

    def share(self, count: int) -> slice:
        """Which of `count` things in a row are this process's."""
        return share(count, self.rank, self.size)

    def gather(self, value: Any) -> list:
        """[each process's value], in the order of the ranks, for all of them: small Python objects."""
        return [value]

    def collect(self, value: Any) -> list:
        """The same for rank 0 alone, and [] for the others: objects that may hold arrays."""
        return [value]

    def broadcast(self, value: Any) -> Any:
        """Rank 0's value, for all: a Python object, which may hold arrays."""
        return value

    def any(self, flag: bool) -> bool:
        """Whether it is so in any process, for all of them."""
        return any(self.gather(bool(flag)))

    def sum(self, array: Array, half: bool = False) -> None:
        """Replace the array's numbers by their sums over the processes, added in the order of the ranks.

        half  what travels is float16, of arrays on the host; the additions keep the array's dtype
        """

    def leave(self) -> None:
        """Wait for all processes: the last call of each, but for `abort`."""

    def alike(self, text: str) -> bool:
        """Whether every process asks this with the same text within a moment, and all may go on together."""
        return True

    def abort(self, code: int) -> None:
        """End all processes at once, with this exit code."""
        raise SystemExit(code)


ALONE = Group()
