"""What convolutions and layers refuse, each in one line: what was given, what is expected, and what to do.

`name` is what an error calls the array: "x", or "Conv2d: input".
"""

from typing import Any

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.checks import check_array, one_of
from minifcn.convolution.geometry import Pair, whole
from minifcn.errors import InputError


def check_numbers(name: str, array: Array, axes: str, kinds: str = "iuf") -> None:
    """InputError unless `array` has as many axes as `axes` names, such as "(N, C, H, W)", and real numbers.

    kinds "f" takes floats alone.
    """
    check_array(name, array, kinds, f"an array {axes}")
    if len(array.shape) != axes.count(",") + 1:
        raise InputError(f"{name} has shape {tuple(array.shape)}, expected {axes}")


def check_same_kind(name: str, array: Array, other_name: str, other: Array) -> None:
    """InputError unless both arrays have one dtype, and are on one device; other_name as in "weight is"."""
    if array_module(array) is not array_module(other):
        raise InputError(f"{name} is on one device, {other_name} on another: use to_device(...) or a layer's to(...)")
    if array.dtype != other.dtype:
        raise InputError(f"{name} is {array.dtype}, {other_name} {other.dtype}: use astype(...) on one of them")


def check_channels(name: str, x: Array, channels: int, taker: str) -> None:
    """InputError unless x (N, C, H, W) has the channels that `taker` takes."""
    if x.shape[1] != channels:
        raise InputError(f"{name} has {x.shape[1]} channels, {taker} takes {channels}")


def check_weight(weight: Array, groups: int) -> None:
    """InputError unless weight is an array (O, C/groups, kh, kw) whose output channels divide into `groups`."""
    check_numbers("weight", weight, "(O, C/groups, kh, kw)")
    if 0 in weight.shape:
        raise InputError(f"weight has shape {tuple(weight.shape)}, which is no kernel: each axis needs 1 at least")
    if weight.shape[0] % whole(groups, "groups", 1):
        raise InputError(f"a weight of shape {tuple(weight.shape)} does not divide into {groups} groups")


def check_bias(bias: Array, weight: Array) -> None:
    """InputError unless bias is an array (O,) that fits weight (O, ...)."""
    check_numbers("bias", bias, "(O)")
    check_same_kind("bias", bias, "weight is", weight)
    if bias.shape != weight.shape[:1]:
        raise InputError(f"bias has shape {tuple(bias.shape)}, expected ({len(weight)},), one for each output channel")


def check_output_padding(output_padding: Pair, stride: Pair, dilation: Pair) -> None:
    """InputError unless output_padding is below the stride or the dilation; all as (rows, columns)."""
    if any(extra >= max(s, d) for extra, s, d in zip(output_padding, stride, dilation)):
        raise InputError(f"output_padding {output_padding} is not below stride {stride} or dilation {dilation}")


def check_algorithm(name: str, names: tuple[str, ...], caller: str = "") -> None:
    """InputError unless `name` is one of `names`; the error begins with `caller`."""
    one_of(name, f"{caller}algorithm", names)


def check_host(algorithm: str, array: Array) -> None:
    """InputError unless the array is NumPy's: `algorithm` is one of those that make a CPU fast."""
    if not isinstance(array, np.ndarray):
        raise InputError(f"algorithm {algorithm} is for NumPy's arrays, on the CPU: use auto or textbook")


def check_groups(name: str, in_channels: int, out_channels: int, groups: int) -> tuple[int, int, int]:
    """The three as ints. InputError unless they are whole and the channels divide into the groups."""
    counts = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
    ins, outs, groups = (whole(value, f"{name}: {key}", 1) for key, value in counts.items())
    if ins % groups or outs % groups:
        raise InputError(f"{name}: {ins} -> {outs} channels do not divide into {groups} groups")
    return ins, outs, groups


def check_floats(layer: Any, x: Array, what: str = "input") -> None:
    """InputError unless x is an array (N, C, H, W) of floats; the error begins with the layer's name."""
    check_numbers(f"{type(layer).__name__}: {what}", x, "(N, C, H, W)", kinds="f")


def check_any_floats(layer: Any, x: Array, what: str = "input") -> None:
    """InputError unless x is an array of floats, of any shape."""
    check_array(f"{type(layer).__name__}: {what}", x, "f", "an array of floats")


def check_input(layer: Any, x: Array) -> None:
    """InputError unless x is (N, C, H, W) of the channels that a layer with weights takes, and of their kind."""
    check_floats(layer, x)
    check_channels(f"{type(layer).__name__}: input", x, layer.in_channels, "this layer")
    check_kind(layer, x)


def check_kind(layer: Any, x: Array, what: str = "input") -> None:
    """InputError unless x has the dtype of the layer's weights and is on their device."""
    check_same_kind(f"{type(layer).__name__}: {what}", x, "this layer's weights are", layer.weight.data)


def check_gradient(layer: Any, dy: Array, shape: tuple[int, ...]) -> None:
    """InputError unless dy is an array of floats of the shape of the layer's output."""
    check_array(f"{type(layer).__name__}: dy", dy, "f", f"an array {tuple(shape)}")
    if dy.shape != tuple(shape):
        raise InputError(f"{type(layer).__name__}: dy has shape {tuple(dy.shape)}, the output {tuple(shape)}")
