"""Matrix products as BLAS likes them, and sums of them that do not depend on the number of threads."""

from collections.abc import Callable, Sequence

import numpy as np
from threadpoolctl import ThreadpoolController

from minifcn.backend import Array
from minifcn.backend.parallel import run_all, scratch

LANES = 4  # independent sums of the weight gradient, whatever the number of cores, so that results do not depend on it
LANE_BYTES = 1 << 22  # a larger weight gradient (fc6: 411 MB) has one lane: each lane holds a gradient of its own
OPENBLAS = ThreadpoolController().select(internal_api="openblas").lib_controllers
AVX_512 = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # OpenBLAS's names of processors
# Multiplications of a small product, see `multiply`: 0 where there is none.
SMALL = 1_000_000 if any(library.architecture in AVX_512 for library in OPENBLAS) else 0
SMALL_RESULT = 1200  # its entries, where the second matrix is a transposed one
LEAST_COLUMNS = 256  # of a slice: fewer are more calls than work


def lanes(pieces: list, sum_bytes: int) -> list[tuple]:
    """The pieces of each of the sums that are made independently: `LANES`, or one of more than `LANE_BYTES`."""
    count = max(1, min(LANES, len(pieces))) if sum_bytes <= LANE_BYTES else 1
    return [tuple(pieces[lane::count]) for lane in range(count)]


def summed(add: Callable, pieces: list[tuple], sums: Sequence[Array]) -> Array:
    """The sum of what add(total, first, *piece) adds to an array, for each piece of the `lanes`.

    sums   an array for each lane, of any contents; the first becomes the sum
    first  whether it is the first to be added: nothing is in total yet
    """

    def walk(total, lane):
        if not lane:  # no images
            total[...] = 0
        for number, piece in enumerate(lane):
            add(total, number == 0, *piece)

    run_all(walk, zip(sums, pieces), np)
    total, *others = sums
    for other in others:
        total += other
    return total


def multiply(a: Array, b: Array, out: Array) -> None:
    """out = a @ b of a (.., M, K) and b (.., K, t), t being large; in slices of b's columns where a is small.

    OpenBLAS copies the operands of a product to where it likes to have them, which with few rows is most of the work.
    With AVX-512 it takes those of a small one as they lie (its sgemm_small_kernel_permit_skylakex.c); without, slices
    would only be more work.
    """
    for some, count in _slices(b.shape[-1], a.shape[-2] * a.shape[-1]):
        np.matmul(a[..., None, :, :], _sliced(b[..., some], count), out=_sliced(out[..., some], count))


def add_product(a: Array, b: Array, out: Array, first: bool) -> None:
    """out += a @ b, or where it is the `first` to be added, out = a @ b; b is a transposed matrix.

    In slices as in `multiply`: a (.., M, t), b (.., t, N), t being large.
    """
    entries = out.shape[-2] * out.shape[-1]
    slices = _slices(a.shape[-1], entries) if entries <= SMALL_RESULT else [(slice(None), 1)]
    for some, count in slices:
        shape = *out.shape[:-2], count, *out.shape[-2:]
        products = out[..., None, :, :] if first and count == 1 else scratch("product", shape, out.dtype, np)
        left, right = _sliced(a[..., some], count), _sliced(b[..., some, :].swapaxes(-1, -2), count).swapaxes(-1, -2)
        np.matmul(left, right, out=products)  # (.., count, M, N)
        if first and count > 1:
            products.sum(axis=-3, out=out)
        elif not first:
            out += products.sum(axis=-3) if count > 1 else products[..., 0, :, :]
        first = False


def _slices(t, each):
    """Cuts t columns, `each` multiplications a column, into small products: [(slice, how many of equal size it is)].

    All of one size are a single call, between whose products no thread waits for Python's lock.
    """
    if not LEAST_COLUMNS * each <= SMALL < t * each:
        return [(slice(None), 1)]
    step = -(-t // -(-t // (SMALL // each)))
    count, rest = divmod(t, step)
    return [(slice(0, t - rest), count)] + [(slice(t - rest, t), 1)] * (rest > 0)


def _sliced(matrix, count):
    """(.., M, t) -> (.., count, M, t/count), a view."""
    *others, m, t = matrix.shape
    return matrix.reshape(*others, m, count, t // count).swapaxes(-2, -3)
