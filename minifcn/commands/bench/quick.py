"""How quick a GPU is with the full FCN-8s, its layers and each kernel, beside PyTorch and beside its own limits.

What one part measures and another needs is kept here. Times are medians of interleaved samples, in the GPU's own clock
(`minifcn.commands.bench.gpu`).
"""

import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from minifcn.backend import to_host
from minifcn.backend.kernels import VARIABLE, with_kernels
from minifcn.commands.bench import cases, gpu, launches, sections, twins
from minifcn.commands.bench.account import reason
from minifcn.commands.bench.cases import Case
from minifcn.commands.bench.machine import Limits, measure_limits
from minifcn.commands.bench.right import OVERDUE, Rows, Ways, difference, last_words, run_process
from minifcn.commands.bench.timing import Measured, medians

RUNS = 5  # samples of each competitor
ROUNDINGS = {"no TF32": False, "TF32": True}
GOALS = {"forward": 2.0, "training step": 2.5}  # times PyTorch's, without TF32
SCORES = 1e-3  # how far two ways of summing thousands of products in float32 may lie apart, cuDNN's Winograd among them
DEMO_SECONDS = 60
FASTER = 0.95  # of the plain way's time: above it a kernel is not worth its lines


class Quick:
    """The parts in the order in which they are measured: rows of a name, and a function that measures its cells.

    left  tells the seconds that are left
    ways  of minifcn that are measured beside PyTorch
    """

    def __init__(self, left: Callable[[], float]):
        self.left, self.name = left, gpu.name()  # asked for now: after a mistake a GPU may answer nothing
        self.ways: Ways = {"plain": False}
        self.roundings = [name for name, tf32 in ROUNDINGS.items() if not tf32 or gpu.has_tf32()]
        self.limits: dict[str, Limits] = {}
        self.full: dict[str, dict[str, float]] = {}  # {"forward": {competitor: seconds}}, without TF32
        self.kernels: dict[str, list[tuple[float, float]]] = {}  # {name: [(plain seconds, kernel's)]}
        self.measured: dict[str, list[Measured]] = {name: [] for name in self.roundings}  # layers
        self.without = ""  # why PyTorch's part of the case under way broke off

    @property
    def competitors(self) -> list[str]:
        """All that are measured, if PyTorch is there."""
        return [*self.ways, "PyTorch"]

    @property
    def copy(self) -> float:
        """Bytes a second, nan before they are measured."""
        return max((limits.copy for limits in self.limits.values()), default=np.nan)

    def machine(self) -> Rows:
        """The limits: products with each rounding, and copies."""
        for rounding in self.roundings:
            yield f"product of float32 matrices, {rounding}", partial(self._product, rounding)
        yield "copy, read and written", lambda: (self.copy / 1e9, "GB/s")

    def _product(self, rounding):
        gpu.allow_tf32(ROUNDINGS[rounding])
        self.limits[rounding] = measure_limits("gpu")
        return self.limits[rounding].product / 1e12, "TFLOP/s"

    def network(self) -> Rows:
        """The full FCN-8s, forward and a training step, beside PyTorch."""
        for what, case in sections.full().items():
            functions = cache(partial(self._by_way, case))  # made by the first who needs them
            for rounding in self.roundings:
                yield f"{what}, {rounding}", partial(self._network, what, case, functions, rounding)

    def _network(self, what, case, functions, rounding):
        row = self._measure(case, functions(), rounding)
        self.full.setdefault(what, row.seconds)
        times = self._times(row)
        goal = ("", "") if ROUNDINGS[rounding] else self._goal(GOALS[what], times[len(self.competitors) :])
        return *times, self._share(row, rounding), *goal

    def scores(self) -> Rows:
        """How far the full FCN-8s' scores are from PyTorch's."""
        yield "forward", self._scores

    def _scores(self):
        functions = self._by_way(sections.full()["forward"])
        if "PyTorch" not in functions:
            return *("" for _ in self.ways), self.without or "not known"
        *mine, theirs = ({"scores": _on_host(function())} for function in functions.values())
        errors = [difference(scores, theirs) for scores in mine]
        return *errors, max(errors) <= SCORES

    def memory(self) -> Rows:
        """What the card must have for the full FCN-8s."""
        for what, case in sections.full().items():
            yield what, partial(self._memory, case)

    def _memory(self, case):
        functions = self._by_way(case)
        held = {name: gpu.memory_held(name, function) / 1e9 for name, function in functions.items()}
        return [held.get(name, np.nan) for name in self.competitors]

    def each_kernel(self) -> Rows:
        """Each kernel beside CuPy's generic way and the copy limit."""
        for name in twins.names():
            for where, shape in twins.TWINS[name].full.items():
                yield f"{name}, {where}", partial(self._kernel, name, shape)

    def _kernel(self, name, shape):
        twin = twins.TWINS[name]
        given = twin.given(np.random.default_rng(0), shape, "float32")
        size = twins.moved(twin, given)
        plain, kernel = medians([twins.caller(twin, given, on) for on in (False, True)], RUNS, "gpu")
        self.kernels.setdefault(name, []).append((plain, kernel))
        shares = (size / self.copy / seconds for seconds in (plain, kernel))
        return size / 1e6, 1e3 * plain, 1e3 * kernel, kernel / plain, *shares

    def layers(self) -> Rows:
        """The layers of the full FCN-8s, forward and backward; with TF32 those that multiply."""
        for rounding in self.roundings:
            for case in sections.layers() + (sections.parts() if not ROUNDINGS[rounding] else []):
                yield f"{case.name}, {rounding}", partial(self._layer, case, rounding)

    def _layer(self, case, rounding):
        row = self._measure(case, self._by_way(case), rounding)
        self.measured[rounding].append(row)
        return *self._times(row), self._share(row, rounding)

    def launched(self) -> Rows:
        """What the GPU is given by each in one call of the full FCN-8s, and for how long it is busy with it."""
        for what, case in sections.full().items():
            functions = cache(partial(self._by_way, case))
            for name in self.competitors:
                yield f"{what}, {name}", partial(self._launches, what, name, functions)

    def _launches(self, what, name, functions):
        function = functions().get(name)
        counted = launches.count(function) if function else None
        if not counted:
            return "not counted", *[""] * 6, "not known"
        share = counted.seconds / self.full.get(what, {}).get(name, np.nan)
        waits = 0 if what == "forward" else 1
        right = counted.uploads == 0 and counted.downloads <= waits if name in self.ways else ""
        return *map(str, counted[:5]), 1e3 * counted.seconds, share, right

    def demo(self) -> Rows:
        """`python -m minifcn demo` as anybody would start it."""
        for way, on in self.ways.items():
            yield way, partial(self._demo, on)

    def _demo(self, on):
        most = max(1, min(self.left(), 2 * DEMO_SECONDS))
        seconds = demo_seconds(on, most)
        if seconds is None:
            return f"more than {most:.0f}", f"{DEMO_SECONDS}", "no" if most >= DEMO_SECONDS else "not known"
        return seconds, f"{DEMO_SECONDS}", "yes" if seconds < DEMO_SECONDS else "no"

    def advice(self, right: dict[str, bool]) -> Rows:
        """Plain or kernel, one by one: a kernel that is right and takes at most 0.95 of the plain way's time."""
        for name, is_right in right.items():
            plain, kernel = (sum(times) for times in zip(*self.kernels.get(name, [(np.nan, np.nan)])))
            yield name, ("yes" if is_right else "no", kernel / plain, _taken(kernel / plain, is_right))
        for what, seconds in self.full.items():
            if "kernels" in seconds:
                ratio = seconds["kernels"] / seconds["plain"]
                yield f"all that are right, FCN-8s' {what}", ("", ratio, _taken(ratio, True))

    def _by_way(self, case: Case) -> cases.Functions:
        """{way: minifcn's function in that way, "PyTorch": its own}."""

        def within(on, function):
            def call():
                with with_kernels(on):
                    return function()

            return call

        gpu.release()  # what the case before has left
        functions = case.make("gpu")
        mine = {way: within(on, functions["minifcn"]) for way, on in self.ways.items()}
        return mine | self._theirs(functions.get("PyTorch"))

    def _theirs(self, function):
        """{"PyTorch": function} if it works: where it does not, the others are measured all the same."""
        self.without = ""
        if not function:
            return {}
        try:
            function()
        except Exception as error:  # a card that is too small for both, or that this build knows nothing of
            self.without = reason(error)
            return {}
        return {"PyTorch": function}

    def _measure(self, case: Case, functions: cases.Functions, rounding: str) -> Measured:
        gpu.allow_tf32(ROUNDINGS[rounding])
        return Measured(case, dict(zip(functions, medians(functions.values(), RUNS, "gpu"))))

    def _times(self, row: Measured) -> list[Any]:
        """Milliseconds of all competitors, or why PyTorch has none, then the ratio of each way to it."""
        *mine, theirs = [row.seconds.get(name, np.nan) for name in self.competitors]
        return [*(1e3 * one for one in mine), self.without or 1e3 * theirs, *(one / theirs for one in mine)]

    def _goal(self, goal: float, ratios: list[float]) -> tuple[str, str]:
        """A goal, and by which ways it is reached."""
        reached = [way for way, ratio in zip(self.ways, ratios) if ratio <= goal]
        return f"{goal:g}", "not known" if np.isnan(ratios).any() else f"by {', '.join(reached)}" if reached else "no"

    def _share(self, row: Measured, rounding: str) -> str:
        """The faster way's rate over that of the limit which binds it, with the same rounding."""
        seconds, limits = min(row.seconds[way] for way in self.ways), self.limits.get(rounding)
        if limits is None or np.isnan(seconds) or not row.case.flops:
            return ""
        if row.case.flops > row.case.bytes * limits.product / self.copy:
            return f"{row.case.flops / seconds / limits.product:.2f} of product"
        return f"{row.case.bytes / seconds / self.copy:.2f} of copy"


def demo_seconds(kernels: bool, most: float) -> float | None:
    """The demo in a process of its own, from its start to its end; None where it took longer than `most`."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        demo = ["-m", "minifcn", "demo", "--device", "gpu", "--out", folder]
        process = run_process(demo, most, **{VARIABLE: "1" if kernels else "0"})
    if process.returncode == OVERDUE:
        return None
    if process.returncode:
        raise RuntimeError(last_words(process))
    return time.monotonic() - started


def _on_host(scores):
    """As NumPy's array, whether CuPy's or PyTorch's."""
    return to_host(scores) if hasattr(scores, "get") else scores.cpu().numpy()


def _taken(ratio, is_right):
    """Which is to be the default, where a kernel takes `ratio` of the plain way's time."""
    if not is_right:
        return "plain"
    return "not known" if np.isnan(ratio) else "kernel" if ratio <= FASTER else "plain"
