"""How good the choice of "auto" is on this machine, from which `convolution/fast/crossovers.py` takes its numbers.

    python benchmarks/crossovers.py

Medians of interleaved samples of 3x3 convolutions, forward and with both gradients: each way's time over that of the
best one, what "auto" takes, and at the end its geometric mean and worst. It does not look at how many images there are;
so small ones are measured alone and eight at a time.
"""

import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn.backend.parallel import thread_count
from minifcn.commands.bench.timing import medians
from minifcn.convolution.algorithms import ALGORITHMS, fastest
from minifcn.convolution.geometry import How

HOW = How(padding=(1, 1))
WAYS = "im2col", "mec", "winograd"
SHAPES = [  # input and output channels, pixels across: VGG's at a quarter of its width, and at full
    *((3, 16, 96), (16, 16, 96), (16, 32, 48), (32, 32, 48), (32, 64, 24), (64, 64, 24)),
    *((64, 128, 12), (128, 128, 12), (128, 128, 6), (8, 8, 96), (8, 16, 48)),
    *((16, 16, 240), (32, 32, 120), (64, 64, 60), (128, 128, 30), (128, 128, 15)),
    *((256, 256, 24), (256, 256, 12), (512, 512, 12), (512, 512, 14), (512, 512, 28)),
    *((3, 64, 500), (64, 64, 250), (128, 128, 125), (256, 256, 88), (512, 512, 44)),
]
LARGE = 100  # pixels across: from there on one image is measured, below also eight
RUNS = 3


def main():
    title = f"time over the best way's, float32, {thread_count()} threads: forward, with both gradients"
    table = Table("images", "channels", "pixels", *WAYS, "auto", title=title)
    ratios = []
    for c, o, size in SHAPES:
        for n in (1,) if size >= LARGE else (1, 8):
            x, weight = random(n, c, size, size), random(o, c, 3, 3)
            functions = [step for name in WAYS for step in steps(name, x, weight, random(n, o, size, size))]
            seconds = np.reshape(medians(functions, RUNS, "cpu"), (-1, 2))
            seconds[:, 1] += seconds[:, 0]
            over = dict(zip(WAYS, seconds / seconds.min(axis=0)))
            taken = fastest(x, (size, size), weight.shape, HOW)
            ratios.append(over[taken])
            shown = (" ".join(f"{ratio:.2f}" for ratio in pair) for pair in over.values())
            table.add_row(str(n), f"{c}, {o}", f"{size}x{size}", *shown, taken)
    Console(width=100).print(table)
    for name, column in zip(("forward", "with both gradients"), np.transpose(ratios)):
        print(
            f"auto over the best, {name}: geometric mean {np.exp(np.log(column).mean()):.3f}, worst {column.max():.2f}"
        )


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape, "float32")


def steps(name, x, weight, dy):
    """The convolution and its two gradients by this algorithm."""
    way = ALGORITHMS[name]

    def gradients():
        if way.backward:
            way.backward(dy, x, weight, HOW)
        else:
            way.grad_input(dy, weight, x.shape[2:], HOW)
            way.grad_weight(dy, x, (3, 3), HOW)

    return lambda: way.forward(x, weight, HOW), gradients


if __name__ == "__main__":
    main()
