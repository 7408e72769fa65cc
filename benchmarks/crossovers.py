"""Where other ways overtake im2col, from which `convolution/fast/crossovers.py` takes its numbers.

    python benchmarks/crossovers.py

Medians of interleaved samples of 3x3 convolutions and both gradients: im2col's time over Winograd's and over that of
columns along the width alone, above 1 where those are faster, beside what "auto" takes.
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
from minifcn.convolution.fast.winograd import TILE
from minifcn.convolution.geometry import How

HOW = How(padding=(1, 1))
OTHERS = "mec", "winograd"
SHAPES = [  # images, channels, pixels across
    *((8, 4, n) for n in (24, 96)),
    *((8, 8, n) for n in (24, 48, 96)),
    *((8, 16, n) for n in (24, 48, 96)),
    *((8, 32, n) for n in (12, 24, 48)),
    *((8, 64, n) for n in (6, 12, 24)),
    *((1, 64, n) for n in (24, 48)),
    *((8, 128, n) for n in (6, 12)),
    *((1, 128, n) for n in (16, 24, 48)),
    *((1, 256, n) for n in (16, 24, 32)),
    *((1, 512, n) for n in (12, 20, 24, 44)),
]


def main():
    title = f"im2col's time over others', float32, {thread_count()} threads: forward, dx, dW, together"
    table = Table("images", "channels", "pixels", "tiles", *OTHERS, "auto", title=title)
    for n, c, size in SHAPES:
        x, weight = random(n, c, size, size), random(c, c, 3, 3)
        functions = [step for name in ("im2col", *OTHERS) for step in steps(name, x, weight, random(*x.shape))]
        im2col, *others = np.reshape(medians(functions, 5, "cpu"), (-1, 3))
        ratios = [
            " ".join(f"{ratio:.2f}" for ratio in (*im2col / other, im2col.sum() / other.sum())) for other in others
        ]
        tiles = n * (-(-size // TILE)) ** 2
        taken = fastest(x, (size, size), weight.shape, HOW)
        table.add_row(str(n), str(c), f"{size}x{size}", str(tiles), *ratios, taken)
    Console(width=100).print(table)


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape, "float32")


def steps(name, x, weight, dy):
    """The convolution and its two gradients by this algorithm."""
    way = ALGORITHMS[name]
    return (
        lambda: way.forward(x, weight, HOW),
        lambda: way.grad_input(dy, weight, x.shape[2:], HOW),
        lambda: way.grad_weight(dy, x, (3, 3), HOW),
    )


if __name__ == "__main__":
    main()
