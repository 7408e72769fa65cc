"""The ways of computing a convolution and its gradients, by name. All give the same numbers.

    loops       the definition, pixel by pixel: to read and to test against
    matrix      C itself, the slides' way: small inputs
    definition  of the transposed convolution: stretch, pad, flip, convolve (transposed.py); else as textbook
    textbook    windows as columns, then one product: any setting, and the GPU's way
    im2col      the same band by band, in a CPU's cache and on its cores (fast/bands.py)
    winograd    a quarter of the multiplications (fast/winograd.py): 3x3 kernels, stride 1, neither dilation nor groups

A transposed convolution goes the same ways: it is `grad_input`, its own input's gradient is `forward`, and its weight's
is `grad_weight` with x and dy in each other's place.

What makes a CPU fast lies in `fast/`: without that folder all else works as before, more slowly.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.convolution import loops, matrix, textbook, transposed
from minifcn.convolution.geometry import Pair
from minifcn.errors import InputError

try:
    import minifcn.convolution.fast as fast
except ModuleNotFoundError as error:
    if error.name != "minifcn.convolution.fast":  # something else is missing
        raise
    fast = None  # type: ignore[assignment]


class Algorithm(NamedTuple):
    """Three functions, stride, padding and dilation as pairs.

    forward(x, weight, stride, padding, dilation, groups, bias=None) -> y
    grad_input(dy, weight, input_size, stride, padding, dilation, groups) -> dx
    grad_weight(dy, x, kernel_size, stride, padding, dilation, groups) -> dW
    """

    forward: Callable
    grad_input: Callable
    grad_weight: Callable


ALGORITHMS = {
    "loops": Algorithm(loops.conv2d_loops, loops.conv2d_grad_input_loops, loops.conv2d_grad_weight_loops),
    "matrix": Algorithm(matrix.conv2d, matrix.conv2d_grad_input, matrix.conv2d_grad_weight),
    "definition": Algorithm(textbook.conv2d, transposed.by_definition, textbook.conv2d_grad_weight),
    "textbook": Algorithm(textbook.conv2d, textbook.conv2d_grad_input, textbook.conv2d_grad_weight),
}
if fast:
    ALGORITHMS |= {name: Algorithm(*functions) for name, functions in fast.ALGORITHMS.items()}
NAMES = ("auto", *ALGORITHMS)


def check_algorithm(name: str, caller: str = "") -> None:
    """InputError unless `name` is one of NAMES."""
    if name not in NAMES:
        raise InputError(f"{caller}algorithm {name!r} is none of {', '.join(NAMES)}")


def fastest(x: Array, output_size: Pair, weight_shape: tuple, stride: Pair, dilation: Pair, groups: int) -> str:
    """What "auto" takes for a convolution to output_size: x is an array of its dtype, device and number of images."""
    if fast is None or array_module(x) is not np:
        return "textbook"
    return fast.fastest(x, output_size, weight_shape, stride, dilation, groups)


def find(algorithm: str, x: Array, output_size: Pair, *how: Any) -> Algorithm:
    """The Algorithm of a name, or for "auto" of what is `fastest`. Raises InputError for another name."""
    check_algorithm(algorithm)
    return ALGORITHMS[fastest(x, output_size, *how) if algorithm == "auto" else algorithm]
