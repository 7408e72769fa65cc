"""Time of whole networks beside PyTorch's on the same cores: python benchmarks/against_pytorch.py

Each pair is run in turn, minifcn, PyTorch, minifcn, ..., and the ratio of the medians is what counts: absolute times
say more about the machine and what else runs on it. Needs requirements-test.txt.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parity.twin import Twin8s, fill_evenly  # noqa: E402

from minifcn.layers import SoftmaxCrossEntropy  # noqa: E402
from minifcn.models import FCN8s  # noqa: E402
from minifcn.optim import SGD  # noqa: E402

FULL = {"n_class": 21, "width": 1, "fc_channels": 4096, "padding": 100}
SMALL = {"n_class": 7, "width": 0.25, "fc_channels": 256, "padding": "same"}


def main():
    table = Table(title=f"{torch.get_num_threads()} threads, float32, medians of interleaved runs, seconds")
    for column in ("", "minifcn", "PyTorch", "ratio"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for name, pair, runs in (
        ("FCN-8s, 21 classes, padding 100, one 500x500 image: forward", forward_pair(FULL, (1, 3, 500, 500)), 5),
        ('FCN-8s, width 0.25, "same", 8 images of 96x96: training step', step_pair(SMALL, (8, 3, 96, 96)), 15),
        ('FCN-8s, width 0.25, "same", 8 images of 240x180: training step', step_pair(SMALL, (8, 3, 180, 240)), 7),
    ):
        ours, theirs = medians(*pair, runs)
        table.add_row(name, f"{ours:.3f}", f"{theirs:.3f}", f"{ours / theirs:.2f}")
    Console(width=120).print(table)


def medians(first, second, runs):
    """Median seconds of two functions called in turn, after one call of each that is not counted."""
    times = [], []
    for run in range(runs + 1):
        for function, taken in zip((first, second), times):
            start = time.perf_counter()
            function()
            if run:
                taken.append(time.perf_counter() - start)
    return tuple(map(statistics.median, times))


def twins(settings):
    """FCN-8s and its PyTorch twin with equal weights."""
    ours = FCN8s(**settings, dropout=0, upsampling="learned")
    fill_evenly(ours, np.random.default_rng(0))
    theirs = Twin8s(**settings)
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in ours.state_dict().items()})
    return ours, theirs


def forward_pair(settings, shape):
    ours, theirs = twins(settings)
    ours.eval()
    images = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)

    def forward():
        with torch.no_grad():
            theirs(torch.from_numpy(images))

    return lambda: ours(images), forward


def step_pair(settings, shape):
    ours, theirs = twins(settings)
    ours.train_only()
    rng = np.random.default_rng(1)
    images = rng.standard_normal(shape, dtype=np.float32)
    labels = rng.integers(0, settings["n_class"], (shape[0], *shape[2:]))
    criterion, optimizer = SoftmaxCrossEntropy(), SGD(ours.parameters(), 1e-4, 0.9, 5e-4)
    their_optimizer = torch.optim.SGD(theirs.parameters(), 1e-4, 0.9, weight_decay=5e-4)

    def our_step():
        ours.zero_grad()
        criterion(ours(images), labels)
        ours.backward(criterion.backward())
        optimizer.step()

    def their_step():
        their_optimizer.zero_grad()
        torch.nn.functional.cross_entropy(theirs(torch.from_numpy(images)), torch.from_numpy(labels)).backward()
        their_optimizer.step()

    return our_step, their_step


if __name__ == "__main__":
    main()
