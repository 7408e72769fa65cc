"""What test_mpi.py has each process of an MPI job do: `job.py WHAT`, in a process of its own."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from minifcn.errors import InputError
from minifcn.layers import Parameter
from minifcn.machines import Group, messages, mpi
from minifcn.machines.ending import ends_together
from minifcn.machines.exchange import Exchange

SHAPES = [(300, 700), (5,), (64, 3, 3, 3)]


def gradients(rank):
    rng = np.random.default_rng(rank)
    return [(rng.standard_normal(shape) * 10.0**rank).astype("float32") for shape in SHAPES]


def sums(group):
    """Two steps of an exchange, whose sums must have the bits of additions in the order of the ranks."""
    own = [Parameter(np.zeros(shape, "float32")) for shape in SHAPES]
    exchange = Exchange(own, group)
    for _ in range(2):
        exchange.begin(1)
        for parameter, gradient in reversed(list(zip(own, gradients(group.rank)))):
            parameter.zero_grad()
            parameter.add_grad(gradient)
        exchange.finish()
    first, *others = [gradients(rank) for rank in range(group.size)]
    for other in others:
        first = [total + gradient for total, gradient in zip(first, other)]
    for parameter, total in zip(own, first):
        np.testing.assert_array_equal(parameter.grad, total)


def everything(group):
    sums(group)
    value = {"weights": np.arange(1_000_000.0).reshape(1000, 1000), "name": "x"}
    told = group.broadcast(value if group.rank == 0 else None)
    np.testing.assert_array_equal(told["weights"], value["weights"])
    half = np.full(1000, 0.1 * (group.rank + 1))
    group.sum(half, half=True)
    np.testing.assert_allclose(half, 0.1 * group.size * (group.size + 1) / 2, rtol=1e-3)
    assert group.any(group.rank == group.size - 1)
    kinds = group.gather((group.rank, type(group) is Group))
    assert kinds == [(rank, group.size == 1) for rank in range(group.size)]
    if group.rank == 0:
        print(f"{group.size} did all of it", flush=True)


def bad_input(group):
    raise InputError("no such option")


def bad_picture(group):
    group.gather(None)
    if group.rank == 1:
        raise InputError("a picture is damaged")
    group.gather(None)


def killed(group):
    group.gather(None)
    if group.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    group.gather(None)


def stall(group):
    messages.BEAT, group.messages.patience = 0.05, 0.3
    if group.rank == 1:
        time.sleep(1)
    group.gather(None)


if __name__ == "__main__":
    mpi.GRACE = 0.5
    group = mpi.join()
    try:
        with ends_together(group):
            globals()[sys.argv[1]](group)
    except InputError as error:
        print(f"told: {error}", flush=True)
        sys.exit(2)
