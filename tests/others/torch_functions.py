"""PyTorch's functions by the layers here: from their arguments, tensors among them, to a `Call`."""

from dataclasses import dataclass, field
from typing import Any

from minifcn.convolution import col2im, im2col
from minifcn.layers import (
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    Dropout,
    Dropout2d,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    MaxUnpool2d,
    ReLU,
    SoftmaxCrossEntropy,
    Upsample,
)

from .verdicts import Inexpressible, layer, made


@dataclass
class Call:
    """A layer, what its forward takes, and the tensors that its parameters were copied from, {name: tensor}."""

    layer: Any
    inputs: tuple
    parameters: dict = field(default_factory=dict)


def array(tensor):
    """The numbers of a tensor, in an array of their own; None remains."""
    return None if tensor is None else tensor.detach().numpy().copy()


def filled(layer, x, **tensors):
    """The call of a layer on x with copies of these for its parameters."""
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    layer.astype("float64").load_state_dict({name: array(tensor) for name, tensor in tensors.items()})
    return Call(layer, (array(x),), tensors)


def conv2d(x, weight, bias=None, groups=1, **settings):
    sizes = weight.shape[1] * groups, len(weight), tuple(weight.shape[2:])
    return filled(Conv2d(*sizes, groups=groups, bias=bias is not None, **settings), x, weight=weight, bias=bias)


def conv_transpose2d(x, weight, bias=None, groups=1, **settings):
    sizes = len(weight), weight.shape[1] * groups, tuple(weight.shape[2:])
    return filled(
        ConvTranspose2d(*sizes, groups=groups, bias=bias is not None, **settings), x, weight=weight, bias=bias
    )


def linear(x, weight, bias=None):
    return filled(Linear(weight.shape[1], len(weight), bias=bias is not None), x, weight=weight, bias=bias)


def max_pool2d(x, *args, **settings):
    return Call(MaxPool2d(*args, **settings), (array(x),))


def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    settings = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad, "divisor_override": divisor_override}
    return Call(made(AvgPool2d, kernel_size, stride, padding, **settings), (array(x),))


def max_unpool2d(x, indices, kernel_size, stride=None, padding=0, output_size=None):
    planes = indices.reshape(*indices.shape[:-2], -1)
    if any(len(set(plane)) < len(plane) for plane in planes.reshape(-1, planes.shape[-1]).tolist()):
        raise Inexpressible("windows that name one pixel twice: added up here, PyTorch keeps one")
    return Call(_Unpool(kernel_size, stride, padding, output_size and tuple(output_size)), (array(x), array(indices)))


class _Unpool(MaxUnpool2d):
    """Told its output_size before."""

    def __init__(self, kernel_size, stride, padding, size):
        super().__init__(kernel_size, stride, padding)
        self.size = size

    def forward(self, x, indices):
        return super().forward(x, indices, self.size)


def local_response_norm(x, *args, **settings):
    norm = LocalResponseNorm(*args, **settings)
    return Call(_OneRow(norm) if x.ndim == 3 else norm, (array(x),))


class _OneRow(Layer):
    """A layer that takes maps, for (N, C, W): maps of one row."""

    def __init__(self, of_maps):
        self.of_maps = of_maps

    def forward(self, x):
        return self.of_maps(x[:, :, None])[:, :, 0]

    def backward(self, dy):
        return self.of_maps.backward(dy[:, :, None])[:, :, 0]


def relu(x, inplace=False):
    return Call(ReLU(inplace=inplace), (array(x),))


def dropout(x, p=0.5, training=True):
    return _dropped(Dropout, x, p, training)


def dropout2d(x, p=0.5, training=True):
    return _dropped(Dropout2d, x, p, training)


def _dropped(kind, x, p, training):
    if training and 0 < p < 1:
        raise Inexpressible("random numbers of its own")
    return Call(kind(p).train(training), (array(x),))


def interpolate(
    x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False
):
    if recompute_scale_factor:
        size, scale_factor = tuple(int(n * scale_factor) for n in x.shape[2:]), None
    settings = {"mode": mode, "align_corners": align_corners, "antialias": antialias}
    if x.ndim == 3:
        size, scale_factor = size and (1, *size), scale_factor and (1, scale_factor)
        settings["mode"] = "bilinear" if mode == "linear" else mode
        return Call(_OneRow(made(Upsample, size, scale_factor, **settings)), (array(x),))
    if x.ndim != 4:
        raise Inexpressible("other axes")
    return Call(made(Upsample, size and tuple(size), scale_factor, **settings), (array(x),))


def upsample_nearest(x, size=None, scale_factor=None):
    return interpolate(x, size, scale_factor)


def upsample_bilinear(x, size=None, scale_factor=None):
    return interpolate(x, size, scale_factor, "bilinear", align_corners=True)


def cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    if target.is_floating_point():
        raise Inexpressible("probabilities as labels")
    settings = {"class_weights": array(weight), "reduction": reduction, "label_smoothing": label_smoothing}
    return Call(made(SoftmaxCrossEntropy, ignore_index, **settings), (array(x), array(target)))


def pad(x, sides, mode="constant", value=None):
    if mode != "constant" or value:
        raise Inexpressible("padding with other numbers than 0")
    if len(sides) != 4:
        raise Inexpressible("other axes")
    return Call(layer("ZeroPad2d")(tuple(sides)), (array(x),))


def unfold(x, *args, **settings):
    return Call(_Unfold(*args, **settings), (array(x),))


class _Unfold(Layer):
    """`im2col`, and its transpose for the way back."""

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        self.how = kernel_size, stride, padding, dilation

    def forward(self, x):
        self.keep(x.shape[2:])
        return im2col(x, *self.how)

    def backward(self, dy):
        (size,) = self.kept()
        return col2im(dy, size, *self.how)


FUNCTIONS = {
    "nn.functional.avg_pool2d": avg_pool2d,
    "nn.functional.conv2d": conv2d,
    "nn.functional.conv_transpose2d": conv_transpose2d,
    "nn.functional.cross_entropy": cross_entropy,
    "nn.functional.dropout": dropout,
    "nn.functional.dropout2d": dropout2d,
    "nn.functional.interpolate": interpolate,
    "nn.functional.linear": linear,
    "nn.functional.local_response_norm": local_response_norm,
    "nn.functional.max_pool2d": max_pool2d,
    "nn.functional.max_unpool2d": max_unpool2d,
    "nn.functional.nll_loss": cross_entropy,
    "nn.functional.pad": pad,
    "nn.functional.relu": relu,
    "nn.functional.unfold": unfold,
    "nn.functional.upsample_bilinear": upsample_bilinear,
    "nn.functional.upsample_nearest": upsample_nearest,
}
