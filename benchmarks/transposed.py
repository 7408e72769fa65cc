"""How fast C is built, and the paper's largest upsampling beside PyTorch's: python benchmarks/transposed.py

Medians of interleaved samples. Needs requirements-test.txt.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn.commands.bench.timing import medians
from minifcn.convolution import conv2d, conv_matrix
from minifcn.layers import ConvTranspose2d


def main():
    title = f"{torch.get_num_threads()} threads, medians of interleaved runs, milliseconds"
    table = Table("", "minifcn", "the other", "ratio", title=title)
    for name, pair, runs in (
        ("C of 16x16, 3x3, 8 -> 8 channels, float64 | unit vectors convolved one by one", matrix_pair(), 15),
        ("21 classes, 16x16, kernel 64, stride 32, float32: forward + backward | PyTorch", upsampling_pair(), 15),
    ):
        ours, others = medians(pair, runs, "cpu")
        table.add_row(name, f"{1000 * ours:.1f}", f"{1000 * others:.1f}", f"{ours / others:.4f}")
    Console(width=140).print(table)


def matrix_pair():
    weight = np.random.default_rng(0).standard_normal((8, 8, 3, 3))

    def by_unit_vectors():
        units = np.eye(8 * 16 * 16).reshape(-1, 1, 8, 16, 16)
        return np.stack([conv2d(unit, weight).ravel() for unit in units], axis=1)

    assert np.array_equal(conv_matrix(weight, 16), by_unit_vectors())
    return lambda: conv_matrix(weight, 16), by_unit_vectors


def upsampling_pair():
    """FCN-32s' upsampling, by im2col, of a 16x16 map; the gradient of its whole 544x544 output comes in."""
    rng = np.random.default_rng(0)
    ours = ConvTranspose2d(21, 21, 64, 32, bias=False, algorithm="im2col", rng=rng)
    theirs = torch.nn.ConvTranspose2d(21, 21, 64, 32, bias=False)
    theirs.load_state_dict({"weight": torch.from_numpy(ours.weight.data)})
    x, dy = rng.standard_normal((1, 21, 16, 16), "float32"), rng.standard_normal((1, 21, 544, 544), "float32")

    def our_step():
        ours.zero_grad()
        ours(x)
        ours.backward(dy)

    def their_step():
        theirs.zero_grad()
        theirs(torch.from_numpy(x).requires_grad_()).backward(torch.from_numpy(dy))

    return our_step, their_step


if __name__ == "__main__":
    main()
