"""Transposed convolutions in each of the fast ways: python benchmarks/upsampling.py

Medians of interleaved samples in float32, forward and both gradients: the time by phases, and taken apart into rows
and columns, over im2col's; below 1 where they are faster. Beside them what "auto" takes for drawn and for bilinear
kernels. The upsamplings of FCN-8s and FCN-32s, 21 classes, then others; `convolution/fast/crossovers.py` takes its
numbers from here.
"""

import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn.backend.parallel import hold, thread_count
from minifcn.commands.bench.timing import medians
from minifcn.convolution.algorithms import ALGORITHMS, fastest_transposed
from minifcn.convolution.geometry import How
from minifcn.layers import bilinear_weight

SHAPES = [  # images, channels in and out, groups, pixels across, kernel, stride
    *((8, 21, 21, groups, *up) for groups in (1, 21) for up in ((3, 4, 2), (6, 4, 2), (12, 16, 8), (3, 64, 32))),
    *((4, 21, 21, groups, *up) for groups in (1, 21) for up in ((8, 4, 2), (16, 4, 2), (30, 16, 8), (8, 64, 32))),
    *((1, 21, 21, groups, *up) for groups in (1, 21) for up in ((16, 4, 2), (34, 4, 2), (70, 16, 8), (16, 64, 32))),
    *((2, c, c, 1, n, 4, 2) for c in (16, 64, 128) for n in (8, 24)),
    *((2, *channels, 1, 24, 4, 2) for channels in ((64, 3), (64, 32), (32, 64))),
    *((2, 32, 32, 1, 24, *sizes) for sizes in ((2, 2), (3, 2), (5, 2), (7, 4), (8, 4))),
]


def main():
    title = f"time over im2col's (milliseconds), float32, {thread_count()} threads"
    table = Table("images, channels, groups", "pixels, kernel, stride", "forward", "dx", "dW", "auto", title=title)
    for n, channels, out, groups, size, kernel, stride in SHAPES:
        how = How.of(stride, groups=groups)
        x, weight = random(n, channels, size, size), random(channels, out // groups, kernel, kernel)
        dy = random(n, out, *[(size - 1) * stride + kernel] * 2)
        weights = {"im2col": weight, "phases": weight}
        if channels == out:
            weights["separable"] = bilinear_weight(channels, kernel, groups)
        cells = []
        for step in ("forward", "dx", "dW"):
            im2col, *others = medians([steps(name, x, w, dy, how)[step] for name, w in weights.items()], 5, "cpu")
            others = others[:1] if step == "dW" else others  # there it is im2col's
            cells.append(" ".join(f"{other / im2col:.2f}" for other in others) + f" ({1000 * im2col:.2f})")
        taken = " ".join(dict.fromkeys(fastest_transposed(x, w, how) for w in list(weights.values())[1:]))
        table.add_row(f"{n}, {channels} -> {out}, {groups}", f"{size}, {kernel}, {stride}", *cells, taken)
    Console(width=120).print(table)


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape, "float32")


def steps(name, x, weight, dy, how):
    """The transposed convolution and its two gradients by this algorithm."""
    way = ALGORITHMS[name]
    return {
        "forward": lambda: way.grad_input(x, weight, dy.shape[2:], how),
        "dx": lambda: way.forward(dy, weight, how),
        "dW": lambda: way.grad_weight(x, dy, weight.shape[2:], how),
    }


if __name__ == "__main__":
    with hold():  # as a network does
        main()
