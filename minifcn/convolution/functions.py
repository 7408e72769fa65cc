"""The convolution, its gradients and its transpose on arrays, as a user calls them: what is given is checked first.

All take `algorithm`: "textbook", to read beside (`textbook.py`), or another that `algorithms` lists. Settings are as in
PyTorch, each a number or a pair, (rows, columns). Results have the arrays' dtype, and are on their device.
"""

from minifcn.backend import Array
from minifcn.convolution import checks
from minifcn.convolution.algorithms import find
from minifcn.convolution.geometry import How, Setting, pair
from minifcn.errors import InputError


def conv2d(
    x: Array,
    weight: Array,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
    bias: Array = None,
    algorithm: str = "textbook",
) -> Array:
    """Convolve x (N, C, H, W) with weight (O, C/groups, kh, kw), add bias (O,) -> y (N, O, oh, ow).

    Raises InputError where axes, channels or dtypes do not match or the kernel is larger than the padded input.
    """
    how = How.of(stride, padding, dilation, groups)
    checks.check_weight(weight, groups)
    checks.check_numbers("x", x, "(N, C, H, W)")
    checks.check_same_kind("x", x, "weight is", weight)
    shape = tuple(weight.shape)
    checks.check_channels("x", x, shape[1] * groups, f"a weight of shape {shape} in {groups} groups")
    if bias is not None:
        checks.check_bias(bias, weight)
    size = how.output_size(x.shape[2:], shape[2:])
    return find(algorithm, x, size, shape, how).forward(x, weight, how, bias)


def conv2d_grad_input(
    dy: Array,
    weight: Array,
    input_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
    algorithm: str = "textbook",
) -> Array:
    """The gradient of conv2d's input: dy (N, O, oh, ow) -> dx (N, C, H, W) with (H, W) = input_size.

    As a layer of its own this is the transposed convolution.
    Raises InputError where axes or dtypes do not match, or where conv2d of `input_size` does not give dy's size.
    """
    return _transposed("dy", dy, weight, input_size, How.of(stride, padding, dilation, groups), algorithm)


def conv_transpose2d(
    x: Array,
    weight: Array,
    output_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
    algorithm: str = "textbook",
) -> Array:
    """x (N, C, h, w), weight (C, O/groups, kh, kw) -> y (N, O, H, W) with (H, W) = output_size.

    The gradient of a convolution's input by another name: see `transposed`.
    Raises InputError where the convolution of output_size does not give (h, w), where channels or dtypes do not match,
    and for a matrix over `conv_matrix`'s limit.
    """
    return _transposed("x", x, weight, output_size, How.of(stride, padding, dilation, groups), algorithm)


def conv2d_grad_weight(
    dy: Array,
    x: Array,
    kernel_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
    algorithm: str = "textbook",
) -> Array:
    """The gradient of conv2d's weight: dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C/groups, kh, kw).

    Raises InputError where axes or dtypes do not match, or where conv2d of x does not give dy's size.
    """
    checks.check_numbers("dy", dy, "(N, O, oh, ow)")
    checks.check_numbers("x", x, "(N, C, H, W)")
    checks.check_same_kind("dy", dy, "x is", x)
    kernel, how = pair(kernel_size, "kernel_size", 1), How.of(stride, padding, dilation, groups)
    (n, o, *given), size = dy.shape, how.output_size(x.shape[2:], kernel)
    if (n, *given) != (len(x), *size):
        raise InputError(
            f"dy is {n} images of {given[0]}x{given[1]}, but the convolution of x gives {len(x)} of {size[0]}x{size[1]}"
        )
    shape = o, x.shape[1] // groups, *kernel
    return find(algorithm, x, size, shape, how).grad_weight(dy, x, kernel, how)


def _transposed(name, y, weight, input_size, how, algorithm):
    """How the weight's convolution of input_size gives y is turned round; `name` is what errors call y."""
    checks.check_weight(weight, how.groups)
    checks.check_numbers(name, y, "(N, channels, rows, columns)")
    checks.check_same_kind(name, y, "weight is", weight)
    h, w = size = pair(input_size, "the size to go back to", 1)
    o, (oh, ow) = len(weight), how.output_size(size, weight.shape[2:])
    if y.shape[1:] != (o, oh, ow):
        raise InputError(
            f"{name} has shape {tuple(y.shape)}, but the convolution of {h}x{w} pixels gives (N, {o}, {oh}, {ow})"
        )
    return find(algorithm, y, (oh, ow), weight.shape, how).grad_input(y, weight, size, how)
