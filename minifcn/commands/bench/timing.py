"""Timing functions beside each other.

Absolute times say more about the machine, and what else runs on it, than about the code. So the functions of a case are
called in turn, A B A B ..., and it is the ratio of their medians that counts.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from minifcn.commands.bench import gpu
from minifcn.commands.bench.cases import Case

SAMPLE_SECONDS = 0.1  # a sample calls a function again and again for so long, once at least


class Measured(NamedTuple):
    """A case and the median seconds of a call by each: {"minifcn": ..., "PyTorch": ...}."""

    case: Case
    seconds: dict[str, float]

    def ratio(self, peer: str) -> float:
        """minifcn's time over the peer's."""
        return self.seconds["minifcn"] / self.seconds[peer]

    @property
    def rate(self) -> float:
        """Floating-point operations a second, counted as the definition needs them."""
        return self.case.flops / self.seconds["minifcn"]


def measure(case: Case, device: str) -> Measured:
    """Time all competitors of a case on "cpu" or "gpu"."""
    if device == "gpu":
        gpu.release()  # what the case before has left
    functions = case.make(device)
    return Measured(case, dict(zip(functions, medians(functions.values(), case.runs, device))))


def medians(functions: Iterable[Callable[[], Any]], runs: int, device: str) -> list[float]:
    """[median seconds of a call of each function on "cpu" or "gpu"] over so many samples."""
    functions = list(functions)
    counts = [max(1, round(SAMPLE_SECONDS / seconds_of(function, 1, device))) for function in functions]
    turns = [[seconds_of(f, count, device) / count for f, count in zip(functions, counts)] for _ in range(runs)]
    return [statistics.median(taken) for taken in zip(*turns)]


def seconds_of(function: Callable[[], Any], count: int, device: str) -> float:
    """Of `count` calls, after one that is not counted; on "gpu" by its own clock, not the host's.

    A step follows a step where it is used, not another's: that one's threads spin on for a while, its memory has just
    been given back to the system, and the caches hold its numbers.
    """
    function()
    if device == "gpu":
        return gpu.seconds_of(function, count)
    start = time.perf_counter()
    for _ in range(count):
        function()
    return time.perf_counter() - start
