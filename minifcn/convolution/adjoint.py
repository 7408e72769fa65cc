"""What a transpose is, and what it is not: <C x, y> = <x, C^T y> for all x and y, but C^T (C x) is not x."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, to_host
from minifcn.checks import check_array, function
from minifcn.convolution.geometry import Setting
from minifcn.convolution.matrix import conv_matrix
from minifcn.errors import InputError


def adjoint_error(forward: Callable[[Array], Array], backward: Callable[[Array], Array], x: Array, y: Array) -> float:
    """By how much <forward(x), y> and <x, backward(y)> differ, over |forward(x)| |y|: rounding, if one is the other's
    transpose.

    Both are linear functions, such as any linear layer without bias and its `backward`: `adjoint_error(layer,
    layer.backward, x, dy)`. x and y are random arrays of their inputs' shapes, in float64 for an answer near 1e-16.
    Raises InputError where a shape does not fit.
    """
    function(forward, "adjoint_error: forward", "a function of x")
    function(backward, "adjoint_error: backward", "a function of y")
    for name, array in (("x", x), ("y", y)):
        check_array(f"adjoint_error: {name}", array)
    there, back = forward(x), backward(y)
    check_array("adjoint_error: what forward returned", there)
    check_array("adjoint_error: what backward returned", back)
    if there.shape != y.shape or back.shape != x.shape:
        raise InputError(
            f"forward turns {tuple(x.shape)} into {tuple(there.shape)}, backward {tuple(y.shape)} into "
            f"{tuple(back.shape)}: y must have the shape of forward's output"
        )
    xp = array_module(x)
    size = float(xp.sqrt((there * there).sum() * (y * y).sum()))
    return abs(float((there * y).sum() - (x * back).sum())) / (size or 1.0)


class RoundTrip(NamedTuple):
    """What is left of an image x by C^T C x, there and back.

    singular_values  of C^T C, the largest first, one for each entry of x: all would be 1 if C^T were the inverse of C
    rank             how many are not 0: an output of fewer entries than x cannot hold it all
    """

    singular_values: np.ndarray
    rank: int


def round_trip(
    weight: Array,
    input_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
) -> RoundTrip:
    """The RoundTrip of the convolution with `weight` over input_size: why the transpose is not the inverse.

    Arguments and errors as of `conv_matrix`. (Slides: "Convolution 된 결과에 Deconvolution을 해도 그대로 나오지 않음".)
    """
    matrix = to_host(conv_matrix(weight, input_size, stride, padding, dilation, groups)).astype("float64")
    of_c = np.linalg.svd(matrix, compute_uv=False)  # their squares are those of C^T C; the others of it are 0
    rounding = of_c[0] * max(matrix.shape) * np.finfo("float64").eps
    values = np.pad(of_c**2, (0, matrix.shape[1] - len(of_c)))
    return RoundTrip(values, int((of_c > rounding).sum()))
