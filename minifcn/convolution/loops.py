"""The convolution and its two gradients, one pixel at a time: the definition, to read and to test against.

    y[n, o, y, x] = b[o] + sum over c, i, j of  weight[o, c, i, j] * x[n, c, y*s - p + i*d, x*s - p + j*d]

Every fast version must equal these. Shapes and settings as in `bands`.
"""

from minifcn.backend import Array, array_module
from minifcn.convolution.geometry import Pair, Setting, conv_output_size, conv_pairs


def conv2d_loops(
    x: Array,
    weight: Array,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
    bias: Array | None = None,
) -> Array:
    """x (N, C, H, W), weight (O, C/groups, kh, kw), bias (O,) -> y (N, O, oh, ow)."""
    taps = _Taps(x.shape, weight.shape, stride, padding, dilation, groups)
    y = array_module(x).zeros((x.shape[0], weight.shape[0], *taps.output_size), dtype=x.dtype)
    for (n, o, row, col), (c, i, j), (n, channel, h, w) in taps:
        y[n, o, row, col] += weight[o, c, i, j] * x[n, channel, h, w]
    if bias is not None:
        for o in range(len(bias)):
            y[:, o] += bias[o]
    return y


def conv2d_grad_input_loops(
    dy: Array,
    weight: Array,
    input_size: Pair,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
) -> Array:
    """dy (N, O, oh, ow) -> dx (N, C, H, W): each product of the forward pass sends its share back to its pixel."""
    shape = (dy.shape[0], weight.shape[1] * groups, *input_size)
    dx = array_module(dy).zeros(shape, dtype=dy.dtype)
    for (n, o, row, col), (c, i, j), pixel in _Taps(shape, weight.shape, stride, padding, dilation, groups):
        dx[pixel] += weight[o, c, i, j] * dy[n, o, row, col]
    return dx


def conv2d_grad_weight_loops(
    dy: Array,
    x: Array,
    kernel_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
) -> Array:
    """dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C/groups, kh, kw): each product's share goes to its kernel entry."""
    shape = (dy.shape[1], x.shape[1] // groups, *conv_pairs(kernel_size)[0])
    dw = array_module(dy).zeros(shape, dtype=dy.dtype)
    for (n, o, row, col), (c, i, j), pixel in _Taps(x.shape, shape, stride, padding, dilation, groups):
        dw[o, c, i, j] += x[pixel] * dy[n, o, row, col]
    return dw


class _Taps:
    """Every product of a convolution: (output pixel, kernel entry, input pixel), those in the padding left out."""

    def __init__(self, input_shape, weight_shape, stride, padding, dilation, groups):
        kernel, self.stride, self.padding, self.dilation = conv_pairs(weight_shape[2:], stride, padding, dilation)
        self.input_shape, self.weight_shape, self.groups = input_shape, weight_shape, groups
        self.output_size = conv_output_size(input_shape[2:], kernel, self.stride, self.padding, self.dilation)

    def __iter__(self):
        (oh, ow), (height, width) = self.output_size, self.input_shape[2:]
        out_channels, channels, kh, kw = self.weight_shape
        for n in range(self.input_shape[0]):
            for o in range(out_channels):
                first = o // (out_channels // self.groups) * channels  # this group's first input channel
                for row in range(oh):
                    for col in range(ow):
                        for i in range(kh):
                            for j in range(kw):
                                h = row * self.stride[0] - self.padding[0] + i * self.dilation[0]
                                w = col * self.stride[1] - self.padding[1] + j * self.dilation[1]
                                if 0 <= h < height and 0 <= w < width:
                                    for c in range(channels):
                                        yield (n, o, row, col), (c, i, j), (n, first + c, h, w)
