"""The arithmetic of one case in words: sizes with their formulas, C and C^T by name, what C^T does and does not."""

import numpy as np

from minifcn.convolution.adjoint import round_trip
from minifcn.convolution.arithmetic import Relationship
from minifcn.convolution.symbolic import symbolic_conv_matrix
from minifcn.convolution.transposed import contributions
from minifcn.errors import InputError
from minifcn.pictures.sliding import example_kernel

LARGEST = 16  # pixels along an axis of which C is built: 256 x 256 numbers
COUNTED = 10_000  # settings up to which products are counted, one by one


def in_words(case: Relationship, width: int) -> list[str]:
    """A Relationship as lines of text; its matrices only where they fit `width` characters."""
    lines = [*_sizes(case), ""]
    rows, cols = case.output**2, case.input**2
    if max(case.input, case.output) <= LARGEST:
        symbolic = symbolic_conv_matrix(case.kernel, case.input, case.stride, case.padding, case.dilation)
        lines += [*_matrix("C", symbolic, width), "", *_matrix("C^T", symbolic.T, width), "", *_not_the_inverse(case)]
    else:
        too_large = f"too large to show, more than {LARGEST} pixels along an axis"
        lines.append(f"C: {rows} x {cols}, C^T: {cols} x {rows}: {too_large}")
    counted = max(case.input, case.output, case.kernel, case.stride, case.dilation) <= COUNTED
    return [*lines, *_products(case)] if counted else lines


def _sizes(case):
    i, k, s, p, d = case.input, case.kernel, case.stride, case.padding, case.dilation
    o, a, reach = case.output, case.unseen, case.window.reach
    direct, transposed = case.numbers
    letter = "k" if d == 1 else "k'"
    room = f"{i} + 2*{p} - {reach}"
    yield f"{case.name}: i = {i}, k = {k}, s = {s}, p = {p}, d = {d}"
    if d > 1:
        yield f"  reach          k' = d(k - 1) + 1 = {d}*{k - 1} + 1 = {reach}"
    yield f"convolution (relationship {direct} of the guide)"
    yield f"  output         o = floor((i + 2p - {letter}) / s) + 1 = floor(({room}) / {s}) + 1 = {o}"
    yield f"  unseen         a = (i + 2p - {letter}) mod s = ({room}) mod {s} = {a}"
    yield f"transposed (relationship {transposed} of the guide)" if transposed else "transposed (none of the guide's)"
    yield f"  zeros between  s - 1 = {s} - 1 = {s - 1}"
    cut = ": that many are cut off" if case.transposed_padding < 0 else ""
    yield f"  padding        p' = {letter} - p - 1 = {reach} - {p} - 1 = {case.transposed_padding}{cut}"
    sizes = f"{s}*{o - 1} + {reach} - 2*{p} + {a} = {case.transposed_output}"
    yield f"  output         o' = s(o - 1) + {letter} - 2p + a = {sizes}"


def _matrix(name, symbolic, width):
    rows, cols = symbolic.shape
    try:
        text = symbolic.text(width)
    except InputError:
        return [f"{name}: {rows} x {cols}, wider than the {width} characters of a line here"]
    legend = "" if "W[" in text else ": 01 stands for W[0,1], . for 0"
    return [f"{name}: {rows} x {cols}{legend}", *text.splitlines()]


def _not_the_inverse(case):
    weight = example_kernel(case.kernel).astype(float)[None, None]  # (1, 1, k, k)
    values, rank = round_trip(weight, case.input, case.stride, case.padding, case.dilation)
    least = values[-1] if rank == len(values) else 0.0
    kernel = " / ".join(" ".join(map(str, row)) for row in example_kernel(case.kernel).tolist())
    yield f"C^T is not the inverse of C: C^TC has rank {rank} of {len(values)} (the input's pixels),"
    yield f"  singular values from {least:.3g} to {values[0]:.3g} (the inverse's would all be 1),"
    yield f"  for the kernel {kernel}"


def _products(case):
    """How many products an output pixel of the transpose sums, from the counts along one axis."""
    settings = [(n, other) for n, other in zip((case.kernel, case.stride, case.padding, case.dilation), (1, 1, 0, 1))]
    counts = contributions((case.output, 1), *settings, (case.unseen, 0))  # (H, 1)
    inner = np.bincount(np.arange(case.kernel) * case.dilation % case.stride, minlength=case.stride)  # by the phase
    kind = "no checkerboard" if inner.min() == inner.max() else "the risk of a checkerboard"
    here, away = (_range(numbers.min() ** 2, numbers.max() ** 2) for numbers in (counts, inner))
    yield f"products that an output pixel of the transpose sums: {here};"
    yield f"  far from the border {away}: {kind}"


def _range(least, most):
    return f"{least}" if least == most else f"{least} to {most}"
