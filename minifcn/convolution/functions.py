"""The convolution, its gradients and its transpose on arrays, as a user calls them: what is given is checked first.

All take `algorithm`: "textbook", to read beside (`textbook.py`), or another that `algorithms` lists. Settings are as in
PyTorch, each a number or a pair, (rows, columns). Results have the arrays' dtype, and are on their device.
"""

from minifcn.backend import Array
from minifcn.convolution.algorithms import find
from minifcn.convolution.checks import (
    check_bias,
    check_channels,
    check_numbers,
    check_output,
    check_same_kind,
    check_weight,
)
from minifcn.convolution.geometry import Setting, conv_output_size, conv_pairs, pair
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
    check_weight(weight, groups)
    check_numbers("x", x, "(N, C, H, W)")
    check_same_kind("x", x, "weight is", weight)
    taker = f"a weight of shape {tuple(weight.shape)} in {groups} groups"
    check_channels("x", x, weight.shape[1] * groups, taker)
    check_bias(bias, weight)
    kernel_size, *how = conv_pairs(weight.shape[2:], stride, padding, dilation)
    size = conv_output_size(x.shape[2:], kernel_size, *how)
    way = find(algorithm, x, size, weight.shape, how[0], how[2], groups)
    return way.forward(x, weight, *how, groups, bias)


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
    return _transposed("dy", dy, weight, input_size, stride, padding, dilation, groups, algorithm)


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
    return _transposed("x", x, weight, output_size, stride, padding, dilation, groups, algorithm)


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
    check_numbers("dy", dy, "(N, O, oh, ow)")
    check_numbers("x", x, "(N, C, H, W)")
    check_same_kind("dy", dy, "x is", x)
    kernel, *how = conv_pairs(kernel_size, stride, padding, dilation)
    (n, o, *given), size = dy.shape, conv_output_size(x.shape[2:], kernel, *how)
    if (n, *given) != (len(x), *size):
        raise InputError(
            f"dy is {n} images of {given[0]}x{given[1]}, but the convolution of x gives {len(x)} of {size[0]}x{size[1]}"
        )
    shape = o, x.shape[1] // groups, *kernel
    way = find(algorithm, x, size, shape, how[0], how[2], groups)
    return way.grad_weight(dy, x, kernel, *how, groups)


def _transposed(name, y, weight, input_size, stride, padding, dilation, groups, algorithm):
    check_output(name, y, weight, input_size, stride, padding, dilation, groups)
    _, *how = conv_pairs(weight.shape[2:], stride, padding, dilation)
    way = find(algorithm, y, y.shape[2:], weight.shape, how[0], how[2], groups)
    return way.grad_input(y, weight, pair(input_size), *how, groups)
