"""Drawn settings of every layer against PyTorch, in float64: python benchmarks/faults/settings.py [--trials 10000]

Each trial draws a layer's settings and input (`drawn_layers.py`), and compares the output and all gradients under a
random incoming gradient, to 1e-10 of their norm. It is a fault where

- they differ, in numbers or shape, or in one of the two refusing what the other takes;
- the input or the incoming gradient has changed, a second backward gives another gradient, evaluation another output;
- minifcn raises anything but InputError.

Trial n of a seed is the same whatever comes before it: --seed 0 --first n --trials 1 repeats it. Exit code 1 where
there is a fault.
"""

import argparse
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from draw import Case
from drawn_layers import DRAWS, ROUND

from minifcn.errors import InputError

TOLERANCE = 1e-10
LEAST = 1e-6  # a smaller norm counts as this one: of gradients that are 0 but for rounding
EQUAL, REFUSED, FAULT = "equal", "refused by both", "fault"


class Trial(NamedTuple):
    """What was tried, and what came of it."""

    number: int
    layer: str
    words: str
    outcome: str
    why: str = ""
    error: float = 0.0  # the largest relative one


class Fault(Exception):
    """How the two differ."""


def trial(seed: int, number: int) -> Trial:
    """Trial `number` of a seed."""
    layer = ROUND[number % len(ROUND)]
    rng = np.random.default_rng([seed, number])
    case = DRAWS[layer](rng)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, of an uneven padding
            error = compare(case, rng)
    except Fault as fault:
        return Trial(number, layer, case.words, FAULT, str(fault))
    return Trial(number, layer, case.words, REFUSED if error is None else EQUAL, error=error or 0.0)


def compare(case: Case, rng: np.random.Generator) -> float | None:
    """The largest relative error; None where both refuse the case. Raises Fault."""
    ours, our_error = attempt(case.ours, InputError)
    theirs, their_error = attempt(case.theirs, Exception)
    taken = [torch.from_numpy(np.array(x)).requires_grad_() for x in case.maps]
    given = [x.copy() for x in case.maps] if case.inplace else case.maps
    before = [x.copy() for x in given]
    if not (our_error or their_error):
        copy_parameters(ours.astype("float64"), theirs, rng)
    if not our_error:
        ys, our_error = attempt(lambda: ours.astype("float64")(*given), InputError)
    if not their_error:
        y_theirs, their_error = attempt(lambda: theirs(*[x.clone() if case.inplace else x for x in taken]), Exception)
    if our_error and their_error:
        return None
    if our_error or their_error:
        raise Fault(f"minifcn refuses it: {our_error}" if our_error else f"PyTorch refuses it: {their_error}")

    (y, *more), (y_theirs, *more_theirs) = (v if isinstance(v, tuple) else (v,) for v in (ys, y_theirs))
    errors = [difference("output", y, y_theirs), *(difference("indices", *both) for both in zip(more, more_theirs))]
    dy = np.asarray(rng.standard_normal(y.shape))
    y_theirs.backward(torch.from_numpy(dy.copy()))
    dy_before, shown = dy.copy(), [y.copy() for y in (y, *more)]
    dxs = as_tuple(ours.backward(dy.copy() if case.inplace else dy))
    errors += [difference("dx", dx, x.grad) for dx, x in zip(dxs, taken, strict=True)]
    gradients = [p.grad.copy() for p in ours.parameters()]
    errors += [difference("dw", g, p.grad) for g, p in zip(gradients, parameters(theirs), strict=True)]

    if not case.inplace:
        unchanged("the input", given, before)
        unchanged("the incoming gradient", [dy], [dy_before])
        ours.zero_grad()
        unchanged("a second dx", as_tuple(ours.backward(dy)), dxs)
        unchanged("a second dw", [p.grad for p in ours.parameters()], gradients)
        if not any(hasattr(layer, "rng") for layer in ours.layers()):
            unchanged("the output of evaluation", as_tuple(ours.eval()(*given)), shown)
    return max(errors)


def attempt(make, refusal):
    """(what is made, "") or (None, why it is refused). Raises Fault for another exception than `refusal`."""
    try:
        return make(), ""
    except refusal as error:
        return None, f"{type(error).__name__}: {error}".splitlines()[0]
    except Exception as error:
        raise Fault(f"minifcn raises {type(error).__name__}: {error}") from error


def copy_parameters(ours, theirs, rng):
    """The same random numbers in both, one parameter after the other."""
    for mine, other in zip(ours.parameters(), parameters(theirs), strict=True):
        mine.data[...] = rng.standard_normal(mine.shape)
        other.data = torch.from_numpy(mine.data.copy())


def parameters(module):
    return list(module.parameters()) if isinstance(module, torch.nn.Module) else []


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def difference(what, ours, theirs):
    """The relative error of an array. Raises Fault where it is too large, or shapes or dtypes differ."""
    if ours is None or theirs is None:
        if ours is not theirs:
            raise Fault(f"{what}: {'minifcn' if ours is None else 'PyTorch'} has none")
        return 0.0
    theirs = theirs.detach().numpy()
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        raise Fault(f"{what}: {ours.dtype} {ours.shape}, of PyTorch {theirs.dtype} {theirs.shape}")
    error = float(np.linalg.norm(ours - theirs) / max(LEAST, np.linalg.norm(theirs)))
    if not error <= TOLERANCE:
        raise Fault(f"{what}: relative error {error:.1e}")
    return error


def unchanged(what, now, before):
    """Fault unless the arrays are the same, bit for bit."""
    for a, b in zip(now, before, strict=True):
        if not (a is b or np.array_equal(a, b, equal_nan=True)):
            raise Fault(f"{what} differs from the first")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trials = [trial(options.seed, number) for number in range(options.first, options.first + options.trials)]
    table = Table("layer", "drawn", EQUAL, REFUSED, "faults", "largest error", title=f"{len(trials)} drawn settings")
    drawn = [layer for layer in DRAWS if any(one.layer == layer for one in trials)]
    for layer in [*drawn, "all"]:
        some = [one for one in trials if layer in (one.layer, "all")]
        counts = [sum(one.outcome == outcome for one in some) for outcome in (EQUAL, REFUSED, FAULT)]
        largest = max((one.error for one in some), default=0.0)
        table.add_row(layer, *map(str, (len(some), *counts)), f"{largest:.0e}", end_section=layer == drawn[-1])
    console = Console(width=140)
    console.print(table)
    faults = [one for one in trials if one.outcome == FAULT]
    for fault in faults:
        console.print(f"trial {fault.number}: {fault.words}: {fault.why}", markup=False, highlight=False)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
