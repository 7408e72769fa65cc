"""What single ideas give, each beside what it replaced: python benchmarks/ideas.py

Medians of interleaved samples on the cores at hand, in shapes of the economical FCN-8s on 96x96 images; `docs/speed.md`
tells the story.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import ThreadpoolController

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn.backend.parallel import run_all, thread_count
from minifcn.commands.bench.timing import medians
from minifcn.convolution import conv2d
from minifcn.convolution.fast.tiling import F4

RUNS = 9


def main():
    table = Table("", "before", "after", "ratio", title=f"{thread_count()} threads, microseconds", show_lines=True)
    for idea in (transform_by_axes, channel_by_channel, zeros, winners, pieces, larger_pieces):
        before, after = medians(idea(), RUNS, "cpu")
        table.add_row(
            idea.__doc__.replace(" | ", "\n| "), f"{1e6 * before:,.0f}", f"{1e6 * after:,.0f}", f"{after / before:.2f}"
        )
    Console(width=120).print(table)


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape, "float32")


def on_one_core(function):
    return lambda: run_all(function, [()], np)


def transform_by_axes():
    """Winograd's B^T d B of 16 channels, 576 tiles: as one 36x36 matrix | one axis, then the other"""
    b_t, tiles, out = np.float32(F4.b_t), random(36, 16, 576), np.empty((36, 16, 576), np.float32)
    square, half = np.kron(b_t, b_t), np.empty((6, 6, 16 * 576), np.float32)

    def by_axes():
        np.matmul(b_t, tiles.reshape(6, 6, -1).transpose(1, 0, 2), out=half.transpose(1, 0, 2))
        np.matmul(b_t, half, out=out.reshape(6, 6, -1))

    return on_one_core(lambda: np.matmul(square, tiles.reshape(36, -1), out=out.reshape(36, -1))), on_one_core(by_axes)


def channel_by_channel():
    """A 36x36 matrix times 36 x 9216: one product | 16 of 576 columns each"""
    matrix, tiles, out = random(36, 36), random(36, 16, 576), np.empty((36, 16, 576), np.float32)
    batch, target = tiles.transpose(1, 0, 2), out.transpose(1, 0, 2)
    whole = on_one_core(lambda: np.matmul(matrix, tiles.reshape(36, -1), out=out.reshape(36, -1)))
    return whole, on_one_core(lambda: np.matmul(matrix, batch, out=target))


def zeros():
    """max(x, 0) of 2^18 numbers: with the number 0 | with an array of zeros, filled each time"""
    x, y, floor = random(1 << 18), np.empty(1 << 18, np.float32), np.empty(1 << 18, np.float32)

    def with_array():
        floor[...] = 0
        np.maximum(x, floor, out=y)

    return lambda: np.maximum(x, 0, out=y), with_array


def winners():
    """Who wins a window, of 2^18 pairs: copyto(..., where=) | multiply and maximum"""
    best, candidate, winner = random(1 << 18), random(2, 1 << 18)[1], np.zeros(1 << 18, np.uint8)

    def by_arithmetic():
        np.maximum(winner, np.multiply(candidate >= best, 1, dtype=np.uint8), out=winner)

    return lambda: np.copyto(winner, 1, where=candidate >= best), by_arithmetic


def pieces():
    """Sixteen pieces that do nothing: a future for each | threads that take the next piece"""
    executor, few = ThreadPoolExecutor(thread_count()), [(i,) for i in range(16)]
    blas = ThreadpoolController().select(user_api="blas")

    def futures():
        with blas.limit(limits=1):
            list(executor.map(lambda piece: None, few))

    return futures, lambda: run_all(lambda i: None, few, np)


def larger_pieces():
    """im2col of 8 images, 16 channels, 96x96: bands of 64 KiB | of 1 MiB"""
    from minifcn.convolution.fast import bands

    x, weight, usual = random(8, 16, 96, 96), random(16, 16, 3, 3), bands.BAND_BYTES

    def in_bands(size):
        def call():
            bands.BAND_BYTES = size
            try:
                conv2d(x, weight, padding=1, algorithm="im2col")
            finally:
                bands.BAND_BYTES = usual

        return call

    return in_bands(1 << 16), in_bands(1 << 20)


if __name__ == "__main__":
    main()
