"""Timing functions beside each other.

Absolute times say more about the machine, and what else runs on it, than about the code. So the functions of a case are
called in turn, A B A B ..., and it is the ratio of their medians that counts.
"""

import statistics
import time
from typing import NamedTuple

SAMPLE_SECONDS = 0.1  # a sample calls a function again and again for so long, once at least


class Measured(NamedTuple):
    """A case and the median seconds of a call by each: {"minifcn": ..., "PyTorch": ...}."""

    case: object
    seconds: dict

    def ratio(self, peer):
        """minifcn's time over the peer's, None where one was not measured."""
        return self.seconds["minifcn"] / self.seconds[peer] if peer in self.seconds else None

    @property
    def rate(self):
        """Floating-point operations a second, counted as the definition needs them; None where nobody counted."""
        return self.case.flops / self.seconds["minifcn"] if self.case.flops else None


def measure(case, device):
    """Time all competitors of a case of `cases` on "cpu" or "gpu" -> Measured."""
    functions = case.make(device)
    return Measured(case, dict(zip(functions, medians(functions.values(), case.runs, waiting(device)))))


def medians(functions, runs, wait):
    """[median seconds of a call of each function] over so many samples; wait() returns when a call's work is done."""
    functions = list(functions)
    repeats = [max(1, round(SAMPLE_SECONDS / seconds_of(function, 1, wait))) for function in functions]
    samples = [
        [seconds_of(function, count, wait) / count for function, count in zip(functions, repeats)] for _ in range(runs)
    ]
    return [statistics.median(taken) for taken in zip(*samples)]


def seconds_of(function, count, wait):
    """Of `count` calls, after one that is not counted.

    A step follows a step where it is used, not another's: that one's threads spin on for a while, its memory has just
    been given back to the system, and the caches hold its numbers.
    """
    function()
    wait()
    start = time.perf_counter()
    for _ in range(count):
        function()
    wait()
    return time.perf_counter() - start


def waiting(device):
    """A function that returns when the device has done all it was given, by whomever."""
    if device == "cpu":
        return lambda: None
    import cupy

    return cupy.cuda.Device().synchronize  # of the whole device, so of PyTorch's streams too
