"""What the functions of this package refuse, each in one line: what was given, and what is expected."""

from minifcn.backend import array_module
from minifcn.convolution.geometry import conv_output_size, conv_pairs, pair, whole
from minifcn.errors import InputError


def check_numbers(name, array, axes):
    """InputError unless `array` holds real numbers and has as many axes as `axes` names, such as "(N, C, H, W)"."""
    shape, dtype = getattr(array, "shape", None), getattr(array, "dtype", None)
    if shape is None or len(shape) != axes.count(",") + 1:
        given = f"a {type(array).__name__}" if shape is None else f"of shape {tuple(shape)}"
        raise InputError(f"{name} is {given}; expected an array {axes}")
    if dtype.kind not in "iuf":
        raise InputError(f"{name} is of dtype {dtype}; expected real numbers, as float32 or float64")


def check_same_kind(name, array, other_name, other):
    """InputError unless both arrays have one dtype, and are on one device."""
    if array_module(array) is not array_module(other):
        raise InputError(f"{name} and {other_name} are on different devices: use to_device(...) on one of them")
    if array.dtype != other.dtype:
        raise InputError(f"{name} is {array.dtype}, {other_name} is {other.dtype}: use astype(...) on one of them")


def check_weight(weight, groups):
    """InputError unless weight is an array (O, C/groups, kh, kw) whose output channels divide into `groups`."""
    check_numbers("weight", weight, "(O, C/groups, kh, kw)")
    if weight.shape[0] % whole(groups, "groups", 1):
        raise InputError(f"a weight of shape {tuple(weight.shape)} does not divide into {groups} groups")


def check_channels(x, weight, groups):
    """InputError unless x (N, C, H, W) can be convolved with weight (O, C/groups, kh, kw)."""
    check_weight(weight, groups)
    check_numbers("x", x, "(N, C, H, W)")
    check_same_kind("x", x, "weight", weight)
    if x.shape[1] != weight.shape[1] * groups:
        raise InputError(
            f"x has {x.shape[1]} channels, but a weight of shape {tuple(weight.shape)} in {groups} groups "
            f"takes {weight.shape[1] * groups}"
        )


def check_bias(bias, weight):
    """InputError unless bias is None or an array (O,) that fits weight (O, ...)."""
    if bias is None:
        return
    check_numbers("bias", bias, "(O)")
    check_same_kind("bias", bias, "weight", weight)
    if bias.shape != weight.shape[:1]:
        raise InputError(f"bias has shape {tuple(bias.shape)}, expected ({len(weight)},), one for each output channel")


def check_output(name, y, weight, input_size, stride, padding, dilation, groups):
    """InputError unless y, called `name`, is what the convolution of input_size with weight gives: (N, O, oh, ow)."""
    check_weight(weight, groups)
    check_numbers(name, y, "(N, channels, rows, columns)")
    check_same_kind(name, y, "weight", weight)
    h, w = pair(input_size, "the size to go back to", 1)
    oh, ow = conv_output_size((h, w), *conv_pairs(weight.shape[2:], stride, padding, dilation))
    if y.shape[1:] != (weight.shape[0], oh, ow):
        raise InputError(
            f"{name} has shape {tuple(y.shape)}, but the convolution of {h}x{w} pixels "
            f"gives (N, {weight.shape[0]}, {oh}, {ow})"
        )


def check_output_padding(output_padding, stride, dilation):
    """InputError unless output_padding is below the stride or the dilation; all as (rows, columns)."""
    if any(extra >= max(s, d) for extra, s, d in zip(output_padding, stride, dilation)):
        raise InputError(f"output_padding {output_padding} is not below stride {stride} or dilation {dilation}")
