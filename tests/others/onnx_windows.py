"""ONNX's operators with a window that slides, by the layers here: (attributes, *inputs) -> the outputs, a tuple."""

import numpy as np

from minifcn.convolution import col2im
from minifcn.layers import AvgPool2d, Conv2d, ConvTranspose2d, MaxPool2d, MaxUnpool2d, Sequential

from .verdicts import Inexpressible, layer, made

UNEQUAL = "padding that differs from side to side"


def conv(how, x, weight, bias=None):
    pads, settings = window(how, x, weight.shape[2:])
    groups = how.get("group", 1)
    padding, before = ((0, 0), [zero_pad(pads)]) if pads[:2] != pads[2:] else (pads[:2], [])
    sizes = weight.shape[1] * groups, len(weight), weight.shape[2:]
    convolution = Conv2d(*sizes, padding=padding, groups=groups, bias=bias is not None, **settings)
    return (Sequential(*before, filled(convolution, weight, bias))(x),)


def conv_transpose(how, x, weight, bias=None):
    if "auto_pad" in how:
        raise Inexpressible(UNEQUAL)
    pads, settings = window(how, x, weight.shape[2:])
    groups, size = how.get("group", 1), how.get("output_shape")
    transposed = ConvTranspose2d(
        len(weight),
        weight.shape[1] * groups,
        weight.shape[2:],
        padding=equal(pads),
        output_padding=tuple(how.get("output_padding", (0, 0))),
        groups=groups,
        bias=bias is not None,
        **settings,
    )
    return (filled(transposed, weight, bias)(x, output_size=size and tuple(size)),)


def max_pool(how, x):
    """y, and where the largest lay, counted through all images and channels."""
    pads, settings = window(how, x)
    ceil = bool(how.get("ceil_mode"))
    pool = MaxPool2d(tuple(how["kernel_shape"]), padding=equal(pads), ceil_mode=ceil, return_indices=True, **settings)
    y, places = pool(x)
    height, width = x.shape[2:]
    if how.get("storage_order"):  # column after column
        places = places % width * height + places // width
    return y, places + np.arange(len(x) * x.shape[1]).reshape(*x.shape[:2], 1, 1) * (height * width)


def average_pool(how, x):
    """What pads is left out of the mean, but where count_include_pad is set."""
    pads, settings = window(how, x)
    counted = bool(how.get("count_include_pad")) or not any(pads)
    settings["dilation"] = 1 if settings["dilation"] == (1, 1) else settings["dilation"]
    settings |= {"padding": equal(pads), "ceil_mode": bool(how.get("ceil_mode")), "count_include_pad": counted}
    return (made(AvgPool2d, tuple(how["kernel_shape"]), **settings)(x),)


def global_average_pool(how, x):
    return average_pool({"kernel_shape": x.shape[2:]}, x)


def global_max_pool(how, x):
    return max_pool({"kernel_shape": x.shape[2:]}, x)[:1]


def max_unpool(how, x, indices, output_shape=None):
    pads, settings = window(how, x)
    unpool = MaxUnpool2d(tuple(how["kernel_shape"]), settings["stride"], equal(pads))
    return (unpool(x, indices, output_size=None if output_shape is None else tuple(output_shape.tolist())),)


def col_to_im(how, columns, image, block):
    if len(image) != 2:
        raise Inexpressible("one or three dimensions")
    image, block = tuple(image.tolist()), tuple(block.tolist())
    stride, dilation = (tuple(how.get(name, (1, 1))) for name in ("strides", "dilations"))
    return (col2im(columns, image, block, stride, equal(tuple(how.get("pads", [0] * 4))), dilation),)


def window(how, x, kernel=None):
    """((top, left, bottom, right), {stride, dilation}) of a kernel that goes over x (N, C, H, W)."""
    kernel = tuple(how.get("kernel_shape", kernel))
    if len(kernel) != 2:
        raise Inexpressible("one or three dimensions")
    stride, dilation = (tuple(how.get(name, (1, 1))) for name in ("strides", "dilations"))
    pads, auto = tuple(how.get("pads", [0] * 4)), how.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):  # ceil(size / stride) pixels come out; the odd one goes where it says
        axes = zip(x.shape[2:], kernel, stride, dilation)
        over = [max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n) for n, k, s, d in axes]
        less, more = [n // 2 for n in over], [n - n // 2 for n in over]
        pads = (*less, *more) if auto == b"SAME_UPPER" else (*more, *less)
    return pads, {"stride": stride, "dilation": dilation}


def equal(pads):
    """(rows, columns) of padding that is the same on both sides."""
    if pads[:2] != pads[2:]:
        raise Inexpressible(UNEQUAL)
    return pads[:2]


def zero_pad(pads):
    """The layer that puts zeros around: pads (top, left, bottom, right)."""
    top, left, bottom, right = pads
    return layer("ZeroPad2d")((left, right, top, bottom))


def filled(layer, weight, bias=None):
    """The layer with these for its parameters."""
    layer.weight.data = weight
    if bias is not None:
        layer.bias.data = bias
    return layer
