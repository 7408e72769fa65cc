"""Misuse of the Python API, drawn from the signatures of everything public: python benchmarks/faults/calls.py

Each trial calls one function with right arguments but one: a value of another type, shape, sign or size (`wrong.py`),
or none. What it gives is then used, as a layer or a schedule is. A trial is a fault where

- anything else is raised than InputError or TypeError, or an InputError of several lines;
- it is accepted, though that value can be nothing that the argument takes;
- it takes more than 2 GB, or more than 10 seconds.

`NAMED` are misuses that once went through, tried every time. Exit code 1 where there is a fault.
"""

import argparse
import contextlib
import inspect
import random
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

import subjects
import wrong

from minifcn import SGD, ConfusionMatrix, Conv2d, Dropout, ReLU, Sequential, SoftmaxCrossEntropy, check_gradients
from minifcn.errors import InputError
from minifcn.layers import Linear, Parameter, Scale, Sum
from minifcn.layers.parameter import Draws

MEMORY = 2 << 30  # bytes more than before the first trial
SECONDS = 10
LONGEST = 400  # characters of an InputError
REFUSED, ACCEPTED = "refused", "accepted"
OUTCOMES = REFUSED, ACCEPTED, "other error", "several lines", "wrongly accepted", "memory", "hang"


class Hang(BaseException):
    """A trial takes too long. No Exception, so that nobody's `except` hides it."""


class Trial(NamedTuple):
    """What was tried, and what came of it: one of OUTCOMES, and the error in words."""

    room: str
    what: str
    outcome: str
    error: str = ""


def x(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.ones(shape or (1, 4, 5, 5), dtype)


def _backward(layer, dy):
    layer(x())
    layer.backward(dy)


def _loaded(weights):
    Conv2d(4, 4, 3).load_state_dict({"weight": weights, "bias": np.zeros(4)})


def _batches():
    return subjects.Batches(subjects.Pictures(), 2, subjects.PREPROCESSING)


NAMED: dict[str, Callable] = {
    "Linear(0, 3)": lambda: Linear(0, 3),
    "Sequential(1)": lambda: Sequential(1),
    "Batches.epoch(0, -1)": lambda: _batches().epoch(0, -1),
    "Batches.epoch(-1)": lambda: _batches().epoch(-1),
    "class weights below 0": lambda: SoftmaxCrossEntropy(class_weights=[1, -1, 1, 1]),
    "class weights of nan": lambda: SoftmaxCrossEntropy(class_weights=[1, np.nan, 1, 1]),
    "complex class weights": lambda: SoftmaxCrossEntropy(class_weights=np.full(4, 1j)),
    "integer scores": lambda: SoftmaxCrossEntropy()(x(dtype="int64"), np.zeros((1, 5, 5), int)),
    "scores in a list": lambda: SoftmaxCrossEntropy()([[1.0]], np.zeros(1, int)),
    "dy of another shape": lambda: _backward(Scale(2.0), x(1, 1, 5, 5)),
    "dy of integers": lambda: _backward(ReLU(), x(dtype="int64")),
    "dy of another dtype": lambda: _backward(Conv2d(4, 2, 3), x(1, 2, 3, 3, dtype="float64")),
    "no dy": lambda: _backward(Dropout(), None),
    "a bad rng": lambda: Conv2d(4, 4, 3, rng=5),
    "a bad rng of dropout": lambda: Dropout(0.5, rng=np.random.RandomState(0)),
    "a seed below 0": lambda: Draws(-1),
    "a function in check_gradients": lambda: check_gradients(lambda x: x, x()),
    "a class in check_gradients": lambda: check_gradients(ReLU, x()),
    "complex weights": lambda: _loaded(np.ones((4, 4, 3, 3), complex)),
    "object weights": lambda: _loaded(np.ones((4, 4, 3, 3), object)),
    "a complex Parameter": lambda: Parameter(np.ones(3, complex)),
    "an object Parameter": lambda: Parameter(np.ones(3, object)),
    "weights made complex": lambda: Conv2d(4, 4, 3).astype("complex64"),
    "a layer made whole": lambda: Conv2d(4, 4, 3).astype("int32"),
    "a PyTorch tensor": lambda: Conv2d(4, 4, 3)(wrong.Tensor()),
    "a list of images": lambda: ReLU()([[1.0, -1.0]]),
    "whole numbers scaled by a half": lambda: Scale(0.5)(x(dtype="int64")),
    "maps of two dtypes": lambda: Sum()(x(), x(dtype="float64")),
    "no parameters": lambda: SGD([x()], lr=0.1),
    "a learning rate of True": lambda: SGD(Conv2d(4, 4, 3).parameters(), lr=True),
    "labels of floats": lambda: ConfusionMatrix(3).update(np.zeros(4), np.zeros(4, int)),
    "no classes": lambda: ConfusionMatrix(0),
    "winograd on less than its kernel": lambda: Conv2d(4, 4, 3, algorithm="winograd")(x(1, 4, 2, 5)),
    "winograd on no pixels": lambda: Conv2d(4, 4, 3, padding=3, algorithm="winograd")(x(1, 4, 0, 3)),
}


def named() -> Iterator[Trial]:
    """A trial of each of NAMED."""
    for what, function in NAMED.items():
        yield judge("named", what, function, must=True)


def drawn(trials: int, seed: int) -> Iterator[Trial]:
    """So many trials, the same for a seed."""
    rng = random.Random(seed)
    all_of_them = subjects.subjects()
    parameters = {subject: subject.parameters() for subject in all_of_them}
    rooms = sorted({subject.room for subject in all_of_them})
    several = {room: [s for s in all_of_them if s.room == room and parameters[s]] for room in rooms}
    rooms = [room for room in rooms if several[room]]
    for number in range(trials):
        subject = rng.choice(several[rooms[number % len(rooms)]])
        parameter, label = rng.choice(parameters[subject]), rng.choice([*wrong.WRONG, "missing"])
        yield misuse(subject, parameter, label)


def misuse(subject: subjects.Subject, parameter: str, label: str) -> Trial:
    """The subject called with one argument of that kind, or without it."""
    function, good = subject.make()
    right = good.pop(parameter)
    plain = inspect.signature(function).parameters[parameter].default is None  # None is right, too
    must = label != "missing" and not (plain and label == "None") and wrong.surely(subject.name, parameter, label)
    if label != "missing":
        value = wrong.WRONG[label]()
        good[parameter] = (value,) if isinstance(right, tuple) and parameter in subjects.SEVERAL else value
    what = f"{subject.name}({parameter}: {label})"
    return judge(subject.room, what, lambda: subjects.use(subjects.call(function, good)), must)


def judge(room: str, what: str, function: Callable, must: bool) -> Trial:
    """Call it and see; `must`: it has to be refused."""
    outcome, error = "wrongly accepted" if must else ACCEPTED, ""
    with warnings.catch_warnings(), limited_time():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", np.exceptions.ComplexWarning)  # an imaginary part is dropped
        try:
            function()
        except (InputError, TypeError) as refusal:
            error = str(refusal)
            plain = isinstance(refusal, TypeError) or ("\n" not in error and len(error) <= LONGEST)
            outcome = REFUSED if plain else "several lines"
        except MemoryError as problem:
            outcome, error = "memory", str(problem)
        except Hang:
            outcome = "hang"
        except Exception as problem:
            outcome, error = "other error", f"{type(problem).__name__}: {problem}"
    return Trial(room, what, outcome, error)


@contextlib.contextmanager
def limited_time() -> Iterator[None]:
    """Hang in whatever Python runs after SECONDS, where the system has such an alarm."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def limited_memory() -> Iterator[None]:
    """MemoryError beyond MEMORY more than this process has now; on Linux alone."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def report(trials: list[Trial], seconds: float) -> int:
    """Print the table and what is wrong. Returns how many faults there are."""
    counts = Counter((trial.room, trial.outcome) for trial in trials)
    table = Table("room", "trials", *OUTCOMES, title=f"{len(trials)} misuses in {seconds:.0f} s")
    for room in dict.fromkeys(trial.room for trial in trials):
        row = [counts[room, outcome] for outcome in OUTCOMES]
        table.add_row(room, str(sum(row)), *map(str, row))
    console, faults = Console(), [trial for trial in trials if trial.outcome not in (REFUSED, ACCEPTED)]
    console.print(table)
    groups: dict[tuple, list[Trial]] = {}
    for trial in faults:
        groups.setdefault((trial.outcome, trial.room, trial.what.partition(":")[0]), []).append(trial)
    for (outcome, *_), (trial, *more) in groups.items():
        also = f" and {len(more)} more" if more else ""
        console.print(
            f"{outcome}: {trial.room}: {trial.what}{also}: {' '.join(trial.error.split())[:120]}", markup=False
        )
    return len(faults)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--trials", type=int, default=1000, help="how many are drawn (1000)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (0)")
    options = parser.parse_args()
    start = time.perf_counter()
    subjects.subjects()
    with limited_memory():
        trials = [*named(), *drawn(options.trials, options.seed)]
    return 1 if report(trials, time.perf_counter() - start) else 0


if __name__ == "__main__":
    sys.exit(main())
