"""The ways of computing a convolution and its gradients, by name. All give the same numbers.

    loops       the definition, pixel by pixel: to read and to test against
    matrix      C itself, the slides' way: small inputs
    definition  of the transposed convolution: stretch, pad, flip, convolve (transposed.py); else as textbook
    textbook    windows as columns, then one product: any setting; the GPU's way, but where an input's gradient is
                quicker by `definition`
    im2col      the same band by band, in a CPU's cache and on its cores (fast/bands.py)
    mec         a row of the kernel at a time: kw copies of the image, not kh*kw (fast/mec.py): stride 1, no groups
    winograd    a fifth of the multiplications (fast/winograd.py): 3x3 kernels, stride 1, neither dilation nor groups
    phases      of the transposed convolution: no pixel is added to twice (fast/phases.py): a stride, no dilation
    separable   along one axis, then the other (fast/separable.py): kernels that are products, such as bilinear ones

A transposed convolution goes the same ways: it is `grad_input`, its own input's gradient is `forward`, and its weight's
is `grad_weight` with x and dy in each other's place.

What makes a CPU fast lies in `fast/`: without that folder all else works as before, more slowly.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from minifcn.backend import Array
from minifcn.convolution import loops, matrix, textbook, transposed
from minifcn.convolution.checks import check_algorithm
from minifcn.convolution.geometry import How, Pair


class Algorithm(NamedTuple):
    """Three functions, and a fourth where both gradients at once are less work.

    `rectifies` says that forward can do the work of a ReLU after it while its output is in the cache.

    `how` is (stride, padding, dilation, groups).
    """

    forward: Callable  # (x, weight, how, bias=None) -> y; where it `rectifies` of one more argument, True: max(y, 0)
    grad_input: Callable  # (dy, weight, input_size, how) -> dx
    grad_weight: Callable  # (dy, x, kernel_size, how) -> dW
    backward: Callable | None = None  # (dy, x, weight, how) -> dx, dW
    rectifies: bool = False


def _of(module):
    both = getattr(module, "conv2d_backward", None)
    return Algorithm(module.conv2d, module.conv2d_grad_input, module.conv2d_grad_weight, both)


ALGORITHMS = {
    "loops": _of(loops),
    "matrix": _of(matrix),
    "definition": _of(textbook)._replace(grad_input=transposed.by_definition),
    "textbook": _of(textbook),
}
if (spec := find_spec("minifcn.convolution.fast")) and spec.origin:  # a folder without __init__.py has none
    from minifcn.convolution.fast import bands, mec, phases, separable, winograd
    from minifcn.convolution.fast.crossovers import fastest, fastest_transposed  # what "auto" takes

    for name, module in {"im2col": bands, "mec": mec, "winograd": winograd}.items():
        ALGORITHMS[name] = _of(module)._replace(rectifies=True)
    ALGORITHMS["phases"] = _of(phases)
    ALGORITHMS["separable"] = Algorithm(separable.conv2d, separable.conv2d_grad_input, bands.conv2d_grad_weight)
else:
    from minifcn.convolution.transposed import textbook_or_definition as fastest

    def fastest_transposed(x: Array, weight: Array, how: How) -> str:
        """The better of the two plain ways for a transposed convolution of x (N, I, h, w) with these weights."""
        return fastest(x, x.shape[2:], weight.shape, how)


NAMES = ("auto", *ALGORITHMS)


def find(algorithm: str, x: Array, output_size: Pair, weight_shape: tuple, how: How) -> Algorithm:
    """The Algorithm of a name, or for "auto" of what is `fastest`. Raises InputError for another name."""
    check_algorithm(algorithm, NAMES)
    return ALGORITHMS[fastest(x, output_size, weight_shape, how) if algorithm == "auto" else algorithm]
